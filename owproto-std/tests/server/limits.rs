//! What is refused, and for how long clients are waited for.

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

/// Asks to be kept, and says whether it is.
fn is_kept(client: &mut Raw) -> bool {
    client.send(&kept(Request::read(PATH)));
    client.frame().0.flags.contains(Flags::PERSISTENCE)
}

#[test]
fn the_twenty_first_persistent_client_is_served_and_not_kept() {
    let server = start(|server| server);
    let mut clients: Vec<Raw> = (0..20).map(|_| Raw::connect(server.local_addr())).collect();
    assert!(clients.iter_mut().all(is_kept));
    let mut next = Raw::connect(server.local_addr());
    assert!(!is_kept(&mut next));
    assert_eq!(next.rest(), b"");
    assert_eq!((server.statistics().persistent, server.statistics().persistence_refused), (20, 1));
    // Who has a place keeps it, and one that is given back is free.
    assert!(is_kept(&mut clients[7]));
    clients.remove(3);
    wait_until("the place is given back", || server.statistics().persistent == 19);
    assert!(is_kept(&mut Raw::connect(server.local_addr())));
    // It is given back as well when the client says that it has had enough.
    clients[0].send(&bytes(Request::read(PATH)));
    clients[0].frame();
    assert_eq!(clients[0].rest(), b"");
    wait_until("the places are given back", || server.statistics().persistent == 18);
}

#[test]
fn places_are_a_setting() {
    let none = start(|server| server.persistent_limits(PersistentLimits::new(0, 0)));
    assert!(!is_kept(&mut Raw::connect(none.local_addr())));
    let many = start(|server| server.persistent_limits(PersistentLimits::new(100, 50)));
    let mut clients: Vec<Raw> = (0..100).map(|_| Raw::connect(many.local_addr())).collect();
    assert!(clients.iter_mut().all(is_kept));
}

#[test]
fn a_server_that_is_read_only_changes_nothing() {
    let simulator = sim::Simulator::new("28=a".parse().unwrap());
    let server = sim::Server::builder(simulator)
        .server(|server| server.permission(Permission::ReadOnly))
        .start()
        .unwrap();
    let before = server.simulator().device("a").unwrap().value("temphigh");
    for path in ["/a/temphigh", "/a/alias", "/settings/timeout/usb"] {
        let mut client = Raw::connect(server.local_addr());
        client.send(&bytes(Request::write(path, "12")));
        assert_eq!(client.frame().0.code, ReturnCode::READ_ONLY_SERVER.to_ret(), "{path}");
    }
    assert_eq!(server.simulator().device("a").unwrap().value("temphigh"), before);
    assert_eq!(server.simulator().device("a").unwrap().requests(), 0);
}

#[test]
fn connections_above_the_limit_are_closed_at_once() {
    let server = start(|server| server.max_connections(3));
    let mut clients: Vec<Raw> = (0..3).map(|_| Raw::connect(server.local_addr())).collect();
    assert!(clients.iter_mut().all(is_kept));
    for n in 1..=50 {
        let start = Instant::now();
        assert_eq!(Raw::connect(server.local_addr()).rest(), b"");
        assert!(start.elapsed() < AT_ONCE);
        assert_eq!(server.statistics().refused, n);
    }
    assert!(clients.iter_mut().all(is_kept));
    drop(clients.pop());
    wait_until("there is room again", || server.statistics().connections == 2);
    is_served_at_once(server.local_addr());
}

#[test]
fn requests_above_the_limit_are_not_read() {
    let server = start(|server| server.request_limit(1000));
    for (len, is_answered) in [(1000, true), (1001, false)] {
        let mut path = vec![b'a'; len - 1];
        path[0] = b'/';
        let mut client = Raw::connect(server.local_addr());
        client.send(&bytes(Request::presence(&path)));
        assert_eq!(client.rest().len() == HEADER_LEN, is_answered, "{len}");
    }
    assert_eq!(server.statistics().malformed, 1);
}

fn ms(ms: u64) -> time::Duration {
    time::Duration::from_millis(ms)
}

/// Seconds until the server closes.
fn closed_after(client: &mut Raw) -> f64 {
    let start = Instant::now();
    assert_eq!(client.rest(), b"");
    start.elapsed().as_secs_f64()
}

fn is_about(found: f64, expected: f64) {
    assert!((expected - 0.01..expected + 0.4).contains(&found), "{found} instead of {expected}");
}

#[test]
fn silent_clients_are_not_waited_for() {
    let timeouts = Timeouts::DEFAULT.with_request(ms(200)).with_request_total(ms(500));
    let server = start(|server| server.timeouts(timeouts));
    // Nothing; half a header; a header without its payload.
    let request = bytes(Request::read(PATH));
    for sent in [0, 10, HEADER_LEN, request.len() - 1] {
        let mut client = Raw::connect(server.local_addr());
        client.send(&request[..sent]);
        is_about(closed_after(&mut client), 0.2);
    }
    assert_eq!(server.statistics().timed_out, 4);
    // One byte now and then is not enough either.
    let mut client = Raw::connect(server.local_addr());
    let mut stream = client.stream.try_clone().unwrap();
    let drip = std::thread::spawn(move || {
        for byte in request {
            if stream.write_all(&[byte]).is_err() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    is_about(closed_after(&mut client), 0.5);
    is_served_at_once(server.local_addr());
    drip.join().unwrap();
}

#[test]
fn idle_clients_are_closed_sooner_when_there_are_many() {
    let timeouts = Timeouts::DEFAULT.with_idle_low(ms(300)).with_idle_high(ms(900));
    let limits = PersistentLimits::new(20, 2);
    let server = start(|server| server.timeouts(timeouts).persistent_limits(limits));
    let mut alone = Raw::connect(server.local_addr());
    assert!(is_kept(&mut alone));
    is_about(closed_after(&mut alone), 0.9);
    let mut clients: Vec<Raw> = (0..2).map(|_| Raw::connect(server.local_addr())).collect();
    assert!(clients.iter_mut().all(is_kept));
    is_about(closed_after(&mut clients[0]), 0.3);
    assert_eq!(server.statistics().idle_closed, 2);
}

#[test]
fn a_client_that_never_reads_is_given_up() {
    let simulator = sim::Simulator::new("tester:28*2000".parse().unwrap());
    let timeouts = Timeouts::DEFAULT.with_send(ms(300));
    let server = sim::Server::builder(simulator).server(|server| server.timeouts(timeouts)).start().unwrap();
    let mut client = Raw::connect(server.local_addr());
    for _ in 0..200 {
        client.send(&kept(Request::dir("/")));
    }
    wait_until("it is given up", || server.statistics().timed_out == 1);
    wait_until("its connection ends", || server.statistics().connections == 0);
}

#[test]
fn a_client_that_reads_a_byte_now_and_then_is_given_up() {
    let simulator = sim::Simulator::new("tester:28*2000".parse().unwrap());
    // Only in the whole does it take too long.
    let timeouts = Timeouts::DEFAULT.with_send(ms(60_000)).with_send_total(ms(300));
    let server = sim::Server::builder(simulator).server(|server| server.timeouts(timeouts)).start().unwrap();
    let mut client = Raw::connect(server.local_addr());
    for _ in 0..200 {
        client.send(&kept(Request::dir("/")));
    }
    wait_until("it is given up", || {
        // Whether there still is one does not matter.
        let _ = (&client.stream).read(&mut [0]);
        server.statistics().timed_out == 1
    });
    wait_until("its connection ends", || server.statistics().connections == 0);
}

#[test]
fn keepalives_before_every_answer_are_a_setting() {
    let server = start(|server| server.keepalives(Keepalives::BeforeEveryAnswer));
    let mut client = Raw::connect(server.local_addr());
    client.send(&nop());
    assert_eq!(client.frame().0, Header::KEEPALIVE);
    assert_eq!(client.frame().0.code, 0);
}
