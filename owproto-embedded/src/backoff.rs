use owproto_core::time::Duration;

/// How long to wait before a server is tried again: longer after each failure, up to a ceiling.
///
/// ```
/// use owproto_embedded::Backoff;
/// use owproto_embedded::owproto_core::time::Duration;
/// let waits = [0, 1, 2, 3, 7, 1000].map(|failures| Backoff::DEFAULT.after(failures).as_micros() / 1000);
/// assert_eq!(waits, [0, 500, 1000, 2000, 30_000, 30_000]);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Backoff {
    /// The wait after the first failure; it doubles with each further one. [`Duration::ZERO`] is no wait at all.
    pub first: Duration,
    /// The longest wait.
    pub ceiling: Duration,
}

impl Backoff {
    /// From half a second to half a minute.
    pub const DEFAULT: Self = Self { first: Duration::from_millis(500), ceiling: Duration::from_secs(30) };

    /// The wait after so many failures, one after the other; none after no failure.
    #[must_use]
    pub fn after(&self, failures: u32) -> Duration {
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
    fn it_never_passes_the_ceiling_and_never_falls() {
        let backoff = Backoff { first: Duration::from_micros(3), ceiling: Duration::from_micros(100) };
        let waits: [u64; 9] = core::array::from_fn(|n| backoff.after(n as u32).as_micros());
        assert_eq!(waits, [0, 3, 6, 12, 24, 48, 96, 100, 100]);
        for failures in [63, 64, 65, 66, u32::MAX] {
            assert_eq!(backoff.after(failures), backoff.ceiling);
            assert_eq!(Backoff { first: Duration::ZERO, ..backoff }.after(failures), Duration::ZERO);
        }
        let steep = Backoff { first: Duration::from_secs(9), ceiling: Duration::from_secs(1) };
        assert_eq!(steep.after(1), Duration::from_secs(1));
    }
}
