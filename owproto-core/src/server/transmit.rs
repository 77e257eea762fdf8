use super::end::End;
use super::state::State;
use crate::storage::Storage;
use crate::time::Instant;
use crate::wire::{Flags, HEADER_LEN, Header};

/// The bytes that wait to be sent, and the progress of the current answer.
#[derive(Clone, Debug)]
pub(super) struct Transmit<T> {
    pub(super) storage: T,
    /// The limit for bytes that wait, for storage without a fixed size.
    pub(super) limit: usize,
    /// `storage` holds unsent bytes at `sent..filled`, `0 <= sent <= filled`.
    pub(super) sent: usize,
    pub(super) filled: usize,
    /// Payload bytes of the current frame that were not pushed yet.
    pub(super) remaining: usize,
    /// Whether a frame of the current answer was started. Its flags are fixed from then on.
    pub(super) started: bool,
    /// Whether the current frame is the last one of its answer.
    pub(super) is_last: bool,
    /// Whether a keepalive is sent before the answer.
    pub(super) keepalive_first: bool,
    /// The flags of the answer.
    pub(super) flags: Flags,
    /// When the request was complete, or when the last frame was stored after it.
    pub(super) last_frame: Instant,
    /// When the transport last took bytes, or when the first of the bytes that wait was stored.
    pub(super) last_progress: Instant,
    /// When the first byte was stored after everything before had been sent.
    pub(super) waits_since: Instant,
}

impl<T: Storage> Transmit<T> {
    pub(super) const fn new(storage: T, limit: usize) -> Self {
        Self {
            storage,
            limit,
            sent: 0,
            filled: 0,
            remaining: 0,
            started: false,
            is_last: false,
            keepalive_first: false,
            flags: Flags::NONE,
            last_frame: Instant::ZERO,
            last_progress: Instant::ZERO,
            waits_since: Instant::ZERO,
        }
    }

    pub(super) fn capacity(&self) -> usize {
        self.storage.capacity().min(self.limit)
    }

    /// The number of bytes that wait.
    pub(super) const fn unsent(&self) -> usize {
        self.filled.saturating_sub(self.sent)
    }

    /// The bytes that wait.
    pub(super) fn bytes(&self) -> &[u8] {
        self.storage.filled(self.filled).get(self.sent..).unwrap_or_default()
    }

    /// The number of bytes that can be stored now.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(super) fn room(&self) -> usize {
        let used = if self.unsent() == 0 { 0 } else { self.filled };
        self.capacity().saturating_sub(used)
    }

    /// Stores as many of `bytes` as fit. Returns their number.
    pub(super) fn put(&mut self, bytes: &[u8], now: Instant) -> usize {
        if self.unsent() == 0 {
            (self.sent, self.filled) = (0, 0);
            self.last_progress = now;
            self.waits_since = now;
        }
        let room = self.room();
        let bytes = bytes.get(..room).unwrap_or(bytes);
        if !self.storage.put(self.filled, bytes) {
            return 0;
        }
        self.filled = self.filled.saturating_add(bytes.len());
        bytes.len()
    }

    /// Stores a keepalive, unless it does not fit or would be inside a frame.
    pub(super) fn put_keepalive(&mut self, now: Instant) {
        if self.remaining == 0 && self.room() >= HEADER_LEN {
            self.put(&Header::KEEPALIVE.to_bytes(), now);
        }
        self.last_frame = now;
    }

    /// The transport took `n` bytes.
    pub(super) fn handle_transmitted(&mut self, n: usize, now: Instant) {
        let n = n.min(self.unsent());
        if n > 0 {
            self.sent = self.sent.saturating_add(n);
            self.last_progress = now;
        }
    }

    /// Starts the answer to a request that is complete.
    pub(super) fn start_answer(&mut self, now: Instant) {
        self.remaining = 0;
        self.started = false;
        self.is_last = false;
        self.keepalive_first = false;
        self.last_frame = now;
    }

    /// Frees memory above `keep` bytes. Must not be called while bytes wait.
    pub(super) fn shrink(&mut self, keep: usize) {
        (self.sent, self.filled) = (0, 0);
        self.storage.shrink(keep);
    }

    /// Ends the connection, and drops the bytes that wait if they should not be sent.
    pub(super) fn end_with(&mut self, state: &mut State, end: End) {
        if !end.allows_sending() {
            self.sent = self.filled;
        }
        *state = State::Ended(end);
    }

    pub(super) fn reset(&mut self) {
        (self.sent, self.filled) = (0, 0);
        self.start_answer(Instant::ZERO);
    }
}
