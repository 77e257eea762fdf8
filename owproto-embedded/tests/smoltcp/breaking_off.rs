//! Answers that break off, come too late, come in drops or go wrong at every byte. Times are exact to the millisecond.

use owproto_core::client::{Connection, ConnectionError, Resend, Timeout, Timeouts};
use owproto_core::time::Duration;
use owproto_embedded::smoltcp::{Client, DisconnectReason};
use owproto_tests::frames::{keepalive, list, persistent, rom_id, value, written};
use owproto_tests::peer::Script;

use crate::client::{Buffers, Told, replies, wait};
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

/// How the call ended: the error, what may be made again, and how many milliseconds it took; `None` for a reply. The next
/// request has its own answer.
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
    let told = wait(&mut world, &mut client, &mut peer, 20_000);
    let ends: Vec<_> = told.iter().filter(|(_, told)| is_end(told)).collect();
    let end = match &ends[..] {
        [(at, Told::Reply(of, ..)), ..] if *of == id => (None, *at),
        [(at, Told::Lost(of, resend)), (_, Told::Disconnected(why)), ..] if *of == id => {
            (Some((*resend, *why)), *at)
        }
        other => panic!("{call:?}: {other:?}"),
    };
    client.read("/next", world.now).unwrap();
    let told = wait(&mut world, &mut client, &mut peer, 1000);
    assert_eq!(replies(&told), [(4, &b"next"[..])], "{call:?}: {told:?}");
    end
}

fn is_end(told: &Told) -> bool {
    matches!(told, Told::Reply(..) | Told::Lost(..) | Told::Disconnected(_))
}

/// A packet needs a fraction of a millisecond.
fn timed_out(call: Call, timeout: Timeout, after: u64) -> (Option<(Resend, DisconnectReason)>, i64) {
    let why = DisconnectReason::Failed(ConnectionError::TimedOut(timeout));
    (Some((call.resend(), why)), i64::try_from(after).unwrap())
}

#[test]
fn a_silence_from_any_byte_on_is_endured_exactly_so_long() {
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
fn an_answer_in_drops_takes_exactly_the_total_time() {
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
fn an_answer_with_any_byte_changed_ends_in_time() {
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
