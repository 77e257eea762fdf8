use super::connection_error::ConnectionError;
use super::deadline::Deadline;
use super::in_flight::{InFlight, Pending};
use crate::message::Request;
use crate::time::{Duration, Instant};
use crate::wire::Flags;

/// The requests in flight, and whether the connection can take more.
#[derive(Clone, Debug)]
#[repr(C)]
pub(super) struct Pipeline<const DEPTH: usize> {
    /// The earliest deadline of the requests in flight.
    pub(super) earliest_deadline: Deadline,
    pub(super) state: State,
    /// Whether the server granted persistence in its last answer.
    pub(super) is_persistent: bool,
    /// Whether the newest request does not ask for persistence, so that no other can follow.
    pub(super) newest_is_last: bool,
    /// Whether a byte of the answer to the oldest request was received.
    pub(super) answer_started: bool,
    pub(super) in_flight: InFlight<DEPTH>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum State {
    Open,
    /// The server did not grant persistence or closed the connection, and no request is in flight.
    Ended,
    Failed(ConnectionError),
}

impl<const DEPTH: usize> Pipeline<DEPTH> {
    pub(super) const fn new() -> Self {
        Self {
            earliest_deadline: Deadline::NEVER,
            state: State::Open,
            is_persistent: false,
            newest_is_last: false,
            answer_started: false,
            in_flight: InFlight::new(),
        }
    }

    /// The number of requests that the connection takes now.
    #[inline]
    pub(super) fn room(&self) -> usize {
        match self.has_room() {
            false => 0,
            true if self.is_persistent => DEPTH.saturating_sub(self.in_flight.len()),
            true => 1,
        }
    }

    /// Whether the connection takes a request: the first one, or another one if the server has granted persistence.
    #[inline]
    pub(super) fn has_room(&self) -> bool {
        let can_follow = self.is_persistent && !self.newest_is_last && self.in_flight.len() < DEPTH;
        self.is_idle() || can_follow && matches!(self.state, State::Open)
    }

    /// Whether no request is in flight, and one may be.
    #[inline(always)]
    pub(super) fn is_idle(&self) -> bool {
        self.in_flight.is_empty() && matches!(self.state, State::Open) && DEPTH > 0
    }

    /// Registers a request whose last byte is the `ends_at`th byte of this connection, modulo 2³². The caller adds the result
    /// to [`in_flight`](Self::in_flight).
    #[inline(always)]
    #[must_use]
    pub(super) fn start(
        &mut self,
        request: &Request<'_>,
        total: Duration,
        ends_at: u32,
        now: Instant,
    ) -> Pending {
        let mut deadline = Deadline::NEVER;
        if !total.is_zero() {
            deadline = Deadline::at(now.saturating_add(total));
            self.earliest_deadline = self.earliest_deadline.or_earlier(deadline);
        }
        self.newest_is_last = !request.flags().contains(Flags::PERSISTENCE);
        Pending { deadline, ends_at, message_type: request.message_type() }
    }

    /// The only request in flight was answered, with or without persistence.
    #[inline(always)]
    pub(super) fn finish_only_answer(&mut self, granted: bool) {
        self.in_flight.pop_only();
        self.earliest_deadline = Deadline::NEVER;
        self.answer_started = false;
        self.is_persistent = granted && !self.newest_is_last;
        if !self.is_persistent {
            self.state = State::Ended;
        }
    }

    /// The oldest request was answered, with or without persistence.
    #[inline(always)]
    pub(super) fn finish_answer(&mut self, granted: bool) {
        self.in_flight.pop();
        if self.earliest_deadline > Deadline::NEVER {
            self.earliest_deadline = self.in_flight.earliest_deadline();
        }
        self.answer_started = false;
        let is_empty = self.in_flight.is_empty();
        self.is_persistent = granted && !(self.newest_is_last && is_empty);
        if !self.is_persistent {
            self.state = match is_empty {
                true => State::Ended,
                false => State::Failed(ConnectionError::PersistenceWithdrawn),
            };
        }
    }

    /// Records a failure. The connection cannot be used again.
    #[cold]
    pub(super) fn fail(&mut self, error: ConnectionError) -> ConnectionError {
        self.state = State::Failed(error);
        error
    }

    pub(super) fn reset(&mut self) {
        self.state = State::Open;
        self.in_flight.clear();
        self.earliest_deadline = Deadline::NEVER;
        self.is_persistent = false;
        self.answer_started = false;
    }
}
