//! What kills or hangs the real server, one attack at a time.

use owproto_core::time;
use owproto_std::server::Timeouts;
use owproto_tests::bad_requests::{self, Outcome, request_of_words};
use owproto_tests::{file_limit, vectors};

use super::*;

const TESTER: &str = "tester:10,28,26,05,20,29,12,1D,2D,1F,01,04,24,FF,3A,21,EF,99,DD";

/// A server with a short timeout within requests.
fn impatient(settings: impl FnOnce(Builder) -> Builder) -> sim::Server {
    let timeouts = Timeouts::DEFAULT.with_request(time::Duration::from_millis(500));
    start(TESTER, |server| settings(server.timeouts(timeouts)))
}

#[test]
fn each_bad_request_is_answered_or_closes_and_the_next_client_is_served() {
    let server = impatient(|server| server);
    for input in bad_requests::all() {
        assert_eq!(
            Outcome::of(&send_and_read(server.local_addr(), &input.bytes)),
            input.outcome,
            "{}",
            input.name
        );
        next_client_is_served(server.local_addr(), input.name);
    }
}

#[test]
fn what_crashed_the_real_server_does_not_crash_ours() {
    let server = impatient(|server| server);
    let mut crashed = 0;
    for vector in vectors::in_file("malformed") {
        crashed += usize::from(vector.server_crashed.is_some());
        for _ in 0..3 {
            send_and_read(server.local_addr(), &vector.request);
            next_client_is_served(server.local_addr(), &vector.name);
        }
    }
    assert!(crashed > 0);
}

/// Two real servers that have each other as a bus forward requests in circles until they die.
#[test]
fn a_request_with_the_servers_own_token_in_any_place_closes_the_connection() {
    let own = *b"this server's 16";
    let server = impatient(|server| server.token(own));
    let others = [own, [9; 16], [8; 16]];
    for place in 0..others.len() {
        let mut tokens = others;
        tokens.swap(0, place);
        let rest = [b"/\0".to_vec(), tokens.concat()].concat();
        let bytes = request_of_words([0x1_0003, 2, 6, 0, 0, 0], &rest);
        assert_eq!(send_and_read(server.local_addr(), &bytes), b"", "in place {place}");
        next_client_is_served(server.local_addr(), "a loop");
    }
    assert_eq!(server.statistics().loops, 3);
}

/// The real server dies of about the 1016th connection.
#[test]
fn more_connections_than_an_fd_set_holds_are_served() {
    const WANTED: u64 = 1500;
    // Both ends of each connection are in this process, and so are other tests.
    let files = file_limit::raise();
    let count = WANTED.min(files.saturating_sub(500) / 2);
    if count < WANTED {
        println!(
            "!!!!!!!! ONLY {count} OF {WANTED} CONNECTIONS WERE TRIED: this process may open only {files} files"
        );
    }
    let count = usize::try_from(count).unwrap();
    let server = start(TESTER, |server| server.max_connections(count + 1));
    let idle: Vec<TcpStream> = (0..count).map(|_| connect(server.local_addr())).collect();
    wait_until("all are open", || server.statistics().connections == count);
    next_client_is_served(server.local_addr(), "1500 connections");
    drop(idle);
    wait_until("all are closed", || server.statistics().connections == 0);
}

/// In the real server, a client that does not read its listings stops those of all others.
#[test]
fn clients_that_do_not_read_their_listings_stop_no_others() {
    let server = start(TESTER, |server| server);
    let listing = send_and_read(server.local_addr(), &request(4, 0, b"/\0"));
    let not_reading: Vec<TcpStream> = (0..10)
        .map(|_| {
            let mut stream = connect(server.local_addr());
            stream.set_nonblocking(true).unwrap();
            // As many as the server and the system accept.
            let many = request_of_words([0, 2, 4, 0x104, 0, 0], b"/\0").repeat(1000);
            while stream.write(&many).is_ok() {}
            stream
        })
        .collect();
    for _ in 0..10 {
        assert_eq!(send_and_read(server.local_addr(), &request(4, 0, b"/\0")), listing);
        next_client_is_served(server.local_addr(), "listings that are not read");
    }
    assert!(
        server.statistics().connections >= not_reading.len(),
        "the clients that do not read are still connected"
    );
}
