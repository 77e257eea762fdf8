//! The split of the input into pieces never matters, and `NeedMore` is exact.

use std::mem::take;

use owproto_core::codec::{Decoder, Frame};
use owproto_core::wire::{HEADER_LEN, Header, Token};
use owproto_core::{DecodeError, ReplyEvent, ReplyParser, RequestEvent, RequestParser, Storage};
use proptest::prelude::*;

use crate::generate::{cases, cuts, pieces, reply_frame, request_frame, stream};

/// What was decoded, independent of the pieces.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Seen {
    Keepalive,
    Frame(Header, Vec<u8>, Vec<Token>),
    /// An incomplete frame, as the decoder reports it.
    Incomplete(Header, Vec<u8>),
    /// The number of bytes missing at the end of the input.
    Missing(usize),
    Failed(DecodeError),
}

fn replies<S: Storage>(mut parser: ReplyParser<S>, pieces: &[&[u8]]) -> Vec<Seen> {
    let mut seen = Vec::new();
    let mut missing = 0;
    for &piece in pieces {
        let mut input = piece;
        loop {
            match parser.parse(&mut input) {
                Ok(ReplyEvent::NeedMore(n)) => {
                    assert!(input.is_empty() && n > 0);
                    missing = n;
                    break;
                }
                Ok(ReplyEvent::Keepalive) => seen.push(Seen::Keepalive),
                Ok(ReplyEvent::Reply(reply)) => {
                    seen.push(Seen::Frame(reply.header(), reply.payload().to_vec(), Vec::new()));
                }
                Err(error) => {
                    assert_eq!(parser.parse(&mut &[0; 100][..]), Err(error));
                    seen.push(Seen::Failed(error));
                    return seen;
                }
            }
        }
    }
    seen.push(Seen::Missing(missing));
    seen
}

fn requests<S: Storage>(mut parser: RequestParser<S>, pieces: &[&[u8]]) -> Vec<Seen> {
    let mut seen = Vec::new();
    let mut missing = 0;
    for &piece in pieces {
        let mut input = piece;
        loop {
            match parser.parse(&mut input) {
                Ok(RequestEvent::NeedMore(n)) => {
                    assert!(input.is_empty() && n > 0);
                    missing = n;
                    break;
                }
                Ok(RequestEvent::Request(frame)) => {
                    let tokens = frame.tokens.as_slice().to_vec();
                    seen.push(Seen::Frame(frame.header, frame.payload.to_vec(), tokens));
                }
                Err(error) => {
                    assert_eq!(parser.parse(&mut &[0; 100][..]), Err(error));
                    seen.push(Seen::Failed(error));
                    return seen;
                }
            }
        }
    }
    seen.push(Seen::Missing(missing));
    seen
}

fn decoded(mut decoder: Decoder, pieces: &[&[u8]]) -> Vec<Seen> {
    let mut seen = Vec::new();
    let mut open: Option<(Header, Vec<u8>)> = None;
    let mut missing = 0;
    for &piece in pieces {
        let mut input = piece;
        loop {
            match decoder.decode(&mut input) {
                Ok(Frame::NeedMore(n)) => {
                    assert!(input.is_empty() && n > 0);
                    missing = n;
                    break;
                }
                Ok(Frame::Keepalive) => seen.push(Seen::Keepalive),
                Ok(Frame::Header(header)) => assert!(open.replace((header, Vec::new())).is_none()),
                Ok(Frame::Payload(bytes) | Frame::Tokens(bytes)) => {
                    assert!(!bytes.is_empty());
                    open.as_mut().unwrap().1.extend_from_slice(bytes);
                }
                Ok(Frame::End) => {
                    let (header, mut body) = take(&mut open).unwrap();
                    let tokens = body.split_off(header.payload as usize);
                    seen.push(Seen::Frame(header, body, tokens.as_chunks().0.to_vec()));
                }
                Err(error) => {
                    seen.push(Seen::Failed(error));
                    return seen;
                }
            }
        }
    }
    seen.extend(open.map(|(header, body)| Seen::Incomplete(header, body)));
    seen.push(Seen::Missing(missing));
    seen
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn splitting_replies_does_not_change_what_is_parsed(
        bytes in stream(reply_frame().boxed()),
        cuts in cuts(),
        any_version: bool,
    ) {
        let parser = || match any_version {
            true => ReplyParser::new([0xa5; 256]).with_any_version(),
            false => ReplyParser::new([0xa5; 256]),
        };
        let whole = replies(parser(), &[&bytes]);
        prop_assert_eq!(&replies(parser(), &pieces(&bytes, &cuts)), &whole);
        prop_assert_eq!(&replies(parser(), &bytes.chunks(1).collect::<Vec<_>>())[..], {
            // Without any piece, the parser was never called.
            if bytes.is_empty() { &[Seen::Missing(0)] } else { &whole[..] }
        });
        // The error for storage that is too small is at the same position, too.
        let small = |pieces: &[&[u8]]| replies(ReplyParser::new([0xa5; 8]), pieces);
        prop_assert_eq!(small(&pieces(&bytes, &cuts)), small(&[&bytes]));
        let limited = |pieces: &[&[u8]]| replies(ReplyParser::new([0xa5; 256]).with_limit(8), pieces);
        prop_assert_eq!(limited(&pieces(&bytes, &cuts)), limited(&[&bytes]));
    }

    #[test]
    fn splitting_requests_does_not_change_what_is_parsed(
        bytes in stream(request_frame().boxed()),
        cuts in cuts(),
    ) {
        for storage in [1024, 60, 8, 0] {
            let parse = |pieces: &[&[u8]]| {
                let mut memory = vec![0xa5; storage];
                requests(RequestParser::new(&mut memory[..]), pieces)
            };
            prop_assert_eq!(parse(&pieces(&bytes, &cuts)), parse(&[&bytes]));
        }
    }

    #[test]
    fn splitting_bytes_does_not_change_what_is_decoded(
        bytes in stream(prop_oneof![reply_frame(), request_frame()].boxed()),
        cuts in cuts(),
    ) {
        for decoder in [Decoder::replies(), Decoder::requests(), Decoder::replies().with_any_version().with_limit(9)] {
            let whole = decoded(decoder.clone(), &[&bytes]);
            prop_assert_eq!(decoded(decoder, &pieces(&bytes, &cuts)), whole);
        }
    }

    /// The parsers return the frames that the decoder returns.
    #[test]
    fn parsers_and_decoder_agree(
        bytes in stream(reply_frame().boxed()),
        requested in stream(request_frame().boxed()),
        cuts in cuts(),
    ) {
        let whole_frames = |mut seen: Vec<Seen>| {
            seen.retain(|seen| !matches!(seen, Seen::Incomplete(..) | Seen::Missing(_)));
            seen
        };
        let mut memory = vec![0xa5; 65_536];
        let parser = ReplyParser::new(&mut memory[..]);
        prop_assert_eq!(
            whole_frames(replies(parser, &pieces(&bytes, &cuts))),
            whole_frames(decoded(Decoder::replies(), &[&bytes]))
        );
        let mut memory = vec![0xa5; 100_050];
        let parser = RequestParser::new(&mut memory[..]);
        prop_assert_eq!(
            whole_frames(requests(parser, &pieces(&requested, &cuts))),
            whole_frames(decoded(Decoder::requests(), &[&requested]))
        );
    }

    /// One byte less than `NeedMore` completes no part, and exactly that number never enters the next frame.
    #[test]
    fn need_more_is_exact_for_replies(
        bytes in stream(reply_frame().boxed()),
        filler in prop_oneof![Just([0; 256]), any::<u8>().prop_map(|byte| [byte; 256])],
        split: prop::sample::Index,
    ) {
        let mut parser = ReplyParser::new([0xa5; 200]);
        let mut input = &bytes[..split.index(bytes.len() + 1)];
        let missing = loop {
            match parser.parse(&mut input) {
                Ok(ReplyEvent::NeedMore(n)) => break n,
                Ok(_) => {}
                Err(_) => return Ok(()),
            }
        };
        prop_assert!((1..=200).contains(&missing));
        if missing > 1 {
            let mut less = parser.clone();
            let mut input = &filler[..missing - 1];
            prop_assert_eq!(less.parse(&mut input), Ok(ReplyEvent::NeedMore(1)));
            prop_assert!(!less.is_between_frames());
        }
        let mut input = &filler[..missing];
        match parser.parse(&mut input) {
            // A header was completed. Its payload is missing entirely.
            Ok(ReplyEvent::NeedMore(n)) => {
                prop_assert!(!parser.is_between_frames());
                let mut body = &[7; 256][..n];
                let Ok(ReplyEvent::Reply(reply)) = parser.parse(&mut body) else {
                    return Err(TestCaseError::fail("the payload did not complete the frame"));
                };
                prop_assert_eq!(reply.payload(), &[7; 256][..n]);
                prop_assert!(body.is_empty());
            }
            Ok(ReplyEvent::Keepalive | ReplyEvent::Reply(_)) => prop_assert!(input.is_empty()),
            Err(_) => return Ok(()),
        }
        prop_assert!(parser.is_between_frames());
        prop_assert_eq!(parser.parse(&mut &b""[..]), Ok(ReplyEvent::NeedMore(HEADER_LEN)));
    }

    #[test]
    fn need_more_is_exact_for_requests(
        bytes in stream(request_frame().boxed()),
        filler: u8,
        split: prop::sample::Index,
    ) {
        let filler = [filler; 256];
        let mut parser = RequestParser::new([0xa5; 200]);
        let mut input = &bytes[..split.index(bytes.len() + 1)];
        let mut missing = loop {
            match parser.parse(&mut input) {
                Ok(RequestEvent::NeedMore(n)) => break n,
                Ok(RequestEvent::Request(_)) => {}
                Err(_) => return Ok(()),
            }
        };
        // Header, payload and tokens: at most three parts to the end of the frame.
        for _ in 0..3 {
            prop_assert!((1..=200).contains(&missing));
            if missing > 1 {
                let mut less = parser.clone();
                prop_assert_eq!(less.parse(&mut &filler[..missing - 1]), Ok(RequestEvent::NeedMore(1)));
            }
            let mut input = &filler[..missing];
            match parser.parse(&mut input) {
                Ok(RequestEvent::NeedMore(n)) => missing = n,
                Ok(RequestEvent::Request(_)) => {
                    prop_assert!(input.is_empty() && parser.is_between_frames());
                    return Ok(());
                }
                Err(_) => return Ok(()),
            }
            prop_assert!(!parser.is_between_frames());
        }
        prop_assert!(false, "a frame of more than three parts");
    }
}
