use core::fmt;

use owproto_core::server::Connection;

use super::Transport;
use crate::macros::awaited;
use crate::macros::server::server;

/// An owserver whose connections are futures, over a [`Transport`].
///
/// It is made of a clock, a [`Connection`] with the memory that it works in, and a buffer to read into; all are used
/// again for each client. [`serve`](Self::serve) takes a transport with a client at its other end, and a
/// [`Service`](crate::Service), such as a [`Tree`](owproto_core::tree::Tree) over sensors.
///
/// # Several clients at once
///
/// Each connection that is served at the same time has a `Server` of its own, and they share the tree as
/// `&RefCell<Tree<_>>`. It is borrowed while the tree works, and never across an `await`; a sensor that is not ready
/// keeps nobody from being served.
///
/// A client that keeps its connection keeps its place. If there are few,
/// [`Persistence::Refuse`](owproto_core::server::Persistence::Refuse) gives each client one answer, and a short
/// [`idle_high`](owproto_core::server::Timeouts::idle_high) a little time.
///
/// # Timeouts
///
/// With [`Timed`](super::Timed) all of the [timeouts](owproto_core::server::Timeouts) are kept exactly, and keepalives are
/// sent while a sensor is slow. Over `Read + Write` alone nothing ends a wait: a keepalive is only sent when the bus
/// wakes the task, and a client that is silent is waited for until the future is dropped. The low idle timeout is for
/// servers that count their connections; here it has no effect.
///
/// # Dropping the future
///
/// The future of [`serve`](Self::serve) may be dropped at any time: what was begun on the bus is given up
/// ([`Bus::cancel`](owproto_core::tree::Bus::cancel)), and the next call begins anew. Close the transport then, since the
/// client may have got half of an answer.
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
/// // A bus of your own in place of the tester's.
/// let tree = RefCell::new(Tree::new(Tester::new(&[0x10, 0x28])));
/// // In each task that takes clients:
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

server!(awaited, [async]);

// Besides the clock and the buffers, as the README says.
#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<Server<(), [u8; 96], [u8; 64], [u8; 96]>>() <= 256 + 232);

impl<C, S, R, B> fmt::Debug for Server<C, S, R, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").finish_non_exhaustive()
    }
}
