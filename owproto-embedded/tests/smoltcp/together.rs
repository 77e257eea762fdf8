//! The client and the server together, also with lost packets.

use owproto_core::client::{Connection, Resend};
use owproto_core::server;
use owproto_core::text::{Value, ValueType};
use owproto_core::tree::{Tree, tester::Tester};
use owproto_embedded::smoltcp::{Client, DisconnectReason, Event, Server};

use crate::world::{World, server_endpoint};

/// The result of a client that lists a bus and reads all temperatures repeatedly.
#[derive(Debug, Default)]
struct Done {
    rounds: usize,
    values: usize,
    lost: usize,
    disconnected: Vec<DisconnectReason>,
}

const FAMILIES: [u8; 6] = [0x10, 0x28, 0x28, 0x22, 0x28, 0x3b];

/// Runs such a client with a server that has six thermometers and four sockets.
fn watch<const DEPTH: usize>(world: &mut World, rounds: usize, millis: u64, persistent: usize) -> Done {
    let mut tree = Tree::new(Tester::new(&FAMILIES));
    let connection = || server::Connection::new([0xa5; 256], [0xa5; 256]);
    let sockets = [(); 4].map(|()| (world.far.socket(512), connection()));
    let mut server = Server::new(sockets).with_persistent(persistent);
    let connection: Connection<_, _, DEPTH> = Connection::new([0xa5; 256], [0xa5; 64]);
    let mut client = Client::new(world.near.socket(256), connection, server_endpoint());

    let done = std::cell::RefCell::new(Done::default());
    let mut devices: Vec<Vec<u8>> = Vec::new();
    let mut listing = None;
    // Readings that were requested and answered; the first is `None` before the listing is complete.
    let (mut requested, mut answered) = (None, 0);
    world.run(
        millis,
        &mut |host, now| {
            let mut done = done.borrow_mut();
            while let Some(event) = client.poll(now, &mut host.interface, &mut host.sockets) {
                match event {
                    Event::Connected | Event::Progress => {}
                    Event::Entries(_, entries) => devices.extend(entries.map(<[u8]>::to_vec)),
                    Event::Reply(id, reply) if listing == Some(id) => {
                        assert!(reply.into_result().is_ok());
                        let is_device = |entry: &Vec<u8>| entry.get(3) == Some(&b'.');
                        devices.retain(is_device);
                        assert_eq!(devices.len(), FAMILIES.len());
                        requested = Some(0);
                    }
                    Event::Reply(_, reply) => {
                        let value = Value::parse(ValueType::Temperature, reply.data()).unwrap();
                        assert!(value.as_f64().is_some());
                        answered += 1;
                        done.values += 1;
                    }
                    Event::Lost(lost) => {
                        assert_eq!(lost.resend, Resend::Safe);
                        done.lost += 1;
                        (listing, requested) = (None, None);
                    }
                    Event::Disconnected(reason) => done.disconnected.push(reason),
                }
            }
            if requested.is_some() && answered == devices.len() {
                done.rounds += 1;
                (listing, requested) = (None, None);
            }
            if listing.is_none() && client.in_flight() == 0 && client.room() > 0 {
                devices.clear();
                answered = 0;
                listing = client.dir("/", now).ok();
            }
            while let Some(n) = requested
                && let Some(device) = devices.get(n)
                && client.room() > 0
            {
                client.read(&[&device[..], b"/temperature"].concat(), now).unwrap();
                requested = Some(n + 1);
            }
            client.poll_at()
        },
        &mut |host, now| {
            server.poll(now, &mut host.sockets, &mut tree);
            server.poll_at(None)
        },
        || done.borrow().rounds >= rounds,
    );
    done.into_inner()
}

#[test]
fn a_bus_is_read_a_thousand_times() {
    let mut world = World::new();
    let done = watch::<4>(&mut world, 1000, 60_000, 3);
    assert_eq!((done.rounds, done.values, done.lost), (1000, 6000, 0));
    assert!(done.disconnected.is_empty());
    // Without pipelining each round takes seven round trips; with four requests in flight fewer.
    let pipelined = (world.now - smoltcp::time::Instant::from_secs(1)).total_micros();
    let mut world = World::new();
    watch::<1>(&mut world, 1000, 60_000, 3);
    let single = (world.now - smoltcp::time::Instant::from_secs(1)).total_micros();
    assert!(pipelined * 3 < single * 2, "{pipelined} µs, {single} µs");
}

#[test]
fn a_server_without_persistence_is_read_too() {
    let mut world = World::new();
    let done = watch::<4>(&mut world, 100, 60_000, 0);
    assert_eq!((done.rounds, done.values, done.lost), (100, 600, 0));
    assert!(
        done.disconnected.len() >= 699
            && done.disconnected.iter().all(|reason| *reason == DisconnectReason::Orderly)
    );
}

#[test]
fn lost_packets_cost_time_but_no_data() {
    for (lost, rounds) in [(10, 1000), (50, 300), (200, 20)] {
        let mut world = World::new().with_loss(lost);
        let done = watch::<4>(&mut world, rounds, 3_600_000, 3);
        println!("{} ‰: {} after {}", lost, done.rounds, world.now);
        assert_eq!(done.rounds, rounds, "{lost} of 1000 packets: {done:?}");
        assert!(done.values >= rounds * 6);
    }
}
