//! A listing that the caller takes entry by entry.

use std::collections::VecDeque;

use owproto_core::wire::Flags;
use owproto_core::{Request, ServerError};

use super::calls::Calls;
use super::connection::{AckPolicy, Item, Session, SessionError};
use super::pool::{Checkout, LivenessCheck};
use super::transport::Runtime;
use crate::Error;
use crate::error::PathText;
use crate::listing::DirOptions;

/// What was received of a listing and not taken by the caller.
struct Received {
    acknowledgements: AckPolicy,
    entries: VecDeque<Vec<u8>>,
    /// The reply that ends the listing.
    end: Option<Result<(), ServerError>>,
}

impl Received {
    /// Waits for an entry or the end.
    async fn fill<R: Runtime>(&mut self, session: &mut Session<R>) -> Result<(), SessionError> {
        while self.entries.is_empty() && self.end.is_none() {
            let pumped = session
                .pump(&mut self.acknowledgements, &mut |item| match item {
                    Item::Entries(entries) => self.entries.extend(entries.map(<[u8]>::to_vec)),
                    Item::Reply(reply) => self.end = Some(reply.into_result().map(|_| ())),
                })
                .await;
            if self.entries.is_empty() && self.end.is_none() {
                pumped?;
            }
        }
        Ok(())
    }
}

/// A listing in progress. Dropped before its end, it closes its connection, which would receive the rest of the listing.
pub(crate) struct Streaming<'a, R: Runtime> {
    calls: &'a Calls<R>,
    checkout: Option<Checkout<'a, R>>,
    received: Received,
    path: PathText,
}

impl<R: Runtime> Streaming<'_, R> {
    pub(crate) async fn next(&mut self) -> Option<Result<Vec<u8>, Error>> {
        // The future owns the connection, so dropping it closes the connection.
        if let Some(mut checkout) = self.checkout.take() {
            match self.received.fill(&mut checkout.session).await {
                Ok(()) if self.received.end.is_some() => self.calls.shared.pool.check_in(checkout),
                Ok(()) => self.checkout = Some(checkout),
                Err(error) => {
                    self.calls.shared.pool.close(checkout);
                    return Some(Err(self.calls.explain(error)));
                }
            }
        }
        if let Some(entry) = self.received.entries.pop_front() {
            return Some(Ok(entry));
        }
        match self.received.end.take()? {
            Ok(()) => None,
            Err(error) => Some(Err(Error::Server { error, path: self.path.clone() })),
        }
    }
}

impl<R: Runtime> Calls<R> {
    /// Begins a listing by DIR that the caller takes entry by entry.
    pub(crate) async fn open_dir(&self, path: &[u8], options: DirOptions) -> Result<Streaming<'_, R>, Error> {
        let flags = if options.bus_list { self.flags.with(Flags::BUS_LIST) } else { self.flags };
        let request = Request::dir(path)?.with_flags(self.request_flags(flags));
        let now = R::now();
        let limits = self.limits_from(now);
        let pool = &self.shared.pool;
        let mut checkout = pool.checkout(now, limits, self.extra_lease(), LivenessCheck::IfIdle).await?;
        let mut received =
            Received { acknowledgements: AckPolicy::new(true), entries: VecDeque::new(), end: None };
        loop {
            let Checkout { session, was_idle, .. } = &mut checkout;
            let begun = match session.request(&request, limits.deadline.total_timeout(session.now())) {
                Ok(()) => received.fill(session).await,
                Err(error) => Err(error),
            };
            match begun {
                Ok(()) => {
                    let path = PathText::new(path);
                    return Ok(Streaming { calls: self, checkout: Some(checkout), received, path });
                }
                Err(error) if *was_idle && error.is_stale() => {
                    checkout = pool.replace(checkout, limits).await?;
                }
                Err(error) => {
                    pool.close(checkout);
                    return Err(self.explain(error));
                }
            }
        }
    }
}
