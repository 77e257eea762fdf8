//! What the server promises.

use std::collections::BTreeMap;
use std::task::{Context, Poll};

use owproto_core::server::{Connection, Timeouts};
use owproto_core::text::{RomId, Value};
use owproto_core::time::{Duration, Instant};
use owproto_core::tree::{Access, Bus, Operation, Tree};
use owproto_core::wire::{Flags, Header};
use owproto_core::{ReplyEvent, ReplyParser, Request, ReturnCode};
use owproto_embedded::Service;
use owproto_embedded::smoltcp::{Server, from_smoltcp};
use owproto_tests::core_server::CoreServer;
use owproto_tests::peer::{Output, Script};
use owproto_tests::vectors;

use crate::peer::{Ending, Peer};
use crate::world::{Host, World};

/// Thermometers whose conversion takes a while.
#[derive(Default)]
struct Slow {
    devices: u16,
    takes: u64,
    done_at: BTreeMap<Operation, Instant>,
    cancelled: usize,
    asked: u32,
}

impl Bus for Slow {
    fn device(&mut self, _: u16, n: usize, _: &mut Context<'_>) -> Poll<Result<Option<RomId>, ReturnCode>> {
        let [low, high] = u16::try_from(n).unwrap().to_le_bytes();
        let is_there = n < usize::from(self.devices);
        Poll::Ready(Ok(is_there.then(|| RomId::new(0x28, [low, high, 0, 0, 0, 0]))))
    }

    fn read<'a>(
        &'a mut self,
        access: &Access<'_>,
        _: &'a mut [u8],
        _: &mut Context<'_>,
    ) -> Poll<Result<Value<'a>, ReturnCode>> {
        self.asked += 1;
        let done = access.now + Duration::from_millis(self.takes);
        let done_at = *self.done_at.entry(access.operation).or_insert(done);
        if access.now < done_at {
            return Poll::Pending;
        }
        self.done_at.remove(&access.operation);
        Poll::Ready(Ok(Value::Float(21.5)))
    }

    fn cancel(&mut self, operation: Operation) {
        self.cancelled += 1;
        self.done_at.remove(&operation);
    }
}

impl Slow {
    fn wake_at(&self) -> Option<Instant> {
        self.done_at.values().min().copied()
    }
}

fn slow(devices: u16, takes: u64) -> Tree<Slow> {
    Tree::new(Slow { devices, takes, ..Slow::default() })
}

type Small = [u8; 256];

fn timeouts() -> Timeouts {
    Timeouts::DEFAULT.with_idle_low(Duration::from_secs(10)).with_idle_high(Duration::from_secs(300))
}

/// A server whose sockets have buffers of so many bytes.
fn server<const N: usize>(world: &mut World, buffer: usize) -> Server<Small, Small, N> {
    let connection = || Connection::new([0xa5; 256], [0xa5; 256]).with_timeouts(timeouts());
    Server::new([(); N].map(|()| (world.far.socket(buffer), connection())))
}

/// A client that sends these bytes, and receives until the server closes.
fn client(world: &mut World, bytes: impl AsRef<[u8]>) -> Peer {
    Peer::client(world, 512, Script::new().send(bytes).read_to_end())
}

/// Runs the server and its clients for a while, or until all clients are done.
fn run<const N: usize>(
    world: &mut World,
    server: &mut Server<Small, Small, N>,
    tree: &mut Tree<Slow>,
    callers: &mut [&mut Peer],
    millis: u64,
) {
    let start = world.now;
    world.run(
        millis,
        &mut |host, now| {
            callers.iter_mut().for_each(|caller| assert!(caller.run(host, now).is_none()));
            None
        },
        &mut |host: &mut Host, now| {
            server.poll(now, &mut host.sockets, tree);
            server.poll_at(tree.bus().wake_at())
        },
        || false,
    );
    assert!(world.now > start);
}

const KEEP: Flags = Flags::PERSISTENCE;
const PATH: &str = "/28.000000000000/temperature";

fn bytes(request: Request<'_>) -> Vec<u8> {
    let mut buffer = [0; 512];
    request.encode(&mut buffer).unwrap().to_vec()
}

fn read(flags: Flags) -> Vec<u8> {
    bytes(Request::read(PATH).unwrap().with_flags(flags))
}

/// The replies, each its return value and its data; keepalives are counted.
fn replies(received: &[u8]) -> (Vec<(i32, Vec<u8>)>, usize) {
    let (mut all, mut keepalives) = (Vec::new(), 0);
    let mut input = received;
    let mut parser = ReplyParser::new(vec![0; 70_000]);
    loop {
        match parser.parse(&mut input).unwrap() {
            ReplyEvent::NeedMore(_) => return (all, keepalives),
            ReplyEvent::Keepalive => keepalives += 1,
            ReplyEvent::Reply(reply) => all.push((reply.ret(), reply.data().to_vec())),
        }
    }
}

fn value() -> (i32, Vec<u8>) {
    (12, b"        21.5".to_vec())
}

fn seconds_since(caller: &Peer, start: smoltcp::time::Instant) -> (i64, Ending) {
    let (at, ended) = caller.ended.expect("it has ended");
    ((at - start).total_millis() as i64 / 1000, ended)
}

#[test]
fn captured_requests_have_the_answers_of_the_real_owserver() {
    let mut trees: BTreeMap<(&str, &str), CoreServer> = BTreeMap::new();
    let (mut differing, mut seen) = (Vec::new(), 0);
    for vector in vectors::all() {
        let is_plain = !["--pingcrazy", "--no_persistence", "--timeout", "--clients"]
            .iter()
            .any(|option| vector.setup.contains(option));
        let Some(fresh) = CoreServer::new(&vector.setup).filter(|_| is_plain) else { continue };
        if vector.session.is_some() || !vector.volatile.is_empty() || !vector.request_is_whole() {
            continue;
        }
        let tree = &mut trees.entry((vector.file, vector.setup.as_str())).or_insert(fresh).tree;
        let mut world = World::new();
        let connection = Connection::new([0xa5; 64], vec![0xa5; 100_050]);
        let mut server = Server::new([(world.far.socket(100), connection)]).with_persistent(1);
        let mut caller = Peer::client(
            &mut world,
            300,
            Script::new().send(vector.request.clone()).finish_sending().read_to_end(),
        );
        world.run(
            30_000,
            &mut |host, now| caller.run(host, now),
            &mut |host, now| {
                server.poll(now, &mut host.sockets, tree);
                server.poll_at(None)
            },
            || false,
        );
        seen += 1;
        if caller.received != vector.reply {
            differing.push(vector.name.as_str());
        }
    }
    // This one was made after a request that is not in the set.
    assert_eq!(differing, ["alias_unknown"]);
    assert!(seen > 300, "{seen}");
}

#[test]
fn as_many_clients_as_sockets_are_served_at_once_and_further_ones_are_refused() {
    let mut world = World::new();
    let mut server = server::<4>(&mut world, 512);
    let mut tree = slow(1, 750);
    let mut callers: Vec<Peer> = (0..5).map(|_| client(&mut world, read(Flags::NONE))).collect();
    let start = world.now;
    run(&mut world, &mut server, &mut tree, &mut callers.iter_mut().collect::<Vec<_>>(), 900);
    let (served, refused): (Vec<&Peer>, Vec<&Peer>) =
        callers.iter().partition(|caller| caller.ended.unwrap().1 == Ending::Closed);
    assert_eq!((served.len(), refused.len()), (4, 1));
    for caller in served {
        assert_eq!(replies(&caller.received), (vec![value()], 0));
        // At the same time, not one after the other.
        assert!((750..760).contains(&(caller.last_received - start).total_millis()));
    }
    // It may try again.
    let mut again = client(&mut world, read(Flags::NONE));
    run(&mut world, &mut server, &mut tree, &mut [&mut again], 1000);
    assert_eq!(replies(&again.received).0, [value()]);
}

#[test]
fn one_socket_serves_one_client_after_the_other_without_a_pause() {
    let mut world = World::new();
    let mut server = server::<1>(&mut world, 512);
    let mut tree = slow(1, 0);
    let start = world.now;
    for _ in 0..50 {
        let mut caller = client(&mut world, read(KEEP));
        run(&mut world, &mut server, &mut tree, &mut [&mut caller], 5);
        assert_eq!(replies(&caller.received).0, [value()]);
        // With one socket none is kept.
        assert_eq!(caller.ended.unwrap().1, Ending::Closed);
        assert_eq!(Header::from_bytes(caller.received.first_chunk().unwrap()).flags, Flags::NONE);
    }
    assert_eq!((world.now - start).total_millis(), 250);
}

#[test]
fn a_slow_bus_is_waited_for_with_keepalives_and_without_a_busy_loop() {
    let mut world = World::new();
    let mut server = server::<2>(&mut world, 512);
    let mut tree = slow(1, 10_500);
    let mut caller = client(&mut world, read(KEEP));
    let start = world.now;
    run(&mut world, &mut server, &mut tree, &mut [&mut caller], 20_000);
    assert_eq!(replies(&caller.received), (vec![value()], 10));
    assert_eq!((caller.last_received - start).total_millis(), 10_500);
    assert!(world.turns < 150, "{} turns", world.turns);
    // Once for each keepalive, acknowledgement and the like.
    assert!(tree.bus().asked < 100, "{}", tree.bus().asked);
}

#[test]
fn many_requests_at_once_are_answered_in_order_through_small_buffers() {
    let mut world = World::new();
    let mut server = server::<2>(&mut world, 64);
    let mut tree = slow(200, 0);
    let mut requests = Vec::new();
    for n in 0..100 {
        requests.extend(match n % 3 {
            0 => read(KEEP),
            1 => bytes(Request::dirall("/").unwrap().with_flags(KEEP)),
            _ => bytes(Request::read("/none").unwrap().with_flags(KEEP)),
        });
    }
    let mut caller = Peer::client(&mut world, 64, Script::new().send(requests).read_to_end());
    run(&mut world, &mut server, &mut tree, &mut [&mut caller], 60_000);
    let (replies, _) = replies(&caller.received);
    assert_eq!(replies.len(), 100);
    for (n, (ret, data)) in replies.into_iter().enumerate() {
        match n % 3 {
            0 => assert_eq!((ret, data), value()),
            1 => assert_eq!((ret, data.iter().filter(|byte| **byte == b',').count()), (0, 199)),
            _ => assert_eq!((ret, data), (-1, Vec::new())),
        }
    }
    assert!(caller.ended.is_none());
}

#[test]
fn short_requests_that_came_together_are_answered_together() {
    let mut world = World::new();
    world.conditions.borrow_mut().latency = smoltcp::time::Duration::from_millis(100);
    let mut server = server::<2>(&mut world, 4096);
    let mut tree = slow(1, 0);
    let mut caller = Peer::client(
        &mut world,
        4096,
        Script::new().send(bytes(Request::nop().with_flags(KEEP)).repeat(100)).read_to_end(),
    );
    let start = world.now;
    run(&mut world, &mut server, &mut tree, &mut [&mut caller], 5000);
    assert_eq!(replies(&caller.received).0.len(), 100);
    // Once there and back for the address, for the connection, and for the requests in two packets.
    assert!((caller.last_received - start).total_millis() <= 600, "{}", caller.last_received - start);
}

#[test]
fn a_client_that_closed_its_side_has_all_its_answers() {
    let mut world = World::new();
    let mut server = server::<2>(&mut world, 64);
    let mut tree = slow(1, 300);
    let requests = [read(KEEP), read(KEEP), read(KEEP)].concat();
    let mut caller =
        Peer::client(&mut world, 512, Script::new().send(requests).finish_sending().read_to_end());
    run(&mut world, &mut server, &mut tree, &mut [&mut caller], 5000);
    assert_eq!(replies(&caller.received), (vec![value(); 3], 0));
    assert_eq!(caller.ended.unwrap().1, Ending::Closed);
    assert_eq!(server.connected_clients(), 0);
}

#[test]
fn a_client_that_lists_for_ever_or_does_not_read_delays_nobody() {
    let mut world = World::new();
    let mut server = server::<4>(&mut world, 512);
    let mut tree = slow(1000, 0);
    let list = bytes(Request::dirall("/").unwrap().with_flags(KEEP));
    let mut greedy = client(&mut world, list.repeat(2000));
    let mut lazy = Peer::client(&mut world, 512, Script::new().send(list.repeat(20)).stall());
    run(&mut world, &mut server, &mut tree, &mut [&mut greedy, &mut lazy], 100);
    let before = greedy.received.len();
    let mut other = client(&mut world, read(Flags::NONE));
    let start = world.now;
    run(&mut world, &mut server, &mut tree, &mut [&mut greedy, &mut lazy, &mut other], 100);
    assert_eq!(replies(&other.received).0, [value()]);
    // Three ways over the cable and back, and those of the others in between.
    assert!((other.last_received - start).total_millis() <= 3, "{}", other.last_received - start);
    assert!(greedy.received.len() > before + 1000);
    // Whoever takes nothing for a minute is given up.
    run(&mut world, &mut server, &mut tree, &mut [&mut lazy], 70_000);
    assert_eq!(lazy.ended.unwrap().1, Ending::Reset);
}

#[test]
fn a_client_that_is_gone_takes_its_work_with_it() {
    let mut world = World::new();
    let mut server = server::<1>(&mut world, 512);
    let mut tree = slow(1, 10_000);
    let mut caller = client(&mut world, read(KEEP));
    run(&mut world, &mut server, &mut tree, &mut [&mut caller], 500);
    assert_eq!((server.connected_clients(), tree.bus().cancelled), (1, 0));
    caller.send_unscripted(Output::Reset, world.now);
    run(&mut world, &mut server, &mut tree, &mut [&mut caller], 10);
    assert_eq!((server.connected_clients(), tree.bus().cancelled), (0, 1));
    // One that was cut off says nothing; the keepalives are what nobody acknowledges.
    let mut caller = client(&mut world, read(KEEP));
    tree.bus_mut().takes = 1_000_000;
    run(&mut world, &mut server, &mut tree, &mut [&mut caller], 500);
    assert_eq!(server.connected_clients(), 1);
    world.unplug(true);
    run(&mut world, &mut server, &mut tree, &mut [&mut caller], 70_000);
    assert_eq!((server.connected_clients(), tree.bus().cancelled), (0, 2));
}

#[test]
fn an_idle_client_that_was_cut_off_is_noticed() {
    let mut world = World::new();
    let mut server = server::<2>(&mut world, 512);
    let mut tree = slow(1, 0);
    let mut caller = client(&mut world, read(KEEP));
    // One that is there stays, longer than any of TCP's times.
    run(&mut world, &mut server, &mut tree, &mut [&mut caller], 200_000);
    assert_eq!((server.connected_clients(), caller.ended), (1, None));
    world.unplug(true);
    run(&mut world, &mut server, &mut tree, &mut [&mut caller], 70_000);
    assert_eq!(server.connected_clients(), 0);
    assert!(world.turns < 200, "{} turns", world.turns);
}

#[test]
fn idle_clients_leave_when_places_are_needed_the_longest_idle_first() {
    let mut world = World::new();
    let mut server = server::<3>(&mut world, 512);
    let mut tree = slow(1, 0);
    let mut first = client(&mut world, read(KEEP));
    let mut second = client(&mut world, read(KEEP));
    run(&mut world, &mut server, &mut tree, &mut [&mut first], 1000);
    run(&mut world, &mut server, &mut tree, &mut [&mut first, &mut second], 20_000);
    // Both are kept, since nobody needs their place.
    assert_eq!((first.ended, second.ended, server.connected_clients()), (None, None, 2));
    // A third one takes the last socket: the first one goes, and its place is the third one's.
    let mut third = client(&mut world, read(KEEP));
    run(&mut world, &mut server, &mut tree, &mut [&mut first, &mut second, &mut third], 1000);
    assert_eq!(replies(&third.received).0, [value()]);
    assert_eq!(third.ended, None);
    assert_eq!((first.ended.unwrap().1, second.ended), (Ending::Closed, None));
    // The second one works on, and is ended when it was idle for too long in any case.
    let start = world.now;
    second.send_unscripted(Output::Bytes(read(KEEP)), world.now);
    run(&mut world, &mut server, &mut tree, &mut [&mut second], 400_000);
    assert_eq!(replies(&second.received).0.len(), 2);
    assert_eq!(seconds_since(&second, start), (300, Ending::Closed));
}

#[test]
fn requests_of_a_client_that_was_idle_come_before_its_end() {
    let mut world = World::new();
    let mut server = server::<2>(&mut world, 512).with_persistent(2);
    let mut tree = slow(1, 0);
    let mut first = client(&mut world, read(KEEP));
    run(&mut world, &mut server, &mut tree, &mut [&mut first], 20_000);
    // Together with the one that would take its place.
    first.send_unscripted(Output::Bytes(read(KEEP)), world.now);
    let mut second = client(&mut world, read(KEEP));
    run(&mut world, &mut server, &mut tree, &mut [&mut second, &mut first], 1000);
    assert_eq!(replies(&first.received).0.len(), 2);
    assert!(first.ended.is_none() && second.ended.is_none());
}

#[test]
fn a_client_that_stops_within_its_request_is_ended_after_ten_seconds() {
    let mut world = World::new();
    let mut server = server::<2>(&mut world, 512);
    let mut tree = slow(1, 0);
    let mut silent = client(&mut world, []);
    let mut stopping = client(&mut world, &read(KEEP)[..30]);
    let start = world.now;
    run(&mut world, &mut server, &mut tree, &mut [&mut silent, &mut stopping], 30_000);
    assert_eq!(seconds_since(&silent, start), (10, Ending::Closed));
    assert_eq!(seconds_since(&stopping, start), (10, Ending::Closed));
    assert!(silent.received.is_empty() && stopping.received.is_empty());
}

#[test]
fn what_is_no_request_ends_its_connection_and_no_other() {
    let mut world = World::new();
    let mut server = server::<3>(&mut world, 512);
    let mut tree = slow(1, 0);
    let mut good = client(&mut world, read(KEEP));
    let negative = Header { payload: -5, code: 2, ..Header::default() };
    let huge = Header { payload: i32::MAX, code: 2, ..Header::default() };
    for header in [negative, huge] {
        for tail in [0, 3, 5000] {
            let bytes = [&header.to_bytes()[..], &vec![0xff; tail]].concat();
            let mut bad = client(&mut world, bytes);
            run(&mut world, &mut server, &mut tree, &mut [&mut good, &mut bad], 5000);
            assert_eq!((bad.ended.unwrap().1, bad.received.len()), (Ending::Closed, 0));
        }
    }
    good.send_unscripted(Output::Bytes(read(KEEP)), world.now);
    run(&mut world, &mut server, &mut tree, &mut [&mut good], 1000);
    assert_eq!(replies(&good.received).0.len(), 2);
}

#[test]
fn a_request_too_long_for_the_storage_is_answered_with_an_error_and_the_connection_goes_on() {
    let mut world = World::new();
    let mut server = server::<2>(&mut world, 128);
    let mut tree = slow(1, 0);
    let long = "/x".repeat(128);
    let at_limit = bytes(Request::read(&long[..255]).unwrap().with_flags(KEEP));
    let above = bytes(Request::read(&long[..256]).unwrap().with_flags(KEEP));
    let mut caller = client(&mut world, [at_limit, above, read(KEEP)].concat());
    run(&mut world, &mut server, &mut tree, &mut [&mut caller], 1000);
    let nothing = Vec::new();
    assert_eq!(replies(&caller.received).0, [(-1, nothing.clone()), (-90, nothing), value()]);
}

#[test]
fn a_client_that_never_closes_holds_its_socket_for_a_second_or_until_it_is_needed() {
    let mut world = World::new();
    let mut server = server::<1>(&mut world, 512);
    let mut tree = slow(1, 0);
    let mut first =
        Peer::client(&mut world, 512, Script::new().send(read(Flags::NONE)).read_to_end().stall());
    run(&mut world, &mut server, &mut tree, &mut [&mut first], 100);
    assert_eq!(replies(&first.received).0, [value()]);
    // With one socket it is always needed.
    let mut second = client(&mut world, read(Flags::NONE));
    run(&mut world, &mut server, &mut tree, &mut [&mut second], 100);
    assert_eq!(replies(&second.received).0, [value()]);
}

#[test]
fn a_client_may_send_what_nobody_answers_after_its_last_answer() {
    let mut world = World::new();
    let mut server = server::<2>(&mut world, 512);
    let mut tree = slow(1, 0);
    let bytes = [read(Flags::NONE), read(Flags::NONE).repeat(100)].concat();
    let mut caller = Peer::client(&mut world, 512, Script::new().send(bytes).read_to_end().stall());
    run(&mut world, &mut server, &mut tree, &mut [&mut caller], 500);
    assert_eq!(replies(&caller.received).0, [value()]);
    assert_eq!((caller.unsent(), caller.ended.unwrap().1), (0, Ending::Closed));
}

#[test]
fn a_request_that_is_there_counts_however_late_it_is_looked_at() {
    let mut world = World::new();
    let mut server = server::<2>(&mut world, 512);
    let mut tree = slow(1, 0);
    let mut caller = client(&mut world, []);
    run(&mut world, &mut server, &mut tree, &mut [&mut caller], 5000);
    caller.send_unscripted(Output::Bytes(read(KEEP)), world.now);
    // The board was busy for longer than a client may be silent before its first request.
    let late = world.now + smoltcp::time::Duration::from_secs(20);
    world.run(
        30_000,
        &mut |host, now| caller.run(host, now),
        &mut |host, now| {
            if now < late {
                return Some(late);
            }
            server.poll(now, &mut host.sockets, &mut tree);
            server.poll_at(None)
        },
        || false,
    );
    assert_eq!(replies(&caller.received).0, [value()]);
}

#[test]
fn a_service_without_a_tree_and_a_port_of_ones_own() {
    struct Echo;
    impl Service for Echo {
        type Job = ();
        fn serve<S: owproto_core::Storage, R: owproto_core::Storage>(
            &mut self,
            connection: &mut Connection<S, R>,
            _: &mut (),
            now: Instant,
            _: &mut Context<'_>,
        ) -> Poll<()> {
            if let Some((request, mut answer)) = connection.answer(now) {
                match request.path() {
                    // A service with a fault: it waits for room that there is.
                    Some(b"/mute") => {}
                    path => drop(answer.value(path.unwrap_or_default(), 0)),
                }
            }
            Poll::Ready(())
        }
    }
    let mut world = World::new();
    let connection = Connection::new([0; 256], [0; 256]);
    let mut server = Server::<_, _, 1, _>::new([(world.far.socket(512), connection)]).with_port(0);
    let mute = bytes(Request::read("/mute").unwrap());
    for (request, expected) in [(read(Flags::NONE), vec![(28, PATH.as_bytes().to_vec())]), (mute, Vec::new())]
    {
        let mut caller = client(&mut world, request);
        world.run(
            100,
            &mut |host, now| caller.run(host, now),
            &mut |host, now| {
                server.poll(now, &mut host.sockets, &mut Echo);
                server.poll_at(Some(from_smoltcp(now)))
            },
            || false,
        );
        assert_eq!(replies(&caller.received).0, expected);
        assert_eq!(caller.ended.unwrap().1, Ending::Closed);
    }
}
