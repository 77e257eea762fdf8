use core::task::{Context, Waker};

use owproto_core::Storage;
use owproto_core::server::{Connection, Event, Persistence, Step, Timeout};
use owproto_core::time::{Duration, Instant};
use owproto_core::tree::Job;
use smoltcp::iface::{SocketHandle, SocketSet};
use smoltcp::socket::tcp::{self, State};
use smoltcp::wire::IpListenEndpoint;

use crate::smoltcp::time::{from_smoltcp, to_smoltcp};
use crate::{Service, tcp_timeouts};

/// The port of owservers.
const PORT: u16 = 4304;

/// How often one connection goes on before the others have their turn.
const TURN_LEN: u32 = 16;

/// How long a client may take to close its side after the server has closed its own.
const LINGER: Duration = Duration::from_secs(1);

/// An owserver on `N` TCP sockets of [smoltcp], polled: as many clients are served at the same time.
///
/// All sockets listen on the same port, and all connections share one [`Service`], which is a
/// [`Tree`](owproto_core::tree::Tree) over your bus, or one of your own. Each connection is a
/// [`server::Connection`](owproto_core::server::Connection) with settings and memory that the caller chose.
///
/// # Contract
///
/// Call [`poll`](Self::poll) after each `Interface::poll`, and sleep until the earlier of `Interface::poll_at` and
/// [`poll_at`](Self::poll_at).
///
/// What the bus is not ready for is asked again by each `poll`. A polled bus needs no waker: it tells the loop when its
/// conversion is finished, and the loop tells `poll_at`. Until then the board sleeps.
///
/// # When there are more clients than sockets
///
/// smoltcp has no queue of connections: while no socket listens, a further client is refused (it gets a reset, and may
/// try again). So that this seldom happens:
///
/// - Only `N - 1` connections are kept between requests ([`with_persistent`](Self::with_persistent)). A client beyond
///   that is served too, but its connection is closed after each answer, which every client must be able to bear. One
///   socket is always on its way to the next client.
/// - When no socket listens, the connection that was idle longest is closed, if that was for more than
///   [`idle_low`](owproto_core::server::Timeouts::idle_low). Its client sees the end when it makes its next request,
///   and connects anew. With few sockets that timeout should be seconds, not owserver's 600 s.
/// - A client that is gone without a word is noticed, by TCP's own keepalives: one that acknowledges nothing for 60 s
///   is dropped. (These two times are set for sockets that have none; set others before.)
///
/// # Sockets
///
/// A socket is the server's alone. Its receive buffer takes requests while others are answered, so it bounds how far
/// a client can pipeline; its transmit buffer bounds what is on its way, so it is what long listings go through. 512 bytes
/// each are plenty. Nobody waits for anybody: a client that does not read holds up only itself.
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
/// let mut places: [_; 4] = Default::default();
/// let mut sockets = SocketSet::new(&mut places[..]);
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
///     // When the bus is to be looked at again, if it has something under way.
///     let bus = None;
///     let _wake = interface.poll_at(now, &sockets).into_iter().chain(server.poll_at(bus)).min();
///     // Here the board sleeps until then, or until an interrupt.
/// }
/// ```
#[derive(Debug)]
pub struct Server<T, R, const N: usize, J = Job> {
    slots: [Slot<T, R, J>; N],
    port: u16,
    /// How many connections may be kept between requests.
    persistent: usize,
    /// The slot that has its turn first, `0 <= first < N`, or 0.
    first: usize,
}

/// A socket and what goes on there.
#[derive(Debug)]
struct Slot<T, R, J> {
    handle: SocketHandle,
    connection: Connection<T, R>,
    job: J,
    link: Link,
    /// Whether it is, or will be, kept between requests.
    has_place: bool,
    wait: Wait,
}

// Besides the buffers, as the README says.
#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<Slot<[u8; 0], [u8; 0], Job>>() <= 304);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Link {
    /// Waits for a client.
    Listening,
    Open,
    /// Open, and idle for a while since that moment, until the next request.
    Idle {
        since: Instant,
    },
    /// Waits for the client to close its side, at most until this moment.
    Closing {
        until: Instant,
    },
}

/// Why a connection does not go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wait {
    /// The network, or a timeout.
    Client,
    Bus,
    /// Others have their turn.
    Turn,
}

impl<T: Storage, R: Storage, J: Default, const N: usize> Server<T, R, N, J> {
    /// A server on the port 4304 of these sockets, each with the connection that it serves. Timeouts, antiloop token
    /// and limits are those of the connections, and so is the [memory](Connection#memory).
    #[must_use]
    pub fn new(sockets: [(SocketHandle, Connection<T, R>); N]) -> Self {
        Self {
            slots: sockets.map(|(handle, connection)| Slot {
                handle,
                connection,
                job: J::default(),
                link: Link::Listening,
                has_place: false,
                wait: Wait::Client,
            }),
            port: PORT,
            persistent: N.saturating_sub(1),
            first: 0,
        }
    }

    /// With another port; 0 stands for 4304.
    #[must_use]
    pub fn with_port(mut self, port: u16) -> Self {
        self.port = if port == 0 { PORT } else { port };
        self
    }

    /// With another number of connections that are kept between requests, `N - 1` by default. With `N` of them, clients
    /// beyond that find nobody listening.
    #[must_use]
    pub fn with_persistent(mut self, connections: usize) -> Self {
        self.persistent = connections;
        self
    }

    /// How many clients are connected.
    #[must_use]
    pub fn connected_clients(&self) -> usize {
        self.slots.iter().filter(|slot| matches!(slot.link, Link::Open | Link::Idle { .. })).count()
    }

    /// Takes what came from clients, and goes on with their answers.
    ///
    /// # Panics
    /// If a handle is not that of a TCP socket of these `sockets`.
    pub fn poll(
        &mut self,
        now: smoltcp::time::Instant,
        sockets: &mut SocketSet<'_>,
        service: &mut impl Service<Job = J>,
    ) {
        let now = from_smoltcp(now);
        self.make_room(now, sockets);
        // Whoever was first is last the next time.
        self.first = if self.first.saturating_add(1) < N { self.first.saturating_add(1) } else { 0 };
        let mut n = self.first;
        for _ in 0..N {
            let kept = self.slots.iter().filter(|slot| slot.has_place).count();
            if let Some(slot) = self.slots.get_mut(n) {
                let socket = sockets.get_mut::<tcp::Socket<'_>>(slot.handle);
                slot.wait = Wait::Client;
                slot.run(now, self.port, kept < self.persistent, socket, service);
            }
            n = if n.saturating_add(1) < N { n.saturating_add(1) } else { 0 };
        }
    }

    /// If no socket listens: ends the connection that was idle longest, if there is one that was so for a while.
    fn make_room(&mut self, now: Instant, sockets: &SocketSet<'_>) {
        let is_free = |slot: &Slot<T, R, J>| {
            slot.link == Link::Listening && !sockets.get::<tcp::Socket<'_>>(slot.handle).is_active()
        };
        if self.slots.iter().any(is_free) {
            return;
        }
        let mut is_on_its_way = false;
        let mut idle: Option<(Instant, &mut Slot<T, R, J>)> = None;
        for slot in &mut self.slots {
            let socket = sockets.get::<tcp::Socket<'_>>(slot.handle);
            match slot.link {
                // It will be free soon. If its client has everything and only does not close its side, at once.
                Link::Closing { mut until } => {
                    if socket.state() == State::FinWait2 {
                        until = now;
                        slot.link = Link::Closing { until };
                    }
                    is_on_its_way |= now <= until;
                }
                Link::Idle { since }
                    if !socket.can_recv() && idle.as_ref().is_none_or(|(longest, _)| since < *longest) =>
                {
                    idle = Some((since, slot));
                }
                _ => {}
            }
        }
        if let Some((_, slot)) = idle
            && !is_on_its_way
        {
            slot.connection.close();
        }
    }

    /// When to call [`poll`](Self::poll) again if nothing comes from the network; `None` for not at all. It may be in
    /// the past: then at once.
    ///
    /// `bus` is when the bus wants to be looked at again for what it has under way; `None` if it will make itself felt.
    /// It counts only if a client waits for it.
    #[must_use]
    pub fn poll_at(&self, bus: Option<Instant>) -> Option<smoltcp::time::Instant> {
        // A loop, which is half as much code as a chain of iterators.
        const NEVER: Instant = Instant::from_micros(u64::MAX);
        let mut first = NEVER;
        for slot in &self.slots {
            let timeout = match slot.link {
                Link::Listening => None,
                Link::Open | Link::Idle { .. } => slot.connection.poll_timeout().map(|(at, _)| at),
                Link::Closing { until } => Some(until),
            };
            let other = match slot.wait {
                Wait::Client => None,
                Wait::Bus => bus,
                Wait::Turn => Some(Instant::ZERO),
            };
            first = first.min(timeout.unwrap_or(NEVER)).min(other.unwrap_or(NEVER));
        }
        (first < NEVER).then(|| to_smoltcp(first))
    }
}

impl<T: Storage, R: Storage, J> Slot<T, R, J> {
    fn run(
        &mut self,
        now: Instant,
        port: u16,
        can_be_kept: bool,
        socket: &mut tcp::Socket<'_>,
        service: &mut impl Service<Job = J>,
    ) {
        if let Link::Closing { until } = self.link {
            // What it still sends is nobody's concern, but its end comes after it.
            while socket.can_recv() && socket.recv(|bytes| (bytes.len(), ())).is_ok() {}
            let is_over = match socket.state() {
                // A reset that is on its way goes first.
                State::Closed => socket.remote_endpoint().is_none() || now >= until,
                State::TimeWait => true,
                State::FinWait2 => now >= until,
                // It has not acknowledged everything. TCP gives up some time.
                _ => false,
            };
            if !is_over {
                return;
            }
            self.link = Link::Listening;
        }
        if self.link == Link::Listening {
            match socket.state() {
                State::Listen | State::SynReceived => return,
                State::Established | State::CloseWait => {
                    self.connection.reset(now);
                    self.link = Link::Open;
                }
                _ => return listen(port, socket),
            }
        }
        self.serve(now, can_be_kept, socket, service);
        if let Some(end) = self.connection.end()
            && self.connection.step() == Step::Close
        {
            service.cancel(&mut self.job);
            self.has_place = false;
            if end.is_unread() {
                socket.abort();
            } else {
                socket.close();
            }
            self.link = Link::Closing { until: now.saturating_add(LINGER) };
        }
    }

    /// Goes on until something has to be waited for, or others are to have their turn.
    fn serve(
        &mut self,
        now: Instant,
        can_be_kept: bool,
        socket: &mut tcp::Socket<'_>,
        service: &mut impl Service<Job = J>,
    ) {
        for _ in 0..TURN_LEN {
            let connection = &mut self.connection;
            if !socket.may_send() {
                connection.handle_transport_error();
            } else if !socket.may_recv() && !connection.is_half_closed() {
                connection.handle_eof();
            }
            let step = connection.step();
            // A request that is there counts, however late it is looked at.
            if (step != Step::Read || !socket.can_recv())
                && connection.handle_timeout(now) == Some(Timeout::IdleLow)
            {
                self.link = Link::Idle { since: now };
            }
            match connection.step() {
                Step::Close => return,
                Step::Write => {
                    let sent = socket.send_slice(connection.poll_transmit()).unwrap_or(0);
                    if sent == 0 {
                        return;
                    }
                    connection.handle_transmitted(sent, now);
                }
                Step::Answer if self.wait == Wait::Bus => return,
                Step::Answer => {
                    let mut context = Context::from_waker(Waker::noop());
                    if service.serve(connection, &mut self.job, now, &mut context).is_pending() {
                        self.wait = Wait::Bus;
                    } else if connection.poll_transmit().is_empty()
                        && let Some((_, mut answer)) = connection.answer(now)
                    {
                        // It wants bytes to be sent, and gave none: it never will. It was told how much fits.
                        answer.abort();
                    }
                }
                Step::Read => {
                    if !socket.can_recv() && !connection.is_half_closed() {
                        return;
                    }
                    self.take(now, can_be_kept, socket);
                }
            }
        }
        self.wait = Wait::Turn;
    }

    /// Takes what lies in the socket, up to the end of a request.
    fn take(&mut self, now: Instant, can_be_kept: bool, socket: &mut tcp::Socket<'_>) {
        let connection = &mut self.connection;
        self.link = Link::Open;
        let event = socket.recv(|bytes| {
            let len = bytes.len();
            let mut rest: &[u8] = bytes;
            let event = connection.handle_input(&mut rest, now);
            (len.saturating_sub(rest.len()), event)
        });
        // After the end of the stream, with nothing left.
        let event = event.unwrap_or_else(|_| connection.handle_input(&mut &[][..], now));
        if event == Event::Request && connection.requests_persistence() {
            self.has_place |= can_be_kept;
            let persistence = if self.has_place { Persistence::Grant } else { Persistence::Refuse };
            connection.set_persistence(persistence);
        }
    }
}

/// Makes a socket that is free listen.
fn listen(port: u16, socket: &mut tcp::Socket<'_>) {
    socket.abort();
    // Answers go out as they are made, and clients that send a request in two pieces do not wait for us.
    socket.set_nagle_enabled(false);
    socket.set_ack_delay(None);
    if socket.timeout().is_none() {
        socket.set_timeout(Some(smoltcp::time::Duration::from_secs(tcp_timeouts::GONE_AFTER_SECONDS)));
    }
    if socket.keep_alive().is_none() {
        socket.set_keep_alive(Some(smoltcp::time::Duration::from_secs(tcp_timeouts::KEEP_ALIVE_SECONDS)));
    }
    // It cannot fail: the port is not 0, and the socket is closed.
    let _ = socket.listen(IpListenEndpoint { addr: None, port });
}
