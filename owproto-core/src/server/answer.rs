use super::buffer_full::BufferFull;
use super::end::End;
use super::policy::Persistence;
use super::reply_header::{LastFrame, ReplyHeader};
use super::state::State;
use super::transmit::Transmit;
use crate::message::ReturnCode;
use crate::storage::Storage;
use crate::text::RomId;
use crate::time::Instant;
use crate::wire::{DirectoryFlags, Flags, HEADER_LEN, Header, Version, word};

/// The answer to the current request of a [`Connection`](super::Connection), frame by frame.
///
/// An answer is one frame, or for DIR one frame for each entry and a last one. Each frame has a header with the length of its
/// payload, and then the payload, which may be pushed in pieces if it does not fit the transmit storage: call
/// [`begin`](Self::begin), then [`push`](Self::push) until [`remaining`](Self::remaining) is 0. The other methods write a
/// whole frame, and do nothing if it does not fit.
///
/// The version, the flags of the request and the persistence bit are set here.
#[derive(Debug)]
pub struct Answer<'a, T> {
    pub(super) transmit: &'a mut Transmit<T>,
    pub(super) state: &'a mut State,
    pub(super) is_persistent: &'a mut bool,
    pub(super) request_flags: Flags,
    pub(super) persistence: Persistence,
    pub(super) now: Instant,
}

impl<T: Storage> Answer<'_, T> {
    /// The number of bytes that can be stored now.
    #[must_use]
    pub fn room(&self) -> usize {
        self.transmit.room()
    }

    /// The number of bytes that can be stored once all bytes that wait are sent.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.transmit.capacity()
    }

    /// Payload bytes of the current frame that were not pushed yet. No other frame can begin before it is 0.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.transmit.remaining
    }

    /// Whether the answer is complete: its last frame was begun, and no payload remains.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !matches!(self.state, State::Answering)
    }

    /// Begins a frame. Its payload follows with [`push`](Self::push); a frame with a payload of 0 is complete.
    ///
    /// # Errors
    /// [`BufferFull`] if the header does not fit now, or payload of the frame before remains. Nothing was done then.
    pub fn begin(&mut self, header: ReplyHeader, last: LastFrame) -> Result<(), BufferFull> {
        if self.try_begin(header, last) {
            return Ok(());
        }
        Err(BufferFull {
            needed: self.header_len().saturating_add(self.transmit.remaining),
            available: self.transmit.room(),
        })
    }

    /// As [`begin`](Self::begin), but returns false if it does not fit.
    pub(crate) fn try_begin(&mut self, header: ReplyHeader, last: LastFrame) -> bool {
        if self.is_complete() {
            return true;
        }
        let needed = self.header_len();
        if self.transmit.capacity() < needed {
            self.transmit.end_with(self.state, End::TransmitTooSmall);
            return true;
        }
        if self.transmit.room() < needed || self.transmit.remaining > 0 {
            return false;
        }
        if self.transmit.keepalive_first {
            self.transmit.put(&Header::KEEPALIVE.to_bytes(), self.now);
            self.transmit.keepalive_first = false;
        }
        if !self.transmit.started {
            self.transmit.started = true;
            self.transmit.flags = match self.persistence {
                Persistence::Grant => self.request_flags,
                Persistence::Refuse => self.request_flags.without(Flags::PERSISTENCE),
            };
        }
        let payload = word::from_len(header.payload).unwrap_or(i32::MAX);
        let header = Header {
            version: Version::PLAIN,
            payload,
            code: header.ret,
            flags: self.transmit.flags,
            size: header.size,
            offset: header.offset,
        };
        self.transmit.put(&header.to_bytes(), self.now);
        self.transmit.remaining = word::to_len(payload).unwrap_or_default();
        self.transmit.is_last = last == LastFrame::Yes;
        self.finish_if_complete();
        true
    }

    /// The length of a header, with the keepalive before it if there is one.
    const fn header_len(&self) -> usize {
        if self.transmit.keepalive_first { HEADER_LEN.wrapping_mul(2) } else { HEADER_LEN }
    }

    /// Pushes payload of the current frame, as much as remains and fits. Returns the number of bytes pushed.
    pub fn push(&mut self, bytes: &[u8]) -> usize {
        let bytes = bytes.get(..self.transmit.remaining).unwrap_or(bytes);
        if bytes.is_empty() {
            return 0;
        }
        let pushed = self.transmit.put(bytes, self.now);
        if pushed == 0 && self.transmit.unsent() == 0 {
            self.transmit.end_with(self.state, End::TransmitTooSmall);
        }
        self.transmit.remaining = self.transmit.remaining.wrapping_sub(pushed);
        self.finish_if_complete();
        pushed
    }

    /// Ends the answer and the connection: after a failure in the middle of a frame, or one that no return code describes.
    /// Bytes that are already stored are still sent.
    pub fn abort(&mut self) {
        if !self.is_complete() {
            *self.state = State::Ended(End::AnswerAborted);
        }
    }

    /// Answers with an error: no payload, size and offset 0. Also possible after entries of a DIR listing.
    ///
    /// # Errors
    /// [`BufferFull`].
    pub fn error(&mut self, code: ReturnCode) -> Result<(), BufferFull> {
        self.begin(ReplyHeader { ret: code.to_ret(), ..ReplyHeader::default() }, LastFrame::Yes)
    }

    /// Answers with success and no payload: a NOP, or the READ of an empty value.
    ///
    /// # Errors
    /// [`BufferFull`].
    pub fn success(&mut self) -> Result<(), BufferFull> {
        self.begin(ReplyHeader::default(), LastFrame::Yes)
    }

    /// Answers a WRITE of which this number of bytes was written.
    ///
    /// # Errors
    /// [`BufferFull`].
    pub fn written(&mut self, bytes: usize) -> Result<(), BufferFull> {
        let size = word::from_len(bytes).unwrap_or(i32::MAX);
        self.begin(ReplyHeader { size, ..ReplyHeader::default() }, LastFrame::Yes)
    }

    /// Answers a READ with a value that fits the transmit storage. For an empty value the offset is 0.
    ///
    /// # Errors
    /// [`BufferFull`] if header and value do not fit now. If they never fit, use [`begin`](Self::begin) and
    /// [`push`](Self::push).
    pub fn value(&mut self, value: &[u8], offset: i32) -> Result<(), BufferFull> {
        self.check_room(value.len())?;
        self.begin(ReplyHeader::value(value.len(), offset), LastFrame::Yes)?;
        self.push(value);
        Ok(())
    }

    /// Answers a PRESENCE with the device at the path, or `None` if the path exists but is not a device. The payload has
    /// eight bytes, and the size is 0, as in owserver (owfs: `data.c`).
    ///
    /// # Errors
    /// [`BufferFull`] if it does not fit now. If it never fits, use [`begin`](Self::begin) and [`push`](Self::push).
    pub fn presence(&mut self, device: Option<RomId>) -> Result<(), BufferFull> {
        let bytes = device.map_or([0; RomId::LEN], RomId::to_bytes);
        self.check_room(bytes.len())?;
        self.begin(ReplyHeader { payload: bytes.len(), ..ReplyHeader::default() }, LastFrame::Yes)?;
        self.push(&bytes);
        Ok(())
    }

    /// Adds an entry of a DIR listing that fits the transmit storage: an absolute path.
    ///
    /// # Errors
    /// [`BufferFull`] if it does not fit now. If it never fits, use [`begin`](Self::begin) and [`push`](Self::push).
    pub fn entry(&mut self, path: &[u8]) -> Result<(), BufferFull> {
        self.check_room(path.len().saturating_add(1))?;
        self.begin(ReplyHeader::entry(path.len()), LastFrame::No)?;
        self.push(path);
        self.push(b"\0");
        Ok(())
    }

    /// Ends a DIR listing.
    ///
    /// # Errors
    /// [`BufferFull`].
    pub fn end_of_entries(&mut self, flags: DirectoryFlags) -> Result<(), BufferFull> {
        self.begin(ReplyHeader { offset: word::from_bits(flags.0), ..ReplyHeader::default() }, LastFrame::Yes)
    }

    /// Whether to begin a frame with this number of payload bytes now: it fits, or waiting gives no more room.
    pub(crate) fn is_worth_beginning(&self, payload: usize) -> bool {
        self.transmit.unsent() == 0 || self.check_room(payload).is_ok()
    }

    /// Whether a frame with this number of payload bytes fits now.
    fn check_room(&self, payload: usize) -> Result<(), BufferFull> {
        let needed = payload.saturating_add(self.header_len());
        let available = self.transmit.room();
        if needed > available { Err(BufferFull { needed, available }) } else { Ok(()) }
    }

    /// Completes the answer after the last byte of its last frame.
    fn finish_if_complete(&mut self) {
        self.transmit.last_frame = self.now;
        if self.transmit.is_last && self.transmit.remaining == 0 {
            *self.is_persistent = self.transmit.flags.contains(Flags::PERSISTENCE);
            *self.state = match *self.is_persistent {
                true => State::Waiting { since: self.now, idle_low_passed: false },
                false => State::Ended(End::Answered),
            };
        }
    }
}

#[cfg(test)]
mod tests;
