//! Servers that grant fewer persistent connections than the client may open, in virtual time.

use owproto_tests::path_server;
use owproto_tests::peer::Script;

use super::executor::{Tasks, block_on};
use super::scenario::*;
use super::virtual_time::{self as world, Client};
use crate::Builder;

fn client(connections: usize) -> Client {
    Client::build(Builder::default().connections(connections))
}

/// Makes this number of concurrent reads, which must all return their own values.
fn read_concurrently(client: &Client, count: usize) {
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

fn granting() -> Script {
    responding(10_000, 1)
}

fn refusing() -> Script {
    Script::new().respond(1, 1, path_server::answer_without_persistence)
}

#[test]
fn without_persistence_each_call_has_a_connection_and_all_permits_are_used() {
    world::reset(vec![refusing(); 50], usize::MAX);
    let client = client(5);
    read_concurrently(&client, 50);
    assert_eq!(world::most_open(), 5);
    assert_eq!(world::now(), 10_000, "five concurrently");
    assert!(world::requests().iter().all(|requests| requests.len() == 1));
    assert_eq!((client.shared().pool.permits(), client.shared().pool.idle()), (5, 0));
}

#[test]
fn the_client_learns_how_many_connections_are_granted_and_no_call_fails() {
    // The server grants persistence to two connections, and refuses it to the third and the fourth.
    world::reset([granting(), granting(), refusing(), refusing()], usize::MAX);
    let client = client(4);
    read_concurrently(&client, 2);
    assert_eq!(client.shared().pool.permits(), 4);
    read_concurrently(&client, 100);
    assert_eq!(client.shared().pool.permits(), 2);
    assert_eq!(world::attempts().len(), 4);
    // From now on the client uses the two.
    for _ in 0..10 {
        read_concurrently(&client, 100);
    }
    assert_eq!((world::attempts().len(), world::open_connections()), (4, 2));
}

#[test]
fn one_more_connection_is_tried_after_a_while_if_calls_wait() {
    world::reset(
        [granting(), refusing(), refusing(), refusing(), granting(), granting(), refusing()],
        usize::MAX,
    );
    let client = client(4);
    read_concurrently(&client, 1);
    read_concurrently(&client, 10);
    assert_eq!((client.shared().pool.permits(), world::attempts().len()), (1, 4));
    // Ten seconds later, but no call waits.
    world::advance_ms(10_000);
    read_concurrently(&client, 1);
    assert_eq!((client.shared().pool.permits(), world::attempts().len()), (1, 4));
    // The server grants more now: the client opens more until it is refused.
    read_concurrently(&client, 10);
    assert_eq!((client.shared().pool.permits(), world::attempts().len()), (3, 7));
    assert_eq!(client.shared().pool.idle(), 3);
    world::advance_ms(9_000);
    read_concurrently(&client, 10);
    assert_eq!(world::attempts().len(), 7);
}

#[test]
fn all_permits_count_again_when_the_last_persistent_connection_ends() {
    world::reset([granting(), refusing(), refusing(), refusing(), refusing(), refusing()], usize::MAX);
    let client = client(2);
    read_concurrently(&client, 1);
    read_concurrently(&client, 2);
    assert_eq!(client.shared().pool.permits(), 1);
    client.close_connection();
    read_concurrently(&client, 4);
    assert_eq!((client.shared().pool.permits(), world::most_open()), (2, 2));
}

#[test]
fn no_permit_is_lost_when_persistence_is_refused_during_a_listing() {
    // The second connection is refused while the listing has a persistent one.
    world::reset([granting(), refusing(), granting()], usize::MAX);
    let client = client(1);
    let mut tasks = Tasks::new();
    tasks.spawn(async {
        client.dir_each("/", crate::DirOptions::new(), |_| ()).await.unwrap();
    });
    tasks.spawn(async {
        client.read("/a").await.unwrap();
    });
    tasks.finish();
    read_concurrently(&client, 3);
    assert_eq!(client.shared().pool.permits(), 1);
}

#[test]
fn the_end_of_a_persistent_connection_is_not_a_refusal() {
    let ends = || responding(1, 1).respond(1, 1, path_server::answer_without_persistence);
    world::reset([ends(), granting(), granting(), granting()], usize::MAX);
    let client = client(2);
    read_concurrently(&client, 2);
    read_concurrently(&client, 20);
    assert_eq!(client.shared().pool.permits(), 2);
    block_on(client.ping()).unwrap();
}
