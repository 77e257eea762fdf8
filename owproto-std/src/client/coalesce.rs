//! Identical reads at the same time: one request, whose reply they share.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use owproto_core::client::{Timeout, Timeouts};
use owproto_core::{Reply, Request};

use super::connection::{CallLimits, server_error, timed_out};
use super::exchange::{BoxedError, unless_error};
use super::pool::{Lease, OwnedReply, Pool};
use super::sync::{Arc, Mutex};
use super::transport::{Runtime, Semaphore};

/// The reads in progress that other calls may join, by the bytes of their requests.
pub(crate) struct SingleFlight<R: Runtime>(Mutex<HashMap<Vec<u8>, Arc<Flight<R>>>>);

impl<R: Runtime> Default for SingleFlight<R> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

/// A read in progress.
struct Flight<R: Runtime> {
    /// Gets a permit for each call that has joined, when the read has ended.
    ended: R::Semaphore,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    joined: usize,
    end: Option<End>,
}

/// How a read ended for the calls that have joined it.
#[derive(Clone)]
enum End {
    Answered(Arc<OwnedReply>),
    /// The connection failed. Each sends its own request, so that they do not fail one after the other.
    Failed,
    /// The leader was dropped, or its total timeout has expired. One of the others becomes the leader.
    Abandoned,
}

enum Role<'a, R: Runtime> {
    Leader(FlightLeader<'a, R>),
    Follower(Arc<Flight<R>>),
}

impl<R: Runtime> SingleFlight<R> {
    fn join(&self, key: Vec<u8>) -> Role<'_, R> {
        match self.0.lock().entry(key) {
            Entry::Occupied(entry) => {
                let flight = Arc::clone(entry.get());
                flight.state.lock().joined += 1;
                Role::Follower(flight)
            }
            Entry::Vacant(entry) => {
                let key = entry.key().clone();
                let flight = Arc::new(Flight { ended: R::Semaphore::default(), state: Mutex::default() });
                entry.insert(Arc::clone(&flight));
                Role::Leader(FlightLeader { flights: self, key, flight })
            }
        }
    }

    /// Sends a read, or joins an identical one in progress. `on_reply` takes the reply unless it is an error.
    pub(super) async fn read<T: Send>(
        &self,
        pool: &Pool<R>,
        request: Request<'_>,
        timeouts: Timeouts,
        lease: Lease,
        on_reply: impl FnOnce(Reply<'_>) -> T + Send,
    ) -> Result<T, BoxedError> {
        let mut now = R::now();
        let limits = CallLimits::from_now(now, timeouts);
        let on_reply = unless_error(on_reply);
        let mut key = vec![0; request.encoded_len()];
        request.encode(&mut key)?;
        loop {
            let flight = match self.join(key.clone()) {
                Role::Follower(flight) => flight,
                Role::Leader(leader) => {
                    let share = |reply: Reply<'_>| {
                        leader.end(|| End::Answered(Arc::new(OwnedReply::new(reply))));
                        on_reply(reply)
                    };
                    let result = pool.exchange_within(now, limits, request, lease, share).await;
                    if result.as_ref().is_err_and(|error| !error.is_total_timeout()) {
                        leader.end(|| End::Failed);
                    }
                    return result;
                }
            };
            let has_ended = flight.ended.acquire(limits.deadline.time_left::<R>()).await;
            now = R::now();
            let end = flight.state.lock().end.clone();
            match end {
                Some(End::Answered(reply)) => {
                    return on_reply(reply.as_reply())
                        .map_err(|error| server_error(error, request.path()).into());
                }
                _ if !has_ended => {
                    let address = pool.connector().address().clone();
                    return Err(timed_out(address, Timeout::Total, timeouts).into());
                }
                Some(End::Failed) => {
                    return pool.exchange_within(now, limits, request, lease, on_reply).await;
                }
                Some(End::Abandoned) | None => {}
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }
}

/// The call that sends the request. Dropped before the end of the read, it abandons it.
struct FlightLeader<'a, R: Runtime> {
    flights: &'a SingleFlight<R>,
    key: Vec<u8>,
    flight: Arc<Flight<R>>,
}

impl<R: Runtime> FlightLeader<'_, R> {
    /// Ends the read, unless it has ended. Reads that begin later are not identical with it any longer.
    fn end(&self, end: impl FnOnce() -> End) {
        if self.flight.state.lock().end.is_some() {
            return;
        }
        self.flights.0.lock().remove(&self.key);
        // No call can join from here on.
        let mut state = self.flight.state.lock();
        let joined = state.joined;
        state.end = Some(if joined > 0 { end() } else { End::Abandoned });
        drop(state);
        for _ in 0..joined {
            self.flight.ended.release();
        }
    }
}

impl<R: Runtime> Drop for FlightLeader<'_, R> {
    fn drop(&mut self) {
        self.end(|| End::Abandoned);
    }
}
