//! TCP's own times, for servers with few sockets: a client that was cut off must not keep one for hours.

/// After so long a client that acknowledges nothing is taken for gone.
pub(crate) const GONE_AFTER_SECONDS: u64 = 60;

/// How often an idle client is asked whether it is there.
pub(crate) const KEEP_ALIVE_SECONDS: u64 = 20;
