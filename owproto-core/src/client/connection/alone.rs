//! The short way of an exchange that is alone on its connection, sent at once and answered by one reply that comes whole.
//!
//! Nothing happens here that [`Connection`] cannot do otherwise, in more steps; and at each of them it can be gone on with
//! otherwise. Small processors, which rather have less code, never take it.

use super::Connection;
use crate::message::{Reply, Request};
use crate::storage::Storage;
use crate::time::{Duration, Instant};
use crate::wire::word;

impl<T: Storage, R: Storage, const DEPTH: usize> Connection<T, R, DEPTH> {
    /// Takes a request as [`request_within`](Self::request_within) does, and gives all that is to be sent, which is this
    /// request. `None`, and nothing has happened, if something else is under way, the connection has ended, or the request
    /// does not fit.
    #[inline(always)]
    pub fn request_alone(&mut self, request: &Request<'_>, total: Duration, now: Instant) -> Option<&[u8]> {
        if self.filled > 0 || !self.exchanges.is_idle() {
            return None;
        }
        let needed = request.encoded_len();
        let place = self.transmit.space(0, needed)?;
        request.write_to(place);
        self.filled = needed;
        self.next_id = self.next_id.wrapping_add(1);
        self.last_activity = now;
        let ends_at = self.total_sent.wrapping_add(word::of_len(needed));
        let pending = self.exchanges.begin(request, total, ends_at, now);
        self.exchanges.in_flight.push_only(pending);
        Some(place)
    }

    /// All of [`poll_transmit`](Self::poll_transmit), which is a byte at least, was handed to the transport.
    #[inline(always)]
    pub fn handle_all_transmitted(&mut self, now: Instant) {
        self.total_sent = self.total_sent.wrapping_add(word::of_len(self.filled.wrapping_sub(self.sent)));
        (self.sent, self.filled) = (0, 0);
        self.last_activity = now;
    }

    /// Takes the reply to the one request in flight, if `input` is nothing but that, and whole. Otherwise nothing has
    /// happened, and [`handle_input`](Self::handle_input) is to be called.
    #[inline(always)]
    pub fn handle_reply<'i>(&mut self, input: &'i [u8], now: Instant) -> Option<Reply<'i>> {
        let mut behind = input;
        let only = self.exchanges.in_flight.only()?;
        let reply = self.whole_reply(only, &mut behind, now).filter(|_| behind.is_empty())?;
        self.last_activity = now;
        self.exchanges.end_only_answer(reply.is_persistent());
        Some(reply)
    }
}
