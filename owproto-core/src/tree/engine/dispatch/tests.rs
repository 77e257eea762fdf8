use core::task::{Context, Poll, Waker};
use std::vec::Vec;

use super::*;
use crate::message::Request;
use crate::text::Value;
use crate::time::Instant;
use crate::tree::AliasTable;
use crate::tree::tester::Tester;
use crate::tree::tests::serve::{self, connection_with};
use crate::wire::{HEADER_LEN, Header};

const DEVICE: RomId = RomId::new(0x28, [1, 0, 0, 0, 0, 0]);

/// A bus with one device that records some calls. The first calls of a kind are not ready.
#[derive(Default)]
struct Recorder {
    refreshes: Vec<Refresh>,
    cancelled: Vec<Operation>,
    pending_refreshes: usize,
    pending_reads: usize,
    reads: Vec<Operation>,
}

impl Bus for Recorder {
    fn device(&mut self, _: u16, n: usize, _: &mut Context<'_>) -> Poll<Result<Option<RomId>, ReturnCode>> {
        Poll::Ready(Ok(Some(DEVICE).filter(|_| n == 0)))
    }

    fn refresh(&mut self, what: Refresh, _: Operation, _: &mut Context<'_>) -> Poll<Result<(), ReturnCode>> {
        self.refreshes.push(what);
        if self.refreshes.len() <= self.pending_refreshes { Poll::Pending } else { Poll::Ready(Ok(())) }
    }

    fn read<'a>(
        &'a mut self,
        access: &Access<'_>,
        _: &'a mut [u8],
        _: &mut Context<'_>,
    ) -> Poll<Result<Value<'a>, ReturnCode>> {
        self.reads.push(access.operation);
        if self.reads.len() <= self.pending_reads {
            Poll::Pending
        } else {
            Poll::Ready(Ok(Value::Float(21.5)))
        }
    }

    fn write(&mut self, _: &Access<'_>, _: Value<'_>, _: &mut Context<'_>) -> Poll<Result<(), ReturnCode>> {
        Poll::Ready(Ok(()))
    }

    fn cancel(&mut self, operation: Operation) {
        self.cancelled.push(operation);
    }
}

type TestTree = Tree<Recorder, AliasTable<4>>;

fn tree(bus: Recorder) -> TestTree {
    let mut tree = Tree::new(bus).with_aliases(AliasTable::new());
    tree.aliases_mut().set(DEVICE, b"kitchen").unwrap();
    tree
}

/// Serves a request through storage for little more than a header, and returns the return word of the last frame.
fn serve(tree: &mut TestTree, request: &Request<'_>) -> i32 {
    let sent = serve::serve::<40, _, _>(tree, request, |_| ()).sent;
    let mut replies = crate::ReplyParser::new([0; 512]);
    let (mut input, mut last) = (&sent[..], 0);
    while let crate::ReplyEvent::Reply(reply) = replies.parse(&mut input).unwrap() {
        last = reply.ret();
    }
    last
}

#[test]
fn an_uncached_listing_or_presence_refreshes_the_bus_once() {
    let device = Refresh::Presence(DEVICE);
    let uncached = |request: Request<'static>| request.with_flags(Flags::UNCACHED);
    let path = "/uncached/28.010000000000";
    let temperature = "/uncached/28.010000000000/temperature";
    for (request, wanted) in [
        (Request::dir("/uncached").unwrap(), Some(Refresh::Devices)),
        (Request::dirall("/uncached").unwrap(), Some(Refresh::Devices)),
        (Request::get("/uncached").unwrap(), Some(Refresh::Devices)),
        (uncached(Request::dirall("/").unwrap()), Some(Refresh::Devices)),
        (uncached(Request::dir("/").unwrap()), Some(Refresh::Devices)),
        (Request::dir("/").unwrap(), None),
        (Request::dir(path).unwrap(), None),
        (Request::dir("/uncached/settings").unwrap(), None),
        (Request::presence(path).unwrap(), Some(device)),
        (Request::presence("/uncached/kitchen").unwrap(), Some(device)),
        (uncached(Request::presence("/kitchen/temperature").unwrap()), Some(device)),
        (Request::presence("/uncached").unwrap(), None),
        (Request::presence("/uncached/settings").unwrap(), None),
        (Request::presence("/kitchen").unwrap(), None),
        (Request::read(temperature).unwrap(), None),
        (Request::write("/uncached/28.010000000000/templow", b"5").unwrap(), None),
    ] {
        for pending_refreshes in 0..2 {
            let mut tree = tree(Recorder { pending_refreshes, ..Recorder::default() });
            assert!(serve(&mut tree, &request) >= 0, "{request:?}");
            // It is called until it is ready, and not again for further pieces of the answer.
            let calls = if wanted.is_some() { 1 + pending_refreshes } else { 0 };
            assert_eq!(tree.bus().refreshes.len(), calls, "{request:?}");
            assert!(tree.bus().refreshes.iter().all(|&what| Some(what) == wanted), "{request:?}");
        }
    }
}

#[test]
fn an_unknown_alias_refreshes_nothing() {
    let mut tree = tree(Recorder::default());
    let request = Request::presence("/uncached/cellar").unwrap();
    assert_eq!(serve(&mut tree, &request), ReturnCode::NO_SUCH_PATH.to_ret());
    assert_eq!(tree.bus().refreshes, []);
}

#[test]
fn the_bus_is_informed_once_that_a_request_is_cancelled() {
    let mut tree = tree(Recorder { pending_reads: 2, ..Recorder::default() });
    let request = Request::read("/28.010000000000/temperature").unwrap();
    let (mut connection, mut job) = (connection_with::<80>(&request), Job::new());
    tree.cancel(&mut job);
    assert_eq!(tree.bus().cancelled, [], "there is no request");
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..2 {
        assert!(tree.serve(&mut connection, &mut job, Instant::ZERO, &mut context).is_pending());
    }
    let operation = tree.bus().reads[0];
    assert_eq!(tree.bus().reads, [operation; 2], "it is one operation");
    tree.cancel(&mut job);
    tree.cancel(&mut job);
    assert_eq!(tree.bus().cancelled, [operation]);
    // The next request is another operation, and a completed one is not cancelled.
    assert!(tree.serve(&mut connection, &mut job, Instant::ZERO, &mut context).is_ready());
    tree.cancel(&mut job);
    assert_ne!(tree.bus().reads[2], operation);
    assert_eq!(tree.bus().cancelled, [operation]);
}

#[test]
fn the_request_of_a_closed_connection_is_cancelled() {
    let mut tree = tree(Recorder { pending_reads: 1, ..Recorder::default() });
    let (mut connection, mut job) =
        (connection_with::<80>(&Request::read("/28.010000000000/temperature").unwrap()), Job::new());
    let mut context = Context::from_waker(Waker::noop());
    assert!(tree.serve(&mut connection, &mut job, Instant::ZERO, &mut context).is_pending());
    connection.close();
    assert!(tree.serve(&mut connection, &mut job, Instant::ZERO, &mut context).is_ready());
    assert_eq!(tree.bus().cancelled, tree.bus().reads);
}

#[test]
fn a_request_is_counted_once_even_if_it_is_continued_often() {
    let mut tree = tree(Recorder { pending_reads: 3, ..Recorder::default() });
    assert_eq!(serve(&mut tree, &Request::read("/kitchen/temperature").unwrap()), 12);
    let statistics = tree.statistics;
    assert_eq!((statistics.reads, statistics.reads_answered, statistics.bytes_read), (1, 1, 12));
    assert_eq!((statistics.writes, statistics.listings), (0, 0));
    for (count, request) in (1..).zip([Request::dir("/").unwrap(), Request::dirall("/kitchen").unwrap()]) {
        assert_eq!(serve(&mut tree, &request), 0);
        assert_eq!(tree.statistics.listings, count);
    }
    assert_eq!(serve(&mut tree, &Request::write("/kitchen/templow", b"5").unwrap()), 0);
    assert_eq!((tree.statistics.reads, tree.statistics.writes, tree.statistics.writes_done), (1, 1, 1));
}

/// The return word of the reply to these bytes, which is one frame.
fn ret_of(tree: &mut Tree<Tester<'_>>, request: &[u8]) -> i32 {
    let sent = serve::serve_connection(tree, serve::connection_with_bytes::<64>(request), |_| ()).sent;
    i32::from_be_bytes(sent[8..12].try_into().unwrap())
}

#[test]
fn a_path_without_room_for_its_nul_is_too_long_except_in_a_write() {
    let mut tree = Tree::new(Tester::new(&[0x2d]));
    for (message_type, payload, expected) in [
        (MessageType::READ, MAX_PATH_LEN + 1, 32),
        (MessageType::READ, MAX_PATH_LEN + 2, ReturnCode::MESSAGE_SIZE.to_ret()),
        (MessageType::WRITE, MAX_PATH_LEN + 2, 0),
    ] {
        let mut request = std::vec![0; HEADER_LEN + payload];
        let path = b"/2D.00002DD20000/pages/page.0";
        let data = payload - path.len() - 1;
        let size = i32::try_from(if message_type == MessageType::WRITE { data } else { 32 }).unwrap();
        let header = Header::request(message_type);
        let header = Header { payload: i32::try_from(payload).unwrap(), size, ..header };
        request[..HEADER_LEN].copy_from_slice(&header.to_bytes());
        request[HEADER_LEN..][..path.len()].copy_from_slice(path);
        assert_eq!(ret_of(&mut tree, &request), expected, "{message_type} {payload}");
    }
}

#[test]
fn a_branch_cannot_be_read_or_written_but_has_a_record() {
    let mut tree = Tree::new(Tester::new(&[0x1f]));
    let (directory, record) = (ReturnCode::IS_A_DIRECTORY.to_ret(), 28);
    for (path, read, written) in [
        ("/1F.00001FE00000/main", directory, directory),
        ("/structure/1F/main", record, directory),
        ("/structure/1F/control", record, ReturnCode::OPERATION_NOT_SUPPORTED.to_ret()),
    ] {
        let mut buffer = [0; 100];
        let request = Request::read(path).unwrap().encode(&mut buffer).unwrap();
        assert_eq!(ret_of(&mut tree, request), read, "{path}");
        let request = Request::write(path, b"1").unwrap().encode(&mut buffer).unwrap();
        assert_eq!(ret_of(&mut tree, request), written, "{path}");
    }
}

#[test]
fn a_presence_is_sent_in_one_piece_if_there_is_room() {
    let mut tree = tree(Recorder::default());
    let mut context = Context::from_waker(Waker::noop());
    for (request, device) in [("/kitchen", &DEVICE.as_bytes()[..]), ("/settings", &[0; 8])] {
        let (mut connection, mut job) =
            (connection_with::<32>(&Request::presence(request).unwrap()), Job::new());
        assert!(tree.serve(&mut connection, &mut job, Instant::ZERO, &mut context).is_ready());
        assert_eq!(&connection.poll_transmit()[HEADER_LEN..], device, "{request}");
    }
}

/// Simulated devices in a scope without dates.
struct WithoutDates(Tester<'static>);

impl Bus for WithoutDates {
    const SCOPE: Scope = Scope::FULL.without(Scope::DATES);

    fn device(&mut self, bus: u16, n: usize, _: &mut Context<'_>) -> Poll<Result<Option<RomId>, ReturnCode>> {
        Poll::Ready(Ok(self.0.id(bus, n)))
    }

    fn read<'a>(
        &'a mut self,
        access: &Access<'_>,
        scratch: &'a mut [u8],
        context: &mut Context<'_>,
    ) -> Poll<Result<Value<'a>, ReturnCode>> {
        self.0.read(access, scratch, context)
    }
}

#[test]
fn a_property_outside_of_the_scope_does_not_exist() {
    let mut tree = Tree::new(WithoutDates(Tester::new(&[0x24])));
    let missing = ReturnCode::NO_SUCH_PATH.to_ret();
    for (path, ret) in [
        ("/24.000024DB0000/date", missing),
        ("/24.000024DB0000/udate", 12),
        ("/structure/24/date", missing),
        ("/structure/24/udate", 28),
    ] {
        let sent = serve::serve::<64, _, _>(&mut tree, &Request::read(path).unwrap(), |_| ()).sent;
        assert_eq!(sent[8..12], ret.to_be_bytes(), "{path}");
    }
}
