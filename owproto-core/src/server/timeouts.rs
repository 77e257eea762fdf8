use core::fmt;

use crate::time::Duration;

/// How long a server waits for its client. [`Duration::ZERO`] means no limit.
///
/// ```
/// use owproto_core::server::Timeouts;
/// use owproto_core::time::Duration;
/// const BUSY: Timeouts = Timeouts::DEFAULT.with_idle_low(Duration::from_secs(10));
/// assert_eq!(BUSY.request, Duration::from_secs(10));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Timeouts {
    /// The longest silence within a request, and before the first request of a connection. Every byte restarts it.
    pub request: Duration,
    /// The longest time from the first byte of a request to its last. owserver has no such limit: a client that sends a
    /// byte now and then occupies one of its threads for as long as it likes.
    pub request_total: Duration,
    /// The silence between two requests after which a busy server closes the connection. It has no effect by itself:
    /// [`handle_timeout`](super::Connection::handle_timeout) returns [`Timeout::IdleLow`], and the caller, who knows
    /// how busy the server is, decides.
    pub idle_low: Duration,
    /// The silence between two requests after which the connection ends in any case, counted from the last reply.
    pub idle_high: Duration,
    /// The longest time in which the client reads no byte of the data that waits to be sent.
    pub send: Duration,
    /// The longest time for sending the data that waits: from the moment when the first byte is stored until none is
    /// left. Since that is at most one full transmit storage, this is a minimum speed: 137 bytes a second for 16 KiB in
    /// two minutes. Only time spent waiting for the client counts, not the time that making the answer takes. owserver
    /// has no such limit: a client that reads a byte now and then occupies one of its threads for as long as it likes.
    pub send_total: Duration,
    /// The time after the request, or after the last frame, at which a keepalive is sent. Clients give up after 2 s of
    /// silence.
    pub keepalive: Duration,
}

impl Timeouts {
    /// The limits of owserver where it has one: 10 s, 600 s, 3600 s, and a keepalive each second (owfs: `globals.c`,
    /// `loop.c`). Where it has none: 60 s for a whole request, 60 s without a byte read, and 120 s for all data that
    /// waits.
    pub const DEFAULT: Self = Self {
        request: Duration::from_secs(10),
        request_total: Duration::from_secs(60),
        idle_low: Duration::from_secs(600),
        idle_high: Duration::from_secs(3600),
        send: Duration::from_secs(60),
        send_total: Duration::from_secs(120),
        keepalive: Duration::from_secs(1),
    };

    /// With another [`request`](Self::request).
    #[must_use]
    pub const fn with_request(mut self, request: Duration) -> Self {
        self.request = request;
        self
    }

    /// With another [`request_total`](Self::request_total).
    #[must_use]
    pub const fn with_request_total(mut self, request_total: Duration) -> Self {
        self.request_total = request_total;
        self
    }

    /// With another [`idle_low`](Self::idle_low).
    #[must_use]
    pub const fn with_idle_low(mut self, idle_low: Duration) -> Self {
        self.idle_low = idle_low;
        self
    }

    /// With another [`idle_high`](Self::idle_high).
    #[must_use]
    pub const fn with_idle_high(mut self, idle_high: Duration) -> Self {
        self.idle_high = idle_high;
        self
    }

    /// With another [`send`](Self::send).
    #[must_use]
    pub const fn with_send(mut self, send: Duration) -> Self {
        self.send = send;
        self
    }

    /// With another [`send_total`](Self::send_total).
    #[must_use]
    pub const fn with_send_total(mut self, send_total: Duration) -> Self {
        self.send_total = send_total;
        self
    }

    /// With another [`keepalive`](Self::keepalive).
    #[must_use]
    pub const fn with_keepalive(mut self, keepalive: Duration) -> Self {
        self.keepalive = keepalive;
        self
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
    /// A keepalive is due. The connection stays open.
    Keepalive,
    /// The client was silent within a request, or before the first one.
    Request,
    /// The client took too long for the whole request.
    RequestTotal,
    /// The client has been idle for a while. The connection stays open unless the caller ends it.
    IdleLow,
    /// The client was idle for too long.
    IdleHigh,
    /// The client did not read what was sent.
    Send,
    /// The client read too slowly.
    SendTotal,
}

impl fmt::Display for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keepalive => "a keepalive is due",
            Self::Request => "the client did not continue its request",
            Self::RequestTotal => "the client took too long for its request",
            Self::IdleLow => "the client is idle",
            Self::IdleHigh => "the client was idle for too long",
            Self::Send => "the client did not read",
            Self::SendTotal => "the client read too slowly",
        })
    }
}
