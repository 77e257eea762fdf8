use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;

use ::tokio::sync::Notify;
use ::tokio::time;
use owproto_core::server::Connection;
use owproto_core::time::{Duration, Instant};
use owproto_core::tree::Tree;
use owproto_core::wire::Token;

use super::builder::Settings;
use super::memory::{Budget, Buffer, OWN_LEN};
use super::statistics::{Counters, Statistics};

/// What the connections of a server have in common.
pub(super) struct Shared<B, A> {
    pub(super) control: Control,
    pub(super) tree: Mutex<Tree<B, A>>,
}

/// The part of it that does not depend on what is served.
pub(super) struct Control {
    pub(super) settings: Settings,
    pub(super) counters: Counters,
    pub(super) budget: Arc<Budget>,
    token: Token,
    /// Where the clock of the connections begins.
    epoch: time::Instant,
    stopping: AtomicU8,
    /// Wakes the task that accepts connections when the server stops.
    pub(super) stopped: Notify,
    /// Whether nothing listens any more.
    is_closed: AtomicBool,
    /// Tells who waits for it that the last connection of a stopping server has ended.
    ended: Notify,
    tasks: Mutex<Tasks>,
}

/// How far the end of a server is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Stopping {
    No,
    /// No requests are taken any more; those under way are answered.
    Finishing,
    /// Everything is dropped.
    Now,
}

/// A waker for each connection, to tell them all that the server stops.
#[derive(Default)]
struct Tasks {
    wakers: Vec<Option<Waker>>,
    free: Vec<u32>,
}

impl Control {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            token: settings.token.unwrap_or_else(random_token),
            budget: Budget::new(settings.memory_limit),
            settings,
            counters: Counters::default(),
            epoch: time::Instant::now(),
            stopping: AtomicU8::new(Stopping::No as u8),
            stopped: Notify::new(),
            is_closed: AtomicBool::new(false),
            ended: Notify::new(),
            tasks: Mutex::default(),
        }
    }

    /// The state of a connection that was accepted now.
    pub(super) fn connection(&self) -> Connection<Vec<u8>, Buffer> {
        Connection::new(Vec::new(), Buffer::new(&self.budget))
            .accepted_at(self.now())
            .with_timeouts(self.settings.timeouts)
            .with_token(self.token)
            .with_keepalives(self.settings.keepalives)
            .with_body_limit(self.settings.request_limit)
            .with_transmit_limit(OWN_LEN)
    }

    pub(super) fn statistics(&self) -> Statistics {
        self.counters.read(self.budget.taken())
    }

    pub(super) fn now(&self) -> Instant {
        let since = time::Instant::now().saturating_duration_since(self.epoch);
        Instant::ZERO.saturating_add(Duration::from(since))
    }

    /// A moment of the connections' clock on tokio's.
    pub(super) fn on_clock(&self, moment: Instant) -> time::Instant {
        self.epoch + std::time::Duration::from(moment.saturating_since(Instant::ZERO))
    }

    /// Takes one of the places for persistent connections, if there is one.
    pub(super) fn take_place(&self) -> bool {
        let high = self.settings.persistent.high;
        let take = |taken: usize| (taken < high).then_some(taken + 1);
        self.counters.persistent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }

    /// Gives it back.
    pub(super) fn give_place(&self) {
        self.counters.persistent.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether there are so many persistent connections that idle ones have to go sooner.
    pub(super) fn is_crowded(&self) -> bool {
        self.counters.persistent.load(Ordering::Relaxed) >= self.settings.persistent.low
    }

    /// Takes a connection on, if there are not too many.
    pub(super) fn enter(&self) -> bool {
        let limit = self.settings.max_connections;
        let enter = |open: usize| (open < limit).then_some(open + 1);
        self.counters.connections.fetch_update(Ordering::Relaxed, Ordering::Relaxed, enter).is_ok()
    }

    /// A connection has ended.
    pub(super) fn leave(&self) {
        self.counters.connections.fetch_sub(1, Ordering::Release);
        if self.stopping() != Stopping::No {
            self.ended.notify_waiters();
        }
    }

    #[inline]
    pub(super) fn stopping(&self) -> Stopping {
        match self.stopping.load(Ordering::Acquire) {
            0 => Stopping::No,
            1 => Stopping::Finishing,
            _ => Stopping::Now,
        }
    }

    pub(super) fn stop(&self, stopping: Stopping) {
        self.stopping.fetch_max(stopping as u8, Ordering::AcqRel);
        self.stopped.notify_one();
        let wakers: Vec<Waker> = {
            let tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
            tasks.wakers.iter().flatten().cloned().collect()
        };
        wakers.iter().for_each(Waker::wake_by_ref);
    }

    /// Nothing listens any more.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.ended.notify_waiters();
    }

    /// Waits until nothing listens and no connection is open.
    pub(super) async fn end(&self) {
        loop {
            let mut ended = std::pin::pin!(self.ended.notified());
            ended.as_mut().enable();
            let connections = self.counters.connections.load(Ordering::Acquire);
            if connections == 0 && self.is_closed.load(Ordering::Acquire) {
                return;
            }
            ended.await;
        }
    }

    /// Keeps the waker of a connection's task; gives the place where it is kept.
    pub(super) fn register(&self, waker: &Waker) -> u32 {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let at = tasks.free.pop().unwrap_or(u32::MAX);
        match tasks.wakers.get_mut(at as usize) {
            Some(place) => {
                *place = Some(waker.clone());
                at
            }
            None => {
                tasks.wakers.push(Some(waker.clone()));
                u32::try_from(tasks.wakers.len() - 1).unwrap_or(u32::MAX)
            }
        }
    }

    pub(super) fn unregister(&self, at: u32) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = tasks.wakers.get_mut(at as usize) {
            *place = None;
            tasks.free.push(at);
        }
    }
}

/// 16 bytes that no other server has. They are no secret: who sees one can do no more with it than have requests of
/// his own refused.
fn random_token() -> Token {
    let mut token = Token::default();
    for half in token.chunks_mut(8) {
        // The keys of each are random.
        let number = RandomState::new().hash_one(std::process::id());
        half.copy_from_slice(&number.to_ne_bytes());
    }
    token
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ() {
        let tokens = [random_token(), random_token(), random_token()];
        assert!(tokens[0] != tokens[1] && tokens[1] != tokens[2] && tokens[0] != tokens[2]);
        assert_ne!(tokens[0][..8], tokens[0][8..]);
    }
}
