use core::fmt;

use owproto_core::client::{Connection, ServerCapabilities};
use owproto_core::wire::Flags;

use super::Transport;
use crate::macros::client::client_methods;
use crate::macros::completed;

/// A blocking client, over a [`Transport`].
///
/// A call returns when its answer has arrived. The client keeps the connection between calls if the server grants
/// that. Every failure ends the connection: further calls return [`Error::Ended`](crate::Error::Ended), until
/// [`reconnect`](Self::reconnect) or [`reset`](Self::reset) gives the client a new one.
///
/// # Deadlines
///
/// [Timeouts](owproto_core::client::Timeouts) are measured on the caller's clock. Whether a call can stop waiting
/// depends on the transport:
///
/// | transport | timeouts |
/// |---|---|
/// | `Read + Write` | None while a read waits: if the server goes silent for good, the call never returns. The client notices the total timeout when bytes arrive, at the latest with the next keepalive. |
/// | `Read + Write` whose reads fail with [`ErrorKind::TimedOut`](embedded_io::ErrorKind::TimedOut) after a while | Both, late by at most one read. |
/// | [`Polled`](super::Polled), over `Read + Write + ReadReady` | Both exactly, while the client waits for an answer. |
///
/// A write waits as long as the transport lets it. With requests of some dozens of bytes that only happens when the
/// peer no longer reads; give the transport a timeout of its own for this case.
///
/// # Type parameters
///
/// They have the order of the arguments of [`new`](Self::new):
///
/// | | is | for example |
/// |---|---|---|
/// | `T` | the transport | [`Polled<TcpSocket, fn()>`](super::Polled) |
/// | `C` | the clock | `fn() -> Instant`, or a closure |
/// | `S` | storage of the connection for requests that wait to be sent | `[u8; 128]` |
/// | `R` | storage of the connection for a value or an entry that arrives in pieces | `[u8; 64]` |
/// | `B` | the receive buffer | `[u8; 128]` |
/// | `DEPTH` | the most requests in flight | 4 |
///
/// ```
/// # use embedded_io::ErrorKind;
/// use owproto_core::client::Connection;
/// use owproto_core::text::{Value, ValueType};
/// use owproto_core::time::Instant;
/// use owproto_embedded::blocking::{Client, Polled};
/// # use owproto_core::wire::{Flags, Header};
/// # struct Socket { answer: Vec<u8>, is_asked: bool }
/// # impl embedded_io::ErrorType for Socket { type Error = ErrorKind; }
/// # impl embedded_io::ReadReady for Socket {
/// #     fn read_ready(&mut self) -> Result<bool, ErrorKind> { Ok(self.is_asked) }
/// # }
/// # impl embedded_io::Read for Socket {
/// #     fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
/// #         let bytes = std::mem::take(&mut self.answer);
/// #         buffer[..bytes.len()].copy_from_slice(&bytes);
/// #         Ok(bytes.len())
/// #     }
/// # }
/// # impl embedded_io::Write for Socket {
/// #     fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
/// #         self.is_asked = true;
/// #         Ok(bytes.len())
/// #     }
/// #     fn flush(&mut self) -> Result<(), ErrorKind> { Ok(()) }
/// # }
/// # let header = Header { payload: 4, code: 4, size: 4, flags: Flags::PERSISTENCE, ..Header::default() };
/// # let socket = Socket { answer: [&header.to_bytes()[..], b"21.5"].concat(), is_asked: false };
/// # fn micros() -> u64 { 0 }
/// # fn wait_for_interrupt() {}
///
/// let transport = Polled::new(socket, wait_for_interrupt);
/// let connection: Connection<_, _> = Connection::new([0; 96], [0; 64]);
/// let mut client = Client::new(transport, || Instant::from_micros(micros()), connection, [0; 64]);
///
/// let mut buffer = [0; 16];
/// let value = client.read_value("/10.67C6697351FF/temperature", ValueType::Temperature, &mut buffer)?;
/// assert_eq!(value, Value::Float(21.5));
/// # Ok::<(), owproto_embedded::Error<ErrorKind>>(())
/// ```
pub struct Client<T, C, S, R, B, const DEPTH: usize = 1> {
    transport: T,
    clock: C,
    connection: Connection<S, R, DEPTH>,
    receive: B,
    flags: Flags,
    capabilities: ServerCapabilities,
    /// Bytes were sent since the last flush.
    is_unflushed: bool,
}

// Methods: src/macros/client/.
client_methods!(completed, []);

// README.md states what it takes besides transport, clock and buffers, which are 256 bytes here.
#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<Client<(), (), [u8; 96], [u8; 32], [u8; 128]>>() <= 256 + 192);

impl<T, C, S, R, B, const DEPTH: usize> fmt::Debug for Client<T, C, S, R, B, DEPTH> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("flags", &self.flags).finish_non_exhaustive()
    }
}
