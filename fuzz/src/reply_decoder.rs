//! Bytes decoded to replies.

use owproto_core::codec::{DEFAULT_PAYLOAD_LIMIT, Decoder, Frame};
use owproto_core::wire::{Header, Version};
use owproto_core::{DecodeError, ReplyEvent, ReplyParser, Storage};

use crate::Input;
use crate::frames::{self, Fixed, Outcome, Taken};

#[derive(Clone, PartialEq, Eq, Debug)]
enum Event {
    Keepalive,
    Reply(Header, Vec<u8>),
}

/// Input: capacity in two bytes (in sixteenths), a byte of switches, the length of a cutting pattern, the pattern, the stream.
pub fn check(data: &[u8]) {
    let mut input = Input(data);
    let capacity = input.word() / 16;
    let switches = input.byte();
    let any_version = switches & 1 != 0;
    let limit = if switches & 2 != 0 { capacity / 2 } else { DEFAULT_PAYLOAD_LIMIT };
    let len = usize::from(input.byte());
    let pattern = input.take(len);
    let stream = input.0;

    let expected = reference(stream, limit, usize::MAX, any_version);
    let new = || parser(Vec::new(), limit, any_version);
    assert_eq!(frames::however_it_is_cut(stream, pattern, || taker(new())), expected);

    let expected = reference(stream, limit, capacity, any_version);
    let new = || parser(Fixed::new(capacity), limit, any_version);
    assert_eq!(frames::however_it_is_cut(stream, pattern, || taker(new())), expected);

    memory_is_bounded(stream, limit, any_version);
    pieces_make_the_payloads(stream, pattern, limit, any_version);
}

fn parser<S: Storage>(storage: S, limit: usize, any_version: bool) -> ReplyParser<S> {
    let parser = ReplyParser::new(storage).with_limit(limit);
    if any_version { parser.with_any_version() } else { parser }
}

fn taker<S: Storage>(mut parser: ReplyParser<S>) -> impl FnMut(&mut &[u8]) -> Taken<Event> {
    move |input| match parser.parse(input) {
        Ok(ReplyEvent::NeedMore(n)) => Taken::NeedMore(n),
        Ok(ReplyEvent::Keepalive) => Taken::Event(Event::Keepalive),
        Ok(ReplyEvent::Reply(reply)) => Taken::Event(Event::Reply(reply.header(), reply.payload().to_vec())),
        Err(error) => Taken::Error(error),
    }
}

/// The same, decoded as simply as possible.
fn reference(mut stream: &[u8], limit: usize, capacity: usize, any_version: bool) -> Outcome<Event> {
    let mut events = Vec::new();
    while let Some((head, rest)) = stream.split_first_chunk() {
        let header = Header::from_bytes(head);
        stream = rest;
        if header.version != Version::PLAIN && !any_version {
            return (events, Some(DecodeError::UnexpectedVersion { version: header.version }));
        }
        let Ok(announced) = u32::try_from(header.payload) else {
            events.push(Event::Keepalive);
            continue;
        };
        let payload = usize::try_from(announced).unwrap();
        if payload > limit.min(capacity) {
            return (events, Some(too_large(announced, limit, capacity)));
        }
        let Some((payload, rest)) = stream.split_at_checked(payload) else { break };
        events.push(Event::Reply(header, payload.to_vec()));
        stream = rest;
    }
    (events, None)
}

fn too_large(announced: u32, limit: usize, capacity: usize) -> DecodeError {
    if usize::try_from(announced).unwrap() > limit {
        DecodeError::PayloadTooLarge { announced, limit }
    } else {
        DecodeError::StorageTooSmall { announced, capacity }
    }
}

/// A vector grows with the bytes that arrive, whatever a header announces.
fn memory_is_bounded(stream: &[u8], limit: usize, any_version: bool) {
    let mut parser = parser(Vec::new(), limit, any_version);
    for byte in stream.chunks(1) {
        let mut piece = byte;
        loop {
            match parser.parse(&mut piece) {
                Ok(ReplyEvent::NeedMore(_)) => break,
                Ok(_) => {}
                Err(_) => return frames::assert_bounded(&parser.into_storage(), stream.len()),
            }
        }
    }
    frames::assert_bounded(&parser.into_storage(), stream.len());
}

/// The decoder without storage gives the same payloads, in pieces.
fn pieces_make_the_payloads(stream: &[u8], pattern: &[u8], limit: usize, any_version: bool) {
    let mut decoder = Decoder::replies().with_limit(limit);
    if any_version {
        decoder = decoder.with_any_version();
    }
    let mut head = Header::default();
    let mut payload = Vec::new();
    let mut lengths = pattern.iter().cycle();
    let found = frames::events(
        stream,
        |_| lengths.next().map_or(3, |&length| usize::from(length)),
        |input| loop {
            match decoder.decode(input) {
                Ok(Frame::NeedMore(n)) => return Taken::NeedMore(n),
                Ok(Frame::Keepalive) => return Taken::Event(Event::Keepalive),
                Ok(Frame::Header(header)) => {
                    head = header;
                    payload.clear();
                }
                Ok(Frame::Payload(piece)) => {
                    assert!(!piece.is_empty());
                    payload.extend_from_slice(piece);
                }
                Ok(Frame::Tokens(_)) => panic!("tokens in a reply"),
                Ok(Frame::End) => return Taken::Event(Event::Reply(head, payload.clone())),
                Err(error) => return Taken::Error(error),
            }
        },
    );
    assert_eq!(found, reference(stream, limit, usize::MAX, any_version));
}
