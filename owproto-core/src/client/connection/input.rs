use super::Connection;
use crate::client::connection_error::ConnectionError;
use crate::client::event::Event;
use crate::client::in_flight::{AnswerForm, Pending};
use crate::client::pipeline::State;
use crate::client::timeouts::Timeout;
use crate::codec::{Direction, Parsed, PayloadMode};
use crate::message::{Entries, Reply};
use crate::storage::Storage;
use crate::time::Instant;

impl<T: Storage, R: Storage, const DEPTH: usize> Connection<T, R, DEPTH> {
    /// Takes the next event from the front of `input`, and advances `input` past it.
    ///
    /// # Errors
    /// [`ConnectionError::Decode`], [`ConnectionError::UnexpectedData`], and [`ConnectionError::TimedOut`] if the total
    /// timeout has expired, whatever the input is. Every later call returns the same error.
    #[inline(always)]
    pub fn handle_input<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i [u8],
        now: Instant,
    ) -> Result<Event<'a>, ConnectionError> {
        let id = self.oldest_id();
        let mut rest = *input;
        let oldest = self.pipeline.in_flight.oldest();
        if let Some(reply) = oldest.and_then(|oldest| self.whole_reply(oldest, &mut rest, now)) {
            *input = rest;
            self.last_activity = now;
            self.pipeline.finish_answer(reply.is_persistent());
            return Ok(Event::Reply(id, reply));
        }
        self.handle_partial_input(input, now)
    }

    /// Takes the next event of an answer that is not a whole reply at the front of the input.
    #[inline]
    fn handle_partial_input<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i [u8],
        now: Instant,
    ) -> Result<Event<'a>, ConnectionError> {
        let id = self.oldest_id();
        let oldest = self.pipeline.in_flight.oldest();
        let form = oldest.map_or(AnswerForm::Reply, Pending::answer_form);
        let is_due = oldest.is_some_and(|oldest| !oldest.is_unsent(self.total_sent));
        if !(input.is_empty() || is_due)
            || matches!(self.pipeline.state, State::Failed(_))
            || self.pipeline.earliest_deadline.has_passed(now)
        {
            return Err(self.input_error(now));
        }
        if !input.is_empty() {
            self.last_activity = now;
            self.pipeline.answer_started = true;
        }
        let mode = match form {
            AnswerForm::List => PayloadMode::List { limit: self.list_limit },
            AnswerForm::Reply | AnswerForm::Frames => PayloadMode::Whole,
        };
        if form == AnswerForm::Frames
            && let Some(entries) = self.frames.take_entry_frames(input)
        {
            return Ok(Event::Entries(id, entries));
        }
        let reply = match self.frames.parse(input, Direction::Replies, mode) {
            Ok(Parsed::NeedMore(n)) => return Ok(Event::NeedMore(n)),
            Ok(Parsed::Keepalive) => return Ok(Event::Keepalive),
            Ok(Parsed::Entries(entries)) => return Ok(Event::Entries(id, entries)),
            Ok(Parsed::Frame(header, payload)) => Reply::from_parts(*header, payload),
            Err(error) => {
                let error = ConnectionError::Decode(error);
                self.pipeline.state = State::Failed(error);
                return Err(error);
            }
        };
        // An entry has a payload; the frame that ends a DIR listing has none (owfs: `dir.c`).
        if form == AnswerForm::Frames && !reply.payload().is_empty() && reply.ret() >= 0 {
            return Ok(Event::Entries(id, Entries::one(reply.payload())));
        }
        self.pipeline.finish_answer(reply.is_persistent());
        Ok(Event::Reply(id, reply))
    }

    /// The error for input that cannot be taken. Every later call returns it too.
    #[cold]
    fn input_error(&mut self, now: Instant) -> ConnectionError {
        match self.pipeline.state {
            State::Failed(error) => error,
            _ if self.pipeline.earliest_deadline.has_passed(now) => {
                self.pipeline.fail(ConnectionError::TimedOut(Timeout::Total))
            }
            _ => self.pipeline.fail(ConnectionError::UnexpectedData),
        }
    }
}
