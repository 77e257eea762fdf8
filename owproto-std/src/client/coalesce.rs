//! Reads that ask the same at the same time, and share one answer.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex};

use owproto_core::client::Timeout;
use owproto_core::listing::Entries;
use owproto_core::{Reply, Request};

use super::calls::{Calls, yes};
use super::pool::{Answer, lock};
use crate::Error;
use crate::runtime::{Gate, Runtime};

/// The reads under way that others may join, by the bytes of their requests.
pub(crate) struct Reads<R: Runtime>(Mutex<HashMap<Vec<u8>, Arc<Flight<R>>>>);

impl<R: Runtime> Default for Reads<R> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

/// A read under way. Those that have joined it wait at its gate.
struct Flight<R: Runtime> {
    gate: R::Gate,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    joined: usize,
    end: Option<End>,
}

/// What came of it for those that have joined.
#[derive(Clone)]
enum End {
    Answered(Arc<Answer>),
    /// The connection failed. Each goes on alone, lest they fail one after the other.
    Failed,
    /// Whoever asked is gone, or had no more time. One of the others asks.
    GivenUp,
}

enum Role<'a, R: Runtime> {
    Asks(Asking<'a, R>),
    Joins(Arc<Flight<R>>),
}

impl<R: Runtime> Reads<R> {
    fn enter(&self, key: Vec<u8>) -> Role<'_, R> {
        match lock(&self.0).entry(key) {
            Entry::Occupied(entry) => {
                let flight = Arc::clone(entry.get());
                lock(&flight.state).joined += 1;
                Role::Joins(flight)
            }
            Entry::Vacant(entry) => {
                let key = entry.key().clone();
                let flight = Arc::new(Flight { gate: R::Gate::default(), state: Mutex::default() });
                entry.insert(Arc::clone(&flight));
                Role::Asks(Asking { reads: self, key, flight })
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.0).is_empty()
    }
}

/// The call that asks. Dropped without an end, it leaves the read to another one.
struct Asking<'a, R: Runtime> {
    reads: &'a Reads<R>,
    key: Vec<u8>,
    flight: Arc<Flight<R>>,
}

impl<R: Runtime> Asking<'_, R> {
    /// The first end counts. A read that begins from now on is a new one.
    fn end(&self, end: impl FnOnce() -> End) {
        if lock(&self.flight.state).end.is_some() {
            return;
        }
        lock(&self.reads.0).remove(&self.key);
        // Nobody joins any more.
        let mut state = lock(&self.flight.state);
        let joined = state.joined;
        state.end = Some(if joined > 0 { end() } else { End::GivenUp });
        drop(state);
        (0..joined).for_each(|_| self.flight.gate.leave());
    }
}

impl<R: Runtime> Drop for Asking<'_, R> {
    fn drop(&mut self) {
        self.end(|| End::GivenUp);
    }
}

impl<R: Runtime> Calls<R> {
    /// One read and what `finish` makes of its answer, which all that ask the same meanwhile share.
    pub(super) async fn ask_once<T: Send>(
        &self,
        request: Request<'_>,
        finish: impl FnOnce(Reply<'_>) -> T + Send,
    ) -> Result<T, Error> {
        let mut now = R::now();
        let deadline = self.deadline(now);
        let finish = yes(request.path(), finish);
        let nothing = |_: Entries<'_>| 0;
        let mut key = vec![0; request.encoded_len()];
        request.encode(&mut key)?;
        loop {
            let flight = match self.shared.reads.enter(key.clone()) {
                Role::Joins(flight) => flight,
                Role::Asks(asking) => {
                    let share = |reply: Reply<'_>| {
                        asking.end(|| End::Answered(Arc::new(Answer::new(reply))));
                        finish(reply)
                    };
                    let result = self.exchange_by(now, deadline, request, self.way(), nothing, share).await;
                    if !matches!(result, Ok(_) | Err(Error::TimedOut { timeout: Timeout::Total, .. })) {
                        asking.end(|| End::Failed);
                    }
                    return result;
                }
            };
            let has_ended = flight.gate.enter(deadline.wait::<R>()).await;
            now = R::now();
            let end = lock(&flight.state).end.clone();
            match end {
                Some(End::Answered(answer)) => return finish(answer.reply()),
                _ if !has_ended => return Err(self.timed_out(Timeout::Total)),
                Some(End::Failed) => {
                    return self.exchange_by(now, deadline, request, self.way(), nothing, finish).await;
                }
                Some(End::GivenUp) | None => {}
            }
        }
    }
}
