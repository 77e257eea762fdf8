use core::fmt;

use crate::time::Duration;

/// How long to wait. [`Duration::ZERO`] is no limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Timeouts {
    /// The longest silence of a server that owes an answer. Every byte begins it anew, keepalives included, so that a
    /// request may take long as long as the server says each second that it is at work.
    pub inactivity: Duration,
    /// The longest time from a request to the end of its answer, keepalives or not.
    pub total: Duration,
}

impl Timeouts {
    /// 2 s of silence and no limit in total, as pyownet and owlib.
    pub const DEFAULT: Self = Self { inactivity: Duration::from_secs(2), total: Duration::ZERO };

    /// No limits: waits for ever.
    pub const NONE: Self = Self { inactivity: Duration::ZERO, total: Duration::ZERO };
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Which of the two timeouts it was, or will be.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
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
