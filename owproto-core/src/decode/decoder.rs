use super::{DEFAULT_PAYLOAD_LIMIT, DecodeError};
use crate::request::MAX_BODY_LEN;
use crate::wire::{HEADER_LEN, Header, Tokens, Version, word};

/// Which way the frames go: it decides whether they can be keepalives, and whether tokens follow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Direction {
    /// From a server: keepalives, version 0, no tokens.
    Replies,
    /// From a client: no keepalives, any version, perhaps tokens.
    Requests,
}

/// What a [`Decoder`] found at the front of its input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Frame<'i> {
    /// The input is used up. This many more bytes complete the current part: the header, the payload or the tokens.
    /// Reading at most that many never enters the next frame.
    NeedMore(usize),
    /// A reply without content: the server is still at work.
    Keepalive,
    /// The header of a frame. Payload, tokens and end follow.
    Head(Header),
    /// Bytes of the payload, borrowed from the input. There may be more.
    Payload(&'i [u8]),
    /// Bytes of the tokens, borrowed from the input. There may be more.
    Tokens(&'i [u8]),
    /// The frame is complete.
    End,
}

/// The incremental decoder under everything that reads frames.
///
/// It holds 24 bytes for a header that comes in pieces and a few words of state. Payload is never stored: it comes
/// as slices of the input, in order, as much as there is.
///
/// ```
/// use owproto_core::decode::{Decoder, Frame};
///
/// let bytes = [&[0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0][..], b"ok"].concat();
/// let mut decoder = Decoder::replies();
/// let mut input = &bytes[..25];
/// let Frame::Head(header) = decoder.decode(&mut input)? else { panic!() };
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
    state: State,
    direction: Direction,
    any_version: bool,
    /// `0 <= have < HEADER_LEN`: bytes of an incomplete header; 0 unless the state is `Header`.
    have: u8,
    head: [u8; HEADER_LEN],
    limit: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Header,
    Body(BodyLen),
    Failed(DecodeError),
}

/// How much follows, or still follows, a header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct BodyLen {
    pub(crate) payload: usize,
    pub(crate) tokens: usize,
}

/// Header and body of a frame that lies whole in the input.
pub(crate) type WholeFrame<'i> = (&'i [u8; HEADER_LEN], &'i [u8]);

/// What a checked header begins.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Keepalive,
    Frame(BodyLen),
}

impl Decoder {
    const fn new(direction: Direction, limit: usize) -> Self {
        Self { state: State::Header, direction, any_version: false, have: 0, head: [0; HEADER_LEN], limit }
    }

    /// A decoder for what a server sends; payloads of at most [`DEFAULT_PAYLOAD_LIMIT`] bytes.
    #[must_use]
    pub const fn replies() -> Self {
        Self::new(Direction::Replies, DEFAULT_PAYLOAD_LIMIT)
    }

    /// A decoder for what a client sends; payload and tokens of at most [`MAX_BODY_LEN`] bytes together, as owserver
    /// takes them.
    #[must_use]
    pub const fn requests() -> Self {
        Self::new(Direction::Requests, MAX_BODY_LEN)
    }

    /// With another limit for what a header may announce, in bytes.
    #[must_use]
    pub const fn with_limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// With replies of any version taken, not only of version 0. owserver never sends another one; owlib does not
    /// look, pyownet refuses it.
    #[must_use]
    pub const fn with_any_version(mut self) -> Self {
        self.any_version = true;
        self
    }

    /// Which way its frames go.
    #[must_use]
    pub const fn direction(&self) -> Direction {
        self.direction
    }

    /// The most bytes that a header may announce.
    #[must_use]
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// Changes the limit, from the next header on.
    pub const fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Whether it stands between two frames: nothing of the next one was seen.
    #[must_use]
    #[inline]
    pub const fn is_between_frames(&self) -> bool {
        matches!(self.state, State::Header) && self.have == 0
    }

    /// The error that ended the stream, if one did.
    #[must_use]
    pub const fn error(&self) -> Option<DecodeError> {
        match self.state {
            State::Failed(error) => Some(error),
            _ => None,
        }
    }

    /// Forgets what it has seen, for a new stream.
    pub const fn reset(&mut self) {
        self.state = State::Header;
        self.have = 0;
    }

    /// Ends the stream, for a reason that its user found.
    pub(crate) const fn fail(&mut self, error: DecodeError) -> DecodeError {
        self.state = State::Failed(error);
        error
    }

    /// Takes the next thing from the front of `input` and moves `input` behind it.
    ///
    /// Call it until it says [`Frame::NeedMore`]; then all of `input` is used up.
    ///
    /// # Errors
    /// [`DecodeError`] for a header that cannot be taken; from then on always the same error, and no input is used.
    pub fn decode<'i>(&mut self, input: &mut &'i [u8]) -> Result<Frame<'i>, DecodeError> {
        match self.state {
            State::Failed(error) => Err(error),
            State::Header => match self.take_header(input) {
                Err(missing) => Ok(Frame::NeedMore(missing)),
                Ok(header) => match self.check(header)? {
                    Kind::Keepalive => Ok(Frame::Keepalive),
                    Kind::Frame(body) => {
                        self.state = State::Body(body);
                        Ok(Frame::Head(header))
                    }
                },
            },
            State::Body(BodyLen { payload: 0, tokens: 0 }) => {
                self.state = State::Header;
                Ok(Frame::End)
            }
            State::Body(BodyLen { payload: 0, tokens }) => match take_up_to(input, tokens) {
                [] => Ok(Frame::NeedMore(tokens)),
                taken => {
                    let tokens = tokens.saturating_sub(taken.len());
                    self.state = State::Body(BodyLen { payload: 0, tokens });
                    Ok(Frame::Tokens(taken))
                }
            },
            State::Body(BodyLen { payload, tokens }) => match take_up_to(input, payload) {
                [] => Ok(Frame::NeedMore(payload)),
                taken => {
                    let payload = payload.saturating_sub(taken.len());
                    self.state = State::Body(BodyLen { payload, tokens });
                    Ok(Frame::Payload(taken))
                }
            },
        }
    }

    /// Takes a frame with header and body at once, if it begins here and lies whole in `input`. Otherwise nothing
    /// is used, and [`decode`](Self::decode) goes on.
    #[inline]
    pub(crate) fn decode_whole<'i>(
        &mut self,
        input: &mut &'i [u8],
    ) -> Result<Option<WholeFrame<'i>>, DecodeError> {
        if !self.is_between_frames() {
            return Ok(None);
        }
        let Some((head, rest)) = input.split_first_chunk() else { return Ok(None) };
        let Kind::Frame(body) = self.check(Header::from_bytes(head))? else { return Ok(None) };
        match rest.split_at_checked(body.total()) {
            Some((body, rest)) => {
                *input = rest;
                Ok(Some((head, body)))
            }
            None => Ok(None),
        }
    }

    /// Payload bytes of the current frame that have not come yet; 0 between frames.
    pub(crate) const fn payload_left(&self) -> usize {
        match self.state {
            State::Body(body) => body.payload,
            _ => 0,
        }
    }

    /// A header from the input, whole or put together; or how many bytes it still needs.
    #[inline]
    fn take_header(&mut self, input: &mut &[u8]) -> Result<Header, usize> {
        if self.have == 0
            && let Some((head, rest)) = input.split_first_chunk()
        {
            *input = rest;
            return Ok(Header::from_bytes(head));
        }
        let have = usize::from(self.have);
        let missing = HEADER_LEN.saturating_sub(have);
        let taken = take_up_to(input, missing);
        for (place, byte) in self.head.iter_mut().skip(have).zip(taken) {
            *place = *byte;
        }
        if taken.len() < missing {
            // At most 23, so it fits.
            self.have = self.have.saturating_add(u8::try_from(taken.len()).unwrap_or(u8::MAX));
            return Err(missing.saturating_sub(taken.len()));
        }
        self.have = 0;
        Ok(Header::from_bytes(&self.head))
    }

    /// Applies the rules of the direction and the limit to a header.
    #[inline]
    fn check(&mut self, header: Header) -> Result<Kind, DecodeError> {
        match self.direction {
            Direction::Replies if !self.any_version && header.version != Version::PLAIN => {
                Err(self.fail(DecodeError::UnexpectedVersion { version: header.version }))
            }
            Direction::Replies if header.is_keepalive() => Ok(Kind::Keepalive),
            Direction::Requests if header.payload < 0 => {
                Err(self.fail(DecodeError::NegativePayload { payload: header.payload }))
            }
            direction => {
                // More than can be addressed is more than any limit.
                let payload = header.payload_len().unwrap_or(usize::MAX);
                let tokens = match direction {
                    Direction::Replies => 0,
                    Direction::Requests => Tokens::wire_len(header.version),
                };
                self.check_len(header, BodyLen { payload, tokens })
            }
        }
    }

    #[inline]
    fn check_len(&mut self, header: Header, body: BodyLen) -> Result<Kind, DecodeError> {
        if body.total() > self.limit {
            let announced = announced(self.direction, header);
            return Err(self.fail(DecodeError::PayloadTooLarge { announced, limit: self.limit }));
        }
        Ok(Kind::Frame(body))
    }
}

impl BodyLen {
    #[inline]
    pub(crate) const fn total(self) -> usize {
        self.payload.saturating_add(self.tokens)
    }
}

/// Bytes that a header announces, for error messages: payload, and tokens of a request.
pub(crate) fn announced(direction: Direction, header: Header) -> u32 {
    let tokens = match direction {
        Direction::Replies => 0,
        Direction::Requests => u32::try_from(Tokens::wire_len(header.version)).unwrap_or(u32::MAX),
    };
    word::to_bits(header.payload).saturating_add(tokens)
}

/// Cuts at most `n` bytes off the front of `input`.
#[inline]
fn take_up_to<'i>(input: &mut &'i [u8], n: usize) -> &'i [u8] {
    let (taken, rest) = input.split_at_checked(n).unwrap_or((input, &[]));
    *input = rest;
    taken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Flags, MessageType};

    fn header(payload: i32) -> Header {
        Header { payload, ..Header::default() }
    }

    #[test]
    fn asks_for_exactly_what_is_missing() {
        let bytes = header(5).to_bytes();
        let mut decoder = Decoder::replies();
        for at in 0..HEADER_LEN - 1 {
            let mut input = &bytes[at..=at];
            assert_eq!(decoder.decode(&mut input), Ok(Frame::NeedMore(HEADER_LEN - 1 - at)));
            assert!(input.is_empty());
            assert!(!decoder.is_between_frames());
        }
        assert_eq!(decoder.decode(&mut &bytes[23..]), Ok(Frame::Head(header(5))));
        assert_eq!(decoder.decode(&mut &b""[..]), Ok(Frame::NeedMore(5)));
        assert_eq!(decoder.decode(&mut &b"abc"[..]), Ok(Frame::Payload(b"abc")));
        assert_eq!(decoder.decode(&mut &b""[..]), Ok(Frame::NeedMore(2)));
        let mut input = &b"defg"[..];
        assert_eq!(decoder.decode(&mut input), Ok(Frame::Payload(b"de")));
        assert_eq!(decoder.decode(&mut input), Ok(Frame::End));
        assert_eq!(input, b"fg");
    }

    #[test]
    fn keepalives_are_frames_of_their_own() {
        let mut bytes = Header::KEEPALIVE.to_bytes().to_vec();
        bytes.extend(Header { flags: Flags(4), ..header(-7) }.to_bytes());
        bytes.extend(header(0).to_bytes());
        let mut decoder = Decoder::replies();
        let mut input = &bytes[..];
        assert_eq!(decoder.decode(&mut input), Ok(Frame::Keepalive));
        assert_eq!(decoder.decode(&mut input), Ok(Frame::Keepalive));
        assert_eq!(decoder.decode(&mut input), Ok(Frame::Head(header(0))));
        assert_eq!(decoder.decode(&mut input), Ok(Frame::End));
    }

    #[test]
    fn limits_act_on_the_header_and_errors_stay() {
        let bytes = header(11).to_bytes();
        let mut decoder = Decoder::replies().with_limit(10);
        let error = DecodeError::PayloadTooLarge { announced: 11, limit: 10 };
        assert_eq!(decoder.decode(&mut &bytes[..]), Err(error));
        let mut input = &bytes[..];
        assert_eq!(decoder.decode(&mut input), Err(error));
        assert_eq!(input.len(), 24, "nothing is used after an error");
        assert_eq!(decoder.error(), Some(error));
        let mut decoder = Decoder::replies().with_limit(11);
        assert!(decoder.decode(&mut &bytes[..]).is_ok());
    }

    #[test]
    fn replies_of_another_version_are_refused_unless_asked_for() {
        let bytes = *b"HTTP/1.1 400 Bad Request";
        let version = Version(i32::from_be_bytes(*b"HTTP"));
        assert_eq!(
            Decoder::replies().decode(&mut &bytes[..]),
            Err(DecodeError::UnexpectedVersion { version })
        );
        let odd = Header { version, ..header(3) };
        let mut decoder = Decoder::replies().with_any_version();
        assert_eq!(decoder.decode(&mut &odd.to_bytes()[..]), Ok(Frame::Head(odd)));
    }

    #[test]
    fn replies_have_no_tokens_whatever_their_version() {
        let head = Header { version: Version::with_tokens(2), ..header(1) };
        let bytes = [&head.to_bytes()[..], b"xtrailing"].concat();
        let mut decoder = Decoder::replies().with_any_version();
        let mut input = &bytes[..];
        assert_eq!(decoder.decode(&mut input), Ok(Frame::Head(head)));
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
        assert_eq!(decoder.decode(&mut input), Ok(Frame::Head(head)));
        assert_eq!(decoder.decode(&mut input), Ok(Frame::Payload(b"/")));
        let mut part = &input[..20];
        assert_eq!(decoder.decode(&mut part), Ok(Frame::Tokens(&[9; 20])));
        assert_eq!(decoder.decode(&mut part), Ok(Frame::NeedMore(12)));
        input = &input[20..];
        assert_eq!(decoder.decode(&mut input), Ok(Frame::Tokens(&[9; 12])));
        assert_eq!(decoder.decode(&mut input), Ok(Frame::End));
    }

    #[test]
    fn requests_with_a_negative_payload_are_malformed_whatever_their_tokens() {
        let head = Header { version: Version::with_tokens(1), payload: -16, ..Header::default() };
        assert_eq!(
            Decoder::requests().decode(&mut &head.to_bytes()[..]),
            Err(DecodeError::NegativePayload { payload: -16 })
        );
    }
}
