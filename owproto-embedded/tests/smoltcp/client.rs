//! What the client promises, with a server that answers as it is told. Times are milliseconds since the first request.

use owproto_core::client::{
    Connection, ConnectionError, Lost, RequestId, Resend, SendError, Timeout, Timeouts,
};
use owproto_core::time::Duration;
use owproto_core::wire::{Flags, Version};
use owproto_core::{DecodeError, Request, Storage};
use owproto_embedded::Backoff;
use owproto_embedded::smoltcp::{CallError, Client, DisconnectReason, Event};
use owproto_tests::frames::{self, done, persistent, reply, server_error, value};
use owproto_tests::peer::Script;
use owproto_tests::vectors;

use crate::peer::Peer;
use crate::world::{World, nothing, server_endpoint};

/// An event, without what it borrows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Told {
    Connected,
    Entries(Vec<String>),
    Reply(RequestId, i32, Vec<u8>),
    Lost(RequestId, Resend),
    Disconnected(DisconnectReason),
}
use DisconnectReason::{Failed, Orderly, Refused, Reset, Unaddressable};
use Told::{Connected, Disconnected};

pub(crate) type Buffers = [u8; 256];

fn client<const DEPTH: usize>(world: &mut World) -> Client<Buffers, Buffers, DEPTH> {
    Client::new(world.near.socket(1024), Connection::new([0xa5; 256], [0xa5; 256]), server_endpoint())
}

/// Runs the client with its user for a while, and gives what it told with the times.
fn run<T: Storage, R: Storage, const DEPTH: usize>(
    world: &mut World,
    client: &mut Client<T, R, DEPTH>,
    peer: &mut Peer,
    millis: u64,
    mut user: impl FnMut(&mut Client<T, R, DEPTH>, &[Told], smoltcp::time::Instant),
) -> Vec<(i64, Told)> {
    let start = world.now;
    let mut all: Vec<(i64, Told)> = Vec::new();
    world.run(
        millis,
        &mut |host, now| {
            let mut told = Vec::new();
            while let Some(event) = client.poll(now, &mut host.interface, &mut host.sockets) {
                told.push(match event {
                    Event::Progress => continue,
                    Event::Connected => Connected,
                    Event::Entries(_, entries) => Told::Entries(
                        entries.map(|entry| String::from_utf8_lossy(entry).into_owned()).collect(),
                    ),
                    Event::Reply(id, reply) => Told::Reply(id, reply.ret(), reply.data().to_vec()),
                    Event::Lost(Lost { id, resend, .. }) => Told::Lost(id, resend),
                    Event::Disconnected(why) => Disconnected(why),
                });
            }
            // Nothing is left lying, since nobody may come to wake the loop again.
            for (_, socket) in host.sockets.iter() {
                let smoltcp::socket::Socket::Tcp(socket) = socket;
                assert!(socket.recv_queue() == 0 || !client.is_connected());
            }
            user(client, &told, now);
            all.extend(told.into_iter().map(|told| ((now - start).total_millis() as i64, told)));
            client.poll_at()
        },
        &mut |host, now| peer.run(host, now),
        || false,
    );
    all
}

/// Without anything to do in between.
pub(crate) fn wait<T: Storage, R: Storage, const DEPTH: usize>(
    world: &mut World,
    client: &mut Client<T, R, DEPTH>,
    peer: &mut Peer,
    millis: u64,
) -> Vec<(i64, Told)> {
    run(world, client, peer, millis, |_, _, _| ())
}

/// Only the replies.
pub(crate) fn replies(told: &[(i64, Told)]) -> Vec<(i32, &[u8])> {
    told.iter()
        .filter_map(|(_, told)| match told {
            Told::Reply(_, ret, data) => Some((*ret, &data[..])),
            _ => None,
        })
        .collect()
}

/// All entries.
fn entries(told: &[(i64, Told)]) -> Vec<&String> {
    told.iter()
        .filter_map(|(_, told)| if let Told::Entries(entries) = told { Some(entries) } else { None })
        .flatten()
        .collect()
}

/// What is told of the transport, and what was lost.
fn endings(told: Vec<(i64, Told)>) -> Vec<(i64, Told)> {
    told.into_iter().filter(|(_, told)| matches!(told, Told::Lost(..) | Disconnected(_))).collect()
}

fn failed(error: ConnectionError) -> Told {
    Disconnected(Failed(error))
}

#[test]
fn the_first_answer_is_waited_for_and_then_as_many_requests_are_under_way_as_there_is_depth() {
    let mut world = World::new();
    let script = (b'0'..b'6')
        .fold(Script::new(), |script, digit| script.read_request().pause_ms(10).reply(value([digit])));
    let mut peer = Peer::server(&mut world, [script.stall()]);
    let mut client = client::<3>(&mut world);
    let mut ids = vec![client.read("/0", world.now).unwrap()];
    assert_eq!(client.room(), 0);
    assert_eq!(client.read("/1", world.now), Err(CallError::Send(SendError::TooManyInFlight)));
    let mut most = 0;
    let told = run(&mut world, &mut client, &mut peer, 1000, |client, _, now| {
        while client.room() > 0 && ids.len() < 6 {
            ids.push(client.read(&format!("/{}", ids.len()), now).unwrap());
        }
        most = most.max(client.in_flight());
    });
    assert_eq!(most, 3);
    let expected: Vec<Told> = std::iter::once(Connected)
        .chain((0..6).map(|n| Told::Reply(ids[n], 1, vec![b'0' + n as u8])))
        .collect();
    assert_eq!(told.into_iter().map(|(_, told)| told).collect::<Vec<_>>(), expected);
    assert!(client.is_connected() && client.room() == 3 && client.poll_at().is_none());
    assert_eq!(peer.connections, 1);
}

#[test]
fn every_captured_exchange_has_its_answer_in_pieces() {
    let mut driven = 0;
    for vector in vectors::all() {
        let (true, [wanted], Some(last)) =
            (vector.request_is_whole(), &vector.requests[..], vector.final_reply())
        else {
            continue;
        };
        if !(0..=100_000).contains(&wanted.payload) {
            continue;
        }
        driven += 1;
        let bytes = vector.request.clone();
        let mut parser = owproto_core::RequestParser::new(Vec::new());
        let owproto_core::RequestEvent::Request(request) = parser.parse(&mut &bytes[..]).unwrap() else {
            panic!()
        };
        let request = request.to_request().unwrap();
        let mut world = World::new();
        let script = Script::new().read_request().send(&vector.reply).close();
        let pieces = if vector.reply.len() < 2000 { 1 } else { 999 };
        let mut peer = Peer::server(&mut world, [script]).in_pieces(pieces);
        let memory = Connection::<_, _>::new(vec![0; bytes.len()], vec![0; 100_050]);
        let memory = memory.with_payload_limit(100_050);
        // A ring of which the ends are met at many places.
        let mut client = Client::new(world.near.socket(61), memory, server_endpoint());
        client.request(&request, world.now).unwrap();
        let told = wait(&mut world, &mut client, &mut peer, 20_000);
        let is_list = wanted.message_type == 7 || wanted.message_type == 9;
        let data = match told.iter().find(|(_, told)| matches!(told, Told::Reply(..))) {
            Some((_, Told::Reply(_, ret, data))) => {
                assert_eq!(*ret, last.ret, "{}", vector.name);
                data
            }
            _ => panic!("{}: {told:?}", vector.name),
        };
        assert!(
            if is_list { data.is_empty() } else { last.payload_bytes.starts_with(data) },
            "{}",
            vector.name
        );
        let ends = endings(told);
        assert!(matches!(&ends[..], [(_, Disconnected(Orderly))]), "{}: {ends:?}", vector.name);
        assert_eq!(peer.received, bytes, "{}", vector.name);
    }
    assert!(driven > 440, "{driven}");
}

#[test]
fn a_listing_of_65_kb_goes_through_a_client_of_256_bytes() {
    let names: Vec<String> = (0..3900).map(|n| format!("/10.{n:012X}")).collect();
    let list = names.join(",");
    assert!(list.len() > 65_536);
    let mut world = World::new();
    let mut peer = Peer::server(&mut world, [Script::new().answer(reply(0, list.as_bytes())).stall()]);
    // 256 bytes in all, besides what the socket sends with.
    let memory: Connection<_, _> = Connection::new([0xa5; 96], [0xa5; 32]);
    let mut client = Client::new(world.near.socket(128), memory, server_endpoint());
    client.dir("/", world.now).unwrap();
    let told = wait(&mut world, &mut client, &mut peer, 10_000);
    let listed = entries(&told);
    assert!(listed.iter().copied().eq(&names), "{} entries", listed.len());
    assert_eq!(replies(&told), [(0, &b""[..])]);
}

#[test]
fn keepalives_are_waited_through_without_a_busy_loop() {
    let mut script = Script::new().read_request();
    for _ in 0..30 {
        script = script.pause_ms(1000).keepalive();
    }
    let mut world = World::new();
    let mut peer = Peer::server(&mut world, [script.pause_ms(999).reply(value("85")).stall()]);
    let mut client = client::<1>(&mut world);
    let id = client.read("/slow", world.now).unwrap();
    let told = wait(&mut world, &mut client, &mut peer, 60_000);
    assert_eq!(told[1], (30_999, Told::Reply(id, 2, b"85".to_vec())));
    assert!(world.turns < 400, "{} turns", world.turns);
}

#[test]
fn deadlines_are_exact() {
    let request = || Script::new().read_request();
    let millis = Duration::from_millis;
    // The script; the inactivity and the total timeout; which of them, after how many milliseconds.
    let table = [
        (request(), 2000, 0, Timeout::Inactivity, 2000),
        (request(), 2000, 1500, Timeout::Total, 1500),
        (request().pause_ms(1999).keepalive(), 2000, 0, Timeout::Inactivity, 3999),
        (request().pause_ms(1999).keepalive(), 2000, 3000, Timeout::Total, 3000),
        (request().pause_ms(500).send(&persistent(value("abc"))[..25]), 700, 0, Timeout::Inactivity, 1200),
    ];
    for (script, inactivity, total, timeout, expected) in table {
        let mut world = World::new();
        let mut peer = Peer::server(&mut world, [script.stall()]);
        let timeouts = Timeouts::NONE.with_inactivity(millis(inactivity)).with_total(millis(total));
        let memory = Connection::<_, _>::new([0; 64], [0; 16]).with_timeouts(timeouts);
        let mut client = Client::new(world.near.socket(128), memory, server_endpoint());
        let id = client.ping(world.now).unwrap();
        let told = endings(wait(&mut world, &mut client, &mut peer, 10_000));
        let error = failed(ConnectionError::TimedOut(timeout));
        // The packets took less than a millisecond on their way.
        assert_eq!(told, [(expected, Told::Lost(id, Resend::Safe)), (expected, error)]);
    }
}

#[test]
fn a_server_that_is_not_there_is_tried_again_after_longer_and_longer_pauses() {
    let mut world = World::new();
    let mut peer = Peer::server(&mut world, []);
    let backoff = Backoff::new(Duration::from_millis(500), Duration::from_millis(3000));
    let mut client = client::<1>(&mut world).with_backoff(backoff);
    let insist = |client: &mut Client<_, _, 1>, _: &[Told], now| {
        if client.in_flight() == 0 && client.room() > 0 {
            client.write("/a", "1", now).unwrap();
        }
    };
    let told = run(&mut world, &mut client, &mut peer, 10_000, insist);
    let refused: Vec<i64> =
        told.iter().filter(|(_, told)| *told == Disconnected(Refused)).map(|(at, _)| *at).collect();
    // A packet needs a fraction of a millisecond.
    let expected = [0, 500, 1500, 3500, 6500, 9500];
    assert!(
        refused.len() == 6 && refused.iter().zip(expected).all(|(at, expected)| at - expected < 3),
        "{refused:?}"
    );
    // Not a byte of them was sent, so even a write may be made again.
    let lost = told.iter().filter(|(_, told)| matches!(told, Told::Lost(_, Resend::Safe))).count();
    assert_eq!(told.len(), refused.len() + lost);
    assert_eq!(refused.len(), lost);
    // An answer begins the pauses anew.
    peer = Peer::server(&mut world, [Script::new().answer(done()).pause_ms(1).reset()]);
    let told = run(&mut world, &mut client, &mut peer, 10_000, insist);
    let ends = endings(told);
    assert_eq!(ends[1].1, Disconnected(Reset), "{ends:?}");
    assert_eq!(ends[3].1, Disconnected(Refused));
    assert_eq!(ends[5].0 - ends[3].0, 500, "{ends:?}");
}

#[test]
fn a_cable_that_is_pulled_ends_in_a_timeout_and_does_no_harm() {
    let mut world = World::new();
    let script = Script::new().answer(value("1")).answer(value("1")).answer(value("1")).stall();
    let mut peer = Peer::server(&mut world, [script.clone(), script]);
    let mut client = client::<1>(&mut world);
    client.read("/a", world.now).unwrap();
    assert_eq!(replies(&wait(&mut world, &mut client, &mut peer, 100)).len(), 1);
    world.unplug(true);
    let lost = client.read("/a", world.now).unwrap();
    let told = wait(&mut world, &mut client, &mut peer, 2600);
    assert_eq!(
        told,
        [
            (2000, Told::Lost(lost, Resend::Safe)),
            (2000, failed(ConnectionError::TimedOut(Timeout::Inactivity)))
        ]
    );
    // Not even connected.
    let lost = client.read("/a", world.now).unwrap();
    let told = wait(&mut world, &mut client, &mut peer, 2500);
    assert_eq!(told[0], (2000, Told::Lost(lost, Resend::Safe)));
    assert_eq!((told.len(), client.room()), (2, 0));
    world.unplug(false);
    // The server has not noticed anything, and has one socket only.
    peer.forget(&mut world);
    wait(&mut world, &mut client, &mut peer, 5000);
    client.read("/a", world.now).unwrap();
    let told = wait(&mut world, &mut client, &mut peer, 1900);
    assert_eq!(replies(&told), [(1, &b"1"[..])], "{told:?}");
}

#[test]
fn a_lost_connection_says_what_may_be_sent_again() {
    let request = || Script::new().read_request();
    let cut = || request().send(&persistent(value("1"))[..20]);
    let http = ConnectionError::Decode(DecodeError::UnexpectedVersion {
        version: Version(i32::from_be_bytes(*b"HTTP")),
    });
    let table = [
        (request().close(), Failed(ConnectionError::Closed)),
        (cut().close(), Failed(ConnectionError::Truncated)),
        (cut().pause_ms(5).reset(), Reset),
        (request().pause_ms(5).reset(), Reset),
        (request().send(b"HTTP/1.1 400 Bad Request").stall(), Failed(http)),
    ];
    for (script, why) in table {
        for (is_write, resend) in [(false, Resend::Safe), (true, Resend::MayHappenTwice)] {
            let mut world = World::new();
            let mut peer = Peer::server(&mut world, [script.clone()]);
            let mut client = client::<1>(&mut world);
            let id = match is_write {
                true => client.write("/a", "1", world.now),
                false => client.read("/a", world.now),
            };
            let told = endings(wait(&mut world, &mut client, &mut peer, 1000));
            let told: Vec<Told> = told.into_iter().map(|(_, told)| told).collect();
            assert_eq!(told, [Told::Lost(id.unwrap(), resend), Disconnected(why)]);
        }
    }
}

#[test]
fn a_connection_that_was_closed_while_it_was_idle_is_replaced_at_once() {
    let answered = || Script::new().answer(done()).pause_ms(100);
    for first in [answered().close(), answered().reset()] {
        let mut world = World::new();
        let mut peer = Peer::server(&mut world, [first, Script::new().answer(value("new")).stall()]);
        let mut client = client::<1>(&mut world);
        client.ping(world.now).unwrap();
        let told = wait(&mut world, &mut client, &mut peer, 200);
        assert_eq!(told[2].1, Disconnected(Orderly));
        assert!(!client.is_connected() && client.room() == 1);
        let id = client.write("/a", "1", world.now).unwrap();
        let told = wait(&mut world, &mut client, &mut peer, 200);
        assert_eq!(told[..2], [(0, Connected), (0, Told::Reply(id, 3, b"new".to_vec()))]);
    }
}

#[test]
fn a_request_that_crosses_the_end_of_an_idle_connection_is_told_as_lost() {
    let mut world = World::new();
    // Closes when it sees the second request, as one does that was closing already.
    let first = Script::new().answer(done()).read_request().close();
    let mut peer = Peer::server(&mut world, [first, Script::new().answer(value("1")).stall()]);
    let mut client = client::<1>(&mut world);
    client.ping(world.now).unwrap();
    wait(&mut world, &mut client, &mut peer, 100);
    let id = client.read("/a", world.now).unwrap();
    let told = run(&mut world, &mut client, &mut peer, 100, |client, told, now| {
        if told.iter().any(|told| matches!(told, Disconnected(_))) {
            client.read("/a", now).unwrap();
        }
    });
    assert_eq!(told[..2], [(0, Told::Lost(id, Resend::Safe)), (0, failed(ConnectionError::Stale))]);
    assert_eq!(replies(&told), [(1, &b"1"[..])]);
}

#[test]
fn a_server_that_keeps_no_connection_is_connected_for_each_request() {
    let mut world = World::new();
    let mut peer = Peer::server(
        &mut world,
        ["0", "1", "2", "3"]
            .map(|digit| Script::new().read_request().reply_nonpersistent(value(digit)).close()),
    );
    let mut client = client::<4>(&mut world);
    let mut asked = 0;
    let told = run(&mut world, &mut client, &mut peer, 1000, |client, _, now| {
        while asked < 4 && client.room() > 0 {
            client.read("/a", now).unwrap();
            asked += 1;
        }
    });
    assert_eq!(replies(&told), [(1, &b"0"[..]), (1, b"1"), (1, b"2"), (1, b"3")]);
    assert_eq!(peer.connections, 4);
    // Without a pause in between.
    assert!(told.last().unwrap().0 < 20, "{told:?}");
}

#[test]
fn requests_behind_an_answer_that_ends_the_connection_are_safe_to_be_made_again() {
    let mut world = World::new();
    let first = Script::new().answer(done()).read_request().reply_nonpersistent(value("1")).close();
    let mut peer = Peer::server(&mut world, [first]);
    let mut client = client::<3>(&mut world);
    client.ping(world.now).unwrap();
    wait(&mut world, &mut client, &mut peer, 100);
    let ids = [(); 3].map(|()| client.write("/a", "1", world.now).unwrap());
    let told = wait(&mut world, &mut client, &mut peer, 100);
    let told: Vec<Told> = told.into_iter().map(|(_, told)| told).collect();
    assert_eq!(
        told,
        [
            Told::Reply(ids[0], 1, b"1".to_vec()),
            Told::Lost(ids[1], Resend::Safe),
            Told::Lost(ids[2], Resend::Safe),
            failed(ConnectionError::PersistenceWithdrawn),
        ]
    );
    assert_eq!(client.room(), 1);
}

#[test]
fn dir_is_asked_for_where_dirall_is_refused_and_that_is_remembered() {
    let listing = frames::entries(&["/10.67C6697351FF", "/a,b"]);
    let mut world = World::new();
    let script = Script::new()
        .answer(done())
        .answer(server_error(42))
        .answer(&listing)
        .answer(&listing)
        .answer(&listing);
    let mut peer = Peer::server(&mut world, [script.stall()]);
    let mut client = client::<2>(&mut world);
    client.ping(world.now).unwrap();
    wait(&mut world, &mut client, &mut peer, 100);
    // While the first one finds out, the second takes no risk.
    let first = client.dir("/", world.now).unwrap();
    client.dir("/", world.now).unwrap();
    let told = run(&mut world, &mut client, &mut peer, 100, |client, told, now| {
        if told.contains(&Told::Lost(first, Resend::Safe)) {
            client.dir("/", now).unwrap();
        }
    });
    assert_eq!(replies(&told).len(), 2);
    assert!(client.is_connected());
    client.dir("/", world.now).unwrap();
    let told = wait(&mut world, &mut client, &mut peer, 100);
    assert_eq!(entries(&told), ["/10.67C6697351FF", "/a,b"]);
    let types: Vec<u8> = peer.received[24..].chunks(26).map(|request| request[11]).collect();
    assert_eq!(types, [7, 4, 4, 4]);
}

#[test]
fn what_a_lost_listing_would_have_shown_is_asked_again() {
    let mut world = World::new();
    let mut peer = Peer::server(
        &mut world,
        [Script::new().read_request().close(), Script::new().answer(done()).stall()],
    );
    let mut client = client::<1>(&mut world);
    client.dir("/", world.now).unwrap();
    wait(&mut world, &mut client, &mut peer, 1000);
    client.dir("/", world.now).unwrap();
    assert_eq!(replies(&wait(&mut world, &mut client, &mut peer, 1000)).len(), 1);
    let types: Vec<u8> = peer.received.chunks(26).map(|request| request[11]).collect();
    assert_eq!(types, [7, 7]);
}

#[test]
fn dir_is_asked_for_where_a_list_could_not_be_taken_apart() {
    let mut world = World::new();
    let mut peer = Peer::server(&mut world, [Script::new().answer(done()).stall()]);
    let mut client = client::<1>(&mut world);
    client.dir("/a,", world.now).unwrap();
    wait(&mut world, &mut client, &mut peer, 100);
    assert_eq!(peer.received[11], 4);
}

#[test]
fn what_nobody_had_asked_for_ends_the_connection() {
    let mut world = World::new();
    let mut peer = Peer::server(&mut world, [Script::new().answer(value("1")).send("x").stall()]);
    let mut client = client::<1>(&mut world);
    client.read("/a", world.now).unwrap();
    let told = wait(&mut world, &mut client, &mut peer, 100);
    assert_eq!(replies(&told), [(1, &b"1"[..])]);
    assert_eq!(told[2].1, failed(ConnectionError::UnexpectedData));
}

#[test]
fn the_user_may_end_a_connection_at_any_time() {
    let mut world = World::new();
    let mut peer = Peer::server(
        &mut world,
        [Script::new().answer(done()).stall(), Script::new().stall(), Script::new().answer(done()).stall()],
    );
    let mut client = client::<1>(&mut world);
    client.disconnect();
    assert_eq!(wait(&mut world, &mut client, &mut peer, 10), []);
    client.ping(world.now).unwrap();
    wait(&mut world, &mut client, &mut peer, 100);
    client.disconnect();
    assert_eq!(wait(&mut world, &mut client, &mut peer, 100), [(0, Disconnected(Orderly))]);
    let lost = client.write("/a", "1", world.now).unwrap();
    wait(&mut world, &mut client, &mut peer, 100);
    client.disconnect();
    let told = wait(&mut world, &mut client, &mut peer, 100);
    assert_eq!(told, [(0, Told::Lost(lost, Resend::MayHappenTwice)), (0, Disconnected(Orderly))]);
    client.ping(world.now).unwrap();
    assert_eq!(replies(&wait(&mut world, &mut client, &mut peer, 100)).len(), 1);
    assert_eq!(peer.connections, 3);
}

#[test]
fn an_address_that_cannot_be_is_an_error_and_another_one_can_be_named() {
    let mut world = World::new();
    let mut peer = Peer::server(&mut world, [Script::new().answer(done()).stall()]);
    let mut client = client::<1>(&mut world);
    let good = client.server();
    for bad in [(good.addr, 0), (smoltcp::wire::Ipv4Address::UNSPECIFIED.into(), 4304)] {
        client.set_server(bad);
        let id = client.ping(world.now).unwrap();
        let told = wait(&mut world, &mut client, &mut peer, 2000);
        assert_eq!(told, [(0, Told::Lost(id, Resend::Safe)), (0, Disconnected(Unaddressable))]);
    }
    client.set_server(good);
    client.ping(world.now).unwrap();
    assert_eq!(replies(&wait(&mut world, &mut client, &mut peer, 2000)).len(), 1);
}

#[test]
fn each_connection_has_a_port_of_its_own() {
    for (seed, expected) in
        [(None, [49152, 49153]), (Some(16383), [65535, 49152]), (Some(65535), [65535, 49152])]
    {
        let mut world = World::new();
        let mut peer = Peer::server(
            &mut world,
            [Script::new().answer(done()).stall(), Script::new().answer(done()).stall()],
        );
        let handle = world.near.socket(128);
        let memory: Connection<_, _> = Connection::new([0; 64], [0; 16]);
        let mut client = Client::new(handle, memory, server_endpoint());
        if let Some(seed) = seed {
            client = client.with_first_port(seed);
        }
        for port in expected {
            client.ping(world.now).unwrap();
            wait(&mut world, &mut client, &mut peer, 100);
            assert_eq!(world.near.tcp(handle).local_endpoint().unwrap().port, port);
            client.disconnect();
            wait(&mut world, &mut client, &mut peer, 100);
        }
    }
}

#[test]
fn a_byte_less_is_an_error_before_anything_is_sent_or_lost() {
    // The request: 24 bytes, the path and a NUL.
    for (transmit, expected) in
        [(27, Ok(())), (26, Err(SendError::BufferFull { needed: 27, available: 26 }.into()))]
    {
        let mut world = World::new();
        let memory: Connection<_, _> = Connection::new(vec![0; transmit].leak(), [0; 16]);
        let mut client = Client::new(world.near.socket(128), memory, server_endpoint());
        assert_eq!(client.read("/a", world.now).map(drop), expected);
        assert_eq!(client.in_flight(), usize::from(expected.is_ok()));
    }
    // The value.
    for (room, why) in [(12, None), (11, Some(DecodeError::StorageTooSmall { announced: 12, capacity: 11 }))]
    {
        let mut world = World::new();
        let mut peer = Peer::server(&mut world, [Script::new().answer(value(b"        21.5")).stall()]);
        let memory: Connection<_, _> = Connection::new([0; 64], vec![0; room].leak());
        let mut client = Client::new(world.near.socket(128), memory, server_endpoint());
        client.read("/a", world.now).unwrap();
        let told = wait(&mut world, &mut client, &mut peer, 100);
        match why {
            None => assert_eq!(replies(&told), [(12, &b"        21.5"[..])]),
            Some(error) => assert_eq!(told[2].1, failed(error.into())),
        }
    }
}

#[test]
fn a_socket_with_little_room_sends_long_requests_in_pieces() {
    let mut world = World::new();
    let mut peer = Peer::server(&mut world, [Script::new().answer(reply(200, b"")).stall()]);
    let memory: Connection<_, _> = Connection::new([0; 256], [0; 16]);
    let mut client = Client::new(world.near.socket(16), memory, server_endpoint());
    client.write("/10.67C6697351FF/memory", &[b'x'; 200], world.now).unwrap();
    assert_eq!(replies(&wait(&mut world, &mut client, &mut peer, 1000)), [(200, &b""[..])]);
    assert_eq!(peer.received.len(), 24 + 24 + 200);
}

#[test]
fn a_request_is_sent_as_it_is_and_calls_ask_for_persistence() {
    let mut world = World::new();
    let mut peer = Peer::server(
        &mut world,
        [Script::new().answer(done()).read_request().reply_nonpersistent(done()).close()],
    );
    let fahrenheit = Flags::NONE.with_temperature_scale(owproto_core::wire::TemperatureScale::Fahrenheit);
    let mut client = client::<1>(&mut world).with_flags(fahrenheit);
    client.present("/a", world.now).unwrap();
    wait(&mut world, &mut client, &mut peer, 100);
    client.request(&Request::presence("/a").unwrap(), world.now).unwrap();
    wait(&mut world, &mut client, &mut peer, 100);
    let flags: Vec<&[u8]> = peer.received.chunks(27).map(|request| &request[12..16]).collect();
    assert_eq!(flags, [(fahrenheit | Flags::PERSISTENCE).0.to_be_bytes(), Flags::NONE.0.to_be_bytes()]);
}

#[test]
fn nothing_is_done_without_a_request() {
    let mut world = World::new();
    let mut client = client::<1>(&mut world);
    let mut events = 0;
    world.run(
        100_000,
        &mut |host, now| {
            events += usize::from(client.poll(now, &mut host.interface, &mut host.sockets).is_some());
            client.poll_at()
        },
        &mut nothing,
        || false,
    );
    assert_eq!(events, 0);
    assert!(world.turns < 10, "{} turns", world.turns);
}
