//! Ends of connections and of servers.

use owproto_core::tree::{Tree, tester::Tester};
use owproto_std::server::Server;

use super::*;

#[test]
fn a_server_that_is_dropped_is_gone() {
    let server = server("tester:28");
    let address = server.local_addr();
    let mut idle = Raw::connect(address);
    idle.send(&kept(Ok(Request::nop())));
    idle.frame();
    drop(server);
    assert_eq!(idle.rest(), b"");
    assert!(TcpStream::connect(address).is_err());
    // And its port is free.
    let simulator = sim::Simulator::new("tester:28".parse().unwrap());
    let again = sim::Server::builder(simulator).server(|server| server.listen(address)).start().unwrap();
    is_served_at_once(again.local_addr());
}

#[test]
fn shutting_down_finishes_what_is_under_way_and_nothing_else() {
    let server = server("tester:28,10");
    server.simulator().device("28").unwrap().set_latency(Duration::from_millis(400));
    let address = server.local_addr();
    let mut idle = Raw::connect(address);
    idle.send(&kept(Ok(Request::nop())));
    idle.frame();
    let mut half = Raw::connect(address);
    half.send(&nop()[..10]);
    let mut working = Raw::connect(address);
    working.send(&kept(Request::read("/28.000028D70000/temperature")));
    wait_until("it is at work", || server.statistics().requests == 2);
    let mut silent = Raw::connect(address);
    wait_until("all are there", || server.statistics().connections == 4);

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
    assert!(!header.flags.contains(Flags::PERSISTENCE), "nothing is kept any more");
    assert_eq!(working.rest(), b"");
    shutdown.join().unwrap();
    assert!(TcpStream::connect(address).is_err());
    assert_eq!(server.statistics().connections, 0);
}

#[test]
fn shutting_down_does_not_wait_for_ever() {
    let simulator = sim::Simulator::new("tester:28".parse().unwrap());
    simulator.device("28").unwrap().set_latency(Duration::from_secs(3600));
    let server = sim::Server::builder(simulator)
        .server(|server| server.shutdown_grace(Duration::from_millis(200)))
        .start()
        .unwrap();
    let mut working = Raw::connect(server.local_addr());
    working.send(&bytes(Request::read("/28.000028D70000/temperature")));
    wait_until("it is at work", || server.statistics().requests == 1);
    let start = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(server.handle().shutdown());
    assert!((200..700).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
    assert_eq!(working.rest(), b"");
    assert_eq!(server.simulator().cancelled(), 1);
}

#[test]
fn an_address_that_is_taken_is_an_error() {
    let first = server("tester:28");
    let simulator = sim::Simulator::new("tester:28".parse().unwrap());
    let second = sim::Server::builder(simulator).server(|server| server.listen(first.local_addr())).start();
    assert_eq!(second.unwrap_err().kind(), ErrorKind::AddrInUse);
}

#[test]
fn a_socket_that_listens_already_can_be_given() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let _inside = runtime.enter();
    let server = Server::builder().start_on(listener, Tree::new(Tester::new(&[0x28]))).unwrap();
    assert_eq!(server.local_addr(), address);
    is_served_at_once(address);
}

/// The end of a connection is not a reset while the client has not read its answer, even if it has sent more than was
/// wanted.
#[test]
fn replies_arrive_although_more_was_sent() {
    let server = server("tester:28*500");
    for more in [1, 24, 5000, 100_000] {
        let mut client = Raw::connect(server.local_addr());
        // Not to be kept: what follows is not read as requests.
        let mut request = bytes(Request::dirall("/"));
        request.resize(request.len() + more, 0);
        client.send(&request);
        std::thread::sleep(Duration::from_millis(30));
        let mut reply = Vec::new();
        client.stream.read_to_end(&mut reply).unwrap();
        assert_eq!(reply.len(), HEADER_LEN + 500 * 17, "with {more} bytes more");
    }
    // The same in front of a malformed request.
    let mut client = Raw::connect(server.local_addr());
    let mut requests = kept(Request::dirall("/"));
    requests.extend([0xff; 3000]);
    client.send(&requests);
    std::thread::sleep(Duration::from_millis(30));
    let mut reply = Vec::new();
    client.stream.read_to_end(&mut reply).unwrap();
    assert_eq!(reply.len(), HEADER_LEN + 500 * 17);
}

#[test]
fn a_bus_that_panics_costs_one_connection() {
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
            panic!("a bug in a bus, made on purpose")
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = runtime.block_on(Server::builder().port(0).start(Tree::new(Panics))).unwrap();
    let mut client = Raw::connect(server.local_addr());
    client.send(&bytes(Request::read("/28.000000000000/temperature")));
    assert_eq!(client.rest(), b"");
    is_served_at_once(server.local_addr());
    wait_until("nothing is left of it", || server.statistics().connections == 0);
}
