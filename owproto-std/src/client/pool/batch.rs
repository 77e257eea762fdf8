//! The requests of several waiting calls, sent over one connection without waiting between them.
//!
//! One of the waiting calls does this, the leader; the client has no task or thread of its own. The leader's request is the
//! last one, so it receives the replies of all. A waiting call goes through these states:
//!
//! ```text
//!                     no permit is available
//!                               │
//!                               ▼
//!          ┌──────────▶   in the queue   ◀──────────┐
//!          │               │    │    │              │
//!         (1)     joins a  │    │    │ is handed   (2)
//!          │        batch  │    │    │ a permit     │
//!          │               ▼    │    ▼              │
//!          └────────  follower  │  leader  ─────────┘
//!                          │    │    │
//!            reply, error, │    │    │ reply, error,
//!       deadline, dropped  │    │    │ deadline, dropped
//!                          ▼    ▼    ▼
//!                             done
//!
//!     (1) The leader was dropped, or the connection broke before this call's reply was due.
//!     (2) The connection broke before the leader's reply was due.
//! ```
//!
//! - Every call has its own deadline. When it passes, the call ends, and its reply is discarded.
//! - Calls that return to the queue keep their positions.
//! - If the connection breaks within a reply, the call fails whose reply that was. If the server is silent, all calls fail
//!   whose requests were sent; if no connection can be opened, all calls of the batch fail.
//! - Only requests that may be sent twice are sent by a leader. A write waits for a permit and is sent by its own call, alone.

use std::collections::VecDeque;
use std::io;

use owproto_core::Request;
use owproto_core::client::{ConnectionError, Timeout};

use super::checkout::{Checkout, LivenessCheck, PartialCheckout};
use super::pool::{Permit, Pool};
use super::waiter::Waiter;
use crate::Error;
use crate::client::connection::{AckPolicy, CallLimits, ErrorKind, Item, SessionError, timed_out};
use crate::client::sync::Arc;
use crate::client::transport::Runtime;

/// The calls without a reply, in the order of their requests; the leader is last. Dropped, it returns them to the queue.
pub(super) struct Batch<'a, R: Runtime> {
    pool: &'a Pool<R>,
    waiters: VecDeque<Arc<Waiter<R>>>,
}

impl<'a, R: Runtime> Batch<'a, R> {
    pub(super) fn new(pool: &'a Pool<R>, followers: Vec<Arc<Waiter<R>>>, leader: Arc<Waiter<R>>) -> Self {
        let mut waiters = VecDeque::from(followers);
        waiters.push_back(leader);
        Self { pool, waiters }
    }

    /// Sends all requests over one connection, without waiting between them, and gives each call its reply.
    pub(super) async fn exchange(mut self, mut permit: Permit<'a, R>, limits: CallLimits) {
        let idle = permit.take_idle();
        let partial = PartialCheckout { permit: Some(permit), idle };
        let mut checkout = match self.pool.complete(partial, R::now(), limits, LivenessCheck::IfIdle).await {
            Ok(checkout) => checkout,
            Err(error) => return self.fail_without_connection(&error),
        };
        let mut acknowledgements = AckPolicy::new(false);
        let (mut in_flight, mut answered) = (0, 0);
        let result = loop {
            let Checkout { session, .. } = &mut checkout;
            // The followers have earlier deadlines and check them themselves.
            let total = limits.deadline.total_timeout(session.now());
            while session.room() > 0
                && let Some(request) = self.request(in_flight)
            {
                match session.request(&request, total) {
                    Ok(()) => in_flight += 1,
                    Err(error) => self.fail(in_flight, self.explain(error, limits)),
                }
            }
            if in_flight == 0 {
                break Ok(());
            }
            // The server writes each reply separately.
            acknowledgements.has_several_writes |= in_flight > 1;
            let pumped = session
                .pump(&mut acknowledgements, &mut |item| {
                    if let (Item::Reply(reply), Some(waiter)) = (item, self.waiters.pop_front()) {
                        waiter.answer(reply);
                        (in_flight, answered) = (in_flight - 1, answered + 1);
                    }
                })
                .await;
            if let Err(error) = pumped
                && in_flight > 0
            {
                break Err(error);
            }
        };
        let pool = self.pool;
        match result {
            Ok(()) => {
                // Those without a reply return to the queue before the permit is released.
                drop(self);
                pool.check_in(checkout);
            }
            Err(error) => {
                let was_stale = error.is_stale() && (checkout.was_idle || answered > 0);
                let Checkout { session, permit, .. } = checkout;
                pool.connector().close(session);
                if was_stale {
                    // The idle ones are likely to be stale too.
                    pool.close_idle();
                } else {
                    self.fail_in_flight(in_flight, error, limits);
                }
                drop(self);
                drop(permit);
            }
        }
    }

    /// The request at this position. Skips calls that no longer wait.
    fn request(&mut self, position: usize) -> Option<Request<'_>> {
        while !self.waiters.get(position)?.is_waiting() {
            self.waiters.remove(position);
        }
        self.waiters.get(position)?.request()
    }

    fn fail(&mut self, position: usize, error: Error) {
        if let Some(waiter) = self.waiters.remove(position) {
            waiter.fail(error);
        }
    }

    /// Fails all: they would have tried the same. After the leader's deadline only those remain that check their own.
    fn fail_without_connection(&mut self, error: &Error) {
        while let (Some(error), Some(waiter)) = (copy_of(error), self.waiters.pop_front()) {
            waiter.fail(error);
        }
    }

    /// Fails the calls that an error of the connection concerns: the one whose reply was due, or all that the server left
    /// without one.
    fn fail_in_flight(&mut self, in_flight: usize, error: SessionError, limits: CallLimits) {
        match error.kind() {
            ErrorKind::Connection(ConnectionError::TimedOut(Timeout::Inactivity)) => {
                for _ in 0..in_flight {
                    let address = self.pool.connector().address().clone();
                    self.fail(0, timed_out(address, Timeout::Inactivity, limits.timeouts));
                }
            }
            // Each call checks its own deadline.
            ErrorKind::Connection(ConnectionError::TimedOut(Timeout::Total)) => {}
            _ => self.fail(0, self.explain(error, limits)),
        }
    }

    fn explain(&self, error: SessionError, limits: CallLimits) -> Error {
        error.into_error(self.pool.connector().address(), limits.timeouts)
    }
}

impl<R: Runtime> Drop for Batch<'_, R> {
    fn drop(&mut self) {
        self.pool.rejoin(self.waiters.drain(..));
    }
}

/// A copy of an error, if it is that there is no connection.
fn copy_of(error: &Error) -> Option<Error> {
    let copy = |source: &io::Error| match source.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(source.kind(), source.to_string()),
    };
    match error {
        Error::Resolve { address, source } => {
            Some(Error::Resolve { address: address.clone(), source: copy(source) })
        }
        Error::Connect { address, source } => {
            Some(Error::Connect { address: address.clone(), source: copy(source) })
        }
        _ => None,
    }
}
