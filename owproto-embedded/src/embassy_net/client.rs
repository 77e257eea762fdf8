use core::cell::{RefCell, RefMut};
use core::fmt;
use core::net::SocketAddr;

use embassy_net::tcp::{ConnectError, Error, TcpSocket};
use embassy_net::{IpAddress, IpEndpoint};
use embassy_time::Delay;
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use embedded_nal_async::TcpConnect;
use owproto_core::client::Connection;
use owproto_core::time::Instant;

use super::{now, socket};
use crate::asynchronous::ReconnectingClient;

/// A [`ReconnectingClient`] client on embassy's network and clock; [`client`] makes one.
pub type Client<'n, 's, S, R, B, const DEPTH: usize = 1> =
    ReconnectingClient<'n, Dialer<'s>, Delay, fn() -> Instant, S, R, B, DEPTH>;

/// A client of the owserver at this address, that calls it through `dialer`. Nothing is connected yet.
///
/// `connection` and `receive` are as for [`ReconnectingClient::new`].
///
/// ```
/// use embassy_net::Stack;
/// use embassy_net::tcp::TcpSocket;
/// use embassy_time::Timer;
/// use owproto_embedded::Sensor;
/// use owproto_embedded::owproto_core::client::Connection;
/// use owproto_embedded::embassy_net::{Dialer, client};
///
/// const SENSORS: [Sensor<'_>; 2] = [
///     Sensor::temperature("/10.67C6697351FF/temperature"),
///     Sensor::temperature("/28.4AEC29CDBAAB/temperature"),
/// ];
///
/// async fn watch(stack: Stack<'_>) {
///     let (mut receive, mut transmit) = ([0; 512], [0; 256]);
///     let dialer = Dialer::new(TcpSocket::new(stack, &mut receive, &mut transmit));
///     // Four requests in flight.
///     let connection: Connection<_, _, 4> = Connection::new([0; 256], [0; 32]);
///     let mut client = client(&dialer, ([192, 168, 1, 2], 4304).into(), connection, [0; 128]);
///     loop {
///         let readings = client.read_sensors(&SENSORS, |number, reading| {
///             // What is not there, or not to be believed, is an error of one sensor.
///             let _ = (number, reading);
///         });
///         if readings.await.is_err() {
///             // No server. The next round tries again, later and later.
///         }
///         Timer::after_secs(10).await;
///     }
/// }
/// ```
pub fn client<'n, 's, S, R, B, const DEPTH: usize>(
    dialer: &'n Dialer<'s>,
    server: SocketAddr,
    connection: Connection<S, R, DEPTH>,
    receive: B,
) -> Client<'n, 's, S, R, B, DEPTH> {
    ReconnectingClient::new(dialer, server, Delay, now, connection, receive)
}

/// One TCP socket that calls servers, one after the other.
///
/// embassy-net has a `TcpClient` with many sockets, which serves [`ReconnectingClient`] too. But it forgets a socket before the
/// server has heard that it is closed, and it waits for an acknowledgement after each request; this one does neither.
pub struct Dialer<'s> {
    socket: RefCell<TcpSocket<'s>>,
}

impl<'s> Dialer<'s> {
    /// Takes a socket that is not connected.
    #[must_use]
    pub fn new(mut socket: TcpSocket<'s>) -> Self {
        // Requests go out as they are made.
        socket.set_nagle_enabled(false);
        Self { socket: RefCell::new(socket) }
    }

    /// Gives the socket back.
    #[must_use]
    pub fn into_inner(self) -> TcpSocket<'s> {
        self.socket.into_inner()
    }
}

impl fmt::Debug for Dialer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialer").finish_non_exhaustive()
    }
}

impl<'s> TcpConnect for Dialer<'s> {
    type Error = DialError;
    type Connection<'m>
        = DialedConnection<'m, 's>
    where
        Self: 'm;

    async fn connect<'m>(&'m self, remote: SocketAddr) -> Result<DialedConnection<'m, 's>, DialError> {
        let address = match remote {
            SocketAddr::V4(remote) => IpAddress::Ipv4(*remote.ip()),
            #[cfg(feature = "embassy-net-ipv6")]
            SocketAddr::V6(remote) => IpAddress::Ipv6(*remote.ip()),
            #[cfg(not(feature = "embassy-net-ipv6"))]
            SocketAddr::V6(_) => return Err(DialError::Connect(ConnectError::NoRoute)),
        };
        let mut connection = DialedConnection(self.socket.try_borrow_mut().map_err(|_| DialError::InUse)?);
        // The last connection may still be on its way to its end.
        socket::abort(&mut connection.0).await;
        connection.0.connect(IpEndpoint::new(address, remote.port())).await.map_err(DialError::Connect)?;
        Ok(connection)
    }
}

/// The connection of a [`Dialer`]. It is closed when it is dropped.
pub struct DialedConnection<'m, 's>(RefMut<'m, TcpSocket<'s>>);

impl Drop for DialedConnection<'_, '_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl fmt::Debug for DialedConnection<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DialedConnection").field("state", &self.0.state()).finish_non_exhaustive()
    }
}

impl ErrorType for DialedConnection<'_, '_> {
    type Error = DialError;
}

impl Read for DialedConnection<'_, '_> {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, DialError> {
        self.0.read(buffer).await.map_err(DialError::Io)
    }
}

impl Write for DialedConnection<'_, '_> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, DialError> {
        self.0.write(bytes).await.map_err(DialError::Io)
    }

    /// Nothing to do: what was written is sent by itself. (embassy-net's own flush waits until the other side has
    /// acknowledged it, which may be long after the answer could be read.)
    async fn flush(&mut self) -> Result<(), DialError> {
        Ok(())
    }
}

/// What can go wrong with the socket of a [`Dialer`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum DialError {
    /// There is a connection already.
    InUse,
    /// The connection could not be made. An IPv6 address without the feature `embassy-net-ipv6` has no route.
    Connect(#[cfg_attr(feature = "defmt", defmt(Debug2Format))] ConnectError),
    /// The connection was reset.
    Io(#[cfg_attr(feature = "defmt", defmt(Debug2Format))] Error),
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse => f.write_str("the socket is connected already"),
            Self::Connect(error) => error.fmt(f),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for DialError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::InUse => None,
            Self::Connect(error) => Some(error),
            Self::Io(error) => Some(error),
        }
    }
}

impl embedded_io_async::Error for DialError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::InUse => ErrorKind::AddrInUse,
            Self::Connect(error) => error.kind(),
            Self::Io(error) => error.kind(),
        }
    }
}
