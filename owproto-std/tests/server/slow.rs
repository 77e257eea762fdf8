//! Slow devices, and slow clients.

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
fn keepalives_arrive_each_second_until_the_answer() {
    let server = with_slow_device(Duration::from_millis(2300));
    let mut client = RawClient::connect(server.local_addr());
    let start = Instant::now();
    client.send(&encode_persistent(Request::read(SLOW)));
    for (seconds, is_keepalive) in [(1.0, true), (2.0, true), (2.3, false)] {
        let (header, payload) = client.frame();
        let elapsed = start.elapsed().as_secs_f64();
        // Not too early. How late it may be depends on the load of the machine.
        assert!(elapsed > seconds - 0.005, "{elapsed} instead of {seconds}");
        if is_keepalive {
            assert_eq!(header, Header::KEEPALIVE);
        } else {
            assert_eq!(payload, b"           4");
        }
    }
    // The connection can still be used.
    client.send(&encode(Request::read(FAST)));
    assert_eq!(client.frame().1, b"         1.7");
}

#[test]
fn keepalives_keep_a_client_waiting_beyond_its_inactivity_timeout() {
    let server = with_slow_device(Duration::from_millis(2500));
    let builder = || Builder::default().server(&server.local_addr().to_string()).unwrap();
    let patient = builder().inactivity_timeout(Duration::from_millis(1500)).build();
    assert_eq!(patient.read(SLOW).unwrap(), b"           4");
    let hasty = builder().inactivity_timeout(Duration::from_millis(300)).build();
    assert!(hasty.read(SLOW).is_err());
}

#[test]
fn slow_devices_do_not_delay_other_clients() {
    let server = with_slow_device(Duration::from_secs(5));
    let mut waiting: Vec<RawClient> = (0..20).map(|_| RawClient::connect(server.local_addr())).collect();
    for client in &mut waiting {
        client.send(&encode(Request::read(SLOW)));
    }
    wait_until("all requests are in progress", || server.statistics().requests == 20);
    let start = Instant::now();
    for _ in 0..20 {
        let mut client = RawClient::connect(server.local_addr());
        client.send(&encode(Request::read(FAST)));
        assert_eq!(client.frame().1, b"         1.7");
    }
    // All of them before the first slow answer.
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn entries_of_a_slow_listing_arrive_between_keepalives() {
    let server = server("tester:10,28");
    server.simulator().set_search_latency(Duration::from_millis(1200));
    let mut client = RawClient::connect(server.local_addr());
    client.send(&encode(Request::dir("/")));
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
fn a_reset_by_the_client_cancels_its_request() {
    let server = with_slow_device(Duration::from_secs(60));
    let mut client = RawClient::connect(server.local_addr());
    client.send(&encode(Request::read(SLOW)));
    wait_until("the device is at work", || server.simulator().device("28").unwrap().requests() == 1);
    // A reset, as when a program with unread data is killed.
    socket2::SockRef::from(&client.stream).set_linger(Some(Duration::ZERO)).unwrap();
    drop(client);
    wait_until("the request is cancelled", || server.simulator().cancelled() == 1);
    wait_until("the connection ends", || server.statistics().connections == 0);
    assert_eq!(server.statistics().lost, 1);
}

#[test]
fn a_keepalive_notices_a_closed_client_and_cancels_its_request() {
    let server = with_slow_device(Duration::from_secs(60));
    let mut client = RawClient::connect(server.local_addr());
    client.send(&encode(Request::read(SLOW)));
    wait_until("the device is at work", || server.simulator().device("28").unwrap().requests() == 1);
    drop(client);
    wait_until("the request is cancelled", || server.simulator().cancelled() == 1);
}

#[test]
fn a_client_that_closes_its_sending_side_still_gets_its_answers() {
    let server = with_slow_device(Duration::from_millis(200));
    let mut client = RawClient::connect(server.local_addr());
    client.send(&encode_persistent(Request::read(SLOW)));
    client.send(&encode_persistent(Request::read(FAST)));
    client.stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(client.frame().1, b"           4");
    assert_eq!(client.frame().1, b"         1.7");
    assert_eq!(client.rest(), b"");
}

#[test]
fn a_client_that_does_not_read_does_not_delay_other_clients() {
    let server = server("tester:28*2000,10");
    // Each listing is longer than the buffers of the sockets, and each client requests 100.
    let mut blocked: Vec<RawClient> = (0..10).map(|_| RawClient::connect(server.local_addr())).collect();
    for client in &mut blocked {
        for _ in 0..100 {
            client.send(&encode_persistent(Request::dir("/")));
        }
    }
    let wanted = encode(Request::dir("/"));
    // Until the server cannot take more of their requests.
    let mut before = 0;
    while before < 10 || server.statistics().requests > before {
        before = server.statistics().requests;
        std::thread::sleep(Duration::from_millis(300));
    }
    for _ in 0..5 {
        let start = Instant::now();
        let mut client = RawClient::connect(server.local_addr());
        client.send(&wanted);
        assert_eq!(client.rest().len(), 2002 * HEADER_LEN + 2001 * 17);
        assert!(start.elapsed() < IMMEDIATELY, "listed after {:?}", start.elapsed());
        assert_served_immediately(server.local_addr());
    }
    // One of them starts to read, and gets all its listings.
    let mut late = blocked.remove(0);
    late.stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut ends = 0;
    while ends < 100 {
        let (header, _) = late.frame();
        ends += usize::from(header.payload == 0);
    }
}
