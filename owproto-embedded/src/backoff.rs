use owproto_core::time::Duration;

/// How long a client waits before it connects again: twice as long after each failure, up to a ceiling.
///
/// ```
/// use owproto_embedded::Backoff;
/// use owproto_embedded::owproto_core::time::Duration;
///
/// let delays = [0, 1, 2, 3, 7, 1000].map(|failures| Backoff::DEFAULT.delay_after(failures).as_micros() / 1000);
/// assert_eq!(delays, [0, 500, 1000, 2000, 30_000, 30_000]);
///
/// const QUICK: Backoff = Backoff::DEFAULT.with_ceiling(Duration::from_secs(5));
/// assert_eq!(QUICK.delay_after(1000), Duration::from_secs(5));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Backoff {
    /// The delay after the first failure. Each further failure doubles it. With [`Duration::ZERO`] there is no delay.
    pub first: Duration,
    /// The longest delay.
    pub ceiling: Duration,
}

impl Backoff {
    /// From 0.5 s to 30 s.
    pub const DEFAULT: Self = Self::new(Duration::from_millis(500), Duration::from_secs(30));

    /// A delay of `first` after the first failure, and of at most `ceiling` after the others.
    #[must_use]
    pub const fn new(first: Duration, ceiling: Duration) -> Self {
        Self { first, ceiling }
    }

    /// Replaces the delay after the first failure.
    #[must_use]
    pub const fn with_first(mut self, first: Duration) -> Self {
        self.first = first;
        self
    }

    /// Replaces the longest delay.
    #[must_use]
    pub const fn with_ceiling(mut self, ceiling: Duration) -> Self {
        self.ceiling = ceiling;
        self
    }

    /// The delay after this many failures in a row; zero after none.
    #[must_use]
    pub fn delay_after(&self, failures: u32) -> Duration {
        let Some(doublings) = failures.checked_sub(1) else { return Duration::ZERO };
        let factor = 1u64.checked_shl(doublings).unwrap_or(u64::MAX);
        Duration::from_micros(self.first.as_micros().saturating_mul(factor)).min(self.ceiling)
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_ceiling() {
        let backoff = Backoff::new(Duration::from_micros(3), Duration::from_micros(100));
        let delays: [u64; 9] = core::array::from_fn(|n| backoff.delay_after(n as u32).as_micros());
        assert_eq!(delays, [0, 3, 6, 12, 24, 48, 96, 100, 100]);
        for failures in [63, 64, 65, 66, u32::MAX] {
            assert_eq!(backoff.delay_after(failures), backoff.ceiling);
            assert_eq!(backoff.with_first(Duration::ZERO).delay_after(failures), Duration::ZERO);
        }
        let first_above_ceiling = Backoff::new(Duration::from_secs(9), Duration::from_secs(1));
        assert_eq!(first_above_ceiling.delay_after(1), Duration::from_secs(1));
    }
}
