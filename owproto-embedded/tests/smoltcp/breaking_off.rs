//! Answers that break off, arrive too late, arrive byte by byte or are wrong, at every byte. Times are exact to the
//! millisecond.

use owproto_core::client::{Connection, ConnectionError, Resend, Timeout, Timeouts};
use owproto_core::time::Duration;
use owproto_embedded::smoltcp::{Client, DisconnectReason};
use owproto_tests::frames::{keepalive, list, persistent, rom_id, value, written};
use owproto_tests::peer::Script;

use crate::client::{Buffers, OwnedEvent, replies, wait};
use crate::peer::Peer;
use crate::world::{World, server_endpoint};

const INACTIVITY: u64 = 500;
const TOTAL: u64 = 700;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Call {
    Read,
    Write,
    Dir,
    Present,
}

impl Call {
    fn resend(self) -> Resend {
        if self == Self::Write { Resend::MayHappenTwice } else { Resend::Safe }
    }
}

fn answers() -> [(Call, Vec<u8>); 4] {
    [
        (Call::Read, persistent([keepalive(), value("21.5")])),
        (Call::Write, persistent(written(2))),
        (Call::Dir, persistent(list("/10.67C6697351FF,/28.67C6697351FF"))),
        (Call::Present, persistent(rom_id([1, 2, 3, 4, 5, 6, 7, 8]))),
    ]
}

/// How a call ended and after how many milliseconds: `None` for a reply, otherwise the error and whether the request may be
/// sent again. Checks that the next request gets its own answer.
fn answered(call: Call, script: Script, total: u64) -> (Option<(Resend, DisconnectReason)>, i64) {
    let mut world = World::new();
    let second = Script::new().answer(value("next")).stall();
    let mut peer = Peer::server(&mut world, [script.then(second.clone()), second]);
    let timeouts = Timeouts::NONE
        .with_inactivity(Duration::from_millis(INACTIVITY))
        .with_total(Duration::from_millis(total));
    let connection = Connection::new([0xa5; 256], [0xa5; 256]).with_timeouts(timeouts);
    let mut client: Client<Buffers, Buffers> =
        Client::new(world.near.socket(1024), connection, server_endpoint());
    let now = world.now;
    let id = match call {
        Call::Read => client.read("/a", now),
        Call::Write => client.write("/a", "21", now),
        Call::Dir => client.dir("/", now),
        Call::Present => client.present("/a", now),
    };
    let id = id.unwrap();
    let events = wait(&mut world, &mut client, &mut peer, 20_000);
    let ends: Vec<_> = events.iter().filter(|(_, event)| is_end(event)).collect();
    let end = match &ends[..] {
        [(at, OwnedEvent::Reply(of, ..)), ..] if *of == id => (None, *at),
        [(at, OwnedEvent::Lost(of, resend)), (_, OwnedEvent::Disconnected(reason)), ..] if *of == id => {
            (Some((*resend, *reason)), *at)
        }
        other => panic!("{call:?}: {other:?}"),
    };
    client.read("/next", world.now).unwrap();
    let events = wait(&mut world, &mut client, &mut peer, 1000);
    assert_eq!(replies(&events), [(4, &b"next"[..])], "{call:?}: {events:?}");
    end
}

fn is_end(event: &OwnedEvent) -> bool {
    matches!(event, OwnedEvent::Reply(..) | OwnedEvent::Lost(..) | OwnedEvent::Disconnected(_))
}

/// The expected result of a timeout. Packets take a fraction of a millisecond.
fn timed_out(call: Call, timeout: Timeout, after: u64) -> (Option<(Resend, DisconnectReason)>, i64) {
    let reason = DisconnectReason::Failed(ConnectionError::TimedOut(timeout));
    (Some((call.resend(), reason)), i64::try_from(after).unwrap())
}

#[test]
fn silence_from_any_byte_on_ends_in_exactly_the_inactivity_timeout() {
    for (call, bytes) in answers() {
        for at in 0..bytes.len() {
            let begins = || Script::new().read_request().send(&bytes[..at]);
            let late = begins().pause_ms(INACTIVITY + 1).send(&bytes[at..]);
            for script in [begins(), late] {
                let expected = timed_out(call, Timeout::Inactivity, INACTIVITY);
                assert_eq!(answered(call, script, 0), expected, "{call:?} at {at}");
            }
        }
    }
}

#[test]
fn an_answer_byte_by_byte_ends_in_exactly_the_total_timeout() {
    const PAUSE: u64 = 100;
    for (call, bytes) in answers() {
        for at in 0..bytes.len() {
            let begins = Script::new().read_request().send(&bytes[..at]);
            let drops = bytes[at..].iter().fold(begins, |script, byte| script.pause_ms(PAUSE).send([*byte]));
            let needed = PAUSE * (bytes.len() - at) as u64;
            let expected = if needed >= TOTAL {
                timed_out(call, Timeout::Total, TOTAL)
            } else {
                (None, i64::try_from(needed).unwrap())
            };
            assert_eq!(answered(call, drops, TOTAL), expected, "{call:?} at {at}");
        }
    }
}

#[test]
fn an_answer_with_any_byte_changed_ends_within_the_inactivity_timeout() {
    let mut errors = 0;
    for (call, bytes) in answers() {
        for at in 0..bytes.len() {
            for change in [0x01, 0x10, 0x80, 0xff] {
                let mut changed = bytes.clone();
                changed[at] ^= change;
                let script = Script::new().read_request().send(&changed);
                let (error, took) = answered(call, script, 0);
                assert!(took <= i64::try_from(INACTIVITY).unwrap(), "{call:?} at {at}: {took}");
                errors += usize::from(error.is_some());
            }
        }
    }
    assert!(errors > 100, "{errors}");
}
