//! A listing of which the caller takes one entry at a time.

use std::collections::VecDeque;

use owproto_core::wire::Flags;
use owproto_core::{Request, ServerError};

use super::calls::Calls;
use super::checkout::{Checkout, Look};
use super::session::{Failure, Item, Reading, Session};
use crate::Error;
use crate::error::PathText;
use crate::listing::DirOptions;
use crate::runtime::Runtime;

/// Entries of a streamed listing that have come and were not taken yet.
struct Waiting {
    reading: Reading,
    entries: VecDeque<Vec<u8>>,
    /// What ended the listing.
    end: Option<Result<(), ServerError>>,
}

impl Waiting {
    /// Waits until there is an entry or the end.
    async fn fill<R: Runtime>(&mut self, session: &mut Session<R>) -> Result<(), Failure> {
        while self.entries.is_empty() && self.end.is_none() {
            let pumped = session
                .pump(&mut self.reading, &mut |item| match item {
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

/// A listing under way. Dropped before its end it closes its connection, since the rest of the answer is on it.
pub(crate) struct Streaming<'a, R: Runtime> {
    calls: &'a Calls<R>,
    checkout: Option<Checkout<'a, R>>,
    waiting: Waiting,
    path: PathText,
}

impl<R: Runtime> Streaming<'_, R> {
    pub(crate) async fn next(&mut self) -> Option<Result<Vec<u8>, Error>> {
        // The connection is taken out, so that a future that is dropped takes it along.
        if let Some(mut checkout) = self.checkout.take() {
            match self.waiting.fill(&mut checkout.session).await {
                Ok(()) if self.waiting.end.is_some() => {
                    self.calls.shared.put_back(checkout.session, checkout.place);
                }
                Ok(()) => self.checkout = Some(checkout),
                Err(failure) => {
                    self.calls.shared.close(checkout.session);
                    return Some(Err(self.calls.explain(failure)));
                }
            }
        }
        if let Some(entry) = self.waiting.entries.pop_front() {
            return Some(Ok(entry));
        }
        match self.waiting.end.take()? {
            Ok(()) => None,
            Err(error) => Some(Err(Error::Server { error, path: self.path.clone() })),
        }
    }
}

impl<R: Runtime> Calls<R> {
    /// A listing by DIR, of which the caller takes one entry at a time.
    pub(crate) async fn open_dir(&self, path: &[u8], options: DirOptions) -> Result<Streaming<'_, R>, Error> {
        let flags = if options.bus_list { self.flags.with(Flags::BUS_LIST) } else { self.flags };
        let request = Request::dir(path)?.with_flags(self.request_flags(flags));
        let now = R::now();
        let deadline = self.deadline(now);
        let mut checkout = self.checkout(now, deadline, self.way_beside(), Look::IfRested).await?;
        let mut waiting = Waiting { reading: Reading::new(true), entries: VecDeque::new(), end: None };
        loop {
            let sent = checkout.session.request(&request, deadline.left(checkout.session.now()));
            let begun = match sent {
                Ok(_) => waiting.fill(&mut checkout.session).await,
                Err(failure) => Err(failure),
            };
            match begun {
                Ok(()) => {
                    let path = PathText::new(path);
                    return Ok(Streaming { calls: self, checkout: Some(checkout), waiting, path });
                }
                Err(failure) if checkout.is_used && failure.is_stale() => {
                    let session = self.replace(checkout.session, checkout.place.as_mut(), deadline).await?;
                    checkout = Checkout { session, is_used: false, ..checkout };
                }
                Err(failure) => {
                    self.shared.close(checkout.session);
                    return Err(self.explain(failure));
                }
            }
        }
    }
}
