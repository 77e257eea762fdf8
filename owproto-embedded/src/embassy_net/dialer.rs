use core::cell::{RefCell, RefMut};
use core::fmt;
use core::net::SocketAddr;

use embassy_net::tcp::{ConnectError, Error, TcpSocket};
use embassy_net::{IpAddress, IpEndpoint};
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use embedded_nal_async::TcpConnect;

use super::socket;

/// Connects to servers with one TCP socket, one connection at a time.
///
/// A [`ReconnectingClient`](crate::asynchronous::ReconnectingClient) can use embassy-net's own `TcpClient`, too, which
/// has many sockets. But that one reuses a socket before the server has seen it close, and waits for an acknowledgement
/// after each request. The dialer does neither.
pub struct Dialer<'s> {
    socket: RefCell<TcpSocket<'s>>,
}

impl<'s> Dialer<'s> {
    /// A dialer on a socket that is not connected.
    #[must_use]
    pub fn new(mut socket: TcpSocket<'s>) -> Self {
        // Send requests without delay.
        socket.set_nagle_enabled(false);
        Self { socket: RefCell::new(socket) }
    }

    /// Returns the socket.
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
        // The previous connection may not have ended yet.
        socket::abort(&mut connection.0).await;
        connection.0.connect(IpEndpoint::new(address, remote.port())).await.map_err(DialError::Connect)?;
        Ok(connection)
    }
}

/// The connection of a [`Dialer`]. Dropping it closes it.
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

    /// Does nothing, because embassy-net sends written bytes by itself. Its own flush waits until the peer has
    /// acknowledged them, which may be long after the answer could be read.
    async fn flush(&mut self) -> Result<(), DialError> {
        Ok(())
    }
}

/// An error of a [`Dialer`], or of its connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum DialError {
    /// The dialer already has a connection.
    InUse,
    /// Connecting failed. Without the feature `embassy-net-ipv6` an IPv6 address has no route.
    Connect(#[cfg_attr(feature = "defmt", defmt(Debug2Format))] ConnectError),
    /// Reading or writing failed: the connection was reset.
    Io(#[cfg_attr(feature = "defmt", defmt(Debug2Format))] Error),
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse => f.write_str("the socket is already in use"),
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
