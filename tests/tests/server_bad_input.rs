//! What the real owserver was tried with, and what it died of: ours answers or closes, and the next client is served.

use owproto_core::server::End;
use owproto_core::time::Duration;
use owproto_tests::bad_input::{self, BadInput, Fate, ask, request};
use owproto_tests::ours::{Client, Manner, Server, Then};
use owproto_tests::vectors;

const SETUP: &str = "owserver --tester=10,28,26,05,20,29,12,1D,2D,1F,01,04,24,FF,3A,21,EF,99,DD";

/// What a server says to bytes on a new connection, and why it closed if it did.
fn say(server: &mut Server, bytes: &[u8], manner: Manner) -> (Vec<u8>, Option<End>) {
    let said = Client::new(server, manner).talk(server, bytes, Then::Wait);
    (said.bytes, said.end)
}

/// The next client gets its temperature.
fn next_client_is_served(server: &mut Server) {
    let path = b"/28.000028D70100/temperature\0";
    let (bytes, end) = say(server, &ask(2, 100, path), Manner::Small);
    assert_eq!((&bytes[24..], end), (&b"         4.1"[..], Some(End::Answered)));
}

fn fate(server: &mut Server, bytes: &[u8]) -> Fate {
    let mut fates = [Manner::Large, Manner::Small, Manner::Drops].map(|manner| {
        let (bytes, _) = say(server, bytes, manner);
        next_client_is_served(server);
        Fate::of(&bytes)
    });
    assert!(fates.iter().all(|other| *other == fates[0]), "{fates:?}");
    std::mem::replace(&mut fates[0], Fate::Closed)
}

#[test]
fn each_bad_input_is_answered_or_closes() {
    let mut server = Server::new(SETUP).unwrap();
    for BadInput { name, bytes, fate: expected } in bad_input::all() {
        assert_eq!(fate(&mut server, &bytes), expected, "{name}");
    }
}

#[test]
fn what_crashed_the_real_server_does_not_crash_ours() {
    let mut server = Server::new(SETUP).unwrap();
    let mut crashed = 0;
    for vector in vectors::in_file("malformed") {
        crashed += usize::from(vector.server_crashed.is_some());
        for _ in 0..3 {
            fate(&mut server, &vector.request);
        }
    }
    assert!(crashed > 0);
}

#[test]
fn own_token_not_in_first_place_closes() {
    let own = *b"this server's 16";
    let mut server = Server::new(SETUP).unwrap();
    server.token = Some(own);
    let tokens = [[9; 16], own].concat();
    let payload = b"/\0";
    let bytes = request([0x1_0002, 2, 7, 0, 0, 0], &[payload, &tokens[..]].concat());
    assert_eq!(say(&mut server, &bytes, Manner::Small), (Vec::new(), Some(End::Loop)));
    next_client_is_served(&mut server);
}

/// The real one takes no more than about a thousand connections, and dies of the next.
#[test]
fn ten_thousand_idle_connections_cost_nothing_but_memory() {
    let mut server = Server::new(SETUP).unwrap();
    let idle: Vec<Client> = (0..10_000).map(|_| Client::new(&server, Manner::Small)).collect();
    next_client_is_served(&mut server);
    for mut client in idle {
        let said = client.talk(&mut server, b"", Then::Wait);
        assert_eq!(said.closed_after, Some(Duration::from_secs(10)));
    }
}

/// In the real one, a client that does not read its listings stops those of all others.
#[test]
fn a_client_that_does_not_read_stops_nobody() {
    let mut server = Server::new(SETUP).unwrap();
    let mut deaf = Client::new(&server, Manner::Small);
    let many = ask(4, 0, b"/\0").repeat(100);
    deaf.give(&mut server, &many);
    next_client_is_served(&mut server);
    let (bytes, _) = say(&mut server, &ask(4, 0, b"/\0"), Manner::Small);
    assert_eq!(bytes.len(), 19 * (24 + 17) + 24);
    let (waiting, end) = deaf.wait();
    assert!(waiting <= 512);
    assert_eq!(end, Some(End::TimedOut(owproto_core::server::Timeout::Send)));
}
