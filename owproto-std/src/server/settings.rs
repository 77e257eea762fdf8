use std::time::Duration;

use owproto_core::server::{Keepalives, Timeouts};
use owproto_core::wire::Token;

/// The settings that apply to all connections of a server.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) timeouts: Timeouts,
    pub(super) keepalives: Keepalives,
    pub(super) token: Option<Token>,
    pub(super) max_connections: usize,
    pub(super) persistent: PersistentLimits,
    pub(super) request_limit: usize,
    pub(super) memory_limit: usize,
    pub(super) shutdown_grace: Duration,
}

/// How many connections stay open between requests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct PersistentLimits {
    /// The maximum number of persistent connections. Further clients get their answers without the persistence flag, and
    /// their connections are closed.
    pub high: usize,
    /// From this number of persistent connections on, the shorter idle timeout [`Timeouts::idle_low`] applies to all of
    /// them.
    pub low: usize,
}

impl PersistentLimits {
    /// The limits of owserver: 20 and 10 (owfs: `globals.c`).
    pub const DEFAULT: Self = Self::new(20, 10);

    /// At most `high` persistent connections, and the shorter idle timeout from `low` on.
    #[must_use]
    pub const fn new(high: usize, low: usize) -> Self {
        Self { high, low }
    }
}

/// [`PersistentLimits::DEFAULT`].
impl Default for PersistentLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
