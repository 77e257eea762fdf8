//! An owserver on port 4304 for a 1-Wire bus of its own, over smoltcp.
//!
//! ```text
//! gateway [status=MILLISECONDS] [loss=PERCENT]
//! ```
//!
//! Without the feature `host` there is no command line and nothing is printed.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

#[cfg(feature = "host")]
mod options;
#[cfg(feature = "host")]
mod status;
mod wire;

use core::cell::Cell;

use owproto_board::{Address, Board, Network};
use owproto_embedded::owproto_core::server::{Connection, Timeouts};
use owproto_embedded::owproto_core::time::{Duration, Instant};
use owproto_embedded::owproto_core::tree::families::{FAMILY_3A, FAMILY_28};
use owproto_embedded::owproto_core::tree::{Family, Tree};
use owproto_embedded::smoltcp::Server;
use owproto_onewire::{OneWireBus, Step, Wire};
use smoltcp::iface::{SocketSet, SocketStorage};
use smoltcp::socket::tcp::{Socket, SocketBuffer};
use static_cell::ConstStaticCell;

/// Clients that are served at the same time.
const CLIENTS: usize = 4;

/// Devices that there is room for; more are listed nowhere.
const MAX_DEVICES: usize = 8;

/// The families that the bus master knows; devices of others are listed, and that is all.
static FAMILIES: &[&Family] = &[&FAMILY_28, &FAMILY_3A];

/// Memory for one client.
struct Buffers {
    /// What TCP has received and nobody has looked at, and what it has sent and is not acknowledged.
    received: [u8; 512],
    sent: [u8; 512],
    /// A request: path, data, tokens.
    request: [u8; 300],
    /// A piece of an answer.
    answer: [u8; 256],
}

impl Buffers {
    /// All zero, so that they need no copy in the flash.
    const EMPTY: Self = Self { received: [0; 512], sent: [0; 512], request: [0; 300], answer: [0; 256] };
}

static BUFFERS: ConstStaticCell<[Buffers; CLIENTS]> =
    ConstStaticCell::new([const { Buffers::EMPTY }; CLIENTS]);

/// Clients give up after 2 s of silence. A keepalive after 400 ms shows every conversion, which takes 750, and leaves TCP
/// the second that it needs to send it again if it was lost. Who is idle for 10 s gives its place up when it is wanted.
const TIMEOUTS: Timeouts =
    Timeouts::DEFAULT.with_idle_low(Duration::from_secs(10)).with_keepalive(Duration::from_millis(400));

#[owproto_board::entry]
fn main() -> ! {
    let Board { ethernet, clock, pin, delay } = Board::start();
    #[cfg(feature = "host")]
    let (options, seed) = (options::Options::of_this_run(), owproto_board::host::seconds().into());
    // A product takes it from where it has chance.
    #[cfg(not(feature = "host"))]
    let seed = 0;
    let mut network = Network::new(ethernet, clock, Address::QEMU, seed);
    #[cfg(feature = "host")]
    network.set_loss(options.loss);

    let mut places: [SocketStorage<'_>; CLIENTS] = Default::default();
    let mut sockets = SocketSet::new(&mut places[..]);
    let mut server = Server::new(BUFFERS.take().each_mut().map(|buffers| {
        let received = SocketBuffer::new(&mut buffers.received[..]);
        let socket = Socket::new(received, SocketBuffer::new(&mut buffers.sent[..]));
        let connection = Connection::new(&mut buffers.answer[..], &mut buffers.request[..]);
        (sockets.add(socket), connection.with_timeouts(TIMEOUTS))
    }));
    let time = Cell::new(Instant::ZERO);
    let bus: OneWireBus<_, MAX_DEVICES, CLIENTS> = OneWireBus::new(wire::of_this_run(pin, delay, &time));
    let mut tree = Tree::with_families(bus, FAMILIES);
    #[cfg(feature = "host")]
    let mut status = status::Status::new(options.status);
    run(
        &mut network,
        &mut sockets,
        &mut server,
        &mut tree,
        &time,
        #[cfg(feature = "host")]
        &mut status,
    )
}

/// The loop.
// Not a part of `main`: there, everything would be far away on the stack, and each access cost an instruction more.
#[inline(never)]
fn run<W: Wire>(
    network: &mut Network,
    sockets: &mut SocketSet<'_>,
    server: &mut Server<&mut [u8], &mut [u8], CLIENTS>,
    tree: &mut Tree<OneWireBus<W, MAX_DEVICES, CLIENTS>>,
    time: &Cell<Instant>,
    #[cfg(feature = "host")] status: &mut status::Status,
) -> ! {
    loop {
        let now = network.poll(sockets);
        time.set(Instant::from_micros(now.total_micros().unsigned_abs()));
        let step = tree.bus_mut().step(time.get());
        server.poll(now, sockets, tree);
        #[cfg(feature = "host")]
        status.poll(now, server.connected_clients(), network);
        if step == Step::Idle {
            let bus = smoltcp::time::Instant::from_micros(tree.bus().wake_at().as_micros().cast_signed());
            let moment = server.poll_at(None).map_or(bus, |moment| moment.min(bus));
            #[cfg(feature = "host")]
            let moment = status.poll_at().map_or(moment, |status| status.min(moment));
            network.sleep_until(Some(moment), sockets);
        }
    }
}
