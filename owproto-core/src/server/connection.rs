use super::answer::Answer;
use super::end::End;
use super::event::Event;
use super::policy::{Keepalives, Persistence};
use super::state::State;
use super::step::Step;
use super::timeouts::{Timeout, Timeouts};
use super::transmit::Transmit;
use crate::codec::{FrameParser, RequestFrame, Stored};
use crate::message::MAX_BODY_LEN;
use crate::storage::Storage;
use crate::time::{Duration, Instant};
use crate::wire::{Flags, HEADER_LEN, MessageType, Token, Tokens};

#[cfg(test)]
mod tests;

/// The default limit for bytes that wait to be sent, for storage that grows.
pub const DEFAULT_TRANSMIT_LIMIT: usize = 16 << 10;

/// The server's end of a connection: no I/O, no clock, no allocation.
///
/// # Contract
///
/// The driver owns the socket and the clock. It calls, each time with the current time:
///
/// - output: [`step`](Self::step) for what to do next, [`poll_transmit`](Self::poll_transmit) for the bytes to send,
///   [`poll_timeout`](Self::poll_timeout) for when to stop waiting;
/// - input: [`handle_input`](Self::handle_input), [`handle_transmitted`](Self::handle_transmitted),
///   [`handle_eof`](Self::handle_eof), [`handle_transport_error`](Self::handle_transport_error),
///   [`handle_timeout`](Self::handle_timeout);
/// - the answer: [`answer`](Self::answer) returns the request and an [`Answer`] to fill, repeatedly until the answer is
///   complete, because it may be longer than the transmit storage.
///
/// One rule: after each call, look at [`step`](Self::step). The connection takes one request at a time, and answers requests
/// in order. During an answer `handle_input` takes no input ([`Event::Busy`]): the driver keeps the bytes of the next
/// request, and should not read more.
///
/// When a request is complete, the driver may decide whether to keep the connection
/// ([`set_persistence`](Self::set_persistence)), until the first byte of the answer. By default the connection grants
/// persistence to clients that ask for it.
///
/// During an answer, a driver should check whether the transport still works, if it can. The end of the client's stream is
/// no reason to stop: a client that closed its sending side still waits for its answer. A transport error is
/// ([`handle_transport_error`](Self::handle_transport_error)). If the client has disconnected, sending keepalives leads to
/// such an error.
///
/// # Keepalives
///
/// While the answer is not complete, a keepalive is stored one second after the request was complete, and one second after
/// each frame since. So no gap is longer than a second. In owserver, gaps between the entries of a listing grow to almost
/// 1.5 s (owfs: `loop.c`), which is close to the 2 s after which clients give up. No keepalive is stored inside a frame, or
/// while other bytes wait to be sent.
///
/// # Malformed requests
///
/// A request ends the connection without a reply, as in owserver (owfs: `from_client.c`), if its payload is negative, its
/// body is above the limit, it is a WRITE whose size leaves no byte for the path, or it carries the server's own token. The
/// protocol has no error reply for these. Replies that wait are sent before.
///
/// # Memory
///
/// - `T` holds bytes to be sent. Answers of any length pass through it in pieces. 512 bytes are plenty. It has to hold a
///   header, and two headers if keepalives are sent before answers.
/// - `R` holds payload and tokens of one request. A longer request is read to its end and dropped, except for its header:
///   it is [cut](RequestFrame::is_cut). It can be answered with an error, and the connection continues. Paths are rarely
///   longer than 300 bytes. With 100,050 bytes or a `Vec`, no request that owserver accepts is cut.
///
/// ```
/// use owproto_core::server::{Connection, Event, Step};
/// use owproto_core::time::Instant;
/// use owproto_core::{Request, ReturnCode};
///
/// let now = Instant::ZERO;
/// let mut connection = Connection::new([0; 512], [0; 256]);
/// let mut buffer = [0; 64];
/// let mut input = Request::read("/10.67C6697351FF/temperature")?.encode(&mut buffer)?;
/// assert_eq!(connection.handle_input(&mut input, now), Event::Request);
/// let Some((request, mut answer)) = connection.answer(now) else { panic!() };
/// match request.path() {
///     Some(b"/10.67C6697351FF/temperature") => answer.value(b"        21.5", 0)?,
///     _ => answer.error(ReturnCode::NO_SUCH_PATH)?,
/// }
/// assert_eq!(connection.step(), Step::Write);
/// assert_eq!(&connection.poll_transmit()[24..], b"        21.5");
/// connection.handle_transmitted(36, now);
/// assert_eq!(connection.step(), Step::Close); // persistence was not requested
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Connection<T, R> {
    state: State,
    timeouts: Timeouts,
    token: Option<Token>,
    keepalives: Keepalives,
    persistence: Persistence,
    /// Whether the last answer granted persistence.
    is_persistent: bool,
    /// Whether the client has closed its sending side.
    half_closed: bool,
    frames: FrameParser<R>,
    transmit: Transmit<T>,
}

impl<T: Storage, R: Storage> Connection<T, R> {
    /// A connection that was accepted at [`Instant::ZERO`], with [`Timeouts::DEFAULT`]. For another time see
    /// [`accepted_at`](Self::accepted_at).
    #[must_use]
    pub const fn new(transmit: T, receive: R) -> Self {
        Self {
            state: State::Waiting { since: Instant::ZERO, idle_low_passed: false },
            timeouts: Timeouts::DEFAULT,
            token: None,
            keepalives: Keepalives::WhenSlow,
            persistence: Persistence::Grant,
            is_persistent: false,
            half_closed: false,
            frames: FrameParser::new(MAX_BODY_LEN, receive),
            transmit: Transmit::new(transmit, DEFAULT_TRANSMIT_LIMIT),
        }
    }

    /// With the time when the connection was accepted. The timeout for the first request starts then.
    #[must_use]
    pub fn accepted_at(mut self, now: Instant) -> Self {
        self.state = State::Waiting { since: now, idle_low_passed: false };
        self
    }

    /// With other timeouts.
    #[must_use]
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Changes the timeouts, immediately.
    pub fn set_timeouts(&mut self, timeouts: Timeouts) {
        self.timeouts = timeouts;
    }

    /// With the antiloop token of this server. A request that carries it ends the connection.
    ///
    /// The first token of a request also matches if its first byte is 0 and the other 15 bytes are equal, because owserver
    /// 3.2p4 writes a NUL there before it forwards tokens (owfs: `from_client.c`).
    #[must_use]
    pub fn with_token(mut self, token: Token) -> Self {
        self.token = Some(token);
        self
    }

    /// With another setting for keepalives.
    #[must_use]
    pub fn with_keepalives(mut self, keepalives: Keepalives) -> Self {
        self.keepalives = keepalives;
        self
    }

    /// With another limit for payload and tokens of a request, in bytes; owserver's [`MAX_BODY_LEN`] by default. A longer
    /// request is malformed, not cut.
    #[must_use]
    pub fn with_body_limit(mut self, limit: usize) -> Self {
        self.frames.set_limit(limit);
        self
    }

    /// With another limit for bytes that wait to be sent, for storage that grows.
    #[must_use]
    pub fn with_transmit_limit(mut self, limit: usize) -> Self {
        self.transmit.limit = limit;
        self
    }

    /// Changes the limit for bytes that wait to be sent, for storage that grows. Bytes that wait already are kept, and the
    /// current answer continues in pieces of the new size.
    pub fn set_transmit_limit(&mut self, limit: usize) {
        self.transmit.limit = limit;
    }

    /// What to do next.
    #[inline]
    pub fn step(&self) -> Step {
        match self.state {
            _ if self.transmit.unsent() > 0 => Step::Write,
            State::Ended(_) => Step::Close,
            State::Answering => Step::Answer,
            _ => Step::Read,
        }
    }

    /// Takes bytes from the front of `input`, up to the end of a request, and advances `input` past them.
    ///
    /// Call it until it returns [`Event::NeedMore`], before reading more. When an answer is complete, the next request may be
    /// taken before the answer is sent, so that the answers to pipelined requests are sent together.
    pub fn handle_input(&mut self, input: &mut &[u8], now: Instant) -> Event {
        match self.state {
            State::Ended(_) => return Event::Ended,
            State::Answering => return Event::Busy,
            State::Waiting { .. } if input.is_empty() => {}
            State::Waiting { .. } => self.state = State::Receiving { started: now, last_input: now },
            State::Receiving { started, last_input } => {
                if Self::has_expired(started, self.timeouts.request_total, now) {
                    return self.end_with(End::TimedOut(Timeout::RequestTotal));
                }
                let last_input = if input.is_empty() { last_input } else { now };
                self.state = State::Receiving { started, last_input };
            }
        }
        match self.frames.store_frame(input) {
            Ok(Stored::NeedMore(_)) if self.half_closed => self.end_with(End::ClientClosed),
            Ok(Stored::NeedMore(n)) => Event::NeedMore(n),
            Ok(Stored::Complete) => self.accept(now),
            Err(error) => self.end_with(End::Malformed(error)),
        }
    }

    /// Checks a complete request.
    fn accept(&mut self, now: Instant) -> Event {
        let (header, body) = self.frames.stored_frame();
        let request = RequestFrame::new(header, body);
        if self.token.as_ref().is_some_and(|own| has_own_token(request.tokens, own)) {
            return self.end_with(End::Loop);
        }
        if request.message_type() == MessageType::WRITE && header.payload > 0 {
            let size = header.size;
            if size < 0 || size >= header.payload {
                return self.end_with(End::MalformedWrite { size, payload: header.payload });
            }
        }
        self.state = State::Answering;
        self.transmit.start_answer(now);
        if self.keepalives == Keepalives::BeforeEveryAnswer {
            self.transmit.keepalive_first = true;
        }
        Event::Request
    }

    /// The current request, while its answer is not complete.
    #[must_use]
    pub fn request(&self) -> Option<RequestFrame<'_>> {
        if self.state != State::Answering {
            return None;
        }
        let (header, body) = self.frames.stored_frame();
        Some(RequestFrame::new(header, body))
    }

    /// The current request, and its answer to continue.
    pub fn answer(&mut self, now: Instant) -> Option<(RequestFrame<'_>, Answer<'_, T>)> {
        if self.state != State::Answering {
            return None;
        }
        let (header, body) = self.frames.stored_frame();
        let answer = Answer {
            transmit: &mut self.transmit,
            state: &mut self.state,
            is_persistent: &mut self.is_persistent,
            request_flags: header.flags,
            persistence: self.persistence,
            now,
        };
        Some((RequestFrame::new(header, body), answer))
    }

    /// Whether the current request asks for persistence.
    #[must_use]
    pub fn requests_persistence(&self) -> bool {
        self.request().is_some_and(|request| request.header.flags.contains(Flags::PERSISTENCE))
    }

    /// Whether the last answer granted persistence, so that the connection counts as one of a server's persistent ones.
    #[must_use]
    pub const fn is_persistent(&self) -> bool {
        self.is_persistent
    }

    /// Decides whether to keep the connection if the client asks for it. This applies to all answers that are not started
    /// yet, until it is changed.
    pub fn set_persistence(&mut self, persistence: Persistence) {
        self.persistence = persistence;
    }

    /// The bytes to send. Send as many as possible, then report their number with
    /// [`handle_transmitted`](Self::handle_transmitted).
    #[must_use]
    #[inline]
    pub fn poll_transmit(&self) -> &[u8] {
        self.transmit.bytes()
    }

    /// The first `n` bytes of [`poll_transmit`](Self::poll_transmit) were handed to the transport.
    #[inline]
    pub fn handle_transmitted(&mut self, n: usize, now: Instant) {
        self.transmit.handle_transmitted(n, now);
    }

    /// The client has closed its sending side, and the driver has passed all received bytes to
    /// [`handle_input`](Self::handle_input) or keeps them for it. The current request and those in the kept bytes are still
    /// answered.
    pub fn handle_eof(&mut self) {
        self.half_closed = true;
        match self.state {
            State::Waiting { .. } | State::Receiving { .. } => self.state = State::Ended(End::ClientClosed),
            State::Answering | State::Ended(_) => {}
        }
    }

    /// Whether [`handle_eof`](Self::handle_eof) was called. No more bytes arrive: at [`Step::Read`], pass the rest of the
    /// input, which may be empty, to [`handle_input`](Self::handle_input).
    #[must_use]
    pub const fn is_half_closed(&self) -> bool {
        self.half_closed
    }

    /// The transport has failed. The connection ends, and bytes that wait are dropped.
    pub fn handle_transport_error(&mut self) {
        let _ = self.end_with(End::TransportFailed);
    }

    /// Ends the connection: it is idle while the server is busy, or the server stops. Bytes that wait are still sent; an
    /// answer that is not complete is cut off.
    pub fn close(&mut self) {
        if !matches!(self.state, State::Ended(_)) {
            self.state = State::Ended(End::Closed);
        }
    }

    /// Why the connection has ended; `None` if it has not. Bytes may still wait to be sent: see [`step`](Self::step).
    #[must_use]
    pub const fn end(&self) -> Option<End> {
        match self.state {
            State::Ended(end) => Some(end),
            _ => None,
        }
    }

    /// When to stop waiting, and which timeout expires then; `None` for never.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Instant, Timeout)> {
        let Timeouts { request, request_total, idle_low, idle_high, send, send_total, keepalive } =
            self.timeouts;
        match self.state {
            _ if self.transmit.unsent() > 0 => {
                let silence = (self.transmit.last_progress, send, Timeout::Send);
                earlier((self.transmit.waits_since, send_total, Timeout::SendTotal), Some(silence))
            }
            State::Waiting { since, .. } if !self.is_persistent => {
                earlier((since, request, Timeout::Request), None)
            }
            State::Waiting { since, idle_low_passed } => {
                let low = (since, idle_low, Timeout::IdleLow);
                earlier((since, idle_high, Timeout::IdleHigh), (!idle_low_passed).then_some(low))
            }
            State::Receiving { started, last_input } => {
                let silence = (last_input, request, Timeout::Request);
                earlier((started, request_total, Timeout::RequestTotal), Some(silence))
            }
            // No keepalive is possible inside a frame.
            State::Answering if self.transmit.remaining > 0 => None,
            State::Answering => earlier((self.transmit.last_frame, keepalive, Timeout::Keepalive), None),
            State::Ended(_) => None,
        }
    }

    /// Checks the timeouts, and returns the one that expired. Nothing happens before [`poll_timeout`](Self::poll_timeout).
    ///
    /// For [`Timeout::Keepalive`] it stores a keepalive. [`Timeout::IdleLow`] is only returned, once. All others end the
    /// connection.
    pub fn handle_timeout(&mut self, now: Instant) -> Option<Timeout> {
        let (at, timeout) = self.poll_timeout()?;
        if now < at {
            return None;
        }
        match timeout {
            Timeout::Keepalive => self.transmit.put_keepalive(now),
            Timeout::IdleLow => {
                if let State::Waiting { idle_low_passed, .. } = &mut self.state {
                    *idle_low_passed = true;
                }
            }
            _ => {
                let _ = self.end_with(End::TimedOut(timeout));
            }
        }
        Some(timeout)
    }

    /// Frees memory above `keep` bytes in each storage, if it is of a kind that grows. It does nothing during an answer, and
    /// keeps the bytes of a partly received request. For servers with many idle clients.
    pub fn shrink(&mut self, keep: usize) {
        if self.state == State::Answering || !self.poll_transmit().is_empty() {
            return;
        }
        if !matches!(self.state, State::Receiving { .. }) {
            self.frames.shrink(keep);
        }
        self.transmit.shrink(keep);
    }

    /// Prepares the connection for a new socket. Settings are kept; the current request and answer are dropped.
    pub fn reset(&mut self, now: Instant) {
        self.state = State::Waiting { since: now, idle_low_passed: false };
        self.is_persistent = false;
        self.half_closed = false;
        self.frames.reset();
        self.transmit.reset();
    }

    fn has_expired(since: Instant, limit: Duration, now: Instant) -> bool {
        !limit.is_zero() && now >= since.saturating_add(limit)
    }

    fn end_with(&mut self, end: End) -> Event {
        self.transmit.end_with(&mut self.state, end);
        Event::Ended
    }
}

/// A timeout: when it starts, its limit, and its kind.
type Limit = (Instant, Duration, Timeout);

/// The earlier of two timeouts, or the second if both expire at the same time. A limit of zero means none.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
fn earlier(one: Limit, other: Option<Limit>) -> Option<(Instant, Timeout)> {
    let at =
        |(since, limit, timeout): Limit| (!limit.is_zero()).then(|| (since.saturating_add(limit), timeout));
    match (at(one), other.and_then(at)) {
        (Some(one), Some(other)) => Some(if one.0 < other.0 { one } else { other }),
        (one, other) => one.or(other),
    }
}

/// Whether one of the tokens is this server's own.
fn has_own_token(tokens: Tokens<'_>, own: &Token) -> bool {
    let [own_first, own_tail @ ..] = own;
    let mut is_first = true;
    tokens.iter().any(|[first, tail @ ..]| {
        let may_be_damaged = core::mem::take(&mut is_first);
        tail == own_tail && (first == own_first || (may_be_damaged && *first == 0))
    })
}

const _: () = assert!(DEFAULT_TRANSMIT_LIMIT > HEADER_LEN);
