//! What the server refuses, and how long it waits for clients.

use owproto_core::ReturnCode;
use owproto_core::time;
use owproto_core::tree::Permission;
use owproto_std::server::{Builder, Keepalives, PersistentLimits, Timeouts};

use super::*;

fn start(settings: impl FnOnce(Builder) -> Builder) -> sim::Server {
    let simulator = sim::Simulator::new("tester:28,10".parse().unwrap());
    sim::Server::builder(simulator).server(settings).start().unwrap()
}

const PATH: &str = "/28.000028D70000/temphigh";

/// Sends a request with the persistence flag; returns whether the server granted it.
fn is_persistent(client: &mut RawClient) -> bool {
    client.send(&encode_persistent(Request::read(PATH)));
    client.frame().0.flags.contains(Flags::PERSISTENCE)
}

#[test]
fn the_twenty_first_persistent_client_gets_its_answer_and_is_closed() {
    let server = start(|server| server);
    let mut clients: Vec<RawClient> = (0..20).map(|_| RawClient::connect(server.local_addr())).collect();
    assert!(clients.iter_mut().all(is_persistent));
    let mut next = RawClient::connect(server.local_addr());
    assert!(!is_persistent(&mut next));
    assert_eq!(next.rest(), b"");
    assert_eq!((server.statistics().persistent, server.statistics().persistence_refused), (20, 1));
    // A persistent connection stays so, and after one has closed another can become persistent.
    assert!(is_persistent(&mut clients[7]));
    clients.remove(3);
    wait_until("the closed connection no longer counts", || server.statistics().persistent == 19);
    assert!(is_persistent(&mut RawClient::connect(server.local_addr())));
    // A request without the flag ends persistence too.
    clients[0].send(&encode(Request::read(PATH)));
    clients[0].frame();
    assert_eq!(clients[0].rest(), b"");
    wait_until("both connections no longer count", || server.statistics().persistent == 18);
}

#[test]
fn the_number_of_persistent_connections_is_a_setting() {
    let none = start(|server| server.persistent_limits(PersistentLimits::new(0, 0)));
    assert!(!is_persistent(&mut RawClient::connect(none.local_addr())));
    let many = start(|server| server.persistent_limits(PersistentLimits::new(100, 50)));
    let mut clients: Vec<RawClient> = (0..100).map(|_| RawClient::connect(many.local_addr())).collect();
    assert!(clients.iter_mut().all(is_persistent));
}

#[test]
fn a_read_only_server_refuses_every_write() {
    let simulator = sim::Simulator::new("28=a".parse().unwrap());
    let server = sim::Server::builder(simulator)
        .server(|server| server.permission(Permission::ReadOnly))
        .start()
        .unwrap();
    let before = server.simulator().device("a").unwrap().value("temphigh");
    for path in ["/a/temphigh", "/a/alias", "/settings/timeout/usb"] {
        let mut client = RawClient::connect(server.local_addr());
        client.send(&encode(Request::write(path, "12")));
        assert_eq!(client.frame().0.code, ReturnCode::READ_ONLY_SERVER.to_ret(), "{path}");
    }
    assert_eq!(server.simulator().device("a").unwrap().value("temphigh"), before);
    assert_eq!(server.simulator().device("a").unwrap().requests(), 0);
}

#[test]
fn connections_above_the_limit_are_closed_immediately() {
    let server = start(|server| server.max_connections(3));
    let mut clients: Vec<RawClient> = (0..3).map(|_| RawClient::connect(server.local_addr())).collect();
    assert!(clients.iter_mut().all(is_persistent));
    for n in 1..=50 {
        let start = Instant::now();
        assert_eq!(RawClient::connect(server.local_addr()).rest(), b"");
        assert!(start.elapsed() < IMMEDIATELY);
        assert_eq!(server.statistics().refused, n);
    }
    assert!(clients.iter_mut().all(is_persistent));
    drop(clients.pop());
    wait_until("the connection ends", || server.statistics().connections == 2);
    assert_served_immediately(server.local_addr());
}

#[test]
fn a_request_above_the_limit_ends_the_connection() {
    let server = start(|server| server.request_limit(1000));
    for (len, is_answered) in [(1000, true), (1001, false)] {
        let mut path = vec![b'a'; len - 1];
        path[0] = b'/';
        let mut client = RawClient::connect(server.local_addr());
        client.send(&encode(Request::presence(&path)));
        assert_eq!(client.rest().len() == HEADER_LEN, is_answered, "{len}");
    }
    assert_eq!(server.statistics().malformed, 1);
}

fn ms(ms: u64) -> time::Duration {
    time::Duration::from_millis(ms)
}

/// Seconds until the server closes the connection.
fn closed_after(client: &mut RawClient) -> f64 {
    let start = Instant::now();
    assert_eq!(client.rest(), b"");
    start.elapsed().as_secs_f64()
}

fn assert_about(found: f64, expected: f64) {
    assert!((expected - 0.01..expected + 0.4).contains(&found), "{found} instead of {expected}");
}

#[test]
fn clients_that_are_silent_or_slow_within_a_request_are_closed() {
    let timeouts = Timeouts::DEFAULT.with_request(ms(200)).with_request_total(ms(500));
    let server = start(|server| server.timeouts(timeouts));
    // No byte, a part of a header, a header without its payload, and all but one byte.
    let request = encode(Request::read(PATH));
    for sent in [0, 10, HEADER_LEN, request.len() - 1] {
        let mut client = RawClient::connect(server.local_addr());
        client.send(&request[..sent]);
        assert_about(closed_after(&mut client), 0.2);
    }
    assert_eq!(server.statistics().timed_out, 4);
    // A byte every 50 ms is too slow for the limit of the whole request.
    let mut client = RawClient::connect(server.local_addr());
    let mut stream = client.stream.try_clone().unwrap();
    let slow_writer = std::thread::spawn(move || {
        for byte in request {
            if stream.write_all(&[byte]).is_err() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    assert_about(closed_after(&mut client), 0.5);
    assert_served_immediately(server.local_addr());
    slow_writer.join().unwrap();
}

#[test]
fn idle_clients_are_closed_sooner_when_many_are_persistent() {
    let timeouts = Timeouts::DEFAULT.with_idle_low(ms(300)).with_idle_high(ms(900));
    let limits = PersistentLimits::new(20, 2);
    let server = start(|server| server.timeouts(timeouts).persistent_limits(limits));
    let mut single = RawClient::connect(server.local_addr());
    assert!(is_persistent(&mut single));
    assert_about(closed_after(&mut single), 0.9);
    let mut clients: Vec<RawClient> = (0..2).map(|_| RawClient::connect(server.local_addr())).collect();
    assert!(clients.iter_mut().all(is_persistent));
    assert_about(closed_after(&mut clients[0]), 0.3);
    assert_eq!(server.statistics().idle_closed, 2);
}

#[test]
fn a_client_that_never_reads_its_answers_is_closed() {
    let simulator = sim::Simulator::new("tester:28*2000".parse().unwrap());
    let timeouts = Timeouts::DEFAULT.with_send(ms(300));
    let server = sim::Server::builder(simulator).server(|server| server.timeouts(timeouts)).start().unwrap();
    let mut client = RawClient::connect(server.local_addr());
    for _ in 0..200 {
        client.send(&encode_persistent(Request::dir("/")));
    }
    wait_until("the timeout is counted", || server.statistics().timed_out == 1);
    wait_until("the connection ends", || server.statistics().connections == 0);
}

#[test]
fn a_client_that_reads_too_slowly_is_closed() {
    let simulator = sim::Simulator::new("tester:28*2000".parse().unwrap());
    // Each byte is in time, but the whole answer is not.
    let timeouts = Timeouts::DEFAULT.with_send(ms(60_000)).with_send_total(ms(300));
    let server = sim::Server::builder(simulator).server(|server| server.timeouts(timeouts)).start().unwrap();
    let mut client = RawClient::connect(server.local_addr());
    for _ in 0..200 {
        client.send(&encode_persistent(Request::dir("/")));
    }
    wait_until("the timeout is counted", || {
        // After the close there is no byte to read.
        let _ = (&client.stream).read(&mut [0]);
        server.statistics().timed_out == 1
    });
    wait_until("the connection ends", || server.statistics().connections == 0);
}

#[test]
fn keepalives_before_every_answer_can_be_set() {
    let server = start(|server| server.keepalives(Keepalives::BeforeEveryAnswer));
    let mut client = RawClient::connect(server.local_addr());
    client.send(&nop());
    assert_eq!(client.frame().0, Header::KEEPALIVE);
    assert_eq!(client.frame().0.code, 0);
}
