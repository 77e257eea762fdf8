//! What a call does that found no permit: it waits, and sends the requests of others too when it is handed one.

use owproto_core::Request;
use owproto_core::client::Timeout;
use owproto_core::time::Instant;

use super::batch::Batch;
use super::checkout::{Checkout, Lease, LivenessCheck, PartialCheckout};
use super::pool::{Permit, Pool};
use super::waiter::{OwnedReply, Wakeup};
use crate::Error;
use crate::client::connection::{CallLimits, timed_out};
use crate::client::sync::Arc;
use crate::client::transport::Runtime;

/// What a call got from the pool.
pub(crate) enum Outcome<'a, R: Runtime> {
    Connection(Checkout<'a, R>),
    /// Another call has sent the request.
    Reply(OwnedReply),
}

impl<R: Runtime> Pool<R> {
    /// A connection for a call. It waits for a permit if it needs one.
    pub(crate) async fn checkout(
        &self,
        now: Instant,
        limits: CallLimits,
        lease: Lease,
        check: LivenessCheck,
    ) -> Result<Checkout<'_, R>, Error> {
        match self.try_checkout(now, limits.timeouts, lease, check) {
            Ok(checkout) => Ok(checkout),
            Err(partial) => match self.checkout_or_reply(partial, None, now, limits, lease, check).await? {
                Outcome::Connection(checkout) => Ok(checkout),
                Outcome::Reply(_) => unreachable!("no call can send a request that it was not given"),
            },
        }
    }

    /// Completes a checkout. If the call waits for a permit, another call may send its request.
    #[cold]
    pub(crate) async fn checkout_or_reply<'p>(
        &'p self,
        mut partial: PartialCheckout<'p, R>,
        request: Option<&Request<'_>>,
        mut now: Instant,
        limits: CallLimits,
        lease: Lease,
        check: LivenessCheck,
    ) -> Result<Outcome<'p, R>, Error> {
        if lease == Lease::Pooled && partial.permit.is_none() {
            let mut permit = match self.wait_for_permit(request, now, limits).await? {
                Ok(permit) => permit,
                Err(reply) => return Ok(Outcome::Reply(reply)),
            };
            let idle = permit.take_idle();
            partial = PartialCheckout { permit: Some(permit), idle };
            now = R::now();
        }
        self.complete(partial, now, limits, check).await.map(Outcome::Connection)
    }

    /// Waits for a permit, or for the reply if another call may send the request.
    async fn wait_for_permit(
        &self,
        request: Option<&Request<'_>>,
        now: Instant,
        limits: CallLimits,
    ) -> Result<Result<Permit<'_, R>, OwnedReply>, Error> {
        let call = match self.acquire_or_join(request, limits.deadline, now) {
            Ok(permit) => return Ok(Ok(permit)),
            Err(call) => call,
        };
        loop {
            match call.woken().await {
                None => {
                    let address = self.connector().address().clone();
                    return Err(timed_out(address, Timeout::Total, limits.timeouts));
                }
                Some(Wakeup::Answered(reply)) => return Ok(Err(reply)),
                Some(Wakeup::Failed(error)) => return Err(error),
                Some(Wakeup::BatchLeader(followers)) => {
                    let permit = call.handed_permit();
                    if followers.is_empty() {
                        return Ok(Ok(permit));
                    }
                    // On the heap: few calls lead a batch, and the future of each would reserve memory for it.
                    let batch = Batch::new(self, followers, Arc::clone(call.waiter()));
                    Box::pin(batch.exchange(permit, limits)).await;
                }
            }
        }
    }
}
