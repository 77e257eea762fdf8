//! Calls that wait for a permit, and how they are sent in batches, in virtual time.

use std::time::Duration;

use owproto_core::client::ConnectionError;

use owproto_tests::frames::*;
use owproto_tests::path_server;
use owproto_tests::peer::Script;

use super::executor::{Tasks, block_on};
use super::scenario::*;
use super::virtual_time::{self as world, Client, perform};
use crate::Builder;

const PATHS: [&str; 6] = ["/0", "/1", "/2", "/3", "/4", "/5"];

fn value_of(path: &str) -> Outcome {
    gives(&String::from_utf8(path_server::value_of(path.as_bytes())).unwrap())
}

fn client(connections: usize) -> Client {
    Client::build(Builder::default().connections(connections))
}

async fn read(client: &Client, path: &'static str) -> Outcome {
    perform(client, Via::Client, &Call::Read(path)).await
}

async fn read_within(client: &Client, path: &'static str, millis: u64) -> Outcome {
    perform(client, Via::WithTimeout(millis), &Call::Read(path)).await
}

/// Reads all of `PATHS` concurrently.
fn read_all(client: &Client) -> Vec<Option<(u64, Outcome)>> {
    let mut tasks = Tasks::new();
    for path in PATHS {
        tasks.spawn(read(client, path));
    }
    tasks.finish()
}

fn at(millis: u64, outcome: Outcome) -> Option<(u64, Outcome)> {
    Some((millis * 1000, outcome))
}

fn reads(paths: &[&str]) -> Vec<String> {
    paths.iter().map(|path| format!("READ+ {path}")).collect()
}

#[test]
fn waiting_calls_are_sent_in_one_batch_and_each_ends_when_its_own_reply_arrives() {
    world::reset([responding(6, 100)], usize::MAX);
    let client = client(1);
    let mut tasks = Tasks::new();
    for path in PATHS {
        tasks.spawn(read(&client, path));
    }
    tasks.spawn(async {
        // The first call has its reply, and the server has the requests of all others.
        world::sleep_ms(101).await;
        assert_eq!(world::requests(), [reads(&PATHS)]);
        Outcome::Done
    });
    let mut ends = tasks.finish();
    ends.pop();
    let expected = PATHS.iter().zip(1..).map(|(path, n)| at(100 * n, value_of(path)));
    assert_eq!(ends, expected.collect::<Vec<_>>());
    assert!(client.shared().is_unused());
    assert_eq!(client.shared().pool.idle(), 1);
}

#[test]
fn a_call_that_finds_a_permit_sends_only_its_own_request() {
    // Also on sockets that are never ready at the first poll.
    for yields in [false, true] {
        world::reset([serving(), serving()], 1);
        if yields {
            world::yield_once();
        }
        let client = client(2);
        let ends = read_all(&client);
        assert!(ends.iter().zip(PATHS).all(|(end, path)| *end == at(0, value_of(path))), "{ends:?}");
        assert_eq!(world::requests().concat().len(), PATHS.len());
        assert!(client.shared().is_unused());
    }
}

#[test]
fn waiting_calls_are_shared_out_between_the_connections() {
    let slow = || responding(10, 100);
    world::reset([slow(), slow()], usize::MAX);
    let client = client(2);
    let ends = read_all(&client);
    // Two are sent immediately. Each connection takes its share of the other four when it is free.
    let took: Vec<_> = world::requests().iter().map(Vec::len).collect();
    assert_eq!(took, [3, 3]);
    let last = ends.iter().flatten().map(|(at, _)| *at).max();
    assert_eq!(last, Some(300_000));
}

#[test]
fn a_new_connection_gets_one_request_until_persistence_is_granted() {
    world::reset([responding(1, 100), responding(5, 100)], usize::MAX);
    let client = client(1);
    let mut tasks = Tasks::new();
    for path in PATHS {
        tasks.spawn(read(&client, path));
    }
    tasks.spawn(async {
        world::sleep_ms(150).await;
        assert_eq!(world::requests(), [reads(&["/0"]), reads(&["/1"])]);
        world::sleep_ms(100).await;
        assert_eq!(world::requests(), [reads(&["/0"]), reads(&PATHS[1..])]);
        Outcome::Done
    });
    let mut ends = tasks.finish();
    ends.pop();
    let expected = PATHS.iter().zip(1..).map(|(path, n)| at(100 * n, value_of(path)));
    assert_eq!(ends, expected.collect::<Vec<_>>());
}

#[test]
fn each_call_of_a_batch_keeps_its_own_total_timeout() {
    world::reset([responding(6, 100)], usize::MAX);
    let client = client(1);
    let mut tasks = Tasks::new();
    tasks.spawn(read(&client, "/0"));
    // Waiting, in flight, and the leader of the batch.
    tasks.spawn(read_within(&client, "/1", 99));
    tasks.spawn(read_within(&client, "/2", 250));
    tasks.spawn(read_within(&client, "/3", 450));
    tasks.spawn(read_within(&client, "/4", 301));
    let ends = tasks.finish();
    let expected = [
        at(100, value_of("/0")),
        at(99, total_timeout()),
        at(200, value_of("/2")),
        at(400, value_of("/3")),
        at(300, value_of("/4")),
    ];
    assert_eq!(ends, expected);
    // Calls are sent in the order of their deadlines. The one that has timed out is not sent.
    assert_eq!(world::requests(), [reads(&["/0", "/2", "/4", "/3"])]);
    assert!(client.shared().is_unused());

    world::reset([responding(6, 100)], usize::MAX);
    let client = self::client(1);
    let mut tasks = Tasks::new();
    for (path, millis) in PATHS.iter().zip([0, 150, 250, 350, 0, 0]) {
        tasks.spawn(read_within(&client, path, millis));
    }
    let ends = tasks.finish();
    let expected = [
        at(100, value_of("/0")),
        at(150, total_timeout()),
        at(250, total_timeout()),
        at(350, total_timeout()),
        // The others get their replies over the same connection.
        at(500, value_of("/4")),
        at(600, value_of("/5")),
    ];
    assert_eq!(ends, expected);
    assert_eq!(world::requests(), [reads(&PATHS)]);
    assert!(client.shared().is_unused());
}

#[test]
fn the_connection_ends_when_the_last_call_of_its_batch_times_out() {
    let peer = responding(1, 100).keepalive().pause_ms(1900).keepalive().pause_ms(1900).stall();
    world::reset([peer, serving()], usize::MAX);
    let client = client(1);
    let mut tasks = Tasks::new();
    for (path, millis) in PATHS.iter().zip([0, 1000, 2000, 1500]) {
        tasks.spawn(read_within(&client, path, millis));
    }
    let ends = tasks.finish();
    let expected = [
        at(100, value_of("/0")),
        at(1000, total_timeout()),
        at(2000, total_timeout()),
        at(1500, total_timeout()),
    ];
    assert_eq!(ends, expected);
    assert_eq!(world::open_connections(), 0);
    assert_eq!(block_on(read(&client, "/a")), value_of("/a"));
    assert!(client.shared().is_unused());
}

#[test]
fn all_calls_of_a_batch_fail_when_the_server_falls_silent() {
    world::reset([responding(2, 100).stall(), serving()], usize::MAX);
    let client = client(1);
    let ends = read_all(&client);
    let silent_at = at(2200, inactivity_timeout());
    let expected = [at(100, value_of("/0")), at(200, value_of("/1"))]
        .into_iter()
        .chain(std::iter::repeat_n(silent_at, 4))
        .collect::<Vec<_>>();
    assert_eq!(ends, expected);
    assert!(client.shared().is_unused());
}

#[test]
fn calls_without_a_reply_are_sent_over_a_new_connection_when_theirs_ends() {
    for answered in 1..6 {
        let peers = [responding(answered, 100), serving()];
        world::reset(peers, usize::MAX);
        let client = client(1);
        let ends = read_all(&client);
        assert!(
            ends.iter().zip(PATHS).all(|(end, path)| end.as_ref().unwrap().1 == value_of(path)),
            "{ends:?}"
        );
        let [first, second] = &world::requests()[..] else { panic!("two connections") };
        assert_eq!(*first, reads(&PATHS[..answered]), "the answered ones");
        assert_eq!(*second, reads(&PATHS[answered..]), "the others");
        assert!(client.shared().is_unused());
    }
}

#[test]
fn a_broken_reply_fails_only_the_call_that_it_answers() {
    let half = || persistent(value("value"))[..26].to_vec();
    let broken = || [255; 24].to_vec();
    for (bytes, why) in [
        (half(), fails_with(ConnectionError::Truncated)),
        (broken(), Outcome::Fails(Failure::Connection(ConnectionError::UnexpectedData))),
    ] {
        let ends_early = responding(2, 100).expect_request("READ+ /2").send(bytes);
        world::reset([ends_early, serving()], usize::MAX);
        let client = client(1);
        let ends = read_all(&client);
        for ((end, path), number) in ends.iter().zip(PATHS).zip(0..) {
            let (_, outcome) = end.as_ref().unwrap();
            match number {
                2 => assert!(matches!(
                    (outcome, &why),
                    (Outcome::Fails(Failure::Connection(_)), Outcome::Fails(Failure::Connection(_)))
                )),
                _ => assert_eq!(*outcome, value_of(path)),
            }
        }
        assert!(client.shared().is_unused());
    }
}

#[test]
fn all_waiting_calls_fail_after_one_refused_connection() {
    world::reset([responding(1, 100), Script::refuse()], usize::MAX);
    let client = client(1);
    let ends = read_all(&client);
    assert_eq!(ends[0], at(100, value_of("/0")));
    assert!(ends[1..].iter().all(|end| *end == at(100, fails(Failure::Connect))), "{ends:?}");
    assert_eq!(world::attempts().len(), 2);
    assert!(client.shared().is_unused());
}

#[test]
fn a_write_is_sent_once_and_alone_and_in_its_turn() {
    world::reset([responding(7, 100)], usize::MAX);
    let client = client(1);
    let mut tasks = Tasks::new();
    for path in &PATHS[..3] {
        tasks.spawn(read(&client, path));
    }
    tasks.spawn(perform(&client, Via::Client, &Call::Write("/w", "12")));
    for path in &PATHS[3..] {
        tasks.spawn(read(&client, path));
    }
    tasks.spawn(async {
        // While the write is in progress, no request is sent after it.
        world::sleep_ms(350).await;
        assert_eq!(world::requests()[0].len(), 4);
        Outcome::Done
    });
    let ends = tasks.finish();
    assert_eq!(ends[3], at(400, Outcome::Count(2)));
    assert_eq!(ends[6], at(700, value_of("/5")));
    let expected = [reads(&PATHS[..3]), vec!["WRITE+ /w=12".to_owned()], reads(&PATHS[3..])].concat();
    assert_eq!(world::requests(), [expected]);
}

#[test]
fn a_write_that_waits_for_a_broken_batch_is_sent_once() {
    world::reset([responding(1, 100), serving()], usize::MAX);
    let client = client(1);
    let mut tasks = Tasks::new();
    tasks.spawn(read(&client, "/0"));
    tasks.spawn(read(&client, "/1"));
    tasks.spawn(perform(&client, Via::Client, &Call::Write("/w", "12")));
    tasks.spawn(read(&client, "/2"));
    let ends = tasks.finish();
    assert_eq!(ends[2].as_ref().unwrap().1, Outcome::Count(2));
    let writes = world::requests().concat().iter().filter(|request| request.starts_with("WRITE")).count();
    assert_eq!(writes, 1);
}

#[test]
fn small_requests_of_all_kinds_share_a_batch_and_large_ones_are_sent_alone() {
    world::reset([responding(20, 100)], usize::MAX);
    let client = client(1);
    let calls = [
        Call::Read("/first"),
        Call::Read("/a"),
        Call::Present("/b"),
        Call::Ping,
        Call::Get("/c"),
        Call::ReadAt("/d", 5, 7),
        Call::ReadInto("/e", 3),
        Call::Dir("/"),
        Call::ReadMany(vec!["/f", "/g"]),
    ];
    let mut tasks = Tasks::new();
    for call in &calls {
        tasks.spawn(perform(&client, Via::Client, call));
    }
    let ends = tasks.finish();
    let outcomes: Vec<_> = ends.into_iter().flatten().map(|(_, outcome)| outcome).collect();
    let expected = [
        gives("value of /first"),
        gives("value of /a"),
        Outcome::Bool(true),
        Outcome::Done,
        gives("value of /c"),
        gives("value of /d"),
        gives("val"),
        lists(&path_server::ENTRIES),
        Outcome::Many(vec![gives("value of /f"), gives("value of /g")]),
    ];
    assert_eq!(outcomes, expected);
    let asked = world::requests().concat();
    assert_eq!(asked[5], "READ+ /d [5] @7");
    assert_eq!(asked[6], "READ+ /e [3]");
}

#[test]
fn the_other_calls_get_their_replies_when_one_is_dropped_at_any_poll() {
    for (persistent, peer) in [
        (true, serving()),
        // One request for each connection.
        (false, Script::new().respond(1, 0, path_server::answer_without_persistence)),
    ] {
        for victim in 0..PATHS.len() {
            for polls in 0.. {
                world::reset(vec![peer.clone(); 20], 5);
                world::yield_once();
                let client = client(1);
                let mut tasks = Tasks::new();
                for (number, path) in PATHS.iter().enumerate() {
                    let most = if number == victim { polls } else { usize::MAX };
                    tasks.spawn_for_polls(most, read(&client, path));
                }
                let ends = tasks.finish();
                for (number, (end, path)) in ends.iter().zip(PATHS).enumerate() {
                    match end {
                        Some((_, outcome)) => assert_eq!(*outcome, value_of(path)),
                        None => assert_eq!(number, victim, "after {polls} polls"),
                    }
                }
                assert!(client.shared().is_unused(), "{victim} dropped after {polls} polls");
                assert_eq!(world::open_connections(), client.shared().pool.idle());
                assert!(world::most_open() <= 1);
                assert!(client.shared().pool.idle() <= usize::from(persistent));
                if ends[victim].is_some() {
                    assert!(polls > 1, "{polls}");
                    break;
                }
            }
        }
    }
}

#[test]
fn the_other_calls_get_their_replies_when_the_leader_is_dropped_at_any_time() {
    for moment in [50, 150, 250, 550] {
        world::reset([responding(6, 100), responding(6, 100)], usize::MAX);
        let client = client(1);
        let mut tasks = Tasks::new();
        for path in &PATHS[..5] {
            tasks.spawn(read(&client, path));
        }
        // The youngest call is the leader.
        let given_up = async {
            let mut call = std::pin::pin!(read(&client, "/5"));
            let mut end = std::pin::pin!(world::sleep_ms(moment));
            std::future::poll_fn(|context| {
                use std::task::Poll;
                match (call.as_mut().poll(context), end.as_mut().poll(context)) {
                    (Poll::Ready(outcome), _) => Poll::Ready(outcome),
                    (_, Poll::Ready(())) => Poll::Ready(Outcome::Done),
                    _ => Poll::Pending,
                }
            })
            .await
        };
        tasks.spawn(given_up);
        let ends = tasks.finish();
        for (end, path) in ends.iter().zip(&PATHS[..5]) {
            assert_eq!(end.as_ref().unwrap().1, value_of(path), "dropped after {moment} ms");
        }
        assert_eq!(ends[5], at(moment, Outcome::Done));
        assert!(client.shared().is_unused());
    }
}

#[test]
fn more_calls_than_fit_one_batch_are_all_answered() {
    world::reset([serving()], usize::MAX);
    let client = client(1);
    let paths: Vec<String> = (0..300).map(|n| format!("/{n}/{}", "x".repeat(n * 10))).collect();
    let mut tasks = Tasks::new();
    for path in &paths {
        tasks.spawn(async { client.with_timeout(Duration::from_secs(1)).read(path).await.unwrap() });
    }
    for (end, path) in tasks.finish().into_iter().zip(&paths) {
        assert_eq!(end.unwrap().1, path_server::value_of(path.as_bytes()));
    }
    assert_eq!(world::requests().len(), 1);
    assert!(client.shared().is_unused());
}
