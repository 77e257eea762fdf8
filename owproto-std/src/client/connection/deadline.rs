use std::time::Duration;

use owproto_core::client::Timeouts;
use owproto_core::time::{self, Instant};

use crate::client::transport::Runtime;

/// How long a call may take, and how long a server may be silent during it.
#[derive(Clone, Copy)]
pub(crate) struct CallLimits {
    pub(crate) timeouts: Timeouts,
    /// The end of the total timeout.
    pub(crate) deadline: Deadline,
}

impl CallLimits {
    /// Those of a call that begins now.
    #[inline]
    pub(crate) fn from_now(now: Instant, timeouts: Timeouts) -> Self {
        Self { timeouts, deadline: Deadline::after(now, timeouts.total) }
    }
}

/// The end of a total timeout. The timeout is counted from the beginning of the call, so it includes waiting for a
/// connection, and connecting.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    /// Later than every time.
    const NEVER: Self = Self(Instant::from_micros(u64::MAX));

    /// The end of a call that begins now; a total timeout of zero is no limit.
    #[inline]
    fn after(now: Instant, total: time::Duration) -> Self {
        if total.is_zero() { Self::NEVER } else { Self(now.saturating_add(total)) }
    }

    /// The rest of the total timeout as the protocol takes it: zero is no limit, so a timeout that has expired is 1 µs.
    #[inline]
    pub(crate) fn total_timeout(self, now: Instant) -> time::Duration {
        if self == Self::NEVER {
            time::Duration::ZERO
        } else {
            self.0.saturating_since(now).max(time::Duration::from_micros(1))
        }
    }

    /// The rest of the total timeout; `None` is no limit.
    #[inline]
    pub(crate) fn time_left<R: Runtime>(self) -> Option<Duration> {
        if self == Self::NEVER { None } else { Some(self.0.saturating_since(R::now()).into()) }
    }

    pub(crate) fn has_passed<R: Runtime>(self) -> bool {
        self != Self::NEVER && R::now() >= self.0
    }
}
