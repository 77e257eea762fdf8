use core::fmt;

use owproto_core::client::{Connection, ServerCapabilities};
use owproto_core::wire::Flags;

use super::Transport;
use crate::macros::awaited;
use crate::macros::client::client_methods;

/// An asynchronous client, over a [`Transport`].
///
/// The client keeps the connection between calls if the server grants that. Every failure ends the connection: further
/// calls return [`Error::Ended`](crate::Error::Ended), until [`reconnect`](Self::reconnect) or [`reset`](Self::reset)
/// gives the client a new one.
///
/// # Deadlines
///
/// Over [`Timed`](super::Timed), a transport with a delay, both [timeouts](owproto_core::client::Timeouts) are exact.
/// Over `Read + Write` alone the client notices the total timeout when bytes arrive. If the server goes silent for good,
/// the caller has to drop the future, with embassy's `with_timeout` for example.
///
/// # Dropping a future
///
/// The future of a call may be dropped at any time. If it has been polled, part of the request may be on the wire, and
/// the answer may still come. So this ends the connection: the next call sends nothing and returns
/// [`Error::Ended`](crate::Error::Ended), until there is a new connection. A late answer is never matched to another
/// request. Dropping a future that has never been polled changes nothing.
///
/// # Type parameters
///
/// They have the order of the arguments of [`new`](Self::new):
///
/// | | is | for example |
/// |---|---|---|
/// | `T` | the transport | [`Timed<TcpSocket, Delay>`](super::Timed) |
/// | `C` | the clock | `fn() -> Instant`, or a closure |
/// | `S` | storage of the connection for requests that wait to be sent | `[u8; 128]` |
/// | `R` | storage of the connection for a value or an entry that arrives in pieces | `[u8; 64]` |
/// | `B` | the receive buffer | `[u8; 128]` |
/// | `DEPTH` | the most requests in flight | 4 |
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
    pub(super) transport: T,
    pub(super) clock: C,
    pub(super) connection: Connection<S, R, DEPTH>,
    receive: B,
    pub(super) flags: Flags,
    capabilities: ServerCapabilities,
    /// Bytes were sent since the last flush.
    is_unflushed: bool,
}

// Methods: src/macros/client/.
client_methods!(awaited, [async]);

// README.md states what it takes besides transport, clock and buffers, which are 256 bytes here.
#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<Client<(), (), [u8; 96], [u8; 32], [u8; 128]>>() <= 256 + 192);

impl<T, C, S, R, B, const DEPTH: usize> fmt::Debug for Client<T, C, S, R, B, DEPTH> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("flags", &self.flags).finish_non_exhaustive()
    }
}
