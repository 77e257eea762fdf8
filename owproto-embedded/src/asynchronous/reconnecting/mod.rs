use core::fmt;
use core::net::SocketAddr;
use core::task::Poll;

use embedded_hal_async::delay::DelayNs;
use embedded_io_async::{ErrorType, Read, Write};
use embedded_nal_async::TcpConnect;
use owproto_core::client::{Connection, ConnectionError, Resend, Timeouts};
use owproto_core::message::Entries;
use owproto_core::text::{Value, ValueType};
use owproto_core::time::{Duration, Instant};
use owproto_core::wire::{DirectoryFlags, Flags};
use owproto_core::{Reply, Request, Storage};

use crate::asynchronous::transport::{before, ready_before};
use crate::asynchronous::{Client, Timed};
use crate::{Backoff, Error, ReadError, Reading, ReadingError, Sensor};

/// A [`Client`] that connects by itself, through an [`embedded_nal_async::TcpConnect`], whenever a call needs a
/// connection and there is none.
///
/// # What happens to a call when a connection breaks
///
/// The server may have closed a connection that was kept, because it was idle for long or because the server was started
/// anew. If that shows before a byte of the answer has come, the call is made again on a new connection: once, and only
/// if that cannot do twice what was to be done once ([`Resend::Safe`]). A write that was sent to its last byte is not
/// made again; so that this is rare, a connection that had been idle for a second is tried with a NOP before a write.
/// A listing is not made again after its first entry. [`read_many`](Self::read_many) and
/// [`read_sensors`](Self::read_sensors) go on where the connection broke, as long as each gives at least one value.
///
/// All other failures are errors of the call, and close the connection: [`Error::is_safe_to_retry`] says whether the
/// same call may simply be made again. The next call connects anew.
///
/// # How often it is tried
///
/// A call makes one attempt to connect, which takes at most the [time for it](Self::with_connect_timeout). After a
/// failure (no connection, or one that broke before it gave an answer) the next attempt waits as [`Backoff`] says. An
/// answer of the server resets that, be it an error. So a call ends at the latest after that wait, the time for
/// connecting and the total timeout, doubled where it was made again; [`next_attempt`](Self::next_attempt) tells the
/// first of them beforehand.
///
/// # Dropping a future
///
/// The future of a call may be dropped at any time. The connection has ended if it was in use, and the next call makes a
/// new one. A late answer is never taken for that of another request.
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
/// /// With embassy: `network` is an `embassy_net::tcp::client::TcpClient`, `delay` an `embassy_time::Delay`, and the
/// /// clock gives `embassy_time::Instant::now().as_micros()`.
/// async fn watch<N: TcpConnect>(network: &N, server: SocketAddr, mut delay: impl DelayNs + Clone, micros: fn() -> u64) {
///     // Four requests in flight.
///     let connection: Connection<_, _, 4> = Connection::new([0; 256], [0; 32]);
///     let clock = || Instant::from_micros(micros());
///     let mut client = ReconnectingClient::new(network, server, delay.clone(), clock, connection, [0; 128]);
///     loop {
///         let result = client.read_sensors(&SENSORS, |number, reading| {
///             // What is not there, or not to be believed, is an error of one sensor.
///             let _ = (number, reading);
///         });
///         if result.await.is_err() {
///             // No server. The next round tries again, later and later.
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
    /// How often it has failed since the last answer.
    failures: u32,
    /// No attempt to connect before.
    not_before: Instant,
    /// When the last call ended.
    last_used: Instant,
}

/// A connection that was idle for so long is tried before a write.
const RESTED: Duration = Duration::from_secs(1);

/// How often a call is made again where the connection had ended. Once is enough for one that was too old; a listing may
/// need another one, since it has a second request where DIRALL is refused.
const AGAIN: u32 = 2;

/// Makes a call on a connection, and again where that is right: then not a byte of an answer has come.
macro_rules! call {
    ($self:ident, $call:expr) => {{
        let mut again = AGAIN;
        loop {
            $self.connect().await?;
            let result = $call.await;
            if !$self.settle(&result) || again == 0 {
                break result;
            }
            again = again.saturating_sub(1);
        }
    }};
}

impl<'n, N: TcpConnect, D: DelayNs, C, S, R, B, const DEPTH: usize>
    ReconnectingClient<'n, N, D, C, S, R, B, DEPTH>
{
    /// A client of the owserver at this address. Nothing is connected yet.
    ///
    /// `clock` gives the moment of now; it must not run backwards. The other arguments are those of [`Client::new`]; the
    /// [timeouts](Connection::with_timeouts) of `connection` hold for each request.
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
            connect_timeout: Duration::from_secs(10),
            failures: 0,
            not_before: Instant::ZERO,
            last_used: Instant::ZERO,
        }
    }

    /// With control flags for its requests: scales, formats. Persistence is always asked for.
    #[must_use]
    pub fn with_flags(mut self, flags: Flags) -> Self {
        self.client = self.client.with_flags(flags);
        self
    }

    /// With other waits between attempts to connect; [`Backoff::DEFAULT`] otherwise.
    #[must_use]
    pub const fn with_backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// With another limit to the time that connecting may take, 10 s otherwise; [`Duration::ZERO`] is none.
    #[must_use]
    pub const fn with_connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
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
    /// Changes the timeouts, for the calls to come.
    pub fn set_timeouts(&mut self, timeouts: Timeouts) {
        self.client.set_timeouts(timeouts);
    }

    /// Takes another address for the server, and closes the connection to the old one.
    pub fn set_server(&mut self, server: SocketAddr) {
        self.close();
        self.server = server;
        self.failures = 0;
        self.not_before = Instant::ZERO;
    }

    /// Whether there is a connection, as far as was seen.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.client.transport.transport.0.is_some() && self.client.is_open()
    }

    /// When the next attempt to connect is made, if a call needs one. In the past where there was no failure.
    #[must_use]
    pub const fn next_attempt(&self) -> Instant {
        self.not_before
    }

    /// Closes the connection, if there is one. The next call makes a new one.
    pub fn close(&mut self) {
        self.client.transport.transport.0 = None;
    }

    /// Connects, if there is no connection: waits as long as [`Backoff`] says, and makes one attempt. Calls do this
    /// by themselves.
    ///
    /// # Errors
    /// [`Error::Connect`], [`Error::ConnectTimedOut`].
    pub async fn connect(&mut self) -> Result<(), Error<N::Error>> {
        if self.is_connected() {
            return Ok(());
        }
        // The old socket first: there may be only one.
        self.close();
        let Client { transport: Timed { transport, delay }, clock, .. } = &mut self.client;
        if clock() < self.not_before {
            ready_before(|_, _| Poll::<()>::Pending, Some(self.not_before), clock, delay).await;
        }
        let limit = self.connect_timeout;
        let deadline = if limit.is_zero() { None } else { Some(clock().saturating_add(limit)) };
        let error = match before(self.network.connect(self.server), deadline, clock, delay).await {
            Some(Ok(stream)) => {
                transport.0 = Some(stream);
                self.client.reset();
                return Ok(());
            }
            Some(Err(error)) => Error::Connect(error),
            None => Error::ConnectTimedOut,
        };
        self.failed();
        Err(error)
    }

    /// Asks whether the server is there (NOP).
    ///
    /// # Errors
    /// [`Error`], as for all calls.
    pub async fn ping(&mut self) -> Result<(), Error<N::Error>> {
        call!(self, self.client.ping())
    }

    /// Whether a path exists, as [`Client::present`].
    ///
    /// # Errors
    /// [`Error`]; a path that does not exist is none.
    pub async fn present<P: AsRef<[u8]> + ?Sized>(&mut self, path: &P) -> Result<bool, Error<N::Error>> {
        call!(self, self.client.present(path))
    }

    /// Reads the value at a path into `buffer` and gives it, as [`Client::read`].
    ///
    /// # Errors
    /// [`Error`]. An empty buffer is a request error.
    pub async fn read<'b, P: AsRef<[u8]> + ?Sized>(
        &mut self,
        path: &P,
        buffer: &'b mut [u8],
    ) -> Result<&'b [u8], Error<N::Error>> {
        let len = call!(self, self.client.read_len(path, buffer))?;
        Ok(buffer.get(..len).unwrap_or(buffer))
    }

    /// Reads the value at a path as one of a known type, as [`Client::read_value`].
    ///
    /// # Errors
    /// [`Error`], among others [`Error::Value`].
    pub async fn read_value<'b, P: AsRef<[u8]> + ?Sized>(
        &mut self,
        path: &P,
        value_type: ValueType,
        buffer: &'b mut [u8],
    ) -> Result<Value<'b>, Error<N::Error>> {
        Ok(Value::parse(value_type, self.read(path, buffer).await?)?)
    }

    /// Sets the value at a path, as [`Client::write`]. Gives how many bytes of `data` the server took.
    ///
    /// # Errors
    /// [`Error`]. Where [`is_safe_to_retry`](Error::is_safe_to_retry) is false the server may have written it.
    pub async fn write<P, W>(&mut self, path: &P, data: &W) -> Result<usize, Error<N::Error>>
    where
        P: AsRef<[u8]> + ?Sized,
        W: AsRef<[u8]> + ?Sized,
    {
        if self.is_connected() && (self.client.clock)().saturating_since(self.last_used) >= RESTED {
            self.ping().await?;
        }
        call!(self, self.client.write(path, data))
    }

    /// Lists a directory, as [`Client::dir`]: calls `on_entry` with each entry, an absolute path.
    ///
    /// # Errors
    /// [`Error`], also after entries.
    pub async fn dir<P: AsRef<[u8]> + ?Sized>(
        &mut self,
        path: &P,
        mut on_entry: impl FnMut(&[u8]),
    ) -> Result<DirectoryFlags, Error<N::Error>> {
        call!(self, self.client.dir(path, &mut on_entry))
    }

    /// Reads the values at many paths, as [`Client::read_many`]: calls `on_value` for each path with its number, in
    /// their order. The iterator is cloned, to go on after a connection broke.
    ///
    /// # Errors
    /// [`Error`] if there is no connection, or if it broke and gave no value since it was made; the paths for which
    /// `on_value` was not called then have no value.
    pub async fn read_many<P, I>(
        &mut self,
        paths: I,
        mut on_value: impl FnMut(usize, Result<&[u8], ReadError>),
    ) -> Result<(), Error<N::Error>>
    where
        P: AsRef<[u8]>,
        I: IntoIterator<Item = P, IntoIter: Clone>,
    {
        let paths = paths.into_iter();
        let mut done = 0_usize;
        let mut again = AGAIN;
        loop {
            self.connect().await?;
            let first = done;
            let read = self.client.read_many(paths.clone().skip(first), |number, value| {
                let number = first.saturating_add(number);
                done = number.saturating_add(1);
                on_value(number, value);
            });
            let result = read.await;
            let has_worked = done > first;
            let goes_on = self.settle(&result) || (has_worked && result.as_ref().is_err_and(is_broken));
            if has_worked {
                again = AGAIN;
                self.failures = 0;
                self.not_before = Instant::ZERO;
            }
            if !goes_on || again == 0 {
                return result;
            }
            again = again.saturating_sub(1);
        }
    }

    /// Reads sensors, as [`Client::read_sensors`]: calls `on_reading` for each with its number, in their order.
    ///
    /// # Errors
    /// As [`read_many`](Self::read_many).
    pub async fn read_sensors(
        &mut self,
        sensors: &[Sensor<'_>],
        mut on_reading: impl FnMut(usize, Result<Reading<'_>, ReadingError>),
    ) -> Result<(), Error<N::Error>> {
        let flags = self.client.flags;
        self.read_many(sensors.iter().map(|sensor| sensor.path), |number, value| {
            if let Some(sensor) = sensors.get(number) {
                on_reading(number, sensor.reading(value, flags));
            }
        })
        .await
    }

    /// Any request, sent as it is, and its answer, as [`Client::exchange`].
    ///
    /// # Errors
    /// [`Error`], but not [`Error::Server`]: that is for `finish` to see.
    pub async fn exchange<V>(
        &mut self,
        request: &Request<'_>,
        mut on_entries: impl FnMut(Entries<'_>),
        finish: impl FnOnce(Reply<'_>) -> V,
    ) -> Result<V, Error<N::Error>> {
        let mut finish = Some(finish);
        let result = call!(
            self,
            self.client.exchange(request, &mut on_entries, |reply| finish.take().map(|finish| finish(reply)))
        );
        result?.ok_or(Error::Ended)
    }

    /// Looks at how a call ended. True if the connection only was too old, so that the call may be made again.
    fn settle<V>(&mut self, result: &Result<V, Error<N::Error>>) -> bool {
        self.last_used = (self.client.clock)();
        let goes_on = match result {
            Ok(_) | Err(Error::Server(_) | Error::Value(_) | Error::TooLong { .. }) => {
                self.failures = 0;
                false
            }
            Err(Error::Request(_) | Error::Send(_) | Error::Connect(_) | Error::ConnectTimedOut) => false,
            // Nothing was sent on a connection that had ended in peace.
            Err(Error::Ended) => true,
            Err(Error::Connection { resend, .. } | Error::Transport { resend, .. }) => {
                let is_stale = self.client.connection.error().is_some_and(ConnectionError::is_stale);
                if !is_stale {
                    self.failed();
                }
                is_stale && *resend == Resend::Safe
            }
        };
        // A socket that is of no use is given back at once.
        if !self.client.is_open() {
            self.close();
        }
        goes_on
    }

    fn failed(&mut self) {
        self.failures = self.failures.saturating_add(1);
        self.not_before = (self.client.clock)().saturating_add(self.backoff.delay_after(self.failures));
    }
}

/// Whether the connection broke, and not for want of time.
fn is_broken<E>(error: &Error<E>) -> bool {
    matches!(error, Error::Connection { .. } | Error::Transport { .. }) && !error.is_timeout()
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

/// A connection, or none: that is as one which has ended.
struct Stream<'n, N: TcpConnect + 'n>(Option<N::Connection<'n>>);

impl<N: TcpConnect> ErrorType for Stream<'_, N> {
    type Error = N::Error;
}

impl<N: TcpConnect> Read for Stream<'_, N> {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, N::Error> {
        match &mut self.0 {
            Some(stream) => stream.read(buffer).await,
            None => Ok(0),
        }
    }
}

impl<N: TcpConnect> Write for Stream<'_, N> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, N::Error> {
        match &mut self.0 {
            Some(stream) => stream.write(bytes).await,
            None => Ok(0),
        }
    }

    async fn flush(&mut self) -> Result<(), N::Error> {
        match &mut self.0 {
            Some(stream) => stream.flush().await,
            None => Ok(()),
        }
    }
}
