//! The captured exchanges in the core: bytes decoded to fields, fields encoded to bytes, and whole conversations.
//!
//! The vectors that a test leaves out are in lists here, by name and with the reason. A test checks that no list has a vector
//! too few or too many.

mod connection;
mod decode;
mod encode;

use owproto_core::wire::{Flags, Header, Version};
use owproto_tests::vectors::{self, Reply, Request, Vector};

/// Exchanges whose request is shorter than a header.
const WITHOUT_HEADER: [&str; 2] = ["first_request_never_sent", "half_header"];

/// Requests that a server must refuse at their header, and what is wrong with each.
const REFUSED_AT_HEADER: [(&str, Refusal); 9] = [
    ("payload_minus_1", Refusal::Negative),
    ("payload_minus_100", Refusal::Negative),
    ("all_ff", Refusal::Negative),
    // owserver answers this one by mistake: a payload of −16 and one token are 0 bytes together (owfs: `from_client.c`).
    ("null_path_read", Refusal::Negative),
    ("payload_huge", Refusal::TooLarge(i32::MAX as u32)),
    ("payload_limit_plus_1", Refusal::TooLarge(100_051)),
    // The version "GET " has the bit for a server message.
    ("http_request", Refusal::TooLarge(0x2f20_4854 + 0x5420 * 16)),
    ("version_minus_1", Refusal::TooLarge(29 + 65_535 * 16)),
    ("tokens_over_limit", Refusal::TooLarge(29 + 6252 * 16)),
];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Refusal {
    /// The payload word is negative.
    Negative,
    /// It announces this number of bytes, more than owserver accepts.
    TooLarge(u32),
}

fn refusal(vector: &Vector) -> Option<Refusal> {
    REFUSED_AT_HEADER.iter().find(|(name, _)| *name == vector.name).map(|&(_, refusal)| refusal)
}

/// The vectors whose requests are whole, valid frames.
fn with_whole_requests() -> impl Iterator<Item = &'static Vector> {
    vectors::all()
        .iter()
        .filter(|vector| !WITHOUT_HEADER.contains(&&*vector.name) && refusal(vector).is_none())
}

/// The header that the recorder decoded.
fn reply_header(reply: &Reply) -> Header {
    Header {
        version: Version(reply.version),
        payload: reply.payload,
        code: reply.ret,
        flags: Flags(reply.flags),
        size: reply.size,
        offset: reply.offset,
    }
}

/// The header that the recorder decoded.
fn request_header(request: &Request) -> Header {
    Header {
        version: Version(request.version),
        payload: request.payload,
        code: request.message_type,
        flags: Flags(request.flags),
        size: request.size,
        offset: request.offset,
    }
}

#[test]
fn the_lists_have_no_vector_too_few_or_too_many() {
    for name in WITHOUT_HEADER {
        let vector = vectors::named(name);
        assert!(vector.requests.is_empty() && vector.request.len() < 24 && vector.replies.is_empty());
    }
    for (name, _) in REFUSED_AT_HEADER {
        let vector = vectors::named(name);
        assert_eq!(vector.requests.len(), 1);
        assert_eq!(vector.replies.is_empty(), name != "null_path_read", "{name}");
    }
    let whole = with_whole_requests().count();
    assert_eq!(whole + WITHOUT_HEADER.len() + REFUSED_AT_HEADER.len(), vectors::COUNT);
    assert_eq!(with_whole_requests().map(|vector| vector.requests.len()).sum::<usize>(), 463);
}
