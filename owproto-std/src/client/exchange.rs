//! One request and its reply, on whatever connection the pool provides.
//!
//! Most calls take the fast path: it needs no future, so it costs little more than its system calls. It either returns the
//! result or what the slow path, which is a future, continues from.

use owproto_core::client::{Timeout, Timeouts};
use owproto_core::message::Entries;
use owproto_core::time::{self, Instant};
use owproto_core::{Reply, Request, RequestError, ServerError};

use super::connection::{CallLimits, ExchangeProgress, ReplyReader, SessionError, server_error};
use super::pool::{Checkout, Lease, LivenessCheck, Outcome, PartialCheckout, Pool};
use super::transport::{Runtime, poll_once};
use crate::Error;

/// One request. The last closure takes the reply that ends the exchange, the one before takes entries.
///
/// It is a macro, since even a future that is ready immediately costs what it has to store. For the same reason nothing that
/// is borrowed here exists when there is something to wait for.
macro_rules! exchange {
    ($calls:expr, $request:expr, $lease:expr, $on_entries:expr, $on_reply:expr) => {
        'result: {
            let (pool, timeouts) = (&$calls.shared.pool, $calls.timeouts);
            let (now, request, lease, rest, on_entries, on_reply) = {
                let (request, lease, on_entries, mut on_reply) =
                    ($request, $lease, $on_entries, Some($on_reply));
                let now = R::now();
                match pool.fast_path(now, timeouts, timeouts.total, &request, lease, &mut on_reply) {
                    Ok(result) => break 'result Ok(result),
                    Err(rest) => (now, request, lease, rest, on_entries, on_reply),
                }
            };
            let limits = CallLimits::from_now(now, timeouts);
            let slow = pool.slow_path(rest, now, limits, request, lease, on_entries, on_reply);
            // Without an `await` the compiler can keep in registers what was borrowed above.
            if R::BLOCKS { poll_slow_path_once(slow) } else { slow.await }
        }
    };
}

/// One request whose reply is one frame. The closure takes the reply unless it is an error.
macro_rules! request {
    ($calls:expr, $request:expr, $on_reply:expr) => {{
        let request = $request.with_flags($calls.request_flags($calls.flags));
        exchange!($calls, request, $calls.lease(), |_: Entries<'_>| 0, unless_error($on_reply))
    }};
}

/// As [`request`], for a read that may share the reply of another call.
macro_rules! read_request {
    ($calls:expr, $request:expr, $on_reply:expr) => {
        if let Some(single_flight) = &$calls.shared.single_flight {
            let request = $request.with_flags($calls.request_flags($calls.flags));
            let (pool, lease) = (&$calls.shared.pool, $calls.lease());
            let read = single_flight.read(pool, request, $calls.timeouts, lease, $on_reply);
            if R::BLOCKS { poll_slow_path_once(read) } else { Box::pin(read).await }
        } else {
            request!($calls, $request, $on_reply)
        }
    };
}

pub(super) use {exchange, read_request, request};

#[cold]
#[inline(never)]
pub(super) fn poll_slow_path_once<T>(slow_path: impl Future<Output = T>) -> T {
    poll_once(slow_path)
}

/// Passes a reply on, or returns the server's error.
#[inline]
pub(super) fn unless_error<T>(
    on_reply: impl FnOnce(Reply<'_>) -> T + Send,
) -> impl FnOnce(Reply<'_>) -> Result<T, ServerError> + Send {
    move |reply| reply.into_result().map(on_reply)
}

/// Where the slow path continues.
pub(super) enum Rest<'a, R: Runtime, T> {
    /// At the checkout of a connection.
    Checkout(PartialCheckout<'a, R>),
    /// At this point of the exchange.
    Exchange(Checkout<'a, R>, ExchangeOutcome<T>),
    /// The reply is an error.
    ServerError(ServerError),
}

type ExchangeOutcome<T> = Result<ExchangeProgress<Result<T, ServerError>>, SessionError>;

/// An error, boxed while it is passed through the functions of the fast path: it is large and rare.
pub(crate) struct BoxedError(Box<Error>);

impl BoxedError {
    pub(super) fn is_total_timeout(&self) -> bool {
        matches!(*self.0, Error::TimedOut { timeout: Timeout::Total, .. })
    }
}

impl From<Error> for BoxedError {
    #[cold]
    fn from(error: Error) -> Self {
        Self(Box::new(error))
    }
}

impl From<RequestError> for BoxedError {
    #[cold]
    fn from(error: RequestError) -> Self {
        Error::from(error).into()
    }
}

impl From<BoxedError> for Error {
    #[cold]
    fn from(error: BoxedError) -> Self {
        *error.0
    }
}

impl<R: Runtime> Pool<R> {
    /// An exchange, as far as it needs no future: on blocking sockets usually all of it. It begins now and takes no longer than
    /// `total`; zero is no limit.
    #[inline(always)]
    pub(super) fn fast_path<'p, T, F>(
        &'p self,
        now: Instant,
        timeouts: Timeouts,
        total: time::Duration,
        request: &Request<'_>,
        lease: Lease,
        on_reply: &mut Option<F>,
    ) -> Result<T, Rest<'p, R, T>>
    where
        F: FnOnce(Reply<'_>) -> Result<T, ServerError>,
    {
        let check = LivenessCheck::before(request);
        let mut checkout = self.try_checkout(now, timeouts, lease, check).map_err(Rest::Checkout)?;
        match checkout.session.fast_path(request, total, on_reply) {
            Ok(ExchangeProgress::Done(result)) => {
                self.check_in(checkout);
                result.map_err(Rest::ServerError)
            }
            outcome => Err(Rest::Exchange(checkout, outcome)),
        }
    }

    /// The rest of an exchange.
    #[cold]
    #[allow(clippy::too_many_arguments)]
    pub(super) async fn slow_path<T: Send, F>(
        &self,
        rest: Rest<'_, R, T>,
        now: Instant,
        limits: CallLimits,
        request: Request<'_>,
        lease: Lease,
        mut on_entries: impl FnMut(Entries<'_>) -> usize + Send,
        mut on_reply: Option<F>,
    ) -> Result<T, BoxedError>
    where
        F: FnOnce(Reply<'_>) -> Result<T, ServerError> + Send,
    {
        let (mut checkout, mut outcome) = match rest {
            Rest::Exchange(checkout, outcome) => (checkout, outcome),
            Rest::Checkout(partial) => {
                let check = LivenessCheck::before(&request);
                let checked_out =
                    self.checkout_or_reply(partial, Some(&request), now, limits, lease, check).await?;
                match (checked_out, on_reply) {
                    (Outcome::Connection(mut checkout), unused) => {
                        on_reply = unused;
                        let total = limits.deadline.total_timeout(checkout.session.now());
                        let outcome = checkout.session.fast_path(&request, total, &mut on_reply);
                        (checkout, outcome)
                    }
                    (Outcome::Reply(reply), Some(on_reply)) => {
                        let result = on_reply(reply.as_reply());
                        return result.map_err(|error| server_error(error, request.path()).into());
                    }
                    (Outcome::Reply(_), None) => unreachable!("nothing was received before"),
                }
            }
            Rest::ServerError(error) => return Err(server_error(error, request.path()).into()),
        };
        let mut reader = ReplyReader::after_fast_path(&request);
        loop {
            let Checkout { session, was_idle, .. } = &mut checkout;
            outcome = match outcome {
                Ok(ExchangeProgress::Continue) => session.resume(&mut reader, &mut on_entries, &mut on_reply),
                Ok(ExchangeProgress::Wait(interest)) => {
                    session.wait(interest).await.map(|()| ExchangeProgress::Continue)
                }
                Ok(ExchangeProgress::Done(result)) => {
                    self.check_in(checkout);
                    return result.map_err(|error| server_error(error, request.path()).into());
                }
                Err(error) if *was_idle && error.is_stale() && session.may_resend() => {
                    checkout = self.replace(checkout, limits).await?;
                    reader = ReplyReader::new(&request);
                    let total = limits.deadline.total_timeout(checkout.session.now());
                    checkout.session.request(&request, total).map(|()| ExchangeProgress::Continue)
                }
                Err(error) => {
                    self.close(checkout);
                    return Err(error.into_error(self.connector().address(), limits.timeouts).into());
                }
            };
        }
    }

    /// An exchange of a call that began before `now`, and whose reply is one frame.
    pub(super) async fn exchange_within<T: Send>(
        &self,
        now: Instant,
        limits: CallLimits,
        request: Request<'_>,
        lease: Lease,
        on_reply: impl FnOnce(Reply<'_>) -> Result<T, ServerError> + Send,
    ) -> Result<T, BoxedError> {
        let mut on_reply = Some(on_reply);
        let total = limits.deadline.total_timeout(now);
        match self.fast_path(now, limits.timeouts, total, &request, lease, &mut on_reply) {
            Ok(result) => Ok(result),
            Err(rest) => {
                let no_entries = |_: Entries<'_>| 0;
                self.slow_path(rest, now, limits, request, lease, no_entries, on_reply).await
            }
        }
    }
}
