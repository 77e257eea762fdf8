use core::cell::RefCell;
use core::convert::Infallible;
use core::fmt;

use embassy_net::tcp::{AcceptError, Error, TcpSocket};
use embassy_time::{Delay, Duration};
use embedded_io_async::{ErrorType, Read, Write};
use owproto_core::Storage;
use owproto_core::server::Connection;

use super::clock::now;
use super::persistent_slots::{LimitPersistence, PersistentSlots};
use super::socket;
use crate::asynchronous::{Server, Timed};
use crate::{ServeError, Service, tcp_timeouts};

/// Serves the clients of a port on one TCP socket, one after the other. The future only completes with an error.
///
/// To serve several clients at the same time, run one such future for each, with a socket, a connection and a receive
/// buffer of its own. They share the service, such as a [`Tree`](owproto_core::tree::Tree) over your bus, and the
/// [`PersistentSlots`]. While all sockets are in use, further clients are refused.
///
/// Timeouts, antiloop token, limits and buffers are those of `connection`. All timeouts are exact but
/// [`idle_low`](owproto_core::server::Timeouts::idle_low), which has no effect: a client with a persistent connection
/// occupies its socket until [`idle_high`](owproto_core::server::Timeouts::idle_high) has passed. TCP keepalives reveal
/// a client that is gone, after a minute.
///
/// The future may be dropped at any time; the owner of the socket then has to abort it.
///
/// ```
/// use core::cell::RefCell;
/// use embassy_net::Stack;
/// use embassy_net::tcp::TcpSocket;
/// use owproto_embedded::owproto_core::server::Connection;
/// use owproto_embedded::owproto_core::tree::{Tree, tester::Tester};
/// use owproto_embedded::embassy_net::{PersistentSlots, serve};
///
/// type Sensors = Tree<Tester<'static>>; // your bus
///
/// // With embassy-executor: #[embassy_executor::task(pool_size = 4)]
/// async fn serve_clients(stack: Stack<'static>, sensors: &'static RefCell<Sensors>, slots: &'static PersistentSlots) {
///     let (mut receive, mut transmit) = ([0; 512], [0; 512]);
///     let mut socket = TcpSocket::new(stack, &mut receive, &mut transmit);
///     let connection = Connection::new([0; 256], [0; 300]);
///     let Err(error) = serve(&mut socket, 4304, connection, [0; 128], sensors, slots).await;
///     panic!("{error}"); // never with a port and a receive buffer like these
/// }
///
/// // Before the tasks are spawned: of four clients, three may keep their connection.
/// let slots = PersistentSlots::new(3);
/// # let _ = slots;
/// ```
///
/// # Errors
/// [`ListenError`], before a client is accepted: the port is 0, the socket is in use, or the receive buffer is empty.
pub async fn serve<S: Storage, R: Storage, B: AsMut<[u8]>, V: Service>(
    socket: &mut TcpSocket<'_>,
    port: u16,
    connection: Connection<S, R>,
    mut receive: B,
    service: &RefCell<V>,
    slots: &PersistentSlots,
) -> Result<Infallible, ListenError> {
    if receive.as_mut().is_empty() {
        return Err(ListenError::NoReceiveBuffer);
    }
    // Send answers without delay.
    socket.set_nagle_enabled(false);
    socket.set_timeout(Some(Duration::from_secs(tcp_timeouts::USER_TIMEOUT_SECONDS)));
    socket.set_keep_alive(Some(Duration::from_secs(tcp_timeouts::KEEPALIVE_INTERVAL_SECONDS)));
    let mut server = Server::new(now, connection, receive);
    loop {
        socket.accept(port).await.map_err(ListenError::Accept)?;
        let service = LimitPersistence::new(service, slots);
        let end = server.serve(&mut Timed::new(AcceptedSocket(socket), Delay), service).await;
        match end {
            Err(ServeError::NoReceiveBuffer) => return Err(ListenError::NoReceiveBuffer),
            Ok(end) if !end.is_unread() => socket::close(socket).await,
            Ok(_) | Err(ServeError::Transport(_)) => socket::abort(socket).await,
        }
    }
}

/// Why [`serve`] cannot accept clients.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ListenError {
    /// The socket is in use, or the port is 0.
    Accept(#[cfg_attr(feature = "defmt", defmt(Debug2Format))] AcceptError),
    /// The receive buffer is empty.
    NoReceiveBuffer,
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accept(AcceptError::InvalidState) => f.write_str("the socket is in use"),
            Self::Accept(AcceptError::InvalidPort) => f.write_str("a server cannot listen on port 0"),
            Self::Accept(AcceptError::ConnectionReset) => f.write_str("the connection was reset"),
            Self::NoReceiveBuffer => f.write_str("the receive buffer is empty"),
        }
    }
}

impl core::error::Error for ListenError {}

/// A socket on which a client has connected.
struct AcceptedSocket<'m, 's>(&'m mut TcpSocket<'s>);

impl ErrorType for AcceptedSocket<'_, '_> {
    type Error = Error;
}

impl Read for AcceptedSocket<'_, '_> {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        self.0.read(buffer).await
    }
}

impl Write for AcceptedSocket<'_, '_> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        self.0.write(bytes).await
    }

    /// Does nothing, because embassy-net sends written bytes by itself. Its own flush waits for an acknowledgement, which
    /// clients delay; a listing in pieces would take seconds.
    async fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }
}
