//! Requests survive encoding and parsing.

use owproto_core::message::{MAX_BODY_LEN, MAX_PATH_LEN};
use owproto_core::wire::{Flags, HEADER_LEN, MessageType, Tokens, Version};
use owproto_core::{Request, RequestError, RequestEvent, RequestParser};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::generate::{cases, cuts, pieces, request_frame, stream, word};

/// Any byte but NUL.
fn path() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![3 => vec(1..=255_u8, 0..40), 1 => vec(1..=255_u8, MAX_PATH_LEN - 2..MAX_PATH_LEN + 1)]
}

fn tokens() -> impl Strategy<Value = Vec<[u8; 16]>> {
    prop_oneof![2 => Just(Vec::new()), 1 => vec(any::<[u8; 16]>(), 1..5)]
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn requests_survive_encoding_and_parsing(
        which in 1..=10,
        path in path(),
        data in vec(any::<u8>(), 0..200),
        size in 1..=MAX_BODY_LEN as u32,
        offset in 0..=i32::MAX as u32,
        flags: u32,
        tokens in tokens(),
        cuts in cuts(),
    ) {
        let message_type = MessageType(which);
        let built = match message_type {
            MessageType::NOP => Request::nop(),
            MessageType::READ => Request::read(&path).unwrap().with_size(size).unwrap(),
            MessageType::WRITE => Request::write(&path, &data).unwrap(),
            MessageType::DIR => Request::dir(&path).unwrap(),
            MessageType::PRESENCE => Request::presence(&path).unwrap(),
            MessageType::DIRALL => Request::dirall(&path).unwrap(),
            MessageType::GET => Request::get(&path).unwrap().with_size(size).unwrap(),
            MessageType::DIRALLSLASH => Request::dirallslash(&path).unwrap(),
            MessageType::GETSLASH => Request::getslash(&path).unwrap().with_size(size).unwrap(),
            _ => Request::raw(message_type, &path).unwrap(),
        };
        let request = built
            .with_flags(Flags(flags))
            .with_offset(offset)
            .unwrap()
            .with_tokens(Tokens::new(&tokens).unwrap())
            .unwrap();

        let mut buffer = vec![0xa5; request.encoded_len()];
        let bytes = request.encode(&mut buffer).unwrap();
        prop_assert_eq!(request.parts(&mut [0xa5; HEADER_LEN]).concat(), bytes);

        let mut parser = RequestParser::new([0xa5; MAX_PATH_LEN + 500]);
        let mut seen = 0;
        for piece in pieces(bytes, &cuts) {
            let mut input = piece;
            while let RequestEvent::Request(frame) = parser.parse(&mut input).unwrap() {
                seen += 1;
                prop_assert_eq!(frame.message_type(), message_type);
                prop_assert_eq!(frame.header.flags, Flags(flags));
                prop_assert_eq!(frame.header.offset, offset as i32);
                prop_assert_eq!(frame.tokens.as_slice(), &tokens[..]);
                let is_write = message_type == MessageType::WRITE;
                prop_assert_eq!(frame.data(), Some(if is_write { &data[..] } else { b"" }));
                let has_path = message_type != MessageType::NOP;
                prop_assert_eq!(frame.path(), Some(if has_path { &path[..] } else { b"" }));
                let expected_size = match message_type {
                    MessageType::READ | MessageType::GET | MessageType::GETSLASH => size,
                    MessageType::WRITE => data.len() as u32,
                    _ => 0,
                };
                prop_assert_eq!(frame.header.size, expected_size as i32);
                // Forwarding keeps all bytes.
                let forwarded = frame.to_request().unwrap();
                prop_assert_eq!(forwarded.header(), request.header());
                prop_assert_eq!(forwarded.parts(&mut [0xa5; HEADER_LEN]).concat(), bytes);
            }
        }
        prop_assert_eq!(seen, 1);
    }

    #[test]
    fn raw_requests_keep_unusual_words(
        which: i32,
        version in word(),
        size: i32,
        offset: i32,
        payload in vec(any::<u8>(), 0..50),
        tokens in tokens(),
    ) {
        let request = Request::raw(MessageType(which), &payload)
            .unwrap()
            .with_raw_size(size)
            .with_raw_offset(offset)
            .with_raw_version(Version(version))
            .with_tokens(Tokens::new(&tokens).unwrap())
            .unwrap();
        let header = request.header();
        prop_assert_eq!((header.code, header.size, header.offset), (which, size, offset));
        prop_assert_eq!(header.payload, payload.len() as i32);
        let outside_of_tokens = header.version.0 & !0x0001_ffff;
        prop_assert_eq!(outside_of_tokens, version & !0x0001_ffff);
        if tokens.is_empty() {
            prop_assert_eq!(header.version, Version(version));
        } else {
            prop_assert_eq!(usize::from(header.version.token_count()), tokens.len());
        }
    }

    #[test]
    fn forwarding_a_parsed_request_keeps_its_bytes(bytes in stream(request_frame().boxed())) {
        let mut parser = RequestParser::new([0xa5; 1024]);
        let mut input = &bytes[..];
        loop {
            let before = input;
            let Ok(RequestEvent::Request(frame)) = parser.parse(&mut input) else { break };
            let taken = &before[..before.len() - input.len()];
            prop_assert_eq!(frame.to_request().unwrap().parts(&mut [0; HEADER_LEN]).concat(), taken);
        }
    }

    #[test]
    fn paths_with_a_nul_are_refused(mut path in path(), at: prop::sample::Index) {
        let at = at.index(path.len() + 1);
        path.insert(at, 0);
        if path.len() <= MAX_PATH_LEN {
            prop_assert_eq!(Request::read(&path), Err(RequestError::PathContainsNul { at }));
            prop_assert_eq!(Request::write(&path, "x"), Err(RequestError::PathContainsNul { at }));
        } else {
            prop_assert_eq!(Request::dir(&path), Err(RequestError::PathTooLong { len: path.len() }));
        }
    }
}
