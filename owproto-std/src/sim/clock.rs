use std::mem;
use std::task::Waker;
use std::time::{Duration, Instant};

use super::timers::Timers;

/// The clock of a simulator: the time since its start, until a test stops it at a time of its choice.
pub(super) struct Clock {
    mode: Mode,
    timers: Timers,
    /// Wakers that are due at times of the stopped clock.
    waiting: Vec<(Duration, Waker)>,
}

#[derive(Clone, Copy)]
enum Mode {
    Running { since: Instant },
    Stopped { at: Duration },
}

impl Clock {
    /// A running clock that starts at zero.
    pub(super) fn new() -> Self {
        Self { mode: Mode::Running { since: Instant::now() }, timers: Timers::default(), waiting: Vec::new() }
    }

    pub(super) fn now(&self) -> Duration {
        match self.mode {
            Mode::Running { since } => since.elapsed(),
            Mode::Stopped { at } => at,
        }
    }

    /// Stops the clock at a time.
    pub(super) fn stop_at(&mut self, at: Duration) {
        self.mode = Mode::Stopped { at };
    }

    /// Calls the wakers that are due on a stopped clock.
    pub(super) fn wake_due(&mut self) {
        let now = self.now();
        let (due, waiting) = mem::take(&mut self.waiting).into_iter().partition(|(at, _)| *at <= now);
        self.waiting = waiting;
        for (_, waker) in due {
            waker.wake();
        }
    }

    /// Calls a waker at a time of this clock.
    pub(super) fn wake_at(&mut self, at: Duration, waker: &Waker) {
        match self.mode {
            Mode::Running { since } => self.timers.wake_at(since + at, waker),
            Mode::Stopped { .. } => self.waiting.push((at, waker.clone())),
        }
    }
}
