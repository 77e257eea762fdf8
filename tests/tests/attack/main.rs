//! Our server under attack, over real sockets: what is wrong, what is too much, and what others notice of it.
//!
//! `cargo test -p owproto-tests --test attack -- --nocapture` prints the figures.

mod bad_requests;
mod fairness;
mod memory;
mod overload;

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use owproto_std::server::Builder;
use owproto_std::sim;
use owproto_tests::bad_requests::request;

/// How long anything may take.
const DEADLINE: Duration = Duration::from_secs(30);

/// "At once": before a time limit of the server could have freed something, on however busy a machine.
const AT_ONCE: Duration = Duration::from_secs(8);

/// The value of the next client.
const PATH: &[u8] = b"/28.000028D70100/temperature\0";

fn start(spec: &str, settings: impl FnOnce(Builder) -> Builder) -> sim::Server {
    let simulator = sim::Simulator::new(spec.parse().unwrap());
    sim::Server::builder(simulator).server(settings).start().unwrap()
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.set_write_timeout(Some(DEADLINE)).unwrap();
    stream
}

/// All that comes until the server closes; whether it did so by a reset does not matter.
fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("the server did not close: {error}"),
    }
    bytes
}

/// What a server says to bytes on a connection of their own, until it closes.
fn say(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = connect(address);
    // A server that closes early may reset.
    let _ = stream.write_all(bytes);
    rest(&mut stream)
}

/// The next client gets its temperature, at once.
fn next_client_is_served(address: SocketAddr, after: &str) {
    let start = Instant::now();
    let said = say(address, &request(2, 100, PATH));
    assert_eq!(said.get(24..), Some(&b"         4.1"[..]), "after {after}");
    assert!(start.elapsed() < AT_ONCE, "after {after}: {:?}", start.elapsed());
}

/// Waits until something is so.
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}: not so after {DEADLINE:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
