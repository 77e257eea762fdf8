//! One request and its answer, on whatever connection there is.

use owproto_core::listing::Entries;
use owproto_core::time::Instant;
use owproto_core::{Reply, Request, RequestError, ServerError};

use super::calls::{Begun, Calls, Checkout, Look, Way};
use super::session::{Answer, Failure, Progress};
use crate::Error;
use crate::error::PathText;
use crate::runtime::Runtime;

/// One request, and what the last closure makes of the reply that ends the answer; entries go to the one before.
///
/// No function, since a future that is ready at once still costs what it keeps. For the same reason nothing that was
/// borrowed here is there when there is something to wait for.
macro_rules! exchange {
    ($calls:expr, $request:expr, $way:expr, $on_entries:expr, $finish:expr) => {
        'answered: {
            let (request, way, exchange, on_entries, finish) = {
                let (request, way, on_entries, mut finish) = ($request, $way, $on_entries, Some($finish));
                match $calls.exchange_at_once(&request, way, &mut finish) {
                    Ok(answer) => break 'answered Ok(answer),
                    Err(exchange) => (request, way, exchange, on_entries, finish),
                }
            };
            $calls.exchange_slowly(request, way, exchange, on_entries, finish).await
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

pub(super) use {ask, exchange};

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
    Begun { begun: Begun<'a, R>, now: Instant, look: Look },
    /// The request is under way, or has failed. It began then.
    Sent { checkout: Checkout<'a, R>, outcome: Outcome<T>, now: Instant },
    /// The server said no.
    Refused(ServerError),
}

pub(super) type Outcome<T> = Result<Progress<Result<T, ServerError>>, Failure>;

impl<'a, R: Runtime, T> Exchange<'a, R, T> {
    #[cold]
    fn begun(begun: Begun<'a, R>, now: Instant, look: Look) -> Self {
        Self::Begun { begun, now, look }
    }

    #[cold]
    fn sent(checkout: Checkout<'a, R>, outcome: Outcome<T>, now: Instant) -> Self {
        Self::Sent { checkout, outcome, now }
    }
}

/// An error on its way: boxed, since it is large and rarely there.
pub(crate) struct Failed(Box<Error>);

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
    /// An exchange on a connection that was used a moment ago, as far as it goes without a future: on sockets that wait
    /// by blocking, mostly to its end.
    #[inline(always)]
    pub(super) fn exchange_at_once<'c, T, F>(
        &'c self,
        request: &Request<'_>,
        way: Way,
        finish: &mut Option<F>,
    ) -> Result<T, Exchange<'c, R, T>>
    where
        F: FnOnce(Reply<'_>) -> Result<T, ServerError>,
    {
        let now = R::now();
        // A write must not get lost in a connection that is known to be dead.
        let look = if request.message_type().is_idempotent() { Look::IfRested } else { Look::Always };
        let mut checkout = match self.checkout_at_once(now, way, look) {
            Ok(checkout) => checkout,
            Err(begun) => return Err(Exchange::begun(begun, now, look)),
        };
        let left = self.deadline(now).left(checkout.session.now());
        match checkout.session.exchange(request, left, finish) {
            Ok(Progress::Done(result)) => {
                self.shared.put_back(checkout.session, checkout.place);
                result.map_err(Exchange::Refused)
            }
            outcome => Err(Exchange::sent(checkout, outcome, now)),
        }
    }

    /// Goes on with an exchange, to its end.
    #[cold]
    pub(super) async fn exchange_slowly<T: Send, F>(
        &self,
        request: Request<'_>,
        way: Way,
        exchange: Exchange<'_, R, T>,
        mut on_entries: impl FnMut(Entries<'_>) -> usize + Send,
        mut finish: Option<F>,
    ) -> Result<T, Failed>
    where
        F: FnOnce(Reply<'_>) -> Result<T, ServerError> + Send,
    {
        let (mut checkout, mut answer, mut outcome, deadline) = match exchange {
            Exchange::Sent { checkout, outcome, now } => {
                (checkout, Answer::begun_to(&request), outcome, self.deadline(now))
            }
            Exchange::Begun { begun, now, look } => {
                let deadline = self.deadline(now);
                let mut checkout = self.checkout_slowly(begun, now, deadline, way, look).await?;
                let sent = checkout.session.request(&request, deadline.left(checkout.session.now()));
                (checkout, Answer::to(&request), sent.map(|()| Progress::Going), deadline)
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
                    let session = self.replace(checkout.session, deadline).await?;
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
