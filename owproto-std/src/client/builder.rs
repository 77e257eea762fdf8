use std::time::Duration;

use owproto_core::client::{DEFAULT_LIST_LIMIT, Timeouts};
use owproto_core::decode::DEFAULT_PAYLOAD_LIMIT;
use owproto_core::wire::{DeviceFormat, Flags, PressureScale, TemperatureScale};

use super::calls::{Calls, Persistence};
use super::shared::{Settings, Shared};
use crate::runtime::Runtime;
use crate::tap::{Tap, Traffic};
use crate::{Address, AddressError};

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
    settings: Settings,
    flags: Flags,
    timeouts: Timeouts,
    persistence: Persistence,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            settings: Settings {
                address: Address::default(),
                connect_timeout: Duration::from_secs(5),
                connections: 1,
                payload_limit: DEFAULT_PAYLOAD_LIMIT,
                list_limit: DEFAULT_LIST_LIMIT,
                tap: Tap::NONE,
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
        self.settings.address = address;
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

    /// How many persistent connections are used at once, at least 1; 1 otherwise. Calls from several threads or
    /// tasks wait for one another where there are not enough; only listings under way have one more. owserver gives
    /// 20 to all its clients together.
    pub fn connections(mut self, connections: usize) -> Self {
        self.settings.connections = connections.max(1);
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
        self.settings.connect_timeout = timeout;
        self
    }

    /// The most bytes of payload that are taken, 65,536 otherwise. owserver itself sends up to 100,050. Listings
    /// have [a limit of their own](Self::list_limit).
    pub fn payload_limit(mut self, limit: usize) -> Self {
        self.settings.payload_limit = limit;
        self
    }

    /// The most bytes of a listing that are taken, 16 MiB otherwise. A listing by an iterator has no limit.
    pub fn list_limit(mut self, limit: usize) -> Self {
        self.settings.list_limit = limit;
        self
    }

    /// A function that is shown all traffic, as it goes over the sockets.
    pub fn tap(mut self, watch: impl Fn(Traffic<'_>) + Send + Sync + 'static) -> Self {
        self.settings.tap = Tap::new(watch);
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
        Calls::new(Shared::new(self.settings), self.flags, self.timeouts, self.persistence)
    }
}
