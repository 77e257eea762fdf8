//! Timeouts of TCP sockets of servers. Such a server has few sockets, and a client that was cut off must not occupy one
//! for hours.

/// TCP's user timeout (RFC 5482): a client that acknowledges nothing for this long is considered gone.
pub(crate) const USER_TIMEOUT_SECONDS: u64 = 60;

/// How often TCP checks whether an idle client is still there.
pub(crate) const KEEPALIVE_INTERVAL_SECONDS: u64 = 20;
