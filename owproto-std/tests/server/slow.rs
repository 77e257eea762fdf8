//! Devices and clients that take their time.

use owproto_std::Builder;

use super::*;

const SLOW: &str = "/28.000028D70000/temperature";
const FAST: &str = "/10.000010EF0100/temperature";

fn with_slow_device(latency: Duration) -> sim::Server {
    let server = server("tester:28,10");
    server.simulator().device("28").unwrap().set_latency(latency);
    server
}

#[test]
fn keepalives_come_each_second_and_the_answer_in_due_time() {
    let server = with_slow_device(Duration::from_millis(2300));
    let mut client = Raw::connect(server.local_addr());
    let start = Instant::now();
    client.send(&kept(Request::read(SLOW)));
    for (seconds, is_keepalive) in [(1.0, true), (2.0, true), (2.3, false)] {
        let (header, payload) = client.frame();
        let elapsed = start.elapsed().as_secs_f64();
        // Not before its time. How late it may be is for a machine that has nothing else to do.
        assert!(elapsed > seconds - 0.005, "{elapsed} instead of {seconds}");
        if is_keepalive {
            assert_eq!(header, Header::KEEPALIVE);
        } else {
            assert_eq!(payload, b"           4");
        }
    }
    // The connection is as good as before.
    client.send(&bytes(Request::read(FAST)));
    assert_eq!(client.frame().1, b"         1.7");
}

#[test]
fn a_client_with_little_patience_waits_for_a_slow_device() {
    let server = with_slow_device(Duration::from_millis(2500));
    let builder = || Builder::default().server(&server.local_addr().to_string()).unwrap();
    let patient = builder().inactivity_timeout(Duration::from_millis(1500)).build();
    assert_eq!(patient.read(SLOW).unwrap(), b"           4");
    let hasty = builder().inactivity_timeout(Duration::from_millis(300)).build();
    assert!(hasty.read(SLOW).is_err());
}

#[test]
fn slow_devices_hold_up_nobody_else() {
    let server = with_slow_device(Duration::from_secs(5));
    let mut waiting: Vec<Raw> = (0..20).map(|_| Raw::connect(server.local_addr())).collect();
    for client in &mut waiting {
        client.send(&bytes(Request::read(SLOW)));
    }
    wait_until("all are being served", || server.statistics().requests == 20);
    let start = Instant::now();
    for _ in 0..20 {
        let mut client = Raw::connect(server.local_addr());
        client.send(&bytes(Request::read(FAST)));
        assert_eq!(client.frame().1, b"         1.7");
    }
    // All of them before the first of the others.
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_listing_that_is_slow_streams_with_keepalives() {
    let server = server("tester:10,28");
    server.simulator().set_search_latency(Duration::from_millis(1200));
    let mut client = Raw::connect(server.local_addr());
    client.send(&bytes(Request::dir("/")));
    let mut frames = Vec::new();
    loop {
        let (header, payload) = client.frame();
        frames.push(if header == Header::KEEPALIVE { b"keepalive".to_vec() } else { payload });
        if header.payload == 0 {
            break;
        }
    }
    let expected: [&[u8]; 5] =
        [b"keepalive", b"/10.000010EF0000\0", b"keepalive", b"/28.000028D70100\0", b""];
    assert_eq!(frames, expected);
}

#[test]
fn the_work_for_a_client_that_is_gone_is_given_up() {
    let server = with_slow_device(Duration::from_secs(60));
    let mut client = Raw::connect(server.local_addr());
    client.send(&bytes(Request::read(SLOW)));
    wait_until("the device is at work", || server.simulator().device("28").unwrap().requests() == 1);
    // A reset, as when a program is killed with data unread.
    socket2::SockRef::from(&client.stream).set_linger(Some(Duration::ZERO)).unwrap();
    drop(client);
    wait_until("the work is given up", || server.simulator().cancelled() == 1);
    wait_until("the connection ends", || server.statistics().connections == 0);
    assert_eq!(server.statistics().lost, 1);
}

#[test]
fn a_client_that_just_closes_is_noticed_by_its_keepalives() {
    let server = with_slow_device(Duration::from_secs(60));
    let mut client = Raw::connect(server.local_addr());
    client.send(&bytes(Request::read(SLOW)));
    wait_until("the device is at work", || server.simulator().device("28").unwrap().requests() == 1);
    drop(client);
    wait_until("the work is given up", || server.simulator().cancelled() == 1);
}

#[test]
fn a_client_that_closes_its_side_still_gets_its_answer() {
    let server = with_slow_device(Duration::from_millis(200));
    let mut client = Raw::connect(server.local_addr());
    client.send(&kept(Request::read(SLOW)));
    client.send(&kept(Request::read(FAST)));
    client.stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(client.frame().1, b"           4");
    assert_eq!(client.frame().1, b"         1.7");
    assert_eq!(client.rest(), b"");
}

#[test]
fn a_client_that_does_not_read_holds_up_nobody_else() {
    let server = server("tester:28*2000,10");
    // Each listing is much more than the sockets hold, and each of these asks for many.
    let mut lazy: Vec<Raw> = (0..10).map(|_| Raw::connect(server.local_addr())).collect();
    for client in &mut lazy {
        for _ in 0..100 {
            client.send(&kept(Request::dir("/")));
        }
    }
    let wanted = bytes(Request::dir("/"));
    // Until none of them has room for more.
    let mut before = 0;
    while before < 10 || server.statistics().requests > before {
        before = server.statistics().requests;
        std::thread::sleep(Duration::from_millis(300));
    }
    for _ in 0..5 {
        let start = Instant::now();
        let mut client = Raw::connect(server.local_addr());
        client.send(&wanted);
        assert_eq!(client.rest().len(), 2002 * HEADER_LEN + 2001 * 17);
        assert!(start.elapsed() < AT_ONCE, "listed after {:?}", start.elapsed());
        is_served_at_once(server.local_addr());
    }
    // One begins to read again, and gets all that it asked for.
    let mut late = lazy.remove(0);
    late.stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut ends = 0;
    while ends < 100 {
        let (header, _) = late.frame();
        ends += usize::from(header.payload == 0);
    }
}
