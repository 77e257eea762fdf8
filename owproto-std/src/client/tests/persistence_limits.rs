//! Servers that keep fewer connections than the client may have, in virtual time.

use owproto_tests::path_server;
use owproto_tests::peer::Script;

use super::executor::{Tasks, block_on};
use super::scenario::*;
use super::virtual_time::{self as world, Client};
use crate::Builder;

fn client(connections: usize) -> Client {
    Client::build(Builder::default().connections(connections))
}

/// So many reads at once, all with their own answers.
fn reads_at_once(client: &Client, count: usize) {
    let paths: Vec<String> = (0..count).map(|n| format!("/{n}")).collect();
    let mut tasks = Tasks::new();
    for path in &paths {
        tasks.spawn(async { client.read(path).await.unwrap() });
    }
    for (end, path) in tasks.finish().into_iter().zip(&paths) {
        assert_eq!(end.unwrap().1, path_server::value_of(path.as_bytes()));
    }
    assert!(client.shared().is_unused());
}

fn keeps() -> Script {
    responding(10_000, 1)
}

fn refuses() -> Script {
    Script::new().respond(1, 1, path_server::answer_without_persistence)
}

#[test]
fn where_no_connection_is_kept_each_call_has_its_own_and_as_many_go_at_once() {
    world::reset(vec![refuses(); 50], usize::MAX);
    let client = client(5);
    reads_at_once(&client, 50);
    assert_eq!(world::most_open(), 5);
    assert_eq!(world::now(), 10_000, "five at once");
    assert!(world::requests().iter().all(|requests| requests.len() == 1));
    assert_eq!((client.shared().pool.permits(), client.shared().pool.idle()), (5, 0));
}

#[test]
fn a_refusal_is_learned_and_costs_no_call() {
    // Two places, and the third and the fourth connection are refused.
    world::reset([keeps(), keeps(), refuses(), refuses()], usize::MAX);
    let client = client(4);
    reads_at_once(&client, 2);
    assert_eq!(client.shared().pool.permits(), 4);
    reads_at_once(&client, 100);
    assert_eq!(client.shared().pool.permits(), 2);
    assert_eq!(world::attempts().len(), 4);
    // From now on the two are enough.
    for _ in 0..10 {
        reads_at_once(&client, 100);
    }
    assert_eq!((world::attempts().len(), world::open_connections()), (4, 2));
}

#[test]
fn after_a_while_one_more_is_tried() {
    world::reset([keeps(), refuses(), refuses(), refuses(), keeps(), keeps(), refuses()], usize::MAX);
    let client = client(4);
    reads_at_once(&client, 1);
    reads_at_once(&client, 10);
    assert_eq!((client.shared().pool.permits(), world::attempts().len()), (1, 4));
    // Ten seconds later, but nobody needs one.
    world::advance_ms(10_000);
    reads_at_once(&client, 1);
    assert_eq!((client.shared().pool.permits(), world::attempts().len()), (1, 4));
    // Others have left the server: as long as it keeps more, more are made.
    reads_at_once(&client, 10);
    assert_eq!((client.shared().pool.permits(), world::attempts().len()), (3, 7));
    assert_eq!(client.shared().pool.idle(), 3);
    world::advance_ms(9_000);
    reads_at_once(&client, 10);
    assert_eq!(world::attempts().len(), 7);
}

#[test]
fn with_the_last_kept_connection_gone_all_places_count_again() {
    world::reset([keeps(), refuses(), refuses(), refuses(), refuses(), refuses()], usize::MAX);
    let client = client(2);
    reads_at_once(&client, 1);
    reads_at_once(&client, 2);
    assert_eq!(client.shared().pool.permits(), 1);
    client.close_connection();
    reads_at_once(&client, 4);
    assert_eq!((client.shared().pool.permits(), world::most_open()), (2, 2));
}

#[test]
fn a_place_is_never_lost_to_a_listing_beside() {
    // The only place is refused while the listing's connection is kept.
    world::reset([keeps(), refuses(), keeps()], usize::MAX);
    let client = client(1);
    let mut tasks = Tasks::new();
    tasks.spawn(async {
        client.dir_each("/", crate::DirOptions::new(), |_| ()).await.unwrap();
    });
    tasks.spawn(async {
        client.read("/a").await.unwrap();
    });
    tasks.finish();
    reads_at_once(&client, 3);
    assert_eq!(client.shared().pool.permits(), 1);
}

#[test]
fn a_connection_that_was_kept_and_ends_is_no_refusal() {
    let ends = || responding(1, 1).respond(1, 1, path_server::answer_without_persistence);
    world::reset([ends(), keeps(), keeps(), keeps()], usize::MAX);
    let client = client(2);
    reads_at_once(&client, 2);
    reads_at_once(&client, 20);
    assert_eq!(client.shared().pool.permits(), 2);
    block_on(client.ping()).unwrap();
}
