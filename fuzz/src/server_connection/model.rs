//! A simple model of a server connection: it stores all bytes and all times.

use owproto_core::DecodeError;
use owproto_core::server::{
    End, Event, Keepalives, LastFrame, Persistence, ReplyHeader, Step, Timeout, Timeouts,
};
use owproto_core::time::{Duration, Instant};
use owproto_core::wire::{Flags, HEADER_LEN, Header, MessageType, Token, Version};

use crate::frames::tokens_len;

/// The token of the server under test.
pub(super) const OWN_TOKEN: Token = [0x5a; 16];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Waiting { since: Instant, low_passed: bool },
    Receiving { began: Instant, last_input: Instant },
    Working,
    Ended(End),
}

pub(super) struct Model {
    state: State,
    pub(super) timeouts: Timeouts,
    pub(super) persistence: Persistence,
    pub(super) kept: bool,
    pub(super) half_closed: bool,
    /// The header of the last request, and its body.
    pub(super) request: (Header, Vec<u8>),
    capacity: usize,
    receive: usize,
    body_limit: usize,
    keepalives: Keepalives,
    /// Bytes of the incomplete request.
    partial: Vec<u8>,
    /// All bytes queued since the queue was last empty, and how many of them were sent.
    put: Vec<u8>,
    sent: usize,
    /// The last frame: how many of its bytes are missing, and whether it ends the answer.
    owed: usize,
    is_last: bool,
    /// The flags of the answer, once it has begun.
    flags: Option<Flags>,
    ping_due: bool,
    last_frame: Instant,
    last_progress: Instant,
    /// When the first of these bytes was queued.
    waits_since: Instant,
}

impl Model {
    pub(super) fn new(
        capacity: usize,
        receive: usize,
        body_limit: usize,
        keepalives: Keepalives,
        now: Instant,
    ) -> Self {
        Self {
            state: State::Waiting { since: now, low_passed: false },
            timeouts: Timeouts::DEFAULT,
            persistence: Persistence::Grant,
            kept: false,
            half_closed: false,
            request: (Header::default(), Vec::new()),
            capacity,
            receive,
            body_limit,
            keepalives,
            partial: Vec::new(),
            put: Vec::new(),
            sent: 0,
            owed: 0,
            is_last: false,
            flags: None,
            ping_due: false,
            last_frame: Instant::ZERO,
            last_progress: Instant::ZERO,
            waits_since: Instant::ZERO,
        }
    }

    /// Starts with a new socket. Settings stay.
    pub(super) fn reset(&mut self, now: Instant) {
        *self = Self {
            timeouts: self.timeouts,
            persistence: self.persistence,
            ..Self::new(self.capacity, self.receive, self.body_limit, self.keepalives, now)
        };
    }

    pub(super) fn is_working(&self) -> bool {
        self.state == State::Working
    }

    pub(super) fn end(&self) -> Option<End> {
        match self.state {
            State::Ended(end) => Some(end),
            _ => None,
        }
    }

    pub(super) fn end_with(&mut self, end: End) {
        self.state = State::Ended(end);
    }

    pub(super) fn close(&mut self) {
        if self.end().is_none() {
            self.end_with(End::Closed);
        }
    }

    pub(super) fn eof(&mut self) {
        self.half_closed = true;
        if matches!(self.state, State::Waiting { .. } | State::Receiving { .. }) {
            self.end_with(End::ClientClosed);
        }
    }

    /// Bytes to be sent; none if the client has disconnected.
    pub(super) fn unsent(&self) -> &[u8] {
        match self.state {
            State::Ended(End::TransportFailed | End::TransmitTooSmall) => &[],
            State::Ended(End::TimedOut(Timeout::Send | Timeout::SendTotal)) => &[],
            _ => &self.put[self.sent..],
        }
    }

    pub(super) fn step(&self) -> Step {
        match self.state {
            _ if !self.unsent().is_empty() => Step::Write,
            State::Ended(_) => Step::Close,
            State::Working => Step::Answer,
            State::Waiting { .. } | State::Receiving { .. } => Step::Read,
        }
    }

    /// The room for more bytes. Space is free again only when all bytes were sent.
    pub(super) fn room(&self) -> usize {
        if self.sent == self.put.len() { self.capacity } else { self.capacity - self.put.len() }
    }

    pub(super) fn transmitted(&mut self, n: usize, now: Instant) {
        self.sent += n;
        if n > 0 {
            self.last_progress = now;
        }
    }

    /// The event for this input, and how many bytes are used.
    pub(super) fn input(&mut self, input: &[u8], now: Instant) -> (Event, usize) {
        match &mut self.state {
            State::Ended(_) => return (Event::Ended, 0),
            State::Working => return (Event::Busy, 0),
            State::Waiting { .. } if input.is_empty() => {}
            State::Waiting { .. } => self.state = State::Receiving { began: now, last_input: now },
            State::Receiving { began, last_input } => {
                if passed(*began, self.timeouts.request_total, now) {
                    self.end_with(End::TimedOut(Timeout::RequestTotal));
                    return (Event::Ended, 0);
                }
                if !input.is_empty() {
                    *last_input = now;
                }
            }
        }
        let had = self.partial.len();
        self.partial.extend_from_slice(input);
        let (needed, end) = match self.partial.first_chunk().map(Header::from_bytes) {
            None => (HEADER_LEN, None),
            Some(header) => self.judge(header),
        };
        if self.partial.len() < needed {
            if self.half_closed {
                self.end_with(End::ClientClosed);
                return (Event::Ended, input.len());
            }
            return (Event::NeedMore(needed - self.partial.len()), input.len());
        }
        let used = needed - had;
        let frame: Vec<u8> = self.partial.drain(..needed).collect();
        self.partial.clear();
        if let Some(end) = end {
            self.end_with(end);
            return (Event::Ended, used);
        }
        let (head, body) = frame.split_first_chunk().unwrap();
        self.request = (Header::from_bytes(head), body.to_vec());
        self.state = State::Working;
        (self.owed, self.is_last, self.flags) = (0, false, None);
        self.ping_due = self.keepalives == Keepalives::BeforeEveryAnswer;
        self.last_frame = now;
        (Event::Request, used)
    }

    /// How many bytes of a request decide whether it is refused, and why it ends the connection.
    fn judge(&self, header: Header) -> (usize, Option<End>) {
        let malformed = |error| (HEADER_LEN, Some(End::Malformed(error)));
        let payload = header.payload;
        if payload < 0 {
            return malformed(DecodeError::NegativePayload { payload });
        }
        let body = payload_len(header) + tokens_len(header.version);
        if body > self.body_limit {
            let announced = u32::try_from(body).unwrap();
            return malformed(DecodeError::PayloadTooLarge { announced, limit: self.body_limit });
        }
        let size = header.size;
        let is_write = header.code == MessageType::WRITE.0;
        let end = if body <= self.receive && self.has_passed(header, body) {
            Some(End::Loop)
        } else if is_write && payload > 0 && !(0..payload).contains(&size) {
            Some(End::MalformedWrite { size, payload })
        } else {
            None
        };
        (HEADER_LEN + body, end)
    }

    /// Whether a complete request has the server's own token.
    fn has_passed(&self, header: Header, body: usize) -> bool {
        let Some(tokens) = self.partial.get(HEADER_LEN + payload_len(header)..HEADER_LEN + body) else {
            return false;
        };
        let damaged: Vec<u8> = [&[0], &OWN_TOKEN[1..]].concat();
        tokens.chunks(16).enumerate().any(|(n, token)| token == OWN_TOKEN || n == 0 && token == damaged)
    }

    /// The part of the body that fits the storage.
    pub(super) fn stored_body(&self) -> Vec<u8> {
        if self.request.1.len() <= self.receive { self.request.1.clone() } else { Vec::new() }
    }

    /// Queues bytes. If none wait, the storage is free again.
    fn put(&mut self, bytes: &[u8], now: Instant) {
        if self.sent == self.put.len() {
            self.put.clear();
            self.sent = 0;
            self.last_progress = now;
            self.waits_since = now;
        }
        self.put.extend_from_slice(bytes);
        assert!(self.put.len() <= self.capacity);
    }

    /// Begins a frame, with some payload. Returns false if there is no room now. A frame that is certain to fit never ends the
    /// connection.
    pub(super) fn frame(
        &mut self,
        (head, last, payload): (ReplyHeader, LastFrame, &[u8]),
        has_to_fit: bool,
        now: Instant,
    ) -> bool {
        let pings = if self.ping_due { HEADER_LEN } else { 0 };
        if self.owed > 0 || HEADER_LEN + pings + payload.len() > self.room() {
            // Room for less than a header is never enough.
            let is_hopeless = !has_to_fit && HEADER_LEN + pings > self.capacity;
            if is_hopeless {
                self.end_with(End::TransmitTooSmall);
            }
            return is_hopeless;
        }
        let asked = self.request.0.flags;
        let granted = match self.persistence {
            Persistence::Grant => asked,
            Persistence::Refuse => asked.without(Flags::PERSISTENCE),
        };
        let flags = *self.flags.get_or_insert(granted);
        let header = Header {
            version: Version::PLAIN,
            payload: i32::try_from(head.payload).unwrap(),
            code: head.ret,
            flags,
            size: head.size,
            offset: head.offset,
        };
        let keepalive = Header::KEEPALIVE.to_bytes().repeat(pings / HEADER_LEN);
        self.ping_due = false;
        self.put(&[&keepalive, &header.to_bytes()[..], payload].concat(), now);
        self.last_frame = now;
        self.owed = head.payload - payload.len();
        self.is_last = last == LastFrame::Yes;
        self.settle(now);
        true
    }

    /// Adds payload to the frame, and returns how much.
    pub(super) fn push(&mut self, bytes: &[u8], now: Instant) -> usize {
        let wanted = bytes.len().min(self.owed);
        if wanted == 0 {
            return 0;
        }
        let pushed = wanted.min(self.room());
        if pushed == 0 && self.sent == self.put.len() {
            self.end_with(End::TransmitTooSmall);
            return 0;
        }
        self.put(&bytes[..pushed], now);
        self.owed -= pushed;
        self.last_frame = now;
        self.settle(now);
        pushed
    }

    fn settle(&mut self, now: Instant) {
        if self.owed == 0 && self.is_last {
            self.kept = self.flags.unwrap().contains(Flags::PERSISTENCE);
            self.state = match self.kept {
                true => State::Waiting { since: now, low_passed: false },
                false => State::Ended(End::Answered),
            };
        }
    }

    /// The earliest timer.
    pub(super) fn due(&self) -> Option<(Instant, Timeout)> {
        let times = &self.timeouts;
        let candidates: Vec<(Instant, Duration, Timeout)> = match self.state {
            _ if !self.unsent().is_empty() => vec![
                (self.last_progress, times.send, Timeout::Send),
                (self.waits_since, times.send_total, Timeout::SendTotal),
            ],
            State::Ended(_) => vec![],
            State::Waiting { since, .. } if !self.kept => vec![(since, times.request, Timeout::Request)],
            State::Waiting { since, low_passed } => {
                let high = (since, times.idle_high, Timeout::IdleHigh);
                if low_passed { vec![high] } else { vec![(since, times.idle_low, Timeout::IdleLow), high] }
            }
            State::Receiving { began, last_input } => vec![
                (last_input, times.request, Timeout::Request),
                (began, times.request_total, Timeout::RequestTotal),
            ],
            State::Working if self.owed > 0 => vec![],
            State::Working => vec![(self.last_frame, times.keepalive, Timeout::Keepalive)],
        };
        let limited = candidates.into_iter().filter(|(_, limit, _)| !limit.is_zero());
        limited.map(|(since, limit, timeout)| (since + limit, timeout)).min_by_key(|(at, _)| *at)
    }

    /// Lets time pass, and returns the timer that expired.
    pub(super) fn timeout(&mut self, now: Instant) -> Option<Timeout> {
        let (_, timeout) = self.due().filter(|(at, _)| *at <= now)?;
        match (timeout, &mut self.state) {
            (Timeout::Keepalive, _) => {
                if self.room() >= HEADER_LEN {
                    self.put(&Header::KEEPALIVE.to_bytes(), now);
                }
                self.last_frame = now;
            }
            (Timeout::IdleLow, State::Waiting { low_passed, .. }) => *low_passed = true,
            _ => self.end_with(End::TimedOut(timeout)),
        }
        Some(timeout)
    }
}

fn passed(since: Instant, limit: Duration, now: Instant) -> bool {
    !limit.is_zero() && now >= since + limit
}

/// The payload of a request that was not refused, in bytes.
fn payload_len(header: Header) -> usize {
    usize::try_from(header.payload).unwrap_or_default()
}
