use super::deadline::Deadline;
use crate::wire::MessageType;

/// A request in flight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    /// When its total timeout expires.
    pub(super) deadline: Deadline,
    /// The end of its last byte in the stream of sent bytes, modulo 2³².
    pub(super) ends_at: u32,
    pub(super) message_type: MessageType,
}

/// The form of the answer to a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum AnswerForm {
    /// One reply.
    Reply,
    /// A reply for each entry, and one that ends the listing.
    Frames,
    /// One reply with a comma list.
    List,
}

impl Pending {
    const NONE: Self = Self { deadline: Deadline::NEVER, ends_at: 0, message_type: MessageType::NOP };

    #[inline]
    pub(super) const fn answer_form(&self) -> AnswerForm {
        match self.message_type {
            MessageType::DIR => AnswerForm::Frames,
            MessageType::DIRALL | MessageType::DIRALLSLASH => AnswerForm::List,
            _ => AnswerForm::Reply,
        }
    }

    /// Whether bytes of it are not sent yet, after `total_sent` bytes of the connection. The server waits for them.
    #[inline]
    pub(super) const fn is_unsent(&self, total_sent: u32) -> bool {
        let unsent = self.ends_at.wrapping_sub(total_sent);
        unsent != 0 && unsent <= u32::MAX / 2
    }
}

/// The requests in flight, oldest first, in a ring buffer of `DEPTH`.
#[derive(Clone, Debug)]
#[repr(C)]
pub(super) struct InFlight<const DEPTH: usize> {
    /// `0 <= first < DEPTH`; 0 if the ring is empty, so that a single request is usually in the first place.
    first: usize,
    /// `0 <= len <= DEPTH`.
    len: usize,
    /// Free places have the deadline [`Deadline::NEVER`].
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

    /// The request in flight, if it is the only one and in the first place.
    #[inline]
    pub(super) fn only(&self) -> Option<&Pending> {
        if self.len == 1 && self.first == 0 { self.ring.first() } else { None }
    }

    /// Appends a request, if there is room.
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

    /// Adds a request to an empty ring.
    #[inline]
    pub(super) fn push_only(&mut self, pending: Pending) {
        if let Some(place) = self.ring.first_mut() {
            *place = pending;
            (self.first, self.len) = (0, 1);
        }
    }

    /// Removes the oldest request.
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

    /// Removes the request that [`only`](Self::only) returns.
    #[inline]
    pub(super) fn pop_only(&mut self) {
        if let Some(place) = self.ring.first_mut() {
            place.deadline = Deadline::NEVER;
            self.len = 0;
        }
    }

    /// The earliest deadline of all requests.
    #[inline]
    pub(super) fn earliest_deadline(&self) -> Deadline {
        let mut earliest = Deadline::NEVER;
        if self.is_empty() {
            return earliest;
        }
        for pending in &self.ring {
            earliest = earliest.or_earlier(pending.deadline);
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
    fn a_single_request_is_in_the_first_place() {
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
        assert!(all.only().is_none(), "the only one, but in the second place");
        all.push(pending(2));
        assert_eq!([all.pop(), all.pop()].map(|one| one.unwrap().ends_at), [1, 2]);
        all.push(pending(3));
        assert!(all.only().is_some());
    }

    #[test]
    fn requests_keep_their_order() {
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
    fn a_ring_without_places_takes_no_request() {
        let mut none = InFlight::<0>::new();
        none.push(Pending::NONE);
        assert!(none.pop().is_none() && none.is_empty());
    }
}
