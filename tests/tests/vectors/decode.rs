//! Bytes decoded to fields, however they are cut.

use owproto_core::codec::{Decoder, Frame};
use owproto_core::wire::{HEADER_LEN, Header, Version};
use owproto_core::{
    DecodeError, ReplyEvent, ReplyParser, RequestEvent, RequestFrame, RequestParser, Storage,
};
use owproto_tests::splits::{for_every_split, for_every_split_with_trailing};
use owproto_tests::vectors::{self, Reply, Request};

use crate::{REFUSED_AT_HEADER, Refusal, WITHOUT_HEADER, reply_header, request_header, with_whole_requests};

/// The largest payload of most exchanges. The few larger ones get arrays of other sizes.
const ORDINARY: usize = 1024;
const LARGEST_REPLY: usize = 32_704;
const LARGEST_REQUEST: usize = 100_050;

#[test]
fn every_reply_decodes_to_its_fields() {
    let (mut frames, mut keepalives) = (0, 0);
    for vector in vectors::all() {
        let replies = &vector.replies;
        frames += replies.len();
        keepalives += replies.iter().filter(|reply| reply.is_keepalive()).count();
        let largest = largest(replies);
        let mut exact = vec![0xa5; largest];
        let mut vec = Vec::new();
        let mut check = |pieces: &[&[u8]], trailing: usize| {
            let name = &vector.name;
            let ends = part_ends(replies.iter().map(|reply| (reply.payload_bytes.len(), 0)));
            check_replies(&mut ReplyParser::new(&mut exact[..]), replies, &ends, pieces, trailing, name);
            let mut parser = ReplyParser::new(std::mem::take(&mut vec));
            check_replies(&mut parser, replies, &ends, pieces, trailing, name);
            vec = parser.into_storage();
            if largest <= ORDINARY {
                let mut parser = ReplyParser::new([0xa5; ORDINARY]);
                check_replies(&mut parser, replies, &ends, pieces, trailing, name);
                let mut parser = ReplyParser::new(heapless::Vec::<u8, ORDINARY>::new());
                check_replies(&mut parser, replies, &ends, pieces, trailing, name);
            } else {
                let mut parser = ReplyParser::new([0xa5; LARGEST_REPLY]);
                check_replies(&mut parser, replies, &ends, pieces, trailing, name);
                let mut parser = ReplyParser::new(heapless::Vec::<u8, LARGEST_REPLY>::new());
                check_replies(&mut parser, replies, &ends, pieces, trailing, name);
            }
            check_bare(Decoder::replies(), &reply_frames(replies), &ends, pieces, trailing, name);
        };
        for_every_split(&vector.reply, |pieces| check(pieces, 0));
        for_every_split_with_trailing(&vector.reply, &mut check);
    }
    assert_eq!((frames, keepalives), (657, 19));
}

#[test]
fn every_request_decodes_to_its_fields() {
    let (mut vectors, mut tokens) = (0, 0);
    for vector in with_whole_requests() {
        let requests = &vector.requests;
        vectors += 1;
        tokens += requests.iter().map(|request| request.tokens.len()).sum::<usize>();
        let body = |request: &Request| request.payload_bytes.len() + request.tokens.len() * 16;
        let largest = requests.iter().map(body).max().unwrap();
        let bare_ends = part_ends(requests.iter().map(|r| (r.payload_bytes.len(), r.tokens.len() * 16)));
        let ends = part_ends(requests.iter().map(|request| (body(request), 0)));
        let mut exact = vec![0xa5; largest];
        let mut vec = Vec::new();
        let mut check = |pieces: &[&[u8]], trailing: usize| {
            let name = &vector.name;
            check_requests(&mut RequestParser::new(&mut exact[..]), requests, &ends, pieces, trailing, name);
            let mut parser = RequestParser::new(std::mem::take(&mut vec));
            check_requests(&mut parser, requests, &ends, pieces, trailing, name);
            vec = parser.into_storage();
            if largest <= ORDINARY {
                let mut parser = RequestParser::new([0xa5; ORDINARY]);
                check_requests(&mut parser, requests, &ends, pieces, trailing, name);
                let mut parser = RequestParser::new(heapless::Vec::<u8, ORDINARY>::new());
                check_requests(&mut parser, requests, &ends, pieces, trailing, name);
            } else {
                let mut parser = RequestParser::new([0xa5; LARGEST_REQUEST]);
                check_requests(&mut parser, requests, &ends, pieces, trailing, name);
                let mut parser = RequestParser::new(heapless::Vec::<u8, LARGEST_REQUEST>::new());
                check_requests(&mut parser, requests, &ends, pieces, trailing, name);
            }
            check_bare(Decoder::requests(), &request_frames(requests), &bare_ends, pieces, trailing, name);
        };
        for_every_split(&vector.request, |pieces| check(pieces, 0));
        // A request of 100 KB, repeated byte by byte, would take long and test nothing else.
        if vector.request.len() < 10_000 {
            for_every_split_with_trailing(&vector.request, &mut check);
        }
    }
    assert_eq!((vectors, tokens), (461, 46));
}

#[test]
fn every_forwarded_request_decodes_to_its_fields() {
    let mut passed_on = 0;
    for forwarded in vectors::all().iter().flat_map(|vector| vector.forwarded.iter().flatten()) {
        passed_on += 1;
        let requests = [forwarded.request.clone()];
        let ends = part_ends(requests.iter().map(|r| (r.payload_bytes.len() + r.tokens.len() * 16, 0)));
        for_every_split(&forwarded.bytes, |pieces| {
            let mut parser = RequestParser::new([0xa5; ORDINARY]);
            check_requests(&mut parser, &requests, &ends, pieces, 0, "forwarded");
        });
    }
    assert_eq!(passed_on, 6);
}

#[test]
fn invalid_requests_are_refused_at_their_header_however_they_are_cut() {
    for (name, refusal) in REFUSED_AT_HEADER {
        let vector = vectors::named(name);
        let expected = match refusal {
            Refusal::Negative => DecodeError::NegativePayload { payload: vector.requests[0].payload },
            Refusal::TooLarge(announced) => {
                DecodeError::PayloadTooLarge { announced, limit: LARGEST_REQUEST }
            }
        };
        for_every_split(&vector.request[..HEADER_LEN], |pieces| {
            let mut parser = RequestParser::new(Vec::new());
            let (last, first) = pieces.split_last().unwrap();
            for &piece in first {
                let mut input = piece;
                assert!(matches!(parser.parse(&mut input), Ok(RequestEvent::NeedMore(_))), "{name}");
            }
            let mut input = *last;
            assert_eq!(parser.parse(&mut input), Err(expected), "{name}");
            let mut more = &b"more"[..];
            assert_eq!(parser.parse(&mut more), Err(expected), "{name}");
            assert_eq!(more, b"more");
        });
    }
}

#[test]
fn less_than_a_header_needs_the_rest_of_it() {
    for name in WITHOUT_HEADER {
        let vector = vectors::named(name);
        let mut parser = RequestParser::new([0; 0]);
        let mut input = &vector.request[..];
        let missing = HEADER_LEN - vector.request.len();
        assert_eq!(parser.parse(&mut input), Ok(RequestEvent::NeedMore(missing)));
        assert_eq!(parser.is_between_frames(), vector.request.is_empty());
    }
}

#[test]
fn storage_a_byte_too_small_is_an_error_at_the_header_however_it_is_cut() {
    let mut with_payload = 0;
    for vector in vectors::all() {
        let largest = largest(&vector.replies);
        if largest == 0 {
            continue;
        }
        with_payload += 1;
        // The frames before the first one that does not fit are decoded.
        let fitting = vector.replies.iter().take_while(|reply| reply.payload_bytes.len() < largest);
        let before: usize = fitting.clone().map(|reply| reply.to_bytes().len()).sum();
        let fitting = fitting.count();
        let announced = u32::try_from(largest).unwrap();
        let capacity = largest - 1;
        let mut short = vec![0xa5; capacity];
        let bytes = &vector.reply[..before + HEADER_LEN];
        for pieces in [vec![bytes], bytes.chunks(1).collect(), bytes.chunks(23).collect()] {
            let error = DecodeError::StorageTooSmall { announced, capacity };
            assert_eq!(until_error(ReplyParser::new(&mut short[..]), &pieces), (fitting, error));
            let parser = ReplyParser::new(Vec::new()).with_limit(capacity);
            let error = DecodeError::PayloadTooLarge { announced, limit: capacity };
            assert_eq!(until_error(parser, &pieces), (fitting, error), "{}", vector.name);
        }
    }
    assert_eq!(with_payload, 267);
}

#[test]
fn a_frame_entirely_in_the_input_is_not_copied() {
    let (mut replies, mut requests) = (0, 0);
    for vector in vectors::all() {
        let mut parser = ReplyParser::new([0xa5; LARGEST_REPLY]);
        let mut input = &vector.reply[..];
        while let ReplyEvent::Reply(_) | ReplyEvent::Keepalive = {
            let event = parser.parse(&mut input).unwrap();
            if let ReplyEvent::Reply(reply) = event
                && !reply.payload().is_empty()
            {
                replies += 1;
                assert!(vector.reply.as_ptr_range().contains(&reply.payload().as_ptr()), "{}", vector.name);
            }
            event
        } {}
    }
    for vector in with_whole_requests() {
        let mut parser = RequestParser::new([0xa5; LARGEST_REQUEST]);
        let mut input = &vector.request[..];
        while let RequestEvent::Request(request) = parser.parse(&mut input).unwrap() {
            if !request.payload.is_empty() {
                requests += 1;
                assert!(vector.request.as_ptr_range().contains(&request.payload.as_ptr()), "{}", vector.name);
            }
        }
    }
    assert_eq!((replies, requests), (428, 435));
}

/// owserver sends version 0 only, other servers could send any. Each exchange is tried with other version words.
#[test]
fn replies_of_another_version_are_errors_unless_allowed() {
    let mut tried = 0;
    for vector in vectors::all().iter().filter(|vector| !vector.replies.is_empty()) {
        for version in [1, 7, -1, 0x0001_0002, i32::from_be_bytes(*b"HTTP")] {
            tried += 1;
            let mut replies = vector.replies.clone();
            let last = replies.last_mut().unwrap();
            last.version = version;
            let bytes: Vec<u8> = replies.iter().flat_map(Reply::to_bytes).collect();
            let largest = largest(&replies);
            let ends = part_ends(replies.iter().map(|reply| (reply.payload_bytes.len(), 0)));
            let mut storage = vec![0xa5; largest];
            for pieces in [vec![&bytes[..]], bytes.chunks(1).collect(), bytes.chunks(25).collect()] {
                let parser = ReplyParser::new(&mut storage[..]);
                let error = DecodeError::UnexpectedVersion { version: Version(version) };
                assert_eq!(until_error(parser, &pieces), (replies.len() - 1, error), "{}", vector.name);
                // A reply has no tokens, even if its version word announces some.
                let mut parser = ReplyParser::new(&mut storage[..]).with_any_version();
                check_replies(&mut parser, &replies, &ends, &pieces, 0, &vector.name);
                let decoder = Decoder::replies().with_any_version();
                check_bare(decoder, &reply_frames(&replies), &ends, &pieces, 0, &vector.name);
            }
        }
    }
    assert_eq!(tried, 455 * 5);
}

fn largest(replies: &[Reply]) -> usize {
    replies.iter().map(|reply| reply.payload_bytes.len()).max().unwrap_or(0)
}

/// Where the parts of frames end in their stream: each header, each payload, all tokens of a frame together. (The parsers
/// read payload and tokens as one part, the body.)
fn part_ends(frames: impl Iterator<Item = (usize, usize)>) -> Vec<usize> {
    let mut at = 0;
    let mut ends = Vec::new();
    for part in frames.flat_map(|(payload, tokens)| [HEADER_LEN, payload, tokens]) {
        if part > 0 {
            at += part;
            ends.push(at);
        }
    }
    ends
}

/// How many bytes are missing from `at` to the end of its part.
fn missing(ends: &[usize], at: usize) -> usize {
    let next = ends.iter().find(|&&end| end > at);
    // The last frame is followed by a header.
    next.map_or_else(|| ends.last().copied().unwrap_or(0) + HEADER_LEN, |&end| end) - at
}

/// Parses `pieces` and checks that the frames are exactly those of `expected`, in order, and that no trailing byte is used.
fn check_replies<S: Storage>(
    parser: &mut ReplyParser<S>,
    expected: &[Reply],
    ends: &[usize],
    pieces: &[&[u8]],
    trailing: usize,
    name: &str,
) {
    let total = pieces.iter().map(|piece| piece.len()).sum::<usize>() - trailing;
    let mut expected = expected.iter();
    let mut at = 0;
    for &piece in pieces {
        let mut input = piece;
        let start = at;
        while trailing == 0 || at < total {
            let event = parser.parse(&mut input).unwrap_or_else(|error| panic!("{name}: {error}"));
            at = start + piece.len() - input.len();
            match event {
                ReplyEvent::NeedMore(n) => {
                    assert!(input.is_empty(), "{name}");
                    assert_eq!(n, missing(ends, at), "{name}: at {at}");
                    break;
                }
                ReplyEvent::Keepalive => assert!(expected.next().unwrap().is_keepalive(), "{name}"),
                ReplyEvent::Reply(reply) => {
                    let wanted = expected.next().unwrap_or_else(|| panic!("{name}: too many"));
                    assert!(!wanted.is_keepalive(), "{name}");
                    assert_eq!(reply.header(), reply_header(wanted), "{name}");
                    assert_eq!(reply.payload(), wanted.payload_bytes, "{name}");
                }
            }
        }
    }
    assert!(expected.next().is_none(), "{name}: a frame is missing");
    assert_eq!(at, total, "{name}");
    assert!(parser.is_between_frames(), "{name}");
}

/// As [`check_replies`], for requests.
fn check_requests<S: Storage>(
    parser: &mut RequestParser<S>,
    expected: &[Request],
    ends: &[usize],
    pieces: &[&[u8]],
    trailing: usize,
    name: &str,
) {
    let total = pieces.iter().map(|piece| piece.len()).sum::<usize>() - trailing;
    let mut expected = expected.iter();
    let mut at = 0;
    for &piece in pieces {
        let mut input = piece;
        let start = at;
        while trailing == 0 || at < total {
            let event = parser.parse(&mut input).unwrap_or_else(|error| panic!("{name}: {error}"));
            at = start + piece.len() - input.len();
            match event {
                RequestEvent::NeedMore(n) => {
                    assert!(input.is_empty(), "{name}");
                    assert_eq!(n, missing(ends, at), "{name}: at {at}");
                    break;
                }
                RequestEvent::Request(request) => {
                    let wanted = expected.next().unwrap_or_else(|| panic!("{name}: too many"));
                    check_request(&request, wanted, name);
                }
            }
        }
    }
    assert!(expected.next().is_none(), "{name}: a request is missing");
    assert_eq!(at, total, "{name}");
    assert!(parser.is_between_frames(), "{name}");
}

fn check_request(request: &RequestFrame<'_>, wanted: &Request, name: &str) {
    assert_eq!(request.header, request_header(wanted), "{name}");
    assert_eq!(request.payload, wanted.payload_bytes, "{name}");
    assert_eq!(request.tokens.as_slice(), wanted.tokens, "{name}");
    assert_eq!(request.message_type().name(), wanted.type_name.as_deref(), "{name}");
    assert_eq!(request.version().token_count() as usize, wanted.tokens.len(), "{name}");
    match (request.path(), request.data()) {
        (Some(path), Some(data)) => {
            if let Some(text) = &wanted.path {
                assert_eq!(path, text.as_bytes(), "{name}");
            }
            assert_eq!(data, wanted.data, "{name}");
        }
        // The data leaves no byte for a path. owserver does not answer this either.
        (None, None) => assert!(
            ["write_size_eq_payload", "write_size_gt_payload", "crash_write_size_minus_1"].contains(&name),
            "{name}"
        ),
        other => panic!("{name}: {other:?}"),
    }
}

/// A frame as the decoder without storage gives it. `None` is a keepalive.
type BareFrame = Option<(Header, Vec<u8>, Vec<u8>)>;

fn reply_frames(replies: &[Reply]) -> Vec<BareFrame> {
    let frame = |reply: &Reply| {
        (!reply.is_keepalive()).then(|| (reply_header(reply), reply.payload_bytes.clone(), Vec::new()))
    };
    replies.iter().map(frame).collect()
}

fn request_frames(requests: &[Request]) -> Vec<BareFrame> {
    let frame = |request: &Request| {
        Some((request_header(request), request.payload_bytes.clone(), request.tokens.concat()))
    };
    requests.iter().map(frame).collect()
}

fn check_bare(
    mut decoder: Decoder,
    expected: &[BareFrame],
    ends: &[usize],
    pieces: &[&[u8]],
    trailing: usize,
    name: &str,
) {
    decoder.set_limit(usize::MAX);
    let total = pieces.iter().map(|piece| piece.len()).sum::<usize>() - trailing;
    let mut seen: Vec<BareFrame> = Vec::new();
    let mut open: Option<(Header, Vec<u8>, Vec<u8>)> = None;
    let mut at = 0;
    for &piece in pieces {
        let mut input = piece;
        let start = at;
        while trailing == 0 || at < total || open.is_some() {
            let frame = decoder.decode(&mut input).unwrap_or_else(|error| panic!("{name}: {error}"));
            at = start + piece.len() - input.len();
            match frame {
                Frame::NeedMore(n) => {
                    assert!(input.is_empty(), "{name}");
                    assert_eq!(n, missing(ends, at), "{name}: at {at}");
                    break;
                }
                Frame::Keepalive => seen.push(None),
                Frame::Header(header) => {
                    assert!(open.replace((header, Vec::new(), Vec::new())).is_none(), "{name}");
                }
                Frame::Payload(bytes) => {
                    assert!(!bytes.is_empty(), "{name}");
                    open.as_mut().unwrap().1.extend_from_slice(bytes);
                }
                Frame::Tokens(bytes) => {
                    assert!(!bytes.is_empty(), "{name}");
                    open.as_mut().unwrap().2.extend_from_slice(bytes);
                }
                Frame::End => seen.push(Some(open.take().unwrap())),
            }
        }
    }
    assert!(open.is_none(), "{name}");
    assert!(seen == expected, "{name}: the frames differ");
    assert_eq!(at, total, "{name}");
    assert!(decoder.is_between_frames(), "{name}");
}

/// How many frames come before the error, and the error, which each later call must return again.
fn until_error<S: Storage>(mut parser: ReplyParser<S>, pieces: &[&[u8]]) -> (usize, DecodeError) {
    let mut frames = 0;
    for &piece in pieces {
        let mut input = piece;
        loop {
            match parser.parse(&mut input) {
                Ok(ReplyEvent::NeedMore(_)) => break,
                Ok(_) => frames += 1,
                Err(error) => {
                    let mut more = &[0; HEADER_LEN][..];
                    assert_eq!(parser.parse(&mut more), Err(error));
                    assert_eq!(more.len(), HEADER_LEN);
                    return (frames, error);
                }
            }
        }
    }
    panic!("there was no error");
}
