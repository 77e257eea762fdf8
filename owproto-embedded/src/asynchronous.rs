//! The asynchronous client, over `embedded_io_async::{Read, Write}`. It needs no executor of its own.

use core::fmt;
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;

use embedded_hal_async::delay::DelayNs;
use embedded_io_async::{Read, Write};
use owproto_core::client::{Connection, Refusals};
use owproto_core::time::{Duration, Instant};
use owproto_core::wire::Flags;

use crate::client::client;

/// A client whose calls are futures, over a [`Transport`].
///
/// The connection is kept between calls if the server grants it; it ends with every failure, and the client says so
/// ([`Error::Ended`](crate::Error::Ended)) until it is [told](Self::reconnect) of a new one.
///
/// # Deadlines
///
/// [`Timed`] puts a delay beside the transport: then both [timeouts](owproto_core::client::Timeouts) are kept exactly.
/// Without it the total timeout is noticed when bytes come, and a server that goes silent for good has to be left by
/// dropping the future (embassy's `with_timeout` does that).
///
/// # Dropping a future
///
/// The future of a call may be dropped at any time. If it was under way, part of the request may be on the wire and
/// the answer may still come, so the connection has ended: the next call sends nothing and gives
/// [`Error::Ended`](crate::Error::Ended), until there is a new connection. A late answer is never taken for that of
/// another request. A future that was never polled has changed nothing.
///
/// ```
/// # use embedded_io::ErrorKind;
/// use owproto_core::client::Connection;
/// use owproto_core::time::Instant;
/// use owproto_embedded::asynchronous::{Client, Timed};
/// # use owproto_core::wire::{Flags, Header};
/// # let header = Header { payload: 4, code: 4, size: 4, flags: Flags::PERSISTENCE, ..Header::default() };
/// # struct Socket(Vec<u8>);
/// # impl embedded_io::ErrorType for Socket { type Error = ErrorKind; }
/// # impl embedded_io_async::Read for Socket {
/// #     async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Self::Error> {
/// #         let bytes = std::mem::take(&mut self.0);
/// #         buffer[..bytes.len()].copy_from_slice(&bytes);
/// #         Ok(bytes.len())
/// #     }
/// # }
/// # impl embedded_io_async::Write for Socket {
/// #     async fn write(&mut self, bytes: &[u8]) -> Result<usize, Self::Error> { Ok(bytes.len()) }
/// #     async fn flush(&mut self) -> Result<(), Self::Error> { Ok(()) }
/// # }
/// # let socket = Socket([&header.to_bytes()[..], b"12.5"].concat());
/// # struct Delay;
/// # impl embedded_hal_async::delay::DelayNs for Delay { async fn delay_ns(&mut self, _: u32) {} }
/// # fn micros() -> u64 { 0 }
/// # let example = async {
///
/// let transport = Timed::new(socket, Delay);
/// let connection: Connection<_, _> = Connection::new([0; 96], [0; 64]);
/// let mut client = Client::new(transport, || Instant::from_micros(micros()), connection, [0; 64]);
///
/// let mut buffer = [0; 16];
/// assert_eq!(client.read("/10.67C6697351FF/temperature", &mut buffer).await?, b"12.5");
/// # Ok::<(), owproto_embedded::Error<ErrorKind>>(()) };
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(example).unwrap();
/// ```
pub struct Client<T, C, S, R, B, const DEPTH: usize = 1> {
    transport: T,
    clock: C,
    connection: Connection<S, R, DEPTH>,
    receive: B,
    flags: Flags,
    refusals: Refusals,
    is_unflushed: bool,
}

macro_rules! awaited {
    ($future:expr) => {
        $future.await
    };
}

client!(awaited, [async]);

impl<T, C, S, R, B, const DEPTH: usize> fmt::Debug for Client<T, C, S, R, B, DEPTH> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("flags", &self.flags).finish_non_exhaustive()
    }
}

/// A connected byte stream, as the client sees it.
///
/// Everything that is `Read` and `Write` is one; [`Timed`] makes one that keeps deadlines. Implement it for a transport
/// with its own way to wait.
#[allow(
    async_fn_in_trait,
    reason = "as in embedded-io-async: executors of firmware move no futures between threads"
)]
pub trait Transport {
    /// The transport's own error.
    type Error;

    /// Reads what is there, at least a byte; 0 at the end. `None` if nothing came before `deadline`, or earlier: the
    /// client looks at the clock and asks again.
    ///
    /// # Errors
    /// The transport's own: the connection has ended.
    async fn receive<C: FnMut() -> Instant>(
        &mut self,
        buffer: &mut [u8],
        deadline: Option<Instant>,
        clock: &mut C,
    ) -> Result<Option<usize>, Self::Error>;

    /// Takes at least one of `bytes`. `None` as in [`receive`](Self::receive).
    ///
    /// # Errors
    /// The transport's own: the connection has ended.
    async fn send<C: FnMut() -> Instant>(
        &mut self,
        bytes: &[u8],
        deadline: Option<Instant>,
        clock: &mut C,
    ) -> Result<Option<usize>, Self::Error>;

    /// Sees to it that what was taken is sent. `None` as in [`receive`](Self::receive).
    ///
    /// # Errors
    /// The transport's own: the connection has ended.
    async fn flush<C: FnMut() -> Instant>(
        &mut self,
        deadline: Option<Instant>,
        clock: &mut C,
    ) -> Result<Option<()>, Self::Error>;

    /// Whether a read would not wait. False where that cannot be told.
    ///
    /// # Errors
    /// The transport's own: the connection has ended.
    fn has_input(&mut self) -> Result<bool, Self::Error> {
        Ok(false)
    }
}

impl<T: Read + Write> Transport for T {
    type Error = T::Error;

    async fn receive<C: FnMut() -> Instant>(
        &mut self,
        buffer: &mut [u8],
        _deadline: Option<Instant>,
        _clock: &mut C,
    ) -> Result<Option<usize>, Self::Error> {
        self.read(buffer).await.map(Some)
    }

    async fn send<C: FnMut() -> Instant>(
        &mut self,
        bytes: &[u8],
        _deadline: Option<Instant>,
        _clock: &mut C,
    ) -> Result<Option<usize>, Self::Error> {
        self.write(bytes).await.map(Some)
    }

    async fn flush<C: FnMut() -> Instant>(
        &mut self,
        _deadline: Option<Instant>,
        _clock: &mut C,
    ) -> Result<Option<()>, Self::Error> {
        Write::flush(self).await.map(Some)
    }
}

/// A transport with a delay beside it, so that deadlines are kept exactly: reads, writes and flushes are dropped when
/// their time is over. (The connection has failed then, so it does not matter what a dropped read had taken.)
#[derive(Clone, Copy, Debug)]
pub struct Timed<T, D> {
    transport: T,
    delay: D,
}

impl<T: Read + Write, D: DelayNs> Timed<T, D> {
    /// Puts `delay` beside `transport`.
    pub const fn new(transport: T, delay: D) -> Self {
        Self { transport, delay }
    }
}

impl<T, D> Timed<T, D> {
    /// The transport below.
    pub const fn transport(&mut self) -> &mut T {
        &mut self.transport
    }

    /// Gives transport and delay back.
    pub fn into_parts(self) -> (T, D) {
        (self.transport, self.delay)
    }
}

impl<T: Read + Write, D: DelayNs> Transport for Timed<T, D> {
    type Error = T::Error;

    async fn receive<C: FnMut() -> Instant>(
        &mut self,
        buffer: &mut [u8],
        deadline: Option<Instant>,
        clock: &mut C,
    ) -> Result<Option<usize>, Self::Error> {
        before(self.transport.read(buffer), deadline, clock, &mut self.delay).await.transpose()
    }

    async fn send<C: FnMut() -> Instant>(
        &mut self,
        bytes: &[u8],
        deadline: Option<Instant>,
        clock: &mut C,
    ) -> Result<Option<usize>, Self::Error> {
        before(self.transport.write(bytes), deadline, clock, &mut self.delay).await.transpose()
    }

    async fn flush<C: FnMut() -> Instant>(
        &mut self,
        deadline: Option<Instant>,
        clock: &mut C,
    ) -> Result<Option<()>, Self::Error> {
        before(self.transport.flush(), deadline, clock, &mut self.delay).await.transpose()
    }
}

/// The output of a future, or `None` if it is not there at the deadline.
async fn before<F: Future, C: FnMut() -> Instant>(
    future: F,
    deadline: Option<Instant>,
    clock: &mut C,
    delay: &mut impl DelayNs,
) -> Option<F::Output> {
    let Some(deadline) = deadline else { return Some(future.await) };
    let mut future = pin!(future);
    loop {
        let left = deadline.since(clock());
        // Rather more than an hour at once.
        let micros = u32::try_from(left.as_micros()).unwrap_or(u32::MAX);
        let mut delay = pin!(delay.delay_us(micros));
        let output = poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == Duration::ZERO => Poll::Ready(None),
            Poll::Pending => delay.as_mut().poll(context).map(|()| None),
        });
        match output.await {
            Some(output) => return Some(output),
            None if left == Duration::ZERO => return None,
            // Perhaps it was woken early: the clock decides.
            None => {}
        }
    }
}
