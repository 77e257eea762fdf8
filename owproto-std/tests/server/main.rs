//! The server, over real sockets.

mod captured;
mod clients;
mod endings;
mod limits;
mod simulated;
mod slow;

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use owproto_core::Request;
use owproto_core::wire::{Flags, HEADER_LEN, Header};
use owproto_std::sim;

/// How long anything may take.
const DEADLINE: Duration = Duration::from_secs(30);

/// "At once": before anything that could hold it up has passed, on however busy a machine.
const AT_ONCE: Duration = Duration::from_secs(8);

/// The devices of the captured exchanges.
const TESTER: &str = "tester:10,28,26,05,20,29,12,1D,2D,1F,01,04,24,FF,3A,21,EF,99,DD";

fn server(spec: &str) -> sim::Server {
    sim::Server::start(spec.parse().unwrap()).unwrap()
}

/// A client that sees each frame.
struct Raw {
    stream: TcpStream,
}

impl Raw {
    fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        Self { stream }
    }

    fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    fn frame(&mut self) -> (Header, Vec<u8>) {
        let mut header = [0; HEADER_LEN];
        self.stream.read_exact(&mut header).unwrap();
        let header = Header::from_bytes(&header);
        let mut payload = vec![0; header.payload.max(0) as usize];
        self.stream.read_exact(&mut payload).unwrap();
        (header, payload)
    }

    /// All that comes until the server closes; whether it did so by a reset does not matter.
    fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self.stream.read_to_end(&mut bytes) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Err(error) => panic!("the server did not close: {error}"),
        }
        bytes
    }
}

fn bytes(request: Result<Request<'_>, owproto_core::RequestError>) -> Vec<u8> {
    let request = request.unwrap();
    let mut buffer = vec![0; request.encoded_len()];
    request.encode(&mut buffer).unwrap().to_vec()
}

fn kept(request: Result<Request<'_>, owproto_core::RequestError>) -> Vec<u8> {
    bytes(request.map(|request| request.with_flags(Flags::PERSISTENCE)))
}

fn nop() -> Vec<u8> {
    bytes(Ok(Request::nop()))
}

/// The answer to a NOP, at once.
fn is_served_at_once(address: SocketAddr) {
    let start = Instant::now();
    let mut client = Raw::connect(address);
    client.send(&nop());
    assert_eq!(client.rest(), [0; HEADER_LEN]);
    assert!(start.elapsed() < AT_ONCE, "served after {:?}", start.elapsed());
}

/// Waits until something is so.
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}: not so after {DEADLINE:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
