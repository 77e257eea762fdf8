use core::cell::{Cell, RefCell};
use core::task::{Context, Poll};

use owproto_core::Storage;
use owproto_core::server::{Connection, Persistence};
use owproto_core::time::Instant;

use crate::Service;

/// Limits how many clients keep their connection between requests, for all sockets together.
///
/// With one slot less than there are sockets, at least one socket becomes free soon. Clients without a slot are served
/// too, but their connection is closed after each answer, which every client of owserver has to expect.
#[derive(Debug)]
pub struct PersistentSlots {
    free: Cell<usize>,
}

impl PersistentSlots {
    /// Slots for this many clients.
    #[must_use]
    pub const fn new(clients: usize) -> Self {
        Self { free: Cell::new(clients) }
    }

    /// How many slots are free.
    #[must_use]
    pub fn free(&self) -> usize {
        self.free.get()
    }
}

/// The slot of one connection, which is released on drop.
struct Slot<'p> {
    slots: &'p PersistentSlots,
    is_acquired: Cell<bool>,
}

impl Slot<'_> {
    /// Acquires a slot unless this connection has one. Returns whether it has one now.
    fn acquire(&self) -> bool {
        if !self.is_acquired.get()
            && let Some(free) = self.slots.free.get().checked_sub(1)
        {
            self.slots.free.set(free);
            self.is_acquired.set(true);
        }
        self.is_acquired.get()
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        if self.is_acquired.get() {
            self.slots.free.set(self.slots.free.get().saturating_add(1));
        }
    }
}

/// Wraps the service of one connection, and grants persistence only with a slot.
pub(super) struct LimitPersistence<'p, V> {
    service: &'p RefCell<V>,
    slot: Slot<'p>,
}

impl<'p, V> LimitPersistence<'p, V> {
    pub(super) fn new(service: &'p RefCell<V>, slots: &'p PersistentSlots) -> Self {
        Self { service, slot: Slot { slots, is_acquired: Cell::new(false) } }
    }
}

impl<V: Service> Service for LimitPersistence<'_, V> {
    type Job = V::Job;

    fn serve<S: Storage, R: Storage>(
        &mut self,
        connection: &mut Connection<S, R>,
        job: &mut V::Job,
        now: Instant,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        if connection.requests_persistence() {
            let persistence = if self.slot.acquire() { Persistence::Grant } else { Persistence::Refuse };
            connection.set_persistence(persistence);
        }
        self.service.serve(connection, job, now, context)
    }

    fn cancel(&mut self, job: &mut V::Job) {
        self.service.cancel(job);
    }
}
