//! Reads that ask the same at the same time, and share one answer.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use owproto_core::client::Timeout;
use owproto_core::{Reply, Request};
use parking_lot::Mutex;

use super::calls::Calls;
use super::exchange::{Failed, server_error, yes};
use super::pool::Answer;
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
        match self.0.lock().entry(key) {
            Entry::Occupied(entry) => {
                let flight = Arc::clone(entry.get());
                flight.state.lock().joined += 1;
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
        self.0.lock().is_empty()
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
        if self.flight.state.lock().end.is_some() {
            return;
        }
        self.reads.0.lock().remove(&self.key);
        // Nobody joins any more.
        let mut state = self.flight.state.lock();
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
    ) -> Result<T, Failed> {
        let mut now = R::now();
        let deadline = self.deadline(now);
        let finish = yes(finish);
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
                    let result = self.read_by(now, deadline, request, share).await;
                    if result.as_ref().is_err_and(|failed| !failed.is_out_of_time()) {
                        asking.end(|| End::Failed);
                    }
                    return result;
                }
            };
            let has_ended = flight.gate.enter(deadline.wait::<R>()).await;
            now = R::now();
            let end = flight.state.lock().end.clone();
            match end {
                Some(End::Answered(answer)) => {
                    return finish(answer.reply())
                        .map_err(|error| server_error(error, request.path()).into());
                }
                _ if !has_ended => return Err(self.timed_out(Timeout::Total).into()),
                Some(End::Failed) => {
                    return self.read_by(now, deadline, request, finish).await;
                }
                Some(End::GivenUp) | None => {}
            }
        }
    }
}
