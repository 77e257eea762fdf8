use super::DEFAULT_PAYLOAD_LIMIT;
use super::decode_error::DecodeError;
use super::direction::Direction;
use super::frame_parser::{FrameParser, Parsed, PayloadMode};
use crate::message::Reply;
use crate::storage::Storage;

/// What a [`ReplyParser`] found. Exhaustive on purpose: a caller has to handle each of these.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReplyEvent<'a> {
    /// The input is used up. The current part lacks this number of bytes. Reading no more than that never reads into the
    /// next frame.
    NeedMore(usize),
    /// A keepalive: the server is still working on the request.
    Keepalive,
    /// A reply. An answer may have several: each entry of a DIR listing is a reply.
    Reply(Reply<'a>),
}

/// Parses the replies of a server.
///
/// The storage holds a payload that arrives in pieces. It has to hold the largest expected payload; a larger one is an error
/// as soon as its header is complete. A payload that is entirely in the input is borrowed from it.
///
/// ```
/// use owproto_core::{ReplyEvent, ReplyParser};
/// # use owproto_core::wire::Header;
/// # let mut network = [&Header::KEEPALIVE.to_bytes()[..], &Header { payload: 4, code: 4, size: 4, ..Header::default() }.to_bytes(), b"12.5"].concat();
/// # let mut network = network.chunks(10);
///
/// let mut parser = ReplyParser::new([0; 256]);
/// let value = 'reply: loop {
///     let bytes = network.next().expect("the server to answer");
///     let mut input = bytes;
///     loop {
///         match parser.parse(&mut input)? {
///             ReplyEvent::NeedMore(_) => break,
///             ReplyEvent::Keepalive => continue,
///             ReplyEvent::Reply(reply) => break 'reply reply.data().to_vec(),
///         }
///     }
/// };
/// assert_eq!(value, b"12.5");
/// # Ok::<(), owproto_core::DecodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ReplyParser<S> {
    frames: FrameParser<S>,
}

impl<S: Storage> ReplyParser<S> {
    /// A parser that stores payloads in `storage`, with the limit [`DEFAULT_PAYLOAD_LIMIT`].
    pub const fn new(storage: S) -> Self {
        Self { frames: FrameParser::new(DEFAULT_PAYLOAD_LIMIT, storage) }
    }

    /// With another limit for payloads, in bytes. owserver sends at most 100,050 bytes for a READ, and has no limit for a
    /// DIRALL.
    #[must_use]
    pub fn with_limit(mut self, limit: usize) -> Self {
        self.frames.set_limit(limit);
        self
    }

    /// Accepts replies of any version; see [`Decoder::with_any_version`](super::Decoder::with_any_version).
    #[must_use]
    pub fn with_any_version(mut self) -> Self {
        self.frames.set_any_version();
        self
    }

    /// Takes the next event from the front of `input`, and advances `input` past it.
    ///
    /// Call it until it returns [`ReplyEvent::NeedMore`]. All of `input` is used up then.
    ///
    /// # Errors
    /// [`DecodeError`]. Every later call returns the same error.
    #[inline]
    pub fn parse<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Result<ReplyEvent<'a>, DecodeError> {
        Ok(match self.frames.parse(input, Direction::Replies, PayloadMode::Whole)? {
            Parsed::NeedMore(n) => ReplyEvent::NeedMore(n),
            Parsed::Keepalive => ReplyEvent::Keepalive,
            Parsed::Frame(header, payload) => ReplyEvent::Reply(Reply::from_parts(*header, payload)),
            // Only the list mode returns entries.
            Parsed::Entries(_) => ReplyEvent::NeedMore(0),
        })
    }

    /// Whether the stream is between two frames. A server that closes here does not cut off a reply.
    #[must_use]
    pub const fn is_between_frames(&self) -> bool {
        self.frames.is_between_frames()
    }

    /// Returns the storage.
    pub fn into_storage(self) -> S {
        self.frames.into_storage()
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use crate::wire::{Header, Version};

    use super::*;

    fn frame(header: Header, payload: &[u8]) -> Vec<u8> {
        [&header.to_bytes()[..], payload].concat()
    }

    #[test]
    fn other_versions_are_accepted_only_on_request() {
        let version = Version(7);
        let bytes = frame(Header { version, payload: 1, size: 1, ..Header::default() }, b"x");
        let mut strict = ReplyParser::new([0; 8]);
        assert_eq!(strict.parse(&mut &bytes[..]), Err(DecodeError::UnexpectedVersion { version }));
        let mut lenient = ReplyParser::new([0; 8]).with_any_version();
        let Ok(ReplyEvent::Reply(reply)) = lenient.parse(&mut &bytes[..]) else { panic!("a reply") };
        assert_eq!((reply.header().version, reply.payload()), (version, &b"x"[..]));
    }

    #[test]
    fn a_payload_that_is_entirely_in_the_input_is_borrowed_from_it() {
        let bytes = frame(Header { payload: 3, size: 3, ..Header::default() }, b"abc");
        let mut parser = ReplyParser::new([0; 8]);
        for _ in 0..2 {
            let Ok(ReplyEvent::Reply(reply)) = parser.parse(&mut &bytes[..]) else { panic!("a reply") };
            assert_eq!(reply.payload().as_ptr_range(), bytes[24..].as_ptr_range());
            assert!(parser.is_between_frames());
        }
        assert_eq!(parser.parse(&mut &bytes[..25]), Ok(ReplyEvent::NeedMore(2)));
        assert!(!parser.is_between_frames());
        let Ok(ReplyEvent::Reply(reply)) = parser.parse(&mut &bytes[25..]) else { panic!("a reply") };
        assert_eq!(reply.payload(), b"abc");
        assert_eq!(&parser.into_storage()[..3], b"abc");
    }
}
