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

/// How a client behaves. Nothing is sent before the first call.
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
    /// Where the server is; `localhost:4304` otherwise. All addresses of the host are tried, IPv4 and IPv6, until one
    /// takes a connection.
    pub fn address(mut self, address: Address) -> Self {
        self.settings.connection.address = address;
        self
    }

    /// As [`address`](Self::address), from a host and a port.
    pub fn host(self, host: impl Into<String>, port: u16) -> Self {
        self.address(Address::new(host, port))
    }

    /// As [`address`](Self::address), from text of the form `HOST[:PORT]`.
    ///
    /// # Errors
    /// [`AddressError`].
    pub fn server(self, server: &str) -> Result<Self, AddressError> {
        Ok(self.address(server.parse()?))
    }

    /// The control flags of all requests, instead of none. The persistence bit is left out: the client sets it as
    /// [`persistent`](Self::persistent) says.
    pub fn flags(mut self, flags: Flags) -> Self {
        self.flags = flags.without(Flags::PERSISTENCE);
        self
    }

    /// The scale of temperatures, read and written; Celsius otherwise.
    pub fn temperature_scale(mut self, scale: TemperatureScale) -> Self {
        self.flags = self.flags.with_temperature_scale(scale);
        self
    }

    /// The scale of pressures, read and written; mbar otherwise.
    pub fn pressure_scale(mut self, scale: PressureScale) -> Self {
        self.flags = self.flags.with_pressure_scale(scale);
        self
    }

    /// How ROM ids are spelled in listings; `f.i` otherwise.
    pub fn device_format(mut self, format: DeviceFormat) -> Self {
        self.flags = self.flags.with_device_format(format);
        self
    }

    /// Whether connections are kept after a call and used by the next ones; true otherwise. Where the server refuses,
    /// each call has a connection of its own, and asks again.
    pub fn persistent(mut self, persistent: bool) -> Self {
        self.persistence = if persistent { Persistence::On } else { Persistence::Off };
        self
    }

    /// How many persistent connections are used at once, at least 1; 4 otherwise. A connection is made when all others
    /// are busy. Listings under way have one more.
    ///
    /// owserver gives 20 places to all its clients together (owfs: `globals.c`, `clients_persistent_high`). With 4 a slow
    /// device holds up no other call, and five clients like this have room. More than 20 are of use with a server that
    /// has more places. Where a server keeps fewer than this, the client learns that from its first refusal, which costs
    /// a connection and no call: it goes on with those that are kept, and asks for one more every 10 s while it needs
    /// one.
    ///
    /// Calls from several threads or tasks wait for one another where there are not enough connections, the oldest
    /// first. Those that wait with small questions that do no harm when asked twice (`read`, `read_into`, `read_at`,
    /// `read_number`, `present`, `rom_id`, `get`, `ping`) are sent together, up to 64 over a connection, without waiting for
    /// the answers between them; each keeps its own timeouts. A write is never among them.
    pub fn connections(mut self, connections: usize) -> Self {
        self.settings.max_connections = connections.max(1);
        self
    }

    /// Whether reads of the same property at the same time are one request and share its answer; false otherwise.
    ///
    /// The same are path, flags, size and offset. A read joins another one that is under way, or waits for a connection,
    /// and has no answer yet; once the answer is there, a read that begins is a new one. So the value is never older
    /// than the other read's beginning. An error of the server is an answer; after a failure of the connection
    /// each of those that joined asks for itself. Each keeps its own total timeout. Made for many tasks that watch few sensors. It
    /// holds for `read`, `read_into`, `read_at` and `read_number`, not for `read_many` and `read_each`, and costs each of
    /// them some allocations.
    pub fn coalesce_reads(mut self, coalesce: bool) -> Self {
        self.settings.coalesces_reads = coalesce;
        self
    }

    /// The longest silence of a server that owes an answer, 2 s otherwise; zero is no limit. Keepalives break the
    /// silence.
    pub fn inactivity_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.inactivity = timeout.into();
        self
    }

    /// The longest time for a call from beginning to end, waiting and connecting included; zero, as it is otherwise,
    /// is no limit.
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.total = timeout.into();
        self
    }

    /// The longest time that connecting to one address may take, 5 s otherwise; zero leaves it to the operating
    /// system.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.settings.connection.connect_timeout = timeout;
        self
    }

    /// The most bytes of payload that are taken, 65,536 otherwise. owserver itself sends up to 100,050. Listings
    /// have [a limit of their own](Self::list_limit).
    pub fn payload_limit(mut self, limit: usize) -> Self {
        self.settings.connection.payload_limit = limit;
        self
    }

    /// The most bytes of a listing that are taken, 16 MiB otherwise. A listing by an iterator has no limit.
    pub fn list_limit(mut self, limit: usize) -> Self {
        self.settings.connection.list_limit = limit;
        self
    }

    /// A function that is shown all traffic, as it goes over the sockets.
    pub fn tap(mut self, watch: impl Fn(Traffic<'_>) + Send + Sync + 'static) -> Self {
        self.settings.connection.tap = Tap::new(watch);
        self
    }

    /// A client that blocks the calling thread.
    #[must_use]
    pub fn build(self) -> crate::Client {
        crate::Client::from_calls(self.calls())
    }

    /// A client for tokio.
    #[cfg(feature = "tokio")]
    #[must_use]
    pub fn build_tokio(self) -> crate::tokio::Client {
        crate::tokio::Client::from_calls(self.calls())
    }

    pub(crate) fn calls<R: Runtime>(self) -> Calls<R> {
        Calls::new(self.settings, self.flags, self.timeouts, self.persistence)
    }
}
