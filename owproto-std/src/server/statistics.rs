use std::sync::atomic::{AtomicU64, Ordering};

/// A snapshot of a server's counters.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Statistics {
    /// Connections that are open.
    pub connections: usize,
    /// Open connections that count as persistent.
    pub persistent: usize,
    /// Connections accepted since the start, including those that are open.
    pub accepted: u64,
    /// Connections closed right after they were accepted, because the maximum number was open.
    pub refused: u64,
    /// Failed attempts to accept a connection, usually because the process has too many open files.
    pub accept_errors: u64,
    /// Requests that were received completely and were well-formed.
    pub requests: u64,
    /// Requests whose persistence flag was refused, because the maximum number of connections was persistent.
    pub persistence_refused: u64,
    /// Connections that ended with a malformed request.
    pub malformed: u64,
    /// Connections that ended because a request carried this server's own token: a loop of servers.
    pub loops: u64,
    /// Connections that ended because the client was silent within a request, took too long to send it, or did not read
    /// its answer.
    pub timed_out: u64,
    /// Connections that ended because the client was idle for too long.
    pub idle_closed: u64,
    /// Connections that were lost in the middle of a request or an answer.
    pub lost: u64,
    /// Bytes of the [shared memory](super::Builder::memory_limit) in use.
    pub memory_in_use: usize,
    /// Requests that were answered with an error because the shared memory was used up.
    pub memory_refused: u64,
}

/// The counters of [`Statistics`] that only grow.
#[derive(Debug, Default)]
pub(super) struct Counters {
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

/// Adds one; returns the value before.
pub(super) fn count(counter: &AtomicU64) -> u64 {
    counter.fetch_add(1, Ordering::Relaxed)
}

impl Counters {
    /// The counters; what is open or in use is left 0.
    pub(super) fn snapshot(&self) -> Statistics {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Statistics {
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
            memory_refused: of(&self.memory_refused),
            ..Statistics::default()
        }
    }
}
