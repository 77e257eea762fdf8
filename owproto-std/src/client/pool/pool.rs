//! The pool behind its lock, and permits to use a connection of it.

use owproto_core::Request;
use owproto_core::time::Instant;

use super::state::{PoolState, Slot, ToWake};
use super::waiter::{OwnedRequest, Waiter, Wakeup};
use crate::client::connection::{Connector, Deadline, Session};
use crate::client::sync::{Arc, Mutex};
use crate::client::transport::Runtime;

/// The persistent connections of a client, and how to open more.
pub(crate) struct Pool<R: Runtime> {
    state: Mutex<PoolState<R>>,
    connector: Connector,
}

impl<R: Runtime> Pool<R> {
    pub(crate) fn new(max_connections: usize, connector: Connector) -> Self {
        Self { state: Mutex::new(PoolState::new(max_connections)), connector }
    }

    pub(crate) fn connector(&self) -> &Connector {
        &self.connector
    }

    /// Takes a permit, and an idle connection if there is one. `None` if no permit is available.
    #[inline(always)]
    pub(crate) fn try_acquire(&self) -> Option<(Permit<'_, R>, Option<Session<R>>)> {
        let (slot, idle) = self.state.lock().acquire()?;
        Some((Permit { pool: self, slot }, idle))
    }

    /// An idle connection, for a call without a permit.
    pub(super) fn take_idle(&self) -> Option<Session<R>> {
        self.state.lock().take_idle()
    }

    /// Takes back a connection that the server keeps, and releases the permit if it has one. Returns the connection if it is
    /// not needed.
    #[inline(always)]
    pub(super) fn keep(&self, session: Session<R>, permit: Option<Permit<'_, R>>) -> Option<Session<R>> {
        let slot = permit.map(Permit::into_slot);
        let (not_needed, woken) = self.state.lock().check_in(session, slot);
        if let Some(waiter) = woken {
            waiter.wake();
        }
        not_needed
    }

    /// Releases the permit of a connection that the server did not keep.
    pub(super) fn release_refused(&self, permit: Permit<'_, R>, now: Instant) {
        let slot = permit.into_slot();
        let woken = self.state.lock().release_refused(slot, now);
        wake(woken);
    }

    /// Closes all idle connections.
    pub(crate) fn close_idle(&self) {
        let idle = self.state.lock().take_all_idle();
        for session in idle {
            self.connector.close(session);
        }
    }

    /// Takes a permit if one is available; otherwise the call joins the queue. Another call may send `request` for it.
    #[cold]
    pub(super) fn acquire_or_join(
        &self,
        request: Option<&Request<'_>>,
        deadline: Deadline,
        now: Instant,
    ) -> Result<Permit<'_, R>, QueuedCall<'_, R>> {
        let request = request.and_then(OwnedRequest::new);
        let mut state = self.state.lock();
        let waiter = Waiter::new(state.next_number(), deadline, request);
        match state.acquire_or_join(&waiter, now) {
            Some(slot) => Ok(Permit { pool: self, slot }),
            None => Err(QueuedCall { pool: self, waiter }),
        }
    }

    /// Puts those of these calls that still wait into the queue again.
    pub(super) fn rejoin(&self, waiters: impl Iterator<Item = Arc<Waiter<R>>>) {
        let woken = self.state.lock().rejoin(waiters);
        wake(woken);
    }
}

#[cfg(test)]
impl<R: Runtime> Pool<R> {
    pub(crate) fn permits(&self) -> usize {
        self.state.lock().permits()
    }

    /// The number of idle connections.
    pub(crate) fn idle(&self) -> usize {
        self.state.lock().idle().len()
    }

    pub(crate) fn all_idle_are_stale(&self) -> bool {
        self.state.lock().idle().iter().all(Session::is_stale)
    }

    /// Whether all permits are available and no call waits.
    pub(crate) fn is_unused(&self) -> bool {
        self.state.lock().is_unused()
    }
}

fn wake<R: Runtime>(waiters: ToWake<R>) {
    for waiter in waiters {
        waiter.wake();
    }
}

/// A permit to use one persistent connection. It is released when it is dropped.
pub(crate) struct Permit<'a, R: Runtime> {
    pool: &'a Pool<R>,
    slot: Slot,
}

impl<R: Runtime> Permit<'_, R> {
    /// An idle connection, instead of one that was closed or never opened.
    pub(super) fn take_idle(&mut self) -> Option<Session<R>> {
        self.pool.state.lock().take_idle_for(&mut self.slot)
    }

    /// Records that its connection is closed.
    pub(super) fn connection_closed(&mut self) {
        self.pool.state.lock().connection_closed(&mut self.slot);
    }

    /// For a caller that releases it.
    #[inline]
    fn into_slot(self) -> Slot {
        let slot = self.slot;
        std::mem::forget(self);
        slot
    }
}

impl<R: Runtime> Drop for Permit<'_, R> {
    fn drop(&mut self) {
        let woken = self.pool.state.lock().release(self.slot);
        if let Some(waiter) = woken {
            waiter.wake();
        }
    }
}

/// A call in the queue, or in the batch of a leader. Dropped, it no longer waits.
pub(super) struct QueuedCall<'a, R: Runtime> {
    pool: &'a Pool<R>,
    waiter: Arc<Waiter<R>>,
}

impl<'a, R: Runtime> QueuedCall<'a, R> {
    pub(super) fn waiter(&self) -> &Arc<Waiter<R>> {
        &self.waiter
    }

    /// Waits until another call wakes it. `None` if its deadline passes first.
    pub(super) async fn woken(&self) -> Option<Wakeup<R>> {
        self.waiter.woken().await
    }

    /// The permit that it was handed as a batch leader.
    pub(super) fn handed_permit(&self) -> Permit<'a, R> {
        Permit { pool: self.pool, slot: Slot::HANDED_OFF }
    }
}

impl<R: Runtime> Drop for QueuedCall<'_, R> {
    fn drop(&mut self) {
        let woken = self.pool.state.lock().cancel(&self.waiter);
        wake(woken);
    }
}
