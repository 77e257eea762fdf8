use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// What a server has done so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Statistics {
    /// Connections that are open.
    pub connections: usize,
    /// Connections that are open and have a place among the persistent ones.
    pub persistent: usize,
    /// Connections that were accepted, those that are open included.
    pub accepted: u64,
    /// Connections that were closed at once, because there were as many as allowed.
    pub refused: u64,
    /// Connections that could not be accepted, as a rule because the process has too many files open.
    pub accept_errors: u64,
    /// Requests that came complete and well-formed.
    pub requests: u64,
    /// Requests that asked for persistence when all places were taken.
    pub persistence_refused: u64,
    /// Connections that ended with a malformed request.
    pub malformed: u64,
    /// Connections that ended because a request had passed this server before.
    pub loops: u64,
    /// Connections that ended because the client was silent within a request, took too long for it, or did not read
    /// its answer.
    pub timed_out: u64,
    /// Connections that ended because the client had been idle.
    pub idle_closed: u64,
    /// Connections that were lost with a request or an answer under way.
    pub lost: u64,
    /// Bytes that connections have now of the memory that they [share](super::Builder::memory_limit).
    pub memory_in_use: usize,
    /// Requests that were answered with an error because no memory was left for them.
    pub memory_refused: u64,
}

/// The same, as it is counted.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) connections: AtomicUsize,
    pub(super) persistent: AtomicUsize,
    pub(super) accepted: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) accept_errors: AtomicU64,
    pub(super) requests: AtomicU64,
    pub(super) persistence_refused: AtomicU64,
    pub(super) malformed: AtomicU64,
    pub(super) loops: AtomicU64,
    pub(super) timed_out: AtomicU64,
    pub(super) idle_closed: AtomicU64,
    pub(super) lost: AtomicU64,
    pub(super) memory_refused: AtomicU64,
}

/// Adds one; gives what it was before.
pub(super) fn count(counter: &AtomicU64) -> u64 {
    counter.fetch_add(1, Ordering::Relaxed)
}

impl Counters {
    pub(super) fn read(&self, memory: usize) -> Statistics {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Statistics {
            connections: self.connections.load(Ordering::Relaxed),
            persistent: self.persistent.load(Ordering::Relaxed),
            accepted: of(&self.accepted),
            refused: of(&self.refused),
            accept_errors: of(&self.accept_errors),
            requests: of(&self.requests),
            persistence_refused: of(&self.persistence_refused),
            malformed: of(&self.malformed),
            loops: of(&self.loops),
            timed_out: of(&self.timed_out),
            idle_closed: of(&self.idle_closed),
            lost: of(&self.lost),
            memory_in_use: memory,
            memory_refused: of(&self.memory_refused),
        }
    }
}
