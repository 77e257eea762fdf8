use std::io;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use owproto_core::client::Refusals;
use parking_lot::Mutex;

use super::deadline::Deadline;
use super::session::{Buffers, Session};
use crate::runtime::{Gate, Runtime};
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
    pub(crate) payload_limit: usize,
    pub(crate) list_limit: usize,
    pub(crate) tap: Tap,
}

/// What a client and all that were cloned from it have in common.
pub(crate) struct Shared<R: Runtime> {
    pub(crate) settings: Settings,
    pool: Mutex<Pool<R>>,
    /// Where calls wait if no place is free.
    gate: R::Gate,
    spare: Mutex<Vec<Buffers>>,
    /// The host's addresses, the one that answered last in front.
    addresses: Mutex<Vec<SocketAddr>>,
    refusals: AtomicU16,
    /// The server's own texts for its return codes.
    pub(crate) texts: OnceLock<Vec<String>>,
}

/// Persistent connections and the places for them, under one lock, so that a call takes it twice.
struct Pool<R: Runtime> {
    idle: Vec<Session<R>>,
    /// Places that nobody has or was promised.
    free: usize,
    /// Calls that wait at the gate and were not promised a place yet. Those that were have one there.
    waiting: usize,
}

impl<R: Runtime> Pool<R> {
    /// A place becomes free: it goes to one of those who wait.
    #[inline]
    fn give_back(&mut self, gate: &R::Gate) {
        if self.waiting > 0 {
            self.waiting -= 1;
            gate.leave();
        } else {
            self.free += 1;
        }
    }
}

impl<R: Runtime> Shared<R> {
    pub(crate) fn new(mut settings: Settings) -> Self {
        settings.connections = settings.connections.max(1);
        let pool = Pool { idle: Vec::new(), free: settings.connections, waiting: 0 };
        Self {
            gate: R::Gate::default(),
            settings,
            pool: Mutex::new(pool),
            spare: Mutex::default(),
            addresses: Mutex::default(),
            refusals: AtomicU16::new(Refusals::NONE.bits()),
            texts: OnceLock::new(),
        }
    }

    pub(crate) fn refusals(&self) -> Refusals {
        Refusals::from_bits(self.refusals.load(Ordering::Relaxed))
    }

    pub(crate) fn remember(&self, refusals: Refusals) {
        self.refusals.fetch_or(refusals.bits(), Ordering::Relaxed);
    }

    /// A place for a persistent connection, and one that is idle if there is one; `None` if all places are
    /// taken.
    #[inline(always)]
    pub(crate) fn try_enter(&self) -> Option<(Place<'_, R>, Option<Session<R>>)> {
        let mut pool = self.pool.lock();
        if pool.free == 0 {
            return None;
        }
        pool.free -= 1;
        let idle = pool.idle.pop();
        Some((Place(self), idle))
    }

    /// Waits for a place. `None` if the time is over before.
    #[cold]
    pub(crate) async fn wait_for_place(&self, deadline: Deadline) -> Option<Place<'_, R>> {
        {
            let mut pool = self.pool.lock();
            if pool.free > 0 {
                pool.free -= 1;
                return Some(Place(self));
            }
            pool.waiting += 1;
        }
        let waiting = Waiting(self);
        if !self.gate.enter(deadline.wait::<R>()).await {
            return None;
        }
        std::mem::forget(waiting);
        Some(Place(self))
    }

    #[inline]
    pub(crate) fn take_idle(&self) -> Option<Session<R>> {
        self.pool.lock().idle.pop()
    }

    /// Keeps a connection for later if the server does, closes it otherwise; gives its place back.
    #[inline(always)]
    pub(crate) fn put_back(&self, session: Session<R>, place: Option<Place<'_, R>>) {
        if !session.is_reusable() {
            return self.close(session);
        }
        let mut pool = self.pool.lock();
        if let Some(place) = place {
            pool.give_back(&self.gate);
            std::mem::forget(place);
        }
        // Listings have connections beside those that have a place.
        if pool.idle.len() < self.settings.connections {
            return pool.idle.push(session);
        }
        drop(pool);
        self.close(session);
    }

    #[cold]
    pub(crate) fn close(&self, session: Session<R>) {
        let buffers = session.close();
        let mut spare = self.spare.lock();
        if spare.len() < SPARE_BUFFERS {
            spare.push(buffers);
        }
    }

    /// Whether no idle connection is of any use any more.
    #[cfg(test)]
    pub(crate) fn idle_is_spoilt(&self) -> bool {
        self.pool.lock().idle.iter().all(Session::is_spoilt)
    }

    /// How many connections are idle.
    #[cfg(test)]
    pub(crate) fn idle(&self) -> usize {
        self.pool.lock().idle.len()
    }

    /// Closes all idle connections.
    pub(crate) fn close_idle(&self) {
        let idle = std::mem::take(&mut self.pool.lock().idle);
        for session in idle {
            self.close(session);
        }
    }

    /// A new connection, to the first of the host's addresses that takes one.
    pub(crate) async fn connect(&self, deadline: Deadline) -> Result<Session<R>, Error> {
        let no_connection = |source| Error::Connect { address: self.settings.address.clone(), source };
        let known = self.addresses.lock().clone();
        let (stream, peer) = match self.connect_any(&known, deadline).await {
            Ok(connected) => connected,
            Err(error) if deadline.is_over::<R>() => return Err(no_connection(error)),
            Err(error) => {
                // The first time nothing is known; later the host may have moved.
                let others = match self.resolve(deadline).await {
                    Err(failure) if known.is_empty() => return Err(failure),
                    Err(_) => return Err(no_connection(error)),
                    Ok(found) => found.into_iter().filter(|other| !known.contains(other)).collect::<Vec<_>>(),
                };
                if others.is_empty() {
                    return Err(no_connection(error));
                }
                self.connect_any(&others, deadline).await.map_err(no_connection)?
            }
        };
        self.settings.tap.show(|| Traffic::Connected(peer));
        let buffers = self.spare.lock().pop().unwrap_or_else(|| Buffers::new(&self.settings));
        Ok(Session::new(stream, buffers))
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

    /// Tries one address after the other, each for as long as one may take, and all together until the deadline.
    async fn connect_any(
        &self,
        addresses: &[SocketAddr],
        deadline: Deadline,
    ) -> io::Result<(R::Stream, SocketAddr)> {
        let limit = Some(self.settings.connect_timeout).filter(|limit| !limit.is_zero());
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for &address in addresses {
            if deadline.is_over::<R>() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let wait = limit.into_iter().chain(deadline.wait::<R>()).min();
            match R::connect(address, wait).await {
                Ok(stream) => {
                    // Next time this one first.
                    let mut known = self.addresses.lock();
                    if known.first() != Some(&address) {
                        known.retain(|&other| other != address);
                        known.insert(0, address);
                    }
                    return Ok((stream, address));
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

/// A place for a persistent connection, given back when it is dropped.
pub(crate) struct Place<'a, R: Runtime>(&'a Shared<R>);

impl<R: Runtime> Drop for Place<'_, R> {
    fn drop(&mut self) {
        self.0.pool.lock().give_back(&self.0.gate);
    }
}

/// A call that waits for a place. Dropped when it gives up.
struct Waiting<'a, R: Runtime>(&'a Shared<R>);

impl<R: Runtime> Drop for Waiting<'_, R> {
    fn drop(&mut self) {
        let mut pool = self.0.pool.lock();
        if pool.waiting > 0 {
            pool.waiting -= 1;
        } else if self.0.gate.try_enter() {
            // Everybody at the gate was promised a place, so this one too.
            pool.free += 1;
        }
    }
}
