//! Replies that end, stop or are damaged at every byte.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use owproto_core::client::ConnectionError;
use owproto_tests::peer::{Peer, Script};
use owproto_tests::vectors;

use owproto_tests::frames::*;
use owproto_tests::path_server;

use super::executor::block_on;
use super::over_sockets::SocketClient;
use super::scenario::*;
use super::virtual_time::{self as world, Client, perform};
use crate::Builder;

/// The total timeout of a call whose peer stalls, in milliseconds.
const TOTAL_TIMEOUT: u64 = 250;

/// The longest time for a call.
const LIMIT: Duration = Duration::from_secs(20);

/// More threads than processors, since most of them wait.
const THREADS: usize = 32;

struct Exchange {
    call: Call,
    reply: Vec<u8>,
    gives: Outcome,
}

fn exchanges() -> Vec<Exchange> {
    let exchange = |call, frames: &[Frame], gives| {
        let reply = persistent(frames);
        Exchange { call, reply, gives }
    };
    vec![
        exchange(Call::Read("/a"), &[keepalive(), value("21.25")], gives("21.25")),
        exchange(Call::DirEach("/"), &[entry("/a"), keepalive(), entry("/b"), done()], lists(&["/a", "/b"])),
        exchange(Call::DirIter("/", 9), &[entry("/a"), entry("/b"), done()], lists(&["/a", "/b"])),
        exchange(Call::Dir("/"), &[list("/a,/b")], lists(&["/a", "/b"])),
        exchange(Call::Write("/a", "21"), &[written(2)], Outcome::Count(2)),
        exchange(Call::Present("/a"), &[rom_id([1, 2, 3, 4, 5, 6, 7, 8])], Outcome::Bool(true)),
        exchange(Call::ReadMany(vec!["/a"]), &[value("1")], Outcome::Many(vec![gives("1")])),
    ]
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Ending {
    Close,
    Reset,
    Stall,
}

/// The error of a call, if it failed.
fn failure(outcome: &Outcome) -> Option<Failure> {
    match outcome {
        Outcome::Fails(why) => Some(*why),
        Outcome::Many(all) => all.iter().find_map(failure),
        _ => None,
    }
}

fn check_ending<C: SocketClient>(exchange: &Exchange, at: usize, ending: Ending, warm: bool) {
    let (part, next) = (&exchange.reply[..at], persistent(value("next")));
    let mut script = Script::new();
    if warm {
        script = script.read_request().send(persistent(done()));
    }
    script = script.read_request().send(part);
    let script = match ending {
        Ending::Close => script.close(),
        Ending::Reset => script.reset(),
        Ending::Stall => script.stall(),
    };
    // On a connection that had worked, a request without a byte of reply is sent again.
    let is_sent_again =
        warm && at == 0 && ending != Ending::Stall && !matches!(exchange.call, Call::Write(..));
    let mut second = Script::new();
    if is_sent_again {
        second = second.read_request().send(&exchange.reply);
    }
    let peer = Peer::start([script, second.read_request().send(next).stall()]);
    let client = C::build(Builder::default().address(peer.address().into()).inactivity_timeout(LIMIT));
    if warm {
        assert_eq!(client.perform(Via::Client, &Call::Ping), Outcome::Done);
    }
    let start = Instant::now();
    let via = if ending == Ending::Stall { Via::WithTimeout(TOTAL_TIMEOUT) } else { Via::Client };
    let outcome = client.perform(via, &exchange.call);
    assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
    if is_sent_again {
        assert_eq!(outcome, exchange.gives);
    } else {
        let error = failure(&outcome).unwrap_or_else(|| panic!("no error: {outcome:?}"));
        let is_failure = |failure| error == Failure::Connection(failure);
        let expected = match ending {
            Ending::Stall => error == total_timeout_failure(),
            Ending::Close | Ending::Reset if at == 0 && warm => is_failure(ConnectionError::Stale),
            Ending::Close | Ending::Reset if at == 0 => is_failure(ConnectionError::Closed),
            Ending::Close => is_failure(ConnectionError::Truncated),
            // A reset may overtake the bytes before it.
            Ending::Reset => {
                is_failure(ConnectionError::Truncated)
                    || is_failure(if warm { ConnectionError::Stale } else { ConnectionError::Closed })
            }
        };
        assert!(expected, "{error:?}");
    }
    assert_eq!(client.perform(Via::Client, &Call::Read("/next")), gives("next"));
    drop(client);
    assert!(start.elapsed() < 2 * LIMIT, "{:?}", start.elapsed());
    let failures: Vec<_> =
        peer.finish_with_failures().into_iter().filter_map(|record| record.failure).collect();
    // On a busy machine the call may time out before the peer has read the request.
    assert!(failures.is_empty() || ending == Ending::Stall, "{failures:?}");
}

fn total_timeout_failure() -> Failure {
    match total_timeout() {
        Outcome::Fails(why) => why,
        _ => unreachable!("a timeout is a failure"),
    }
}

fn check_endings_at_every_byte<C: SocketClient>() {
    let exchanges = exchanges();
    let mut cases = Vec::new();
    for exchange in &exchanges {
        for at in 0..exchange.reply.len() {
            cases.push((exchange, at, Ending::Close, false));
            cases.push((exchange, at, Ending::Reset, false));
            // On an open connection, so that connecting takes none of the time.
            cases.push((exchange, at, Ending::Stall, true));
            // Not for resets: one may overtake earlier bytes, and then the request may be sent again.
            if at == 0 || !matches!(exchange.call, Call::Write(..)) {
                cases.push((exchange, at, Ending::Close, true));
            }
        }
        cases.push((exchange, 0, Ending::Reset, true));
    }
    assert!(cases.len() > 1000, "{}", cases.len());
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(&(exchange, at, ending, warm)) =
                    cases.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let report =
                        ReportOnPanic(format!("{:?}, {ending:?} at {at}, warm {warm}", exchange.call));
                    check_ending::<C>(exchange, at, ending, warm);
                    drop(report);
                }
            });
        }
    });
}

/// Prints the case if a panic leaves the scope.
struct ReportOnPanic(String);

impl Drop for ReportOnPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the panic was with {}", self.0);
        }
    }
}

#[test]
fn a_reply_that_ends_or_stops_at_any_byte_gives_the_right_error_blocking() {
    check_endings_at_every_byte::<crate::Client>();
}

#[cfg(feature = "tokio")]
#[test]
fn a_reply_that_ends_or_stops_at_any_byte_gives_the_right_error_on_tokio() {
    check_endings_at_every_byte::<super::over_sockets::TokioClient>();
}

/// Answers a call with these bytes, and returns its outcome. The call must end, and the next ones must get their own
/// replies.
fn answered_with(call: &Call, bytes: &[u8]) -> Outcome {
    let first = Script::new().read_request().send(bytes);
    world::reset([first, serving(), serving()], 5);
    let client = Client::build(Builder::default());
    let outcome = block_on(perform(&client, Via::Client, call));
    assert!(world::now() <= 2_000_000);
    world::advance_ms(1);
    for path in ["/next", "/other"] {
        assert_eq!(
            block_on(client.read(path)).unwrap(),
            path_server::value_of(path.as_bytes()),
            "after {bytes:02x?}"
        );
    }
    outcome
}

#[test]
fn calls_end_and_the_next_are_right_after_a_reply_with_any_byte_changed() {
    let mut errors = 0;
    for Exchange { call, reply, .. } in exchanges() {
        for at in 0..reply.len() {
            for change in [0x01, 0x10, 0x80, 0xff, reply[at], reply[at] ^ 0x7f] {
                let mut bytes = reply.clone();
                bytes[at] ^= change;
                errors += usize::from(failure(&answered_with(&call, &bytes)).is_some());
            }
        }
    }
    assert!(errors > 500, "{errors}");
}

#[test]
fn calls_end_and_the_next_are_right_after_a_malformed_frame() {
    let mut errors = 0;
    for vector in vectors::in_file("malformed") {
        for Exchange { call, .. } in exchanges() {
            errors += usize::from(failure(&answered_with(&call, &vector.request)).is_some());
        }
    }
    assert!(errors > 50, "{errors}");
}

#[test]
fn calls_end_and_the_next_are_right_after_random_bytes() {
    // xorshift: the same numbers in every run.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut byte = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    let mut errors = 0;
    for round in 0..2000_usize {
        let mut bytes: Vec<u8> = (0..round % 100).map(|_| byte()).collect();
        if round % 3 == 0 && bytes.len() > 8 {
            // Some begin like a frame.
            bytes[..7].fill(0);
        }
        for Exchange { call, .. } in exchanges() {
            errors += usize::from(failure(&answered_with(&call, &bytes)).is_some());
        }
    }
    assert!(errors > 10_000, "{errors}");
}

/// Makes a call to a peer that follows this script, and returns its error. The next call must get its own value
/// immediately.
fn failure_with(script: Script, via: Via, call: &Call) -> Option<Failure> {
    world::reset([script, serving()], 5);
    let client = Client::build(Builder::default());
    let outcome = block_on(perform(&client, via, call));
    let took = world::now();
    assert_eq!(block_on(client.read("/next")).unwrap(), path_server::value_of(b"/next"));
    assert_eq!(world::now(), took);
    failure(&outcome)
}

#[test]
fn a_silence_from_any_byte_on_ends_the_call_exactly_at_the_inactivity_timeout() {
    let silent = failure(&inactivity_timeout());
    for Exchange { call, reply, .. } in exchanges() {
        for at in 0..reply.len() {
            let begins = || Script::new().read_request().pause_ms(500).send(&reply[..at]);
            // The silence begins with the last byte received, or else with the request.
            let start = if at == 0 { 0 } else { 500_000 };
            // The rest arrives too late, and must not be matched to the next request.
            let late = begins().pause_ms(2001).send(&reply[at..]);
            for peer in [begins().stall(), late.stall()] {
                assert_eq!(failure_with(peer, Via::Client, &call), silent, "{call:?} at {at}");
                assert_eq!(world::now(), start + 2_000_000, "{call:?} at {at}");
            }
        }
    }
}

#[test]
fn a_reply_in_single_bytes_ends_the_call_exactly_at_the_total_timeout() {
    for Exchange { call, reply, .. } in exchanges() {
        for at in 0..reply.len() {
            let begins = Script::new().read_request().send(&reply[..at]);
            let drops = reply[at..].iter().fold(begins, |peer, byte| peer.pause_ms(400).send([*byte]));
            let needed = 400_000 * (reply.len() - at) as u64;
            let why = failure_with(drops.serve(path_server::answer), Via::WithTimeout(3000), &call);
            assert_eq!(
                why,
                if needed < 3_000_000 { None } else { Some(total_timeout_failure()) },
                "{call:?} at {at}"
            );
            assert_eq!(world::now(), needed.min(3_000_000), "{call:?} at {at}");
        }
    }
}
