//! Bad requests, some of which crash the real owserver: our server replies or closes, and serves the next client.

use owproto_core::server::End;
use owproto_core::time::Duration;
use owproto_tests::bad_requests::{self, BadRequest, Outcome, request, request_of_words};
use owproto_tests::core_server::{AfterInput, Chunking, CoreConnection, CoreServer};
use owproto_tests::vectors;

const SETUP: &str = "owserver --tester=10,28,26,05,20,29,12,1D,2D,1F,01,04,24,FF,3A,21,EF,99,DD";

/// Sends bytes on a new connection. Returns what the server sends until it closes, and why it closed.
fn send_and_read(server: &mut CoreServer, bytes: &[u8], chunking: Chunking) -> (Vec<u8>, Option<End>) {
    let sent = CoreConnection::new(server, chunking).exchange(server, bytes, AfterInput::WaitForClose);
    (sent.bytes, sent.end)
}

/// Checks that another client gets its temperature.
fn next_client_is_served(server: &mut CoreServer) {
    let path = b"/28.000028D70100/temperature\0";
    let (bytes, end) = send_and_read(server, &request(2, 100, path), Chunking::SmallBuffer);
    assert_eq!((&bytes[24..], end), (&b"         4.1"[..], Some(End::Answered)));
}

fn outcome(server: &mut CoreServer, bytes: &[u8]) -> Outcome {
    let mut outcomes = [Chunking::Whole, Chunking::SmallBuffer, Chunking::ByteByByte].map(|chunking| {
        let (bytes, _) = send_and_read(server, bytes, chunking);
        next_client_is_served(server);
        Outcome::of(&bytes)
    });
    assert!(outcomes.iter().all(|other| *other == outcomes[0]), "{outcomes:?}");
    std::mem::replace(&mut outcomes[0], Outcome::Closed)
}

#[test]
fn each_bad_request_is_answered_or_closes() {
    let mut server = CoreServer::new(SETUP).unwrap();
    for BadRequest { name, bytes, outcome: expected } in bad_requests::all() {
        assert_eq!(outcome(&mut server, &bytes), expected, "{name}");
    }
}

#[test]
fn what_crashed_the_real_server_does_not_crash_ours() {
    let mut server = CoreServer::new(SETUP).unwrap();
    let mut crashed = 0;
    for vector in vectors::in_file("malformed") {
        crashed += usize::from(vector.server_crashed.is_some());
        for _ in 0..3 {
            outcome(&mut server, &vector.request);
        }
    }
    assert!(crashed > 0);
}

#[test]
fn a_request_with_the_servers_own_token_in_second_place_closes_the_connection() {
    let own = *b"this server's 16";
    let mut server = CoreServer::new(SETUP).unwrap();
    server.token = Some(own);
    let tokens = [[9; 16], own].concat();
    let payload = b"/\0";
    let bytes = request_of_words([0x1_0002, 2, 7, 0, 0, 0], &[payload, &tokens[..]].concat());
    assert_eq!(send_and_read(&mut server, &bytes, Chunking::SmallBuffer), (Vec::new(), Some(End::Loop)));
    next_client_is_served(&mut server);
}

/// The real server accepts about a thousand connections, and dies of the next.
#[test]
fn ten_thousand_idle_connections_do_not_affect_another_client() {
    let mut server = CoreServer::new(SETUP).unwrap();
    let idle: Vec<CoreConnection> =
        (0..10_000).map(|_| CoreConnection::new(&server, Chunking::SmallBuffer)).collect();
    next_client_is_served(&mut server);
    for mut client in idle {
        let sent = client.exchange(&mut server, b"", AfterInput::WaitForClose);
        assert_eq!(sent.closed_after, Some(Duration::from_secs(10)));
    }
}

/// In the real server, a client that does not read its listings stops those of all others.
#[test]
fn a_client_that_does_not_read_its_listings_stops_no_others() {
    let mut server = CoreServer::new(SETUP).unwrap();
    let mut not_reading = CoreConnection::new(&server, Chunking::SmallBuffer);
    let many = request(4, 0, b"/\0").repeat(100);
    not_reading.send_without_reading(&mut server, &many);
    next_client_is_served(&mut server);
    let (bytes, _) = send_and_read(&mut server, &request(4, 0, b"/\0"), Chunking::SmallBuffer);
    assert_eq!(bytes.len(), 19 * (24 + 17) + 24);
    let (waiting, end) = not_reading.wait_for_close();
    assert!(waiting <= 512);
    assert_eq!(end, Some(End::TimedOut(owproto_core::server::Timeout::Send)));
}
