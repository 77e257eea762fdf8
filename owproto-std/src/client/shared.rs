use std::io;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use owproto_core::client::ServerCapabilities;
use parking_lot::Mutex;

use super::coalesce::Reads;
use super::deadline::Deadline;
use super::places::{Place, Places};
use super::session::{Buffers, Session};
use crate::runtime::Runtime;
use crate::tap::{Tap, Traffic};
use crate::{Address, Error};

/// Memory of ended connections that is kept for new ones.
const SPARE_BUFFERS: usize = 4;

/// What does not change in the life of a client.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) address: Address,
    pub(crate) connect_timeout: Duration,
    pub(crate) connections: usize,
    pub(crate) coalesce: bool,
    pub(crate) payload_limit: usize,
    pub(crate) list_limit: usize,
    pub(crate) tap: Tap,
}

/// What a client and all that were cloned from it have in common.
pub(crate) struct Shared<R: Runtime> {
    pub(crate) settings: Settings,
    /// The persistent connections.
    pub(crate) places: Places<R>,
    /// Reads that others may join.
    pub(crate) reads: Reads<R>,
    // Boxed, since they move from one connection to the next.
    #[allow(clippy::vec_box)]
    spare: Mutex<Vec<Box<Buffers>>>,
    /// The host's addresses, the one that answered last in front.
    addresses: Mutex<Vec<SocketAddr>>,
    refusals: AtomicU16,
    /// The server's own texts for its return codes.
    pub(crate) texts: OnceLock<Vec<String>>,
}

impl<R: Runtime> Shared<R> {
    pub(crate) fn new(mut settings: Settings) -> Self {
        settings.connections = settings.connections.max(1);
        Self {
            places: Places::new(settings.connections),
            reads: Reads::default(),
            settings,
            spare: Mutex::default(),
            addresses: Mutex::default(),
            refusals: AtomicU16::new(ServerCapabilities::ALL.bits()),
            texts: OnceLock::new(),
        }
    }

    pub(crate) fn refusals(&self) -> ServerCapabilities {
        ServerCapabilities::from_bits(self.refusals.load(Ordering::Relaxed))
    }

    pub(crate) fn remember(&self, refusals: ServerCapabilities) {
        self.refusals.fetch_or(refusals.bits(), Ordering::Relaxed);
    }

    /// Keeps a connection for later if the server does, closes it otherwise; gives its place back.
    #[inline(always)]
    pub(crate) fn put_back(&self, session: Session<R>, place: Option<Place<'_, R>>) {
        if !session.is_reusable() {
            self.end(session, place);
        } else if let Some(session) = self.places.keep(session, place) {
            self.close(session);
        }
    }

    /// Closes a connection that was not kept; gives its place back, unless the server has no more places.
    #[cold]
    fn end(&self, session: Session<R>, place: Option<Place<'_, R>>) {
        let is_refused = session.is_refused();
        let now = session.now();
        self.close(session);
        if let Some(place) = place.filter(|_| is_refused) {
            self.places.refused(place, now);
        }
    }

    #[cold]
    pub(crate) fn close(&self, session: Session<R>) {
        let buffers = session.close();
        let mut spare = self.spare.lock();
        if spare.len() < SPARE_BUFFERS {
            spare.push(buffers);
        }
    }

    /// Whether nobody has a place or waits for one, or for a read of another call.
    #[cfg(test)]
    pub(crate) fn is_at_rest(&self) -> bool {
        self.places.is_at_rest() && self.reads.is_empty()
    }

    /// Closes all idle connections.
    pub(crate) fn close_idle(&self) {
        for session in self.places.take_all_idle() {
            self.close(session);
        }
    }

    /// A new connection, to the first of the host's addresses that takes one.
    /// `tried` was tried already, if anything was.
    pub(crate) async fn connect(
        &self,
        tried: Option<Tried>,
        deadline: Deadline,
    ) -> Result<Session<R>, Error> {
        // On the heap: few calls come here, and each would keep room for it.
        let (stream, peer) = Box::pin(self.connect_elsewhere(tried, deadline)).await?;
        Ok(self.begin(stream, peer))
    }

    /// A new connection to the address that took the one before, where connecting needs no future. What was tried in
    /// vain, if anything was.
    pub(crate) fn connect_at_once(&self, deadline: Deadline) -> Result<Session<R>, Option<Tried>> {
        let address = self.addresses.lock().first().copied().ok_or(None)?;
        let wait = self.time_to_connect(deadline).map_err(|error| Tried { address, error })?;
        match R::connect_at_once(address, wait).ok_or(None)? {
            Ok(stream) => Ok(self.begin(stream, address)),
            Err(error) => Err(Some(Tried { address, error })),
        }
    }

    fn begin(&self, stream: R::Stream, peer: SocketAddr) -> Session<R> {
        self.settings.tap.show(|| Traffic::Connected(peer));
        let buffers = self.spare.lock().pop().unwrap_or_else(|| Box::new(Buffers::new(&self.settings)));
        Session::new(stream, buffers)
    }

    async fn connect_elsewhere(
        &self,
        tried: Option<Tried>,
        deadline: Deadline,
    ) -> Result<(R::Stream, SocketAddr), Error> {
        let no_connection = |source| Error::Connect { address: self.settings.address.clone(), source };
        let known = self.addresses.lock().clone();
        let (tried, error) = match tried {
            Some(Tried { address, error }) => (Some(address), error),
            None => (None, io::ErrorKind::AddrNotAvailable.into()),
        };
        let others = known.iter().copied().filter(|&other| Some(other) != tried);
        let error = match self.connect_any(others, error, deadline).await {
            Err(error) if !deadline.is_over::<R>() => error,
            ended => return ended.map_err(no_connection),
        };
        // The first time nothing is known; later the host may have moved.
        let found = match self.resolve(deadline).await {
            Ok(found) => found,
            Err(failure) if known.is_empty() => return Err(failure),
            Err(_) => return Err(no_connection(error)),
        };
        let others = found.into_iter().filter(|other| !known.contains(other));
        self.connect_any(others, error, deadline).await.map_err(no_connection)
    }

    /// The host's addresses, at least one.
    async fn resolve(&self, deadline: Deadline) -> Result<Vec<SocketAddr>, Error> {
        let address = &self.settings.address;
        let found = R::resolve(address.host(), address.port(), deadline.wait::<R>()).await;
        let found = found.and_then(|found| match found.is_empty() {
            true => Err(io::Error::new(io::ErrorKind::NotFound, "the name has no addresses")),
            false => Ok(found),
        });
        let found = found.map_err(|source| Error::Resolve { address: address.clone(), source })?;
        self.addresses.lock().clone_from(&found);
        Ok(found)
    }

    /// Tries one address after the other. If none takes a connection, the last one's error, or the one given.
    async fn connect_any(
        &self,
        addresses: impl Iterator<Item = SocketAddr>,
        mut error: io::Error,
        deadline: Deadline,
    ) -> io::Result<(R::Stream, SocketAddr)> {
        for address in addresses {
            match self.connect_to(address, deadline).await {
                Ok(stream) => {
                    // Next time this one first.
                    let mut known = self.addresses.lock();
                    known.retain(|&other| other != address);
                    known.insert(0, address);
                    return Ok((stream, address));
                }
                Err(failure) => error = failure,
            }
        }
        Err(error)
    }

    /// Tries one address, for as long as one may take, and no longer than until the deadline.
    async fn connect_to(&self, address: SocketAddr, deadline: Deadline) -> io::Result<R::Stream> {
        let wait = self.time_to_connect(deadline)?;
        R::connect(address, wait).await
    }

    /// How long to wait for a connection. [`io::ErrorKind::TimedOut`] if there is no time.
    fn time_to_connect(&self, deadline: Deadline) -> io::Result<Option<Duration>> {
        if deadline.is_over::<R>() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let limit = Some(self.settings.connect_timeout).filter(|limit| !limit.is_zero());
        Ok(limit.into_iter().chain(deadline.wait::<R>()).min())
    }
}

/// An address that took no connection.
pub(crate) struct Tried {
    address: SocketAddr,
    error: io::Error,
}
