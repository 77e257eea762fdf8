//! Moments and durations in microseconds. This crate has no clock: the caller passes the current time.

use core::fmt;
use core::ops::{Add, AddAssign};

/// A moment, in microseconds since an arbitrary start that the caller chose. The moments passed to a connection must not go
/// backwards.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Instant(u64);

impl Instant {
    /// The start.
    pub const ZERO: Self = Self(0);

    /// The moment `micros` microseconds after [`ZERO`](Self::ZERO).
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// The moment `millis` milliseconds after [`ZERO`](Self::ZERO).
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1000))
    }

    /// Microseconds since [`ZERO`](Self::ZERO).
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// The moment `duration` later. Saturates at the greatest moment.
    #[must_use]
    pub const fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration.0))
    }

    /// The time from `earlier` to this moment; zero if `earlier` is later.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;
    /// Saturates at the greatest moment.
    fn add(self, duration: Duration) -> Self {
        self.saturating_add(duration)
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = self.saturating_add(duration);
    }
}

/// A duration in whole microseconds.
///
/// It is half the size of [`core::time::Duration`] and needs none of its divisions, which take more code on a
/// microcontroller than all timers of a client. As a timeout, [`ZERO`](Self::ZERO) means "no limit".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Duration(u64);

impl Duration {
    /// Zero; as a timeout, no limit.
    pub const ZERO: Self = Self(0);

    /// A number of microseconds.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// A number of milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1000))
    }

    /// A number of seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000))
    }

    /// The duration in microseconds.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// This duration minus `other`; zero if `other` is longer.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Whether the duration is zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

/// Prints a number with a unit, like `core::time::Duration`: `2s`, `1.5ms`.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&core::time::Duration::from(*self), f)
    }
}

/// Rounds up to whole microseconds, so that only zero becomes zero. Saturates.
impl From<core::time::Duration> for Duration {
    fn from(duration: core::time::Duration) -> Self {
        let micros = duration.subsec_nanos().div_ceil(1000);
        Self(duration.as_secs().saturating_mul(1_000_000).saturating_add(micros.into()))
    }
}

impl From<Duration> for core::time::Duration {
    fn from(duration: Duration) -> Self {
        Self::from_micros(duration.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_zero_converts_to_zero() {
        assert_eq!(Duration::from(core::time::Duration::from_nanos(1)), Duration::from_micros(1));
        assert_eq!(Duration::from(core::time::Duration::ZERO), Duration::ZERO);
        assert_eq!(Duration::from(core::time::Duration::MAX).as_micros(), u64::MAX);
    }

    #[test]
    fn units_convert_to_microseconds() {
        assert_eq!(Instant::from_micros(7).as_micros(), 7);
        assert_eq!(Instant::from_millis(7).as_micros(), 7_000);
        assert_eq!(
            (Duration::from_millis(7).as_micros(), Duration::from_secs(7).as_micros()),
            (7_000, 7_000_000)
        );
        assert_eq!(core::time::Duration::from(Duration::from_secs(2)), core::time::Duration::from_secs(2));
        let mut now = Instant::from_millis(1);
        now += Duration::from_millis(2);
        assert_eq!(now, Instant::from_millis(3));
        assert!(Duration::ZERO.is_zero() && !Duration::from_micros(1).is_zero());
    }

    #[test]
    fn a_duration_prints_with_its_unit() {
        for (micros, text) in [(2_000_000, "2s"), (1_500, "1.5ms"), (0, "0ns")] {
            assert_eq!(std::format!("{}", Duration::from_micros(micros)), text);
        }
    }

    #[test]
    fn time_saturates() {
        assert_eq!(Instant::from_micros(u64::MAX) + Duration::from_secs(1), Instant::from_micros(u64::MAX));
        assert_eq!(Instant::ZERO.saturating_since(Instant::from_millis(1)), Duration::ZERO);
        assert_eq!(
            Instant::from_millis(3).saturating_since(Instant::from_millis(1)),
            Duration::from_millis(2)
        );
    }
}
