//! The server, over TCP.

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

/// The maximum time of any step of a test.
const DEADLINE: Duration = Duration::from_secs(30);

/// The maximum time of an answer that waits for nothing, on a busy machine. It is shorter than every timeout that could delay
/// the answer.
const IMMEDIATELY: Duration = Duration::from_secs(8);

/// The devices of the captured exchanges.
const TESTER: &str = "tester:10,28,26,05,20,29,12,1D,2D,1F,01,04,24,FF,3A,21,EF,99,DD";

fn server(spec: &str) -> sim::Server {
    sim::Server::start(spec.parse().unwrap()).unwrap()
}

/// A client that sends bytes and receives frames.
struct RawClient {
    stream: TcpStream,
}

impl RawClient {
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

    /// Everything that arrives until the server closes the connection, by an orderly close or a reset.
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

fn encode(request: Result<Request<'_>, owproto_core::RequestError>) -> Vec<u8> {
    let request = request.unwrap();
    let mut buffer = vec![0; request.encoded_len()];
    request.encode(&mut buffer).unwrap().to_vec()
}

fn encode_persistent(request: Result<Request<'_>, owproto_core::RequestError>) -> Vec<u8> {
    encode(request.map(|request| request.with_flags(Flags::PERSISTENCE)))
}

fn nop() -> Vec<u8> {
    encode(Ok(Request::nop()))
}

/// Checks that a new client gets the answer to a NOP immediately.
fn assert_served_immediately(address: SocketAddr) {
    let start = Instant::now();
    let mut client = RawClient::connect(address);
    client.send(&nop());
    assert_eq!(client.rest(), [0; HEADER_LEN]);
    assert!(start.elapsed() < IMMEDIATELY, "served after {:?}", start.elapsed());
}

/// Waits until a condition holds.
fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !condition() {
        assert!(Instant::now() < deadline, "{what}: not after {DEADLINE:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
