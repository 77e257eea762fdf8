use std::time::Duration;

use owproto_core::time::{self, Instant};

use crate::runtime::Runtime;

/// When a call has to be done: a total timeout counted from the beginning of the call, so that waiting for a free
/// connection and connecting are part of it.
#[derive(Clone, Copy)]
pub(crate) struct Deadline(Instant);

/// No time comes after it.
const NEVER: Instant = Instant::from_micros(u64::MAX);

impl Deadline {
    /// The end of a call that begins now; a total timeout of zero is none.
    #[inline]
    pub(crate) fn after(now: Instant, total: time::Duration) -> Self {
        Self(if total.is_zero() { NEVER } else { now.saturating_add(total) })
    }

    /// What is left of the total timeout, for the protocol: never zero, which would be "no limit".
    #[inline]
    pub(crate) fn left(self, now: Instant) -> time::Duration {
        if self.0 == NEVER {
            time::Duration::ZERO
        } else {
            self.0.saturating_since(now).max(time::Duration::from_micros(1))
        }
    }

    /// What is left of the total timeout; `None` is no limit.
    #[inline]
    pub(crate) fn wait<R: Runtime>(self) -> Option<Duration> {
        if self.0 == NEVER { None } else { Some(self.0.saturating_since(R::now()).into()) }
    }

    /// Sorts what ends first before what ends later or never.
    pub(crate) fn order(self) -> Instant {
        self.0
    }

    pub(crate) fn is_over<R: Runtime>(self) -> bool {
        self.0 != NEVER && R::now() >= self.0
    }
}
