use std::time::Duration;

use owproto_core::client::{DEFAULT_LIST_LIMIT, Timeouts};
use owproto_core::codec::DEFAULT_PAYLOAD_LIMIT;
use owproto_core::wire::{DeviceFormat, Flags, PressureScale, TemperatureScale};

use super::calls::{Calls, Persistence, SharedSettings};
use super::connection::ConnectionSettings;
use super::transport::Runtime;
use crate::tap::{Tap, Traffic};
use crate::{Address, AddressError};

/// A fifth of the persistent connections that owserver keeps for all its clients.
const DEFAULT_CONNECTIONS: usize = 4;

/// The settings of a client. Building a client sends nothing; the first call connects.
///
/// ```no_run
/// use std::time::Duration;
/// use owproto_core::wire::TemperatureScale;
///
/// let client = owproto_std::Client::builder()
///     .address("cellar:4304".parse()?)
///     .temperature_scale(TemperatureScale::Fahrenheit)
///     .total_timeout(Duration::from_secs(10))
///     .build();
/// # Ok::<(), owproto_std::AddressError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    settings: SharedSettings,
    flags: Flags,
    timeouts: Timeouts,
    persistence: Persistence,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            settings: SharedSettings {
                connection: ConnectionSettings {
                    address: Address::default(),
                    connect_timeout: Duration::from_secs(5),
                    payload_limit: DEFAULT_PAYLOAD_LIMIT,
                    list_limit: DEFAULT_LIST_LIMIT,
                    tap: Tap::NONE,
                },
                max_connections: DEFAULT_CONNECTIONS,
                coalesces_reads: false,
            },
            flags: Flags::NONE,
            timeouts: Timeouts::DEFAULT,
            persistence: Persistence::On,
        }
    }
}

impl Builder {
    /// The server's address; the default is `localhost:4304`. All addresses of the host, IPv4 and IPv6, are tried until one
    /// accepts a connection.
    pub fn address(mut self, address: Address) -> Self {
        self.settings.connection.address = address;
        self
    }

    /// Sets the [`address`](Self::address) from a host and a port.
    pub fn host(self, host: impl Into<String>, port: u16) -> Self {
        self.address(Address::new(host, port))
    }

    /// Sets the [`address`](Self::address) from text of the form `HOST[:PORT]`.
    ///
    /// # Errors
    /// [`AddressError`] if the text is not a valid address.
    pub fn server(self, server: &str) -> Result<Self, AddressError> {
        Ok(self.address(server.parse()?))
    }

    /// The control flags of all requests; the default is none. The persistence bit is ignored: [`persistent`](Self::persistent)
    /// determines it.
    pub fn flags(mut self, flags: Flags) -> Self {
        self.flags = flags.without(Flags::PERSISTENCE);
        self
    }

    /// The scale of temperatures that are read or written; the default is Celsius.
    pub fn temperature_scale(mut self, scale: TemperatureScale) -> Self {
        self.flags = self.flags.with_temperature_scale(scale);
        self
    }

    /// The scale of pressures that are read or written; the default is mbar.
    pub fn pressure_scale(mut self, scale: PressureScale) -> Self {
        self.flags = self.flags.with_pressure_scale(scale);
        self
    }

    /// The format of ROM ids in listings; the default is `f.i`.
    pub fn device_format(mut self, format: DeviceFormat) -> Self {
        self.flags = self.flags.with_device_format(format);
        self
    }

    /// Whether connections are kept after a call and used by later calls; the default is true. If the server does not keep
    /// them, each call opens its own connection, and requests again that it is kept.
    pub fn persistent(mut self, persistent: bool) -> Self {
        self.persistence = if persistent { Persistence::On } else { Persistence::Off };
        self
    }

    /// The maximum number of persistent connections, at least 1; the default is 4. A connection is opened when all others are
    /// in use. A listing that calls a function or is iterated over uses an additional one.
    ///
    /// owserver keeps 20 connections for all its clients together (owfs: `globals.c`, `clients_persistent_high`). With 4 a slow
    /// device delays no other call, and five such clients can connect. More than 20 are useful only with a server that keeps
    /// more. If a server keeps fewer than this, the client learns it from the first connection that is not kept, and no call
    /// fails. It then uses those that are kept, and tries an additional one every 10 s while it needs one.
    ///
    /// If all connections are in use, calls from other threads or tasks wait, and are served in the order in which they began.
    /// Waiting calls whose requests are small and may be sent twice (`read`, `read_into`, `read_at`, `read_number`, `present`,
    /// `rom_id`, `get`, `ping`) are sent together, up to 64 over one connection, without waiting for the replies between them.
    /// Each call keeps its own timeouts. Writes are never sent together.
    pub fn connections(mut self, connections: usize) -> Self {
        self.settings.max_connections = connections.max(1);
        self
    }

    /// Whether concurrent identical reads are sent as one request and share its reply; the default is false.
    ///
    /// Reads are identical if path, flags, size and offset are equal. A read joins an identical one that has no reply yet, even
    /// if that one still waits for a connection. A read that begins after the reply is a new request. So a value is never older
    /// than the beginning of the read that was joined. The calls also share an error of the server; if the connection fails,
    /// each sends its own request. Each call keeps its own total timeout.
    ///
    /// This is for many tasks that read few sensors. It applies to `read`, `read_into`, `read_at` and `read_number`, not to
    /// `read_many` and `read_each`, and costs each call some allocations.
    pub fn coalesce_reads(mut self, coalesce: bool) -> Self {
        self.settings.coalesces_reads = coalesce;
        self
    }

    /// How long the server may send nothing while a reply is due; the default is 2 s, zero is no limit. A keepalive restarts
    /// this timeout.
    pub fn inactivity_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.inactivity = timeout.into();
        self
    }

    /// How long a call may take, including waiting for a connection and connecting; the default is zero, which is no limit.
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.total = timeout.into();
        self
    }

    /// How long connecting to one address may take; the default is 5 s, zero is the limit of the operating system.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.settings.connection.connect_timeout = timeout;
        self
    }

    /// The maximum length of a payload in bytes; the default is 65,536. owserver sends up to 100,050. Listings have [another
    /// limit](Self::list_limit).
    pub fn payload_limit(mut self, limit: usize) -> Self {
        self.settings.connection.payload_limit = limit;
        self
    }

    /// The maximum length of a listing in bytes; the default is 16 MiB. A listing that is iterated over has no limit.
    pub fn list_limit(mut self, limit: usize) -> Self {
        self.settings.connection.list_limit = limit;
        self
    }

    /// A function that is called with everything that is sent and received.
    pub fn tap(mut self, watch: impl Fn(Traffic<'_>) + Send + Sync + 'static) -> Self {
        self.settings.connection.tap = Tap::new(watch);
        self
    }

    /// Builds a client that blocks the calling thread.
    #[must_use]
    pub fn build(self) -> crate::Client {
        crate::Client::from_calls(self.calls())
    }

    /// Builds a client for tokio.
    #[cfg(feature = "tokio")]
    #[must_use]
    pub fn build_tokio(self) -> crate::tokio::Client {
        crate::tokio::Client::from_calls(self.calls())
    }

    pub(crate) fn calls<R: Runtime>(self) -> Calls<R> {
        Calls::new(self.settings, self.flags, self.timeouts, self.persistence)
    }
}
