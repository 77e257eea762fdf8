use core::fmt;

use owproto_core::client::{
    Connection, ConnectionError, Lost, RequestId, Resend, SendError, ServerCapabilities, Step,
};
use owproto_core::message::Entries;
use owproto_core::message::listing::is_ambiguous;
use owproto_core::time::{Duration, Instant};
use owproto_core::wire::{Flags, MessageType};
use owproto_core::{Reply, Request, RequestError, Storage, client};
use smoltcp::iface::{Context, Interface, SocketHandle, SocketSet};
use smoltcp::socket::tcp::{self, State};
use smoltcp::wire::IpEndpoint;

use crate::Backoff;
use crate::smoltcp::time::{from_smoltcp, to_smoltcp};

/// How long the server may take to close its side after ours, when the socket is needed again.
const CLOSING_TIME: Duration = Duration::from_secs(1);

/// The ports of clients (RFC 6335).
const FIRST_EPHEMERAL_PORT: u16 = 49152;

/// Why a call did not start a request. Nothing was sent, and the client is as it was before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum CallError {
    /// The request is invalid.
    Request(RequestError),
    /// The connection did not take the request.
    Send(SendError),
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(error) => error.fmt(f),
            Self::Send(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for CallError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Request(error) => Some(error),
            Self::Send(error) => Some(error),
        }
    }
}

impl From<RequestError> for CallError {
    fn from(error: RequestError) -> Self {
        Self::Request(error)
    }
}

impl From<SendError> for CallError {
    fn from(error: SendError) -> Self {
        Self::Send(error)
    }
}

/// What a [`Client`] has to tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event<'a> {
    /// The server has taken the connection.
    Connected,
    /// Something came that says nothing yet: a keepalive, or a part of an answer. There may be more: ask again.
    Progress,
    /// Entries of a directory, more may come; a [`Reply`](Self::Reply) ends the listing.
    Entries(RequestId, Entries<'a>),
    /// The answer to a request, or its end. It may be an error, also after entries.
    Reply(RequestId, Reply<'a>),
    /// This request will have no answer, and may be made again as [`resend`](Lost::resend) says.
    Lost(Lost),
    /// The connection has ended; all requests that it took along were told before. The next one opens a new
    /// connection, after a pause if something went wrong.
    Disconnected(DisconnectReason),
}

/// Why a connection has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum DisconnectReason {
    /// In peace: the server did not want to keep it after the answer, or closed it while it was idle, or
    /// [`Client::disconnect`] did.
    Orderly,
    /// It could not be begun: there is no address of our own that goes with the server's, or the server's address or
    /// port is zero.
    Unaddressable,
    /// The server's machine is there, and nobody listens on the port.
    Refused,
    /// The connection was reset by the other side, or given up by TCP.
    Reset,
    /// The server went silent, closed its side too early, or sent something that is no answer.
    Failed(ConnectionError),
}

/// A client over a TCP socket of [smoltcp], polled.
///
/// It connects when there is a request to be sent, keeps the connection as long as the server does, and connects anew
/// for the next request when it has ended. Up to `DEPTH` requests are under way at the same time, once the server has
/// kept the connection after the first answer.
///
/// # Contract
///
/// - commands: [`read`](Self::read), [`write`](Self::write), [`dir`](Self::dir), [`present`](Self::present),
///   [`ping`](Self::ping), [`request`](Self::request). Each gives the id by which its answer is known, and only puts
///   the request into the connection's storage. [`room`](Self::room) says how many it takes now.
/// - [`poll`](Self::poll) moves bytes and gives events. Call it after each `Interface::poll` until it gives `None`.
/// - [`poll_at`](Self::poll_at) says when to call it again if nothing comes from the network. The interface has times
///   of its own: sleep until the earlier of both.
///
/// Each request ends with one [`Event::Reply`] or one [`Event::Lost`].
///
/// # Time
///
/// Both [timeouts](owproto_core::client::Timeouts) of the connection are kept exactly, if it is polled in time. They
/// count from the request on, connecting included. After a failure there is a pause before the next attempt
/// ([`Backoff`]), in which the client takes no requests. A connection that the server closed while it was idle is
/// replaced at once, without a pause.
///
/// # The socket
///
/// It is the client's alone. Its receive buffer may be as small as one likes: what does not fit waits at the server.
/// Its transmit buffer should hold what is in flight. Nagle's algorithm and delayed acknowledgements are switched off,
/// because a server that sends its answers in two pieces would wait for them.
///
/// Ports of our own are counted up from one that is chosen by [`with_first_port`](Self::with_first_port).
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
/// let address = Ipv4Address::new(127, 0, 0, 1); // here it is its own server
/// let mut interface = Interface::new(Config::new(hardware.into()), &mut device, uptime());
/// interface.update_ip_addrs(|addresses| addresses.push(IpCidr::new(address.into(), 8)).unwrap());
/// let (mut receive, mut transmit) = ([0; 512], [0; 512]);
/// let socket = tcp::Socket::new(SocketBuffer::new(&mut receive[..]), SocketBuffer::new(&mut transmit[..]));
/// let mut places: [_; 2] = Default::default();
/// let mut sockets = SocketSet::new(&mut places[..]);
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
/// let (mut asked, mut answered, mut is_listed) = (0, 0, false);
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
///             // Once more from the beginning.
///             Event::Lost(_) => (asked, answered, is_listed) = (0, 0, false),
///             Event::Connected | Event::Progress | Event::Disconnected(_) => {}
///         }
///     }
///     if !is_listed && client.in_flight() == 0 && client.room() > 0 {
///         devices.clear();
///         listing = client.dir("/", now)?;
///     }
///     while is_listed && asked < devices.len() && client.room() > 0 {
///         client.read(&[&devices[asked], &b"/temperature"[..]].concat(), now)?;
///         asked += 1;
///     }
///     // Here a board sleeps until the earlier of interface.poll_at(...) and client.poll_at().
/// }
/// assert_eq!(celsius.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Client<T, R, const DEPTH: usize = 1> {
    handle: SocketHandle,
    server: IpEndpoint,
    connection: Connection<T, R, DEPTH>,
    backoff: Backoff,
    link: Link,
    /// What the transport said when it failed, until it was told.
    cause: Option<DisconnectReason>,
    /// Attempts that failed in a row.
    failures: u32,
    /// The number of the last port, counted from [`FIRST_EPHEMERAL_PORT`], modulo 2¹⁴. The first is the one behind it.
    port: u16,
    flags: Flags,
    refusals: ServerCapabilities,
    list_form: ListForm,
    /// Whether the socket's buffer was too full for all that waits to be sent.
    is_blocked: bool,
    /// Whether what was received may hold more, though it may lie in the connection already.
    has_more: bool,
}

// Besides the buffers, as the README says.
#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<Client<[u8; 0], [u8; 0]>>() <= 232);

/// Where the connection of the socket is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Link {
    /// There is none, and none is wanted.
    Idle,
    /// The server was called.
    Connecting,
    Open,
    /// Both sides are being closed. From this moment on the socket is taken for the next connection in any case.
    Closing {
        until: Instant,
    },
    /// It failed. Nothing is tried before this moment.
    Pause {
        until: Instant,
    },
}

/// Whether the server of this connection gives comma lists.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum ListForm {
    Unknown,
    /// This request will show it. Until then others are made without.
    Asked(RequestId),
    /// It does, or it does not and [`ServerCapabilities`] knows.
    Known,
}

impl<T: Storage, R: Storage, const DEPTH: usize> Client<T, R, DEPTH> {
    /// A client on the TCP socket `handle` of a server's address and port (4304 by default for owservers).
    ///
    /// Timeouts and limits are those of the connection, and so is the memory: see
    /// [there](owproto_core::client::Connection#memory).
    #[must_use]
    pub fn new(
        handle: SocketHandle,
        connection: Connection<T, R, DEPTH>,
        server: impl Into<IpEndpoint>,
    ) -> Self {
        Self {
            handle,
            server: server.into(),
            connection,
            backoff: Backoff::DEFAULT,
            link: Link::Idle,
            cause: None,
            failures: 0,
            port: u16::MAX,
            flags: Flags::PERSISTENCE,
            refusals: ServerCapabilities::ALL,
            list_form: ListForm::Unknown,
            is_blocked: false,
            has_more: false,
        }
    }

    /// With other pauses after failures.
    #[must_use]
    pub fn with_backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// With control flags for its requests: scales, formats. Persistence is always asked for, except by
    /// [`request`](Self::request), which sends a request as it is.
    #[must_use]
    pub fn with_flags(mut self, flags: Flags) -> Self {
        self.flags = flags.with(Flags::PERSISTENCE);
        self
    }

    /// Where counting of its own ports begins: 49152 + `seed` modulo 16384.
    ///
    /// A board that starts anew should not take the port that it had before, which the server may still think to be
    /// connected; a random number serves, or one that is kept. A second client on the same board should begin far
    /// away from the first.
    #[must_use]
    pub fn with_first_port(mut self, seed: u16) -> Self {
        self.port = seed.wrapping_sub(1);
        self
    }

    /// Changes the timeouts, for the requests to come.
    pub fn set_timeouts(&mut self, timeouts: client::Timeouts) {
        self.connection.set_timeouts(timeouts);
    }

    /// Names another server, for the connections to come.
    pub fn set_server(&mut self, server: impl Into<IpEndpoint>) {
        self.server = server.into();
    }

    /// The server.
    #[must_use]
    pub const fn server(&self) -> IpEndpoint {
        self.server
    }

    /// Whether the server has taken the connection, and it has not ended as far as was seen.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.link == Link::Open
    }

    /// How many requests would be taken now: one before the server has kept a connection, up to `DEPTH` after that,
    /// none in the pause after a failure.
    #[must_use]
    pub fn room(&self) -> usize {
        if matches!(self.link, Link::Pause { .. }) { 0 } else { self.connection.room() }
    }

    /// How many requests wait for the end of their answer.
    #[must_use]
    pub const fn in_flight(&self) -> usize {
        self.connection.in_flight()
    }

    /// Asks for the value at a path (READ).
    ///
    /// # Errors
    /// As [`request`](Self::request).
    pub fn read(
        &mut self,
        path: &(impl AsRef<[u8]> + ?Sized),
        now: smoltcp::time::Instant,
    ) -> Result<RequestId, CallError> {
        self.request(&Request::read(path)?.with_flags(self.flags), now)
    }

    /// Sets the value at a path (WRITE).
    ///
    /// # Errors
    /// As [`request`](Self::request).
    pub fn write(
        &mut self,
        path: &(impl AsRef<[u8]> + ?Sized),
        data: &(impl AsRef<[u8]> + ?Sized),
        now: smoltcp::time::Instant,
    ) -> Result<RequestId, CallError> {
        self.request(&Request::write(path, data)?.with_flags(self.flags), now)
    }

    /// Asks whether a path exists (PRESENCE). The answer is an error if it does not.
    ///
    /// # Errors
    /// As [`request`](Self::request).
    pub fn present(
        &mut self,
        path: &(impl AsRef<[u8]> + ?Sized),
        now: smoltcp::time::Instant,
    ) -> Result<RequestId, CallError> {
        self.request(&Request::presence(path)?.with_flags(self.flags), now)
    }

    /// Asks whether the server is there (NOP).
    ///
    /// # Errors
    /// As [`request`](Self::request).
    pub fn ping(&mut self, now: smoltcp::time::Instant) -> Result<RequestId, CallError> {
        self.request(&Request::nop().with_flags(self.flags), now)
    }

    /// Lists a directory. Its entries come as [`Event::Entries`], of any number; each has to fit the connection's
    /// receive storage.
    ///
    /// It is asked for with DIRALL, or with DIR where a comma list would be ambiguous or the server refuses DIRALL.
    /// The first refusal is told as a [lost](Event::Lost) request that is safe to be made again, and is remembered.
    ///
    /// # Errors
    /// As [`request`](Self::request).
    pub fn dir(
        &mut self,
        path: &(impl AsRef<[u8]> + ?Sized),
        now: smoltcp::time::Instant,
    ) -> Result<RequestId, CallError> {
        let is_list = !is_ambiguous(path.as_ref())
            && self.refusals.substitute_for(MessageType::DIRALL) == MessageType::DIRALL
            && !matches!(self.list_form, ListForm::Asked(_));
        let request = if is_list { Request::dirall(path)? } else { Request::dir(path)? };
        let id = self.request(&request.with_flags(self.flags), now)?;
        if is_list && self.list_form == ListForm::Unknown {
            self.list_form = ListForm::Asked(id);
        }
        Ok(id)
    }

    /// Takes any request, to be sent as it is.
    ///
    /// # Errors
    /// [`SendError::TooManyInFlight`] if there is no [`room`](Self::room), [`SendError::BufferFull`], and
    /// what is wrong with the path. Nothing has changed.
    pub fn request(
        &mut self,
        request: &Request<'_>,
        now: smoltcp::time::Instant,
    ) -> Result<RequestId, CallError> {
        if self.room() == 0 {
            return Err(SendError::TooManyInFlight.into());
        }
        self.is_blocked = false;
        Ok(self.connection.request(request, from_smoltcp(now))?)
    }

    /// Ends the connection; what is in flight is told as lost. The next request opens a new one.
    pub fn disconnect(&mut self) {
        if self.connection.in_flight() > 0 {
            self.cause = Some(DisconnectReason::Orderly);
            self.connection.handle_transport_error();
        } else if self.link == Link::Open {
            // An idle connection ends in peace.
            let _ = self.connection.handle_eof();
        }
    }

    /// When to call [`poll`](Self::poll) again if nothing comes from the network; `None` for not before there is a
    /// request. It may be in the past: then at once.
    #[must_use]
    pub fn poll_at(&self) -> Option<smoltcp::time::Instant> {
        let timeout = self.connection.poll_timeout().map(|(at, _)| at);
        let has_to_send = self.connection.step() == Step::Write;
        let at = match self.link {
            Link::Pause { until } => Some(until),
            _ if self.connection.step() == Step::Close => Some(Instant::ZERO),
            Link::Idle if has_to_send => Some(Instant::ZERO),
            Link::Open if has_to_send && !self.is_blocked => Some(Instant::ZERO),
            Link::Closing { until } if has_to_send => Some(timeout.map_or(until, |at| at.min(until))),
            Link::Idle | Link::Connecting | Link::Open | Link::Closing { .. } => timeout,
        };
        at.map(to_smoltcp)
    }

    /// Moves bytes, and gives the next event, or `None` if there is no more to do at this moment.
    ///
    /// # Panics
    /// If the handle is not that of a TCP socket of these `sockets`.
    pub fn poll<'e>(
        &'e mut self,
        now: smoltcp::time::Instant,
        interface: &mut Interface,
        sockets: &'e mut SocketSet<'_>,
    ) -> Option<Event<'e>> {
        let now = from_smoltcp(now);
        let socket = sockets.get_mut::<tcp::Socket<'_>>(self.handle);
        let event = self.advance(now, interface.context(), socket);
        if event.is_some() || self.link != Link::Open || !(self.has_more || socket.can_recv()) {
            return event;
        }
        let Self { connection, failures, refusals, list_form, has_more, .. } = self;
        let queued = socket.recv_queue();
        let mut taken = 0;
        let event = if queued > 0 {
            let received = socket.recv(|bytes| {
                let len = bytes.len();
                let mut rest: &[u8] = bytes;
                let event = connection.handle_input(&mut rest, now);
                taken = len.saturating_sub(rest.len());
                (taken, event)
            });
            received.ok()?
        } else {
            connection.handle_input(&mut &[][..], now)
        };
        // A part may be at the buffer's end, and the rest at its beginning.
        *has_more = taken < queued || !matches!(event, Ok(client::Event::NeedMore(_)));
        Some(match event {
            Ok(client::Event::NeedMore(_)) if !*has_more => return None,
            // A failure is told by the next call.
            Ok(client::Event::NeedMore(_) | client::Event::Keepalive) | Err(_) => Event::Progress,
            Ok(client::Event::Entries(id, entries)) => Event::Entries(id, entries),
            Ok(client::Event::Reply(id, reply)) => {
                *failures = 0;
                if *list_form == ListForm::Asked(id) {
                    *list_form = ListForm::Known;
                    if let Err(error) = reply.into_result()
                        && refusals.learn(MessageType::DIRALL, error)
                    {
                        return Some(Event::Lost(Lost::new(id, Resend::Safe)));
                    }
                }
                Event::Reply(id, reply)
            }
        })
    }

    /// Does what is to be done besides taking input.
    fn advance(
        &mut self,
        now: Instant,
        context: &mut Context,
        socket: &mut tcp::Socket<'_>,
    ) -> Option<Event<'static>> {
        if let Link::Pause { until } = self.link {
            if now < until {
                return None;
            }
            self.link = Link::Idle;
        }
        match self.link {
            Link::Open => self.transfer(now, socket),
            Link::Connecting => match socket.state() {
                State::SynSent | State::SynReceived => {}
                State::Closed => self.transport_failed(DisconnectReason::Refused),
                _ => {
                    self.link = Link::Open;
                    return Some(Event::Connected);
                }
            },
            Link::Idle | Link::Closing { .. } if self.connection.step() == Step::Write => {
                let is_free = match self.link {
                    Link::Closing { until } => now >= until || !socket.is_open(),
                    _ => true,
                };
                if is_free {
                    self.connect(context, socket);
                }
            }
            Link::Idle | Link::Closing { .. } | Link::Pause { .. } => {}
        }
        // An answer that is there counts, however late it is looked at.
        if self.link != Link::Open || !(self.has_more || socket.can_recv()) {
            let _ = self.connection.handle_timeout(now);
        }
        if self.connection.step() == Step::Close { Some(self.end(now, socket)) } else { None }
    }

    fn connect(&mut self, context: &mut Context, socket: &mut tcp::Socket<'_>) {
        // What is left of the connection before.
        socket.abort();
        socket.set_nagle_enabled(false);
        socket.set_ack_delay(None);
        self.port = self.port.wrapping_add(1) % (u16::MAX - FIRST_EPHEMERAL_PORT + 1);
        match socket.connect(context, self.server, FIRST_EPHEMERAL_PORT + self.port) {
            Ok(()) => self.link = Link::Connecting,
            Err(_) => self.transport_failed(DisconnectReason::Unaddressable),
        }
    }

    /// Sends what waits to be sent, and sees whether the other side still is there.
    fn transfer(&mut self, now: Instant, socket: &mut tcp::Socket<'_>) {
        let waiting = self.connection.poll_transmit();
        let sent = socket.send_slice(waiting).unwrap_or(0);
        self.is_blocked = sent < waiting.len();
        self.connection.handle_transmitted(sent, now);
        if !socket.may_recv() && !self.has_more {
            if socket.state() == State::Closed && self.connection.in_flight() > 0 {
                self.transport_failed(DisconnectReason::Reset);
            } else {
                // What that means for requests in flight is told as the connection's failure.
                let _ = self.connection.handle_eof();
            }
        }
    }

    fn transport_failed(&mut self, cause: DisconnectReason) {
        self.cause = Some(cause);
        self.connection.handle_transport_error();
    }

    /// Tells what a connection that ended has taken along, one after the other, and then its end.
    fn end(&mut self, now: Instant, socket: &mut tcp::Socket<'_>) -> Event<'static> {
        let mut disconnection = DisconnectReason::Orderly;
        let mut is_peaceful = true;
        if let Some(error) = self.connection.error() {
            if let Some(lost) = self.connection.poll_lost() {
                return Event::Lost(lost);
            }
            disconnection = self.cause.take().unwrap_or(DisconnectReason::Failed(error));
            is_peaceful = error.is_stale() || disconnection == DisconnectReason::Orderly;
            // Where the server has closed its side, or is about to, it is owed the same. Else it has to be told.
            if !error.is_stale() && socket.state() != State::CloseWait {
                socket.abort();
            }
        }
        socket.close();
        self.link = if is_peaceful {
            Link::Closing { until: now.saturating_add(CLOSING_TIME) }
        } else {
            self.failures = self.failures.saturating_add(1);
            Link::Pause { until: now.saturating_add(self.backoff.delay_after(self.failures)) }
        };
        self.connection.reset();
        self.has_more = false;
        self.list_form = ListForm::Unknown;
        Event::Disconnected(disconnection)
    }
}

impl fmt::Display for DisconnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Orderly => f.write_str("the connection was closed"),
            Self::Unaddressable => f.write_str("there is no way to the server's address"),
            Self::Refused => f.write_str("nobody listens at the server's port"),
            Self::Reset => f.write_str("the connection was reset"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}
