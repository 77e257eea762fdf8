use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use owproto_core::message::MAX_BODY_LEN;
use owproto_core::storage::Storage;

/// Bytes that each buffer of a connection may have in any case, beside the budget. Most requests and answers fit, so
/// that those who send and ask little are served, whatever others do with the budget.
pub(super) const OWN_LEN: usize = 512;

/// Memory that the connections of a server share for what goes beyond [`OWN_LEN`].
#[derive(Debug)]
pub(super) struct Budget {
    limit: usize,
    /// `0 <= taken <= limit`.
    taken: AtomicUsize,
}

impl Budget {
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, taken: AtomicUsize::new(0) })
    }

    /// Bytes that are taken now.
    pub(super) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: usize) -> bool {
        let take = |taken: usize| taken.checked_add(bytes).filter(|taken| *taken <= self.limit);
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.taken.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// What one buffer has of the budget. It is given back when this is dropped.
#[derive(Debug)]
pub(super) struct Share {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Share {
    pub(super) fn new(budget: &Arc<Budget>) -> Self {
        Self { budget: budget.clone(), bytes: 0 }
    }

    /// Makes it enough for a buffer of this capacity, or not more than that. False, with nothing changed, if there is
    /// not so much left.
    #[must_use]
    pub(super) fn cover(&mut self, capacity: usize) -> bool {
        let bytes = capacity.saturating_sub(OWN_LEN);
        if bytes > self.bytes {
            if !self.budget.take(bytes - self.bytes) {
                return false;
            }
        } else if bytes < self.bytes {
            self.budget.give_back(self.bytes - bytes);
        }
        self.bytes = bytes;
        true
    }

    /// Gives it back.
    pub(super) fn release(&mut self) {
        // Never more than there was.
        let _ = self.cover(0);
    }

    /// Whether it has anything of the budget.
    pub(super) fn is_any(&self) -> bool {
        self.bytes > 0
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.release();
    }
}

/// Storage that grows with the bytes that arrive, as far as the budget lasts. What it does not take is forgotten, and
/// all that it held as well.
#[derive(Debug)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    share: Share,
}

impl Buffer {
    pub(super) fn new(budget: &Arc<Budget>) -> Self {
        Self { bytes: Vec::new(), share: Share::new(budget) }
    }

    /// Makes room for so many bytes more. The capacity doubles, so that no byte is copied again and again.
    fn reserve(&mut self, more: usize) -> bool {
        let (len, capacity) = (self.bytes.len(), self.bytes.capacity());
        let Some(needed) = len.checked_add(more) else { return false };
        if needed <= capacity {
            return true;
        }
        let wanted = capacity.saturating_mul(2).min(MAX_BODY_LEN).max(needed);
        let is_there = self.share.cover(wanted) && self.bytes.try_reserve_exact(wanted - len).is_ok();
        if !is_there {
            self.bytes = Vec::new();
            self.share.release();
        }
        is_there
    }
}

impl Storage for Buffer {
    fn capacity(&self) -> usize {
        usize::MAX
    }

    fn put(&mut self, at: usize, bytes: &[u8]) -> bool {
        self.bytes.truncate(at);
        let fits = self.bytes.len() == at && self.reserve(bytes.len());
        if fits {
            self.bytes.extend_from_slice(bytes);
        }
        fits
    }

    fn space(&mut self, at: usize, len: usize) -> Option<&mut [u8]> {
        self.bytes.truncate(at);
        if self.bytes.len() != at || !self.reserve(len) {
            return None;
        }
        self.bytes.resize(at.checked_add(len)?, 0);
        self.bytes.get_mut(at..)
    }

    fn filled(&self, len: usize) -> &[u8] {
        self.bytes.filled(len)
    }

    fn shrink(&mut self, keep: usize) {
        self.bytes.shrink(keep);
        // Never more than there was.
        let _ = self.share.cover(self.bytes.capacity());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_is_never_exceeded_and_always_given_back() {
        let budget = Budget::new(10_000);
        let mut first = Buffer::new(&budget);
        assert!(first.put(0, &[1; OWN_LEN]));
        assert_eq!(budget.taken(), 0);
        assert!(first.put(OWN_LEN, &[2; 5000]));
        assert_eq!(budget.taken(), 5000);
        let mut second = Buffer::new(&budget);
        assert!(second.put(0, &[3; OWN_LEN]), "what is small has its place");
        assert!(!second.put(OWN_LEN, &[4; 5001]));
        assert_eq!(
            (budget.taken(), second.bytes.capacity()),
            (5000, 0),
            "nothing is kept of what was refused"
        );
        assert!(second.put(0, &[5; OWN_LEN + 5000]));
        assert_eq!(budget.taken(), 10_000);
        first.shrink(100);
        assert_eq!(budget.taken(), 5000);
        assert!(first.put(0, b"abc"));
        assert_eq!(first.filled(3), b"abc");
        drop(second);
        assert_eq!(budget.taken(), 0);
    }

    #[test]
    fn bytes_that_trickle_in_are_copied_a_few_times() {
        let budget = Budget::new(usize::MAX);
        let mut buffer = Buffer::new(&budget);
        let (mut capacity, mut growths) = (0, 0);
        for at in 0..MAX_BODY_LEN {
            assert!(buffer.put(at, &[7]));
            if buffer.bytes.capacity() != capacity {
                (capacity, growths) = (buffer.bytes.capacity(), growths + 1);
            }
        }
        assert!(growths < 20, "{growths}");
        assert_eq!(budget.taken(), MAX_BODY_LEN - OWN_LEN);
    }

    #[test]
    fn a_share_grows_and_shrinks_with_what_it_covers() {
        let budget = Budget::new(1000);
        let mut share = Share::new(&budget);
        assert!(share.cover(OWN_LEN) && !share.is_any());
        assert!(share.cover(OWN_LEN + 1000) && share.is_any());
        assert!(!share.cover(OWN_LEN + 1001));
        assert_eq!(budget.taken(), 1000);
        assert!(share.cover(OWN_LEN + 10));
        assert_eq!(budget.taken(), 10);
        share.release();
        assert_eq!((budget.taken(), share.is_any()), (0, false));
    }
}
