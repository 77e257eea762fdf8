//! Which connection a call gets: an idle one, or a new one.

use owproto_core::Request;
use owproto_core::client::Timeouts;
use owproto_core::time::Instant;

use super::pool::{Permit, Pool};
use crate::Error;
use crate::client::connection::{CallLimits, Session};
use crate::client::transport::Runtime;

/// How a call uses a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lease {
    /// A new connection, closed after the call.
    OneShot,
    /// A connection of the pool, kept after the call. The call needs a permit, and waits if there is none.
    Pooled,
    /// An idle or an additional connection, kept after the call. The call needs no permit, so the caller may use the client
    /// during it.
    Extra,
}

/// Whether an idle connection is checked before it is used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum LivenessCheck {
    Always,
    IfIdle,
}

impl LivenessCheck {
    /// A write is not sent over a connection that can be known to be dead, since it may not be sent again.
    #[inline]
    pub(crate) fn before(request: &Request<'_>) -> Self {
        if request.message_type().is_idempotent() { Self::IfIdle } else { Self::Always }
    }
}

/// The connection of a call, and its permit if it has one.
pub(crate) struct Checkout<'a, R: Runtime> {
    pub(crate) session: Session<R>,
    pub(crate) permit: Option<Permit<'a, R>>,
    /// Whether the connection had been idle, so the server may have closed it.
    pub(crate) was_idle: bool,
}

/// What a call has of a checkout before it has to wait: for a permit, or for a connection.
pub(crate) struct PartialCheckout<'a, R: Runtime> {
    pub(super) permit: Option<Permit<'a, R>>,
    pub(super) idle: Option<Session<R>>,
}

impl<R: Runtime> Pool<R> {
    /// A connection that was in use a moment ago, if that needs no waiting and no check.
    #[inline(always)]
    pub(crate) fn try_checkout(
        &self,
        now: Instant,
        timeouts: Timeouts,
        lease: Lease,
        check: LivenessCheck,
    ) -> Result<Checkout<'_, R>, PartialCheckout<'_, R>> {
        let (permit, idle) = match lease {
            Lease::OneShot => (None, None),
            Lease::Extra => (None, self.take_idle()),
            Lease::Pooled => match self.try_acquire() {
                Some((permit, idle)) => (Some(permit), idle),
                None => (None, None),
            },
        };
        match idle {
            Some(mut session) if check == LivenessCheck::IfIdle && !session.needs_check(now) => {
                session.begin_call(now, timeouts);
                Ok(Checkout { session, permit, was_idle: true })
            }
            idle => Err(PartialCheckout { permit, idle }),
        }
    }

    /// The idle connection, another idle one, or a new one.
    pub(super) async fn complete<'p>(
        &'p self,
        PartialCheckout { mut permit, mut idle }: PartialCheckout<'p, R>,
        now: Instant,
        limits: CallLimits,
        check: LivenessCheck,
    ) -> Result<Checkout<'p, R>, Error> {
        // All idle connections may be stale.
        while let Some(mut session) = idle {
            let is_checked = check == LivenessCheck::Always || session.needs_check(now);
            if is_checked && session.is_stale() {
                self.connector().close(session);
                idle = match &mut permit {
                    Some(permit) => permit.take_idle(),
                    None => self.take_idle(),
                };
            } else {
                session.begin_call(now, limits.timeouts);
                session.time_call_end();
                return Ok(Checkout { session, permit, was_idle: true });
            }
        }
        let session = self.connect(limits).await?;
        Ok(Checkout { session, permit, was_idle: false })
    }

    /// A new connection instead of one that turned out to be stale. The idle ones are likely to be stale too, and are closed.
    pub(crate) async fn replace<'p>(
        &'p self,
        Checkout { session, mut permit, .. }: Checkout<'p, R>,
        limits: CallLimits,
    ) -> Result<Checkout<'p, R>, Error> {
        self.connector().close(session);
        if let Some(permit) = &mut permit {
            permit.connection_closed();
        }
        self.close_idle();
        let session = self.connect(limits).await?;
        Ok(Checkout { session, permit, was_idle: false })
    }

    async fn connect(&self, limits: CallLimits) -> Result<Session<R>, Error> {
        let mut session = self.connector().connect(limits).await?;
        session.begin_call(session.now(), limits.timeouts);
        Ok(session)
    }

    /// Ends a checkout: keeps the connection if the server does, and closes it otherwise. Releases the permit, unless the
    /// server keeps no more connections.
    #[inline(always)]
    pub(crate) fn check_in(&self, Checkout { session, permit, .. }: Checkout<'_, R>) {
        if !session.is_reusable() {
            self.close_not_kept(session, permit);
        } else if let Some(not_needed) = self.keep(session, permit) {
            self.connector().close(not_needed);
        }
    }

    #[cold]
    fn close_not_kept(&self, session: Session<R>, permit: Option<Permit<'_, R>>) {
        let (was_not_kept, now) = (session.was_not_kept(), session.now());
        self.connector().close(session);
        if let Some(permit) = permit.filter(|_| was_not_kept) {
            self.release_refused(permit, now);
        }
    }

    /// Ends a checkout and closes the connection.
    #[cold]
    pub(crate) fn close(&self, Checkout { session, permit, .. }: Checkout<'_, R>) {
        self.connector().close(session);
        drop(permit);
    }
}
