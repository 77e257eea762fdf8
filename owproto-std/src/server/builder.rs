use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ::tokio::net::TcpListener;
use owproto_core::message::MAX_BODY_LEN;
use owproto_core::server::{Keepalives, Timeouts};
use owproto_core::time;
use owproto_core::tree::{Aliases, Bus, Permission, System, Tree};
use owproto_core::wire::Token;

use super::handle::Server;
use super::settings::{PersistentLimits, Settings};
use crate::DEFAULT_PORT;

/// The settings of a server, and its start.
#[derive(Clone, Debug)]
pub struct Builder {
    address: SocketAddr,
    permission: Permission,
    settings: Settings,
}

/// The default maximum number of open connections. The usual limit of open files of a process is 1024.
const MAX_CONNECTIONS: usize = 1000;

/// The default for the memory that connections share, in bytes: enough for 160 of the longest requests, or 512 answers
/// that clients do not read.
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
                persistent: PersistentLimits::DEFAULT,
                request_limit: MAX_BODY_LEN,
                memory_limit: MEMORY_LIMIT,
                shutdown_grace: Duration::from_secs(5),
            },
        }
    }
}

impl Server<(), ()> {
    /// The settings of a server; [`Builder::start`] starts it.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::new()
    }
}

impl Builder {
    /// The default settings: the address 127.0.0.1:4304, and the limits given at each method.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the address to listen on, 127.0.0.1:4304 by default. Port 0 selects a free port. The protocol has no
    /// authentication: everyone who can connect can write to devices.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Sets the port to listen on. Port 0 selects a free port.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.address.set_port(port);
        self
    }

    /// Sets the address of the interface to listen on, such as `Ipv4Addr::UNSPECIFIED` for all interfaces.
    #[must_use]
    pub fn host(mut self, host: impl Into<IpAddr>) -> Self {
        self.address.set_ip(host.into());
        self
    }

    /// Sets whether clients may write. With [`Permission::ReadOnly`] the server answers every WRITE with an error.
    #[must_use]
    pub fn permission(mut self, permission: Permission) -> Self {
        self.permission = permission;
        self
    }

    /// Sets the maximum number of open connections, 1000 by default. Further connections are closed right after they are
    /// accepted. Each connection uses one open file of the process.
    #[must_use]
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.settings.max_connections = connections;
        self
    }

    /// Sets how many connections stay open between requests, 20 by default.
    #[must_use]
    pub fn persistent_limits(mut self, limits: PersistentLimits) -> Self {
        self.settings.persistent = limits;
        self
    }

    /// Sets how long the server waits for clients, [`Timeouts::DEFAULT`] by default.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.settings.timeouts = timeouts;
        self
    }

    /// Sets how long a persistent connection may be idle: [`Timeouts::idle_high`]. The timeout for crowded servers,
    /// [`Timeouts::idle_low`], applies only if it is shorter.
    #[must_use]
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.settings.timeouts.idle_high = time::Duration::from(limit);
        self
    }

    /// Sets the maximum length of a request's payload and tokens in bytes. The default and the upper bound is 100,050, the
    /// limit of owserver. A client that announces more is disconnected.
    #[must_use]
    pub fn request_limit(mut self, bytes: usize) -> Self {
        self.settings.request_limit = bytes.min(MAX_BODY_LEN);
        self
    }

    /// Sets the memory that all connections share for requests and answers in progress, in bytes; 16,777,216 (16 MiB) by
    /// default. The first 512 bytes of each request and of each answer do not count, so short ones are always served. A
    /// connection that uses none of the shared memory takes less than 4 KiB.
    ///
    /// When the memory is used up, a long request is received without being stored and answered with
    /// [`OUT_OF_MEMORY`](owproto_core::ReturnCode::OUT_OF_MEMORY); the connection stays open, and
    /// [`Statistics::memory_refused`](super::Statistics::memory_refused) counts the request. A long answer is sent in
    /// pieces of 512 bytes. Requests in progress are never dropped in favour of later ones, because a slow client may be an
    /// honest one; the [timeouts](Self::timeouts) free memory that an attacker holds.
    #[must_use]
    pub fn memory_limit(mut self, bytes: usize) -> Self {
        self.settings.memory_limit = bytes;
        self
    }

    /// Sets when keepalives are sent. Tests of clients use it.
    #[must_use]
    pub fn keepalives(mut self, keepalives: Keepalives) -> Self {
        self.settings.keepalives = keepalives;
        self
    }

    /// Sets the token by which the server recognizes its own requests if they come back to it. By default it is random,
    /// and new at each start.
    #[must_use]
    pub fn token(mut self, token: Token) -> Self {
        self.settings.token = Some(token);
        self
    }

    /// Sets how long a shutdown waits for the answers in progress, 5 s by default.
    #[must_use]
    pub fn shutdown_grace(mut self, grace: Duration) -> Self {
        self.settings.shutdown_grace = grace;
        self
    }

    /// Listens on the address and serves the tree, on the current tokio runtime.
    ///
    /// # Errors
    /// The address cannot be bound.
    pub async fn start<B, A>(self, tree: Tree<B, A>) -> io::Result<Server<B, A>>
    where
        B: Bus + Send + 'static,
        A: Aliases + Send + 'static,
    {
        let listener = TcpListener::bind(self.address).await?;
        self.serve(listener, tree)
    }

    /// Serves the tree on a listening socket; the address of the builder is not used.
    ///
    /// # Errors
    /// The socket cannot be used.
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
            Permission::ReadWrite => tree,
            permission => tree.with_permission(permission),
        };
        if tree.system.process_id == System::DEFAULT.process_id {
            tree.system.process_id = std::process::id();
        }
        Server::serve(listener, self.settings, tree)
    }
}
