//! What the client promises, with a scripted server. Times are milliseconds since the first request.

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

/// An event that borrows nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum OwnedEvent {
    Connected,
    Entries(Vec<String>),
    Reply(RequestId, i32, Vec<u8>),
    Lost(RequestId, Resend),
    Disconnected(DisconnectReason),
}
use DisconnectReason::{Failed, Orderly, Refused, Reset, Unaddressable};
use OwnedEvent::{Connected, Disconnected};

pub(crate) type Buffers = [u8; 256];

fn client<const DEPTH: usize>(world: &mut World) -> Client<Buffers, Buffers, DEPTH> {
    Client::new(world.near.socket(1024), Connection::new([0xa5; 256], [0xa5; 256]), server_endpoint())
}

/// Runs the client and a program that uses it for a while. Returns its events with their times.
fn run<T: Storage, R: Storage, const DEPTH: usize>(
    world: &mut World,
    client: &mut Client<T, R, DEPTH>,
    peer: &mut Peer,
    millis: u64,
    mut user: impl FnMut(&mut Client<T, R, DEPTH>, &[OwnedEvent], smoltcp::time::Instant),
) -> Vec<(i64, OwnedEvent)> {
    let start = world.now;
    let mut all: Vec<(i64, OwnedEvent)> = Vec::new();
    world.run(
        millis,
        &mut |host, now| {
            let mut events = Vec::new();
            while let Some(event) = client.poll(now, &mut host.interface, &mut host.sockets) {
                events.push(match event {
                    Event::Progress => continue,
                    Event::Connected => Connected,
                    Event::Entries(_, entries) => OwnedEvent::Entries(
                        entries.map(|entry| String::from_utf8_lossy(entry).into_owned()).collect(),
                    ),
                    Event::Reply(id, reply) => OwnedEvent::Reply(id, reply.ret(), reply.data().to_vec()),
                    Event::Lost(Lost { id, resend, .. }) => OwnedEvent::Lost(id, resend),
                    Event::Disconnected(reason) => Disconnected(reason),
                });
            }
            // No received byte is left, because nothing might wake the loop for it.
            for (_, socket) in host.sockets.iter() {
                let smoltcp::socket::Socket::Tcp(socket) = socket;
                assert!(socket.recv_queue() == 0 || !client.is_connected());
            }
            user(client, &events, now);
            all.extend(events.into_iter().map(|event| ((now - start).total_millis() as i64, event)));
            client.poll_at()
        },
        &mut |host, now| peer.run(host, now),
        || false,
    );
    all
}

/// Runs the client without a program that uses it.
pub(crate) fn wait<T: Storage, R: Storage, const DEPTH: usize>(
    world: &mut World,
    client: &mut Client<T, R, DEPTH>,
    peer: &mut Peer,
    millis: u64,
) -> Vec<(i64, OwnedEvent)> {
    run(world, client, peer, millis, |_, _, _| ())
}

/// Only the replies.
pub(crate) fn replies(events: &[(i64, OwnedEvent)]) -> Vec<(i32, &[u8])> {
    events
        .iter()
        .filter_map(|(_, event)| match event {
            OwnedEvent::Reply(_, ret, data) => Some((*ret, &data[..])),
            _ => None,
        })
        .collect()
}

/// All entries.
fn entries(events: &[(i64, OwnedEvent)]) -> Vec<&String> {
    events
        .iter()
        .filter_map(|(_, event)| if let OwnedEvent::Entries(entries) = event { Some(entries) } else { None })
        .flatten()
        .collect()
}

/// Disconnections and lost requests.
fn endings(events: Vec<(i64, OwnedEvent)>) -> Vec<(i64, OwnedEvent)> {
    events.into_iter().filter(|(_, event)| matches!(event, OwnedEvent::Lost(..) | Disconnected(_))).collect()
}

fn failed(error: ConnectionError) -> OwnedEvent {
    Disconnected(Failed(error))
}

#[test]
fn after_the_first_answer_up_to_depth_requests_are_in_flight() {
    let mut world = World::new();
    let script = (b'0'..b'6')
        .fold(Script::new(), |script, digit| script.read_request().pause_ms(10).reply(value([digit])));
    let mut peer = Peer::server(&mut world, [script.stall()]);
    let mut client = client::<3>(&mut world);
    let mut ids = vec![client.read("/0", world.now).unwrap()];
    assert_eq!(client.room(), 0);
    assert_eq!(client.read("/1", world.now), Err(CallError::Send(SendError::TooManyInFlight)));
    let mut most = 0;
    let events = run(&mut world, &mut client, &mut peer, 1000, |client, _, now| {
        while client.room() > 0 && ids.len() < 6 {
            ids.push(client.read(&format!("/{}", ids.len()), now).unwrap());
        }
        most = most.max(client.in_flight());
    });
    assert_eq!(most, 3);
    let expected: Vec<OwnedEvent> = std::iter::once(Connected)
        .chain((0..6).map(|n| OwnedEvent::Reply(ids[n], 1, vec![b'0' + n as u8])))
        .collect();
    assert_eq!(events.into_iter().map(|(_, event)| event).collect::<Vec<_>>(), expected);
    assert!(client.is_connected() && client.room() == 3 && client.poll_at().is_none());
    assert_eq!(peer.connections, 1);
}

#[test]
fn every_captured_exchange_is_answered_in_pieces() {
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
        // A small receive buffer, so that its ring wraps at many positions.
        let mut client = Client::new(world.near.socket(61), memory, server_endpoint());
        client.request(&request, world.now).unwrap();
        let events = wait(&mut world, &mut client, &mut peer, 20_000);
        let is_list = wanted.message_type == 7 || wanted.message_type == 9;
        let data = match events.iter().find(|(_, event)| matches!(event, OwnedEvent::Reply(..))) {
            Some((_, OwnedEvent::Reply(_, ret, data))) => {
                assert_eq!(*ret, last.ret, "{}", vector.name);
                data
            }
            _ => panic!("{}: {events:?}", vector.name),
        };
        assert!(
            if is_list { data.is_empty() } else { last.payload_bytes.starts_with(data) },
            "{}",
            vector.name
        );
        let ends = endings(events);
        assert!(matches!(&ends[..], [(_, Disconnected(Orderly))]), "{}: {ends:?}", vector.name);
        assert_eq!(peer.received, bytes, "{}", vector.name);
    }
    assert!(driven > 440, "{driven}");
}

#[test]
fn a_listing_of_65_kb_passes_through_a_client_of_256_bytes() {
    let names: Vec<String> = (0..3900).map(|n| format!("/10.{n:012X}")).collect();
    let list = names.join(",");
    assert!(list.len() > 65_536);
    let mut world = World::new();
    let mut peer = Peer::server(&mut world, [Script::new().answer(reply(0, list.as_bytes())).stall()]);
    // 256 bytes of buffers, without the transmit buffer of the socket.
    let memory: Connection<_, _> = Connection::new([0xa5; 96], [0xa5; 32]);
    let mut client = Client::new(world.near.socket(128), memory, server_endpoint());
    client.dir("/", world.now).unwrap();
    let events = wait(&mut world, &mut client, &mut peer, 10_000);
    let listed = entries(&events);
    assert!(listed.iter().copied().eq(&names), "{} entries", listed.len());
    assert_eq!(replies(&events), [(0, &b""[..])]);
}

#[test]
fn keepalives_prolong_the_inactivity_timeout_without_a_busy_loop() {
    let mut script = Script::new().read_request();
    for _ in 0..30 {
        script = script.pause_ms(1000).keepalive();
    }
    let mut world = World::new();
    let mut peer = Peer::server(&mut world, [script.pause_ms(999).reply(value("85")).stall()]);
    let mut client = client::<1>(&mut world);
    let id = client.read("/slow", world.now).unwrap();
    let events = wait(&mut world, &mut client, &mut peer, 60_000);
    assert_eq!(events[1], (30_999, OwnedEvent::Reply(id, 2, b"85".to_vec())));
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
        let events = endings(wait(&mut world, &mut client, &mut peer, 10_000));
        let error = failed(ConnectionError::TimedOut(timeout));
        // The packets took less than a millisecond.
        assert_eq!(events, [(expected, OwnedEvent::Lost(id, Resend::Safe)), (expected, error)]);
    }
}

#[test]
fn the_delay_grows_while_the_server_refuses() {
    let mut world = World::new();
    let mut peer = Peer::server(&mut world, []);
    let backoff = Backoff::new(Duration::from_millis(500), Duration::from_millis(3000));
    let mut client = client::<1>(&mut world).with_backoff(backoff);
    let insist = |client: &mut Client<_, _, 1>, _: &[OwnedEvent], now| {
        if client.in_flight() == 0 && client.room() > 0 {
            client.write("/a", "1", now).unwrap();
        }
    };
    let events = run(&mut world, &mut client, &mut peer, 10_000, insist);
    let refused: Vec<i64> =
        events.iter().filter(|(_, event)| *event == Disconnected(Refused)).map(|(at, _)| *at).collect();
    // Packets take a fraction of a millisecond.
    let expected = [0, 500, 1500, 3500, 6500, 9500];
    assert!(
        refused.len() == 6 && refused.iter().zip(expected).all(|(at, expected)| at - expected < 3),
        "{refused:?}"
    );
    // Nothing of them was sent, so that even a write may be sent again.
    let lost = events.iter().filter(|(_, event)| matches!(event, OwnedEvent::Lost(_, Resend::Safe))).count();
    assert_eq!(events.len(), refused.len() + lost);
    assert_eq!(refused.len(), lost);
    // An answer resets the delay.
    peer = Peer::server(&mut world, [Script::new().answer(done()).pause_ms(1).reset()]);
    let events = run(&mut world, &mut client, &mut peer, 10_000, insist);
    let ends = endings(events);
    assert_eq!(ends[1].1, Disconnected(Reset), "{ends:?}");
    assert_eq!(ends[3].1, Disconnected(Refused));
    assert_eq!(ends[5].0 - ends[3].0, 500, "{ends:?}");
}

#[test]
fn a_pulled_cable_ends_in_a_timeout_and_the_client_recovers() {
    let mut world = World::new();
    let script = Script::new().answer(value("1")).answer(value("1")).answer(value("1")).stall();
    let mut peer = Peer::server(&mut world, [script.clone(), script]);
    let mut client = client::<1>(&mut world);
    client.read("/a", world.now).unwrap();
    assert_eq!(replies(&wait(&mut world, &mut client, &mut peer, 100)).len(), 1);
    world.unplug(true);
    let lost = client.read("/a", world.now).unwrap();
    let events = wait(&mut world, &mut client, &mut peer, 2600);
    assert_eq!(
        events,
        [
            (2000, OwnedEvent::Lost(lost, Resend::Safe)),
            (2000, failed(ConnectionError::TimedOut(Timeout::Inactivity)))
        ]
    );
    // Connecting fails, too.
    let lost = client.read("/a", world.now).unwrap();
    let events = wait(&mut world, &mut client, &mut peer, 2500);
    assert_eq!(events[0], (2000, OwnedEvent::Lost(lost, Resend::Safe)));
    assert_eq!((events.len(), client.room()), (2, 0));
    world.unplug(false);
    // The server has not noticed the loss, and has only one socket.
    peer.forget(&mut world);
    wait(&mut world, &mut client, &mut peer, 5000);
    client.read("/a", world.now).unwrap();
    let events = wait(&mut world, &mut client, &mut peer, 1900);
    assert_eq!(replies(&events), [(1, &b"1"[..])], "{events:?}");
}

#[test]
fn a_lost_connection_reports_what_may_be_sent_again() {
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
    for (script, reason) in table {
        for (is_write, resend) in [(false, Resend::Safe), (true, Resend::MayHappenTwice)] {
            let mut world = World::new();
            let mut peer = Peer::server(&mut world, [script.clone()]);
            let mut client = client::<1>(&mut world);
            let id = match is_write {
                true => client.write("/a", "1", world.now),
                false => client.read("/a", world.now),
            };
            let events = endings(wait(&mut world, &mut client, &mut peer, 1000));
            let events: Vec<OwnedEvent> = events.into_iter().map(|(_, event)| event).collect();
            assert_eq!(events, [OwnedEvent::Lost(id.unwrap(), resend), Disconnected(reason)]);
        }
    }
}

#[test]
fn a_connection_that_was_closed_while_idle_is_replaced_without_delay() {
    let answered = || Script::new().answer(done()).pause_ms(100);
    for first in [answered().close(), answered().reset()] {
        let mut world = World::new();
        let mut peer = Peer::server(&mut world, [first, Script::new().answer(value("new")).stall()]);
        let mut client = client::<1>(&mut world);
        client.ping(world.now).unwrap();
        let events = wait(&mut world, &mut client, &mut peer, 200);
        assert_eq!(events[2].1, Disconnected(Orderly));
        assert!(!client.is_connected() && client.room() == 1);
        let id = client.write("/a", "1", world.now).unwrap();
        let events = wait(&mut world, &mut client, &mut peer, 200);
        assert_eq!(events[..2], [(0, Connected), (0, OwnedEvent::Reply(id, 3, b"new".to_vec()))]);
    }
}

#[test]
fn a_request_that_crosses_the_end_of_an_idle_connection_is_reported_as_lost() {
    let mut world = World::new();
    // Closes when the second request arrives, like a server that was already closing.
    let first = Script::new().answer(done()).read_request().close();
    let mut peer = Peer::server(&mut world, [first, Script::new().answer(value("1")).stall()]);
    let mut client = client::<1>(&mut world);
    client.ping(world.now).unwrap();
    wait(&mut world, &mut client, &mut peer, 100);
    let id = client.read("/a", world.now).unwrap();
    let events = run(&mut world, &mut client, &mut peer, 100, |client, events, now| {
        if events.iter().any(|event| matches!(event, Disconnected(_))) {
            client.read("/a", now).unwrap();
        }
    });
    assert_eq!(events[..2], [(0, OwnedEvent::Lost(id, Resend::Safe)), (0, failed(ConnectionError::Stale))]);
    assert_eq!(replies(&events), [(1, &b"1"[..])]);
}

#[test]
fn without_persistence_each_request_has_its_own_connection() {
    let mut world = World::new();
    let mut peer = Peer::server(
        &mut world,
        ["0", "1", "2", "3"]
            .map(|digit| Script::new().read_request().reply_nonpersistent(value(digit)).close()),
    );
    let mut client = client::<4>(&mut world);
    let mut requested = 0;
    let events = run(&mut world, &mut client, &mut peer, 1000, |client, _, now| {
        while requested < 4 && client.room() > 0 {
            client.read("/a", now).unwrap();
            requested += 1;
        }
    });
    assert_eq!(replies(&events), [(1, &b"0"[..]), (1, b"1"), (1, b"2"), (1, b"3")]);
    assert_eq!(peer.connections, 4);
    // Without delays between them.
    assert!(events.last().unwrap().0 < 20, "{events:?}");
}

#[test]
fn requests_after_an_answer_that_ends_the_connection_are_safe_to_resend() {
    let mut world = World::new();
    let first = Script::new().answer(done()).read_request().reply_nonpersistent(value("1")).close();
    let mut peer = Peer::server(&mut world, [first]);
    let mut client = client::<3>(&mut world);
    client.ping(world.now).unwrap();
    wait(&mut world, &mut client, &mut peer, 100);
    let ids = [(); 3].map(|()| client.write("/a", "1", world.now).unwrap());
    let events = wait(&mut world, &mut client, &mut peer, 100);
    let events: Vec<OwnedEvent> = events.into_iter().map(|(_, event)| event).collect();
    assert_eq!(
        events,
        [
            OwnedEvent::Reply(ids[0], 1, b"1".to_vec()),
            OwnedEvent::Lost(ids[1], Resend::Safe),
            OwnedEvent::Lost(ids[2], Resend::Safe),
            failed(ConnectionError::PersistenceWithdrawn),
        ]
    );
    assert_eq!(client.room(), 1);
}

#[test]
fn dir_replaces_dirall_where_that_is_refused_and_the_client_remembers_it() {
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
    // Until the first answer shows whether DIRALL is supported, the second uses DIR.
    let first = client.dir("/", world.now).unwrap();
    client.dir("/", world.now).unwrap();
    let events = run(&mut world, &mut client, &mut peer, 100, |client, events, now| {
        if events.contains(&OwnedEvent::Lost(first, Resend::Safe)) {
            client.dir("/", now).unwrap();
        }
    });
    assert_eq!(replies(&events).len(), 2);
    assert!(client.is_connected());
    client.dir("/", world.now).unwrap();
    let events = wait(&mut world, &mut client, &mut peer, 100);
    assert_eq!(entries(&events), ["/10.67C6697351FF", "/a,b"]);
    let types: Vec<u8> = peer.received[24..].chunks(26).map(|request| request[11]).collect();
    assert_eq!(types, [7, 4, 4, 4]);
}

#[test]
fn after_a_lost_listing_dirall_is_tried_again() {
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
fn dir_replaces_dirall_where_a_comma_list_would_be_ambiguous() {
    let mut world = World::new();
    let mut peer = Peer::server(&mut world, [Script::new().answer(done()).stall()]);
    let mut client = client::<1>(&mut world);
    client.dir("/a,", world.now).unwrap();
    wait(&mut world, &mut client, &mut peer, 100);
    assert_eq!(peer.received[11], 4);
}

#[test]
fn unexpected_bytes_end_the_connection() {
    let mut world = World::new();
    let mut peer = Peer::server(&mut world, [Script::new().answer(value("1")).send("x").stall()]);
    let mut client = client::<1>(&mut world);
    client.read("/a", world.now).unwrap();
    let events = wait(&mut world, &mut client, &mut peer, 100);
    assert_eq!(replies(&events), [(1, &b"1"[..])]);
    assert_eq!(events[2].1, failed(ConnectionError::UnexpectedData));
}

#[test]
fn disconnect_is_possible_at_any_time() {
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
    let events = wait(&mut world, &mut client, &mut peer, 100);
    assert_eq!(events, [(0, OwnedEvent::Lost(lost, Resend::MayHappenTwice)), (0, Disconnected(Orderly))]);
    client.ping(world.now).unwrap();
    assert_eq!(replies(&wait(&mut world, &mut client, &mut peer, 100)).len(), 1);
    assert_eq!(peer.connections, 3);
}

#[test]
fn an_invalid_address_is_an_error_and_can_be_changed() {
    let mut world = World::new();
    let mut peer = Peer::server(&mut world, [Script::new().answer(done()).stall()]);
    let mut client = client::<1>(&mut world);
    let good = client.server();
    for bad in [(good.addr, 0), (smoltcp::wire::Ipv4Address::UNSPECIFIED.into(), 4304)] {
        client.set_server(bad);
        let id = client.ping(world.now).unwrap();
        let events = wait(&mut world, &mut client, &mut peer, 2000);
        assert_eq!(events, [(0, OwnedEvent::Lost(id, Resend::Safe)), (0, Disconnected(Unaddressable))]);
    }
    client.set_server(good);
    client.ping(world.now).unwrap();
    assert_eq!(replies(&wait(&mut world, &mut client, &mut peer, 2000)).len(), 1);
}

#[test]
fn each_connection_has_its_own_port() {
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
fn a_buffer_one_byte_too_small_is_an_error_before_anything_is_sent_or_lost() {
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
    for (room, reason) in
        [(12, None), (11, Some(DecodeError::StorageTooSmall { announced: 12, capacity: 11 }))]
    {
        let mut world = World::new();
        let mut peer = Peer::server(&mut world, [Script::new().answer(value(b"        21.5")).stall()]);
        let memory: Connection<_, _> = Connection::new([0; 64], vec![0; room].leak());
        let mut client = Client::new(world.near.socket(128), memory, server_endpoint());
        client.read("/a", world.now).unwrap();
        let events = wait(&mut world, &mut client, &mut peer, 100);
        match reason {
            None => assert_eq!(replies(&events), [(12, &b"        21.5"[..])]),
            Some(error) => assert_eq!(events[2].1, failed(error.into())),
        }
    }
}

#[test]
fn a_small_socket_sends_long_requests_in_pieces() {
    let mut world = World::new();
    let mut peer = Peer::server(&mut world, [Script::new().answer(reply(200, b"")).stall()]);
    let memory: Connection<_, _> = Connection::new([0; 256], [0; 16]);
    let mut client = Client::new(world.near.socket(16), memory, server_endpoint());
    client.write("/10.67C6697351FF/memory", &[b'x'; 200], world.now).unwrap();
    assert_eq!(replies(&wait(&mut world, &mut client, &mut peer, 1000)), [(200, &b""[..])]);
    assert_eq!(peer.received.len(), 24 + 24 + 200);
}

#[test]
fn a_request_is_sent_unchanged_and_calls_request_persistence() {
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
fn without_a_request_the_client_does_nothing() {
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
