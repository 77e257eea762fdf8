//! What only servers that keep deadlines promise.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use owproto_core::Request;
use owproto_core::server::{Connection, End, Timeout, Timeouts};
use owproto_core::time::Duration;
use owproto_core::tree::Tree;
use owproto_core::wire::Flags;
use owproto_embedded::asynchronous::{Server, Timed};
use owproto_embedded::blocking::{self, Polled};
use owproto_tests::peer::Script;

use crate::services::{Echo, SlowBus};
use crate::wire::{Delay, Wire, sending};

fn kept(path: &str) -> Vec<u8> {
    let request = Request::read(path).unwrap().with_flags(Flags::PERSISTENCE);
    let mut buffer = [0; 64];
    request.encode(&mut buffer).unwrap().to_vec()
}

fn timed(wire: &Wire) -> Timed<Wire, Delay> {
    Timed::new(wire.clone(), Delay(wire.clone()))
}

/// The script of a client, the timeouts, which of them expires, and after how many milliseconds.
fn deadlines() -> Vec<(Script, Timeouts, Timeout, u64)> {
    let usual = Timeouts::DEFAULT;
    let begun = kept("/abc")[..26].to_vec();
    let drip =
        |bytes: &[u8]| bytes.iter().fold(Script::new(), |script, &byte| script.pause_ms(9_000).send([byte]));
    vec![
        (Script::new(), usual, Timeout::Request, 10_000),
        (Script::new().send(&begun), usual, Timeout::Request, 10_000),
        (Script::new().send(&begun), usual.with_request(Duration::from_millis(700)), Timeout::Request, 700),
        (drip(&begun), usual, Timeout::RequestTotal, 69_000),
        // The low idle timeout has no effect.
        (Script::new().send(kept("/a")), usual, Timeout::IdleHigh, 3_600_000),
        (
            Script::new().send(kept("/a")),
            usual.with_idle_high(Duration::from_secs(5)),
            Timeout::IdleHigh,
            5_000,
        ),
    ]
}

#[test]
fn deadlines_are_exact() {
    for (script, timeouts, timeout, millis) in deadlines() {
        let wire = Wire::new(&script.stall());
        let connection = Connection::new([0xa5; 64], [0xa5; 64]).with_timeouts(timeouts);
        let mut server = Server::new(wire.clock(), connection, [0xa5; 64]);
        let before = wire.now();
        let end = wire.run(server.serve(&mut timed(&wire), Echo));
        assert_eq!(end, Ok(End::TimedOut(timeout)));
        assert_eq!(wire.now().saturating_since(before), Duration::from_millis(millis));
    }
}

#[test]
fn deadlines_of_a_blocking_server_are_as_exact_as_its_idle_function() {
    for (script, timeouts, timeout, millis) in deadlines() {
        let wire = Wire::new(&script.stall());
        let connection = Connection::new([0xa5; 64], [0xa5; 64]).with_timeouts(timeouts);
        let mut server = blocking::Server::new(wire.clock(), connection, [0xa5; 64]);
        let before = wire.now();
        let passing = wire.clone();
        let end = server.serve(&mut Polled::new(wire.clone(), move || passing.advance(999)), Echo);
        assert_eq!(end, Ok(End::TimedOut(timeout)));
        let late = wire.now().saturating_since(before).as_micros() - millis * 1000;
        // Each byte is noticed late by up to that much.
        assert!(late < 30 * 999, "{late} µs late");
    }
}

#[test]
fn a_client_that_does_not_read_is_disconnected() {
    let wire = Wire::new(&Script::new().send(kept("/abc")).zero_window());
    let mut server = Server::new(wire.clock(), Connection::new([0xa5; 64], [0xa5; 64]), [0xa5; 64]);
    let before = wire.now();
    let end = wire.run(server.serve(&mut timed(&wire), Echo));
    assert_eq!(end, Ok(End::TimedOut(Timeout::Send)));
    assert_eq!(wire.now().saturating_since(before), Duration::from_secs(60));
}

#[test]
fn clients_that_share_a_tree_do_not_wait_for_one_another() {
    let slow = Wire::new(&sending(&kept("/28.000000000000/temperature")));
    let quick = slow.beside(&Script::new().pause_ms(1500).send(kept("/28.000000000000/type")).close());
    let tree = RefCell::new(Tree::new(SlowBus::new(&slow, 1, 2_500_000)));
    let mut ends = [None, None];
    {
        let memory = || Connection::new([0xa5; 64], [0xa5; 64]);
        let mut servers = [(); 2].map(|()| Server::new(slow.clock(), memory(), [0xa5; 64]));
        let [first, second] = &mut servers;
        let (mut first_transport, mut second_transport) = (timed(&slow), timed(&quick));
        let mut first = pin!(first.serve(&mut first_transport, &tree));
        let mut second = pin!(second.serve(&mut second_transport, &tree));
        slow.run(poll_fn(|context| {
            if ends[0].is_none()
                && let Poll::Ready(end) = first.as_mut().poll(context)
            {
                ends[0] = Some(end);
            }
            if ends[1].is_none()
                && let Poll::Ready(end) = second.as_mut().poll(context)
            {
                ends[1] = Some(end);
            }
            if ends.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
        }));
    }
    assert_eq!(ends, [Some(Ok(End::ClientClosed)); 2]);
    let millis = |wire: &Wire| wire.writes().iter().map(|(at, _)| at / 1000 - 1000).collect::<Vec<_>>();
    assert_eq!(millis(&slow), [1000, 2000, 2500]);
    assert_eq!(millis(&quick), [1500]);
    assert!(quick.sent().ends_with(b"DS18B20"));
}
