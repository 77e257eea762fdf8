//! The table of scenarios in virtual time, and tests that need exact times.

use std::net::SocketAddr;
use std::time::Duration;

use owproto_core::client::ConnectionError;

use owproto_tests::frames::*;
use owproto_tests::path_server;
use owproto_tests::peer::Script;

use super::executor::{Tasks, block_on};
use super::scenario::*;
use super::scenario_table;
use super::virtual_time::{self as world, Client, perform};
use crate::{Builder, DirOptions};

fn run(scenario: &Scenario, chunk: usize) {
    world::reset(scenario.scripts.iter().cloned(), chunk);
    let client = Client::build((scenario.client)(Builder::default()));
    for (number, step) in scenario.steps.iter().enumerate() {
        if let Call::PassTime | Call::WaitUntilStale = step.call {
            world::advance_ms(1);
            let is_stale = client.shared().pool.all_idle_are_stale();
            assert_eq!(is_stale, matches!(step.call, Call::WaitUntilStale), "step {number}");
            continue;
        }
        let start = world::now();
        let outcome = block_on(perform(&client, step.via, &step.call));
        assert_eq!(outcome, step.gives, "step {number}: {:?}", step.call);
        assert_eq!(world::now() - start, step.takes_ms * 1000, "step {number}: the time of {:?}", step.call);
        let connections = world::open_connections();
        assert!(
            connections <= 1 && connections == client.shared().pool.idle(),
            "step {number} leaves {connections}"
        );
    }
    world::check_that_scripts_ended();
    drop(client);
    assert_eq!(world::open_connections(), 0);
}

#[test]
fn all_scenarios_in_virtual_time() {
    for scenario in scenario_table::all() {
        // Byte by byte, in odd pieces, and in one piece.
        for chunk in [1, 7, usize::MAX] {
            println!("{} in pieces of {chunk}", scenario.name);
            run(&scenario, chunk);
        }
    }
}

fn address(last: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, last], 4304))
}

fn call(client: &Client, call: &Call) -> Outcome {
    block_on(perform(client, Via::Client, call))
}

fn built(settings: fn(Builder) -> Builder) -> Client {
    Client::build(settings(Builder::default()))
}

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[test]
fn the_total_timeout_includes_waiting_resolving_and_connecting() {
    let silent_script = || Script::new().expect_request("READ+ /a").pause_ms(1900).keepalive().stall();
    world::reset([serving(), silent_script().accepted_after_ms(1000)], 1);
    let client = built(|b| b.connections(1).total_timeout(secs(10)));
    assert_eq!(call(&client, &Call::Ping), Outcome::Done);
    client.close_connection();
    // A call that never ends holds the only permit.
    let permit = client.shared().pool.try_acquire();
    assert!(permit.is_some());
    let start = world::now();
    assert_eq!(call(&client, &Call::Read("/a")), total_timeout());
    assert_eq!(world::now() - start, 10_000_000);
    assert_eq!(world::attempts().len(), 1);
    // Its permit is released after 7 s: the other 3 s are for connecting and for the reply.
    let start = world::now();
    let mut tasks = Tasks::new();
    tasks.spawn(perform(&client, Via::Client, &Call::Read("/a")));
    tasks.spawn(async {
        world::sleep_ms(7000).await;
        drop(permit);
        Outcome::Done
    });
    let ends = tasks.finish();
    assert_eq!(ends, [Some((start + 10_000_000, total_timeout())), Some((start + 7_000_000, Outcome::Done))]);
    assert_eq!(world::attempts().len(), 2);

    world::reset([silent_script().accepted_after_ms(1000)], 1);
    world::resolving_takes_ms(1000);
    let client = built(|b| b.total_timeout(secs(3)));
    assert_eq!(call(&client, &Call::Read("/a")), total_timeout());
    assert_eq!(world::now(), 3_000_000);
    assert_eq!(world::requests().len(), 1);
}

#[test]
fn resolving_ends_at_the_total_timeout() {
    world::reset([serving()], 1);
    world::resolving_takes_ms(5000);
    let client = built(|b| b.total_timeout(secs(3)));
    assert_eq!(call(&client, &Call::Read("/a")), total_timeout());
    assert_eq!(world::now(), 3_000_000);
    let outcome = block_on(perform(&client, Via::WithTimeout(0), &Call::Read("/a")));
    assert_eq!(outcome, gives("value of /a"));
}

#[test]
fn connecting_ends_at_the_shorter_of_its_own_and_the_total_timeout() {
    world::reset([Script::ignore(), Script::ignore()], 1);
    let client = built(|b| b.connect_timeout(secs(2)));
    assert_eq!(call(&client, &Call::Read("/a")), fails(Failure::Connect));
    assert_eq!(world::now(), 2_000_000);
    let outcome = block_on(perform(&client, Via::WithTimeout(500), &Call::Read("/a")));
    assert_eq!(outcome, total_timeout());
    assert_eq!(world::now(), 2_500_000);
}

#[test]
fn the_total_timeout_includes_the_attempts_at_all_addresses() {
    let three = || vec![address(1), address(2), address(3)];
    world::reset([Script::ignore(), Script::ignore(), Script::ignore()], 1);
    world::name_resolves_to([three()]);
    let client = built(|b| b.connect_timeout(secs(2)).total_timeout(secs(3)));
    assert_eq!(call(&client, &Call::Read("/a")), total_timeout());
    assert_eq!(world::now(), 3_000_000);
    assert_eq!(world::attempts(), [address(1), address(2)]);

    world::reset([Script::refuse(), Script::ignore(), Script::refuse()], 1);
    world::name_resolves_to([three()]);
    let client = built(|b| b.connect_timeout(secs(2)).total_timeout(secs(3)));
    assert_eq!(call(&client, &Call::Read("/a")), fails(Failure::Connect));
    assert_eq!(world::now(), 2_000_000);
    assert_eq!(world::attempts(), three());
    assert_eq!(world::resolutions(), 1);
}

#[test]
fn the_address_that_accepted_last_is_tried_first() {
    world::reset([Script::refuse(), serving(), serving(), Script::refuse(), serving()], 1);
    world::name_resolves_to([vec![address(1), address(2)]]);
    let client = built(|b| b);
    for _ in 0..3 {
        assert_eq!(call(&client, &Call::Ping), Outcome::Done);
        client.close_connection();
    }
    assert_eq!(world::attempts(), [1, 2, 2, 2, 1].map(address));
    assert_eq!(world::resolutions(), 1);
}

#[test]
fn a_host_whose_address_changed_is_resolved_again() {
    world::reset([serving(), Script::refuse(), serving()], 1);
    world::name_resolves_to([vec![address(1)], vec![address(1), address(9)]]);
    let client = built(|b| b);
    assert_eq!(call(&client, &Call::Ping), Outcome::Done);
    client.close_connection();
    assert_eq!(call(&client, &Call::Ping), Outcome::Done);
    // An address is tried once in a call.
    assert_eq!(world::attempts(), [1, 1, 9].map(address));
    assert_eq!(world::resolutions(), 2);
    client.close_connection();
    assert_eq!(call(&client, &Call::Ping), fails(Failure::Connect));
    assert_eq!(world::attempts()[3..], [9, 1].map(address));
}

#[test]
fn a_failure_to_resolve_again_does_not_hide_the_connect_error() {
    world::reset([serving(), Script::refuse()], 1);
    world::name_resolves_to([vec![address(1)], vec![]]);
    let client = built(|b| b);
    assert_eq!(call(&client, &Call::Ping), Outcome::Done);
    client.close_connection();
    assert_eq!(call(&client, &Call::Ping), fails(Failure::Connect));
    world::reset([], 1);
    world::name_resolves_to([vec![]]);
    assert_eq!(call(&built(|b| b), &Call::Ping), fails(Failure::Resolve));
}

#[test]
fn clones_share_the_resolved_addresses() {
    world::reset([serving(), serving(), serving()], 1);
    let client = built(|b| b);
    for via in [Via::NonPersistent, Via::Persistent, Via::Clone, Via::NonPersistent] {
        assert_eq!(block_on(perform(&client, via, &Call::Ping)), Outcome::Done);
    }
    assert_eq!(world::resolutions(), 1);
    assert_eq!(world::requests(), [vec!["NOP"], vec!["NOP+", "NOP+"], vec!["NOP"]]);
}

#[test]
fn a_write_is_sent_again_only_if_its_last_byte_was_not_sent() {
    let write = 24 + "/a\0".len() + "12345".len();
    for cut in 1..write {
        let first = Script::new().exchange("READ+ /a", value("1")).read(cut).reset();
        world::reset([first, serving()], 1);
        let client = built(|b| b);
        assert_eq!(call(&client, &Call::Read("/a")), gives("1"));
        assert_eq!(call(&client, &Call::Write("/a", "12345")), Outcome::Count(5), "cut at {cut}");
        assert_eq!(world::requests(), [["READ+ /a"], ["WRITE+ /a=12345"]]);
    }
    // All of it was sent: the server may have carried it out.
    let first = Script::new().exchange("READ+ /a", value("1")).read(write).reset();
    world::reset([first, serving()], 1);
    let client = built(|b| b);
    assert_eq!(call(&client, &Call::Read("/a")), gives("1"));
    assert_eq!(call(&client, &Call::Write("/a", "12345")), fails_with(ConnectionError::Stale));
    assert_eq!(world::requests(), [["READ+ /a"]]);
}

#[test]
fn the_pool_keeps_no_more_idle_connections_than_its_limit() {
    world::reset([serving(), serving(), serving()], 1);
    let client = built(|b| b.connections(2));
    let listing = || block_on(client.dir_iter("/", DirOptions::new())).unwrap();
    let mut listings = [listing(), listing(), listing()];
    assert_eq!(world::open_connections(), 3);
    for (kept, listing) in listings.iter_mut().enumerate() {
        for expected in path_server::ENTRIES {
            assert_eq!(block_on(listing.next()).unwrap().unwrap(), expected.as_bytes());
        }
        assert!(block_on(listing.next()).is_none());
        assert!(block_on(listing.next()).is_none());
        assert_eq!(client.shared().pool.idle(), (kept + 1).min(2));
    }
    assert_eq!(world::open_connections(), 2);
}

#[test]
fn the_time_between_two_entries_does_not_count_as_silence() {
    let peer = Script::new()
        .expect_request("DIR+ /")
        .reply([entry("/a"), entry("/b")])
        .pause_ms(60_000)
        .reply(done())
        .stall();
    world::reset([peer], 1);
    let client = built(|b| b);
    let mut listing = block_on(client.dir_iter("/", DirOptions::new())).unwrap();
    assert_eq!(block_on(listing.next()).unwrap().unwrap(), b"/a");
    world::advance_ms(59_000);
    assert_eq!(block_on(listing.next()).unwrap().unwrap(), b"/b");
    assert!(block_on(listing.next()).is_none());
    assert_eq!(world::now(), 60_000_000);
}

#[test]
fn long_replies_to_long_requests_do_not_block_each_other() {
    world::reset([serving()], usize::MAX);
    world::window(24 * 1024);
    let client = built(|b| b);
    let paths: Vec<String> = (0..200).map(|n| format!("/{n}/{}", "x".repeat(4000))).collect();
    for (value, path) in block_on(client.read_many(&paths)).into_iter().zip(&paths) {
        assert_eq!(value.unwrap(), path_server::value_of(path.as_bytes()));
    }
    assert_eq!(world::now(), 0);
    assert_eq!(world::requests().len(), 1);
}

/// owserver writes each reply by itself, and the kernel holds one back until the one before is acknowledged (Nagle).
#[test]
fn replies_to_pipelined_requests_are_acknowledged_without_delay() {
    world::reset([serving()], 1);
    let client = built(|b| b);
    assert!(block_on(client.read("/a")).is_ok());
    let (before, acknowledged) = world::waits();
    assert!(before > 0);
    assert_eq!(acknowledged, 0, "a single reply needs no early acknowledgement");
    for value in block_on(client.read_many(&["/a", "/b", "/c"])) {
        value.unwrap();
    }
    let (after, acknowledged) = world::waits();
    assert!(after > before + 1);
    // No reply waits for the acknowledgement of the last one before.
    assert_eq!(acknowledged, after - before - 1);
}

#[test]
fn a_call_ends_at_the_total_timeout_within_any_byte_of_its_reply() {
    for limit in 1..=40 {
        let mut peer = Script::new().expect_request("READ+ /a");
        for byte in persistent(value("1234567890")) {
            peer = peer.pause_ms(1).send([byte]);
        }
        world::reset([peer.stall(), serving()], usize::MAX);
        let client = built(|b| b);
        let outcome = block_on(perform(&client, Via::WithTimeout(limit), &Call::Read("/a")));
        if limit <= 34 {
            assert_eq!(outcome, total_timeout(), "{limit}");
            assert_eq!(world::now(), limit * 1000);
        } else {
            assert_eq!(outcome, gives("1234567890"), "{limit}");
            assert_eq!(world::now(), 34_000);
            client.close_connection();
        }
        assert_eq!(call(&client, &Call::Read("/b")), gives("value of /b"));
    }
}
