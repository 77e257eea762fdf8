use core::cell::{Cell, RefCell};
use core::convert::Infallible;
use core::fmt;
use core::task::{Context, Poll};

use embassy_net::tcp::{AcceptError, Error, TcpSocket};
use embassy_time::{Delay, Duration};
use embedded_io_async::{ErrorType, Read, Write};
use owproto_core::Storage;
use owproto_core::server::{Connection, Persistence};
use owproto_core::time::Instant;

use super::{now, socket};
use crate::asynchronous::{Server, Timed};
use crate::{ServeError, Service, tcp_timeouts};

/// Serves the clients that come to a port on one TCP socket, one after the other, for ever.
///
/// To serve several at the same time, run it that often, each with a socket, a connection and a buffer of its own; they
/// share the service (a [`Tree`](owproto_core::tree::Tree) over your bus, for example) and the places. While all
/// sockets are taken a further client is refused.
///
/// Timeouts, antiloop token and limits are those of `connection`, and so is the memory. All timeouts are kept, but for
/// [`idle_low`](owproto_core::server::Timeouts::idle_low): a client that is kept keeps its socket until
/// [`idle_high`](owproto_core::server::Timeouts::idle_high) has passed. One that is gone without a word is noticed by
/// TCP's keepalives, after a minute.
///
/// The future may be dropped at any time; the socket then has to be aborted by its owner.
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
/// async fn take_clients(stack: Stack<'static>, sensors: &'static RefCell<Sensors>, places: &'static PersistentSlots) {
///     let (mut receive, mut transmit) = ([0; 512], [0; 512]);
///     let mut socket = TcpSocket::new(stack, &mut receive, &mut transmit);
///     let connection = Connection::new([0; 256], [0; 300]);
///     let Err(error) = serve(&mut socket, 4304, connection, [0; 128], sensors, places).await;
///     panic!("{error}"); // only if there is no port 0, and no buffer of nothing
/// }
///
/// // Before the tasks are spawned, with four sockets: three clients are kept.
/// let places = PersistentSlots::new(3);
/// # let _ = places;
/// ```
///
/// # Errors
/// [`ListenError`], at once: the port is 0, the socket is in use, or there is nothing to read into.
pub async fn serve<S: Storage, R: Storage, B: AsMut<[u8]>, V: Service>(
    socket: &mut TcpSocket<'_>,
    port: u16,
    connection: Connection<S, R>,
    mut receive: B,
    service: &RefCell<V>,
    places: &PersistentSlots,
) -> Result<Infallible, ListenError> {
    if receive.as_mut().is_empty() {
        return Err(ListenError::NoReceiveBuffer);
    }
    // Answers go out as they are made.
    socket.set_nagle_enabled(false);
    socket.set_timeout(Some(Duration::from_secs(tcp_timeouts::GONE_AFTER_SECONDS)));
    socket.set_keep_alive(Some(Duration::from_secs(tcp_timeouts::KEEP_ALIVE_SECONDS)));
    let mut server = Server::new(now, connection, receive);
    loop {
        socket.accept(port).await.map_err(ListenError::Accept)?;
        let service = Placed { service, place: Place { places, is_taken: Cell::new(false) } };
        let end = server.serve(&mut Timed::new(Accepted(socket), Delay), service).await;
        match end {
            Err(ServeError::NoReceiveBuffer) => return Err(ListenError::NoReceiveBuffer),
            Ok(end) if !end.is_unread() => socket::close(socket).await,
            Ok(_) | Err(ServeError::Transport(_)) => socket::abort(socket).await,
        }
    }
}

/// Why nobody can be served.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ListenError {
    /// The socket is in use, or the port is 0.
    Accept(#[cfg_attr(feature = "defmt", defmt(Debug2Format))] AcceptError),
    /// There is no byte to read into.
    NoReceiveBuffer,
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accept(AcceptError::InvalidState) => f.write_str("the socket is in use"),
            Self::Accept(AcceptError::InvalidPort) => f.write_str("port 0 cannot be listened on"),
            Self::Accept(AcceptError::ConnectionReset) => f.write_str("the connection was reset"),
            Self::NoReceiveBuffer => f.write_str("there is no byte to read into"),
        }
    }
}

impl core::error::Error for ListenError {}

/// How many clients are kept between their requests, for all sockets together.
///
/// With one less than there are sockets, one is always on its way to the next client. Clients beyond that are served too,
/// but their connection is closed after each answer, which every client must be able to bear.
#[derive(Debug)]
pub struct PersistentSlots {
    free: Cell<usize>,
}

impl PersistentSlots {
    /// So many clients are kept.
    #[must_use]
    pub const fn new(clients: usize) -> Self {
        Self { free: Cell::new(clients) }
    }

    /// How many more would be kept now.
    #[must_use]
    pub fn free(&self) -> usize {
        self.free.get()
    }
}

/// The place of one connection, given back when it ends.
struct Place<'p> {
    places: &'p PersistentSlots,
    is_taken: Cell<bool>,
}

impl Place<'_> {
    /// Whether it is taken; takes it if it can.
    fn take(&self) -> bool {
        if !self.is_taken.get()
            && let Some(free) = self.places.free.get().checked_sub(1)
        {
            self.places.free.set(free);
            self.is_taken.set(true);
        }
        self.is_taken.get()
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if self.is_taken.get() {
            self.places.free.set(self.places.free.get().saturating_add(1));
        }
    }
}

/// A service that keeps clients only if they have a place.
struct Placed<'p, V> {
    service: &'p RefCell<V>,
    place: Place<'p>,
}

impl<V: Service> Service for Placed<'_, V> {
    type Job = V::Job;

    fn serve<S: Storage, R: Storage>(
        &mut self,
        connection: &mut Connection<S, R>,
        job: &mut V::Job,
        now: Instant,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        if connection.requests_persistence() {
            let persistence = if self.place.take() { Persistence::Grant } else { Persistence::Refuse };
            connection.set_persistence(persistence);
        }
        self.service.serve(connection, job, now, context)
    }

    fn cancel(&mut self, job: &mut V::Job) {
        self.service.cancel(job);
    }
}

/// A socket with a client.
struct Accepted<'m, 's>(&'m mut TcpSocket<'s>);

impl ErrorType for Accepted<'_, '_> {
    type Error = Error;
}

impl Read for Accepted<'_, '_> {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        self.0.read(buffer).await
    }
}

impl Write for Accepted<'_, '_> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        self.0.write(bytes).await
    }

    /// Nothing to do: what was written is sent by itself. embassy-net's own flush waits for an acknowledgement, which
    /// clients delay; a listing in pieces would take seconds.
    async fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }
}
