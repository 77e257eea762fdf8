//! How a call comes to a connection: the one that was used last, another idle one, a new one, or one for that it waits.

use owproto_core::Request;
use owproto_core::client::Timeout;
use owproto_core::time::Instant;

use super::batch::Start;
use super::calls::{Calls, Persistence};
use super::deadline::Deadline;
use super::places::Place;
use super::session::Session;
use super::shared::Tried;
use crate::Error;
use crate::runtime::Runtime;

/// How a call comes to its connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// A new one, closed afterwards.
    Alone,
    /// One of those that the client may have, waited for if there is none free, and kept.
    Placed,
    /// An idle one or one more, so that what runs meanwhile in the caller may use the client too; kept.
    Beside,
}

/// Whether an idle connection is looked at before it is used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Always,
    IfRested,
}

impl Look {
    /// A write must not get lost in a connection that is known to be dead.
    #[inline]
    pub(super) fn before(request: &Request<'_>) -> Self {
        if request.message_type().is_idempotent() { Self::IfRested } else { Self::Always }
    }
}

/// A connection for a call, and its place if it has one.
pub(crate) struct Checkout<'a, R: Runtime> {
    pub(super) session: Session<R>,
    pub(super) place: Option<Place<'a, R>>,
    /// Whether it had been idle.
    pub(super) is_used: bool,
}

/// How far a call came to its connection without waiting.
pub(super) struct Begun<'a, R: Runtime> {
    pub(super) place: Option<Place<'a, R>>,
    pub(super) idle: Option<Session<R>>,
    /// What was tried instead of an idle one.
    pub(super) tried: Option<Tried>,
}

impl<R: Runtime> Calls<R> {
    #[inline]
    pub(super) fn way(&self) -> Way {
        match self.persistence {
            Persistence::On => Way::Placed,
            Persistence::Off => Way::Alone,
        }
    }

    /// For calls during which the caller has a turn.
    pub(super) fn way_beside(&self) -> Way {
        match self.persistence {
            Persistence::On => Way::Beside,
            Persistence::Off => Way::Alone,
        }
    }

    pub(super) async fn checkout(
        &self,
        now: Instant,
        deadline: Deadline,
        way: Way,
        look: Look,
    ) -> Result<Checkout<'_, R>, Error> {
        match self.checkout_at_once(now, way, look) {
            Ok(checkout) => Ok(checkout),
            Err(begun) => match self.start_slowly(begun, None, now, deadline, way, look).await? {
                Start::On(checkout) => Ok(checkout),
                Start::Answered(_) => unreachable!("nothing was asked"),
            },
        }
    }

    /// The connection that was used last, if it was a moment ago.
    #[inline(always)]
    pub(super) fn checkout_latest(&self, now: Instant, way: Way, look: Look) -> Option<Checkout<'_, R>> {
        if way != Way::Placed || look != Look::IfRested {
            return None;
        }
        let (place, mut session) = self.shared.places.try_latest()?;
        if session.has_rested(now) {
            self.shared.places.put_into_pool(session, place);
            return None;
        }
        session.begin(now, self.timeouts);
        Some(Checkout { session, place: Some(place), is_used: true })
    }

    /// A connection that was used a moment ago; otherwise what there is on the way to another one.
    #[inline]
    pub(super) fn checkout_at_once(
        &self,
        now: Instant,
        way: Way,
        look: Look,
    ) -> Result<Checkout<'_, R>, Begun<'_, R>> {
        let (place, idle) = match way {
            Way::Alone => (None, None),
            Way::Beside => (None, self.shared.places.take_idle(None)),
            Way::Placed => match self.shared.places.try_enter() {
                Some((place, idle)) => (Some(place), idle),
                None => return Err(Begun { place: None, idle: None, tried: None }),
            },
        };
        match idle {
            Some(mut session) if look == Look::IfRested && !session.has_rested(now) => {
                session.begin(now, self.timeouts);
                Ok(Checkout { session, place, is_used: true })
            }
            idle => Err(Begun { place, idle, tried: None }),
        }
    }

    #[cold]
    pub(super) async fn start_slowly<'c>(
        &'c self,
        mut begun: Begun<'c, R>,
        request: Option<&Request<'_>>,
        mut now: Instant,
        deadline: Deadline,
        way: Way,
        look: Look,
    ) -> Result<Start<'c, R>, Error> {
        if way == Way::Placed && begun.place.is_none() {
            let mut place = match self.wait_for_turn(request, now, deadline).await? {
                Ok(place) => Some(place),
                Err(answer) => return Ok(Start::Answered(answer)),
            };
            let idle = self.shared.places.take_idle(place.as_mut());
            (begun, now) = (Begun { place, idle, tried: None }, R::now());
        }
        self.checkout_begun(begun, now, deadline, look).await.map(Start::On)
    }

    /// The connection that is idle, or one like it, or a new one.
    pub(super) async fn checkout_begun<'c>(
        &'c self,
        Begun { mut place, mut idle, tried }: Begun<'c, R>,
        now: Instant,
        deadline: Deadline,
        look: Look,
    ) -> Result<Checkout<'c, R>, Error> {
        // There may be several, all spoilt.
        while let Some(mut session) = idle {
            if (look == Look::Always || session.has_rested(now)) && session.is_spoilt() {
                self.shared.close(session);
                idle = self.shared.places.take_idle(place.as_mut());
            } else {
                session.begin(now, self.timeouts);
                session.time_end();
                return Ok(Checkout { session, place, is_used: true });
            }
        }
        let mut session = self.connect(tried, deadline).await?;
        session.begin(session.now(), self.timeouts);
        Ok(Checkout { session, place, is_used: false })
    }

    /// A new connection without a future, for a call that found none; see [`Shared::connect_at_once`].
    pub(super) fn connect_at_once<'c>(
        &'c self,
        begun: Begun<'c, R>,
        way: Way,
        deadline: Deadline,
    ) -> Result<Checkout<'c, R>, Begun<'c, R>> {
        let Begun { place, idle: None, .. } = begun else { return Err(begun) };
        if place.is_none() && way == Way::Placed {
            return Err(Begun { place, idle: None, tried: None });
        }
        match self.shared.connect_at_once(deadline) {
            Ok(mut session) => {
                session.begin(session.now(), self.timeouts);
                Ok(Checkout { session, place, is_used: false })
            }
            Err(tried) => Err(Begun { place, idle: None, tried }),
        }
    }

    async fn connect(&self, tried: Option<Tried>, deadline: Deadline) -> Result<Session<R>, Error> {
        self.shared.connect(tried, deadline).await.map_err(|error| match error {
            Error::Connect { source, .. } | Error::Resolve { source, .. }
                if source.kind() == std::io::ErrorKind::TimedOut && deadline.is_over::<R>() =>
            {
                self.timed_out(Timeout::Total)
            }
            other => other,
        })
    }

    /// A new connection instead of one that turned out to be dead; the other idle ones are likely to be dead too.
    pub(super) async fn replace(
        &self,
        dead: Session<R>,
        place: Option<&mut Place<'_, R>>,
        deadline: Deadline,
    ) -> Result<Session<R>, Error> {
        self.shared.close(dead);
        if let Some(place) = place {
            place.lose();
        }
        self.shared.close_idle();
        let mut session = self.connect(None, deadline).await?;
        session.begin(session.now(), self.timeouts);
        Ok(session)
    }
}
