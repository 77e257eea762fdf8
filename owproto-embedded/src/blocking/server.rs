use core::fmt;

use owproto_core::server::Connection;

use super::Transport;
use crate::macros::completed;
use crate::macros::server::server_methods;

/// A blocking owserver, over a [`Transport`]: it serves one client after the other.
///
/// It consists of a clock (`C`), a [`Connection`] with its storage for answers (`S`) and for a request (`R`), and a
/// receive buffer (`B`). All of these are reused for the next client. [`serve`](Self::serve) takes a transport on which
/// a client has connected, and a [`Service`](crate::Service), such as a [`Tree`](owproto_core::tree::Tree) over sensors.
///
/// While it serves one client, the others wait to be accepted: a client that keeps its connection occupies the server.
/// With [`Persistence::Refuse`](owproto_core::server::Persistence::Refuse) every client gets one answer per connection;
/// a short [`idle_high`](owproto_core::server::Timeouts::idle_high) limits how long an idle client may stay.
///
/// # Timeouts
///
/// | | `Read + Write` | `Read + Write` whose reads fail with `ErrorKind::TimedOut` | [`Polled`](super::Polled) |
/// |---|---|---|---|
/// | keepalives while a sensor is slow | yes | yes | yes |
/// | waiting for a request, or for the rest of one | no: a read waits without limit | late by at most one read | exact |
/// | a client that does not read | as long as a write waits | as long as a write waits | as long as a write waits |
///
/// While a sensor is not ready, the server spins over `Read + Write`, and calls the idle function over `Polled`. The
/// bus gets a waker that does nothing, because the server polls it anyway. The low idle timeout has no effect: it is
/// for servers that count their connections.
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
/// // The tester stands in for your bus.
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

// Methods: src/macros/server.rs.
server_methods!(completed, []);

// README.md states what it takes besides clock and buffers, which are 256 bytes here.
#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<Server<(), [u8; 96], [u8; 64], [u8; 96]>>() <= 256 + 232);

impl<C, S, R, B> fmt::Debug for Server<C, S, R, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").finish_non_exhaustive()
    }
}
