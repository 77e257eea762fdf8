use super::connection::State;
use super::end::End;
use crate::storage::Storage;
use crate::time::Instant;
use crate::wire::{Flags, HEADER_LEN, Header};

/// What waits to be sent, and how far the current answer is.
#[derive(Clone, Debug)]
pub(super) struct Outgoing<T> {
    pub(super) transmit: T,
    /// The most bytes that may wait, if the storage itself has no bound.
    pub(super) limit: usize,
    /// `transmit` holds unsent bytes at `sent..filled`, `0 <= sent <= filled`.
    pub(super) sent: usize,
    pub(super) filled: usize,
    /// Payload bytes of the current frame that were not given yet.
    pub(super) owed: usize,
    /// Whether a frame of the current answer was begun: the flags are fixed from then on.
    pub(super) begun: bool,
    /// Whether the frame that is owed bytes is the last one of its answer.
    pub(super) is_last: bool,
    /// Whether a keepalive goes in front of the answer.
    pub(super) ping_due: bool,
    /// The flags of the answer.
    pub(super) flags: Flags,
    /// When the request was complete, or when the last frame was put behind it.
    pub(super) last_frame: Instant,
    /// When bytes were last taken by the transport, or when the first of those that wait was put.
    pub(super) last_progress: Instant,
    /// When the first of the bytes that wait was put, those that went out since counted in.
    pub(super) waits_since: Instant,
}

impl<T: Storage> Outgoing<T> {
    pub(super) const fn new(transmit: T, limit: usize) -> Self {
        Self {
            transmit,
            limit,
            sent: 0,
            filled: 0,
            owed: 0,
            begun: false,
            is_last: false,
            ping_due: false,
            flags: Flags::NONE,
            last_frame: Instant::ZERO,
            last_progress: Instant::ZERO,
            waits_since: Instant::ZERO,
        }
    }

    pub(super) fn capacity(&self) -> usize {
        self.transmit.capacity().min(self.limit)
    }

    pub(super) const fn unsent(&self) -> usize {
        self.filled.saturating_sub(self.sent)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.transmit.filled(self.filled).get(self.sent..).unwrap_or_default()
    }

    /// Bytes that can be put now.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(super) fn room(&self) -> usize {
        let used = if self.unsent() == 0 { 0 } else { self.filled };
        self.capacity().saturating_sub(used)
    }

    /// Puts as many of `bytes` as fit, and says how many.
    pub(super) fn put(&mut self, bytes: &[u8], now: Instant) -> usize {
        if self.unsent() == 0 {
            (self.sent, self.filled) = (0, 0);
            self.last_progress = now;
            self.waits_since = now;
        }
        let room = self.room();
        let bytes = bytes.get(..room).unwrap_or(bytes);
        if !self.transmit.put(self.filled, bytes) {
            return 0;
        }
        self.filled = self.filled.saturating_add(bytes.len());
        bytes.len()
    }

    /// Puts a keepalive, unless bytes wait or a frame is not finished: then the client hears from the server anyway,
    /// or cannot.
    pub(super) fn put_keepalive(&mut self, now: Instant) {
        if self.owed == 0 && self.room() >= HEADER_LEN {
            self.put(&Header::KEEPALIVE.to_bytes(), now);
        }
        self.last_frame = now;
    }

    pub(super) fn transmitted(&mut self, n: usize, now: Instant) {
        let n = n.min(self.unsent());
        if n > 0 {
            self.sent = self.sent.saturating_add(n);
            self.last_progress = now;
        }
    }

    /// A request is complete: what was said of the one before is over.
    pub(super) fn begin_answer(&mut self, now: Instant) {
        self.owed = 0;
        self.begun = false;
        self.is_last = false;
        self.ping_due = false;
        self.last_frame = now;
    }

    /// Gives back memory above `keep` bytes. Not while bytes wait.
    pub(super) fn shrink(&mut self, keep: usize) {
        (self.sent, self.filled) = (0, 0);
        self.transmit.shrink(keep);
    }

    /// Ends the connection. What waits to be sent is dropped if that is not worth sending any more.
    pub(super) fn end_with(&mut self, state: &mut State, end: End) {
        if !end.lets_send() {
            self.sent = self.filled;
        }
        *state = State::Ended(end);
    }

    pub(super) fn reset(&mut self) {
        (self.sent, self.filled) = (0, 0);
        self.begin_answer(Instant::ZERO);
    }
}
