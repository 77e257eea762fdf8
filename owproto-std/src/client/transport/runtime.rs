//! What the client needs of an operating system or an asynchronous runtime: sockets, host names, a clock, semaphores.
//!
//! Everything above is written once, as `async` code. On blocking sockets every wait blocks the thread, so a future is
//! ready when it is polled for the first time.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use owproto_core::time::{self, Instant};

/// Sockets, host names, a clock and semaphores.
pub(crate) trait Runtime: Send + Sync + 'static {
    /// Whether its waits block the thread, so that [`poll_once`] completes every future.
    const BLOCKS: bool;

    type Stream: Stream;
    type Semaphore: Semaphore;

    /// The current time of this runtime's clock.
    fn now() -> Instant;

    /// All addresses of a host. Fails with [`io::ErrorKind::TimedOut`] after `wait`; `None` is no limit.
    fn resolve(
        host: &str,
        port: u16,
        wait: Option<Duration>,
    ) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send;

    /// Connects to one address. Fails with [`io::ErrorKind::TimedOut`] after `wait`; `None` is no limit.
    fn connect(
        address: SocketAddr,
        wait: Option<Duration>,
    ) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

/// A connected socket. Its timeouts are the protocol's, in whole microseconds, which are cheap to compare.
pub(crate) trait Stream: Send + 'static {
    /// Reads as [`read`](Self::read) does, by blocking the thread. `None` if this kind of socket does not block.
    fn read_blocking(
        &mut self,
        buffer: &mut [u8],
        wait: Option<time::Duration>,
    ) -> Option<io::Result<Option<usize>>>;

    /// Waits for bytes and reads what has arrived, at least one byte; 0 at the end of the stream. `None` after `wait`.
    fn read(
        &mut self,
        buffer: &mut [u8],
        wait: Option<time::Duration>,
    ) -> impl Future<Output = io::Result<Option<usize>>> + Send;

    /// Writes what fits the socket's buffer now, at least one byte. `None` if nothing fits, or if this kind of socket cannot
    /// write without waiting; then call [`write`](Self::write).
    fn try_write(&mut self, bytes: &[u8]) -> io::Result<Option<usize>>;

    /// Waits for space in the socket's buffer and writes at least one byte. `None` after `wait`.
    fn write(
        &mut self,
        bytes: &[u8],
        wait: Option<time::Duration>,
    ) -> impl Future<Output = io::Result<Option<usize>>> + Send;

    /// Makes the kernel acknowledge the next data without delay (`TCP_QUICKACK`).
    ///
    /// owserver writes each entry of a DIR listing, and each of several replies, separately, and leaves Nagle's algorithm
    /// on. So it holds the second one back until the first is acknowledged, which the kernel here would delay by 40 ms.
    fn acknowledge_without_delay(&self);

    /// Whether an idle connection can no longer be used: the peer has closed it, or sent data without a request.
    fn is_stale(&self) -> bool;
}

/// A counting semaphore for the calls that wait for others. It begins without permits.
pub(crate) trait Semaphore: Default + Send + Sync + 'static {
    /// Waits for a permit and takes it. False after `wait`.
    fn acquire(&self, wait: Option<Duration>) -> impl Future<Output = bool> + Send;

    /// Adds a permit.
    fn release(&self);
}

/// The output of a future whose waits all [block](Runtime::BLOCKS).
#[inline]
pub(crate) fn poll_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("a blocking call returned before it was complete"),
    }
}

/// A time of the standard library's clock, counted from the first use in this process.
#[cfg(any(feature = "tokio", not(any(target_os = "linux", target_os = "android"))))]
pub(super) fn since_first_use(time: std::time::Instant) -> Instant {
    static FIRST_USE: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    let since = time.saturating_duration_since(*FIRST_USE.get_or_init(|| time));
    // `as_micros` would divide 128 bits.
    Instant::from_micros(
        since.as_secs().saturating_mul(1_000_000).saturating_add(u64::from(since.subsec_micros())),
    )
}

/// Whether a socket has data, an error, or the end of its stream to read. The socket may be in blocking mode.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn has_input<S: rustix::fd::AsFd>(socket: &S, _is_nonblocking: bool) -> bool {
    use rustix::net::RecvFlags;
    let found = rustix::net::recv(socket, &mut [0_u8; 1], RecvFlags::PEEK | RecvFlags::DONTWAIT);
    !matches!(found, Err(rustix::io::Errno::AGAIN))
}

/// Whether a socket has data, an error, or the end of its stream to read. The socket may be in blocking mode.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn has_input<'s, S>(socket: &'s S, is_nonblocking: bool) -> bool
where
    socket2::SockRef<'s>: From<&'s S>,
{
    let socket = socket2::SockRef::from(socket);
    if !is_nonblocking && socket.set_nonblocking(true).is_err() {
        return true;
    }
    let mut byte = [std::mem::MaybeUninit::uninit()];
    let is_quiet = matches!(socket.peek(&mut byte), Err(error) if error.kind() == io::ErrorKind::WouldBlock);
    let restored = is_nonblocking || socket.set_nonblocking(false).is_ok();
    !(is_quiet && restored)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn acknowledge_without_delay<'s, S>(socket: &'s S)
where
    socket2::SockRef<'s>: From<&'s S>,
{
    // An error costs speed only.
    let _ = socket2::SockRef::from(socket).set_tcp_quickack(true);
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn acknowledge_without_delay<S>(_socket: &S) {}
