use super::decode_error::DecodeError;
use super::direction::Direction;
use super::frame_parser::{FrameParser, Parsed, PayloadMode};
use super::request_frame::RequestFrame;
use crate::message::MAX_BODY_LEN;
use crate::storage::Storage;
use crate::wire::HEADER_LEN;

/// What a [`RequestParser`] found. Exhaustive on purpose: a caller has to handle each of these.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RequestEvent<'a> {
    /// The input is used up. The current part lacks this number of bytes. Reading no more than that never reads into the
    /// next frame.
    NeedMore(usize),
    /// A request.
    Request(RequestFrame<'a>),
}

/// Parses the requests of a client.
///
/// The storage holds payload and tokens of a request that arrives in pieces.
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
    /// A parser that stores payload and tokens in `storage`, with owserver's limit [`MAX_BODY_LEN`].
    pub const fn new(storage: S) -> Self {
        Self { frames: FrameParser::new(MAX_BODY_LEN, storage) }
    }

    /// With another limit for payload and tokens together, in bytes.
    #[must_use]
    pub fn with_limit(mut self, limit: usize) -> Self {
        self.frames.set_limit(limit);
        self
    }

    /// Takes the next event from the front of `input`, and advances `input` past it.
    ///
    /// Call it until it returns [`RequestEvent::NeedMore`]. All of `input` is used up then.
    ///
    /// # Errors
    /// [`DecodeError`]. Every later call returns the same error.
    #[inline]
    pub fn parse<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Result<RequestEvent<'a>, DecodeError> {
        Ok(match self.frames.parse(input, Direction::Requests, PayloadMode::Whole)? {
            Parsed::NeedMore(n) => RequestEvent::NeedMore(n),
            // Requests have neither keepalives, which are errors here, nor entries.
            Parsed::Keepalive | Parsed::Entries(_) => RequestEvent::NeedMore(HEADER_LEN),
            Parsed::Frame(header, body) => RequestEvent::Request(RequestFrame::new(header.header(), body)),
        })
    }

    /// Whether the stream is between two frames. A client that closes here does not cut off a request.
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
    use super::*;

    #[test]
    fn a_parser_is_between_frames_before_and_after_a_request() {
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
