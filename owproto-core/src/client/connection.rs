use super::connection_error::ConnectionError;
use super::pipeline::{Pipeline, State};
use super::request_id::RequestId;
use super::send_error::SendError;
use super::step::Step;
use super::timeouts::Timeouts;
use crate::codec::{DEFAULT_PAYLOAD_LIMIT, FrameParser};
use crate::message::Request;
use crate::storage::Storage;
use crate::time::{Duration, Instant};
use crate::wire::word;

mod failure;
mod fast_path;
mod input;
#[cfg(test)]
mod tests;
mod timing;

/// The default limit for the payload of a DIRALL reply, in bytes: enough for about a million devices. owserver has no limit.
/// Such a payload is not stored, but returned entry by entry.
pub const DEFAULT_LIST_LIMIT: usize = 16 << 20;

/// The client's end of a connection to an owserver: no I/O, no clock, no allocation.
///
/// # Contract
///
/// The driver owns the socket and the clock. It calls, each time with the current time:
///
/// - commands: [`request`](Self::request);
/// - output: [`step`](Self::step) for what to do next, [`poll_transmit`](Self::poll_transmit) for the bytes to send,
///   [`poll_timeout`](Self::poll_timeout) for when to stop waiting, [`poll_lost`](Self::poll_lost) for the requests that a
///   failure left without an answer;
/// - input: [`handle_transmitted`](Self::handle_transmitted), [`handle_input`](Self::handle_input),
///   [`handle_eof`](Self::handle_eof), [`handle_transport_error`](Self::handle_transport_error),
///   [`handle_timeout`](Self::handle_timeout).
///
/// One rule: call `handle_input` with the same input until it returns [`Event::NeedMore`](super::Event::NeedMore), before
/// reading more. After an error the connection has failed for good: every call returns that error, nothing is sent or
/// received, and `poll_lost` returns the requests that will have no answer. [`reset`](Self::reset) prepares the connection
/// for a new socket.
///
/// Up to `DEPTH` requests are in flight. A new connection takes one request, and more only after the server has granted
/// persistence: a server that does not grant it closes the connection after its first reply, and requests sent after the
/// first would be lost. [`room`](Self::room) is the number of requests that the connection takes.
///
/// # Memory
///
/// - `T` holds requests until they are sent. It has to hold the longest request (24 bytes, the path, a NUL, data); if it is
///   one byte too small, `request` returns [`SendError::BufferFull`]. To have several requests in flight, it should hold
///   several.
/// - `R` holds the payload of a reply that arrives in pieces, or one entry of a listing. It has to hold the longest value
///   that is read, and the longest entry with the comma after it; if it is one byte too small, the connection fails with
///   [`DecodeError::StorageTooSmall`](crate::DecodeError::StorageTooSmall) or
///   [`DecodeError::EntryTooLong`](crate::DecodeError::EntryTooLong). Listings can have any length.
///
/// ```
/// use owproto_core::client::{Connection, Event, Step};
/// use owproto_core::time::Instant;
/// use owproto_core::Request;
/// # use owproto_core::wire::Header;
/// # struct Socket(Vec<u8>);
/// # impl Socket {
/// #     fn write(&mut self, bytes: &[u8]) -> usize { bytes.len() }
/// #     fn read<'b>(&mut self, buffer: &'b mut [u8]) -> &'b [u8] {
/// #         let n = self.0.len().min(buffer.len()).min(10);
/// #         buffer[..n].copy_from_slice(&self.0[..n]);
/// #         self.0.drain(..n);
/// #         &buffer[..n]
/// #     }
/// # }
/// # let mut socket = Socket([&Header { payload: 2, code: 2, size: 2, ..Header::default() }.to_bytes()[..], b"21"].concat());
/// # let now = || Instant::ZERO;
/// let mut connection: Connection<_, _> = Connection::new([0; 128], [0; 64]);
/// connection.request(&Request::read("/10.67C6697351FF/temperature")?, now())?;
/// let mut buffer = [0; 64];
/// let mut temperature = String::new();
/// loop {
///     match connection.step() {
///         Step::Write => {
///             let n = socket.write(connection.poll_transmit());
///             connection.handle_transmitted(n, now());
///         }
///         Step::Read => {
///             let mut input = socket.read(&mut buffer);
///             loop {
///                 match connection.handle_input(&mut input, now())? {
///                     Event::NeedMore(_) => break,
///                     Event::Keepalive | Event::Entries(..) => {}
///                     Event::Reply(_, reply) => {
///                         temperature = String::from_utf8_lossy(reply.into_result()?.data()).into();
///                         break;
///                     }
///                 }
///             }
///         }
///         Step::Idle | Step::Close => break,
///     }
/// }
/// assert_eq!(temperature, "21");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
// The storage comes last, so that small processors reach all other fields with short instructions.
#[derive(Clone, Debug)]
#[repr(C)]
pub struct Connection<T, R, const DEPTH: usize = 1> {
    timeouts: Timeouts,
    /// When bytes were last sent or received, or when waiting began.
    last_activity: Instant,
    /// `transmit` holds unsent bytes at `sent..filled`, `0 <= sent <= filled`.
    sent: usize,
    filled: usize,
    /// Bytes sent over this connection, modulo 2³².
    total_sent: u32,
    next_id: u32,
    list_limit: usize,
    pipeline: Pipeline<DEPTH>,
    frames: FrameParser<R>,
    transmit: T,
}

impl<T: Storage, R: Storage, const DEPTH: usize> Connection<T, R, DEPTH> {
    /// A connection over a new socket, with [`Timeouts::DEFAULT`] and the default limits.
    #[must_use]
    pub const fn new(transmit: T, receive: R) -> Self {
        Self {
            timeouts: Timeouts::DEFAULT,
            last_activity: Instant::ZERO,
            pipeline: Pipeline::new(),
            next_id: 0,
            list_limit: DEFAULT_LIST_LIMIT,
            frames: FrameParser::new(DEFAULT_PAYLOAD_LIMIT, receive),
            transmit,
            sent: 0,
            filled: 0,
            total_sent: 0,
        }
    }

    /// With other timeouts.
    #[must_use]
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.set_timeouts(timeouts);
        self
    }

    /// Changes the timeouts. The total timeout applies to later requests, the inactivity timeout immediately.
    pub fn set_timeouts(&mut self, timeouts: Timeouts) {
        self.timeouts = timeouts;
    }

    /// With another limit for payloads that are returned as a whole, in bytes; the default is [`DEFAULT_PAYLOAD_LIMIT`]. The
    /// storage limits them too.
    #[must_use]
    pub fn with_payload_limit(mut self, limit: usize) -> Self {
        self.frames.set_limit(limit);
        self
    }

    /// With another limit for comma lists, in bytes; the default is [`DEFAULT_LIST_LIMIT`].
    #[must_use]
    pub fn with_list_limit(mut self, limit: usize) -> Self {
        self.list_limit = limit;
        self
    }

    /// The number of requests that [`request`](Self::request) takes now.
    ///
    /// At most 1 before the server has granted persistence. 0 after the connection has ended, and after a request that does
    /// not ask for persistence.
    #[must_use]
    #[inline]
    pub fn room(&self) -> usize {
        self.pipeline.room()
    }

    /// Takes a request, to be sent as soon as possible. Its answer is returned as events with this id.
    ///
    /// Set [`Flags::PERSISTENCE`](crate::wire::Flags::PERSISTENCE) in the request to ask the server to keep the connection.
    ///
    /// # Errors
    /// [`SendError::ConnectionEnded`], [`SendError::TooManyInFlight`], [`SendError::BufferFull`]. The connection is as it was
    /// before.
    #[inline]
    pub fn request(&mut self, request: &Request<'_>, now: Instant) -> Result<RequestId, SendError> {
        self.request_within(request, self.timeouts.total, now)
    }

    /// As [`request`](Self::request), with its own total timeout; [`Duration::ZERO`] means no limit.
    ///
    /// # Errors
    /// As [`request`](Self::request).
    #[inline(always)]
    pub fn request_within(
        &mut self,
        request: &Request<'_>,
        total: Duration,
        now: Instant,
    ) -> Result<RequestId, SendError> {
        if !self.pipeline.has_room() {
            return Err(self.no_room());
        }
        let needed = request.encoded_len();
        let Some(place) = self.transmit.space(self.filled, needed) else {
            let available = self.transmit.capacity().wrapping_sub(self.filled);
            return Err(SendError::BufferFull { needed, available });
        };
        request.write_to(place);
        self.filled = self.filled.wrapping_add(needed);
        let id = RequestId(self.next_id);
        self.next_id = self.next_id.wrapping_add(1);
        if self.pipeline.in_flight.is_empty() {
            self.last_activity = now;
        }
        let ends_at =
            self.total_sent.wrapping_add(word::wrapping_from_len(self.filled.wrapping_sub(self.sent)));
        let pending = self.pipeline.start(request, total, ends_at, now);
        self.pipeline.in_flight.push(pending);
        Ok(id)
    }

    /// Why the connection takes no request.
    #[cold]
    fn no_room(&self) -> SendError {
        match self.pipeline.state {
            State::Open => SendError::TooManyInFlight,
            State::Ended | State::Failed(_) => SendError::ConnectionEnded,
        }
    }

    /// What to do next.
    #[inline]
    pub fn step(&self) -> Step {
        match self.pipeline.state {
            State::Open if self.sent < self.filled => Step::Write,
            State::Open if self.pipeline.in_flight.is_empty() => Step::Idle,
            State::Open => Step::Read,
            State::Ended | State::Failed(_) => Step::Close,
        }
    }

    /// The bytes to send. Send as many as possible, then report their number with
    /// [`handle_transmitted`](Self::handle_transmitted).
    #[must_use]
    #[inline]
    pub fn poll_transmit(&self) -> &[u8] {
        match self.pipeline.state {
            State::Open => self.transmit.filled(self.filled).get(self.sent..).unwrap_or_default(),
            _ => &[],
        }
    }

    /// The first `n` bytes of [`poll_transmit`](Self::poll_transmit) were handed to the transport.
    #[inline]
    pub fn handle_transmitted(&mut self, n: usize, now: Instant) {
        let n = n.min(self.filled.wrapping_sub(self.sent));
        if n == 0 {
            return;
        }
        self.sent = self.sent.wrapping_add(n);
        // Once everything is sent, its storage is free.
        if self.sent == self.filled {
            (self.sent, self.filled) = (0, 0);
        }
        self.total_sent = self.total_sent.wrapping_add(word::wrapping_from_len(n));
        self.last_activity = now;
    }

    /// The id of the oldest request in flight. Ids are consecutive.
    #[inline]
    fn oldest_id(&self) -> RequestId {
        RequestId(self.next_id.wrapping_sub(u32::try_from(self.pipeline.in_flight.len()).unwrap_or(u32::MAX)))
    }

    /// The failure, if there was one.
    #[must_use]
    pub const fn error(&self) -> Option<ConnectionError> {
        match self.pipeline.state {
            State::Failed(error) => Some(error),
            _ => None,
        }
    }

    /// Whether the connection is idle, and the server has promised to keep it.
    #[must_use]
    #[inline]
    pub fn is_reusable(&self) -> bool {
        matches!(self.pipeline.state, State::Open)
            && self.pipeline.is_persistent
            && self.pipeline.in_flight.is_empty()
    }

    /// The number of requests whose answer is not complete.
    #[must_use]
    #[inline]
    pub const fn in_flight(&self) -> usize {
        self.pipeline.in_flight.len()
    }

    /// Prepares the connection for a new socket. Settings are kept. Requests in flight are dropped, so call
    /// [`poll_lost`](Self::poll_lost) before.
    pub fn reset(&mut self) {
        self.pipeline.reset();
        self.frames.reset();
        (self.sent, self.filled, self.total_sent) = (0, 0, 0);
    }
}
