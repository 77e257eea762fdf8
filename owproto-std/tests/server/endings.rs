//! How connections and servers end.

use owproto_core::tree::{Tree, tester::Tester};
use owproto_std::server::Server;

use super::*;

#[test]
fn dropping_a_server_closes_its_connections_and_frees_its_port() {
    let server = server("tester:28");
    let address = server.local_addr();
    let mut idle = RawClient::connect(address);
    idle.send(&encode_persistent(Ok(Request::nop())));
    idle.frame();
    drop(server);
    assert_eq!(idle.rest(), b"");
    assert!(TcpStream::connect(address).is_err());
    let simulator = sim::Simulator::new("tester:28".parse().unwrap());
    let again = sim::Server::builder(simulator).server(|server| server.listen(address)).start().unwrap();
    assert_served_immediately(again.local_addr());
}

#[test]
fn a_shutdown_finishes_answers_in_progress_and_closes_all_other_connections() {
    let server = server("tester:28,10");
    server.simulator().device("28").unwrap().set_latency(Duration::from_millis(400));
    let address = server.local_addr();
    let mut idle = RawClient::connect(address);
    idle.send(&encode_persistent(Ok(Request::nop())));
    idle.frame();
    let mut half = RawClient::connect(address);
    half.send(&nop()[..10]);
    let mut working = RawClient::connect(address);
    working.send(&encode_persistent(Request::read("/28.000028D70000/temperature")));
    wait_until("the request is in progress", || server.statistics().requests == 2);
    let mut silent = RawClient::connect(address);
    wait_until("all clients are connected", || server.statistics().connections == 4);

    let start = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let handle = server.handle();
    let shutdown = std::thread::spawn(move || runtime.block_on(handle.shutdown()));
    for client in [&mut idle, &mut half, &mut silent] {
        assert_eq!(client.rest(), b"");
        assert!(start.elapsed() < Duration::from_millis(300), "{:?}", start.elapsed());
    }
    let (header, payload) = working.frame();
    assert_eq!(payload, b"           4");
    assert!(!header.flags.contains(Flags::PERSISTENCE), "no connection stays open during a shutdown");
    assert_eq!(working.rest(), b"");
    shutdown.join().unwrap();
    assert!(TcpStream::connect(address).is_err());
    assert_eq!(server.statistics().connections, 0);
}

#[test]
fn a_shutdown_waits_no_longer_than_the_grace_period() {
    let simulator = sim::Simulator::new("tester:28".parse().unwrap());
    simulator.device("28").unwrap().set_latency(Duration::from_secs(3600));
    let server = sim::Server::builder(simulator)
        .server(|server| server.shutdown_grace(Duration::from_millis(200)))
        .start()
        .unwrap();
    let mut working = RawClient::connect(server.local_addr());
    working.send(&encode(Request::read("/28.000028D70000/temperature")));
    wait_until("the request is in progress", || server.statistics().requests == 1);
    let start = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(server.handle().shutdown());
    assert!((200..700).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
    assert_eq!(working.rest(), b"");
    assert_eq!(server.simulator().cancelled(), 1);
}

#[test]
fn an_address_in_use_is_an_error() {
    let first = server("tester:28");
    let simulator = sim::Simulator::new("tester:28".parse().unwrap());
    let second = sim::Server::builder(simulator).server(|server| server.listen(first.local_addr())).start();
    assert_eq!(second.unwrap_err().kind(), ErrorKind::AddrInUse);
}

#[test]
fn a_server_can_start_on_a_listening_socket() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let _inside = runtime.enter();
    let server = Server::builder().start_on(listener, Tree::new(Tester::new(&[0x28]))).unwrap();
    assert_eq!(server.local_addr(), address);
    assert_served_immediately(address);
}

/// A server that closes with unread bytes makes TCP send a reset, which would discard the reply.
#[test]
fn the_last_reply_arrives_although_the_client_sent_more() {
    let server = server("tester:28*500");
    for more in [1, 24, 5000, 100_000] {
        let mut client = RawClient::connect(server.local_addr());
        // Without persistence, so the server does not read the rest as requests.
        let mut request = encode(Request::dirall("/"));
        request.resize(request.len() + more, 0);
        client.send(&request);
        std::thread::sleep(Duration::from_millis(30));
        let mut reply = Vec::new();
        client.stream.read_to_end(&mut reply).unwrap();
        assert_eq!(reply.len(), HEADER_LEN + 500 * 17, "with {more} more bytes");
    }
    // The same before a malformed request.
    let mut client = RawClient::connect(server.local_addr());
    let mut requests = encode_persistent(Request::dirall("/"));
    requests.extend([0xff; 3000]);
    client.send(&requests);
    std::thread::sleep(Duration::from_millis(30));
    let mut reply = Vec::new();
    client.stream.read_to_end(&mut reply).unwrap();
    assert_eq!(reply.len(), HEADER_LEN + 500 * 17);
}

#[test]
fn a_panic_of_the_bus_ends_only_one_connection() {
    use owproto_core::ReturnCode;
    use owproto_core::text::{RomId, Value};
    use owproto_core::tree::{Access, Bus};
    use std::task::{Context, Poll};

    struct Panics;
    impl Bus for Panics {
        fn device(
            &mut self,
            _: u16,
            n: usize,
            _: &mut Context<'_>,
        ) -> Poll<Result<Option<RomId>, ReturnCode>> {
            Poll::Ready(Ok((n == 0).then(|| RomId::new(0x28, [0; 6]))))
        }
        fn read<'a>(
            &'a mut self,
            _: &Access<'_>,
            _: &'a mut [u8],
            _: &mut Context<'_>,
        ) -> Poll<Result<Value<'a>, ReturnCode>> {
            panic!("a deliberate panic of a bus")
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = runtime.block_on(Server::builder().port(0).start(Tree::new(Panics))).unwrap();
    let mut client = RawClient::connect(server.local_addr());
    client.send(&encode(Request::read("/28.000000000000/temperature")));
    assert_eq!(client.rest(), b"");
    assert_served_immediately(server.local_addr());
    wait_until("the connection ends", || server.statistics().connections == 0);
}
