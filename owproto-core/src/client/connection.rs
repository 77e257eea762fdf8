use super::error::{ConnectionError, Lost, Resend};
use super::exchanges::{Exchanges, State};
use super::in_flight::{Deadline, Form, Pending, RequestId};
use super::send_error::SendError;
use super::timeouts::{Timeout, Timeouts};
use crate::codec::{DEFAULT_PAYLOAD_LIMIT, Direction, FrameParser, Parsed, PayloadMode};
use crate::message::{Entries, Reply, Request};
use crate::storage::Storage;
use crate::time::{Duration, Instant};
use crate::wire::word;

/// The default limit for the payload of a DIRALL reply, in bytes. owserver has none; this one is room for about a
/// million devices. Such a payload is not stored, it goes through entry by entry.
pub const DEFAULT_LIST_LIMIT: usize = 16 << 20;

/// What the driver of a [`Connection`] does next. Borrows nothing, so it can be looped on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use = "the connection waits for this to be done"]
pub enum Step {
    /// Nothing is in flight: send a request, or leave the connection open.
    Idle,
    /// Send [`poll_transmit`](Connection::poll_transmit), then call
    /// [`handle_transmitted`](Connection::handle_transmitted).
    Write,
    /// Wait for bytes, at most until [`poll_timeout`](Connection::poll_timeout), then call
    /// [`handle_input`](Connection::handle_input).
    Read,
    /// Close the transport: the connection failed, or the server did not grant persistence.
    Close,
}

/// What came from the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event<'a> {
    /// The input is used up. This many more bytes complete the current part; reading at most that many never enters
    /// the next frame.
    NeedMore(usize),
    /// The server is still at work on the oldest request.
    Keepalive,
    /// Entries of a directory, more may come; a [`Reply`](Self::Reply) ends the listing. The same for DIR, DIRALL and
    /// DIRALLSLASH.
    Entries(RequestId, Entries<'a>),
    /// The answer to a request, or its end. After a DIRALL its payload is empty, since the entries went before. The
    /// return value may be an error, also after entries.
    Reply(RequestId, Reply<'a>),
}

/// One connection to an owserver, seen from the client: no I/O, no clock, no allocation of its own.
///
/// # Contract
///
/// The driver owns the socket and the clock. It calls, each time with the time of now:
///
/// - commands: [`request`](Self::request);
/// - output: [`step`](Self::step) says what to do next, [`poll_transmit`](Self::poll_transmit) what to send,
///   [`poll_timeout`](Self::poll_timeout) when to stop waiting, [`poll_lost`](Self::poll_lost) what a failure took with
///   it;
/// - input: [`handle_transmitted`](Self::handle_transmitted), [`handle_input`](Self::handle_input),
///   [`handle_eof`](Self::handle_eof), [`handle_transport_error`](Self::handle_transport_error),
///   [`handle_timeout`](Self::handle_timeout).
///
/// One rule: call `handle_input` with the same input until it says [`Event::NeedMore`], before reading more. After an
/// error the connection has failed for good: every call says so again, nothing is sent or taken any more, and
/// `poll_lost` gives the requests that will have no answer. [`reset`](Self::reset) makes it new, for a new socket.
///
/// Up to `DEPTH` requests are in flight. A new connection takes one, and more only after the server has granted
/// persistence: a server that does not closes behind its first reply, and what was sent after it is lost
/// ([`room`](Self::room) says how many are taken).
///
/// # Memory
///
/// - `T` holds requests until they are sent. It has to hold the longest one (24 bytes, the path, a NUL, data); with
///   a byte less, `request` gives [`SendError::BufferFull`]. To have several in flight at once, it should hold
///   several.
/// - `R` holds the payload of a reply that came in pieces, or one entry of a listing. It has to hold the longest
///   value that is read, and the longest entry with the comma behind it; with a byte less the connection fails with
///   [`DecodeError::StorageTooSmall`](crate::DecodeError::StorageTooSmall) or
///   [`DecodeError::EntryTooLong`](crate::DecodeError::EntryTooLong). Listings of any length pass through it.
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
///
/// In memory the buffers come last, so that small processors reach everything else with short instructions.
#[derive(Clone, Debug)]
#[repr(C)]
pub struct Connection<T, R, const DEPTH: usize = 1> {
    timeouts: Timeouts,
    /// When something last came or went, or when waiting began.
    last_activity: Instant,
    /// `transmit` holds unsent bytes at `sent..filled`, `0 <= sent <= filled`.
    sent: usize,
    filled: usize,
    /// Bytes sent over this connection, modulo 2³².
    total_sent: u32,
    next_id: u32,
    list_limit: usize,
    exchanges: Exchanges<DEPTH>,
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
            exchanges: Exchanges::new(),
            next_id: 0,
            list_limit: DEFAULT_LIST_LIMIT,
            frames: FrameParser::new(DEFAULT_PAYLOAD_LIMIT, receive),
            transmit,
            sent: 0,
            filled: 0,
            total_sent: 0,
        }
    }

    /// With other timeouts, for the requests to come.
    #[must_use]
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.set_timeouts(timeouts);
        self
    }

    /// Changes the timeouts. The total one holds for requests to come, the other at once.
    pub fn set_timeouts(&mut self, timeouts: Timeouts) {
        self.timeouts = timeouts;
    }

    /// With another limit for payloads that are kept whole, in bytes; the default is
    /// [`DEFAULT_PAYLOAD_LIMIT`]. The storage limits them too.
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

    /// How many requests [`request`](Self::request) would take now.
    ///
    /// At most 1 before the server has kept the connection once. 0 after it ended, and behind a request that does not
    /// ask to keep it.
    #[must_use]
    #[inline]
    pub fn room(&self) -> usize {
        self.exchanges.room()
    }

    /// Takes a request, to be sent as soon as possible. Its answer comes as events with the id given here.
    ///
    /// Set [`Flags::PERSISTENCE`](crate::wire::Flags::PERSISTENCE) in it to ask for the connection to be kept.
    ///
    /// # Errors
    /// [`SendError::ConnectionEnded`], [`SendError::TooManyInFlight`], [`SendError::BufferFull`].
    /// The connection goes on as before.
    #[inline]
    pub fn request(&mut self, request: &Request<'_>, now: Instant) -> Result<RequestId, SendError> {
        self.request_within(request, self.timeouts.total, now)
    }

    /// As [`request`](Self::request), with a total timeout of its own; [`Duration::ZERO`] is none.
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
        if !self.exchanges.has_room() {
            return Err(self.refusal());
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
        if self.exchanges.in_flight.is_empty() {
            self.last_activity = now;
        }
        let ends_at = self.total_sent.wrapping_add(word::of_len(self.filled.wrapping_sub(self.sent)));
        let pending = self.exchanges.begin(request, total, ends_at, now);
        self.exchanges.in_flight.push(pending);
        Ok(id)
    }

    /// Why there is no room for a request.
    #[cold]
    fn refusal(&self) -> SendError {
        match self.exchanges.state {
            State::Open => SendError::TooManyInFlight,
            State::Ended | State::Failed(_) => SendError::ConnectionEnded,
        }
    }

    /// What to do next.
    #[inline]
    pub fn step(&self) -> Step {
        match self.exchanges.state {
            State::Open if self.sent < self.filled => Step::Write,
            State::Open if self.exchanges.in_flight.is_empty() => Step::Idle,
            State::Open => Step::Read,
            State::Ended | State::Failed(_) => Step::Close,
        }
    }

    /// The bytes to send. Send what can be sent and tell how many with
    /// [`handle_transmitted`](Self::handle_transmitted).
    #[must_use]
    #[inline]
    pub fn poll_transmit(&self) -> &[u8] {
        match self.exchanges.state {
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
        // What is all sent needs no place any more.
        if self.sent == self.filled {
            (self.sent, self.filled) = (0, 0);
        }
        self.total_sent = self.total_sent.wrapping_add(word::of_len(n));
        self.last_activity = now;
    }

    /// Takes the next event from the front of `input` and moves `input` behind it.
    ///
    /// # Errors
    /// [`ConnectionError::Decode`], [`ConnectionError::UnexpectedData`], and [`ConnectionError::TimedOut`] if the
    /// total timeout has passed, whatever the input says. From then on always the same one.
    #[inline(always)]
    pub fn handle_input<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i [u8],
        now: Instant,
    ) -> Result<Event<'a>, ConnectionError> {
        let id = self.oldest_id();
        let mut behind = *input;
        let oldest = self.exchanges.in_flight.oldest();
        if let Some(reply) = oldest.and_then(|oldest| self.whole_reply(oldest, &mut behind, now)) {
            *input = behind;
            self.last_activity = now;
            self.exchanges.end_answer(reply.is_persistent());
            return Ok(Event::Reply(id, reply));
        }
        self.handle_piece(input, now)
    }

    /// Takes the next event of an answer that does not lie whole at the front of the input, or is no reply.
    #[inline]
    fn handle_piece<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i [u8],
        now: Instant,
    ) -> Result<Event<'a>, ConnectionError> {
        let id = self.oldest_id();
        let oldest = self.exchanges.in_flight.oldest();
        let form = oldest.map_or(Form::Reply, Pending::form);
        let is_due = oldest.is_some_and(|oldest| !oldest.is_unsent(self.total_sent));
        if !(input.is_empty() || is_due)
            || matches!(self.exchanges.state, State::Failed(_))
            || self.exchanges.earliest_deadline.has_passed(now)
        {
            return Err(self.refuse_input(now));
        }
        if !input.is_empty() {
            self.last_activity = now;
            self.exchanges.answer_begun = true;
        }
        let mode = match form {
            Form::List => PayloadMode::List { limit: self.list_limit },
            Form::Reply | Form::Frames => PayloadMode::Whole,
        };
        if form == Form::Frames
            && let Some(entries) = self.frames.take_entry_frames(input)
        {
            return Ok(Event::Entries(id, entries));
        }
        let reply = match self.frames.parse(input, Direction::Replies, mode) {
            Ok(Parsed::NeedMore(n)) => return Ok(Event::NeedMore(n)),
            Ok(Parsed::Keepalive) => return Ok(Event::Keepalive),
            Ok(Parsed::Entries(entries)) => return Ok(Event::Entries(id, entries)),
            Ok(Parsed::Frame(header, payload)) => Reply::from_parts(*header, payload),
            Err(error) => {
                let error = ConnectionError::Decode(error);
                self.exchanges.state = State::Failed(error);
                return Err(error);
            }
        };
        // An entry has a payload; the frame that ends a DIR listing has none (owfs: `dir.c`).
        if form == Form::Frames && !reply.payload().is_empty() && reply.ret() >= 0 {
            return Ok(Event::Entries(id, Entries::one(reply.payload())));
        }
        self.exchanges.end_answer(reply.is_persistent());
        Ok(Event::Reply(id, reply))
    }

    /// Why input is not taken; from now on always so.
    #[cold]
    fn refuse_input(&mut self, now: Instant) -> ConnectionError {
        match self.exchanges.state {
            State::Failed(error) => error,
            _ if self.exchanges.earliest_deadline.has_passed(now) => {
                self.exchanges.fail(ConnectionError::TimedOut(Timeout::Total))
            }
            _ => self.exchanges.fail(ConnectionError::UnexpectedData),
        }
    }

    /// The oldest request's; they are counted.
    #[inline]
    fn oldest_id(&self) -> RequestId {
        RequestId(
            self.next_id.wrapping_sub(u32::try_from(self.exchanges.in_flight.len()).unwrap_or(u32::MAX)),
        )
    }

    /// The server has closed its side.
    ///
    /// # Errors
    /// [`ConnectionError::Stale`], [`ConnectionError::Closed`] or [`ConnectionError::Truncated`] if something was in
    /// flight. Otherwise the connection has ended in peace.
    pub fn handle_eof(&mut self) -> Result<(), ConnectionError> {
        match self.exchanges.state {
            State::Failed(error) => Err(error),
            State::Open if !self.exchanges.in_flight.is_empty() => Err(self.handle_transport_error()),
            State::Open | State::Ended => {
                self.exchanges.state = State::Ended;
                Ok(())
            }
        }
    }

    /// The transport has failed, for a reason that the driver knows. Gives what that means for the protocol, or the
    /// failure that came first.
    pub fn handle_transport_error(&mut self) -> ConnectionError {
        if let State::Failed(error) = self.exchanges.state {
            return error;
        }
        let error = match (self.exchanges.answer_begun, self.exchanges.was_kept) {
            (true, _) => ConnectionError::Truncated,
            (false, true) => ConnectionError::Stale,
            (false, false) => ConnectionError::Closed,
        };
        self.exchanges.fail(error)
    }

    /// When to stop waiting, and for which reason; `None` for never. Exact: a keepalive changes the one timeout and
    /// not the other.
    #[must_use]
    #[inline]
    pub fn poll_timeout(&self) -> Option<(Instant, Timeout)> {
        if !matches!(self.exchanges.state, State::Open) || self.exchanges.in_flight.is_empty() {
            return None;
        }
        let silent = self.last_activity.saturating_add(self.timeouts.inactivity);
        if !self.timeouts.inactivity.is_zero() && Deadline::at(silent) > self.exchanges.earliest_deadline {
            Some((silent, Timeout::Inactivity))
        } else if self.exchanges.earliest_deadline > Deadline::NEVER {
            Some((self.exchanges.earliest_deadline.moment(), Timeout::Total))
        } else {
            None
        }
    }

    /// How long to wait for an answer at most, from now on, where one is owed: until
    /// [`poll_timeout`](Self::poll_timeout); `None` for ever.
    ///
    /// ```
    /// # use owproto_core::Request;
    /// # use owproto_core::client::Connection;
    /// # use owproto_core::time::{Duration, Instant};
    /// let mut connection: Connection<_, _> = Connection::new([0; 64], [0; 64]);
    /// connection.request_within(&Request::nop(), Duration::from_secs(3), Instant::ZERO)?;
    /// assert_eq!(connection.time_left(Instant::from_millis(500)), Some(Duration::from_millis(1500)));
    /// # Ok::<(), owproto_core::client::SendError>(())
    /// ```
    #[must_use]
    #[inline(always)]
    pub fn time_left(&self, now: Instant) -> Option<Duration> {
        let inactivity = self.timeouts.inactivity;
        if inactivity.is_zero() || self.exchanges.earliest_deadline > Deadline::NEVER {
            return self.poll_timeout().map(|(at, _)| at.saturating_since(now));
        }
        Some(inactivity.saturating_sub(now.saturating_since(self.last_activity)))
    }

    /// Lets time pass. Nothing happens before [`poll_timeout`](Self::poll_timeout).
    ///
    /// # Errors
    /// [`ConnectionError::TimedOut`] from that moment on; an answer that comes later must not be taken for another
    /// request's, so the connection has failed.
    #[inline]
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), ConnectionError> {
        if let State::Failed(error) = self.exchanges.state {
            return Err(error);
        }
        match self.poll_timeout() {
            Some((at, timeout)) if now >= at => Err(self.exchanges.fail(ConnectionError::TimedOut(timeout))),
            _ => Ok(()),
        }
    }

    /// After a failure: the next request that will have no answer, oldest first.
    ///
    /// It is [`Resend::Safe`] to send again if it was not sent to its last byte (the server waits for that one), if
    /// the server had ended the connection before it, or if its type does no harm when it is done twice.
    pub fn poll_lost(&mut self) -> Option<Lost> {
        let State::Failed(error) = self.exchanges.state else { return None };
        let id = self.oldest_id();
        let lost = self.exchanges.in_flight.pop()?;
        let is_unsent = lost.is_unsent(self.total_sent);
        let was_not_read = matches!(error, ConnectionError::PersistenceWithdrawn);
        let resend = if lost.message_type.is_idempotent() || is_unsent || was_not_read {
            Resend::Safe
        } else {
            Resend::MayHappenTwice
        };
        Some(Lost { id, resend })
    }

    /// The failure, if there was one.
    #[must_use]
    pub const fn error(&self) -> Option<ConnectionError> {
        match self.exchanges.state {
            State::Failed(error) => Some(error),
            _ => None,
        }
    }

    /// Whether the connection is idle and the server has promised to keep it.
    #[must_use]
    #[inline]
    pub fn is_reusable(&self) -> bool {
        matches!(self.exchanges.state, State::Open)
            && self.exchanges.was_kept
            && self.exchanges.in_flight.is_empty()
    }

    /// How many requests wait for the end of their answer.
    #[must_use]
    #[inline]
    pub const fn in_flight(&self) -> usize {
        self.exchanges.in_flight.len()
    }

    /// Makes it new, for a new socket. Settings stay; what was in flight is forgotten, so ask
    /// [`poll_lost`](Self::poll_lost) before.
    pub fn reset(&mut self) {
        self.exchanges.reset();
        self.frames.reset();
        (self.sent, self.filled, self.total_sent) = (0, 0, 0);
    }
}

mod fast_path;
#[cfg(test)]
mod tests;
