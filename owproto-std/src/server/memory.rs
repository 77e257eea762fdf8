use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use owproto_core::message::MAX_BODY_LEN;
use owproto_core::storage::Storage;

/// Bytes of each buffer of a connection that do not count against the budget. Most requests and answers fit, so clients
/// with small requests are served even when others have used up the budget.
pub(super) const UNCOUNTED_LEN: usize = 512;

/// Memory that the connections of a server share for buffers beyond [`UNCOUNTED_LEN`].
#[derive(Debug)]
pub(super) struct Budget {
    limit: usize,
    /// `0 <= used <= limit`.
    used: AtomicUsize,
}

impl Budget {
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, used: AtomicUsize::new(0) })
    }

    /// Bytes in use.
    pub(super) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    fn reserve(&self, bytes: usize) -> bool {
        let reserve = |used: usize| used.checked_add(bytes).filter(|used| *used <= self.limit);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, reserve).is_ok()
    }

    fn release(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// One buffer's share of the budget. Dropping it releases the bytes.
#[derive(Debug)]
pub(super) struct Share {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Share {
    /// An empty share.
    pub(super) fn new(budget: &Arc<Budget>) -> Self {
        Self { budget: budget.clone(), bytes: 0 }
    }

    /// Grows or shrinks the share to what a buffer of this capacity needs. False, with nothing changed, if the budget has
    /// not enough left.
    #[must_use]
    pub(super) fn resize(&mut self, capacity: usize) -> bool {
        let bytes = capacity.saturating_sub(UNCOUNTED_LEN);
        if bytes > self.bytes {
            if !self.budget.reserve(bytes - self.bytes) {
                return false;
            }
        } else if bytes < self.bytes {
            self.budget.release(self.bytes - bytes);
        }
        self.bytes = bytes;
        true
    }

    /// Releases all of it.
    pub(super) fn release(&mut self) {
        // Shrinking does not fail.
        let _ = self.resize(0);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes == 0
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.release();
    }
}

/// Storage that grows as bytes arrive, while the budget lasts. When it cannot grow, it drops everything that it holds.
#[derive(Debug)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    share: Share,
}

impl Buffer {
    pub(super) fn new(budget: &Arc<Budget>) -> Self {
        Self { bytes: Vec::new(), share: Share::new(budget) }
    }

    /// Makes room for `more` bytes. The capacity doubles, so that bytes are copied only a few times.
    fn reserve(&mut self, more: usize) -> bool {
        let (len, capacity) = (self.bytes.len(), self.bytes.capacity());
        let Some(needed) = len.checked_add(more) else { return false };
        if needed <= capacity {
            return true;
        }
        let wanted = capacity.saturating_mul(2).min(MAX_BODY_LEN).max(needed);
        let has_grown = self.share.resize(wanted) && self.bytes.try_reserve_exact(wanted - len).is_ok();
        if !has_grown {
            self.bytes = Vec::new();
            self.share.release();
        }
        has_grown
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
        // Shrinking does not fail.
        let _ = self.share.resize(self.bytes.capacity());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_never_exceed_the_budget_and_release_all_of_it() {
        let budget = Budget::new(10_000);
        let mut first = Buffer::new(&budget);
        assert!(first.put(0, &[1; UNCOUNTED_LEN]));
        assert_eq!(budget.used(), 0);
        assert!(first.put(UNCOUNTED_LEN, &[2; 5000]));
        assert_eq!(budget.used(), 5000);
        let mut second = Buffer::new(&budget);
        assert!(second.put(0, &[3; UNCOUNTED_LEN]), "the first bytes need no budget");
        assert!(!second.put(UNCOUNTED_LEN, &[4; 5001]));
        assert_eq!((budget.used(), second.bytes.capacity()), (5000, 0), "a refused buffer keeps nothing");
        assert!(second.put(0, &[5; UNCOUNTED_LEN + 5000]));
        assert_eq!(budget.used(), 10_000);
        first.shrink(100);
        assert_eq!(budget.used(), 5000);
        assert!(first.put(0, b"abc"));
        assert_eq!(first.filled(3), b"abc");
        drop(second);
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn a_buffer_that_is_filled_byte_by_byte_grows_fewer_than_20_times() {
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
        assert_eq!(budget.used(), MAX_BODY_LEN - UNCOUNTED_LEN);
    }

    #[test]
    fn a_share_covers_the_capacity_beyond_the_uncounted_bytes() {
        let budget = Budget::new(1000);
        let mut share = Share::new(&budget);
        assert!(share.resize(UNCOUNTED_LEN) && share.is_empty());
        assert!(share.resize(UNCOUNTED_LEN + 1000) && !share.is_empty());
        assert!(!share.resize(UNCOUNTED_LEN + 1001));
        assert_eq!(budget.used(), 1000);
        assert!(share.resize(UNCOUNTED_LEN + 10));
        assert_eq!(budget.used(), 10);
        share.release();
        assert_eq!((budget.used(), share.is_empty()), (0, true));
    }
}
