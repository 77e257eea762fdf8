//! Our server under attack, over real sockets: by malformed requests, by too many of them, and how well-behaved clients are
//! served meanwhile.
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

/// The longest time for anything.
const DEADLINE: Duration = Duration::from_secs(30);

/// The longest time for a well-behaved client: shorter than the timeouts of the server that would end an attack.
const PROMPT: Duration = Duration::from_secs(8);

/// The path that a well-behaved client reads.
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

/// Reads until the server closes, in order or by a reset.
fn read_to_close(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("the server did not close: {error}"),
    }
    bytes
}

/// Sends bytes on a new connection, and returns what the server sends until it closes.
fn send_and_read(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = connect(address);
    // A server that closes early may reset.
    let _ = stream.write_all(bytes);
    read_to_close(&mut stream)
}

/// Checks that a well-behaved client gets its temperature promptly.
fn next_client_is_served(address: SocketAddr, after: &str) {
    let start = Instant::now();
    let reply = send_and_read(address, &request(2, 100, PATH));
    assert_eq!(reply.get(24..), Some(&b"         4.1"[..]), "after {after}");
    assert!(start.elapsed() < PROMPT, "after {after}: {:?}", start.elapsed());
}

/// Waits until a condition holds.
fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !holds() {
        assert!(Instant::now() < deadline, "not after {DEADLINE:?}: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
