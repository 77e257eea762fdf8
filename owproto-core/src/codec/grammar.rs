//! Frames as [nom](https://docs.rs/nom) parsers, for dissectors, sniffers and larger grammars (feature `nom`).
//!
//! They apply the rules of the [`Decoder`](super::Decoder), and return [`nom::Err::Incomplete`] with the number of missing
//! bytes where it returns [`NeedMore`](super::Frame::NeedMore). For a connection use [`ReplyParser`](super::ReplyParser) and
//! [`RequestParser`](super::RequestParser), which store incomplete frames.
//!
//! ```
//! use nom::Parser;
//! use nom::sequence::pair;
//! use owproto_core::codec::grammar;
//! use owproto_core::wire::Header;
//! let capture = [Header::KEEPALIVE.to_bytes(), Header::default().to_bytes()].concat();
//! let (rest, frames) = pair(grammar::reply::<()>, grammar::reply).parse(&capture[..]).unwrap();
//! assert!(rest.is_empty() && frames.0.is_none(), "a keepalive first");
//! assert_eq!(frames.1.map(|reply| reply.ret()), Some(0));
//! ```

use nom::error::{ErrorKind, ParseError};
use nom::{IResult, Needed};

use super::direction::Direction;
use super::framing::{Framing, HeaderEvent, Rules, Versions};
use super::request_frame::RequestFrame;
use crate::message::{MAX_BODY_LEN, Reply};
use crate::wire::Header;

/// A reply, or `None` for a keepalive. Accepts payloads of any length and replies of any version.
///
/// # Errors
/// [`nom::Err::Incomplete`] if bytes are missing.
pub fn reply<'i, E: ParseError<&'i [u8]>>(input: &'i [u8]) -> IResult<&'i [u8], Option<Reply<'i>>, E> {
    let (rest, frame) = frame(Direction::Replies, usize::MAX, input)?;
    Ok((rest, frame.map(|(header, payload)| Reply::new(header, payload))))
}

/// A request with its tokens, within the limits of owserver.
///
/// # Errors
/// [`nom::Err::Incomplete`] if bytes are missing; [`nom::Err::Failure`] with [`ErrorKind::Verify`] if the payload in the
/// header is negative or too large.
pub fn request<'i, E: ParseError<&'i [u8]>>(input: &'i [u8]) -> IResult<&'i [u8], RequestFrame<'i>, E> {
    match frame(Direction::Requests, MAX_BODY_LEN, input)? {
        (rest, Some((header, body))) => Ok((rest, RequestFrame::new(header, body))),
        (_, None) => Err(nom::Err::Failure(E::from_error_kind(input, ErrorKind::Verify))),
    }
}

type HeaderAndBody<'i> = Option<(Header, &'i [u8])>;

fn frame<'i, E: ParseError<&'i [u8]>>(
    direction: Direction,
    limit: usize,
    input: &'i [u8],
) -> IResult<&'i [u8], HeaderAndBody<'i>, E> {
    let mut framing = Framing::new();
    let mut rest = input;
    let rules = Rules { direction, versions: Versions::Any, limit, capacity: usize::MAX };
    match framing.take_header(&mut rest, rules) {
        Ok(HeaderEvent::NeedMore(n)) => return Err(nom::Err::Incomplete(Needed::new(n))),
        Ok(HeaderEvent::Keepalive) => return Ok((rest, None)),
        Ok(HeaderEvent::Complete | HeaderEvent::InBody) => {}
        Err(_) => return Err(nom::Err::Failure(E::from_error_kind(input, ErrorKind::Verify))),
    }
    let missing = framing.missing();
    match rest.split_at_checked(missing) {
        Some((body, rest)) => Ok((rest, Some((framing.header().header(), body)))),
        None => Err(nom::Err::Incomplete(Needed::new(missing.saturating_sub(rest.len())))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Request;

    #[test]
    fn an_incomplete_frame_returns_the_number_of_missing_bytes() {
        let mut buffer = [0; 64];
        let bytes = Request::write("/p", "data").unwrap().encode(&mut buffer).unwrap();
        let more = [bytes, b"rest"].concat();
        let (rest, frame) = request::<()>(&more).unwrap();
        assert_eq!((rest, frame.path(), frame.data()), (&b"rest"[..], Some(&b"/p"[..]), Some(&b"data"[..])));
        assert_eq!(request::<()>(&bytes[..10]), Err(nom::Err::Incomplete(Needed::new(14))));
        assert_eq!(request::<()>(&bytes[..24]), Err(nom::Err::Incomplete(Needed::new(7))));
        assert_eq!(request::<()>(&Header::KEEPALIVE.to_bytes()), Err(nom::Err::Failure(())));
    }
}
