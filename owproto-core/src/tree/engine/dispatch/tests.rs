use core::task::{Context, Poll, Waker};
use std::vec::Vec;

use super::*;
use crate::message::Request;
use crate::text::Value;
use crate::time::Instant;
use crate::tree::AliasTable;
use crate::tree::tester::Tester;
use crate::tree::tests::serve::{self, asked};
use crate::wire::{HEADER_LEN, Header};

const DEVICE: RomId = RomId::new(0x28, [1, 0, 0, 0, 0, 0]);

/// One device, and a record of what was wanted besides values. The first calls of a kind are not ready.
#[derive(Default)]
struct Diary {
    renewals: Vec<Refresh>,
    cancelled: Vec<Operation>,
    unready_renewals: usize,
    unready_reads: usize,
    reads: Vec<Operation>,
}

impl Bus for Diary {
    fn device(&mut self, _: u16, n: usize, _: &mut Context<'_>) -> Poll<Result<Option<RomId>, ReturnCode>> {
        Poll::Ready(Ok(Some(DEVICE).filter(|_| n == 0)))
    }

    fn refresh(&mut self, what: Refresh, _: Operation, _: &mut Context<'_>) -> Poll<Result<(), ReturnCode>> {
        self.renewals.push(what);
        if self.renewals.len() <= self.unready_renewals { Poll::Pending } else { Poll::Ready(Ok(())) }
    }

    fn read<'a>(
        &'a mut self,
        access: &Access<'_>,
        _: &'a mut [u8],
        _: &mut Context<'_>,
    ) -> Poll<Result<Value<'a>, ReturnCode>> {
        self.reads.push(access.operation);
        if self.reads.len() <= self.unready_reads {
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

type Served = Tree<Diary, AliasTable<4>>;

fn tree(diary: Diary) -> Served {
    let mut tree = Tree::new(diary).with_aliases(AliasTable::new());
    tree.aliases_mut().set(DEVICE, b"kitchen").unwrap();
    tree
}

/// Serves a request to its end, through storage for little more than a header, and gives the return value of the last
/// frame.
fn serve(tree: &mut Served, request: &Request<'_>) -> i32 {
    let sent = serve::serve::<40, _, _>(tree, request, |_| ()).sent;
    let mut replies = crate::ReplyParser::new([0; 512]);
    let (mut input, mut last) = (&sent[..], 0);
    while let crate::ReplyEvent::Reply(reply) = replies.parse(&mut input).unwrap() {
        last = reply.ret();
    }
    last
}

#[test]
fn what_is_uncached_is_looked_for_anew_once() {
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
        for unready_renewals in 0..2 {
            let mut tree = tree(Diary { unready_renewals, ..Diary::default() });
            assert!(serve(&mut tree, &request) >= 0, "{request:?}");
            // What was not ready is asked for again, and never once it is done, however many pieces the answer has.
            let calls = if wanted.is_some() { 1 + unready_renewals } else { 0 };
            assert_eq!(tree.bus().renewals.len(), calls, "{request:?}");
            assert!(tree.bus().renewals.iter().all(|&what| Some(what) == wanted), "{request:?}");
        }
    }
}

#[test]
fn who_is_not_known_is_not_looked_for() {
    let mut tree = tree(Diary::default());
    let request = Request::presence("/uncached/cellar").unwrap();
    assert_eq!(serve(&mut tree, &request), ReturnCode::NO_SUCH_PATH.to_ret());
    assert_eq!(tree.bus().renewals, []);
}

#[test]
fn work_that_is_given_up_is_told_to_the_bus_once() {
    let mut tree = tree(Diary { unready_reads: 2, ..Diary::default() });
    let request = Request::read("/28.010000000000/temperature").unwrap();
    let (mut connection, mut job) = (asked::<80>(&request), Job::new());
    tree.cancel(&mut job);
    assert_eq!(tree.bus().cancelled, [], "nothing was begun");
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..2 {
        assert!(tree.serve(&mut connection, &mut job, Instant::ZERO, &mut context).is_pending());
    }
    let operation = tree.bus().reads[0];
    assert_eq!(tree.bus().reads, [operation; 2], "it is one operation");
    tree.cancel(&mut job);
    tree.cancel(&mut job);
    assert_eq!(tree.bus().cancelled, [operation]);
    // The next request is another operation, and what is done is not given up.
    assert!(tree.serve(&mut connection, &mut job, Instant::ZERO, &mut context).is_ready());
    tree.cancel(&mut job);
    assert_ne!(tree.bus().reads[2], operation);
    assert_eq!(tree.bus().cancelled, [operation]);
}

#[test]
fn a_connection_that_ended_within_an_answer_has_its_work_given_up() {
    let mut tree = tree(Diary { unready_reads: 1, ..Diary::default() });
    let (mut connection, mut job) =
        (asked::<80>(&Request::read("/28.010000000000/temperature").unwrap()), Job::new());
    let mut context = Context::from_waker(Waker::noop());
    assert!(tree.serve(&mut connection, &mut job, Instant::ZERO, &mut context).is_pending());
    connection.close();
    assert!(tree.serve(&mut connection, &mut job, Instant::ZERO, &mut context).is_ready());
    assert_eq!(tree.bus().cancelled, tree.bus().reads);
}

#[test]
fn a_call_is_counted_once_however_often_it_is_gone_on_with() {
    let mut tree = tree(Diary { unready_reads: 3, ..Diary::default() });
    assert_eq!(serve(&mut tree, &Request::read("/kitchen/temperature").unwrap()), 12);
    let counted = tree.statistics;
    assert_eq!((counted.reads, counted.reads_answered, counted.bytes_read), (1, 1, 12));
    assert_eq!((counted.writes, counted.listings), (0, 0));
    for (count, request) in (1..).zip([Request::dir("/").unwrap(), Request::dirall("/kitchen").unwrap()]) {
        assert_eq!(serve(&mut tree, &request), 0);
        assert_eq!(tree.statistics.listings, count);
    }
    assert_eq!(serve(&mut tree, &Request::write("/kitchen/templow", b"5").unwrap()), 0);
    assert_eq!((tree.statistics.reads, tree.statistics.writes, tree.statistics.writes_done), (1, 1, 1));
}

/// The return word of the only frame that answers these bytes.
fn ret_of(tree: &mut Tree<Tester<'_>>, request: &[u8]) -> i32 {
    let sent = serve::answer(tree, serve::asked_in_bytes::<64>(request), |_| ()).sent;
    i32::from_be_bytes(sent[8..12].try_into().unwrap())
}

#[test]
fn a_payload_without_a_place_for_the_nul_is_too_long_unless_it_is_written() {
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
fn a_branch_is_neither_read_nor_written_but_described() {
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
fn a_presence_is_answered_in_one_piece_if_there_is_room() {
    let mut tree = tree(Diary::default());
    let mut context = Context::from_waker(Waker::noop());
    for (request, device) in [("/kitchen", &DEVICE.as_bytes()[..]), ("/settings", &[0; 8])] {
        let (mut connection, mut job) = (asked::<32>(&Request::presence(request).unwrap()), Job::new());
        assert!(tree.serve(&mut connection, &mut job, Instant::ZERO, &mut context).is_ready());
        assert_eq!(&connection.poll_transmit()[HEADER_LEN..], device, "{request}");
    }
}

/// Simulated devices in a scope without dates.
struct Dateless(Tester<'static>);

impl Bus for Dateless {
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
fn what_the_scope_leaves_out_is_not_there() {
    let mut tree = Tree::new(Dateless(Tester::new(&[0x24])));
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
