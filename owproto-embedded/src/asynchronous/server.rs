use core::fmt;

use owproto_core::server::Connection;

use super::Transport;
use crate::macros::awaited;
use crate::macros::server::server_methods;

/// An asynchronous owserver, over a [`Transport`].
///
/// It consists of a clock (`C`), a [`Connection`] with its storage for answers (`S`) and for a request (`R`), and a
/// receive buffer (`B`). All of these are reused for the next client. [`serve`](Self::serve) takes a transport on which
/// a client has connected, and a [`Service`](crate::Service), such as a [`Tree`](owproto_core::tree::Tree) over sensors.
///
/// # Several clients at the same time
///
/// Each of them needs a `Server`. The servers share one tree as `&RefCell<Tree<_>>`. It is borrowed while the tree
/// works, and never across an `await`: a sensor that is not ready delays only the clients that wait for it.
///
/// A client that keeps its connection occupies a server. With
/// [`Persistence::Refuse`](owproto_core::server::Persistence::Refuse) every client gets one answer per connection; a
/// short [`idle_high`](owproto_core::server::Timeouts::idle_high) limits how long an idle client may stay.
///
/// # Timeouts
///
/// Over [`Timed`](super::Timed) all [timeouts](owproto_core::server::Timeouts) are exact, and keepalives are sent while
/// a sensor is slow. Over `Read + Write` alone nothing interrupts a wait: a keepalive is sent only when the bus wakes the
/// task, and a silent client is waited for until the future is dropped. The low idle timeout has no effect: it is for
/// servers that count their connections.
///
/// # Dropping the future
///
/// The future of [`serve`](Self::serve) may be dropped at any time. This cancels the work on the bus
/// ([`Bus::cancel`](owproto_core::tree::Bus::cancel)). Then close the transport, because the client may have received
/// half of an answer; the server itself can serve the next client.
///
/// ```
/// use core::cell::RefCell;
/// use owproto_core::server::{Connection, End};
/// use owproto_core::time::Instant;
/// use owproto_core::tree::Tree;
/// use owproto_core::tree::tester::Tester;
/// use owproto_embedded::asynchronous::{Server, Timed};
/// # use embedded_io::ErrorKind;
/// # use owproto_core::Request;
/// # struct Socket { request: Vec<u8>, answer: Vec<u8> }
/// # impl embedded_io::ErrorType for Socket { type Error = ErrorKind; }
/// # impl embedded_io_async::Read for Socket {
/// #     async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
/// #         let bytes = std::mem::take(&mut self.request);
/// #         buffer[..bytes.len()].copy_from_slice(&bytes);
/// #         Ok(bytes.len())
/// #     }
/// # }
/// # impl embedded_io_async::Write for Socket {
/// #     async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
/// #         self.answer.extend(bytes);
/// #         Ok(bytes.len())
/// #     }
/// #     async fn flush(&mut self) -> Result<(), ErrorKind> { Ok(()) }
/// # }
/// # struct Delay;
/// # impl embedded_hal_async::delay::DelayNs for Delay { async fn delay_ns(&mut self, _: u32) {} }
/// # let mut buffer = [0; 64];
/// # let request = Request::read("/28.000028D70100/temperature")?.encode(&mut buffer)?.to_vec();
/// # let socket = Socket { request, answer: Vec::new() };
/// # fn micros() -> u64 { 0 }
/// # let example = async {
///
/// // The tester stands in for your bus.
/// let tree = RefCell::new(Tree::new(Tester::new(&[0x10, 0x28])));
/// // In each task that serves clients:
/// let connection = Connection::new([0; 256], [0; 128]);
/// let mut server = Server::new(|| Instant::from_micros(micros()), connection, [0; 64]);
/// // For each client that connects:
/// let mut transport = Timed::new(socket, Delay);
/// assert_eq!(server.serve(&mut transport, &tree).await, Ok(End::Answered));
/// # assert_eq!(&transport.transport().answer[24..], b"         4.1");
/// # };
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(example);
/// # Ok::<(), owproto_core::RequestError>(())
/// ```
pub struct Server<C, S, R, B> {
    clock: C,
    connection: Connection<S, R>,
    receive: B,
}

// Methods: src/macros/server.rs.
server_methods!(awaited, [async]);

// README.md states what it takes besides clock and buffers, which are 256 bytes here.
#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<Server<(), [u8; 96], [u8; 64], [u8; 96]>>() <= 256 + 232);

impl<C, S, R, B> fmt::Debug for Server<C, S, R, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").finish_non_exhaustive()
    }
}
