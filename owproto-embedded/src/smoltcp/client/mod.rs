mod error;
mod event;
mod poll;
mod requests;
mod state;

use owproto_core::Storage;
use owproto_core::client::{Connection, ServerCapabilities, Timeouts};
use owproto_core::wire::Flags;
use smoltcp::iface::SocketHandle;
use smoltcp::wire::IpEndpoint;

use crate::Backoff;
pub use error::CallError;
pub use event::{DisconnectReason, Event};
use state::{DirallSupport, State};

/// A polled client over a TCP socket of [smoltcp].
///
/// It connects when there is a request to send, and keeps the connection as long as the server does. If the connection
/// has ended, the next request opens another one. Up to `DEPTH` requests are in flight, once the server has kept the
/// connection after the first answer.
///
/// # Contract
///
/// - Commands: [`read`](Self::read), [`write`](Self::write), [`dir`](Self::dir), [`present`](Self::present),
///   [`ping`](Self::ping), [`request`](Self::request). They put a request into the storage of the connection and return
///   its id, which the events of its answer carry. [`room`](Self::room) returns how many requests the client accepts now.
/// - [`poll`](Self::poll) transfers bytes and returns events. Call it after each `Interface::poll` until it returns
///   `None`.
/// - [`poll_at`](Self::poll_at) returns when to call `poll` next if nothing arrives from the network. The interface has
///   times of its own: sleep until the earlier of both.
///
/// Each request ends with exactly one [`Event::Reply`] or [`Event::Lost`].
///
/// # Time
///
/// Both [timeouts](owproto_core::client::Timeouts) of the connection are exact if `poll` is called in time. They start
/// with the request, so that they include connecting. After a failure the client waits before it connects again
/// ([`Backoff`]), and accepts no requests meanwhile. A connection that the server closed while it was idle is replaced
/// without delay.
///
/// # The socket
///
/// The socket belongs to the client alone. Its receive buffer may be small: data that does not fit waits at the server.
/// Its transmit buffer should hold the requests in flight. The client switches off Nagle's algorithm and delayed
/// acknowledgements, because a server that sends an answer in two segments would wait for the acknowledgement.
///
/// Each connection gets the next local port. [`with_first_port`](Self::with_first_port) chooses the first.
///
/// # Type parameters
///
/// | | is | for example |
/// |---|---|---|
/// | `S` | storage of the connection for requests that wait to be sent | `[u8; 256]` |
/// | `R` | storage of the connection for a value or an entry that arrives in pieces | `[u8; 64]` |
/// | `DEPTH` | the most requests in flight | 4 |
///
/// ```
/// use owproto_embedded::owproto_core::client::Connection;
/// use owproto_embedded::owproto_core::text::{Value, ValueType};
/// use owproto_embedded::smoltcp::{Client, Event};
/// use smoltcp::iface::{Config, Interface, SocketSet};
/// use smoltcp::socket::tcp::{self, SocketBuffer};
/// use smoltcp::time::Instant;
/// use smoltcp::wire::{EthernetAddress, IpCidr, Ipv4Address};
/// # use owproto_embedded::owproto_core::tree::{Tree, tester::Tester};
/// # use owproto_embedded::owproto_core::server;
/// # use owproto_embedded::smoltcp::Server;
/// # use smoltcp::phy::{Loopback, Medium};
/// # let mut device = Loopback::new(Medium::Ethernet);
/// # let mut micros = 0;
/// # let mut uptime = || { micros += 100; Instant::from_micros(micros) };
///
/// let hardware = EthernetAddress([0x02, 0, 0, 0, 0, 1]);
/// let address = Ipv4Address::new(127, 0, 0, 1); // in this example it is its own server
/// let mut interface = Interface::new(Config::new(hardware.into()), &mut device, uptime());
/// interface.update_ip_addrs(|addresses| addresses.push(IpCidr::new(address.into(), 8)).unwrap());
/// let (mut receive, mut transmit) = ([0; 512], [0; 512]);
/// let socket = tcp::Socket::new(SocketBuffer::new(&mut receive[..]), SocketBuffer::new(&mut transmit[..]));
/// let mut storage: [_; 2] = Default::default();
/// let mut sockets = SocketSet::new(&mut storage[..]);
/// let handle = sockets.add(socket);
/// # let (mut receive, mut transmit) = ([0; 512], [0; 512]);
/// # let socket = tcp::Socket::new(SocketBuffer::new(&mut receive[..]), SocketBuffer::new(&mut transmit[..]));
/// # let mut server = Server::new([(sockets.add(socket), server::Connection::new([0; 256], [0; 256]))]).with_persistent(1);
/// # let mut tree = Tree::new(Tester::new(&[0x10, 0x28]));
///
/// // Four requests in flight, 256 bytes for requests, 64 for a value or an entry.
/// let connection: Connection<_, _, 4> = Connection::new([0; 256], [0; 64]);
/// let mut client = Client::new(handle, connection, (address, 4304));
///
/// let mut devices: Vec<Vec<u8>> = Vec::new(); // on a board, an array of [u8; 16]
/// let mut celsius = Vec::new();
/// let (mut requested, mut answered, mut is_listed) = (0, 0, false);
/// let mut listing = client.dir("/", uptime())?;
/// while !is_listed || answered < devices.len() {
///     let now = uptime();
///     interface.poll(now, &mut device, &mut sockets);
/// #   server.poll(now, &mut sockets, &mut tree);
///     while let Some(event) = client.poll(now, &mut interface, &mut sockets) {
///         match event {
///             Event::Entries(_, entries) => devices.extend(entries.map(<[u8]>::to_vec)),
///             Event::Reply(id, _) if id == listing => is_listed = true,
///             Event::Reply(_, reply) => {
///                 answered += 1;
///                 celsius.extend(Value::parse(ValueType::Temperature, reply.data())?.as_f64());
///             }
///             // Start again.
///             Event::Lost(_) => (requested, answered, is_listed) = (0, 0, false),
///             Event::Connected | Event::Progress | Event::Disconnected(_) => {}
///         }
///     }
///     if !is_listed && client.in_flight() == 0 && client.room() > 0 {
///         devices.clear();
///         listing = client.dir("/", now)?;
///     }
///     while is_listed && requested < devices.len() && client.room() > 0 {
///         client.read(&[&devices[requested], &b"/temperature"[..]].concat(), now)?;
///         requested += 1;
///     }
///     // A board sleeps here until the earlier of interface.poll_at(...) and client.poll_at().
/// }
/// assert_eq!(celsius.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Client<S, R, const DEPTH: usize = 1> {
    handle: SocketHandle,
    server: IpEndpoint,
    connection: Connection<S, R, DEPTH>,
    backoff: Backoff,
    state: State,
    /// Why the transport failed, until the event has been returned.
    disconnect_reason: Option<DisconnectReason>,
    /// Failed connections since the last answer.
    failures: u32,
    /// The local port of the last connection, minus [`poll::FIRST_EPHEMERAL_PORT`], modulo 2¹⁴. The next connection gets
    /// the port after it.
    port: u16,
    flags: Flags,
    capabilities: ServerCapabilities,
    dirall_support: DirallSupport,
    /// The socket's transmit buffer had no room for everything that waits to be sent.
    is_blocked: bool,
    /// The input received so far may contain another event, even if all of it is already in the connection.
    has_more: bool,
}

// README.md states what it takes besides the buffers.
#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<Client<[u8; 0], [u8; 0]>>() <= 232);

impl<S: Storage, R: Storage, const DEPTH: usize> Client<S, R, DEPTH> {
    /// A client on the TCP socket `handle`, for the owserver at this address and port (4304 by default).
    ///
    /// Timeouts, limits and buffers are those of `connection`; [`Connection`](owproto_core::client::Connection#memory)
    /// describes their sizes.
    #[must_use]
    pub fn new(
        handle: SocketHandle,
        connection: Connection<S, R, DEPTH>,
        server: impl Into<IpEndpoint>,
    ) -> Self {
        Self {
            handle,
            server: server.into(),
            connection,
            backoff: Backoff::DEFAULT,
            state: State::Idle,
            disconnect_reason: None,
            failures: 0,
            port: u16::MAX,
            flags: Flags::PERSISTENCE,
            capabilities: ServerCapabilities::ALL,
            dirall_support: DirallSupport::Unknown,
            is_blocked: false,
            has_more: false,
        }
    }

    /// Sets the delays after failures; [`Backoff::DEFAULT`] by default.
    #[must_use]
    pub fn with_backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Sets the control flags of its requests, such as the temperature scale. The client always adds the persistence
    /// flag, except to a request passed to [`request`](Self::request).
    #[must_use]
    pub fn with_flags(mut self, flags: Flags) -> Self {
        self.flags = flags.with(Flags::PERSISTENCE);
        self
    }

    /// Sets the local port of the first connection: 49152 + `seed` modulo 16384.
    ///
    /// After a restart a board should not use the port that it had before, because the server may still consider that
    /// connection open. Use a random number, or store the last one. Give a second client on the same board a distant
    /// port.
    #[must_use]
    pub fn with_first_port(mut self, seed: u16) -> Self {
        self.port = seed.wrapping_sub(1);
        self
    }

    /// Sets the timeouts of later requests.
    pub fn set_timeouts(&mut self, timeouts: Timeouts) {
        self.connection.set_timeouts(timeouts);
    }

    /// Changes the address of the server for later connections.
    pub fn set_server(&mut self, server: impl Into<IpEndpoint>) {
        self.server = server.into();
    }

    /// The address of the server.
    #[must_use]
    pub const fn server(&self) -> IpEndpoint {
        self.server
    }

    /// Whether a connection is established and has not ended, as far as the client has noticed.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.state == State::Open
    }

    /// How many requests the client accepts now: one before the server has kept the connection, up to `DEPTH` after
    /// that, and none during the delay after a failure.
    #[must_use]
    pub fn room(&self) -> usize {
        if matches!(self.state, State::BackingOff { .. }) { 0 } else { self.connection.room() }
    }

    /// How many requests wait for the end of their answer.
    #[must_use]
    pub const fn in_flight(&self) -> usize {
        self.connection.in_flight()
    }

    /// Ends the connection. Requests in flight are reported as lost. The next request opens another connection.
    pub fn disconnect(&mut self) {
        if self.connection.in_flight() > 0 {
            self.disconnect_reason = Some(DisconnectReason::Orderly);
            self.connection.handle_transport_error();
        } else if self.state == State::Open {
            // The end of an idle connection is no error.
            let _ = self.connection.handle_eof();
        }
    }
}
