use core::fmt;

use crate::time::Duration;

/// How long a server waits for its client. [`Duration::ZERO`] is no limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Timeouts {
    /// The longest silence within a request, and before the first one of a connection. Every byte begins it anew.
    pub request: Duration,
    /// The longest time from the first byte of a request to its last. owserver has none, so that a client that drips
    /// bytes keeps one of its threads for ever.
    pub request_total: Duration,
    /// Silence between two requests after which a busy server ends the connection. Nothing happens by itself:
    /// [`handle_timeout`](super::Connection::handle_timeout) says [`Timeout::IdleLow`], and the caller, who knows how
    /// busy it is, decides.
    pub idle_low: Duration,
    /// Silence between two requests after which the connection ends in any case, counted from the last reply.
    pub idle_high: Duration,
    /// The longest time in which a client takes not one byte of what waits for it.
    pub send: Duration,
    /// The longest time for what waits: from the moment that the first byte is put, to the one that nothing is left. It
    /// is at most a transmit storage full, so this is a least speed; with 16 KiB and two minutes 137 bytes a second. Only
    /// time in which the client is waited for counts, not that which an answer takes to be made. owserver has none, so
    /// that a client that takes a byte now and then keeps one of its threads for ever.
    pub send_total: Duration,
    /// The time after the request, or after the last frame, at which a keepalive is sent. Clients give up after 2 s of
    /// silence.
    pub keepalive: Duration,
}

impl Timeouts {
    /// 10 s, 600 s, 3600 s and a keepalive each second as owserver (owfs: `globals.c`, `loop.c`); 60 s for a whole
    /// request, 60 s without a byte that is taken and 120 s for all that waits, which owserver does not limit.
    pub const DEFAULT: Self = Self {
        request: Duration::from_secs(10),
        request_total: Duration::from_secs(60),
        idle_low: Duration::from_secs(600),
        idle_high: Duration::from_secs(3600),
        send: Duration::from_secs(60),
        send_total: Duration::from_secs(120),
        keepalive: Duration::from_secs(1),
    };
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Which of the timeouts it was, or will be.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Timeout {
    /// A keepalive is due. The connection goes on.
    Keepalive,
    /// The client was silent within a request, or before the first one.
    Request,
    /// The client took too long for the whole request.
    RequestTotal,
    /// The client has been idle for a while. The connection goes on unless the caller ends it.
    IdleLow,
    /// The client was idle for too long.
    IdleHigh,
    /// The client did not take what was sent.
    Send,
    /// The client took what was sent too slowly.
    SendTotal,
}

impl fmt::Display for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keepalive => "a keepalive is due",
            Self::Request => "the client did not go on with its request",
            Self::RequestTotal => "the client took too long for its request",
            Self::IdleLow => "the client is idle",
            Self::IdleHigh => "the client was idle for too long",
            Self::Send => "the client did not read",
            Self::SendTotal => "the client read too slowly",
        })
    }
}
