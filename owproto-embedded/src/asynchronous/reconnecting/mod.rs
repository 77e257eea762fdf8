mod calls;
mod retry;
mod stream;

use core::fmt;
use core::net::SocketAddr;
use core::task::Poll;

use embedded_hal_async::delay::DelayNs;
use embedded_nal_async::TcpConnect;
use owproto_core::Storage;
use owproto_core::client::{Connection, Timeouts};
use owproto_core::time::{Duration, Instant};
use owproto_core::wire::Flags;

use super::deadline::{complete_before, ready_before};
use super::{Client, Timed};
use crate::{Backoff, Error};
use stream::Stream;

/// The default of [`ReconnectingClient::with_connect_timeout`].
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A [`Client`] that connects by itself, through an [`embedded_nal_async::TcpConnect`], whenever a call needs a
/// connection and there is none.
///
/// # What happens to a call when the connection breaks
///
/// The server may have closed a connection that was kept, because it was idle for a long time or because the server was
/// restarted. If this shows before a byte of the answer has arrived, the client repeats the call on a new connection,
/// provided that the server cannot carry it out twice ([`Resend::Safe`](owproto_core::client::Resend::Safe)).
///
/// - A write is not repeated once its last byte has been sent. To make this rare, the client checks a connection with a
///   NOP before a write if it was idle for a second.
/// - A listing is not repeated after its first entry.
/// - [`read_many`](Self::read_many) and [`read_sensors`](Self::read_sensors) continue where the connection broke, as long
///   as every connection gives at least one value.
///
/// All other failures are errors of the call, and close the connection. [`Error::is_safe_to_retry`] returns whether the
/// caller may repeat the call. The next call connects again.
///
/// # How often it connects
///
/// A call makes one attempt to connect, which takes at most the [connect timeout](Self::with_connect_timeout). After a
/// failure (no connection, or a connection that broke before it gave an answer), the next attempt is delayed by the
/// [`Backoff`]. An answer of the server resets the delay, even if the answer is an error. So a call takes at most the delay, the
/// connect timeout and the total timeout, and twice that if it was repeated. [`next_attempt`](Self::next_attempt)
/// returns when the delay ends.
///
/// # Dropping a future
///
/// The future of a call may be dropped at any time. If it was using the connection, this ends the connection, and the
/// next call makes a new one. A late answer is never matched to another request.
///
/// # Type parameters
///
/// They have the order of the arguments of [`new`](Self::new):
///
/// | | is | for example |
/// |---|---|---|
/// | `'n`, `N` | the network, and how long it is borrowed | `embassy_net::tcp::client::TcpClient` |
/// | `D` | the delay | `embassy_time::Delay` |
/// | `C` | the clock | `fn() -> Instant`, or a closure |
/// | `S` | storage of the connection for requests that wait to be sent | `[u8; 256]` |
/// | `R` | storage of the connection for a value or an entry that arrives in pieces | `[u8; 32]` |
/// | `B` | the receive buffer | `[u8; 128]` |
/// | `DEPTH` | the most requests in flight | 4 |
///
/// On embassy-net, `owproto_embedded::embassy_net::Client` is an alias with fewer parameters.
///
/// ```
/// use owproto_core::client::Connection;
/// use owproto_core::time::Instant;
/// use owproto_embedded::Sensor;
/// use owproto_embedded::asynchronous::ReconnectingClient;
/// # use core::net::SocketAddr;
/// # use embedded_hal_async::delay::DelayNs;
/// # use embedded_nal_async::TcpConnect;
///
/// const SENSORS: [Sensor<'_>; 2] = [
///     Sensor::temperature("/10.67C6697351FF/temperature"),
///     Sensor::temperature("/28.4AEC29CDBAAB/temperature"),
/// ];
///
/// /// With embassy: `network` is an `embassy_net::tcp::client::TcpClient`, `delay` is `embassy_time::Delay`, and the
/// /// clock is `embassy_time::Instant::now().as_micros()`.
/// async fn watch<N: TcpConnect>(network: &N, server: SocketAddr, mut delay: impl DelayNs + Clone, micros: fn() -> u64) {
///     // Four requests in flight.
///     let connection: Connection<_, _, 4> = Connection::new([0; 256], [0; 32]);
///     let clock = || Instant::from_micros(micros());
///     let mut client = ReconnectingClient::new(network, server, delay.clone(), clock, connection, [0; 128]);
///     loop {
///         let result = client.read_sensors(&SENSORS, |index, reading| {
///             // A sensor that is missing, or whose value is implausible, affects its own reading only.
///             let _ = (index, reading);
///         });
///         if result.await.is_err() {
///             // No server. The next round tries again, with growing delays.
///         }
///         delay.delay_ms(10_000).await;
///     }
/// }
/// ```
pub struct ReconnectingClient<'n, N: TcpConnect + 'n, D, C, S, R, B, const DEPTH: usize = 1> {
    network: &'n N,
    server: SocketAddr,
    client: Client<Timed<Stream<'n, N>, D>, C, S, R, B, DEPTH>,
    backoff: Backoff,
    connect_timeout: Duration,
    /// Failures since the last answer.
    failures: u32,
    /// The client does not connect before this time.
    next_attempt: Instant,
    /// When the last call ended.
    last_used: Instant,
}

impl<'n, N: TcpConnect, D: DelayNs, C, S, R, B, const DEPTH: usize>
    ReconnectingClient<'n, N, D, C, S, R, B, DEPTH>
{
    /// A client of the owserver at this address. It connects with the first call.
    ///
    /// `clock` returns the current time and must not run backwards. The other arguments are those of [`Client::new`]. The
    /// [timeouts](Connection::with_timeouts) of `connection` apply to each request.
    pub const fn new(
        network: &'n N,
        server: SocketAddr,
        delay: D,
        clock: C,
        connection: Connection<S, R, DEPTH>,
        receive: B,
    ) -> Self {
        let client = Client::new(Timed::new(Stream(None), delay), clock, connection, receive);
        Self {
            network,
            server,
            client,
            backoff: Backoff::DEFAULT,
            connect_timeout: CONNECT_TIMEOUT,
            failures: 0,
            next_attempt: Instant::ZERO,
            last_used: Instant::ZERO,
        }
    }

    /// Sets the control flags of its requests, such as the temperature scale. The client always adds the persistence
    /// flag, except to a request passed to [`exchange`](Self::exchange).
    #[must_use]
    pub fn with_flags(mut self, flags: Flags) -> Self {
        self.client = self.client.with_flags(flags);
        self
    }

    /// Sets the delays between attempts to connect; [`Backoff::DEFAULT`] by default.
    #[must_use]
    pub const fn with_backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Sets how long an attempt to connect may take; 10 s by default. [`Duration::ZERO`] means without limit.
    #[must_use]
    pub const fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }
}

impl<'n, N, D, C, S, R, B, const DEPTH: usize> ReconnectingClient<'n, N, D, C, S, R, B, DEPTH>
where
    N: TcpConnect,
    D: DelayNs,
    C: FnMut() -> Instant,
    S: Storage,
    R: Storage,
    B: AsMut<[u8]>,
{
    /// Sets the timeouts of later calls.
    pub fn set_timeouts(&mut self, timeouts: Timeouts) {
        self.client.set_timeouts(timeouts);
    }

    /// Changes the address of the server, and closes the connection to the old one.
    pub fn set_server(&mut self, server: SocketAddr) {
        self.close();
        self.server = server;
        self.failures = 0;
        self.next_attempt = Instant::ZERO;
    }

    /// Whether there is a connection, as far as the client has noticed.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.client.transport.transport.0.is_some() && self.client.is_open()
    }

    /// When the client connects at the earliest. Without a failure before, this is in the past.
    #[must_use]
    pub const fn next_attempt(&self) -> Instant {
        self.next_attempt
    }

    /// Closes the connection, if there is one. The next call connects again.
    pub fn close(&mut self) {
        self.client.transport.transport.0 = None;
    }

    /// Connects unless there is a connection: waits until [`next_attempt`](Self::next_attempt), then makes one attempt.
    /// Calls do this by themselves.
    ///
    /// # Errors
    /// [`Error::Connect`], [`Error::ConnectTimedOut`].
    pub async fn connect(&mut self) -> Result<(), Error<N::Error>> {
        if self.is_connected() {
            return Ok(());
        }
        // First of all, because the network may have only one socket.
        self.close();
        let Client { transport: Timed { transport, delay }, clock, .. } = &mut self.client;
        if clock() < self.next_attempt {
            ready_before(|_, _| Poll::<()>::Pending, Some(self.next_attempt), clock, delay).await;
        }
        let timeout = self.connect_timeout;
        let deadline = if timeout.is_zero() { None } else { Some(clock().saturating_add(timeout)) };
        let error = match complete_before(self.network.connect(self.server), deadline, clock, delay).await {
            Some(Ok(stream)) => {
                transport.0 = Some(stream);
                self.client.reset();
                return Ok(());
            }
            Some(Err(error)) => Error::Connect(error),
            None => Error::ConnectTimedOut,
        };
        self.record_failure();
        Err(error)
    }
}

impl<N: TcpConnect, D, C, S, R, B, const DEPTH: usize> fmt::Debug
    for ReconnectingClient<'_, N, D, C, S, R, B, DEPTH>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReconnectingClient")
            .field("server", &self.server)
            .field("failures", &self.failures)
            .finish_non_exhaustive()
    }
}
