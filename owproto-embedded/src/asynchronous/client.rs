use core::fmt;

use owproto_core::client::{Connection, ServerCapabilities};
use owproto_core::wire::Flags;

use super::Transport;
use crate::macros::awaited;
use crate::macros::client::client;

/// A client whose calls are futures, over a [`Transport`].
///
/// The connection is kept between calls if the server grants it; it ends with every failure, and the client says so
/// ([`Error::Ended`](crate::Error::Ended)) until it is [told](Self::reconnect) of a new one.
///
/// # Deadlines
///
/// [`Timed`](super::Timed) puts a delay beside the transport: then both [timeouts](owproto_core::client::Timeouts) are kept exactly.
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
    pub(super) transport: T,
    pub(super) clock: C,
    pub(super) connection: Connection<S, R, DEPTH>,
    receive: B,
    pub(super) flags: Flags,
    refusals: ServerCapabilities,
    is_unflushed: bool,
}

client!(awaited, [async]);

// Besides the transport, the clock and the buffers, as the README says.
#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<Client<(), (), [u8; 96], [u8; 32], [u8; 128]>>() <= 256 + 192);

impl<T, C, S, R, B, const DEPTH: usize> fmt::Debug for Client<T, C, S, R, B, DEPTH> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("flags", &self.flags).finish_non_exhaustive()
    }
}
