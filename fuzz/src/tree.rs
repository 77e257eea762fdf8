//! Requests to a tree, whatever its bus does.
//!
//! With a bus that keeps its contract, an answer depends neither on the speed of the bus nor on the size of the transmit
//! buffer, and all listings of a directory agree. With one that breaks it, there is still an answer, or the connection ends.

mod answers;
mod bus;

use std::task::{Context, Waker};

use owproto_core::server::{Connection, End, Event, Step, Timeouts};
use owproto_core::text::RomId;
use owproto_core::time::{Duration, Instant};
use owproto_core::tree::{AliasTable, Aliases, Job, Permission, Support, Tree};
use owproto_core::wire::{Flags, HEADER_LEN, Header, MessageType};
use owproto_core::{ReplyEvent, ReplyParser};

use crate::Input;
use crate::frames::Fixed;
use bus::{Manner, Scripted};
pub(crate) use owproto_tests::path_words::WORDS;

/// The families of the devices, with properties of all kinds.
const FAMILIES: [u8; 12] = [0x10, 0x28, 0x29, 0x2d, 0x21, 0x1f, 0xdd, 0x99, 0x05, 0x26, 0x20, 0x24];

/// A request.
#[derive(Clone, Debug)]
struct Asked {
    message_type: MessageType,
    flags: Flags,
    size: i32,
    offset: i32,
    path: Vec<u8>,
    data: Vec<u8>,
    /// After this number of pieces of the answer the client disconnects.
    patience: usize,
}

/// The answer: frames without keepalives, and why the connection ended, if it did.
#[derive(PartialEq, Eq, Debug)]
struct Answered {
    frames: Vec<(Header, Vec<u8>)>,
    end: Option<End>,
}

/// Input: the families, the size of the transmit buffer, a byte of switches, the length of the bus's script in two bytes, the
/// script, the requests (see [`Asked::from_input`]).
pub fn check(data: &[u8]) {
    let mut input = Input(data);
    let mask = input.word();
    let families: Vec<u8> = (0..12).filter(|n| mask >> n & 1 == 1).map(|n| FAMILIES[n]).collect();
    let room = 2 * HEADER_LEN + usize::from(input.byte());
    let switches = input.byte();
    let len = input.word();
    let script = input.take(len);
    let mut requests = Vec::new();
    while !input.0.is_empty() {
        requests.push(Asked::from_input(&mut input));
    }
    let server = |manner, room| Server::new(Scripted::new(&families, manner, script), switches, room);
    if switches & 1 == 0 {
        let mut slow = server(Manner::Slow, room);
        let mut prompt = server(Manner::Prompt, 1 << 16);
        for asked in &requests {
            let answered = slow.ask(asked);
            if asked.patience < usize::MAX {
                // How much of a request is carried out after its client disconnected depends on the pieces.
                slow.tree.statistics = prompt.tree.statistics;
                continue;
            }
            assert_eq!(answered, prompt.ask(asked), "{asked:?}");
            answers::check(asked, &answered, room);
            assert!(answered.end != Some(End::AnswerAborted), "{asked:?}");
            answers::listings_agree(asked, &mut prompt);
            // Statistics count these as well.
            slow.tree.statistics = prompt.tree.statistics;
        }
    } else {
        let mut wild = server(Manner::Wild, room);
        for asked in &requests {
            let answered = wild.ask(asked);
            answers::check(asked, &answered, room);
        }
    }
}

impl Asked {
    /// Message type, flags (four bytes), size, offset, patience; then the path: a byte below 8 is a number of parts, which
    /// follow as numbers of words; a byte above 7 is the length of the path, which follows; then the length of the data, and
    /// the data.
    fn from_input(input: &mut Input<'_>) -> Self {
        let message_type = MessageType(i32::from(input.byte() % 12));
        let flags = Flags(input.long());
        let size = match input.byte() {
            255 => 65_536,
            254 => -1,
            size => i32::from(size),
        };
        let offset = i32::from(input.byte().cast_signed());
        // The answer to a WRITE is short, and whether it is carried out must not depend on the client's patience.
        let patience = match input.byte() {
            pieces @ 0..16 if message_type != MessageType::WRITE => pieces.into(),
            _ => usize::MAX,
        };
        let path = match input.byte() {
            parts @ 0..8 => {
                let mut part = || WORDS[usize::from(input.byte()) % WORDS.len()];
                let parts: Vec<&str> = (0..parts).map(|_| part()).collect();
                format!("/{}", parts.join("/")).into_bytes()
            }
            len => input.take(len.into()).iter().copied().filter(|&byte| byte != 0).collect(),
        };
        let len = usize::from(input.byte());
        let data = input.take(len).to_vec();
        Self { message_type, flags, size, offset, path, data, patience }
    }

    fn bytes(&self) -> Vec<u8> {
        let is_write = self.message_type == MessageType::WRITE;
        let data = if is_write { &self.data[..] } else { &[] };
        let payload = [&self.path, &b"\0"[..], data].concat();
        let header = Header {
            payload: i32::try_from(payload.len()).unwrap(),
            code: self.message_type.0,
            flags: self.flags,
            size: if is_write { i32::try_from(data.len()).unwrap() } else { self.size },
            offset: self.offset,
            ..Header::default()
        };
        [&header.to_bytes()[..], &payload].concat()
    }

    fn with_type(&self, message_type: MessageType) -> Self {
        Self { message_type, patience: usize::MAX, ..self.clone() }
    }
}

struct Server<'s> {
    tree: Tree<Scripted<'s>, AliasTable<3>>,
    connection: Connection<Fixed, Fixed>,
    job: Job,
    now: Instant,
}

impl<'s> Server<'s> {
    fn new(bus: Scripted<'s>, switches: u8, room: usize) -> Self {
        let support = |bit: u8| if switches & bit == 0 { Support::Full } else { Support::Refused };
        let permission = if switches & 8 == 0 { Permission::ReadWrite } else { Permission::ReadOnly };
        let mut aliases = AliasTable::new();
        if switches & 16 != 0 {
            aliases.set(RomId::new(0x10, [0, 0, 0x10, 0xef, 0, 0]), b"kitchen").unwrap();
        }
        // Another target checks the send timeouts.
        let timeouts = Timeouts::DEFAULT.with_send(Duration::ZERO).with_send_total(Duration::ZERO);
        Self {
            tree: Tree::new(bus)
                .with_aliases(aliases)
                .with_permission(permission)
                .with_dirall(support(2))
                .with_get(support(4)),
            connection: Connection::new(Fixed::new(room), Fixed::new(600)).with_timeouts(timeouts),
            job: Job::new(),
            now: Instant::ZERO,
        }
    }

    /// Sends a request and reads the answer. Checks that each step makes progress.
    fn ask(&mut self, asked: &Asked) -> Answered {
        if self.connection.end().is_some() {
            self.connection.reset(self.now);
        }
        let request = asked.bytes();
        let mut input = &request[..];
        assert_eq!(self.connection.handle_input(&mut input, self.now), Event::Request);
        let mut bytes = Vec::new();
        let mut pieces = 0;
        let mut context = Context::from_waker(Waker::noop());
        loop {
            match self.connection.step() {
                Step::Answer if pieces >= asked.patience => {
                    self.connection.handle_transport_error();
                    self.tree.cancel(&mut self.job);
                    break;
                }
                Step::Answer => {
                    let Self { tree, connection, job, now, .. } = self;
                    let is_ready = tree.serve(connection, job, *now, &mut context).is_ready();
                    let waits = self.tree.bus_mut().was_pending();
                    if is_ready {
                        assert!(
                            self.connection.step() != Step::Answer,
                            "the tree is ready without an answer: {asked:?}"
                        );
                    } else {
                        assert!(waits, "it waits for nothing: {asked:?}");
                        // Entries from before the wait may be unsent too.
                        self.now += Duration::from_millis(400);
                        self.connection.handle_timeout(self.now);
                    }
                }
                Step::Write => {
                    let piece = self.connection.poll_transmit();
                    bytes.extend_from_slice(piece);
                    let len = piece.len();
                    self.connection.handle_transmitted(len, self.now);
                    pieces += 1;
                }
                Step::Read | Step::Close => break,
            }
        }
        // Nothing is left of a job that has ended.
        self.tree.cancel(&mut self.job);
        if let Some(End::TransportFailed | End::AnswerAborted) = self.connection.end() {
            assert!(
                self.tree.bus().was_cancelled_or_done(),
                "the operation on the bus was not cancelled: {asked:?}"
            );
        }
        self.tree.bus_mut().forget();
        Answered { frames: frames(&bytes), end: self.connection.end() }
    }
}

/// The whole frames that a server sent, without keepalives.
fn frames(bytes: &[u8]) -> Vec<(Header, Vec<u8>)> {
    let mut parser = ReplyParser::new(Vec::new()).with_limit(1 << 20);
    let mut frames = Vec::new();
    let mut input = bytes;
    loop {
        match parser.parse(&mut input) {
            Ok(ReplyEvent::NeedMore(_)) => return frames,
            Ok(ReplyEvent::Keepalive) => {}
            Ok(ReplyEvent::Reply(reply)) => frames.push((reply.header(), reply.payload().to_vec())),
            Err(error) => panic!("{error}"),
        }
    }
}
