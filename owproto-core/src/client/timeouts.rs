use core::fmt;

use crate::time::Duration;

/// How long a client waits. [`Duration::ZERO`] means no limit.
///
/// ```
/// use owproto_core::client::Timeouts;
/// use owproto_core::time::Duration;
/// const PATIENT: Timeouts = Timeouts::DEFAULT.with_total(Duration::from_secs(30));
/// assert_eq!(PATIENT.inactivity, Duration::from_secs(2));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Timeouts {
    /// The longest silence of a server while a request is in flight. Every byte restarts it, those of keepalives
    /// included, so a request may take any time as long as the server sends a keepalive each second.
    pub inactivity: Duration,
    /// The longest time from a request to the end of its answer, whether or not keepalives arrive.
    pub total: Duration,
}

impl Timeouts {
    /// 2 s of silence and no total limit, as in pyownet and owlib.
    pub const DEFAULT: Self = Self { inactivity: Duration::from_secs(2), total: Duration::ZERO };

    /// No limits.
    pub const NONE: Self = Self { inactivity: Duration::ZERO, total: Duration::ZERO };

    /// With another [`inactivity`](Self::inactivity).
    #[must_use]
    pub const fn with_inactivity(mut self, inactivity: Duration) -> Self {
        self.inactivity = inactivity;
        self
    }

    /// With another [`total`](Self::total).
    #[must_use]
    pub const fn with_total(mut self, total: Duration) -> Self {
        self.total = total;
        self
    }

    /// The limit that this timeout has here.
    #[must_use]
    pub const fn limit_of(&self, timeout: Timeout) -> Duration {
        match timeout {
            Timeout::Inactivity => self.inactivity,
            Timeout::Total => self.total,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Which of the [`Timeouts`] expired, or expires next.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Timeout {
    /// The server was silent for too long.
    Inactivity,
    /// The answer took too long in total.
    Total,
}

impl fmt::Display for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inactivity => "the server was silent for too long",
            Self::Total => "the answer took too long",
        })
    }
}
