//! Identical reads that share a reply, in virtual time.

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

/// How many requests arrived over each connection.
fn request_counts() -> Vec<usize> {
    world::requests().iter().map(Vec::len).collect()
}

#[test]
fn identical_reads_are_one_request() {
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
    // A read that begins after the reply arrived sends a new request.
    tasks.spawn(async {
        world::sleep_ms(101).await;
        read(&client).await
    });
    let ends = finish(&client, tasks);
    assert!(ends[..1001].iter().all(|end| *end == at(100, answer())));
    assert_eq!(ends[1001], at(201, answer()));
    assert_eq!(request_counts(), [2]);
}

#[test]
fn without_the_setting_each_read_sends_a_request() {
    reset([responding(10, 100)]);
    let client = Client::build(Builder::default().connections(1));
    let mut tasks = Tasks::new();
    (0..3).for_each(|_| tasks.spawn(read(&client)));
    finish(&client, tasks);
    assert_eq!(request_counts(), [3]);
}

#[test]
fn identical_reads_share_a_request_while_they_wait_and_by_whichever_method_they_are_made() {
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
fn reads_that_differ_in_anything_send_a_request_each() {
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
    assert_eq!(request_counts(), [6]);
    drop(once);
}

#[test]
fn an_error_of_the_server_is_shared_too() {
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
    assert_eq!(request_counts(), [1]);
    assert_eq!(block_on(read(&client)), answer());
}

#[test]
fn each_of_the_identical_reads_keeps_its_own_total_timeout() {
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
    assert_eq!(request_counts(), [1]);
}

#[test]
fn another_read_sends_the_request_again_when_the_first_times_out() {
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
    assert_eq!(request_counts(), [1, 1, 1, 1]);
}

#[test]
fn the_other_reads_get_the_value_when_one_is_dropped_at_any_poll() {
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
            // One more if the first read had sent its request already.
            assert!(world::requests().concat().len() <= 2);
            if ends[victim].is_some() {
                assert!(polls > 1);
                break;
            }
        }
    }
}

#[test]
fn each_read_sends_its_own_request_after_the_connection_failed() {
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
    assert_eq!(request_counts(), [1, 2]);
}

#[test]
fn reads_that_joined_another_one_wait_for_a_silent_server_at_most_once_more() {
    reset([Script::new().expect_request("READ+ /a").stall(), responding(1, 10).stall()]);
    let client = client(1);
    let mut tasks = Tasks::new();
    (0..5).for_each(|_| tasks.spawn(read(&client)));
    let ends = finish(&client, tasks);
    assert_eq!(ends[0], at(2000, inactivity_timeout()));
    assert_eq!(ends[1], at(2010, answer()));
    assert!(ends[2..].iter().all(|end| *end == at(4010, inactivity_timeout())), "{ends:?}");
}
