//! A client connection with any sequence of actions of a driver, a server and the clock.

use std::collections::VecDeque;

use owproto_core::client::{
    Connection, ConnectionError, Event, RequestId, Resend, SendError, Step, Timeouts,
};
use owproto_core::time::{Duration, Instant};
use owproto_core::wire::{Flags, HEADER_LEN, Header, MessageType};
use owproto_core::{DecodeError, Request};

use crate::Input;

const DEPTH: usize = 3;
const TRANSMIT: usize = 100;
const RECEIVE: usize = 40;

type Client = Connection<[u8; TRANSMIT], [u8; RECEIVE], DEPTH>;

/// Operations: one byte of input, followed by arguments.
pub(crate) mod op {
    /// Message type, flags (one byte: persistence), length of the path, the path.
    pub(crate) const REQUEST: u8 = 0;
    /// The most bytes that are sent.
    pub(crate) const TRANSMITTED: u8 = 1;
    /// Length in two bytes, then bytes from the server.
    pub(crate) const INPUT: u8 = 2;
    /// Return code, persistence, length of a reply.
    pub(crate) const REPLY: u8 = 3;
    /// A keepalive.
    pub(crate) const KEEPALIVE: u8 = 4;
    /// Milliseconds in two bytes.
    pub(crate) const ADVANCE: u8 = 5;
    pub(crate) const TIMEOUT: u8 = 6;
    pub(crate) const EOF: u8 = 7;
    pub(crate) const TRANSPORT_ERROR: u8 = 8;
    pub(crate) const LOST: u8 = 9;
    pub(crate) const RESET: u8 = 10;
    /// The inactivity and the total timeout, in units of 100 ms.
    pub(crate) const TIMEOUTS: u8 = 11;
    pub(crate) const COUNT: u8 = 12;
}

/// Two connections, one with whole input and one with single bytes, and a model of both.
struct World {
    whole: Client,
    bytes: Client,
    now: Instant,
    pending: VecDeque<Pending>,
    /// All bytes to be sent since the last reset, and how many of them were sent.
    outgoing: Vec<u8>,
    sent: usize,
    timeouts: Timeouts,
    last_activity: Instant,
    /// Bytes received for an incomplete answer, and the events from them so far.
    stream: Vec<u8>,
    answer: Answer,
    error: Option<ConnectionError>,
    /// The two connections differ for a reason that is allowed.
    is_over: bool,
}

struct Pending {
    id: RequestId,
    message_type: MessageType,
    ends_at: usize,
    is_idempotent: bool,
    deadline: Option<Instant>,
}

/// The events of an answer: those before the reply, and the reply.
#[derive(PartialEq, Eq, Debug, Default)]
struct Answer {
    keepalives: usize,
    entries: Vec<Vec<u8>>,
    last: (Header, Vec<u8>),
}

#[derive(PartialEq, Eq, Debug)]
enum Seen {
    Keepalive,
    Entry(RequestId, Vec<u8>),
    Reply(RequestId, Header, Vec<u8>),
}

/// Input: operations, see [`op`].
pub fn check(data: &[u8]) {
    let client = || Client::new([0xa5; TRANSMIT], [0xa5; RECEIVE]).with_list_limit(100_000);
    let mut world = World {
        whole: client(),
        bytes: client(),
        now: Instant::from_millis(1),
        pending: VecDeque::new(),
        outgoing: Vec::new(),
        sent: 0,
        timeouts: Timeouts::DEFAULT,
        last_activity: Instant::ZERO,
        stream: Vec::new(),
        answer: Answer::default(),
        error: None,
        is_over: false,
    };
    let mut input = Input(data);
    while !input.0.is_empty() {
        world.operate(&mut input);
        if world.is_over {
            break;
        }
        world.invariants();
    }
}

impl World {
    fn operate(&mut self, input: &mut Input<'_>) {
        match input.byte() % op::COUNT {
            op::REQUEST => {
                let message_type = MessageType(i32::from(input.byte()));
                let flags = if input.byte() & 1 == 0 { Flags::PERSISTENCE } else { Flags::NONE };
                let len = usize::from(input.byte());
                let request = Request::raw(message_type, input.take(len)).unwrap().with_flags(flags);
                self.request(&request);
            }
            op::TRANSMITTED => {
                let n = usize::from(input.byte());
                let taken = n.min(self.whole.poll_transmit().len());
                self.sent += taken;
                if taken > 0 {
                    self.last_activity = self.now;
                }
                // More than was waiting counts as all.
                self.whole.handle_transmitted(n.min(taken), self.now);
                self.bytes.handle_transmitted(n.min(taken), self.now);
            }
            op::INPUT => {
                let len = input.word();
                self.input(input.take(len));
            }
            op::REPLY => {
                let code = i32::from(input.byte().cast_signed());
                let flags = if input.byte() & 1 == 0 { Flags::PERSISTENCE } else { Flags::NONE };
                let len = usize::from(input.byte());
                let payload = input.take(len);
                let len = i32::try_from(payload.len()).unwrap();
                let header = Header { payload: len, code, flags, size: len, ..Header::default() };
                self.input(&[&header.to_bytes()[..], payload].concat());
            }
            op::KEEPALIVE => self.input(&Header::KEEPALIVE.to_bytes()),
            op::ADVANCE => {
                self.now += Duration::from_millis(u64::try_from(input.word()).unwrap());
            }
            op::TIMEOUT => self.timeout(),
            op::EOF => {
                let result = self.whole.handle_eof();
                assert_eq!(self.bytes.handle_eof(), result);
                match result {
                    Ok(()) => assert!(self.pending.is_empty() && self.whole.step() == Step::Close),
                    Err(error) => self.failed(error),
                }
            }
            op::TRANSPORT_ERROR => {
                let error = self.whole.handle_transport_error();
                assert_eq!(self.bytes.handle_transport_error(), error);
                self.failed(error);
            }
            op::LOST => self.lost(),
            op::RESET => {
                self.whole.reset();
                self.bytes.reset();
                self.pending.clear();
                self.outgoing.clear();
                self.stream.clear();
                self.answer = Answer::default();
                (self.sent, self.error) = (0, None);
            }
            op::TIMEOUTS => {
                let mut tenths = || Duration::from_millis(u64::from(input.byte()) * 100);
                self.timeouts = Timeouts::NONE.with_inactivity(tenths()).with_total(tenths());
                self.whole.set_timeouts(self.timeouts);
                self.bytes.set_timeouts(self.timeouts);
            }
            _ => unreachable!(),
        }
    }

    fn request(&mut self, request: &Request<'_>) {
        let room = self.whole.room();
        let waiting = self.whole.poll_transmit().len();
        let result = self.whole.request(request, self.now);
        assert_eq!(self.bytes.request(request, self.now), result);
        match result {
            Ok(id) => {
                assert!(room > 0 && self.error.is_none());
                if self.pending.is_empty() {
                    self.last_activity = self.now;
                }
                let mut encoded = vec![0; request.encoded_len()];
                self.outgoing.extend_from_slice(request.encode(&mut encoded).unwrap());
                let total = self.timeouts.total;
                self.pending.push_back(Pending {
                    id,
                    message_type: request.message_type(),
                    ends_at: self.outgoing.len(),
                    is_idempotent: request.message_type().is_idempotent(),
                    deadline: if total.is_zero() { None } else { Some(self.now + total) },
                });
            }
            Err(SendError::BufferFull { needed, available }) => {
                assert!(room > 0 && needed == request.encoded_len() && needed > available);
                // With nothing waiting, all of the buffer is free.
                assert!(waiting > 0 || available == TRANSMIT);
            }
            Err(SendError::TooManyInFlight) => assert!(room == 0 && !self.pending.is_empty()),
            Err(SendError::ConnectionEnded) => {
                assert_eq!((room, self.whole.step()), (0, Step::Close));
            }
            Err(error) => panic!("{error}"),
        }
    }

    fn input(&mut self, bytes: &[u8]) {
        let was_expected = !self.pending.is_empty() && self.error.is_none();
        let (seen, error) = take(&mut self.whole, bytes.chunks(usize::MAX), self.now);
        let (seen_by_byte, error_by_byte) = take(&mut self.bytes, bytes.chunks(1), self.now);
        if let Some(ConnectionError::Decode(DecodeError::EntryTooLong { .. })) = error_by_byte
            && (&seen, error) != (&seen_by_byte, error_by_byte)
        {
            // The only thing that may depend on how input is cut: an entry entirely in the input needs no storage.
            assert!(seen.starts_with(&seen_by_byte));
            self.is_over = true;
            return;
        }
        assert_eq!((&seen_by_byte, error_by_byte), (&seen, error));
        if was_expected && !bytes.is_empty() {
            self.last_activity = self.now;
            self.stream.extend_from_slice(bytes);
        }
        for seen in seen {
            let oldest = self.pending.front().expect("an event without a request");
            match seen {
                Seen::Keepalive => self.answer.keepalives += 1,
                Seen::Entry(id, entry) => {
                    assert_eq!(id, oldest.id);
                    self.answer.entries.push(entry);
                }
                Seen::Reply(id, header, payload) => {
                    assert_eq!(id, oldest.id);
                    assert!(oldest.ends_at <= self.sent, "an answer before its request was sent");
                    let mut answer = std::mem::take(&mut self.answer);
                    answer.last = (header, payload);
                    assert_eq!(answer, Answer::from_front(&mut self.stream, oldest.message_type));
                    assert!(
                        oldest.deadline.is_none_or(|deadline| self.now < deadline),
                        "an event after the deadline"
                    );
                    self.pending.pop_front();
                }
            }
        }
        if let Some(error) = error {
            self.failed(error);
        }
    }

    fn timeout(&mut self) {
        let due = self.whole.poll_timeout();
        let result = self.whole.handle_timeout(self.now);
        assert_eq!(self.bytes.handle_timeout(self.now), result);
        match (result, due, self.error) {
            (Ok(()), due, None) => assert!(due.is_none_or(|(at, _)| self.now < at), "overrun"),
            (Err(error), Some((at, timeout)), None) => {
                assert!(self.now >= at);
                assert_eq!(error, ConnectionError::TimedOut(timeout));
                self.failed(error);
            }
            (Err(error), None, Some(before)) => assert_eq!(error, before),
            (result, due, before) => panic!("{result:?}, {due:?}, {before:?}"),
        }
    }

    fn lost(&mut self) {
        let lost = self.whole.poll_lost();
        assert_eq!(self.bytes.poll_lost(), lost);
        let Some(error) = self.error else { return assert_eq!(lost, None) };
        let expected = self.pending.pop_front();
        assert_eq!(lost.map(|lost| lost.id), expected.as_ref().map(|pending| pending.id));
        if let (Some(lost), Some(pending)) = (lost, expected) {
            let is_unsent = pending.ends_at > self.sent;
            let was_not_read = error == ConnectionError::PersistenceWithdrawn;
            let is_safe = pending.is_idempotent || is_unsent || was_not_read;
            assert_eq!(lost.resend == Resend::Safe, is_safe);
        }
    }

    fn failed(&mut self, error: ConnectionError) {
        assert_eq!(*self.error.get_or_insert(error), error, "the error changed");
    }

    /// Checks what must hold after every operation.
    fn invariants(&mut self) {
        for client in [&self.whole, &self.bytes] {
            assert_eq!(client.error(), self.error);
            assert_eq!(client.in_flight(), self.pending.len());
            assert!(client.in_flight() <= DEPTH && client.room() <= DEPTH - client.in_flight());
        }
        assert_eq!(self.whole.step(), self.bytes.step());
        assert_eq!(self.whole.room(), self.bytes.room());
        assert_eq!(self.whole.poll_timeout(), self.bytes.poll_timeout());
        match self.whole.step() {
            Step::Close => {
                assert!(self.whole.poll_transmit().is_empty() && self.whole.poll_timeout().is_none());
                assert_eq!(self.whole.room(), 0);
                return;
            }
            Step::Idle => assert!(self.pending.is_empty() && [1, DEPTH].contains(&self.whole.room())),
            Step::Write => assert!(!self.whole.poll_transmit().is_empty()),
            Step::Read => assert!(!self.pending.is_empty()),
        }
        assert!(self.error.is_none());
        assert_eq!(self.whole.poll_transmit(), &self.outgoing[self.sent..]);
        // The earlier of the two deadlines; none without a request.
        let inactivity = self.timeouts.inactivity;
        let silent = (!inactivity.is_zero()).then(|| self.last_activity + inactivity);
        let total = self.pending.iter().filter_map(|pending| pending.deadline).min();
        let expected = if self.pending.is_empty() { None } else { silent.into_iter().chain(total).min() };
        assert_eq!(self.whole.poll_timeout().map(|(at, _)| at), expected);
    }
}

impl Answer {
    /// The first whole answer in a stream, decoded as simply as possible.
    fn from_front(stream: &mut Vec<u8>, message_type: MessageType) -> Self {
        let mut answer = Self::default();
        loop {
            let header = Header::from_bytes(stream.first_chunk().unwrap());
            stream.drain(..HEADER_LEN);
            let Ok(len) = usize::try_from(header.payload) else {
                answer.keepalives += 1;
                continue;
            };
            let mut payload: Vec<u8> = stream.drain(..len).collect();
            let is_list = matches!(message_type, MessageType::DIRALL | MessageType::DIRALLSLASH);
            if message_type == MessageType::DIR && header.code >= 0 && len > 0 {
                payload = payload.split(|&byte| byte == 0).next().unwrap().to_vec();
                answer.entries.extend(Some(payload).filter(|entry| !entry.is_empty()));
                continue;
            }
            if is_list {
                let list = std::mem::take(&mut payload);
                let entries = if header.code < 0 { Vec::new() } else { crate::text::split_list(&list) };
                answer.entries.extend(entries);
            }
            answer.last = (header, payload);
            return answer;
        }
    }
}

/// All events of some input, with the entries one by one, and the error that ended them.
fn take<'a>(
    client: &mut Client,
    pieces: impl Iterator<Item = &'a [u8]>,
    now: Instant,
) -> (Vec<Seen>, Option<ConnectionError>) {
    let mut seen = Vec::new();
    for mut piece in pieces {
        loop {
            match client.handle_input(&mut piece, now) {
                Ok(Event::NeedMore(n)) => {
                    assert!(piece.is_empty() && n > 0);
                    break;
                }
                Ok(Event::Keepalive) => seen.push(Seen::Keepalive),
                Ok(Event::Entries(id, entries)) => {
                    seen.extend(entries.map(|entry| Seen::Entry(id, entry.to_vec())));
                }
                Ok(Event::Reply(id, reply)) => {
                    seen.push(Seen::Reply(id, reply.header(), reply.payload().to_vec()));
                }
                Err(error) => {
                    let mut more = &b"more"[..];
                    assert_eq!(client.handle_input(&mut more, now).err(), Some(error));
                    assert_eq!(more.len(), 4, "input was used after an error");
                    return (seen, Some(error));
                }
            }
        }
    }
    (seen, None)
}
