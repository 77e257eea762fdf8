use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ::tokio::net::TcpListener;
use owproto_core::message::MAX_BODY_LEN;
use owproto_core::server::{Keepalives, Timeouts};
use owproto_core::time;
use owproto_core::tree::{Aliases, Bus, Permission, System, Tree};
use owproto_core::wire::Token;

use super::Server;
use crate::DEFAULT_PORT;

/// The settings of a server to be started.
#[derive(Clone, Debug)]
pub struct Builder {
    address: SocketAddr,
    permission: Permission,
    pub(super) settings: Settings,
}

/// What all connections of a server go by.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) timeouts: Timeouts,
    pub(super) keepalives: Keepalives,
    pub(super) token: Option<Token>,
    pub(super) max_connections: usize,
    pub(super) persistent: PersistentLimits,
    pub(super) request_limit: usize,
    pub(super) memory_limit: usize,
    pub(super) shutdown_grace: Duration,
}

/// How many connections stay open between requests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct PersistentLimits {
    /// The maximum number of persistent connections. Further clients get their answers without the persistence flag, and
    /// their connections are closed.
    pub high: usize,
    /// From this number of persistent connections on, the shorter idle timeout [`Timeouts::idle_low`] applies to all of
    /// them.
    pub low: usize,
}

impl PersistentLimits {
    /// The limits of owserver: 20 and 10 (owfs: `globals.c`).
    pub const DEFAULT: Self = Self::new(20, 10);

    /// At most `high` persistent connections, and the shorter idle timeout from `low` on.
    #[must_use]
    pub const fn new(high: usize, low: usize) -> Self {
        Self { high, low }
    }
}

/// [`PersistentLimits::DEFAULT`].
impl Default for PersistentLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Connections that are open at once, unless told otherwise. A process may as a rule have 1024 files open.
const MAX_CONNECTIONS: usize = 1000;

/// Bytes for requests and answers under way, unless told otherwise: 160 of the longest requests, or 512 answers that
/// are not read.
const MEMORY_LIMIT: usize = 16 << 20;

impl Default for Builder {
    fn default() -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], DEFAULT_PORT)),
            permission: Permission::ReadWrite,
            settings: Settings {
                timeouts: Timeouts::DEFAULT,
                keepalives: Keepalives::WhenSlow,
                token: None,
                max_connections: MAX_CONNECTIONS,
                persistent: PersistentLimits::default(),
                request_limit: MAX_BODY_LEN,
                memory_limit: MEMORY_LIMIT,
                shutdown_grace: Duration::from_secs(5),
            },
        }
    }
}

impl Builder {
    /// All that can be left out: 127.0.0.1:4304, and the limits that are named at each setting.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Where to listen; port 0 takes one that is free. 127.0.0.1:4304 by default: the protocol knows no passwords, so
    /// that who can reach the server can write to devices.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// The port to listen on; 0 takes one that is free.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.address.set_port(port);
        self
    }

    /// The address of the interface to listen on, such as `Ipv4Addr::UNSPECIFIED` for all.
    #[must_use]
    pub fn host(mut self, host: impl Into<IpAddr>) -> Self {
        self.address.set_ip(host.into());
        self
    }

    /// Whether clients may write. With [`Permission::ReadOnly`] each WRITE is an error, and nothing changes.
    #[must_use]
    pub fn permission(mut self, permission: Permission) -> Self {
        self.permission = permission;
        self
    }

    /// Connections that are open at once, 1000 by default. More are closed as they come. Each takes a file of the
    /// process.
    #[must_use]
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.settings.max_connections = connections;
        self
    }

    /// Connections that are kept between requests.
    #[must_use]
    pub fn persistent_limits(mut self, limits: PersistentLimits) -> Self {
        self.settings.persistent = limits;
        self
    }

    /// How long to wait for clients. [`Timeouts::DEFAULT`] says what is waited for, and owserver's values for it.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.settings.timeouts = timeouts;
        self
    }

    /// The time for which an idle connection is kept; see [`Timeouts::idle_high`]. A shorter limit than that for busy
    /// servers holds for them as well.
    #[must_use]
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.settings.timeouts.idle_high = time::Duration::from(limit);
        self
    }

    /// Bytes of payload and tokens of a request, at most 100,050 as with owserver. A client that announces more is
    /// disconnected. While a request comes in, so many bytes may be kept for its connection, as far as the
    /// [memory](Self::memory_limit) that all share lasts.
    #[must_use]
    pub fn request_limit(mut self, bytes: usize) -> Self {
        self.settings.request_limit = bytes.min(MAX_BODY_LEN);
        self
    }

    /// Bytes that all connections together may have for requests and answers that are under way; 16,777,216 (16 MiB) by
    /// default. 512 bytes for each request and each answer are not counted, so that what is small is always served: with
    /// all that belongs to it, a connection that has none of the shared memory takes less than 4 KiB.
    ///
    /// A request that would exceed it is read to its end, kept nowhere, and answered with
    /// [`OUT_OF_MEMORY`](owproto_core::ReturnCode::OUT_OF_MEMORY); the connection goes on. It is counted in
    /// [`Statistics::memory_refused`](super::Statistics::memory_refused). An answer goes on in pieces of 512 bytes. So
    /// who comes late is refused and nobody is cut off for his sake: what is under way was promised to its client, a
    /// slow one may well be an honest one, and the [timeouts](Self::timeouts) free what an attacker holds.
    #[must_use]
    pub fn memory_limit(mut self, bytes: usize) -> Self {
        self.settings.memory_limit = bytes;
        self
    }

    /// When keepalives are sent. A setting for tests of clients.
    #[must_use]
    pub fn keepalives(mut self, keepalives: Keepalives) -> Self {
        self.settings.keepalives = keepalives;
        self
    }

    /// The token by which this server knows its own requests when they come back to it. Random by default, new at
    /// each start.
    #[must_use]
    pub fn token(mut self, token: Token) -> Self {
        self.settings.token = Some(token);
        self
    }

    /// How long requests that are under way have to be answered when the server is shut down, 5 s by default.
    #[must_use]
    pub fn shutdown_grace(mut self, grace: Duration) -> Self {
        self.settings.shutdown_grace = grace;
        self
    }

    /// Listens and serves the tree, on the tokio runtime that this is called on.
    ///
    /// # Errors
    /// Those of binding the address.
    pub async fn start<B, A>(self, tree: Tree<B, A>) -> io::Result<Server<B, A>>
    where
        B: Bus + Send + 'static,
        A: Aliases + Send + 'static,
    {
        let listener = TcpListener::bind(self.address).await?;
        self.serve(listener, tree)
    }

    /// Serves the tree on a socket that listens already, instead of the address of the builder.
    ///
    /// # Errors
    /// Those of the socket.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start_on<B, A>(self, listener: std::net::TcpListener, tree: Tree<B, A>) -> io::Result<Server<B, A>>
    where
        B: Bus + Send + 'static,
        A: Aliases + Send + 'static,
    {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        self.serve(listener, tree)
    }

    fn serve<B, A>(self, listener: TcpListener, tree: Tree<B, A>) -> io::Result<Server<B, A>>
    where
        B: Bus + Send + 'static,
        A: Aliases + Send + 'static,
    {
        let mut tree = match self.permission {
            Permission::ReadOnly => tree.with_permission(Permission::ReadOnly),
            Permission::ReadWrite => tree,
        };
        if tree.system.process_id == System::DEFAULT.process_id {
            tree.system.process_id = std::process::id();
        }
        Server::serve(listener, self.settings, tree)
    }
}
