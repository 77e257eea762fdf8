//! How bytes are cut never matters, and `NeedMore` is true.

use std::mem::take;

use owproto_core::codec::{Decoder, Frame};
use owproto_core::wire::{HEADER_LEN, Header, Token};
use owproto_core::{DecodeError, ReplyEvent, ReplyParser, RequestEvent, RequestParser, Storage};
use proptest::prelude::*;

use crate::generate::{cases, cuts, pieces, reply_frame, request_frame, stream};

/// What came, without how it was cut.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Seen {
    Keepalive,
    Frame(Header, Vec<u8>, Vec<Token>),
    /// A frame of which the end has not come, as the bare decoder tells it.
    Begun(Header, Vec<u8>),
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

fn bare(mut decoder: Decoder, pieces: &[&[u8]]) -> Vec<Seen> {
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
    seen.extend(open.map(|(header, body)| Seen::Begun(header, body)));
    seen.push(Seen::Missing(missing));
    seen
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn replies_do_not_depend_on_how_they_are_cut(
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
            // No pieces, nothing known to be missing.
            if bytes.is_empty() { &[Seen::Missing(0)] } else { &whole[..] }
        });
        // Too little storage is found out at the same place, too.
        let small = |pieces: &[&[u8]]| replies(ReplyParser::new([0xa5; 8]), pieces);
        prop_assert_eq!(small(&pieces(&bytes, &cuts)), small(&[&bytes]));
        let limited = |pieces: &[&[u8]]| replies(ReplyParser::new([0xa5; 256]).with_limit(8), pieces);
        prop_assert_eq!(limited(&pieces(&bytes, &cuts)), limited(&[&bytes]));
    }

    #[test]
    fn requests_do_not_depend_on_how_they_are_cut(
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
    fn the_bare_decoder_does_not_depend_on_how_bytes_are_cut(
        bytes in stream(prop_oneof![reply_frame(), request_frame()].boxed()),
        cuts in cuts(),
    ) {
        for decoder in [Decoder::replies(), Decoder::requests(), Decoder::replies().with_any_version().with_limit(9)] {
            let whole = bare(decoder.clone(), &[&bytes]);
            prop_assert_eq!(bare(decoder, &pieces(&bytes, &cuts)), whole);
        }
    }

    /// The parsers and the decoder under them see the same frames.
    #[test]
    fn parsers_give_what_the_decoder_gives(
        bytes in stream(reply_frame().boxed()),
        asked in stream(request_frame().boxed()),
        cuts in cuts(),
    ) {
        let whole_frames = |mut seen: Vec<Seen>| {
            seen.retain(|seen| !matches!(seen, Seen::Begun(..) | Seen::Missing(_)));
            seen
        };
        let mut memory = vec![0xa5; 65_536];
        let parser = ReplyParser::new(&mut memory[..]);
        prop_assert_eq!(
            whole_frames(replies(parser, &pieces(&bytes, &cuts))),
            whole_frames(bare(Decoder::replies(), &[&bytes]))
        );
        let mut memory = vec![0xa5; 100_050];
        let parser = RequestParser::new(&mut memory[..]);
        prop_assert_eq!(
            whole_frames(requests(parser, &pieces(&asked, &cuts))),
            whole_frames(bare(Decoder::requests(), &[&asked]))
        );
    }

    /// One byte less than asked for completes nothing; as many as asked for never enter the next frame.
    #[test]
    fn need_more_is_true_of_replies(
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
            // Of a header: its payload comes next, and nothing of it is there.
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
    fn need_more_is_true_of_requests(
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
