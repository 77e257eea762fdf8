use owproto_core::time::Duration;

/// How long to wait before a server that cannot be reached is tried again: twice as long after each failure in a row,
/// up to a ceiling. The first answer ends the row.
///
/// ```
/// use owproto_embedded::Backoff;
/// use owproto_embedded::core::time::Duration;
///
/// let backoff = Backoff { first: Duration::from_millis(500), longest: Duration::from_secs(30) };
/// let seconds = |failures| backoff.after(failures).as_micros() as f64 / 1e6;
/// assert_eq!([0, 1, 2, 3, 4].map(seconds), [0.0, 0.5, 1.0, 2.0, 4.0]);
/// assert_eq!([7, 8, u32::MAX].map(seconds), [30.0, 30.0, 30.0]);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Backoff {
    /// The pause after the first failure.
    pub first: Duration,
    /// No pause is longer.
    pub longest: Duration,
}

impl Backoff {
    /// From half a second to half a minute.
    pub const DEFAULT: Self = Self { first: Duration::from_millis(500), longest: Duration::from_secs(30) };

    /// The pause after so many failures in a row; none after none.
    #[must_use]
    pub fn after(self, failures: u32) -> Duration {
        let Some(doublings) = failures.checked_sub(1) else { return Duration::ZERO };
        let factor = 1_u64.checked_shl(doublings).unwrap_or(u64::MAX);
        Duration::from_micros(self.first.as_micros().saturating_mul(factor)).min(self.longest)
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::DEFAULT
    }
}
