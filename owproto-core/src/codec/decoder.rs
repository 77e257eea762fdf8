use super::DEFAULT_PAYLOAD_LIMIT;
use super::decode_error::DecodeError;
use super::direction::Direction;
use super::framing::{Framing, HeaderEvent, Rules, Versions, tokens_len};
use crate::message::MAX_BODY_LEN;
use crate::wire::Header;

/// What a [`Decoder`] found at the front of its input.
///
/// Exhaustive on purpose: a caller that ignores one of these loses its place in the stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Frame<'i> {
    /// The input is used up. The current part (header, payload or tokens) lacks this number of bytes. Reading no more than
    /// that never reads into the next frame.
    NeedMore(usize),
    /// A keepalive: the server is still working on the request.
    Keepalive,
    /// The header of a frame. Payload, tokens and end follow.
    Header(Header),
    /// Bytes of the payload, borrowed from the input. There may be more.
    Payload(&'i [u8]),
    /// Bytes of the tokens, borrowed from the input. There may be more.
    Tokens(&'i [u8]),
    /// The frame is complete.
    End,
}

/// An incremental decoder that does not store payloads.
///
/// It holds 24 bytes for a header that arrives in pieces, and a few words of state. It returns the payload as slices of the
/// input, in order, as far as it is there.
///
/// ```
/// use owproto_core::codec::{Decoder, Frame};
///
/// let bytes = [&[0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0][..], b"ok"].concat();
/// let mut decoder = Decoder::replies();
/// let mut input = &bytes[..25];
/// let Frame::Header(header) = decoder.decode(&mut input)? else { panic!() };
/// assert_eq!(header.payload, 2);
/// assert_eq!(decoder.decode(&mut input)?, Frame::Payload(b"o"));
/// assert_eq!(decoder.decode(&mut input)?, Frame::NeedMore(1));
/// input = &bytes[25..];
/// assert_eq!(decoder.decode(&mut input)?, Frame::Payload(b"k"));
/// assert_eq!(decoder.decode(&mut input)?, Frame::End);
/// assert_eq!(decoder.decode(&mut input)?, Frame::NeedMore(24));
/// # Ok::<(), owproto_core::DecodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    framing: Framing,
    rules: Rules,
}

impl Decoder {
    const fn new(direction: Direction, limit: usize) -> Self {
        let rules = Rules { direction, versions: Versions::Plain, limit, capacity: usize::MAX };
        Self { framing: Framing::new(), rules }
    }

    /// A decoder for replies with payloads of at most [`DEFAULT_PAYLOAD_LIMIT`] bytes.
    #[must_use]
    pub const fn replies() -> Self {
        Self::new(Direction::Replies, DEFAULT_PAYLOAD_LIMIT)
    }

    /// A decoder for requests with at most [`MAX_BODY_LEN`] bytes of payload and tokens together, as owserver accepts them.
    #[must_use]
    pub const fn requests() -> Self {
        Self::new(Direction::Requests, MAX_BODY_LEN)
    }

    /// With another limit for the length that a header may announce, in bytes.
    #[must_use]
    pub const fn with_limit(mut self, limit: usize) -> Self {
        self.rules.limit = limit;
        self
    }

    /// Accepts replies of any version, not only version 0. owserver sends no other; owlib ignores the version, pyownet
    /// refuses another one.
    #[must_use]
    pub const fn with_any_version(mut self) -> Self {
        self.rules.versions = Versions::Any;
        self
    }

    /// The direction of its frames.
    #[must_use]
    pub const fn direction(&self) -> Direction {
        self.rules.direction
    }

    /// The limit for the length that a header may announce, in bytes.
    #[must_use]
    pub const fn limit(&self) -> usize {
        self.rules.limit
    }

    /// Changes the limit for the next headers.
    pub const fn set_limit(&mut self, limit: usize) {
        self.rules.limit = limit;
    }

    /// Whether the stream is between two frames: no byte of the next one was decoded.
    #[must_use]
    #[inline]
    pub const fn is_between_frames(&self) -> bool {
        self.framing.is_between_frames()
    }

    /// The error that ended the stream, if there was one.
    #[must_use]
    pub const fn error(&self) -> Option<DecodeError> {
        self.framing.error()
    }

    /// Starts a new stream.
    pub const fn reset(&mut self) {
        self.framing.reset();
    }

    /// Takes the next item from the front of `input`, and advances `input` past it.
    ///
    /// Call it until it returns [`Frame::NeedMore`]. All of `input` is used up then.
    ///
    /// # Errors
    /// [`DecodeError`] if a header is invalid. Every later call returns the same error and takes no input.
    pub fn decode<'i>(&mut self, input: &mut &'i [u8]) -> Result<Frame<'i>, DecodeError> {
        let header = match self.framing.take_header(input, self.rules)? {
            HeaderEvent::NeedMore(missing) => return Ok(Frame::NeedMore(missing)),
            HeaderEvent::Keepalive => return Ok(Frame::Keepalive),
            HeaderEvent::Complete => return Ok(Frame::Header(self.framing.header().header())),
            HeaderEvent::InBody => self.framing.header().header(),
        };
        let missing = self.framing.missing();
        if missing == 0 {
            self.framing.end_body();
            return Ok(Frame::End);
        }
        let payload = missing.saturating_sub(tokens_len(self.rules.direction, header));
        let part = if payload > 0 { payload } else { missing };
        Ok(match self.framing.take_body(input, part) {
            [] => Frame::NeedMore(part),
            taken if payload > 0 => Frame::Payload(taken),
            taken => Frame::Tokens(taken),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Flags, HEADER_LEN, MessageType, Version};

    fn header(payload: i32) -> Header {
        Header { payload, ..Header::default() }
    }

    #[test]
    fn need_more_is_the_number_of_missing_bytes() {
        let bytes = header(5).to_bytes();
        let mut decoder = Decoder::replies();
        for at in 0..HEADER_LEN - 1 {
            let mut input = &bytes[at..=at];
            assert_eq!(decoder.decode(&mut input), Ok(Frame::NeedMore(HEADER_LEN - 1 - at)));
            assert!(input.is_empty());
            assert!(!decoder.is_between_frames());
        }
        assert_eq!(decoder.decode(&mut &bytes[23..]), Ok(Frame::Header(header(5))));
        assert_eq!(decoder.decode(&mut &b""[..]), Ok(Frame::NeedMore(5)));
        assert_eq!(decoder.decode(&mut &b"abc"[..]), Ok(Frame::Payload(b"abc")));
        assert_eq!(decoder.decode(&mut &b""[..]), Ok(Frame::NeedMore(2)));
        let mut input = &b"defg"[..];
        assert_eq!(decoder.decode(&mut input), Ok(Frame::Payload(b"de")));
        assert_eq!(decoder.decode(&mut input), Ok(Frame::End));
        assert_eq!(input, b"fg");
    }

    #[test]
    fn keepalives_have_no_end() {
        let mut bytes = Header::KEEPALIVE.to_bytes().to_vec();
        bytes.extend(Header { flags: Flags(4), ..header(-7) }.to_bytes());
        bytes.extend(header(0).to_bytes());
        let mut decoder = Decoder::replies();
        let mut input = &bytes[..];
        assert_eq!(decoder.decode(&mut input), Ok(Frame::Keepalive));
        assert_eq!(decoder.decode(&mut input), Ok(Frame::Keepalive));
        assert_eq!(decoder.decode(&mut input), Ok(Frame::Header(header(0))));
        assert_eq!(decoder.decode(&mut input), Ok(Frame::End));
    }

    #[test]
    fn a_header_above_the_limit_is_an_error_for_good() {
        let bytes = header(11).to_bytes();
        let mut decoder = Decoder::replies().with_limit(10);
        let error = DecodeError::PayloadTooLarge { announced: 11, limit: 10 };
        assert_eq!(decoder.decode(&mut &bytes[..]), Err(error));
        let mut input = &bytes[..];
        assert_eq!(decoder.decode(&mut input), Err(error));
        assert_eq!(input.len(), 24, "no input is taken after an error");
        assert_eq!(decoder.error(), Some(error));
        let mut decoder = Decoder::replies().with_limit(11);
        assert!(decoder.decode(&mut &bytes[..]).is_ok());
    }

    #[test]
    fn replies_of_another_version_are_refused_by_default() {
        let bytes = *b"HTTP/1.1 400 Bad Request";
        let version = Version(i32::from_be_bytes(*b"HTTP"));
        assert_eq!(
            Decoder::replies().decode(&mut &bytes[..]),
            Err(DecodeError::UnexpectedVersion { version })
        );
        let odd = Header { version, ..header(3) };
        let mut decoder = Decoder::replies().with_any_version();
        assert_eq!(decoder.decode(&mut &odd.to_bytes()[..]), Ok(Frame::Header(odd)));
    }

    #[test]
    fn replies_of_any_version_have_no_tokens() {
        let head = Header { version: Version::with_tokens(2), ..header(1) };
        let bytes = [&head.to_bytes()[..], b"xtrailing"].concat();
        let mut decoder = Decoder::replies().with_any_version();
        let mut input = &bytes[..];
        assert_eq!(decoder.decode(&mut input), Ok(Frame::Header(head)));
        assert_eq!(decoder.decode(&mut input), Ok(Frame::Payload(b"x")));
        assert_eq!(decoder.decode(&mut input), Ok(Frame::End));
        assert_eq!(input, b"trailing");
        let mut decoder = Decoder::replies().with_any_version().with_limit(0);
        let error = DecodeError::PayloadTooLarge { announced: 1, limit: 0 };
        assert_eq!(decoder.decode(&mut &bytes[..]), Err(error));
    }

    #[test]
    fn tokens_follow_the_payload_of_a_request() {
        let head =
            Header { version: Version::with_tokens(2), payload: 1, ..Header::request(MessageType::READ) };
        let mut bytes = head.to_bytes().to_vec();
        bytes.extend([b'/'; 1]);
        bytes.extend([9; 32]);
        let mut decoder = Decoder::requests();
        let mut input = &bytes[..];
        assert_eq!(decoder.decode(&mut input), Ok(Frame::Header(head)));
        assert_eq!(decoder.decode(&mut input), Ok(Frame::Payload(b"/")));
        let mut part = &input[..20];
        assert_eq!(decoder.decode(&mut part), Ok(Frame::Tokens(&[9; 20])));
        assert_eq!(decoder.decode(&mut part), Ok(Frame::NeedMore(12)));
        input = &input[20..];
        assert_eq!(decoder.decode(&mut input), Ok(Frame::Tokens(&[9; 12])));
        assert_eq!(decoder.decode(&mut input), Ok(Frame::End));
    }

    #[test]
    fn a_request_with_a_negative_payload_is_malformed_even_with_tokens() {
        let head = Header { version: Version::with_tokens(1), payload: -16, ..Header::default() };
        assert_eq!(
            Decoder::requests().decode(&mut &head.to_bytes()[..]),
            Err(DecodeError::NegativePayload { payload: -16 })
        );
    }

    #[test]
    fn a_new_limit_applies_to_the_next_header() {
        let mut decoder = Decoder::replies().with_limit(8);
        assert_eq!((decoder.limit(), decoder.direction()), (8, Direction::Replies));
        assert_eq!(decoder.decode(&mut &header(8).to_bytes()[..]), Ok(Frame::Header(header(8))));
        decoder.set_limit(2);
        assert_eq!(decoder.limit(), 2);
        assert_eq!(decoder.decode(&mut &b"12345678"[..]), Ok(Frame::Payload(b"12345678")));
        assert_eq!(decoder.decode(&mut &b""[..]), Ok(Frame::End));
        let error = DecodeError::PayloadTooLarge { announced: 3, limit: 2 };
        assert_eq!(decoder.decode(&mut &header(3).to_bytes()[..]), Err(error));
        assert_eq!(
            (Decoder::requests().limit(), Decoder::requests().direction()),
            (MAX_BODY_LEN, Direction::Requests)
        );
    }

    #[test]
    fn reset_starts_a_new_stream() {
        let mut decoder = Decoder::replies().with_limit(8);
        assert!(decoder.is_between_frames());
        assert_eq!(decoder.decode(&mut &header(9).to_bytes()[..]).ok(), None);
        assert!(decoder.error().is_some());
        decoder.reset();
        assert_eq!(decoder.error(), None);
        // Also within a frame.
        assert_eq!(decoder.decode(&mut &header(5).to_bytes()[..]), Ok(Frame::Header(header(5))));
        assert!(!decoder.is_between_frames());
        decoder.reset();
        assert!(decoder.is_between_frames());
        assert_eq!(decoder.decode(&mut &header(0).to_bytes()[..]), Ok(Frame::Header(header(0))));
    }
}
