use core::fmt;

use owproto_core::client::{Connection, ServerCapabilities};
use owproto_core::wire::Flags;

use super::Transport;
use crate::macros::client::client;
use crate::macros::completed;

/// A client that waits by itself, over a [`Transport`].
///
/// A call returns when its answer is there. The connection is kept between calls if the server grants it; it ends
/// with every failure, and the client says so ([`Error::Ended`](crate::Error::Ended)) until it is
/// [told](Self::reconnect) of a new one.
///
/// # Deadlines
///
/// The [timeouts](owproto_core::client::Timeouts) are counted on the clock that the caller gives, but only a transport
/// that comes back can be stopped waiting for:
///
/// | transport | what is kept |
/// |---|---|
/// | `Read + Write` | Nothing while a read waits: if the server goes silent for good, the call never returns. The total timeout is noticed when bytes come, the next keepalive at the latest. |
/// | the same, with reads that end with [`ErrorKind::TimedOut`](embedded_io::ErrorKind::TimedOut) by themselves | Both timeouts, late by at most one such read. |
/// | [`Polled`](super::Polled), over `Read + Write + ReadReady` | Both timeouts, exactly, while it waits for an answer. |
///
/// With all of them a write waits as long as the transport lets it: for a request of some dozens of bytes that is only
/// a matter of a peer that is gone, and of the transport's own timeout.
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
    refusals: ServerCapabilities,
    is_unflushed: bool,
}

client!(completed, []);

// Besides the transport, the clock and the buffers, as the README says.
#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<Client<(), (), [u8; 96], [u8; 32], [u8; 128]>>() <= 256 + 192);

impl<T, C, S, R, B, const DEPTH: usize> fmt::Debug for Client<T, C, S, R, B, DEPTH> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("flags", &self.flags).finish_non_exhaustive()
    }
}
