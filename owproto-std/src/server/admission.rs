use std::sync::atomic::{AtomicUsize, Ordering};

use super::settings::PersistentLimits;

/// Decides which connections are accepted, and which of them stay open between requests.
#[derive(Debug)]
pub(super) struct Admission {
    max_connections: usize,
    limits: PersistentLimits,
    /// Connections that are open: `0 <= open <= max_connections`.
    open: AtomicUsize,
    /// Those of them that are persistent: `0 <= persistent <= limits.high`.
    persistent: AtomicUsize,
}

impl Admission {
    pub(super) fn new(max_connections: usize, limits: PersistentLimits) -> Self {
        Self { max_connections, limits, open: AtomicUsize::new(0), persistent: AtomicUsize::new(0) }
    }

    /// Counts a new connection. False, with nothing changed, if the maximum number is open.
    #[must_use]
    pub(super) fn admit(&self) -> bool {
        let admit = |open: usize| (open < self.max_connections).then_some(open + 1);
        self.open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, admit).is_ok()
    }

    /// Undoes [`admit`](Self::admit) when the connection has ended.
    pub(super) fn release(&self) {
        self.open.fetch_sub(1, Ordering::Release);
    }

    /// The number of open connections.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::Acquire)
    }

    /// Counts a connection as persistent. False, with nothing changed, if the maximum number is persistent.
    #[must_use]
    pub(super) fn admit_persistent(&self) -> bool {
        let admit = |persistent: usize| (persistent < self.limits.high).then_some(persistent + 1);
        self.persistent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, admit).is_ok()
    }

    /// Undoes [`admit_persistent`](Self::admit_persistent).
    pub(super) fn release_persistent(&self) {
        self.persistent.fetch_sub(1, Ordering::Relaxed);
    }

    /// The number of persistent connections.
    pub(super) fn persistent(&self) -> usize {
        self.persistent.load(Ordering::Relaxed)
    }

    /// Whether the shorter idle timeout applies.
    pub(super) fn is_crowded(&self) -> bool {
        self.persistent() >= self.limits.low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_admitted_up_to_the_limit_and_again_after_a_release() {
        let admission = Admission::new(2, PersistentLimits::DEFAULT);
        assert!(admission.admit() && admission.admit());
        assert!(!admission.admit());
        assert_eq!(admission.open(), 2);
        admission.release();
        assert!(admission.admit() && !admission.admit());
    }

    #[test]
    fn persistent_connections_have_a_limit_and_a_mark_of_crowding() {
        let admission = Admission::new(10, PersistentLimits::new(2, 1));
        assert!(!admission.is_crowded());
        assert!(admission.admit_persistent() && admission.is_crowded());
        assert!(admission.admit_persistent() && !admission.admit_persistent());
        assert_eq!(admission.persistent(), 2);
        admission.release_persistent();
        assert!(admission.admit_persistent());
    }
}
