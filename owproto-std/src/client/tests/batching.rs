//! Calls that wait for a place: who is asked for with whom, in virtual time.

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

/// All of `PATHS` at once.
fn all_at_once(client: &Client) -> Vec<Option<(u64, Outcome)>> {
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
fn calls_that_wait_are_asked_for_together_and_each_ends_with_its_own_answer() {
    world::reset([responding(6, 100)], usize::MAX);
    let client = client(1);
    let mut tasks = Tasks::new();
    for path in PATHS {
        tasks.spawn(read(&client, path));
    }
    tasks.spawn(async {
        // The first has its answer, and the server has all the others.
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
fn a_call_that_finds_a_place_takes_nobody_along() {
    // On sockets that are never ready at once, too.
    for yields in [false, true] {
        world::reset([serving(), serving()], 1);
        if yields {
            world::yield_once();
        }
        let client = client(2);
        let ends = all_at_once(&client);
        assert!(ends.iter().zip(PATHS).all(|(end, path)| *end == at(0, value_of(path))), "{ends:?}");
        assert_eq!(world::requests().concat().len(), PATHS.len());
        assert!(client.shared().is_unused());
    }
}

#[test]
fn waiting_calls_spread_over_the_places() {
    let slow = || responding(10, 100);
    world::reset([slow(), slow()], usize::MAX);
    let client = client(2);
    let ends = all_at_once(&client);
    // Two go at once. Of the four others each connection takes its share when it is free.
    let took: Vec<_> = world::requests().iter().map(Vec::len).collect();
    assert_eq!(took, [3, 3]);
    let last = ends.iter().flatten().map(|(at, _)| *at).max();
    assert_eq!(last, Some(300_000));
}

#[test]
fn a_new_connection_takes_one_request_until_it_is_kept() {
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
fn each_keeps_its_own_total_timeout() {
    world::reset([responding(6, 100)], usize::MAX);
    let client = client(1);
    let mut tasks = Tasks::new();
    tasks.spawn(read(&client, "/0"));
    // In the queue, in flight, and one that leads.
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
    // Whose time ends first is asked for first. The one that was gone is not asked for.
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
        // The others have their answers from the same connection.
        at(500, value_of("/4")),
        at(600, value_of("/5")),
    ];
    assert_eq!(ends, expected);
    assert_eq!(world::requests(), [reads(&PATHS)]);
    assert!(client.shared().is_unused());
}

#[test]
fn when_the_last_ones_time_ends_the_connection_does() {
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
fn a_silent_server_is_silent_to_all_that_were_asked_for() {
    world::reset([responding(2, 100).stall(), serving()], usize::MAX);
    let client = client(1);
    let ends = all_at_once(&client);
    let silent_at = at(2200, inactivity_timeout());
    let expected = [at(100, value_of("/0")), at(200, value_of("/1"))]
        .into_iter()
        .chain(std::iter::repeat_n(silent_at, 4))
        .collect::<Vec<_>>();
    assert_eq!(ends, expected);
    assert!(client.shared().is_unused());
}

#[test]
fn a_connection_that_ends_is_replaced_for_all_without_an_answer() {
    for answered in 1..6 {
        let peers = [responding(answered, 100), serving()];
        world::reset(peers, usize::MAX);
        let client = client(1);
        let ends = all_at_once(&client);
        assert!(
            ends.iter().zip(PATHS).all(|(end, path)| end.as_ref().unwrap().1 == value_of(path)),
            "{ends:?}"
        );
        let [first, second] = &world::requests()[..] else { panic!("two connections") };
        assert_eq!(*first, reads(&PATHS[..answered]), "those that were answered");
        assert_eq!(*second, reads(&PATHS[answered..]), "the others");
        assert!(client.shared().is_unused());
    }
}

#[test]
fn what_breaks_within_an_answer_hits_the_one_whose_answer_it_was() {
    let half = || persistent(value("value"))[..26].to_vec();
    let broken = || [255; 24].to_vec();
    for (bytes, why) in [
        (half(), fails_with(ConnectionError::Truncated)),
        (broken(), Outcome::Fails(Failure::Connection(ConnectionError::UnexpectedData))),
    ] {
        let ends_early = responding(2, 100).expect_request("READ+ /2").send(bytes);
        world::reset([ends_early, serving()], usize::MAX);
        let client = client(1);
        let ends = all_at_once(&client);
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
fn without_a_connection_all_know_it_from_one_attempt() {
    world::reset([responding(1, 100), Script::refuse()], usize::MAX);
    let client = client(1);
    let ends = all_at_once(&client);
    assert_eq!(ends[0], at(100, value_of("/0")));
    assert!(ends[1..].iter().all(|end| *end == at(100, fails(Failure::Connect))), "{ends:?}");
    assert_eq!(world::attempts().len(), 2);
    assert!(client.shared().is_unused());
}

#[test]
fn a_write_is_sent_once_and_alone_and_nobody_is_overtaken() {
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
        // While the write is under way nothing is behind it.
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
fn a_write_behind_a_broken_batch_is_not_sent_twice() {
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
fn small_questions_of_all_kinds_go_together_and_large_ones_alone() {
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
fn whoever_is_dropped_the_others_have_their_answers() {
    for (persistent, peer) in [
        (true, serving()),
        // Each connection takes one.
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
fn one_that_leads_and_is_dropped_in_time_leaves_the_others_their_turn() {
    for moment in [50, 150, 250, 550] {
        world::reset([responding(6, 100), responding(6, 100)], usize::MAX);
        let client = client(1);
        let mut tasks = Tasks::new();
        for path in &PATHS[..5] {
            tasks.spawn(read(&client, path));
        }
        // The youngest leads.
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
fn more_than_fit_one_batch() {
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
