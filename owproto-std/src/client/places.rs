//! The places for persistent connections, as calls see them.
//!
//! Most calls take the connection that was put back a moment before, while nobody waits. So that they need no lock, that
//! one connection lies beside the pool, with its place. Whoever has to know all that is idle has it put into the pool
//! first. Whoever lays one there looks afterwards whether a call waits, which may have looked before.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crossbeam_utils::atomic::AtomicCell;
use owproto_core::Request;
use owproto_core::time::Instant;
use parking_lot::{Mutex, MutexGuard};

use super::deadline::Deadline;
use super::pool::{Held, Pool, Waiter, wake};
use super::session::Session;
use crate::runtime::Runtime;

/// The pool, and the connection that lies beside it.
pub(crate) struct Places<R: Runtime> {
    pool: Mutex<Pool<R>>,
    /// The connection that was put back last. For the pool its place is taken.
    latest: AtomicCell<Option<Session<R>>>,
    /// How many calls wait.
    waiting: AtomicUsize,
    /// How many have ever had to.
    waited: AtomicU64,
}

impl<R: Runtime> Places<R> {
    pub(super) fn new(most: usize) -> Self {
        Self {
            pool: Mutex::new(Pool::new(most)),
            latest: AtomicCell::new(None),
            waiting: AtomicUsize::new(0),
            waited: AtomicU64::new(0),
        }
    }

    /// A place, and a connection that is idle if there is one. `None` if all places are taken.
    pub(crate) fn try_enter(&self) -> Option<(Place<'_, R>, Option<Session<R>>)> {
        let (held, idle) = self.pool().enter()?;
        Some((self.place(held), idle))
    }

    /// The connection that was put back last, and its place; `None` if somebody has it.
    #[inline(always)]
    pub(crate) fn try_latest(&self) -> Option<(Place<'_, R>, Session<R>)> {
        let session = self.latest.take()?;
        Some((self.place(Held::KEPT), session))
    }

    #[inline]
    fn place(&self, held: Held) -> Place<'_, R> {
        Place { places: self, held }
    }

    /// The place of a call that waited until its turn came.
    pub(super) fn handed_on(&self) -> Place<'_, R> {
        self.place(Held::BARE)
    }

    /// The pool, with all that is idle.
    fn pool(&self) -> MutexGuard<'_, Pool<R>> {
        let mut pool = self.pool.lock();
        if let Some(session) = self.latest.take() {
            wake(pool.settle(session));
        }
        pool
    }

    /// Lets a call wait, unless there is a place. What it asks may be asked by others for it.
    #[cold]
    pub(super) fn queue_up(
        &self,
        request: Option<&Request<'_>>,
        deadline: Deadline,
        now: Instant,
    ) -> Result<Waiting<'_, R>, Place<'_, R>> {
        let waiter = Waiter::new(self.waited.fetch_add(1, Ordering::Relaxed), deadline, request);
        // Counted before it looks at what is idle.
        let waiting = Waiting::new(self, waiter);
        let place = self.pool().queue_up(&waiting.waiter, now);
        match place {
            Some(held) => Err(self.place(held)),
            None => Ok(waiting),
        }
    }

    /// Those of them that wait still wait further.
    pub(super) fn queue_again(&self, waiters: impl Iterator<Item = Arc<Waiter<R>>>) {
        let woken = self.pool.lock().queue_again(waiters);
        wake(woken);
    }

    /// An idle connection for a call that has lost or never had one, and for its place if it has one.
    pub(crate) fn take_idle(&self, place: Option<&mut Place<'_, R>>) -> Option<Session<R>> {
        let mut pool = self.pool();
        match place {
            Some(place) => pool.take_idle(&mut place.held),
            None => pool.idle.pop(),
        }
    }

    /// All connections that are idle.
    pub(super) fn take_all_idle(&self) -> Vec<Session<R>> {
        mem::take(&mut self.pool().idle)
    }

    /// Keeps a connection that the server has promised to keep, and gives its place back. Gives the connection back if
    /// there are enough without it.
    #[inline(always)]
    pub(super) fn keep(&self, session: Session<R>, place: Option<Place<'_, R>>) -> Option<Session<R>> {
        match place.map(Place::into_held) {
            Some(Held::KEPT) => {
                let before = self.latest.swap(Some(session));
                if before.is_some() || self.is_awaited() {
                    self.settle(before);
                }
                None
            }
            held => self.keep_in_pool(session, held),
        }
    }

    /// Puts the connection that was used last into the pool.
    pub(super) fn put_into_pool(&self, session: Session<R>, place: Place<'_, R>) {
        place.into_held();
        self.settle(Some(session));
    }

    #[inline(never)]
    fn keep_in_pool(&self, session: Session<R>, held: Option<Held>) -> Option<Session<R>> {
        let mut pool = self.pool();
        let (too_many, woken) = pool.keep(session, held);
        drop(pool);
        wake(woken);
        too_many
    }

    /// Puts a connection into the pool that was idle beside it, and the one that is so now if a call waits.
    #[inline(never)]
    fn settle(&self, before: Option<Session<R>>) {
        let mut pool = self.pool.lock();
        let latest = if self.is_awaited() { self.latest.take() } else { None };
        let woken = [
            before.and_then(|session| pool.settle(session)),
            latest.and_then(|session| pool.settle(session)),
        ];
        drop(pool);
        wake(woken.into_iter().flatten());
    }

    /// Whether a call waits. No mere load: either this comes first, and the call that is counted then finds what was
    /// laid beside the pool before this; or the count does, and is seen.
    #[inline]
    fn is_awaited(&self) -> bool {
        self.waiting.fetch_add(0, Ordering::AcqRel) > 0
    }

    /// The server keeps no more connections, this one of a place included.
    pub(super) fn refused(&self, place: Place<'_, R>, now: Instant) {
        let woken = self.pool().refused(place.into_held(), now);
        wake(woken);
    }

    /// How many places there are.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.pool.lock().places()
    }

    /// How many connections are idle.
    #[cfg(test)]
    pub(super) fn idle(&self) -> usize {
        self.pool().idle.len()
    }

    /// Whether no idle connection is of any use any more.
    #[cfg(test)]
    pub(super) fn idle_is_spoilt(&self) -> bool {
        self.pool().idle.iter().all(Session::is_spoilt)
    }

    /// Whether all places are free and nobody waits.
    #[cfg(test)]
    pub(super) fn is_at_rest(&self) -> bool {
        self.pool().is_at_rest() && !self.is_awaited()
    }
}

/// A place for a persistent connection, given back when it is dropped.
pub(crate) struct Place<'a, R: Runtime> {
    places: &'a Places<R>,
    held: Held,
}

impl<R: Runtime> Place<'_, R> {
    /// Its connection is none any more.
    pub(crate) fn lose(&mut self) {
        self.places.pool.lock().lost(&mut self.held, true);
    }

    /// Whoever takes it gives it back.
    #[inline]
    fn into_held(self) -> Held {
        let held = self.held;
        mem::forget(self);
        held
    }
}

impl<R: Runtime> Drop for Place<'_, R> {
    fn drop(&mut self) {
        let woken = self.places.pool.lock().leave(self.held);
        wake(woken);
    }
}

/// A call in the queue, or in the hands of a leader. Dropped when it does not wait any more.
pub(super) struct Waiting<'a, R: Runtime> {
    places: &'a Places<R>,
    pub(super) waiter: Arc<Waiter<R>>,
}

impl<'a, R: Runtime> Waiting<'a, R> {
    fn new(places: &'a Places<R>, waiter: Arc<Waiter<R>>) -> Self {
        places.waiting.fetch_add(1, Ordering::AcqRel);
        Self { places, waiter }
    }
}

impl<R: Runtime> Drop for Waiting<'_, R> {
    fn drop(&mut self) {
        let woken = self.places.pool.lock().forget(&self.waiter);
        self.places.waiting.fetch_sub(1, Ordering::AcqRel);
        wake(woken);
    }
}
