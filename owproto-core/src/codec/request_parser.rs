use super::{DecodeError, Direction, FrameParser, Parsed, Shape};
use crate::bytes::until_nul;
use crate::message::{MAX_BODY_LEN, Request, RequestError};
use crate::storage::Storage;
use crate::wire::{Header, MessageType, Tokens, Version, word};

/// A request as it came: a header, and bytes of which nothing was checked but their number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RequestFrame<'a> {
    /// The header.
    pub header: Header,
    /// The payload: a path, and for a WRITE the data behind it.
    pub payload: &'a [u8],
    /// The antiloop tokens.
    pub tokens: Tokens<'a>,
}

impl<'a> RequestFrame<'a> {
    pub(crate) fn new(header: Header, body: &'a [u8]) -> Self {
        let payload_len = header.payload_len().unwrap_or_default();
        let (payload, tokens) = body.split_at_checked(payload_len).unwrap_or((body, &[]));
        Self { header, payload, tokens: Tokens::from_bytes(tokens) }
    }

    /// Whether payload or tokens are missing, because whoever received it had no room for them
    /// ([`server::Connection`](crate::server::Connection)). Only the header says something then.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        Some(self.payload.len()) != self.header.payload_len()
            || self.tokens.count() != self.header.version.token_count()
    }

    /// What it asks for.
    #[must_use]
    pub const fn message_type(&self) -> MessageType {
        self.header.message_type()
    }

    /// The path: everything before the first NUL of the payload, or of its path part in a WRITE (owfs:
    /// `from_client.c`). `None` where [`data`](Self::data) is.
    #[must_use]
    pub fn path(&self) -> Option<&'a [u8]> {
        Some(until_nul(self.split()?.0))
    }

    /// The data of a WRITE: the last `size` bytes of the payload. Empty for all other types.
    ///
    /// `None` for a WRITE whose size is negative or leaves no byte for the path, which is malformed: the server
    /// closes the connection without a reply. (owserver 3.2p4 does so for a size that is too large, and crashes on a
    /// negative one.)
    #[must_use]
    pub fn data(&self) -> Option<&'a [u8]> {
        Some(self.split()?.1)
    }

    fn split(&self) -> Option<(&'a [u8], &'a [u8])> {
        if self.message_type() != MessageType::WRITE || self.payload.is_empty() {
            return Some((self.payload, &[]));
        }
        let path_len = self.payload.len().checked_sub(word::to_len(self.header.size)?)?;
        if path_len == 0 { None } else { self.payload.split_at_checked(path_len) }
    }

    /// The same request, to be sent on: all words, bits and bytes as they came.
    ///
    /// # Errors
    /// [`RequestError::BodyTooLarge`] if it was taken with a limit above [`MAX_BODY_LEN`].
    pub fn to_request(&self) -> Result<Request<'a>, RequestError> {
        Request::raw(self.message_type(), self.payload)?
            .with_raw_version(self.header.version)
            .with_flags(self.header.flags)
            .with_raw_size(self.header.size)
            .with_raw_offset(self.header.offset)
            .with_tokens(self.tokens)
    }

    /// The version word.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.header.version
    }
}

/// What a [`RequestParser`] found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RequestEvent<'a> {
    /// The input is used up. This many more bytes complete the current part; reading at most that many never enters
    /// the next frame.
    NeedMore(usize),
    /// A request.
    Request(RequestFrame<'a>),
}

/// Takes bytes from a client and gives its requests.
///
/// The storage keeps payload and tokens of a request that came in pieces.
///
/// ```
/// use owproto_core::{Request, RequestEvent, RequestParser};
///
/// let mut buffer = [0; 64];
/// let bytes = Request::read("/28.000028D70100/temperature")?.encode(&mut buffer)?;
/// let mut parser = RequestParser::new([0; 128]);
/// let RequestEvent::Request(request) = parser.parse(&mut &bytes[..])? else { panic!() };
/// assert_eq!(request.path(), Some(&b"/28.000028D70100/temperature"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct RequestParser<S> {
    frames: FrameParser<S>,
}

impl<S: Storage> RequestParser<S> {
    /// A parser that keeps bodies in `storage`, with the limit of owserver,
    /// [`MAX_BODY_LEN`].
    pub const fn new(storage: S) -> Self {
        Self { frames: FrameParser::new(MAX_BODY_LEN, storage) }
    }

    /// With another limit for payload and tokens together, in bytes.
    #[must_use]
    pub fn with_limit(mut self, limit: usize) -> Self {
        self.frames.set_limit(limit);
        self
    }

    /// Takes the next event from the front of `input` and moves `input` behind it.
    ///
    /// Call it until it says [`RequestEvent::NeedMore`]; then all of `input` is used up.
    ///
    /// # Errors
    /// [`DecodeError`]; from then on always the same one.
    #[inline]
    pub fn parse<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Result<RequestEvent<'a>, DecodeError> {
        Ok(match self.frames.parse(input, Direction::Requests, Shape::Whole)? {
            Parsed::NeedMore(n) => RequestEvent::NeedMore(n),
            // Requests have neither: a keepalive would be an error.
            Parsed::Keepalive | Parsed::Entries(_) => RequestEvent::NeedMore(crate::wire::HEADER_LEN),
            Parsed::Frame(head, body) => RequestEvent::Request(RequestFrame::new(head.header(), body)),
        })
    }

    /// Whether nothing of the next frame was seen yet: here a client may close without cutting a request.
    #[must_use]
    pub const fn is_between_frames(&self) -> bool {
        self.frames.is_between_frames()
    }

    /// Gives the storage back.
    pub fn into_storage(self) -> S {
        self.frames.into_storage()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(size: i32, payload: &[u8]) -> RequestFrame<'_> {
        let header = Header { size, ..Header::request(MessageType::WRITE) };
        RequestFrame { header, payload, tokens: Tokens::NONE }
    }

    #[test]
    fn writes_are_split_from_the_end() {
        let frame = write(3, b"/p\0abc");
        assert_eq!((frame.path(), frame.data()), (Some(&b"/p"[..]), Some(&b"abc"[..])));
        let frame = write(2, b"/p\0abc");
        assert_eq!((frame.path(), frame.data()), (Some(&b"/p"[..]), Some(&b"bc"[..])));
        let frame = write(3, b"/pabc");
        assert_eq!((frame.path(), frame.data()), (Some(&b"/p"[..]), Some(&b"abc"[..])));
    }

    #[test]
    fn writes_without_room_for_a_path_are_malformed() {
        for size in [6, 7, i32::MAX, -1, -30000, i32::MIN] {
            assert_eq!(write(size, b"/p\0abc").path(), None, "size {size}");
            assert_eq!(write(size, b"/p\0abc").data(), None, "size {size}");
        }
    }

    #[test]
    fn it_says_whether_it_stands_between_two_frames() {
        let mut buffer = [0; 64];
        let bytes = crate::Request::read("/a").unwrap().encode(&mut buffer).unwrap();
        let mut parser = RequestParser::new([0; 64]);
        assert!(parser.is_between_frames());
        assert!(matches!(parser.parse(&mut &bytes[..1]), Ok(RequestEvent::NeedMore(_))));
        assert!(!parser.is_between_frames());
        assert!(matches!(parser.parse(&mut &bytes[1..]), Ok(RequestEvent::Request(_))));
        assert!(parser.is_between_frames());
    }
}
