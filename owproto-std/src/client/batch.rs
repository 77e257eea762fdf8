//! What a call does that found no place: it waits, and asks for others too when its turn comes.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use owproto_core::Request;
use owproto_core::client::{ConnectionError, Timeout};
use owproto_core::time::Instant;

use super::calls::Calls;
use super::checkout::{Begun, Checkout, Look};
use super::deadline::Deadline;
use super::places::Place;
use super::pool::{Answer, Turn, Waiter};
use super::session::{Failure, Item, Reading, Reason};
use super::shared::Shared;
use crate::Error;
use crate::runtime::Runtime;

/// How a call begins that could not begin at once.
pub(super) enum Start<'a, R: Runtime> {
    On(Checkout<'a, R>),
    /// Another call has asked for it.
    Answered(Answer),
}

impl<R: Runtime> Calls<R> {
    /// Waits for a place, or for the answer if another call can ask.
    pub(super) async fn wait_for_turn(
        &self,
        request: Option<&Request<'_>>,
        now: Instant,
        deadline: Deadline,
    ) -> Result<Result<Place<'_, R>, Answer>, Error> {
        let waiting = match self.shared.places.queue_up(request, deadline, now) {
            Ok(waiting) => waiting,
            Err(place) => return Ok(Ok(place)),
        };
        loop {
            match waiting.waiter.turn().await {
                None => return Err(self.timed_out(Timeout::Total)),
                Some(Turn::Answered(answer)) => return Ok(Err(answer)),
                Some(Turn::Failed(error)) => return Err(error),
                Some(Turn::Leads(others)) => {
                    let place = self.shared.places.handed_on();
                    if others.is_empty() {
                        return Ok(Ok(place));
                    }
                    // On the heap, since few calls need room for it.
                    let mut batch = Batch { shared: &self.shared, waiters: others.into() };
                    batch.waiters.push_back(Arc::clone(&waiting.waiter));
                    Box::pin(self.ask_together(batch, place, deadline)).await;
                }
            }
        }
    }

    /// Asks for a batch over one connection, without waiting between the requests, and gives each its answer as it
    /// comes. Those that get none, this call among them, wait further.
    async fn ask_together(&self, mut batch: Batch<'_, R>, mut place: Place<'_, R>, deadline: Deadline) {
        let idle = self.shared.places.take_idle(Some(&mut place));
        let begun = Begun { place: Some(place), idle, tried: None };
        let Checkout { mut session, place, is_used } =
            match self.checkout_begun(begun, R::now(), deadline, Look::IfRested).await {
                Ok(checkout) => checkout,
                Err(error) => return batch.has_no_connection(&error),
            };
        let mut reading = Reading::new(false);
        let (mut in_flight, mut answered) = (0, 0);
        let outcome = loop {
            // The time of the others ends before, and they see to it themselves.
            let left = deadline.left(session.now());
            while session.room() > 0
                && let Some(request) = batch.request(in_flight)
            {
                match session.request(&request, left) {
                    Ok(()) => in_flight += 1,
                    Err(failure) => batch.fail(in_flight, self.explain(failure)),
                }
            }
            if in_flight == 0 {
                break Ok(());
            }
            // As the frames of a listing, each reply waits for the acknowledgement of the one before.
            reading.is_in_pieces |= in_flight > 1;
            let pumped = session
                .pump(&mut reading, &mut |item| {
                    if let (Item::Reply(reply), Some(waiter)) = (item, batch.waiters.pop_front()) {
                        waiter.answer(reply);
                        (in_flight, answered) = (in_flight - 1, answered + 1);
                    }
                })
                .await;
            if let Err(failure) = pumped
                && in_flight > 0
            {
                break Err(failure);
            }
        };
        match outcome {
            Ok(()) => {
                // In the queue again before there is a place for one of them.
                drop(batch);
                self.shared.put_back(session, place);
            }
            Err(failure) => {
                self.shared.close(session);
                if failure.is_stale() && (is_used || answered > 0) {
                    // The others are likely to be as old.
                    self.shared.close_idle();
                } else {
                    self.blame(failure, &mut batch, in_flight);
                }
            }
        }
    }

    /// Tells a failure to those whom it hits. As a rule that is the oldest, at whose answer the server was; where the
    /// server was silent, it owed all of them an answer.
    fn blame(&self, failure: Failure, batch: &mut Batch<'_, R>, in_flight: usize) {
        match *failure.0 {
            Reason::Connection(ConnectionError::TimedOut(Timeout::Inactivity)) => {
                (0..in_flight).for_each(|_| batch.fail(0, self.timed_out(Timeout::Inactivity)));
            }
            // They all look at the clock.
            Reason::Connection(ConnectionError::TimedOut(Timeout::Total)) => {}
            _ => batch.fail(0, self.explain(failure)),
        }
    }
}

/// Calls that one of them asks for, oldest question first. Dropped, it lets those without an answer wait further.
struct Batch<'a, R: Runtime> {
    shared: &'a Shared<R>,
    waiters: VecDeque<Arc<Waiter<R>>>,
}

impl<R: Runtime> Batch<'_, R> {
    /// What the call at this place asks. Those that are gone are passed over.
    fn request(&mut self, at: usize) -> Option<Request<'_>> {
        while !self.waiters.get(at)?.is_waiting() {
            self.waiters.remove(at);
        }
        self.waiters.get(at)?.request()
    }

    fn fail(&mut self, at: usize, error: Error) {
        if let Some(waiter) = self.waiters.remove(at) {
            waiter.fail(error);
        }
    }

    /// All of them would have tried the same. Those whose time is over know it by themselves.
    fn has_no_connection(&mut self, error: &Error) {
        while let (Some(error), Some(waiter)) = (again(error), self.waiters.pop_front()) {
            waiter.fail(error);
        }
    }
}

impl<R: Runtime> Drop for Batch<'_, R> {
    fn drop(&mut self) {
        self.shared.places.queue_again(self.waiters.drain(..));
    }
}

/// The same error once more, if it is that there is no connection.
fn again(error: &Error) -> Option<Error> {
    let source = |source: &io::Error| match source.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(source.kind(), source.to_string()),
    };
    match error {
        Error::Resolve { address, source: why } => {
            Some(Error::Resolve { address: address.clone(), source: source(why) })
        }
        Error::Connect { address, source: why } => {
            Some(Error::Connect { address: address.clone(), source: source(why) })
        }
        _ => None,
    }
}
