use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::tokio::time::{self, Sleep, sleep_until};
use owproto_core::time::{Duration, Instant};

/// The clock of a server's connections: the core's [`Instant`] is the time since the server started.
pub(super) struct Clock {
    epoch: time::Instant,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self { epoch: time::Instant::now() }
    }

    pub(super) fn now(&self) -> Instant {
        let since = time::Instant::now().saturating_duration_since(self.epoch);
        Instant::ZERO.saturating_add(Duration::from(since))
    }

    fn to_tokio(&self, at: Instant) -> time::Instant {
        self.epoch + std::time::Duration::from(at.saturating_since(Instant::ZERO))
    }
}

/// A connection's timer. It is reset only if it would fire too late; if it fires too early, it is set again. So most requests
/// do not touch it.
pub(super) struct Timer {
    sleep: Pin<Box<Sleep>>,
    fires_at: Instant,
}

impl Timer {
    /// The time of a timer that never fires.
    pub(super) const NEVER: Instant = Instant::from_micros(u64::MAX);

    pub(super) fn new(at: Instant, clock: &Clock) -> Self {
        Self { sleep: Box::pin(sleep_until(clock.to_tokio(at))), fires_at: at }
    }

    /// Waits until `at`.
    pub(super) fn poll(&mut self, at: Instant, clock: &Clock, context: &mut Context<'_>) -> Poll<()> {
        if at < self.fires_at {
            self.set(at, clock);
        }
        while self.sleep.as_mut().poll(context).is_ready() {
            if self.fires_at >= at {
                return Poll::Ready(());
            }
            self.set(at, clock);
        }
        Poll::Pending
    }

    fn set(&mut self, at: Instant, clock: &Clock) {
        self.fires_at = at;
        self.sleep.as_mut().reset(clock.to_tokio(at));
    }
}
