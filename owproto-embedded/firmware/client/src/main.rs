//! Reads all temperatures of an owserver repeatedly, over smoltcp.
//!
//! ```text
//! client [ADDRESS[:PORT]] [rounds=N] [pause=MILLISECONDS] [loss=PERCENT]
//! ```
//!
//! Without the feature `host` there is no command line, and nothing is printed: the server is the gateway of the network,
//! and a round starts one second after the end of the previous one.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

mod options;
mod report;
mod rounds;

use owproto_board::{Address, Board, Network};
use owproto_embedded::Backoff;
use owproto_embedded::owproto_core::client::Connection;
use owproto_embedded::owproto_core::time::Duration;
use owproto_embedded::smoltcp::Client;
use smoltcp::iface::{SocketSet, SocketStorage};
use smoltcp::socket::tcp::{Socket, SocketBuffer};
use static_cell::ConstStaticCell;

use crate::options::Options;
use crate::rounds::Rounds;

/// Requests in flight: while the server works on one, the next ones are on their way.
const DEPTH: usize = 4;

/// A request for a temperature has 24 + 16 + 13 bytes.
const TRANSMIT_LEN: usize = DEPTH * 56;

/// A number has 12 bytes. The path of a device is stored if it arrives in two segments.
const VALUE_LEN: usize = 64;

/// While the server is unreachable, the client tries again after half a second, and later every five seconds.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(5));

/// All memory but that of the interface. Zeros, so that it needs no initial values in the flash.
struct Memory {
    /// The buffers of the TCP socket.
    received: [u8; 512],
    sent: [u8; TRANSMIT_LEN],
    requests: [u8; TRANSMIT_LEN],
    value: [u8; VALUE_LEN],
    rounds: Rounds,
}

static MEMORY: ConstStaticCell<Memory> = ConstStaticCell::new(Memory {
    received: [0; 512],
    sent: [0; TRANSMIT_LEN],
    requests: [0; TRANSMIT_LEN],
    value: [0; VALUE_LEN],
    rounds: Rounds::new(),
});

#[owproto_board::entry]
fn main() -> ! {
    let Board { ethernet, clock, .. } = Board::start();
    let options = Options::of_this_run();
    let mut network = Network::new(ethernet, clock, Address::QEMU, options.seed);
    #[cfg(feature = "host")]
    network.set_loss(options.loss);

    let Memory { received, sent, requests, value, rounds } = MEMORY.take();
    let mut storage = [SocketStorage::EMPTY];
    let mut sockets = SocketSet::new(&mut storage[..]);
    let socket = Socket::new(SocketBuffer::new(&mut received[..]), SocketBuffer::new(&mut sent[..]));
    let handle = sockets.add(socket);
    let connection = Connection::new(&mut requests[..], &mut value[..]);
    let mut client: Client<_, _, DEPTH> = Client::new(handle, connection, options.server)
        .with_backoff(BACKOFF)
        .with_first_port(options.seed as u16);
    rounds.configure(options.rounds, options.pause);

    loop {
        let now = network.poll(&mut sockets);
        while let Some(event) = client.poll(now, &mut network.interface, &mut sockets) {
            rounds.handle(event, now);
        }
        rounds.send_requests(&mut client, now);
        #[cfg(feature = "host")]
        if rounds.are_done() {
            report::finish(&mut network);
        }
        let times = [client.poll_at(), rounds.poll_at()];
        network.sleep_until(times.into_iter().flatten().min(), &sockets);
    }
}
