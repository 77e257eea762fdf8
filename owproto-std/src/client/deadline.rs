use std::time::Duration;

use owproto_core::time::{self, Instant};

use crate::runtime::Runtime;

/// When a call has to be done: a total timeout counted from the beginning of the call, so that waiting for a free
/// connection and connecting are part of it.
#[derive(Clone, Copy)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    /// The end of a call that begins now; a total timeout of zero is none.
    #[inline]
    pub(crate) fn after(now: Instant, total: time::Duration) -> Self {
        Self(if total.is_zero() { None } else { Some(now.after(total)) })
    }

    /// What is left of the total timeout, for the protocol: never zero, which would be "no limit".
    #[inline]
    pub(crate) fn left(self, now: Instant) -> time::Duration {
        match self.0 {
            Some(at) => at.since(now).max(time::Duration::from_micros(1)),
            None => time::Duration::ZERO,
        }
    }

    /// What is left of the total timeout; `None` is no limit.
    #[inline]
    pub(crate) fn wait<R: Runtime>(self) -> Option<Duration> {
        self.0.map(|at| at.since(R::now()).into())
    }

    /// Sorts what ends first before what ends later or never.
    pub(crate) fn order(self) -> Instant {
        self.0.unwrap_or(Instant::from_micros(u64::MAX))
    }

    pub(crate) fn is_over<R: Runtime>(self) -> bool {
        self.0.is_some_and(|at| R::now() >= at)
    }
}
