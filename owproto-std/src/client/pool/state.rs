//! What the pool's lock protects: idle connections, permits, and the queue of calls that wait for a permit.
//!
//! A call needs a permit to use a persistent connection. A call that finds none available joins the queue. A permit that is
//! released is handed to the front of the queue: to one call alone or, if the calls there wait with requests that another
//! call may send, to several. Of these the one with the latest deadline becomes the leader: it has the permit and sends the
//! requests of all (see `batch.rs`). So a waiting call is either in the queue or in the batch of a leader. It may be dropped
//! at any time.

use std::collections::BTreeMap;

use owproto_core::time::{Duration, Instant};

use super::waiter::{MAX_IN_FLIGHT_LEN, Waiter};
use crate::client::connection::{MAX_IN_FLIGHT, Session};
use crate::client::sync::Arc;
use crate::client::transport::Runtime;

/// How long the pool does not try to have an additional connection kept, after the server kept none.
pub(super) const REFUSED_FOR: Duration = Duration::from_millis(10_000);

/// Idle connections, permits, and the queue of calls that wait for a permit.
pub(super) struct PoolState<R: Runtime> {
    idle: Vec<Session<R>>,
    max_permits: usize,
    /// The number of permits, held ones included. Less than the maximum if the server keeps fewer connections.
    /// `1 <= permits <= max_permits`
    permits: usize,
    /// The number of permits that no call holds. 0 while calls wait.
    available: usize,
    /// The number of held permits without a connection that the server has promised to keep.
    unconfirmed: usize,
    /// When the server last did not keep a connection while it kept others.
    refused_at: Option<Instant>,
    /// Whether the server keeps no connection at all.
    keeps_none: bool,
    /// The calls that wait, by their numbers: the oldest first.
    queue: BTreeMap<u64, Arc<Waiter<R>>>,
    next_number: u64,
}

/// The calls to [wake](Waiter::wake) after the lock is released.
pub(super) type ToWake<R> = Vec<Arc<Waiter<R>>>;

/// What the pool knows of the connection of a held permit.
#[derive(Clone, Copy)]
pub(super) struct Slot {
    /// Whether the server has not yet promised to keep it, or there is no connection.
    is_unconfirmed: bool,
}

impl Slot {
    /// That of a permit that was [handed off](PoolState::release).
    pub(super) const HANDED_OFF: Self = Self { is_unconfirmed: true };
}

impl<R: Runtime> PoolState<R> {
    pub(super) fn new(max_permits: usize) -> Self {
        Self {
            idle: Vec::new(),
            max_permits,
            permits: max_permits,
            available: max_permits,
            unconfirmed: 0,
            refused_at: None,
            keeps_none: false,
            queue: BTreeMap::new(),
            next_number: 0,
        }
    }

    /// Takes a permit, and an idle connection if there is one. `None` if no permit is available.
    #[inline(always)]
    pub(super) fn acquire(&mut self) -> Option<(Slot, Option<Session<R>>)> {
        self.available = self.available.checked_sub(1)?;
        let idle = self.idle.pop();
        let is_unconfirmed = idle.is_none();
        self.unconfirmed += usize::from(is_unconfirmed);
        Some((Slot { is_unconfirmed }, idle))
    }

    /// An idle connection, for a call without a permit.
    pub(super) fn take_idle(&mut self) -> Option<Session<R>> {
        self.idle.pop()
    }

    /// An idle connection, for a permit without one.
    pub(super) fn take_idle_for(&mut self, slot: &mut Slot) -> Option<Session<R>> {
        let idle = self.idle.pop();
        self.set_unconfirmed(slot, idle.is_none());
        idle
    }

    pub(super) fn take_all_idle(&mut self) -> Vec<Session<R>> {
        std::mem::take(&mut self.idle)
    }

    /// Records that the connection of a held permit is closed.
    pub(super) fn connection_closed(&mut self, slot: &mut Slot) {
        self.set_unconfirmed(slot, true);
    }

    fn set_unconfirmed(&mut self, slot: &mut Slot, is_unconfirmed: bool) {
        self.unconfirmed = self.unconfirmed + usize::from(is_unconfirmed) - usize::from(slot.is_unconfirmed);
        slot.is_unconfirmed = is_unconfirmed;
    }

    /// Releases a permit: it is handed to waiting calls, or becomes available. Returns the call that was handed it.
    #[inline(always)]
    #[must_use = "the call is to be woken"]
    pub(super) fn release(&mut self, slot: Slot) -> Option<Arc<Waiter<R>>> {
        self.unconfirmed -= usize::from(slot.is_unconfirmed);
        self.available += 1;
        if self.queue.is_empty() { None } else { self.hand_off() }
    }

    /// The number of connections that the server has promised to keep: idle ones, and those of held permits.
    fn kept(&self) -> usize {
        self.idle.len() + self.permits - self.available - self.unconfirmed
    }

    /// Takes back a connection that the server keeps, and the permit if it has one; listings use connections without. Returns
    /// the connection if it is not needed, and the call that was handed the permit.
    #[inline(always)]
    #[must_use = "the connection is to be closed, the call to be woken"]
    pub(super) fn check_in(
        &mut self,
        session: Session<R>,
        slot: Option<Slot>,
    ) -> (Option<Session<R>>, Option<Arc<Waiter<R>>>) {
        let woken = match slot {
            Some(slot) if !slot.is_unconfirmed => {
                // It counted as kept before, so there is room for it.
                self.idle.push(session);
                return (None, self.release(slot));
            }
            Some(slot) => {
                self.keeps_none = false;
                self.release(slot)
            }
            None => None,
        };
        if self.kept() < self.max_permits {
            self.idle.push(session);
            (None, woken)
        } else {
            (Some(session), woken)
        }
    }

    /// Releases a permit whose connection the server did not keep although it was asked to: it keeps as many as it can. Unless
    /// it keeps none, the permit is removed, and calls wait for the connections that are kept, rather than open one each.
    #[must_use = "the calls are to be woken"]
    pub(super) fn release_refused(&mut self, slot: Slot, now: Instant) -> ToWake<R> {
        if !slot.is_unconfirmed {
            // The server had kept it, and has ended it for another reason.
            return self.release(slot).into_iter().collect();
        }
        let kept = self.kept();
        let without_connection = self.available.saturating_sub(self.idle.len());
        self.keeps_none = kept == 0;
        let mut woken = Vec::new();
        if kept == 0 {
            self.available += self.max_permits - self.permits;
            self.permits = self.max_permits;
        } else if self.permits - without_connection > 1 {
            self.refused_at = Some(now);
            self.unconfirmed -= 1;
            self.available -= without_connection;
            self.permits -= without_connection + 1;
            return woken;
        }
        woken.extend(self.release(slot));
        self.hand_off_all(&mut woken);
        woken
    }

    /// The number of the next call that waits.
    pub(super) fn next_number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }

    /// Takes a permit if one is available, or may be tried again. Otherwise the call joins the queue.
    pub(super) fn acquire_or_join(&mut self, waiter: &Arc<Waiter<R>>, now: Instant) -> Option<Slot> {
        let may_add = self.refused_at.is_none_or(|at| now.saturating_since(at) >= REFUSED_FOR);
        if self.available == 0 && self.permits < self.max_permits && may_add {
            self.permits += 1;
            self.available += 1;
        }
        if self.available > 0 {
            self.available -= 1;
            self.unconfirmed += 1;
            return Some(Slot { is_unconfirmed: true });
        }
        self.queue.insert(waiter.number(), Arc::clone(waiter));
        None
    }

    /// Puts those of these calls that still wait into the queue again, by their numbers.
    #[must_use = "the calls are to be woken"]
    pub(super) fn rejoin(&mut self, waiters: impl Iterator<Item = Arc<Waiter<R>>>) -> ToWake<R> {
        for waiter in waiters {
            if waiter.is_waiting() {
                self.queue.insert(waiter.number(), waiter);
            }
        }
        let mut woken = Vec::new();
        self.hand_off_all(&mut woken);
        woken
    }

    fn hand_off_all(&mut self, woken: &mut ToWake<R>) {
        while self.available > 0 && !self.queue.is_empty() {
            woken.extend(self.hand_off());
        }
    }

    /// Hands an available permit to the front of the queue: to one call, or to a batch of the calls whose requests can be sent
    /// together. A batch takes one permit's share of the queue, so the rest goes to the other permits, in order.
    #[cold]
    fn hand_off(&mut self) -> Option<Arc<Waiter<R>>> {
        let share = match self.keeps_none {
            true => 1,
            false => self.queue.len().div_ceil(self.permits).min(MAX_IN_FLIGHT),
        };
        let (_, first) = self.queue.pop_first()?;
        self.available -= 1;
        self.unconfirmed += 1;
        let is_batch = first.can_be_batched();
        let mut len = first.request_len();
        let mut batch = vec![first];
        while is_batch && batch.len() < share {
            let Some(next) = self.queue.first_entry() else { break };
            len += next.get().request_len();
            if !next.get().can_be_batched() || len > MAX_IN_FLIGHT_LEN {
                break;
            }
            batch.push(next.remove());
        }
        // Earliest deadline first. The leader is last, so it still waits when the last reply arrives.
        batch.sort_unstable_by_key(|waiter| (waiter.deadline(), waiter.number()));
        let leader = batch.pop()?;
        leader.lead(batch);
        Some(leader)
    }

    /// Removes a call that no longer waits. If it was the leader of a batch, its followers wait again, and its permit is
    /// released.
    #[must_use = "the calls are to be woken"]
    pub(super) fn cancel(&mut self, waiter: &Arc<Waiter<R>>) -> ToWake<R> {
        self.queue.remove(&waiter.number());
        let Some(followers) = waiter.cancel() else { return Vec::new() };
        let mut woken = self.rejoin(followers.into_iter());
        woken.extend(self.release(Slot::HANDED_OFF));
        woken
    }

    #[cfg(test)]
    pub(super) fn permits(&self) -> usize {
        self.permits
    }

    #[cfg(test)]
    pub(super) fn idle(&self) -> &[Session<R>] {
        &self.idle
    }

    /// Whether all permits are available and no call waits.
    #[cfg(test)]
    pub(super) fn is_unused(&self) -> bool {
        self.available == self.permits && self.unconfirmed == 0 && self.queue.is_empty()
    }
}
