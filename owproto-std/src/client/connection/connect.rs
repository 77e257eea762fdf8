//! Connecting to the server, at one of its host's addresses.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use parking_lot::Mutex;

use super::deadline::{CallLimits, Deadline};
use super::error::timed_out;
use super::session::{Buffers, Session};
use crate::client::transport::Runtime;
use crate::tap::{Tap, Traffic};
use crate::{Address, Error};
use owproto_core::client::Timeout;

/// The maximum number of [`Buffers`] of closed connections that are kept for new ones.
const MAX_SPARE_BUFFERS: usize = 4;

/// The settings of all connections of a client.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionSettings {
    pub(crate) address: Address,
    /// The limit for connecting to one address; zero is no limit.
    pub(crate) connect_timeout: Duration,
    pub(crate) payload_limit: usize,
    pub(crate) list_limit: usize,
    pub(crate) tap: Tap,
}

/// Opens connections to a server, and closes them.
pub(crate) struct Connector {
    settings: ConnectionSettings,
    // Boxed, since they move from one connection to the next.
    #[allow(clippy::vec_box)]
    spare_buffers: Mutex<Vec<Box<Buffers>>>,
    /// The host's addresses that are known. The first one is that of the latest connection.
    addresses: Mutex<Vec<SocketAddr>>,
}

impl Connector {
    pub(crate) fn new(settings: ConnectionSettings) -> Self {
        Self { settings, spare_buffers: Mutex::default(), addresses: Mutex::default() }
    }

    pub(crate) fn address(&self) -> &Address {
        &self.settings.address
    }

    /// Opens a connection to the first of the host's addresses that accepts one.
    pub(crate) async fn connect<R: Runtime>(&self, limits: CallLimits) -> Result<Session<R>, Error> {
        // On the heap: few calls connect, and the future of each would reserve memory for it.
        match Box::pin(self.connect_somewhere::<R>(limits.deadline)).await {
            Ok((stream, peer)) => {
                self.settings.tap.show(|| Traffic::Connected(peer));
                Ok(Session::new(stream, self.take_buffers()))
            }
            Err(Error::Connect { source, .. } | Error::Resolve { source, .. })
                if source.kind() == io::ErrorKind::TimedOut && limits.deadline.has_passed::<R>() =>
            {
                Err(timed_out(self.settings.address.clone(), Timeout::Total, limits.timeouts))
            }
            Err(error) => Err(error),
        }
    }

    /// Closes a connection.
    #[cold]
    pub(crate) fn close<R: Runtime>(&self, session: Session<R>) {
        let buffers = session.close();
        let mut spare = self.spare_buffers.lock();
        if spare.len() < MAX_SPARE_BUFFERS {
            spare.push(buffers);
        }
    }

    fn take_buffers(&self) -> Box<Buffers> {
        let ConnectionSettings { payload_limit, list_limit, tap, .. } = &self.settings;
        self.spare_buffers
            .lock()
            .pop()
            .unwrap_or_else(|| Box::new(Buffers::new(*payload_limit, *list_limit, tap.clone())))
    }

    async fn connect_somewhere<R: Runtime>(
        &self,
        deadline: Deadline,
    ) -> Result<(R::Stream, SocketAddr), Error> {
        let no_connection = |source| Error::Connect { address: self.settings.address.clone(), source };
        let known = self.addresses.lock().clone();
        let error = io::ErrorKind::AddrNotAvailable.into();
        let error = match self.connect_to_any::<R>(known.iter().copied(), error, deadline).await {
            Err(error) if !deadline.has_passed::<R>() => error,
            result => return result.map_err(no_connection),
        };
        // Either no address is known yet, or the host may have moved.
        let found = match self.resolve::<R>(deadline).await {
            Ok(found) => found,
            Err(resolve_error) if known.is_empty() => return Err(resolve_error),
            Err(_) => return Err(no_connection(error)),
        };
        let others = found.into_iter().filter(|other| !known.contains(other));
        self.connect_to_any::<R>(others, error, deadline).await.map_err(no_connection)
    }

    /// The host's addresses, at least one.
    async fn resolve<R: Runtime>(&self, deadline: Deadline) -> Result<Vec<SocketAddr>, Error> {
        let address = &self.settings.address;
        let found = R::resolve(address.host(), address.port(), deadline.time_left::<R>()).await;
        let found = found.and_then(|found| match found.is_empty() {
            true => Err(io::Error::new(io::ErrorKind::NotFound, "the name has no addresses")),
            false => Ok(found),
        });
        let found = found.map_err(|source| Error::Resolve { address: address.clone(), source })?;
        self.addresses.lock().clone_from(&found);
        Ok(found)
    }

    /// Connects to the first of these addresses that accepts a connection. Otherwise returns the error of the last one; without
    /// addresses, `error`.
    async fn connect_to_any<R: Runtime>(
        &self,
        addresses: impl Iterator<Item = SocketAddr>,
        mut error: io::Error,
        deadline: Deadline,
    ) -> io::Result<(R::Stream, SocketAddr)> {
        for address in addresses {
            match self.connect_to::<R>(address, deadline).await {
                Ok(stream) => {
                    // The next connection tries this address first.
                    let mut known = self.addresses.lock();
                    known.retain(|&other| other != address);
                    known.insert(0, address);
                    return Ok((stream, address));
                }
                Err(connect_error) => error = connect_error,
            }
        }
        Err(error)
    }

    /// Connects to one address, within the limit for one address and before the deadline.
    async fn connect_to<R: Runtime>(&self, address: SocketAddr, deadline: Deadline) -> io::Result<R::Stream> {
        if deadline.has_passed::<R>() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let limit = Some(self.settings.connect_timeout).filter(|limit| !limit.is_zero());
        R::connect(address, limit.into_iter().chain(deadline.time_left::<R>()).min()).await
    }
}
