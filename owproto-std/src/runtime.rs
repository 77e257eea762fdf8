//! What the client needs of the machine below it. Everything above is written once, as `async` code; on blocking
//! sockets its futures are ready at the first poll.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use owproto_core::time::{self, Instant};

/// Sockets, names and waiting.
pub(crate) trait Runtime: Send + Sync + 'static {
    /// Whether all its futures are [ready] at the first poll, because they wait by blocking.
    const BLOCKS: bool;

    type Stream: Stream;
    type Gate: Gate;

    /// The moment, on this runtime's clock.
    fn now() -> Instant;

    /// All addresses of a host. Gives up with [`io::ErrorKind::TimedOut`] after `wait`.
    fn resolve(
        host: &str,
        port: u16,
        wait: Option<Duration>,
    ) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send;

    /// What [`connect`](Self::connect) gives, where it waits by blocking. `None` where it needs a future; then `connect`.
    fn connect_at_once(address: SocketAddr, wait: Option<Duration>) -> Option<io::Result<Self::Stream>>;

    /// A connection to one address. Gives up with [`io::ErrorKind::TimedOut`] after `wait`.
    fn connect(
        address: SocketAddr,
        wait: Option<Duration>,
    ) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

/// A connected socket. Its waits are those of the protocol, in whole microseconds, which are cheap to compare.
pub(crate) trait Stream: Send + 'static {
    /// What [`read`](Self::read) gives, from a socket that waits by blocking. `None` from one that needs a future for
    /// that; then `read` it.
    fn read_at_once(
        &mut self,
        buffer: &mut [u8],
        wait: Option<time::Duration>,
    ) -> Option<io::Result<Option<usize>>>;

    /// Reads what is there, at least a byte; 0 at the end. `None` if `wait` passes before.
    fn read(
        &mut self,
        buffer: &mut [u8],
        wait: Option<time::Duration>,
    ) -> impl Future<Output = io::Result<Option<usize>>> + Send;

    /// Writes what can be written without waiting, at least a byte. `None` if that is nothing, or if this kind of
    /// socket cannot tell; then [`write`](Self::write) it.
    fn write_at_once(&mut self, bytes: &[u8]) -> io::Result<Option<usize>>;

    /// Writes what can be written, at least a byte. `None` if `wait` passes before.
    fn write(
        &mut self,
        bytes: &[u8],
        wait: Option<time::Duration>,
    ) -> impl Future<Output = io::Result<Option<usize>>> + Send;

    /// Has the next data acknowledged at once.
    ///
    /// owserver sends each entry of a DIR listing, and each of several replies, with a write of its own and leaves
    /// Nagle's algorithm on: it holds the second one back until the first is acknowledged, and the kernel here would
    /// wait 40 ms with that.
    fn acknowledge_at_once(&self);

    /// Whether an idle connection is of no use any more: the peer has closed it, or sent what nobody asked for.
    fn is_spoilt(&self) -> bool;
}

/// Where a call waits for others: a semaphore, without places at first.
pub(crate) trait Gate: Default + Send + Sync + 'static {
    /// Waits for a place. False if `wait` passes before.
    fn enter(&self, wait: Option<Duration>) -> impl Future<Output = bool> + Send;

    /// Lets one in.
    fn leave(&self);
}

/// The value of a future that waits for nothing but blocking calls.
#[inline]
pub(crate) fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("a blocking call came back before it was done"),
    }
}

/// A moment of the standard library's clock, counted from the first use in this process.
#[cfg(any(feature = "tokio", not(any(target_os = "linux", target_os = "android"))))]
pub(crate) fn since_start(moment: std::time::Instant) -> Instant {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    let since = moment.saturating_duration_since(*START.get_or_init(|| moment));
    // Without a division by 128 bits, as `as_micros` has it.
    Instant::from_micros(
        since.as_secs().saturating_mul(1_000_000).saturating_add(u64::from(since.subsec_micros())),
    )
}

/// Whether a socket that should be quiet has something to say. The socket need not be in non-blocking mode.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn has_input<S: rustix::fd::AsFd>(socket: &S, _is_nonblocking: bool) -> bool {
    use rustix::net::RecvFlags;
    let found = rustix::net::recv(socket, &mut [0_u8; 1], RecvFlags::PEEK | RecvFlags::DONTWAIT);
    !matches!(found, Err(rustix::io::Errno::AGAIN))
}

/// Whether a socket that should be quiet has something to say. The socket need not be in non-blocking mode.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn has_input<'s, S>(socket: &'s S, is_nonblocking: bool) -> bool
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
pub(crate) fn acknowledge_at_once<'s, S>(socket: &'s S)
where
    socket2::SockRef<'s>: From<&'s S>,
{
    // Only a matter of speed: an error changes nothing else.
    let _ = socket2::SockRef::from(socket).set_tcp_quickack(true);
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn acknowledge_at_once<S>(_socket: &S) {}
