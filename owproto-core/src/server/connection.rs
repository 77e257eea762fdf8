use super::answer::Answer;
use super::end::End;
use super::outgoing::Outgoing;
use super::timeouts::{Timeout, Timeouts};
use crate::codec::{FrameParser, RequestFrame, Stored};
use crate::message::MAX_BODY_LEN;
use crate::storage::Storage;
use crate::time::{Duration, Instant};
use crate::wire::{Flags, HEADER_LEN, MessageType, Token, Tokens};

/// The default limit for bytes that wait to be sent, for storage that grows.
pub const DEFAULT_TRANSMIT_LIMIT: usize = 16 << 10;

/// What the driver of a [`Connection`] does next. Borrows nothing, so it can be looped on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use = "the connection waits for this to be done"]
pub enum Step {
    /// Wait for bytes, at most until [`poll_timeout`](Connection::poll_timeout), then call
    /// [`handle_input`](Connection::handle_input). What is left of earlier input comes first.
    Read,
    /// Send [`poll_transmit`](Connection::poll_transmit), then call
    /// [`handle_transmitted`](Connection::handle_transmitted).
    Write,
    /// Go on with the answer to the [`request`](Connection::request), through [`answer`](Connection::answer). If it has
    /// to wait for something, wait at most until [`poll_timeout`](Connection::poll_timeout).
    Answer,
    /// Close the transport; [`end`](Connection::end) says why. Work that is under way can be dropped.
    Close,
}

/// What became of input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use]
pub enum Event {
    /// The input is used up. This many more bytes complete the current part of the request.
    NeedMore(usize),
    /// A request is complete: see [`request`](Connection::request).
    Request,
    /// The request before is not answered yet; nothing was taken.
    Busy,
    /// The connection has ended; nothing is taken any more.
    Ended,
}

/// Whether the connection is to be kept after the answer, if the client asks for it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Persistence {
    /// Kept, if asked for.
    #[default]
    Grant,
    /// Not kept.
    Refuse,
}

/// When keepalives are sent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Keepalives {
    /// When an answer takes long.
    #[default]
    WhenSlow,
    /// Also one in front of every answer, as owserver does with `--pingcrazy`. A test for clients.
    BeforeEveryAnswer,
}

/// One connection of an owserver, seen from the server: no I/O, no clock, no allocation of its own.
///
/// # Contract
///
/// The driver owns the socket and the clock. It calls, each time with the time of now:
///
/// - output: [`step`](Self::step) says what to do next, [`poll_transmit`](Self::poll_transmit) what to send,
///   [`poll_timeout`](Self::poll_timeout) when to stop waiting;
/// - input: [`handle_input`](Self::handle_input), [`handle_transmitted`](Self::handle_transmitted),
///   [`handle_eof`](Self::handle_eof), [`handle_transport_error`](Self::handle_transport_error),
///   [`handle_timeout`](Self::handle_timeout);
/// - the answer: [`answer`](Self::answer) gives the request and an [`Answer`] to fill, again and again until it is
///   complete, because it may be longer than the transmit storage.
///
/// One rule: after each call, look at [`step`](Self::step). Requests are taken one at a time. While one is being
/// answered, `handle_input` takes nothing ([`Event::Busy`]): bytes of the next stay with the driver, and if it then
/// does not read, with the client. They are answered in order.
///
/// When a request is complete, the driver may say whether the connection is to be kept
/// ([`set_persistence`](Self::set_persistence)), up to the first byte of the answer. The connection grants what is
/// asked for unless told otherwise.
///
/// While an answer is under way, a driver that can should look whether the transport still lives.
/// The end of the client's stream alone is no reason to stop: a client that closed its sending side still waits for
/// its answer. A transport error is ([`handle_transport_error`](Self::handle_transport_error)); the keepalives
/// provoke one if the client is gone.
///
/// # Keepalives
///
/// One second after a request is complete, and one second after each frame from then on, a keepalive is put, as long
/// as the answer is not finished. So no gap is longer than a second; owserver lets them grow to almost 1.5 s between
/// the entries of a listing (owfs: `loop.c`), which is close to the 2 s after which clients give up. No keepalive is
/// put inside a frame, nor behind bytes that the client has not taken.
///
/// # Broken requests
///
/// A payload that is negative, a body above the limit, a WRITE whose size leaves no byte for the path, and a request
/// that carries the server's own token end the connection without a reply, as owserver does (owfs: `from_client.c`);
/// there is no error frame for them. Replies that wait are sent before.
///
/// # Memory
///
/// - `T` holds bytes to be sent. Answers of any length pass through it in pieces. 512 bytes are plenty; it has to
///   hold a header, and two in front of which keepalives go.
/// - `R` holds payload and tokens of one request. A longer one is read to its end and forgotten, and what is left is
///   [cut](RequestFrame::is_cut): it can be answered with an error, and the connection goes on. Paths are rarely
///   longer than 300 bytes; with 100,050 bytes (or a `Vec`) nothing that owserver takes is cut.
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
/// assert_eq!(connection.step(), Step::Close); // persistence was not asked for
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Connection<T, R> {
    state: State,
    timeouts: Timeouts,
    token: Option<Token>,
    keepalives: Keepalives,
    persistence: Persistence,
    /// Whether the last answer kept the connection.
    kept: bool,
    /// Whether the client has closed its sending side.
    half_closed: bool,
    frames: FrameParser<R>,
    out: Outgoing<T>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    /// Between two requests, or before the first.
    Waiting { since: Instant, low_passed: bool },
    /// Within a request.
    Receiving { began: Instant, last_input: Instant },
    /// Within an answer.
    Working,
    /// No request will be taken any more.
    Ended(End),
}

impl<T: Storage, R: Storage> Connection<T, R> {
    /// A connection that was just accepted, with [`Timeouts::DEFAULT`]. Its clock starts at [`Instant::ZERO`]; see
    /// [`accepted_at`](Self::accepted_at).
    #[must_use]
    pub const fn new(transmit: T, receive: R) -> Self {
        Self {
            state: State::Waiting { since: Instant::ZERO, low_passed: false },
            timeouts: Timeouts::DEFAULT,
            token: None,
            keepalives: Keepalives::WhenSlow,
            persistence: Persistence::Grant,
            kept: false,
            half_closed: false,
            frames: FrameParser::new(MAX_BODY_LEN, receive),
            out: Outgoing::new(transmit, DEFAULT_TRANSMIT_LIMIT),
        }
    }

    /// With the moment from which the client has time for its first request.
    #[must_use]
    pub fn accepted_at(mut self, now: Instant) -> Self {
        self.state = State::Waiting { since: now, low_passed: false };
        self
    }

    /// With other timeouts.
    #[must_use]
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Changes the timeouts, at once.
    pub fn set_timeouts(&mut self, timeouts: Timeouts) {
        self.timeouts = timeouts;
    }

    /// With the antiloop token of this server: a request that carries it ends the connection.
    ///
    /// A token whose first byte is 0 in the first place is taken for this server's if the other 15 bytes are, because
    /// owserver 3.2p4 writes a NUL there before it hands tokens on (owfs: `from_client.c`).
    #[must_use]
    pub fn with_token(mut self, token: Token) -> Self {
        self.token = Some(token);
        self
    }

    /// With another rule for keepalives.
    #[must_use]
    pub fn with_keepalives(mut self, keepalives: Keepalives) -> Self {
        self.keepalives = keepalives;
        self
    }

    /// With another limit for payload and tokens of a request, in bytes; owserver's
    /// [`MAX_BODY_LEN`] by default. What is longer is malformed, not cut.
    #[must_use]
    pub fn with_body_limit(mut self, limit: usize) -> Self {
        self.frames.set_limit(limit);
        self
    }

    /// With another limit for bytes that wait to be sent, for storage that grows.
    #[must_use]
    pub fn with_transmit_limit(mut self, limit: usize) -> Self {
        self.out.limit = limit;
        self
    }

    /// Changes the limit for bytes that wait to be sent, for storage that grows. What waits already stays; an answer
    /// that was begun goes on in pieces of the new size.
    pub fn set_transmit_limit(&mut self, limit: usize) {
        self.out.limit = limit;
    }

    /// What to do next.
    #[inline]
    pub fn step(&self) -> Step {
        match self.state {
            _ if self.out.unsent() > 0 => Step::Write,
            State::Ended(_) => Step::Close,
            State::Working => Step::Answer,
            _ => Step::Read,
        }
    }

    /// Takes bytes from the front of `input`, up to the end of a request, and moves `input` behind them.
    ///
    /// Call it until it says [`Event::NeedMore`], before reading more. When an answer is complete, the next request may
    /// be taken before the answer is sent, so that the answers to requests that came together go out together.
    pub fn handle_input(&mut self, input: &mut &[u8], now: Instant) -> Event {
        match self.state {
            State::Ended(_) => return Event::Ended,
            State::Working => return Event::Busy,
            State::Waiting { .. } if input.is_empty() => {}
            State::Waiting { .. } => self.state = State::Receiving { began: now, last_input: now },
            State::Receiving { began, last_input } => {
                if Self::is_over(began, self.timeouts.request_total, now) {
                    return self.end_with(End::TimedOut(Timeout::RequestTotal));
                }
                let last_input = if input.is_empty() { last_input } else { now };
                self.state = State::Receiving { began, last_input };
            }
        }
        match self.frames.store_frame(input) {
            Ok(Stored::NeedMore(_)) if self.half_closed => self.end_with(End::ClientClosed),
            Ok(Stored::NeedMore(n)) => Event::NeedMore(n),
            Ok(Stored::Complete) => self.accept(now),
            Err(error) => self.end_with(End::Malformed(error)),
        }
    }

    /// Looks at a complete request before it is handed out.
    fn accept(&mut self, now: Instant) -> Event {
        let (header, body) = self.frames.stored_frame();
        let request = RequestFrame::new(header, body);
        if self.token.as_ref().is_some_and(|own| has_passed(request.tokens, own)) {
            return self.end_with(End::Loop);
        }
        if request.message_type() == MessageType::WRITE && header.payload > 0 {
            let size = header.size;
            if size < 0 || size >= header.payload {
                return self.end_with(End::MalformedWrite { size, payload: header.payload });
            }
        }
        self.state = State::Working;
        self.out.begin_answer(now);
        if self.keepalives == Keepalives::BeforeEveryAnswer {
            self.out.ping_due = true;
        }
        Event::Request
    }

    /// The request that is being answered.
    #[must_use]
    pub fn request(&self) -> Option<RequestFrame<'_>> {
        if self.state != State::Working {
            return None;
        }
        let (header, body) = self.frames.stored_frame();
        Some(RequestFrame::new(header, body))
    }

    /// The request that is being answered, and the answer as far as it is.
    pub fn answer(&mut self, now: Instant) -> Option<(RequestFrame<'_>, Answer<'_, T>)> {
        if self.state != State::Working {
            return None;
        }
        let (header, body) = self.frames.stored_frame();
        let answer = Answer {
            out: &mut self.out,
            state: &mut self.state,
            kept: &mut self.kept,
            request_flags: header.flags,
            persistence: self.persistence,
            now,
        };
        Some((RequestFrame::new(header, body), answer))
    }

    /// Whether the client asks to keep the connection after the request that is being answered.
    #[must_use]
    pub fn requests_persistence(&self) -> bool {
        self.request().is_some_and(|request| request.header.flags.contains(Flags::PERSISTENCE))
    }

    /// Whether the last answer kept the connection: it has one of the places that a server gives to persistent
    /// clients.
    #[must_use]
    pub const fn is_persistent(&self) -> bool {
        self.kept
    }

    /// Decides whether the connection is kept after the answer if the client asks for it. Holds until it is changed;
    /// an answer that was begun stays as it is.
    pub fn set_persistence(&mut self, persistence: Persistence) {
        self.persistence = persistence;
    }

    /// The bytes to send. Send what can be sent and tell how many with
    /// [`handle_transmitted`](Self::handle_transmitted).
    #[must_use]
    #[inline]
    pub fn poll_transmit(&self) -> &[u8] {
        self.out.bytes()
    }

    /// The first `n` bytes of [`poll_transmit`](Self::poll_transmit) were handed to the transport.
    #[inline]
    pub fn handle_transmitted(&mut self, n: usize, now: Instant) {
        self.out.transmitted(n, now);
    }

    /// The client has closed its sending side, and all that it sent was given to
    /// [`handle_input`](Self::handle_input), or is kept for it. A request that is being answered is answered to its
    /// end, and so are those that are kept.
    pub fn handle_eof(&mut self) {
        self.half_closed = true;
        match self.state {
            State::Waiting { .. } | State::Receiving { .. } => self.state = State::Ended(End::ClientClosed),
            State::Working | State::Ended(_) => {}
        }
    }

    /// Whether [`handle_eof`](Self::handle_eof) was called. Nothing comes any more: at [`Step::Read`], give the input
    /// that is left, or none, to [`handle_input`](Self::handle_input).
    #[must_use]
    pub const fn is_half_closed(&self) -> bool {
        self.half_closed
    }

    /// The transport has failed: nobody is there to read an answer.
    pub fn handle_transport_error(&mut self) {
        let _ = self.end_with(End::TransportFailed);
    }

    /// Ends the connection, for a reason of the caller's: it is idle and places are short, or the server stops. What
    /// was put before is still sent; an answer that is not complete is cut off.
    pub fn close(&mut self) {
        if !matches!(self.state, State::Ended(_)) {
            self.state = State::Ended(End::Closed);
        }
    }

    /// Why the connection has ended, if it has. Bytes may still wait to be sent: [`step`](Self::step) says so.
    #[must_use]
    pub const fn end(&self) -> Option<End> {
        match self.state {
            State::Ended(end) => Some(end),
            _ => None,
        }
    }

    /// When to stop waiting, and for which reason; `None` for never.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Instant, Timeout)> {
        let Timeouts { request, request_total, idle_low, idle_high, send, send_total, keepalive } =
            self.timeouts;
        match self.state {
            _ if self.out.unsent() > 0 => {
                let silence = (self.out.last_progress, send, Timeout::Send);
                first((self.out.waits_since, send_total, Timeout::SendTotal), Some(silence))
            }
            State::Waiting { since, .. } if !self.kept => first((since, request, Timeout::Request), None),
            State::Waiting { since, low_passed } => {
                let low = (since, idle_low, Timeout::IdleLow);
                first((since, idle_high, Timeout::IdleHigh), (!low_passed).then_some(low))
            }
            State::Receiving { began, last_input } => {
                let silence = (last_input, request, Timeout::Request);
                first((began, request_total, Timeout::RequestTotal), Some(silence))
            }
            // In the middle of a frame no keepalive can be put.
            State::Working if self.out.owed > 0 => None,
            State::Working => first((self.out.last_frame, keepalive, Timeout::Keepalive), None),
            State::Ended(_) => None,
        }
    }

    /// Lets time pass, and says what became due. Nothing happens before [`poll_timeout`](Self::poll_timeout).
    ///
    /// A keepalive is put; [`Timeout::IdleLow`] is only told, once; everything else ends the connection.
    pub fn handle_timeout(&mut self, now: Instant) -> Option<Timeout> {
        let (at, timeout) = self.poll_timeout()?;
        if now < at {
            return None;
        }
        match timeout {
            Timeout::Keepalive => self.out.put_keepalive(now),
            Timeout::IdleLow => {
                if let State::Waiting { low_passed, .. } = &mut self.state {
                    *low_passed = true;
                }
            }
            _ => {
                let _ = self.end_with(End::TimedOut(timeout));
            }
        }
        Some(timeout)
    }

    /// Gives back memory of the storage above `keep` bytes each, if it is of a sort that grows. Nothing happens while
    /// an answer is under way; within a request, its bytes are kept. For servers with many clients, most of which are
    /// idle.
    pub fn shrink(&mut self, keep: usize) {
        if self.state == State::Working || !self.poll_transmit().is_empty() {
            return;
        }
        if !matches!(self.state, State::Receiving { .. }) {
            self.frames.shrink(keep);
        }
        self.out.shrink(keep);
    }

    /// Makes it new, for a new socket. Settings stay; what was under way is forgotten.
    pub fn reset(&mut self, now: Instant) {
        self.state = State::Waiting { since: now, low_passed: false };
        self.kept = false;
        self.half_closed = false;
        self.frames.reset();
        self.out.reset();
    }

    fn is_over(since: Instant, limit: Duration, now: Instant) -> bool {
        !limit.is_zero() && now >= since.saturating_add(limit)
    }

    fn end_with(&mut self, end: End) -> Event {
        self.out.end_with(&mut self.state, end);
        Event::Ended
    }
}

type Limit = (Instant, Duration, Timeout);

/// The first of two timeouts, the second one if they come together; those of zero left out.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
fn first(one: Limit, other: Option<Limit>) -> Option<(Instant, Timeout)> {
    let at =
        |(since, limit, timeout): Limit| (!limit.is_zero()).then(|| (since.saturating_add(limit), timeout));
    match (at(one), other.and_then(at)) {
        (Some(one), Some(other)) => Some(if one.0 < other.0 { one } else { other }),
        (one, other) => one.or(other),
    }
}

/// Whether a request with these tokens has passed this server before.
fn has_passed(tokens: Tokens<'_>, own: &Token) -> bool {
    let [own_first, own_tail @ ..] = own;
    let mut is_first = true;
    tokens.iter().any(|[first, tail @ ..]| {
        let may_be_cut = core::mem::take(&mut is_first);
        tail == own_tail && (first == own_first || (may_be_cut && *first == 0))
    })
}

const _: () = assert!(DEFAULT_TRANSMIT_LIMIT > HEADER_LEN);

#[cfg(test)]
mod tests;
