//! The client connection compared with a model, against a correct server and against one that sends anything.

use std::collections::VecDeque;

use owproto_core::client::{
    Connection, ConnectionError, Event, RequestId, Resend, SendError, Step, Timeout, Timeouts,
};
use owproto_core::time::{Duration, Instant};
use owproto_core::wire::{Flags, HEADER_LEN, Header, MessageType};
use owproto_core::{Request, RequestEvent, RequestParser};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::generate::{cases, cuts, frame, message_type, pieces, reply_frame, stream};

const DEPTH: usize = 3;
const TRANSMIT: usize = 120;

type Client = Connection<[u8; TRANSMIT], [u8; 64], DEPTH>;

#[derive(Clone, Debug)]
enum Op {
    Request {
        message_type: MessageType,
        persistent: bool,
        total: u64,
    },
    Transmit(usize),
    Answer(Answer),
    Deliver(usize),
    /// A request and its whole answer, after the requests in flight.
    Exchange(MessageType, Answer),
    Advance(u64),
    Timer,
    Eof,
    TransportError,
    Lost,
    Reset,
}

#[derive(Clone, Copy, Debug)]
struct Answer {
    keepalives: usize,
    entries: usize,
    grants: bool,
    ret: i32,
}

fn op() -> impl Strategy<Value = Op> {
    let answer = (0..3_usize, 0..4_usize, prop::bool::weighted(0.9), prop_oneof![3 => Just(0), 1 => -90..0]);
    let exchange =
        (message_type(), answer.clone()).prop_map(|(message_type, (keepalives, entries, grants, ret))| {
            Op::Exchange(message_type, Answer { keepalives, entries, grants, ret })
        });
    prop_oneof![
        5 => exchange,
        8 => (message_type(), prop::bool::weighted(0.9), prop_oneof![2 => Just(0), 1 => 1..5000_u64])
            .prop_map(|(message_type, persistent, total)| Op::Request { message_type, persistent, total }),
        8 => prop_oneof![2 => Just(usize::MAX), 1 => 0..40_usize].prop_map(Op::Transmit),
        8 => answer.prop_map(|(keepalives, entries, grants, ret)| {
            Op::Answer(Answer { keepalives, entries, grants, ret })
        }),
        8 => prop_oneof![2 => Just(usize::MAX), 1 => 0..40_usize].prop_map(Op::Deliver),
        4 => prop_oneof![3 => 0..300_u64, 1 => 0..3000_u64].prop_map(Op::Advance),
        2 => Just(Op::Timer),
        1 => prop_oneof![Just(Op::Eof), Just(Op::TransportError), Just(Op::Lost), Just(Op::Reset)],
    ]
}

/// A request in flight.
#[derive(Clone, Debug)]
struct Pending {
    id: RequestId,
    tag: u32,
    message_type: MessageType,
    persistent: bool,
    deadline: u64,
    /// Bytes of the connection up to the end of this request.
    ends_at: usize,
}

/// The expected state of the connection.
struct Model {
    client: Client,
    now: u64,
    pending: VecDeque<Pending>,
    next_tag: u32,
    queued: usize,
    sent: usize,
    last_activity: u64,
    persistent: bool,
    answer_started: bool,
    ended: bool,
    failed: Option<ConnectionError>,
    server: Server,
}

/// A server that answers every request with the name in its path.
struct Server {
    parser: RequestParser<[u8; 256]>,
    waiting: VecDeque<(u32, MessageType, bool)>,
    output: Vec<u8>,
    closed: bool,
}

const INACTIVITY: u64 = 1000;

impl Server {
    fn new() -> Self {
        Self {
            parser: RequestParser::new([0xa5; 256]),
            waiting: VecDeque::new(),
            output: Vec::new(),
            closed: false,
        }
    }

    fn receive(&mut self, bytes: &[u8]) {
        let mut input = bytes;
        while let RequestEvent::Request(frame) = self.parser.parse(&mut input).unwrap() {
            let tag = std::str::from_utf8(&frame.path().unwrap()[1..]).unwrap().parse().unwrap();
            let persistent = frame.header.flags.contains(Flags::PERSISTENCE);
            self.waiting.push_back((tag, frame.message_type(), persistent));
        }
    }

    fn answer(&mut self, how: Answer) {
        let Some((tag, message_type, persistent)) = self.waiting.pop_front().filter(|_| !self.closed) else {
            return;
        };
        let keeps = persistent && how.grants;
        self.closed = !keeps;
        let flags = if keeps { Flags::PERSISTENCE } else { Flags::NONE };
        let head = Header { code: how.ret, flags, ..Header::default() };
        let keepalives = Header::KEEPALIVE.to_bytes().repeat(how.keepalives);
        self.output.extend(&keepalives);
        let entry = |n: usize| format!("/{tag}/{n}");
        match message_type {
            MessageType::DIR => {
                for n in 0..how.entries {
                    let path = format!("{}\0", entry(n));
                    self.output.extend(frame(Header { code: 0, ..head }, path.as_bytes()));
                    self.output.extend(&keepalives);
                }
                self.output.extend(frame(head, b""));
            }
            MessageType::DIRALL | MessageType::DIRALLSLASH if how.ret == 0 && how.entries == 0 => {
                self.output.extend(frame(head, b""));
            }
            MessageType::DIRALL | MessageType::DIRALLSLASH if how.ret == 0 => {
                let list: Vec<String> = (0..how.entries).map(entry).collect();
                self.output.extend(frame(head, format!("{}\0", list.join(",")).as_bytes()));
            }
            _ => self.output.extend(frame(head, tag.to_string().as_bytes())),
        }
    }
}

impl Model {
    fn new() -> Self {
        let timeouts = Timeouts::NONE.with_inactivity(Duration::from_micros(INACTIVITY));
        Self {
            client: Connection::new([0xa5; TRANSMIT], [0xa5; 64]).with_timeouts(timeouts),
            now: 0,
            pending: VecDeque::new(),
            next_tag: 0,
            queued: 0,
            sent: 0,
            last_activity: 0,
            persistent: false,
            answer_started: false,
            ended: false,
            failed: None,
            server: Server::new(),
        }
    }

    fn at(&self) -> Instant {
        Instant::from_micros(self.now)
    }

    fn earliest_deadline(&self) -> u64 {
        self.pending.iter().map(|pending| pending.deadline).min().unwrap_or(u64::MAX)
    }

    fn is_open(&self) -> bool {
        self.failed.is_none() && !self.ended
    }

    fn timeout(&self) -> Option<(Instant, Timeout)> {
        if !self.is_open() || self.pending.is_empty() {
            return None;
        }
        let silent = self.last_activity + INACTIVITY;
        let total = self.earliest_deadline();
        Some(match silent < total {
            true => (Instant::from_micros(silent), Timeout::Inactivity),
            false => (Instant::from_micros(total), Timeout::Total),
        })
    }

    fn room(&self) -> usize {
        match self.pending.back() {
            _ if !self.is_open() => 0,
            None if self.persistent => DEPTH,
            None => 1,
            Some(newest) if self.persistent && newest.persistent => DEPTH - self.pending.len(),
            Some(_) => 0,
        }
    }

    fn run(&mut self, op: &Op) {
        match *op {
            Op::Request { message_type, persistent, total } => self.request(message_type, persistent, total),
            Op::Transmit(most) => {
                let bytes = self.client.poll_transmit();
                let n = bytes.len().min(most);
                self.server.receive(&bytes[..n]);
                self.client.handle_transmitted(n, Instant::from_micros(self.now));
                self.sent += n;
                if n > 0 {
                    self.last_activity = self.now;
                }
            }
            Op::Answer(how) => self.server.answer(how),
            Op::Deliver(most) => {
                let n = self.server.output.len().min(most);
                let bytes: Vec<u8> = self.server.output.drain(..n).collect();
                self.deliver(&bytes);
            }
            Op::Exchange(message_type, how) => {
                for op in [
                    Op::Request { message_type, persistent: true, total: 0 },
                    Op::Transmit(usize::MAX),
                    Op::Answer(Answer { grants: true, ..how }),
                    Op::Answer(how),
                    Op::Deliver(usize::MAX),
                ] {
                    self.run(&op);
                    self.check();
                }
            }
            Op::Advance(micros) => self.now += micros,
            Op::Timer => {
                let expected = match (self.failed, self.timeout()) {
                    (Some(error), _) => Err(error),
                    (None, Some((at, which))) if self.at() >= at => Err(ConnectionError::TimedOut(which)),
                    _ => Ok(()),
                };
                assert_eq!(self.client.handle_timeout(self.at()), expected);
                self.failed = expected.err();
            }
            Op::Eof => {
                if self.failed.is_none() && self.pending.is_empty() {
                    assert_eq!(self.client.handle_eof(), Ok(()));
                    self.ended = true;
                } else {
                    let error = self.transport_error();
                    assert_eq!(self.client.handle_eof(), Err(error));
                }
            }
            Op::TransportError => {
                let error = self.transport_error();
                assert_eq!(self.client.handle_transport_error(), error);
            }
            Op::Lost => self.lost(),
            Op::Reset => {
                self.client.reset();
                let (now, next_tag) = (self.now, self.next_tag);
                let client = self.client.clone();
                *self = Self { client, now, next_tag, ..Self::new() };
            }
        }
    }

    fn request(&mut self, message_type: MessageType, persistent: bool, total: u64) {
        let path = format!("/{}", self.next_tag);
        let request = match message_type {
            MessageType::DIR => Request::dir(&path),
            MessageType::DIRALL => Request::dirall(&path),
            MessageType::DIRALLSLASH => Request::dirallslash(&path),
            MessageType::WRITE => Request::write(&path, "x"),
            MessageType::GET => Request::get(&path),
            _ => Request::read(&path),
        };
        let flags = if persistent { Flags::PERSISTENCE } else { Flags::NONE };
        let request = request.unwrap().with_flags(flags);
        let room = self.room();
        assert_eq!(self.client.room(), room);
        match self.client.request_within(&request, Duration::from_micros(total), self.at()) {
            Err(SendError::ConnectionEnded) => assert!(!self.is_open()),
            Err(SendError::TooManyInFlight) => assert!(self.is_open() && room == 0),
            Err(SendError::BufferFull { needed, available }) => {
                assert!(room > 0 && needed == request.encoded_len() && available < needed);
                assert!(available + self.queued - self.sent <= TRANSMIT);
                assert!(self.sent < self.queued, "each request fits an empty buffer");
            }
            Err(error) => panic!("{error}"),
            Ok(id) => {
                assert!(room > 0);
                if self.pending.is_empty() {
                    self.last_activity = self.now;
                }
                self.queued += request.encoded_len();
                self.pending.push_back(Pending {
                    id,
                    tag: self.next_tag,
                    message_type: request.message_type(),
                    persistent,
                    deadline: if total == 0 { u64::MAX } else { self.now + total },
                    ends_at: self.queued,
                });
                self.next_tag += 1;
            }
        }
    }

    fn deliver(&mut self, bytes: &[u8]) {
        let now = self.at();
        let mut input = bytes;
        loop {
            let had = input.len();
            let in_flight = !self.pending.is_empty();
            let in_time = self.now < self.earliest_deadline();
            let event = match self.client.handle_input(&mut input, now) {
                Ok(event) => event,
                Err(error) => {
                    assert_eq!(input.len(), had, "a failed connection takes no input");
                    let expected = match self.failed {
                        Some(earlier) => earlier,
                        // The server is correct, so there is no other failure. Bytes that arrive after the connection was
                        // closed on this side belong to no request.
                        None if in_flight => ConnectionError::TimedOut(Timeout::Total),
                        None => ConnectionError::UnexpectedData,
                    };
                    assert_eq!(error, expected);
                    assert!(self.failed.is_some() || !in_flight || !in_time);
                    self.failed = Some(error);
                    return;
                }
            };
            assert_eq!(self.failed, None);
            if in_flight {
                assert!(in_time, "an event after the deadline: {event:?}");
                if had > 0 {
                    self.last_activity = self.now;
                    self.answer_started = true;
                }
            }
            match event {
                Event::NeedMore(n) => {
                    assert!(input.is_empty() && n > 0);
                    return;
                }
                Event::Keepalive => assert!(in_flight),
                Event::Entries(id, entries) => {
                    let oldest = self.pending.front().unwrap();
                    assert_eq!(id, oldest.id);
                    for entry in entries {
                        assert!(
                            entry.starts_with(format!("/{}/", oldest.tag).as_bytes()),
                            "an entry of another request"
                        );
                    }
                }
                Event::Reply(id, reply) => {
                    let oldest = self.pending.pop_front().unwrap();
                    assert_eq!(id, oldest.id);
                    let list = MessageType::DIRALL;
                    if [MessageType::DIR, list, MessageType::DIRALLSLASH].contains(&oldest.message_type) {
                        assert_eq!(reply.payload(), b"");
                    } else {
                        assert_eq!(
                            reply.payload(),
                            oldest.tag.to_string().as_bytes(),
                            "the answer to another request"
                        );
                    }
                    self.answer_started = false;
                    self.persistent = oldest.persistent && reply.is_persistent();
                    if !self.persistent && self.pending.is_empty() {
                        self.ended = true;
                    } else if !self.persistent {
                        self.failed = Some(ConnectionError::PersistenceWithdrawn);
                    }
                }
            }
        }
    }

    /// The error of a transport that fails now.
    fn transport_error(&mut self) -> ConnectionError {
        let error = match (self.failed, self.answer_started, self.persistent) {
            (Some(earlier), ..) => earlier,
            (None, true, _) => ConnectionError::Truncated,
            (None, false, true) => ConnectionError::Stale,
            (None, false, false) => ConnectionError::Closed,
        };
        self.failed = Some(error);
        error
    }

    fn lost(&mut self) {
        while let Some(lost) = self.client.poll_lost() {
            let failed = self.failed.expect("no request is lost while the connection works");
            let pending = self.pending.pop_front().expect("only requests in flight are lost");
            assert_eq!(lost.id, pending.id);
            let is_safe = pending.message_type != MessageType::WRITE
                || self.sent < pending.ends_at
                || failed == ConnectionError::PersistenceWithdrawn;
            assert_eq!(lost.resend, if is_safe { Resend::Safe } else { Resend::MayHappenTwice });
        }
        assert!(self.failed.is_none() || self.pending.is_empty());
    }

    fn check(&self) {
        let client = &self.client;
        assert_eq!(client.error(), self.failed);
        assert_eq!(client.poll_timeout(), self.timeout());
        assert_eq!(client.room(), self.room());
        assert_eq!(client.in_flight(), self.pending.len());
        assert_eq!(client.is_reusable(), self.is_open() && self.persistent && self.pending.is_empty());
        let expected = if !self.is_open() {
            Step::Close
        } else if self.sent < self.queued {
            Step::Write
        } else if self.pending.is_empty() {
            Step::Idle
        } else {
            Step::Read
        };
        assert_eq!(client.step(), expected);
        assert_eq!(!client.poll_transmit().is_empty(), expected == Step::Write);
    }
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn a_connection_behaves_like_its_model(ops in vec(op(), 0..150)) {
        let mut model = Model::new();
        model.check();
        let mut closed_for = 0;
        for op in &ops {
            model.run(op);
            model.check();
            // Some operations after its end it is reset, so that most operations act on a connection that works.
            closed_for = if model.is_open() { 0 } else { closed_for + 1 };
            if closed_for > 3 {
                model.run(&Op::Lost);
                model.check();
                model.run(&Op::Reset);
                model.check();
            }
        }
    }

    /// Any input at any time causes no panic, and a failure is final.
    #[test]
    fn any_input_leaves_the_connection_consistent(
        ops in vec(op(), 0..60),
        streams in vec(stream(reply_frame().boxed()), 1..6),
    ) {
        let mut client: Client = Connection::new([0xa5; TRANSMIT], [0xa5; 64]);
        let mut now = Instant::ZERO;
        for (op, bytes) in ops.iter().zip(streams.iter().cycle()) {
            let failed = client.error();
            match *op {
                Op::Request { message_type, persistent, total } => {
                    let flags = if persistent { Flags::PERSISTENCE } else { Flags::NONE };
                    let request = Request::raw(message_type, b"/a\0").unwrap().with_flags(flags);
                    let _ = client.request_within(&request, Duration::from_micros(total), now);
                }
                Op::Transmit(n) => client.handle_transmitted(n, now),
                Op::Answer(_) | Op::Deliver(_) | Op::Exchange(..) => {
                    if let Op::Exchange(message_type, _) = *op {
                        let request = Request::raw(message_type, b"/a\0").unwrap();
                        let _ = client.request(&request.with_flags(Flags::PERSISTENCE), now);
                        client.handle_transmitted(usize::MAX, now);
                    }
                    let mut input = &bytes[..];
                    let mut events = 0;
                    loop {
                        let had = input.len();
                        match client.handle_input(&mut input, now) {
                            Ok(Event::NeedMore(n)) => {
                                prop_assert!(input.is_empty() && n > 0);
                                break;
                            }
                            Ok(_) => {}
                            Err(error) => {
                                prop_assert_eq!(client.error(), Some(error));
                                break;
                            }
                        }
                        prop_assert!(input.len() <= had);
                        events += 1;
                        prop_assert!(events <= 2 * bytes.len() + 2, "events without end");
                    }
                }
                Op::Advance(micros) => now += Duration::from_micros(micros * 1000),
                Op::Timer => {
                    let _ = client.handle_timeout(now);
                }
                Op::Eof => {
                    let _ = client.handle_eof();
                }
                Op::TransportError => {
                    client.handle_transport_error();
                }
                Op::Lost => while client.poll_lost().is_some() {},
                Op::Reset => client.reset(),
            }
            match (failed, op) {
                (_, Op::Reset) => prop_assert_eq!(client.error(), None),
                (Some(error), _) => {
                    prop_assert_eq!(client.error(), Some(error));
                    prop_assert_eq!(client.step(), Step::Close);
                    prop_assert_eq!(client.poll_transmit(), b"");
                }
                _ => {}
            }
        }
    }

    /// Splitting answers, valid or damaged, to requests of all kinds does not change the events.
    #[test]
    fn splitting_input_does_not_change_the_events(
        types in vec((message_type(), prop::bool::weighted(0.9)), 1..8),
        bytes in stream(reply_frame().boxed()),
        cuts in cuts(),
        depth in 1..4_usize,
    ) {
        let whole = events(&types, &[&bytes], depth);
        prop_assert_eq!(&events(&types, &pieces(&bytes, &cuts), depth), &whole);
        let single: Vec<&[u8]> = bytes.chunks(1).chain([&b""[..]]).collect();
        prop_assert_eq!(&events(&types, &single, depth), &whole);
    }
}

/// Sends requests of all `types`, as early as allowed, and returns the events for `pieces`, entries one by one.
fn events(types: &[(MessageType, bool)], pieces: &[&[u8]], depth: usize) -> Vec<String> {
    // Large enough for each entry, because only entries that arrive in pieces need storage.
    let mut client = Connection::<_, _, 4>::new([0xa5; 512], [0xa5; 4096]);
    let mut types = types.iter();
    let mut send_requests = |client: &mut Connection<_, _, 4>| {
        while client.in_flight() < depth && client.room() > 0 {
            let Some(&(message_type, persistent)) = types.next() else { break };
            let flags = if persistent { Flags::PERSISTENCE } else { Flags::NONE };
            let request = Request::raw(message_type, b"/a\0").unwrap().with_flags(flags);
            client.request(&request, Instant::ZERO).unwrap();
            client.handle_transmitted(usize::MAX, Instant::ZERO);
        }
    };
    send_requests(&mut client);
    let mut seen = Vec::new();
    let mut missing = HEADER_LEN;
    for &piece in pieces {
        let mut input = piece;
        loop {
            match client.handle_input(&mut input, Instant::ZERO) {
                Ok(Event::NeedMore(n)) => {
                    missing = n;
                    break;
                }
                Ok(Event::Keepalive) => seen.push("keepalive".to_owned()),
                Ok(Event::Entries(id, entries)) => {
                    seen.extend(entries.map(|entry| format!("{id:?} {entry:?}")));
                }
                Ok(Event::Reply(id, reply)) => {
                    seen.push(format!("{id:?} {reply:?}"));
                    send_requests(&mut client);
                }
                Err(error) => {
                    seen.push(format!("{error:?}"));
                    return seen;
                }
            }
        }
    }
    seen.push(format!("{missing} missing"));
    seen
}
