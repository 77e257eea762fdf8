use super::error::ConnectionError;
use super::in_flight::{Deadline, InFlight, Pending};
use crate::message::Request;
use crate::time::{Duration, Instant};
use crate::wire::Flags;

/// The requests in flight, and what the end of an answer means for the connection.
#[derive(Clone, Debug)]
#[repr(C)]
pub(super) struct Exchanges<const DEPTH: usize> {
    /// The earliest end of a total timeout of what is in flight.
    pub(super) earliest_deadline: Deadline,
    pub(super) state: State,
    /// Whether the server has kept this connection after a reply.
    pub(super) was_kept: bool,
    /// Whether the newest request does not ask to keep the connection, so that none can follow.
    pub(super) is_last: bool,
    /// Whether a byte of the oldest request's answer has come.
    pub(super) answer_begun: bool,
    pub(super) in_flight: InFlight<DEPTH>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum State {
    Open,
    /// The server does not keep the connection, and nothing is in flight.
    Ended,
    Failed(ConnectionError),
}

impl<const DEPTH: usize> Exchanges<DEPTH> {
    pub(super) const fn new() -> Self {
        Self {
            earliest_deadline: Deadline::NEVER,
            state: State::Open,
            was_kept: false,
            is_last: false,
            answer_begun: false,
            in_flight: InFlight::new(),
        }
    }

    /// How many more requests may be in flight.
    #[inline]
    pub(super) fn room(&self) -> usize {
        match self.has_room() {
            false => 0,
            true if self.was_kept => DEPTH.saturating_sub(self.in_flight.len()),
            true => 1,
        }
    }

    /// Whether one more may be in flight: the first, or another one where the server has kept the connection before.
    #[inline]
    pub(super) fn has_room(&self) -> bool {
        let is_next = self.was_kept && !self.is_last && self.in_flight.len() < DEPTH;
        self.is_idle() || is_next && matches!(self.state, State::Open)
    }

    /// Whether nothing is under way, and something may be.
    #[inline(always)]
    pub(super) fn is_idle(&self) -> bool {
        self.in_flight.is_empty() && matches!(self.state, State::Open) && DEPTH > 0
    }

    /// A request was taken whose last byte is the `ends_at`th one of this connection, modulo 2³². Gives what is to be put
    /// in flight.
    #[inline(always)]
    #[must_use]
    pub(super) fn begin(
        &mut self,
        request: &Request<'_>,
        total: Duration,
        ends_at: u32,
        now: Instant,
    ) -> Pending {
        let mut deadline = Deadline::NEVER;
        if !total.is_zero() {
            deadline = Deadline::at(now.saturating_add(total));
            self.earliest_deadline = self.earliest_deadline.or_sooner(deadline);
        }
        self.is_last = !request.flags().contains(Flags::PERSISTENCE);
        Pending { deadline, ends_at, message_type: request.message_type() }
    }

    /// The only request in flight is answered, and the server keeps the connection or not.
    #[inline(always)]
    pub(super) fn end_only_answer(&mut self, is_persistent: bool) {
        self.in_flight.pop_only();
        self.earliest_deadline = Deadline::NEVER;
        self.answer_begun = false;
        self.was_kept = is_persistent && !self.is_last;
        if !self.was_kept {
            self.state = State::Ended;
        }
    }

    /// The oldest request is answered, and the server keeps the connection or not.
    #[inline(always)]
    pub(super) fn end_answer(&mut self, is_persistent: bool) {
        self.in_flight.pop();
        if self.earliest_deadline > Deadline::NEVER {
            self.earliest_deadline = self.in_flight.earliest_deadline();
        }
        self.answer_begun = false;
        let is_empty = self.in_flight.is_empty();
        self.was_kept = is_persistent && !(self.is_last && is_empty);
        if !self.was_kept {
            self.state = match is_empty {
                true => State::Ended,
                false => State::Failed(ConnectionError::PersistenceWithdrawn),
            };
        }
    }

    /// The connection has failed.
    #[cold]
    pub(super) fn fail(&mut self, error: ConnectionError) -> ConnectionError {
        self.state = State::Failed(error);
        error
    }

    pub(super) fn reset(&mut self) {
        self.state = State::Open;
        self.in_flight.clear();
        self.earliest_deadline = Deadline::NEVER;
        self.was_kept = false;
        self.answer_begun = false;
    }
}
