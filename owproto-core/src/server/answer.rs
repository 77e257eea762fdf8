use core::fmt;

use super::End;
use super::connection::{Persistence, State};
use super::outgoing::Outgoing;
use crate::message::ReturnCode;
use crate::storage::Storage;
use crate::text::RomId;
use crate::time::Instant;
use crate::wire::{DirectoryFlags, Flags, HEADER_LEN, Header, Version, word};

/// The words of a reply that are not the same for all of its answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ReplyHeader {
    /// Bytes of payload that will be [pushed](Answer::push); at most `i32::MAX`.
    pub payload: usize,
    /// The return word.
    pub ret: i32,
    /// The size word.
    pub size: i32,
    /// The offset word.
    pub offset: i32,
}

/// Whether a frame ends its answer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum LastFrame {
    /// More frames follow: an entry of a DIR listing.
    No,
    /// The answer is complete with it.
    Yes,
}

/// There is no room for this now. Send what waits, and try again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct BufferFull {
    /// Bytes that it takes.
    pub needed: usize,
    /// Bytes that there are.
    pub room: usize,
}

impl fmt::Display for BufferFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes are needed, there is room for {}", self.needed, self.room)
    }
}

impl core::error::Error for BufferFull {}

/// The answer to the request that a [`Connection`](super::Connection) is at work on, frame by frame.
///
/// An answer is one frame, or for DIR one for each entry and a last one. Each frame has a head that says how long its
/// payload is, and then that payload, pushed in as many pieces as the transmit storage needs: [`begin`](Self::begin),
/// then [`push`](Self::push) until [`remaining`](Self::remaining) is 0. The others are for answers that fit at once, and do
/// nothing if they do not.
///
/// Version 0, the flags of the request and the persistence bit are added here.
#[derive(Debug)]
pub struct Answer<'a, T> {
    pub(super) out: &'a mut Outgoing<T>,
    pub(super) state: &'a mut State,
    pub(super) kept: &'a mut bool,
    pub(super) request_flags: Flags,
    pub(super) persistence: Persistence,
    pub(super) now: Instant,
}

impl<T: Storage> Answer<'_, T> {
    /// Bytes that can be put now.
    #[must_use]
    pub fn room(&self) -> usize {
        self.out.room()
    }

    /// Bytes that can be put once all that waits was sent.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.out.capacity()
    }

    /// Payload bytes of the current frame that were not pushed yet. While there are any, no other frame begins.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.out.owed
    }

    /// Whether the answer is complete: its last frame was begun and nothing is owed.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !matches!(self.state, State::Working)
    }

    /// Begins a frame. Its payload follows with [`push`](Self::push); with a payload of 0 it is complete at once.
    ///
    /// # Errors
    /// [`BufferFull`] if the header does not fit now, or bytes of the frame before are still owed. Nothing was done.
    pub fn begin(&mut self, head: ReplyHeader, last: LastFrame) -> Result<(), BufferFull> {
        if self.try_begin(head, last) {
            return Ok(());
        }
        Err(BufferFull { needed: self.head_len().saturating_add(self.out.owed), room: self.out.room() })
    }

    /// As [`begin`](Self::begin); false if there is no room.
    pub(crate) fn try_begin(&mut self, head: ReplyHeader, last: LastFrame) -> bool {
        if self.is_complete() {
            return true;
        }
        let needed = self.head_len();
        if self.out.capacity() < needed {
            self.out.end_with(self.state, End::TransmitTooSmall);
            return true;
        }
        if self.out.room() < needed || self.out.owed > 0 {
            return false;
        }
        if self.out.ping_due {
            self.out.put(&Header::KEEPALIVE.to_bytes(), self.now);
            self.out.ping_due = false;
        }
        if !self.out.begun {
            self.out.begun = true;
            self.out.flags = match self.persistence {
                Persistence::Grant => self.request_flags,
                Persistence::Refuse => self.request_flags.without(Flags::PERSISTENCE),
            };
        }
        let payload = word::from_len(head.payload).unwrap_or(i32::MAX);
        let header = Header {
            version: Version::PLAIN,
            payload,
            code: head.ret,
            flags: self.out.flags,
            size: head.size,
            offset: head.offset,
        };
        self.out.put(&header.to_bytes(), self.now);
        self.out.owed = word::to_len(payload).unwrap_or_default();
        self.out.is_last = last == LastFrame::Yes;
        self.settle();
        true
    }

    /// Bytes of a header, and of the keepalive that goes in front of it.
    const fn head_len(&self) -> usize {
        if self.out.ping_due { HEADER_LEN.wrapping_mul(2) } else { HEADER_LEN }
    }

    /// Pushes as much of the frame's payload as there is room for, and as it is owed; says how many bytes that were.
    pub fn push(&mut self, bytes: &[u8]) -> usize {
        let bytes = bytes.get(..self.out.owed).unwrap_or(bytes);
        if bytes.is_empty() {
            return 0;
        }
        let put = self.out.put(bytes, self.now);
        if put == 0 && self.out.unsent() == 0 {
            self.out.end_with(self.state, End::TransmitTooSmall);
        }
        self.out.owed = self.out.owed.wrapping_sub(put);
        self.settle();
        put
    }

    /// Ends the answer, and the connection with it: something failed in the middle of a frame, or in a way that no
    /// error code says. What was put before is still sent.
    pub fn abort(&mut self) {
        if !self.is_complete() {
            *self.state = State::Ended(End::AnswerAborted);
        }
    }

    /// Answers with an error: no payload, size and offset 0. After entries of a DIR listing, too.
    ///
    /// # Errors
    /// [`BufferFull`].
    pub fn error(&mut self, code: ReturnCode) -> Result<(), BufferFull> {
        self.begin(ReplyHeader { ret: code.to_ret(), ..ReplyHeader::default() }, LastFrame::Yes)
    }

    /// Answers with nothing but success: to a NOP, or to the READ of an empty value.
    ///
    /// # Errors
    /// [`BufferFull`].
    pub fn success(&mut self) -> Result<(), BufferFull> {
        self.begin(ReplyHeader::default(), LastFrame::Yes)
    }

    /// Answers a WRITE: so many bytes of data were taken.
    ///
    /// # Errors
    /// [`BufferFull`].
    pub fn written(&mut self, bytes: usize) -> Result<(), BufferFull> {
        let size = word::from_len(bytes).unwrap_or(i32::MAX);
        self.begin(ReplyHeader { size, ..ReplyHeader::default() }, LastFrame::Yes)
    }

    /// Answers a READ whose value fits into the transmit storage. An empty value has no offset either.
    ///
    /// # Errors
    /// [`BufferFull`] if header and value do not fit now; if they never will, begin and push.
    pub fn value(&mut self, value: &[u8], offset: i32) -> Result<(), BufferFull> {
        self.fits(value.len())?;
        self.begin(value_header(value.len(), offset), LastFrame::Yes)?;
        self.push(value);
        Ok(())
    }

    /// Answers a PRESENCE: the device of the path, or `None` if the path exists but names no device. Eight bytes of
    /// payload and a size of 0, as owserver sends them (owfs: `data.c`).
    ///
    /// # Errors
    /// [`BufferFull`] if it does not fit now; if it never will, begin and push.
    pub fn presence(&mut self, device: Option<RomId>) -> Result<(), BufferFull> {
        let bytes = device.map_or([0; RomId::LEN], RomId::to_bytes);
        self.fits(bytes.len())?;
        self.begin(ReplyHeader { payload: bytes.len(), ..ReplyHeader::default() }, LastFrame::Yes)?;
        self.push(&bytes);
        Ok(())
    }

    /// Gives an entry of a DIR listing that fits into the transmit storage: an absolute path.
    ///
    /// # Errors
    /// [`BufferFull`] if it does not fit now; if it never will, begin and push.
    pub fn entry(&mut self, path: &[u8]) -> Result<(), BufferFull> {
        self.fits(path.len().saturating_add(1))?;
        self.begin(entry_header(path.len()), LastFrame::No)?;
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

    /// Whether a frame with so many bytes of payload is worth beginning: it fits now, or it will not fit any better once
    /// all that waits was sent.
    pub(crate) fn is_worth_beginning(&self, payload: usize) -> bool {
        self.out.unsent() == 0 || self.fits(payload).is_ok()
    }

    /// Whether a frame with so many bytes of payload fits now.
    fn fits(&self, payload: usize) -> Result<(), BufferFull> {
        let needed = payload.saturating_add(self.head_len());
        let room = self.out.room();
        if needed > room { Err(BufferFull { needed, room }) } else { Ok(()) }
    }

    /// After the last byte of the last frame the answer is complete.
    fn settle(&mut self) {
        self.out.last_frame = self.now;
        if self.out.is_last && self.out.owed == 0 {
            *self.kept = self.out.flags.contains(Flags::PERSISTENCE);
            *self.state = match *self.kept {
                true => State::Waiting { since: self.now, low_passed: false },
                false => State::Ended(End::Answered),
            };
        }
    }
}

/// The head of a READ reply: return value, size and payload are the same; all is 0 for an empty value (owfs: `read.c`).
pub(crate) fn value_header(len: usize, offset: i32) -> ReplyHeader {
    let size = word::from_len(len).unwrap_or(i32::MAX);
    ReplyHeader { payload: len, ret: size, size, offset: if len == 0 { 0 } else { offset } }
}

/// The head of an entry: the payload has a NUL more than the size says (owfs: `dir.c`).
pub(crate) fn entry_header(path_len: usize) -> ReplyHeader {
    ReplyHeader {
        payload: path_len.saturating_add(1),
        ret: 0,
        size: word::from_len(path_len).unwrap_or(i32::MAX),
        offset: 0,
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::message::Request;
    use crate::server::{Connection, Event, Step};

    /// A connection with a whole request, and storage for what is sent.
    fn asked<T: Storage>(transmit: T) -> Connection<T, [u8; 64]> {
        let mut buffer = [0; 64];
        let mut input = Request::read("/a").unwrap().encode(&mut buffer).unwrap();
        let mut connection = Connection::new(transmit, [0; 64]);
        assert_eq!(connection.handle_input(&mut input, Instant::ZERO), Event::Request);
        assert_eq!(connection.step(), Step::Answer);
        connection
    }

    fn answer<T: Storage>(connection: &mut Connection<T, [u8; 64]>) -> Answer<'_, T> {
        connection.answer(Instant::ZERO).unwrap().1
    }

    fn sent(answer_it: impl Fn(&mut Answer<'_, [u8; 64]>) -> Result<(), BufferFull>) -> Vec<u8> {
        let mut connection = asked([0; 64]);
        assert_eq!(answer_it(&mut answer(&mut connection)), Ok(()));
        connection.poll_transmit().to_vec()
    }

    fn frame(header: Header, payload: &[u8]) -> Vec<u8> {
        [&header.to_bytes()[..], payload].concat()
    }

    #[test]
    fn each_answer_has_its_words() {
        let nothing = Header::default();
        let value = Header { payload: 2, code: 2, size: 2, offset: 7, ..nothing };
        assert_eq!(sent(|answer| answer.value(b"xy", 7)), frame(value, b"xy"));
        assert_eq!(sent(|answer| answer.value(b"", 7)), frame(nothing, b""));
        #[allow(clippy::redundant_closure_for_method_calls, reason = "the method takes one lifetime only")]
        let success = sent(|answer| answer.success());
        assert_eq!(success, frame(nothing, b""));
        assert_eq!(sent(|answer| answer.written(5)), frame(Header { size: 5, ..nothing }, b""));
        assert_eq!(
            sent(|answer| answer.error(ReturnCode::BUSY)),
            frame(Header { code: -16, ..nothing }, b"")
        );
        let last = Header { offset: 0x8002, ..nothing };
        assert_eq!(sent(|answer| answer.end_of_entries(DirectoryFlags(0x8002))), frame(last, b""));
        let entry = Header { payload: 3, size: 2, ..nothing };
        assert_eq!(sent(|answer| answer.entry(b"/a")), frame(entry, b"/a\0"));
        // Eight bytes that the size does not count.
        let device = RomId::new(0x10, [1, 2, 3, 4, 5, 6]);
        let presence = Header { payload: 8, ..nothing };
        assert_eq!(sent(|answer| answer.presence(Some(device))), frame(presence, device.as_bytes()));
        assert_eq!(sent(|answer| answer.presence(None)), frame(presence, &[0; 8]));
    }

    #[test]
    fn what_just_fits_is_put_and_what_does_not_leaves_no_trace() {
        let mut connection = asked([0; 26]);
        let mut it = answer(&mut connection);
        assert_eq!((it.room(), it.capacity(), it.remaining(), it.is_complete()), (26, 26, 0, false));
        let no_room = |needed| Err(BufferFull { needed, room: 26 });
        assert_eq!(it.value(b"abc", 0), no_room(27));
        assert_eq!(it.presence(None), no_room(32));
        assert_eq!(it.entry(b"/a"), no_room(27));
        assert_eq!((it.room(), it.is_complete()), (26, false));
        assert_eq!(it.value(b"ab", 0), Ok(()));
        assert_eq!((it.room(), it.capacity(), it.remaining(), it.is_complete()), (0, 26, 0, true));
        assert_eq!(
            std::format!("{}", BufferFull { needed: 27, room: 26 }),
            "27 bytes are needed, there is room for 26"
        );
    }

    #[test]
    fn a_frame_is_worth_beginning_if_it_fits_or_will_never_fit_better() {
        let mut connection = asked([0; 64]);
        assert!(answer(&mut connection).is_worth_beginning(1000), "there is not more room than all");
        assert_eq!(answer(&mut connection).entry(b"/a"), Ok(()));
        let room = 64 - HEADER_LEN - 3;
        let it = answer(&mut connection);
        assert!(it.is_worth_beginning(room - HEADER_LEN));
        assert!(!it.is_worth_beginning(room - HEADER_LEN + 1), "more fits when the entry was sent");
        connection.handle_transmitted(usize::MAX, Instant::ZERO);
        assert!(answer(&mut connection).is_worth_beginning(room));
    }

    #[test]
    fn no_frame_begins_within_another() {
        let mut connection = asked([0; 64]);
        let mut it = answer(&mut connection);
        it.begin(ReplyHeader { payload: 3, ..ReplyHeader::default() }, LastFrame::No).unwrap();
        assert_eq!((it.push(b"a"), it.remaining()), (1, 2));
        let no_room = Err(BufferFull { needed: HEADER_LEN + 2, room: 64 - HEADER_LEN - 1 });
        assert_eq!(it.success(), no_room);
        assert!(it.value(b"x", 0).is_err() && it.entry(b"").is_err());
        assert_eq!((it.push(b"bcd"), it.remaining()), (2, 0), "no more than is owed");
        assert_eq!(it.success(), Ok(()));
        assert_eq!(connection.poll_transmit().len(), HEADER_LEN + 3 + HEADER_LEN);
    }

    #[test]
    fn storage_of_one_header_is_enough_and_less_is_not() {
        let mut connection = asked([0; HEADER_LEN]);
        let mut it = answer(&mut connection);
        it.begin(ReplyHeader { payload: 1, ..ReplyHeader::default() }, LastFrame::Yes).unwrap();
        assert_eq!(it.push(b"x"), 0);
        assert_eq!(connection.end(), None, "bytes wait, and then there is room");
        connection.handle_transmitted(HEADER_LEN, Instant::ZERO);
        assert_eq!(answer(&mut connection).push(b"x"), 1);
        assert_eq!(connection.end(), Some(End::Answered));

        let mut connection = asked([0; HEADER_LEN - 1]);
        assert_eq!(answer(&mut connection).success(), Ok(()));
        assert_eq!((connection.end(), connection.poll_transmit()), (Some(End::TransmitTooSmall), &b""[..]));
    }

    /// Says that it has room, and takes headers only, as a heap that is used up.
    struct Stubborn([u8; HEADER_LEN]);

    impl Storage for Stubborn {
        fn capacity(&self) -> usize {
            64
        }
        fn space(&mut self, at: usize, len: usize) -> Option<&mut [u8]> {
            self.0.get_mut(at..)?.get_mut(..len).filter(|place| place.len() == HEADER_LEN)
        }
        fn filled(&self, len: usize) -> &[u8] {
            self.0.get(..len).unwrap_or(&self.0)
        }
    }

    #[test]
    fn storage_that_takes_nothing_though_it_is_empty_ends_the_connection() {
        let mut connection = asked(Stubborn([0; HEADER_LEN]));
        let mut it = answer(&mut connection);
        it.begin(ReplyHeader { payload: 1, ..ReplyHeader::default() }, LastFrame::Yes).unwrap();
        assert_eq!(it.push(b"x"), 0);
        assert_eq!(connection.end(), None);
        connection.handle_transmitted(HEADER_LEN, Instant::ZERO);
        assert_eq!(answer(&mut connection).push(b"x"), 0);
        assert_eq!(connection.end(), Some(End::TransmitTooSmall));
    }
}
