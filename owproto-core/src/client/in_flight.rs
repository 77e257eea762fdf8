use crate::request::Request;
use crate::time::Instant;
use crate::wire::{Flags, MessageType};

/// Names a request on one connection: they are counted, and answered in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct RequestId(pub(super) u32);

/// What an answer is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Answer {
    /// One frame, kept whole.
    Frame,
    /// A frame for each entry, and one that ends them.
    Entries,
    /// One frame with a comma list.
    List,
}

/// A request that waits for its answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    /// When its total timeout ends.
    pub(super) deadline: Instant,
    pub(super) id: RequestId,
    /// Where its last byte ends in the stream of sent bytes, counted modulo 2³².
    pub(super) ends_at: u32,
    pub(super) answer: Answer,
    pub(super) asks_persistence: bool,
    pub(super) is_idempotent: bool,
}

/// A moment that never comes.
pub(super) const NEVER: Instant = Instant::from_micros(u64::MAX);

impl Pending {
    const NONE: Self = Self {
        deadline: NEVER,
        id: RequestId(0),
        ends_at: 0,
        answer: Answer::Frame,
        asks_persistence: false,
        is_idempotent: false,
    };

    #[inline]
    pub(super) fn new(request: &Request<'_>, id: RequestId, ends_at: u32, deadline: Instant) -> Self {
        let message_type = request.message_type();
        Self {
            deadline,
            id,
            ends_at,
            answer: match message_type {
                MessageType::DIR => Answer::Entries,
                MessageType::DIRALL | MessageType::DIRALLSLASH => Answer::List,
                _ => Answer::Frame,
            },
            asks_persistence: request.flags().contains(Flags::PERSISTENCE),
            is_idempotent: message_type.is_idempotent(),
        }
    }

    /// Whether bytes of it wait to be sent, when so many were sent over the connection. The server waits for them.
    #[inline]
    pub(super) const fn is_unsent(&self, total_sent: u32) -> bool {
        let unsent = self.ends_at.wrapping_sub(total_sent);
        unsent != 0 && unsent <= u32::MAX / 2
    }
}

/// The requests in flight, oldest first: a ring of at most `DEPTH`.
#[derive(Clone, Debug)]
pub(super) struct InFlight<const DEPTH: usize> {
    ring: [Pending; DEPTH],
    /// `0 <= first < DEPTH`, or 0.
    first: usize,
    /// `0 <= len <= DEPTH`.
    len: usize,
}

impl<const DEPTH: usize> InFlight<DEPTH> {
    pub(super) const fn new() -> Self {
        Self { ring: [Pending::NONE; DEPTH], first: 0, len: 0 }
    }

    #[inline]
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The position `n` places behind the oldest.
    const fn place(&self, n: usize) -> usize {
        let at = self.first.saturating_add(n);
        if at >= DEPTH { at.saturating_sub(DEPTH) } else { at }
    }

    #[inline]
    pub(super) fn oldest(&self) -> Option<&Pending> {
        if self.len == 0 { None } else { self.ring.get(self.first) }
    }

    pub(super) fn newest(&self) -> Option<&Pending> {
        self.ring.get(self.place(self.len.checked_sub(1)?))
    }

    /// Puts one at the end; false if there is no room.
    #[inline]
    pub(super) fn push(&mut self, pending: Pending) -> bool {
        let at = self.place(self.len);
        match self.ring.get_mut(at) {
            Some(place) if self.len < DEPTH => {
                *place = pending;
                self.len = self.len.saturating_add(1);
                true
            }
            _ => false,
        }
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<Pending> {
        let oldest = *self.oldest()?;
        self.first = self.place(1);
        self.len = self.len.saturating_sub(1);
        Some(oldest)
    }

    /// The earliest deadline of all.
    pub(super) fn earliest_deadline(&self) -> Instant {
        (0..self.len).filter_map(|n| self.ring.get(self.place(n))).map(|p| p.deadline).min().unwrap_or(NEVER)
    }

    pub(super) fn clear(&mut self) {
        self.first = 0;
        self.len = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_keeps_its_order() {
        let pending = |n| Pending { id: RequestId(n), ..Pending::NONE };
        let mut ring = InFlight::<3>::new();
        let mut next = 0;
        let mut expected = 0;
        for round in 0..10 {
            for _ in 0..=(round % 3) {
                assert!(ring.push(pending(next)));
                assert_eq!(ring.newest().unwrap().id, RequestId(next));
                next += 1;
            }
            assert_eq!(ring.len(), round % 3 + 1);
            while let Some(oldest) = ring.pop() {
                assert_eq!(oldest.id, RequestId(expected));
                expected += 1;
            }
        }
        assert_eq!(expected, next);
        assert!((0..3).all(|n| ring.push(pending(n))));
        assert!(!ring.push(pending(9)));
    }

    #[test]
    fn no_depth_takes_nothing() {
        let mut ring = InFlight::<0>::new();
        assert!(!ring.push(Pending::NONE));
        assert!(ring.pop().is_none() && ring.newest().is_none());
    }
}
