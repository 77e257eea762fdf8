use crate::time::Instant;

/// A moment at which a timeout expires, or never.
///
/// It holds the complement of the microseconds. So "never" is 0, which costs no code to initialize, and the earlier of two
/// deadlines is the greater.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Deadline(u64);

impl Deadline {
    pub(super) const NEVER: Self = Self(0);

    #[inline]
    pub(super) const fn at(moment: Instant) -> Self {
        Self(!moment.as_micros())
    }

    #[inline]
    pub(super) const fn moment(self) -> Instant {
        Instant::from_micros(!self.0)
    }

    #[inline]
    pub(super) fn has_passed(self, now: Instant) -> bool {
        self >= Self::at(now)
    }

    #[inline]
    pub(super) fn or_earlier(self, other: Self) -> Self {
        self.max(other)
    }
}
