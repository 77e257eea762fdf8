//! The server's end of a connection with a tree, against clients that send anything.

use std::task::{Context, Waker};

use owproto_core::server::{Connection, End, Event, Keepalives, Persistence, Step};
use owproto_core::time::Instant;
use owproto_core::tree::tester::Tester;
use owproto_core::tree::{AliasTable, Job, Tree};
use owproto_core::wire::{Flags, Header, MessageType, Version};
use owproto_core::{ReplyEvent, ReplyParser};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::generate::{cases, frame, word};
use path_words::WORDS;

#[path = "path_words.rs"]
#[allow(unreachable_pub, reason = "it is public in the crate that it belongs to")]
mod path_words;

const TRANSMIT: usize = 80;

#[derive(Clone, Debug)]
enum Op {
    Bytes(Vec<u8>),
    /// Deliver up to this number of the bytes that wait.
    Deliver(usize),
    /// Read up to this number of the bytes that the server sends.
    Take(usize),
    Advance(u64),
    Timer,
    Refuse(bool),
    Eof,
    TransportError,
    Close,
    Reset,
}

/// Paths of segments with and without a meaning.
fn path() -> impl Strategy<Value = Vec<u8>> {
    let segment = prop::sample::select(&WORDS[..]);
    vec(segment, 0..5).prop_map(|segments| format!("/{}", segments.join("/")).into_bytes())
}

fn request() -> impl Strategy<Value = Vec<u8>> {
    let kind = prop_oneof![9 => 0..12_i32, 1 => any::<i32>()];
    let data = prop_oneof![
        3 => prop::sample::select(vec!["1", "0", "yes", "12.5", "1,0,1,0,1,0,1,0", "kitchen", "psi", "", "x"])
            .prop_map(|text| text.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..200),
    ];
    let size = prop_oneof![3 => Just(65_536), 2 => 0..40_i32, 1 => word()];
    let offset = prop_oneof![3 => Just(0), 1 => 0..40_i32, 1 => word()];
    let flags = prop_oneof![3 => Just(4), 1 => any::<u32>()];
    let tokens = prop_oneof![8 => Just(0_u16), 1 => 1..3_u16];
    (kind, path(), data, size, offset, (flags, tokens)).prop_map(
        |(kind, path, data, size, offset, (flags, tokens))| {
            let is_write = kind == MessageType::WRITE.0;
            let mut payload = [&path[..], b"\0"].concat();
            let mut version = Version::PLAIN;
            if is_write {
                payload.extend_from_slice(&data);
            }
            let size = if is_write && size != -1 { data.len() as i32 } else { size };
            let header =
                Header { version, code: kind, flags: Flags(flags), size, offset, ..Header::default() };
            let mut bytes = frame(header, &payload);
            if tokens > 0 {
                version = Version::with_tokens(tokens);
                bytes[..4].copy_from_slice(&version.0.to_be_bytes());
                bytes.extend(vec![7; usize::from(tokens) * 16]);
            }
            bytes
        },
    )
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => request().prop_map(Op::Bytes),
        1 => vec(any::<u8>(), 0..50).prop_map(Op::Bytes),
        8 => prop_oneof![3 => Just(usize::MAX), 1 => 0..60_usize].prop_map(Op::Deliver),
        8 => prop_oneof![3 => Just(usize::MAX), 1 => 0..60_usize].prop_map(Op::Take),
        2 => prop_oneof![2 => 0..3_000_u64, 1 => 0..4_000_000_u64].prop_map(Op::Advance),
        2 => Just(Op::Timer),
        1 => any::<bool>().prop_map(Op::Refuse),
        1 => Just(Op::Eof),
        1 => prop_oneof![Just(Op::TransportError), Just(Op::Close)],
        2 => Just(Op::Reset),
    ]
}

/// The bytes from one connection have to be replies, complete ones unless the connection was cut off.
fn check_replies(sent: &[u8], end: Option<End>) -> Result<(), TestCaseError> {
    let mut memory = vec![0; 1 << 17];
    let mut parser = ReplyParser::new(&mut memory[..]).with_limit(1 << 17);
    let mut input = sent;
    loop {
        match parser.parse(&mut input) {
            Ok(ReplyEvent::NeedMore(_)) => break,
            Ok(ReplyEvent::Keepalive) => {}
            Ok(ReplyEvent::Reply(reply)) => {
                if reply.ret() < 0 {
                    prop_assert!(reply.payload().is_empty());
                    prop_assert_eq!((reply.size(), reply.offset()), (0, 0));
                }
                if reply.ret() > 0 {
                    prop_assert_eq!(reply.payload().len(), reply.ret() as usize);
                    prop_assert_eq!(reply.size(), reply.ret());
                }
            }
            Err(error) => prop_assert!(false, "not a reply: {error}"),
        }
    }
    if end == Some(End::Answered) {
        prop_assert!(parser.is_between_frames(), "an answer is not complete");
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn any_client_is_answered_or_ended(
        ops in vec(op(), 0..60),
        pings: bool,
        receive in prop_oneof![Just(32_usize), Just(96), Just(512)],
    ) {
        let families = [0x10, 0x28, 0x29, 0x2d, 0x21, 0x1f, 0xdd, 0x99];
        let mut tree = Tree::new(Tester::new(&families)).with_aliases(AliasTable::<2>::new());
        let mut memory = [0; 512];
        let receive = &mut memory[..receive];
        let mut connection = Connection::new([0xa5; TRANSMIT], receive);
        if pings {
            connection = connection.with_keepalives(Keepalives::BeforeEveryAnswer);
        }
        let mut job = Job::new();
        let mut context = Context::from_waker(Waker::noop());
        let mut now = 0;
        let mut waiting: Vec<u8> = Vec::new();
        let mut sent: Vec<u8> = Vec::new();
        for op in ops {
            let at = Instant::from_millis(now);
            match op {
                Op::Bytes(bytes) => waiting.extend(bytes),
                Op::Deliver(n) => {
                    let n = n.min(waiting.len());
                    let mut input = &waiting[..n];
                    let event = connection.handle_input(&mut input, at);
                    let used = n - input.len();
                    match event {
                        Event::NeedMore(more) => prop_assert!(input.is_empty() && more > 0),
                        Event::Request => prop_assert_eq!(connection.answer(at).is_some(), true),
                        Event::Busy => prop_assert_eq!(used, 0),
                        Event::Ended => prop_assert!(connection.end().is_some()),
                    }
                    waiting.drain(..used);
                }
                Op::Take(n) => {
                    let n = n.min(connection.poll_transmit().len());
                    prop_assert!(connection.poll_transmit().len() <= TRANSMIT);
                    sent.extend_from_slice(&connection.poll_transmit()[..n]);
                    connection.handle_transmitted(n, at);
                }
                Op::Advance(millis) => now += millis,
                Op::Timer => {
                    let due = connection.poll_timeout();
                    let expired = connection.handle_timeout(at);
                    prop_assert_eq!(expired.is_some(), due.is_some_and(|(due, _)| due <= at));
                }
                Op::Refuse(refuse) => connection.set_persistence(match refuse {
                    true => Persistence::Refuse,
                    false => Persistence::Grant,
                }),
                Op::Eof => connection.handle_eof(),
                Op::TransportError => connection.handle_transport_error(),
                Op::Close => connection.close(),
                Op::Reset => {
                    // Bytes that were not sent are lost.
                    let end = connection.end().filter(|_| connection.poll_transmit().is_empty());
                    check_replies(&sent, end)?;
                    tree.cancel(&mut job);
                    connection.reset(at);
                    sent.clear();
                    waiting.clear();
                }
            }
            // The tree continues the answer whenever the connection asks for it.
            let mut rounds = 0;
            while connection.step() == Step::Answer {
                prop_assert!(tree.serve(&mut connection, &mut job, at, &mut context).is_ready());
                rounds += 1;
                prop_assert!(rounds < 3, "no progress");
            }
        }
        // Sends everything that can still be sent.
        let mut rounds = 0;
        while matches!(connection.step(), Step::Write | Step::Answer) {
            let at = Instant::from_millis(now);
            sent.extend_from_slice(connection.poll_transmit());
            connection.handle_transmitted(usize::MAX, at);
            if connection.step() == Step::Answer {
                prop_assert!(tree.serve(&mut connection, &mut job, at, &mut context).is_ready());
            }
            rounds += 1;
            prop_assert!(rounds < 10_000, "no end");
        }
        check_replies(&sent, connection.end())?;
    }
}
