//! One request and its answer, on whatever connection there is.

use owproto_core::client::Timeout;
use owproto_core::message::Entries;
use owproto_core::time::{self, Instant};
use owproto_core::{Reply, Request, RequestError, ServerError};

use super::batch::Start;
use super::calls::Calls;
use super::checkout::{Checkout, Look, Way};
use super::deadline::Deadline;
use super::session::{Answer, Failure, Progress};
use crate::Error;
use crate::error::PathText;
use crate::runtime::{Runtime, ready};

/// One request, and what the last closure makes of the reply that ends the answer; entries go to the one before.
///
/// No function, since a future that is ready at once still costs what it keeps. For the same reason nothing that was
/// borrowed here is there when there is something to wait for.
macro_rules! exchange {
    ($calls:expr, $request:expr, $way:expr, $on_entries:expr, $finish:expr) => {
        'answered: {
            let (now, request, way, exchange, on_entries, finish) = {
                let (request, way, on_entries, mut finish) = ($request, $way, $on_entries, Some($finish));
                let now = R::now();
                match $calls.exchange_at_once(now, $calls.timeouts.total, &request, way, &mut finish) {
                    Ok(answer) => break 'answered Ok(answer),
                    Err(exchange) => (now, request, way, exchange, on_entries, finish),
                }
            };
            let deadline = $calls.deadline(now);
            let slowly = $calls.exchange_slowly(now, deadline, request, way, exchange, on_entries, finish);
            // Where nothing is awaited, what was borrowed can stay in registers until here.
            if R::BLOCKS { ready_slowly(slowly) } else { slowly.await }
        }
    };
}

/// One request whose answer is one reply, which says yes.
macro_rules! ask {
    ($calls:expr, $request:expr, $finish:expr) => {{
        let request = $request.with_flags($calls.request_flags($calls.flags));
        exchange!($calls, request, $calls.way(), |_: Entries<'_>| 0, yes($finish))
    }};
}

/// As [`ask`], for a question that others may have asked already.
macro_rules! ask_read {
    ($calls:expr, $request:expr, $finish:expr) => {
        if $calls.shared.settings.coalesce {
            let request = $request.with_flags($calls.request_flags($calls.flags));
            let once = $calls.ask_once(request, $finish);
            if R::BLOCKS { ready_slowly(once) } else { Box::pin(once).await }
        } else {
            ask!($calls, $request, $finish)
        }
    };
}

pub(super) use {ask, ask_read, exchange};

#[cold]
#[inline(never)]
pub(super) fn ready_slowly<T>(slowly: impl Future<Output = T>) -> T {
    ready(slowly)
}

/// Takes the answer if the server says yes.
#[inline]
pub(super) fn yes<T>(
    finish: impl FnOnce(Reply<'_>) -> T + Send,
) -> impl FnOnce(Reply<'_>) -> Result<T, ServerError> + Send {
    move |reply| reply.into_result().map(finish)
}

#[cold]
pub(super) fn server_error(error: ServerError, path: &[u8]) -> Error {
    Error::Server { error, path: PathText::new(path) }
}

/// How far an exchange came without a future, if it was not answered with yes.
pub(super) enum Exchange<'a, R: Runtime, T> {
    /// Not even to its connection.
    Not,
    /// The request is under way, or has failed.
    Sent(Checkout<'a, R>, Outcome<T>),
    /// The server said no.
    Refused(ServerError),
}

pub(super) type Outcome<T> = Result<Progress<Result<T, ServerError>>, Failure>;

/// An error on its way: boxed, since it is large and rarely there.
pub(crate) struct Failed(Box<Error>);

impl Failed {
    /// Whether the call had no more time.
    pub(super) fn is_out_of_time(&self) -> bool {
        matches!(*self.0, Error::TimedOut { timeout: Timeout::Total, .. })
    }
}

impl From<Error> for Failed {
    #[cold]
    fn from(error: Error) -> Self {
        Self(Box::new(error))
    }
}

impl From<RequestError> for Failed {
    #[cold]
    fn from(error: RequestError) -> Self {
        Error::from(error).into()
    }
}

impl From<Failed> for Error {
    #[cold]
    fn from(failed: Failed) -> Self {
        *failed.0
    }
}

impl<R: Runtime> Calls<R> {
    /// An exchange on the connection that was used last, as far as it goes without a future: on sockets that wait by
    /// blocking, mostly to its end. It begins now and takes no longer than `total`; zero is no limit.
    #[inline(always)]
    pub(super) fn exchange_at_once<'c, T, F>(
        &'c self,
        now: Instant,
        total: time::Duration,
        request: &Request<'_>,
        way: Way,
        finish: &mut Option<F>,
    ) -> Result<T, Exchange<'c, R, T>>
    where
        F: FnOnce(Reply<'_>) -> Result<T, ServerError>,
    {
        let Some(mut checkout) = self.checkout_latest(now, way, Look::before(request)) else {
            return Err(Exchange::Not);
        };
        match checkout.session.exchange(request, total, finish) {
            Ok(Progress::Done(result)) => {
                self.shared.put_back(checkout.session, checkout.place);
                result.map_err(Exchange::Refused)
            }
            outcome => Err(Exchange::Sent(checkout, outcome)),
        }
    }

    /// A read of a call that has begun before.
    pub(super) async fn read_by<T: Send>(
        &self,
        now: Instant,
        deadline: Deadline,
        request: Request<'_>,
        finish: impl FnOnce(Reply<'_>) -> Result<T, ServerError> + Send,
    ) -> Result<T, Failed> {
        let mut finish = Some(finish);
        match self.exchange_at_once(now, deadline.left(now), &request, self.way(), &mut finish) {
            Ok(answer) => Ok(answer),
            Err(exchange) => {
                let none = |_: Entries<'_>| 0;
                self.exchange_slowly(now, deadline, request, self.way(), exchange, none, finish).await
            }
        }
    }

    /// Goes on with an exchange, to its end.
    #[cold]
    #[allow(clippy::too_many_arguments)]
    pub(super) async fn exchange_slowly<T: Send, F>(
        &self,
        now: Instant,
        deadline: Deadline,
        request: Request<'_>,
        way: Way,
        exchange: Exchange<'_, R, T>,
        mut on_entries: impl FnMut(Entries<'_>) -> usize + Send,
        mut finish: Option<F>,
    ) -> Result<T, Failed>
    where
        F: FnOnce(Reply<'_>) -> Result<T, ServerError> + Send,
    {
        let (mut checkout, mut answer, mut outcome) = match exchange {
            Exchange::Sent(checkout, outcome) => (checkout, Answer::begun_to(&request), outcome),
            Exchange::Not => {
                let look = Look::before(&request);
                let checkout = self.checkout_at_once(now, way, look);
                let start = match checkout.or_else(|begun| self.connect_at_once(begun, way, deadline)) {
                    Ok(checkout) => Start::On(checkout),
                    Err(begun) => self.start_slowly(begun, Some(&request), now, deadline, way, look).await?,
                };
                let mut checkout = match (start, finish) {
                    (Start::On(checkout), kept) => {
                        finish = kept;
                        checkout
                    }
                    (Start::Answered(answer), Some(finish)) => {
                        let result = finish(answer.reply());
                        return result.map_err(|error| server_error(error, request.path()).into());
                    }
                    (Start::Answered(_), None) => unreachable!("nothing was answered before"),
                };
                let left = deadline.left(checkout.session.now());
                let outcome = checkout.session.exchange(&request, left, &mut finish);
                (checkout, Answer::begun_to(&request), outcome)
            }
            Exchange::Refused(error) => return Err(server_error(error, request.path()).into()),
        };
        loop {
            let Checkout { session, is_used, .. } = &mut checkout;
            outcome = match outcome {
                Ok(Progress::Going) => session.go_on(&mut answer, &mut on_entries, &mut finish),
                Ok(Progress::Waits(wait)) => session.wait(wait).await.map(|()| Progress::Going),
                Ok(Progress::Done(result)) => {
                    self.shared.put_back(checkout.session, checkout.place);
                    return result.map_err(|error| server_error(error, request.path()).into());
                }
                Err(failure) if *is_used && failure.is_stale() && session.may_resend() => {
                    let session = self.replace(checkout.session, checkout.place.as_mut(), deadline).await?;
                    checkout = Checkout { session, is_used: false, ..checkout };
                    answer = Answer::to(&request);
                    let left = deadline.left(checkout.session.now());
                    checkout.session.request(&request, left).map(|()| Progress::Going)
                }
                Err(failure) => {
                    self.shared.close(checkout.session);
                    return Err(self.explain(failure).into());
                }
            };
        }
    }
}
