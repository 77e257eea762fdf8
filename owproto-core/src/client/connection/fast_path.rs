//! The fast path: a request that is sent whole while nothing else is in flight, and a reply that is received whole.
//!
//! Each of these methods does the same as other methods of [`Connection`] do in more steps, or nothing at all. So a driver can
//! continue with the other methods after any of them. They save a fifth of the instructions of a READ, and cost code, which
//! small processors rather do without.

use super::Connection;
use crate::client::in_flight::{AnswerForm, Pending};
use crate::client::pipeline::State;
use crate::codec::Direction;
use crate::message::{Reply, Request};
use crate::storage::Storage;
use crate::time::{Duration, Instant};
use crate::wire::word;

impl<T: Storage, R: Storage, const DEPTH: usize> Connection<T, R, DEPTH> {
    /// Takes a request as [`request_within`](Self::request_within) does, and returns the bytes to send, which are those of this
    /// request. Returns `None` and does nothing if another request is in flight, the connection has ended, or the request does
    /// not fit the buffer.
    #[inline(always)]
    pub fn request_if_idle(&mut self, request: &Request<'_>, total: Duration, now: Instant) -> Option<&[u8]> {
        if self.filled > 0 || !self.pipeline.is_idle() {
            return None;
        }
        let needed = request.encoded_len();
        let space = self.transmit.space(0, needed)?;
        request.write_to(space);
        self.filled = needed;
        self.next_id = self.next_id.wrapping_add(1);
        self.last_activity = now;
        let ends_at = self.total_sent.wrapping_add(word::wrapping_from_len(needed));
        let pending = self.pipeline.start(request, total, ends_at, now);
        self.pipeline.in_flight.push_only(pending);
        Some(space)
    }

    /// All bytes of [`poll_transmit`](Self::poll_transmit), at least one, were handed to the transport.
    #[inline(always)]
    pub fn handle_all_transmitted(&mut self, now: Instant) {
        self.total_sent =
            self.total_sent.wrapping_add(word::wrapping_from_len(self.filled.wrapping_sub(self.sent)));
        (self.sent, self.filled) = (0, 0);
        self.last_activity = now;
    }

    /// Takes the reply to the only request in flight, if `input` is exactly that reply. Otherwise returns `None` and does
    /// nothing; then call [`handle_input`](Self::handle_input).
    #[inline(always)]
    pub fn handle_whole_reply<'i>(&mut self, input: &'i [u8], now: Instant) -> Option<Reply<'i>> {
        let mut rest = input;
        let only = self.pipeline.in_flight.only()?;
        let reply = self.whole_reply(only, &mut rest, now).filter(|_| rest.is_empty())?;
        self.last_activity = now;
        self.pipeline.finish_only_answer(reply.is_persistent());
        Some(reply)
    }

    /// The reply to the oldest request, if all of it is at the front of `input`, which is advanced past it. Changes nothing
    /// else.
    #[inline(always)]
    pub(super) fn whole_reply<'i>(
        &self,
        oldest: &Pending,
        input: &mut &'i [u8],
        now: Instant,
    ) -> Option<Reply<'i>> {
        if oldest.answer_form() != AnswerForm::Reply
            || self.filled > 0 && oldest.is_unsent(self.total_sent)
            || !matches!(self.pipeline.state, State::Open)
            || self.pipeline.earliest_deadline.has_passed(now)
        {
            return None;
        }
        let (header, payload) = self.frames.take_whole_frame(input, Direction::Replies)?;
        Some(Reply::from_parts(header, payload))
    }
}
