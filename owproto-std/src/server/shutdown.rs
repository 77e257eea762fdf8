use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use ::tokio::sync::Notify;

/// How far the shutdown of a server has proceeded.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Phase {
    /// Requests are served.
    Running,
    /// No new requests are accepted; those in progress are answered.
    Finishing,
    /// All connections are dropped.
    Aborting,
}

/// Tells the listener and all connections that the server stops, and its owner that it has stopped.
pub(super) struct Shutdown {
    phase: AtomicU8,
    /// Notified when the phase changes; the listener waits for it.
    begun: Notify,
    is_listener_closed: AtomicBool,
    /// Notified when the listener or, during a shutdown, a connection has closed.
    closed: Notify,
    wakers: Mutex<Wakers>,
}

/// A waker for the task of each connection.
#[derive(Default)]
struct Wakers {
    slots: Vec<Option<Waker>>,
    /// Indices of the empty slots.
    free: Vec<u32>,
}

impl Shutdown {
    pub(super) fn new() -> Self {
        Self {
            phase: AtomicU8::new(Phase::Running as u8),
            begun: Notify::new(),
            is_listener_closed: AtomicBool::new(false),
            closed: Notify::new(),
            wakers: Mutex::default(),
        }
    }

    #[inline]
    pub(super) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Running,
            1 => Phase::Finishing,
            _ => Phase::Aborting,
        }
    }

    /// Enters a phase, unless a later one was entered before, and wakes the listener and all connections.
    pub(super) fn enter(&self, phase: Phase) {
        self.phase.fetch_max(phase as u8, Ordering::AcqRel);
        self.begun.notify_one();
        let wakers: Vec<Waker> = self.wakers().slots.iter().flatten().cloned().collect();
        wakers.iter().for_each(Waker::wake_by_ref);
    }

    /// Waits until a phase is entered. For the listener alone: one call of [`enter`](Self::enter) wakes one waiter.
    pub(super) async fn begun(&self) {
        self.begun.notified().await;
    }

    /// Takes note that the listener has closed.
    pub(super) fn listener_closed(&self) {
        self.is_listener_closed.store(true, Ordering::Release);
        self.closed.notify_waiters();
    }

    /// Takes note that a connection has closed.
    pub(super) fn connection_closed(&self) {
        if self.phase() != Phase::Running {
            self.closed.notify_waiters();
        }
    }

    /// Waits until the listener has closed and no connection is open.
    pub(super) async fn finished(&self, open_connections: impl Fn() -> usize) {
        loop {
            let mut closed = pin!(self.closed.notified());
            // From here on no notification is missed.
            closed.as_mut().enable();
            if open_connections() == 0 && self.is_listener_closed.load(Ordering::Acquire) {
                return;
            }
            closed.await;
        }
    }

    /// Stores the waker of a connection's task; returns the slot for [`unregister`](Self::unregister).
    pub(super) fn register(&self, waker: &Waker) -> u32 {
        let mut wakers = self.wakers();
        let free = wakers.free.pop().unwrap_or(u32::MAX);
        match wakers.slots.get_mut(free as usize) {
            Some(slot) => {
                *slot = Some(waker.clone());
                free
            }
            None => {
                wakers.slots.push(Some(waker.clone()));
                u32::try_from(wakers.slots.len() - 1).unwrap_or(u32::MAX)
            }
        }
    }

    pub(super) fn unregister(&self, slot: u32) {
        let mut wakers = self.wakers();
        if let Some(waker) = wakers.slots.get_mut(slot as usize) {
            *waker = None;
            wakers.free.push(slot);
        }
    }

    fn wakers(&self) -> MutexGuard<'_, Wakers> {
        self.wakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
