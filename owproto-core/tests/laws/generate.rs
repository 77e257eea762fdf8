//! Generated input.

use owproto_core::wire::{Flags, Header, MessageType, Version};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::Config;

/// This number of cases, unless `PROPTEST_CASES` sets another one. Failures are not stored in a file.
pub(crate) fn cases(cases: u32) -> Config {
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { Config::default().cases } else { cases };
    Config { cases, failure_persistence: None, ..Config::default() }
}

/// Any header. Numbers with a meaning are more frequent.
pub(crate) fn header() -> impl Strategy<Value = Header> {
    (word(), word(), word(), any::<u32>(), word(), word()).prop_map(
        |(version, payload, code, flags, size, offset)| Header {
            version: Version(version),
            payload,
            code,
            flags: Flags(flags),
            size,
            offset,
        },
    )
}

pub(crate) fn word() -> impl Strategy<Value = i32> {
    prop_oneof![
        4 => -3..40_i32,
        2 => any::<i32>(),
        1 => Just(0x0001_0000),
        1 => 0x0001_0000..0x0001_0004_i32,
        1 => prop_oneof![Just(i32::MIN), Just(i32::MAX), Just(65_535), Just(65_536), Just(65_537)],
    ]
}

/// A frame from a server: usually a reply, sometimes a keepalive.
pub(crate) fn reply_frame() -> impl Strategy<Value = Vec<u8>> {
    let reply = (prop_oneof![3 => Just(0), 1 => word()], any::<bool>(), payload()).prop_map(
        |(code, persistent, payload)| {
            let flags = if persistent { Flags::PERSISTENCE } else { Flags::NONE };
            frame(Header { code, flags, size: payload.len() as i32, ..Header::default() }, &payload)
        },
    );
    let keepalive = prop_oneof![Just(-1), Just(-7), Just(i32::MIN)]
        .prop_map(|payload| Header { payload, ..Header::KEEPALIVE }.to_bytes().to_vec());
    prop_oneof![4 => reply, 1 => keepalive]
}

/// Bytes in which separators of lists are frequent.
pub(crate) fn payload() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        6 => prop::sample::select(&b"/abc0.123"[..]),
        2 => Just(b','),
        1 => Just(0),
        1 => any::<u8>(),
    ];
    prop_oneof![2 => vec(byte, 0..40), 1 => Just(Vec::new()), 1 => vec(any::<u8>(), 0..100)]
}

/// A frame from a client, sometimes with tokens.
pub(crate) fn request_frame() -> impl Strategy<Value = Vec<u8>> {
    let tokens = prop_oneof![2 => Just(Vec::new()), 1 => vec(any::<[u8; 16]>(), 0..4)];
    (header(), payload(), tokens).prop_map(|(header, payload, tokens)| {
        let version = match tokens.len() {
            0 => Version(header.version.0 & !0x0001_0000),
            n => Version::with_tokens(n as u16),
        };
        [frame(Header { version, ..header }, &payload), tokens.concat()].concat()
    })
}

/// Any bytes, or these frames, or these frames with a byte changed or missing.
pub(crate) fn stream(frame: impl Strategy<Value = Vec<u8>> + Clone) -> impl Strategy<Value = Vec<u8>> {
    let valid = vec(frame, 0..8).prop_map(|frames| frames.concat());
    let damaged = (valid.clone(), any::<prop::sample::Index>(), any::<u8>(), any::<bool>()).prop_map(
        |(mut bytes, at, byte, remove)| {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                if remove {
                    bytes.remove(at);
                } else {
                    bytes[at] = byte;
                }
            }
            bytes
        },
    );
    let zeros = vec(prop_oneof![3 => Just(0), 1 => any::<u8>()], 0..100);
    prop_oneof![4 => valid, 2 => damaged, 1 => vec(any::<u8>(), 0..100), 1 => zeros]
}

/// Lengths of the pieces in which bytes arrive. The rest is one more piece. Pieces may be empty.
pub(crate) fn cuts() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![
        vec(prop_oneof![4 => 0..4_usize, 2 => 20..28_usize, 1 => 0..200_usize], 0..60),
        vec(Just(1), 700),
    ]
}

pub(crate) fn pieces<'b>(bytes: &'b [u8], cuts: &[usize]) -> Vec<&'b [u8]> {
    let mut rest = bytes;
    let mut pieces: Vec<&[u8]> = Vec::new();
    for &cut in cuts {
        let (piece, after) = rest.split_at(cut.min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

/// The header with the length of the payload, and the payload.
pub(crate) fn frame(header: Header, payload: &[u8]) -> Vec<u8> {
    let header = Header { payload: payload.len() as i32, ..header };
    [&header.to_bytes()[..], payload].concat()
}

/// A message type. Listings are as frequent as all others together.
pub(crate) fn message_type() -> impl Strategy<Value = MessageType> {
    prop_oneof![
        prop::sample::select(&[MessageType::DIR, MessageType::DIRALL, MessageType::DIRALLSLASH][..]),
        prop::sample::select(
            &[MessageType::READ, MessageType::NOP, MessageType::WRITE, MessageType::GET][..]
        ),
    ]
}
