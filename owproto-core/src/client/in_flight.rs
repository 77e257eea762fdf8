use crate::time::Instant;
use crate::wire::MessageType;

/// Names a request on one connection: they are counted, and answered in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct RequestId(pub(super) u32);

/// A request that waits for its answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    /// When its total timeout ends.
    pub(super) deadline: Deadline,
    /// Where its last byte ends in the stream of sent bytes, counted modulo 2³².
    pub(super) ends_at: u32,
    pub(super) message_type: MessageType,
}

/// In which form the answer to a request comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// As one reply.
    Reply,
    /// As a reply for each entry, and one that ends them.
    Frames,
    /// As one reply with a comma list.
    List,
}

/// When something is over. Kept as the complement of its microseconds, so that "never" is 0, memory that is all zeros
/// costs no code, and the sooner one is the greater.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Deadline(u64);

impl Deadline {
    pub(super) const NEVER: Self = Self(0);

    #[inline]
    pub(super) const fn at(moment: Instant) -> Self {
        Self(!moment.as_micros())
    }

    #[inline]
    pub(super) const fn moment(self) -> Instant {
        Instant::from_micros(!self.0)
    }

    #[inline]
    pub(super) fn has_passed(self, now: Instant) -> bool {
        self >= Self::at(now)
    }

    #[inline]
    pub(super) fn or_sooner(self, other: Self) -> Self {
        self.max(other)
    }
}

impl Pending {
    const NONE: Self = Self { deadline: Deadline::NEVER, ends_at: 0, message_type: MessageType::NOP };

    #[inline]
    pub(super) const fn form(&self) -> Form {
        match self.message_type {
            MessageType::DIR => Form::Frames,
            MessageType::DIRALL | MessageType::DIRALLSLASH => Form::List,
            _ => Form::Reply,
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
#[repr(C)]
pub(super) struct InFlight<const DEPTH: usize> {
    /// `0 <= first < DEPTH`; 0 if there is none, so that one alone always has the same place.
    first: usize,
    /// `0 <= len <= DEPTH`.
    len: usize,
    /// Places that are free have a deadline that never comes.
    ring: [Pending; DEPTH],
}

impl<const DEPTH: usize> InFlight<DEPTH> {
    pub(super) const fn new() -> Self {
        Self { first: 0, len: 0, ring: [Pending::NONE; DEPTH] }
    }

    #[inline]
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    #[inline]
    pub(super) fn oldest(&self) -> Option<&Pending> {
        if self.len == 0 { None } else { self.ring.get(self.first) }
    }

    /// The one that is in flight, if it is alone.
    #[inline]
    pub(super) fn only(&self) -> Option<&Pending> {
        if self.len == 1 && self.first == 0 { self.ring.first() } else { None }
    }

    /// Puts one at the end, if there is room.
    #[inline]
    pub(super) fn push(&mut self, pending: Pending) {
        let end = self.first.wrapping_add(self.len);
        let at = if end >= DEPTH { end.wrapping_sub(DEPTH) } else { end };
        if self.len < DEPTH
            && let Some(place) = self.ring.get_mut(at)
        {
            *place = pending;
            self.len = self.len.wrapping_add(1);
        }
    }

    /// Puts one into an empty ring.
    #[inline]
    pub(super) fn push_only(&mut self, pending: Pending) {
        if let Some(place) = self.ring.first_mut() {
            *place = pending;
            (self.first, self.len) = (0, 1);
        }
    }

    /// Takes the oldest one away.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<Pending> {
        let place = self.ring.get_mut(self.first)?;
        self.len = self.len.checked_sub(1)?;
        let next = self.first.wrapping_add(1);
        self.first = if next >= DEPTH || self.len == 0 { 0 } else { next };
        let oldest = *place;
        place.deadline = Deadline::NEVER;
        Some(oldest)
    }

    /// Takes the one away that is alone.
    #[inline]
    pub(super) fn pop_only(&mut self) {
        if let Some(place) = self.ring.first_mut() {
            place.deadline = Deadline::NEVER;
            self.len = 0;
        }
    }

    /// The earliest deadline of all.
    #[inline]
    pub(super) fn earliest_deadline(&self) -> Deadline {
        let mut earliest = Deadline::NEVER;
        if self.is_empty() {
            return earliest;
        }
        for pending in &self.ring {
            earliest = earliest.or_sooner(pending.deadline);
        }
        earliest
    }

    pub(super) fn clear(&mut self) {
        while self.pop().is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_alone_has_the_first_place() {
        let pending = |n| Pending { ends_at: n, ..Pending::NONE };
        let mut all = InFlight::<3>::new();
        assert!(all.only().is_none());
        for n in 0..4 {
            match n % 2 {
                0 => all.push(pending(n)),
                _ => all.push_only(pending(n)),
            }
            assert_eq!(all.only().map(|only| only.ends_at), Some(n));
            all.pop_only();
            assert!(all.is_empty() && all.oldest().is_none());
        }
        (0..2).for_each(|n| all.push(pending(n)));
        assert!(all.only().is_none());
        all.pop();
        assert!(all.only().is_none(), "alone, but in the second place");
        all.push(pending(2));
        assert_eq!([all.pop(), all.pop()].map(|one| one.unwrap().ends_at), [1, 2]);
        all.push(pending(3));
        assert!(all.only().is_some());
    }

    #[test]
    fn they_keep_their_order() {
        let pending = |n| Pending { ends_at: n, ..Pending::NONE };
        let mut all = InFlight::<3>::new();
        let mut next = 0;
        let mut expected = 0;
        for round in 0..10 {
            for _ in 0..=(round % 3) {
                all.push(pending(next));
                next += 1;
            }
            assert_eq!(all.len(), round % 3 + 1);
            while let Some(oldest) = all.pop() {
                assert_eq!(oldest.ends_at, expected);
                expected += 1;
            }
        }
        assert_eq!(expected, next);
        (0..4).for_each(|n| all.push(pending(n)));
        assert_eq!(all.len(), 3);
    }

    #[test]
    fn no_depth_takes_nothing() {
        let mut none = InFlight::<0>::new();
        none.push(Pending::NONE);
        assert!(none.pop().is_none() && none.is_empty());
    }
}
