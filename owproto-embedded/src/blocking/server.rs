use core::fmt;

use owproto_core::server::Connection;

use super::Transport;
use crate::macros::completed;
use crate::macros::server::server;

/// An owserver that waits by itself, over a [`Transport`]: one connection at a time, one after the other.
///
/// It is made of a clock, a [`Connection`] with the memory that it works in, and a buffer to read into; all are used
/// again for each client. [`serve`](Self::serve) takes a transport with a client at its other end, and a
/// [`Service`](crate::Service), such as a [`Tree`](owproto_core::tree::Tree) over sensors.
///
/// While one client is served, others wait to be accepted: a client that keeps its connection keeps the server.
/// [`Persistence::Refuse`](owproto_core::server::Persistence::Refuse) gives each client one answer, and a short
/// [`idle_high`](owproto_core::server::Timeouts::idle_high) a little time.
///
/// # Timeouts
///
/// | what has to be done in time | `Read + Write` | … whose reads end with `ErrorKind::TimedOut` | [`Polled`](super::Polled) |
/// |---|---|---|---|
/// | keepalives while a sensor is slow | kept | kept | kept |
/// | waiting for a request, and within one | not kept: a read waits as long as the client likes | late by at most one read | kept |
/// | a client that reads nothing | as long as a write waits | as long as a write waits | as long as a write waits |
///
/// `Read + Write` spins while a sensor is not ready, `Polled` calls its idle function. The bus is given a waker that
/// does nothing: it is asked again anyway. The low idle timeout is for servers that count their connections; here it
/// has no effect.
///
/// ```
/// use owproto_core::server::{Connection, End};
/// use owproto_core::time::Instant;
/// use owproto_core::tree::Tree;
/// use owproto_core::tree::tester::Tester;
/// use owproto_embedded::blocking::Server;
/// # use embedded_io::ErrorKind;
/// # use owproto_core::Request;
/// # struct Socket { request: Vec<u8>, answer: Vec<u8> }
/// # impl embedded_io::ErrorType for Socket { type Error = ErrorKind; }
/// # impl embedded_io::Read for Socket {
/// #     fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
/// #         let bytes = std::mem::take(&mut self.request);
/// #         buffer[..bytes.len()].copy_from_slice(&bytes);
/// #         Ok(bytes.len())
/// #     }
/// # }
/// # impl embedded_io::Write for Socket {
/// #     fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
/// #         self.answer.extend(bytes);
/// #         Ok(bytes.len())
/// #     }
/// #     fn flush(&mut self) -> Result<(), ErrorKind> { Ok(()) }
/// # }
/// # let mut buffer = [0; 64];
/// # let request = Request::read("/28.000028D70100/temperature")?.encode(&mut buffer)?.to_vec();
/// # let mut socket = Socket { request, answer: Vec::new() };
/// # fn micros() -> u64 { 0 }
///
/// // A bus of your own in place of the tester's.
/// let mut tree = Tree::new(Tester::new(&[0x10, 0x28]));
/// let connection = Connection::new([0; 256], [0; 128]);
/// let mut server = Server::new(|| Instant::from_micros(micros()), connection, [0; 64]);
/// // For each client that connects:
/// assert_eq!(server.serve(&mut socket, &mut tree), Ok(End::Answered));
/// # assert_eq!(&socket.answer[24..], b"         4.1");
/// # Ok::<(), owproto_core::RequestError>(())
/// ```
pub struct Server<C, S, R, B> {
    clock: C,
    connection: Connection<S, R>,
    receive: B,
}

server!(completed, []);

// Besides the clock and the buffers, as the README says.
#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<Server<(), [u8; 96], [u8; 64], [u8; 96]>>() <= 256 + 232);

impl<C, S, R, B> fmt::Debug for Server<C, S, R, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").finish_non_exhaustive()
    }
}
