//! Reads that share an answer, in virtual time.

use std::time::Duration;

use owproto_core::client::ConnectionError;
use owproto_core::wire::{Flags, TemperatureScale};

use owproto_tests::frames::*;
use owproto_tests::path_server;
use owproto_tests::peer::Script;

use super::executor::{Tasks, block_on};
use super::scenario::*;
use super::virtual_time::{self as world, Client, perform};
use crate::Builder;

fn client(connections: usize) -> Client {
    Client::build(Builder::default().connections(connections).coalesce_reads(true))
}

fn reset(scripts: impl IntoIterator<Item = Script>) {
    world::reset(scripts, usize::MAX);
}

async fn read(client: &Client) -> Outcome {
    perform(client, Via::Client, &Call::Read("/a")).await
}

fn at(millis: u64, outcome: Outcome) -> Option<(u64, Outcome)> {
    Some((millis * 1000, outcome))
}

fn answer() -> Outcome {
    gives("value of /a")
}

fn finish(client: &Client, tasks: Tasks<'_, Outcome>) -> Vec<Option<(u64, Outcome)>> {
    let ends = tasks.finish();
    assert!(client.shared().is_unused());
    ends
}

/// How many requests came over each connection.
fn asked() -> Vec<usize> {
    world::requests().iter().map(Vec::len).collect()
}

#[test]
fn reads_of_the_same_are_one_request() {
    reset([responding(10, 100)]);
    let client = client(1);
    let mut tasks = Tasks::new();
    for _ in 0..1000 {
        tasks.spawn(read(&client));
    }
    tasks.spawn(async {
        world::sleep_ms(99).await;
        read(&client).await
    });
    // When the answer has come, a read is a new one.
    tasks.spawn(async {
        world::sleep_ms(101).await;
        read(&client).await
    });
    let ends = finish(&client, tasks);
    assert!(ends[..1001].iter().all(|end| *end == at(100, answer())));
    assert_eq!(ends[1001], at(201, answer()));
    assert_eq!(asked(), [2]);
}

#[test]
fn not_unless_wanted() {
    reset([responding(10, 100)]);
    let client = Client::build(Builder::default().connections(1));
    let mut tasks = Tasks::new();
    (0..3).for_each(|_| tasks.spawn(read(&client)));
    finish(&client, tasks);
    assert_eq!(asked(), [3]);
}

#[test]
fn also_while_they_wait_for_a_place_and_between_calls_of_all_kinds() {
    reset([responding(10, 100)]);
    let client = client(1);
    let mut tasks = Tasks::new();
    tasks.spawn(perform(&client, Via::Client, &Call::Read("/first")));
    for _ in 0..3 {
        tasks.spawn(read(&client));
        tasks.spawn(perform(&client, Via::Client, &Call::ReadAt("/a", 65_536, 0)));
    }
    let ends = finish(&client, tasks);
    assert_eq!(ends[0], at(100, gives("value of /first")));
    assert!(ends[1..].iter().all(|end| *end == at(200, answer())), "{ends:?}");
    assert_eq!(world::requests(), [["READ+ /first", "READ+ /a"]]);
}

#[test]
fn what_differs_is_another_request() {
    reset([responding(10, 1)]);
    let client = client(1);
    let fahrenheit = client.with_flags(Flags::NONE.with_temperature_scale(TemperatureScale::Fahrenheit));
    let once = client.non_persistent();
    let mut tasks = Tasks::new();
    for _ in 0..2 {
        tasks.spawn(read(&client));
        tasks.spawn(read(&fahrenheit));
        tasks.spawn(perform(&client, Via::Client, &Call::ReadAt("/a", 5, 0)));
        tasks.spawn(perform(&client, Via::Client, &Call::ReadAt("/a", 65_536, 5)));
        tasks.spawn(perform(&client, Via::Client, &Call::ReadInto("/a", 4)));
        tasks.spawn(perform(&client, Via::Client, &Call::Read("/b")));
    }
    finish(&client, tasks);
    assert_eq!(asked(), [6]);
    drop(once);
}

#[test]
fn an_error_of_the_server_is_an_answer() {
    reset([Script::new().expect_request("READ+ /a").pause_ms(100).reply(server_error(42)).respond(
        1,
        1,
        path_server::answer,
    )]);
    let client = client(1);
    let mut tasks = Tasks::new();
    (0..3).for_each(|_| tasks.spawn(read(&client)));
    let ends = finish(&client, tasks);
    assert!(ends.iter().all(|end| *end == at(100, fails_with_code(42))), "{ends:?}");
    assert_eq!(asked(), [1]);
    assert_eq!(block_on(read(&client)), answer());
}

#[test]
fn each_keeps_its_total_timeout() {
    reset([responding(1, 100)]);
    let client = client(1);
    let mut tasks = Tasks::new();
    for millis in [0, 50, 99, 101] {
        let client = client.with_timeout(Duration::from_millis(millis));
        tasks.spawn(async move { read(&client).await });
    }
    let ends = finish(&client, tasks);
    assert_eq!(
        ends,
        [at(100, answer()), at(50, total_timeout()), at(99, total_timeout()), at(100, answer())]
    );
    assert_eq!(asked(), [1]);
}

#[test]
fn when_the_one_that_asked_has_no_more_time_another_one_asks_for_the_rest() {
    reset(vec![responding(1, 100); 4]);
    let client = client(1);
    let mut tasks = Tasks::new();
    for millis in [50, 149, 151, 0] {
        let client = client.with_timeout(Duration::from_millis(millis));
        tasks.spawn(async move { read(&client).await });
    }
    let ends = finish(&client, tasks);
    assert_eq!(
        ends,
        [at(50, total_timeout()), at(149, total_timeout()), at(151, total_timeout()), at(251, answer())]
    );
    assert_eq!(asked(), [1, 1, 1, 1]);
}

#[test]
fn whoever_is_dropped_the_others_have_their_answer() {
    for victim in 0..3 {
        for polls in 0.. {
            world::reset(vec![serving(); 5], 5);
            world::yield_once();
            let client = client(1);
            let mut tasks = Tasks::new();
            for number in 0..3 {
                tasks.spawn_for_polls(if number == victim { polls } else { usize::MAX }, read(&client));
            }
            let ends = finish(&client, tasks);
            for (number, end) in ends.iter().enumerate() {
                match end {
                    Some((_, outcome)) => assert_eq!(*outcome, answer()),
                    None => assert_eq!(number, victim),
                }
            }
            // One more if the first one had asked already.
            assert!(world::requests().concat().len() <= 2);
            if ends[victim].is_some() {
                assert!(polls > 1);
                break;
            }
        }
    }
}

#[test]
fn after_a_failure_of_the_connection_each_asks_for_itself() {
    let half = persistent(value("value"))[..26].to_vec();
    reset([
        Script::new().expect_request("READ+ /a").pause_ms(100).send(half),
        responding(1, 1).respond(2, 100, path_server::answer),
    ]);
    let client = client(1);
    let mut tasks = Tasks::new();
    (0..3).for_each(|_| tasks.spawn(read(&client)));
    let ends = finish(&client, tasks);
    assert_eq!(ends[0], at(100, fails_with(ConnectionError::Truncated)));
    assert!(ends[1..].iter().all(|end| end.as_ref().unwrap().1 == answer()), "{ends:?}");
    assert_eq!(asked(), [1, 2]);
}

#[test]
fn a_silent_server_costs_those_that_joined_no_more_than_one_more_silence() {
    reset([Script::new().expect_request("READ+ /a").stall(), responding(1, 10).stall()]);
    let client = client(1);
    let mut tasks = Tasks::new();
    (0..5).for_each(|_| tasks.spawn(read(&client)));
    let ends = finish(&client, tasks);
    assert_eq!(ends[0], at(2000, inactivity_timeout()));
    assert_eq!(ends[1], at(2010, answer()));
    assert!(ends[2..].iter().all(|end| *end == at(4010, inactivity_timeout())), "{ends:?}");
}
