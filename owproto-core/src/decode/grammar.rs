//! Whole frames as `nom` parsers, for those who write dissectors, sniffers and grammars of their own.
//!
//! They are the [`Decoder`] in another dress: what it takes they take, and where it needs more bytes they say
//! [`nom::Err::Incomplete`] with the number it says. For a connection use [`ReplyParser`](super::ReplyParser) and
//! [`RequestParser`](super::RequestParser), which keep what came.
//!
//! ```
//! use nom::Parser;
//! use nom::sequence::pair;
//! use owproto_core::decode::grammar;
//! use owproto_core::wire::Header;
//! let capture = [Header::KEEPALIVE.to_bytes(), Header::default().to_bytes()].concat();
//! let (rest, frames) = pair(grammar::reply::<()>, grammar::reply).parse(&capture[..]).unwrap();
//! assert!(rest.is_empty() && frames.0.is_none(), "a keepalive first");
//! assert_eq!(frames.1.map(|reply| reply.ret()), Some(0));
//! ```

use nom::error::{ErrorKind, ParseError};
use nom::{IResult, Needed};

use super::{Decoder, Frame, RequestFrame};
use crate::reply::Reply;
use crate::wire::Header;

/// A reply, or `None` for a keepalive. Payloads of any length and replies of any version are taken.
///
/// # Errors
/// [`nom::Err::Incomplete`] where bytes are missing.
pub fn reply<'i, E: ParseError<&'i [u8]>>(input: &'i [u8]) -> IResult<&'i [u8], Option<Reply<'i>>, E> {
    let decoder = Decoder::replies().with_limit(usize::MAX).with_any_version();
    let (rest, frame) = frame(decoder, input)?;
    Ok((rest, frame.map(|(header, payload)| Reply::new(header, payload))))
}

/// A request with its tokens, within the limits of owserver.
///
/// # Errors
/// [`nom::Err::Incomplete`] where bytes are missing; [`nom::Err::Failure`] with [`ErrorKind::Verify`] for a header
/// whose payload is negative or too large.
pub fn request<'i, E: ParseError<&'i [u8]>>(input: &'i [u8]) -> IResult<&'i [u8], RequestFrame<'i>, E> {
    match frame(Decoder::requests(), input)? {
        (rest, Some((header, body))) => Ok((rest, RequestFrame::new(header, body))),
        (_, None) => Err(nom::Err::Failure(E::from_error_kind(input, ErrorKind::Verify))),
    }
}

type HeaderAndBody<'i> = Option<(Header, &'i [u8])>;

fn frame<'i, E: ParseError<&'i [u8]>>(
    mut decoder: Decoder,
    input: &'i [u8],
) -> IResult<&'i [u8], HeaderAndBody<'i>, E> {
    let failure = |_| nom::Err::Failure(E::from_error_kind(input, ErrorKind::Verify));
    let mut rest = input;
    if let Some((head, body)) = decoder.decode_whole(&mut rest).map_err(failure)? {
        return Ok((rest, Some((Header::from_bytes(head), body))));
    }
    loop {
        match decoder.decode(&mut rest).map_err(failure)? {
            Frame::Keepalive => return Ok((rest, None)),
            Frame::NeedMore(n) => return Err(nom::Err::Incomplete(Needed::new(n))),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Request;

    #[test]
    fn frames_are_taken_from_the_front_and_ask_for_what_is_missing() {
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
