mod slot;

use owproto_core::Storage;
use owproto_core::server::Connection;
use owproto_core::time::Instant;
use owproto_core::tree::Job;
use smoltcp::iface::{SocketHandle, SocketSet};
use smoltcp::socket::tcp;

use super::time::{from_smoltcp, to_smoltcp};
use crate::Service;
use slot::{Slot, State, WaitsFor};

/// The port of owservers.
const PORT: u16 = 4304;

/// A polled owserver on `N` TCP sockets of [smoltcp], each of which serves one client at a time.
///
/// All sockets listen on the same port. All connections share one [`Service`]: a [`Tree`](owproto_core::tree::Tree) over
/// your bus, or your own implementation. Each connection is a
/// [`server::Connection`](owproto_core::server::Connection) with settings and buffers of the caller's choice.
///
/// # Contract
///
/// Call [`poll`](Self::poll) after each `Interface::poll`, and sleep until the earlier of `Interface::poll_at` and
/// [`poll_at`](Self::poll_at).
///
/// If the bus is not ready, each `poll` tries again, so that the bus needs no waker. If the bus knows when its conversion
/// will be finished, pass that time to `poll_at`, and the board sleeps until then.
///
/// # More clients than sockets
///
/// smoltcp has no backlog of connections: while no socket listens, further clients are refused. They get a reset, and may
/// try again. Three rules make this rare:
///
/// - Only `N - 1` connections are kept between requests ([`with_persistent`](Self::with_persistent)). Other clients are
///   served too, but their connection is closed after each answer, which every client of owserver has to expect. So at
///   least one socket becomes free soon.
/// - If no socket listens, the server closes the connection that has been idle longest, provided that it has been idle for
///   more than [`idle_low`](owproto_core::server::Timeouts::idle_low). The client notices this with its next request,
///   and connects again. With few sockets, set that timeout to some seconds instead of owserver's 600 s.
/// - TCP keepalives reveal a client that is gone: its connection is dropped when it has acknowledged nothing for 60 s.
///   (The server sets the keepalive interval and this timeout on sockets that have none.)
///
/// # Sockets
///
/// The sockets belong to the server alone. A receive buffer holds the requests that arrive while others are answered, so
/// its size limits how far a client can pipeline. A transmit buffer holds the bytes in flight, and long listings pass
/// through it. 512 bytes each are plenty. A client that does not read delays only itself.
///
/// # Type parameters
///
/// | | is | for example |
/// |---|---|---|
/// | `S` | storage of a connection for answers | `[u8; 256]` |
/// | `R` | storage of a connection for a request | `[u8; 300]` |
/// | `N` | the number of sockets | 4 |
/// | `J` | the [job](Service::Job) of the service | that of a tree, by default |
///
/// ```
/// use owproto_embedded::owproto_core::server::{Connection, Timeouts};
/// use owproto_embedded::owproto_core::time::Duration;
/// use owproto_embedded::owproto_core::tree::{Tree, tester::Tester};
/// use owproto_embedded::smoltcp::Server;
/// use smoltcp::iface::SocketSet;
/// use smoltcp::socket::tcp::{self, SocketBuffer};
/// # use smoltcp::iface::{Config, Interface};
/// # use smoltcp::phy::{Loopback, Medium};
/// # use smoltcp::time::Instant;
/// # let mut device = Loopback::new(Medium::Ethernet);
/// # let hardware = smoltcp::wire::EthernetAddress([0x02, 0, 0, 0, 0, 1]);
/// # let mut interface = Interface::new(Config::new(hardware.into()), &mut device, Instant::ZERO);
/// # let uptime = || Instant::ZERO;
///
/// let mut storage: [_; 4] = Default::default();
/// let mut sockets = SocketSet::new(&mut storage[..]);
/// let mut buffers = [[[0; 512]; 2]; 4];
/// let timeouts = Timeouts::DEFAULT.with_idle_low(Duration::from_secs(10));
/// let mut server = Server::new(buffers.each_mut().map(|[receive, transmit]| {
///     let socket = tcp::Socket::new(SocketBuffer::new(&mut receive[..]), SocketBuffer::new(&mut transmit[..]));
///     (sockets.add(socket), Connection::new([0; 256], [0; 300]).with_timeouts(timeouts))
/// }));
/// let mut tree = Tree::new(Tester::new(&[0x10, 0x28])); // your bus
///
/// for _ in 0..10 { // loop
///     let now = uptime();
///     interface.poll(now, &mut device, &mut sockets);
///     server.poll(now, &mut sockets, &mut tree);
///     // When a conversion on the bus will be finished, if one is in progress.
///     let bus = None;
///     let _wake = interface.poll_at(now, &sockets).into_iter().chain(server.poll_at(bus)).min();
///     // A board sleeps here until then, or until an interrupt.
/// }
/// ```
#[derive(Debug)]
pub struct Server<S, R, const N: usize, J = Job> {
    slots: [Slot<S, R, J>; N],
    port: u16,
    /// The most connections that are kept between requests.
    max_persistent: usize,
    /// The slot that runs first in the next `poll`. `0 <= first < N`, or 0.
    first: usize,
}

impl<S: Storage, R: Storage, J: Default, const N: usize> Server<S, R, N, J> {
    /// A server on port 4304 of these sockets, each with the connection that it serves. Timeouts, antiloop token, limits
    /// and [buffers](Connection#memory) are those of the connections.
    #[must_use]
    pub fn new(sockets: [(SocketHandle, Connection<S, R>); N]) -> Self {
        Self {
            slots: sockets.map(|(handle, connection)| Slot {
                handle,
                connection,
                job: J::default(),
                state: State::Listening,
                is_persistent: false,
                waits_for: WaitsFor::Client,
            }),
            port: PORT,
            max_persistent: N.saturating_sub(1),
            first: 0,
        }
    }

    /// Sets the port; 0 means 4304.
    #[must_use]
    pub fn with_port(mut self, port: u16) -> Self {
        self.port = if port == 0 { PORT } else { port };
        self
    }

    /// Sets how many connections are kept between requests, `N - 1` by default. With `N`, clients are refused while all
    /// sockets are in use.
    #[must_use]
    pub fn with_persistent(mut self, connections: usize) -> Self {
        self.max_persistent = connections;
        self
    }

    /// How many clients are connected.
    #[must_use]
    pub fn connected_clients(&self) -> usize {
        self.slots.iter().filter(|slot| matches!(slot.state, State::Open | State::Idle { .. })).count()
    }

    /// Handles what arrived from clients, and continues with their answers.
    ///
    /// # Panics
    /// If one of the server's handles does not belong to a TCP socket of `sockets`.
    pub fn poll(
        &mut self,
        now: smoltcp::time::Instant,
        sockets: &mut SocketSet<'_>,
        service: &mut impl Service<Job = J>,
    ) {
        let now = from_smoltcp(now);
        self.evict_idle(now, sockets);
        // Round robin: the slot that ran first runs last next time.
        self.first = if self.first.saturating_add(1) < N { self.first.saturating_add(1) } else { 0 };
        let mut n = self.first;
        for _ in 0..N {
            let persistent = self.slots.iter().filter(|slot| slot.is_persistent).count();
            if let Some(slot) = self.slots.get_mut(n) {
                let socket = sockets.get_mut::<tcp::Socket<'_>>(slot.handle);
                slot.waits_for = WaitsFor::Client;
                slot.run(now, self.port, persistent < self.max_persistent, socket, service);
            }
            n = if n.saturating_add(1) < N { n.saturating_add(1) } else { 0 };
        }
    }

    /// If no socket listens, closes the connection that has been idle longest, among those idle for long enough.
    fn evict_idle(&mut self, now: Instant, sockets: &SocketSet<'_>) {
        let is_free = |slot: &Slot<S, R, J>| {
            slot.state == State::Listening && !sockets.get::<tcp::Socket<'_>>(slot.handle).is_active()
        };
        if self.slots.iter().any(is_free) {
            return;
        }
        let mut is_one_closing = false;
        let mut longest_idle: Option<(Instant, &mut Slot<S, R, J>)> = None;
        for slot in &mut self.slots {
            let socket = sockets.get::<tcp::Socket<'_>>(slot.handle);
            match slot.state {
                // It will be free soon; immediately, if the client has acknowledged everything and only has not closed
                // its side.
                State::Closing { mut until } => {
                    if socket.state() == tcp::State::FinWait2 {
                        until = now;
                        slot.state = State::Closing { until };
                    }
                    is_one_closing |= now <= until;
                }
                State::Idle { since }
                    if !socket.can_recv()
                        && longest_idle.as_ref().is_none_or(|(longest, _)| since < *longest) =>
                {
                    longest_idle = Some((since, slot));
                }
                _ => {}
            }
        }
        if let Some((_, slot)) = longest_idle
            && !is_one_closing
        {
            slot.connection.close();
        }
    }

    /// When to call [`poll`](Self::poll) again if nothing arrives from the network; `None` means not before something
    /// does. If the time is in the past, call it without delay.
    ///
    /// `bus` is when the bus will be ready, if it has work in progress and knows the time; `None` if something else wakes
    /// the loop then. It only matters if a client waits for the bus.
    #[must_use]
    pub fn poll_at(&self, bus: Option<Instant>) -> Option<smoltcp::time::Instant> {
        // A loop compiles to half the code of a chain of iterators.
        const NEVER: Instant = Instant::from_micros(u64::MAX);
        let mut first = NEVER;
        for slot in &self.slots {
            let timeout = match slot.state {
                State::Listening => None,
                State::Open | State::Idle { .. } => slot.connection.poll_timeout().map(|(at, _)| at),
                State::Closing { until } => Some(until),
            };
            let other = match slot.waits_for {
                WaitsFor::Client => None,
                WaitsFor::Bus => bus,
                WaitsFor::Turn => Some(Instant::ZERO),
            };
            first = first.min(timeout.unwrap_or(NEVER)).min(other.unwrap_or(NEVER));
        }
        (first < NEVER).then(|| to_smoltcp(first))
    }
}
