//! Fields encoded to bytes: the same as the captured ones.

use owproto_core::wire::{Flags, HEADER_LEN, Header, MessageType, Tokens, Version};
use owproto_core::{Request, RequestError, RequestEvent, RequestFrame, RequestParser};
use owproto_tests::vectors::{self, Vector};

use crate::{REFUSED_AT_HEADER, WITHOUT_HEADER, reply_header, request_header, with_whole_requests};

#[test]
fn every_request_encodes_to_its_bytes() {
    let mut made = 0;
    for vector in with_whole_requests() {
        made += each_request(&vector.request, |request, bytes| {
            check_encoded(&request.to_request().unwrap(), bytes, &vector.name);
        });
    }
    assert_eq!(made, 463);
    let forwarded = vectors::all().iter().flat_map(|vector| vector.forwarded.iter().flatten());
    for forwarded in forwarded {
        each_request(&forwarded.bytes, |request, bytes| {
            check_encoded(&request.to_request().unwrap(), bytes, "forwarded");
        });
    }
}

#[test]
fn every_header_encodes_to_its_bytes() {
    let (mut requests, mut replies) = (0, 0);
    for vector in vectors::all() {
        // Refused headers too: a proxy must not change a bit of them.
        let mut at = 0;
        for request in &vector.requests {
            let bytes = &vector.request[at..at + HEADER_LEN];
            assert_eq!(request_header(request).to_bytes(), bytes, "{}", vector.name);
            assert_eq!(Header::from_bytes(bytes.try_into().unwrap()), request_header(request));
            at += request.to_bytes().len();
            requests += 1;
        }
        let mut at = 0;
        for reply in &vector.replies {
            let bytes = &vector.reply[at..at + HEADER_LEN];
            assert_eq!(reply_header(reply).to_bytes(), bytes, "{}", vector.name);
            assert_eq!(Header::from_bytes(bytes.try_into().unwrap()), reply_header(reply));
            at += reply.to_bytes().len();
            replies += 1;
        }
    }
    assert_eq!(requests, vectors::COUNT - WITHOUT_HEADER.len() + 2, "one vector holds three requests");
    assert_eq!(replies, REPLY_FRAMES);
}

/// Frames in all replies.
const REPLY_FRAMES: usize = 657;

#[test]
fn a_request_longer_than_a_server_accepts_is_not_encoded() {
    let vector = vectors::named("tokens_over_limit");
    let mut parser = RequestParser::new(Vec::new()).with_limit(usize::MAX);
    let RequestEvent::Request(frame) = parser.parse(&mut &vector.request[..]).unwrap() else { panic!() };
    let len = vector.request.len() - HEADER_LEN;
    assert_eq!(frame.to_request(), Err(RequestError::BodyTooLarge { len }));
}

#[test]
fn the_builders_make_every_request_of_real_clients() {
    let mut made = 0;
    for vector in vectors::in_file("clients") {
        assert!(check_built(vector), "{} cannot be built", vector.name);
        made += 1;
    }
    assert_eq!(made, 71);
}

#[test]
fn the_builders_make_all_requests_but_those_listed() {
    let mut made = 0;
    for vector in vectors::all() {
        let listed = NOT_BUILDABLE.iter().any(|(name, _)| *name == vector.name);
        let built = !vector.requests.is_empty() && check_built(vector);
        assert_eq!(built, !listed && !vector.requests.is_empty(), "{}", vector.name);
        made += usize::from(built);
    }
    assert_eq!(made + NOT_BUILDABLE.len() + WITHOUT_HEADER.len(), vectors::COUNT);
    for (name, _) in REFUSED_AT_HEADER {
        assert!(NOT_BUILDABLE.iter().any(|(listed, _)| *listed == name), "{name}");
    }
}

/// Requests that the builders refuse to make, or have no method for, and why. `Request::raw` makes them: see
/// [`every_request_encodes_to_its_bytes`].
#[rustfmt::skip]
const NOT_BUILDABLE: [(&str, &str); 48] = [
    ("nop_size_offset", "a NOP with a size"),
    ("size_root", "SIZE is obsolete"),
    ("get_root", "size 0"),
    ("getslash_root", "size 0"),
    ("type_error_0", "the message type ERROR"),
    ("type_11", "an unknown message type"),
    ("type_minus_1", "an unknown message type"),
    ("no_payload_read", "no path"),
    ("no_payload_write", "no path"),
    ("no_payload_dir", "no path"),
    ("no_payload_dirall", "no path"),
    ("no_payload_get", "no path"),
    ("no_payload_dirallslash", "no path"),
    ("get_device_size0", "size 0"),
    ("dirall_nul_missing", "no NUL after the path"),
    ("read_offset_negative", "a negative offset"),
    ("read_size_zero", "size 0"),
    ("read_size_negative", "a negative size"),
    ("read_size_max_plus_1", "a size above the limit"),
    ("read_size_int_max", "a size above the limit"),
    ("read_path_without_nul", "no NUL after the path"),
    ("read_path_junk_after_nul", "bytes after the NUL"),
    ("write_path_without_nul", "no NUL after the path"),
    ("write_path_without_nul_binary", "no NUL after the path"),
    ("write_size_eq_payload", "no byte for a path"),
    ("write_size_gt_payload", "no byte for a path"),
    ("presence_size_offset_ignored", "a PRESENCE with a size"),
    ("persistent_survives_errors_step2", "size 0"),
    ("persistent_survives_errors_step3", "SIZE is obsolete"),
    ("persistent_survives_errors_step4", "no path"),
    ("payload_minus_1", "a negative payload"),
    ("payload_minus_100", "a negative payload"),
    ("payload_huge", "payload that was not sent"),
    ("payload_limit_plus_1", "payload that was not sent"),
    ("payload_limit", "a path above the limit"),
    ("payload_4096_read", "bytes after the NUL"),
    ("payload_4095_read", "bytes after the NUL"),
    ("payload_4096_dirall", "bytes after the NUL"),
    ("payload_4096_dir", "bytes after the NUL"),
    ("garbage_path", "no NUL after the path"),
    ("newline_path", "no NUL after the path"),
    ("http_request", "HTTP"),
    ("all_ff", "a negative payload"),
    ("all_zero", "the message type ERROR"),
    ("crash_write_size_minus_1", "a negative size"),
    ("null_path_read", "a negative payload"),
    ("version_minus_1", "tokens that were not sent"),
    ("tokens_over_limit", "tokens above the limit"),
];

/// Builds the requests of a vector from their meaning, and checks that the bytes are the captured ones. Returns false if the
/// builders cannot make one of them.
fn check_built(vector: &Vector) -> bool {
    let mut at = 0;
    for wanted in &vector.requests {
        let Some(path) = &wanted.path else { return false };
        let path = path.as_bytes();
        let builder = match MessageType(wanted.message_type) {
            MessageType::NOP => Ok(Request::nop()),
            MessageType::READ => Request::read(path),
            MessageType::WRITE => Request::write(path, &wanted.data),
            MessageType::DIR => Request::dir(path),
            MessageType::PRESENCE => Request::presence(path),
            MessageType::DIRALL => Request::dirall(path),
            MessageType::DIRALLSLASH => Request::dirallslash(path),
            MessageType::GET => Request::get(path),
            MessageType::GETSLASH => Request::getslash(path),
            _ => return false,
        };
        let Ok(mut request) = builder else { return false };
        let reads = [MessageType::READ, MessageType::GET, MessageType::GETSLASH];
        if reads.contains(&request.message_type()) {
            let Ok(size) = u32::try_from(wanted.size) else { return false };
            let Ok(sized) = request.with_size(size) else { return false };
            request = sized;
        }
        let Ok(offset) = u32::try_from(wanted.offset) else { return false };
        let Ok(placed) = request.with_offset(offset) else { return false };
        let tokens = Tokens::new(&wanted.tokens).unwrap();
        let Ok(request) = placed.with_flags(Flags(wanted.flags)).with_tokens(tokens) else { return false };
        // Tokens set the version. A version other than 0 without tokens is unusual, but servers accept it.
        let version = Version(wanted.version);
        if usize::from(version.token_count()) != wanted.tokens.len() {
            return false;
        }
        let request = if wanted.tokens.is_empty() { request.with_raw_version(version) } else { request };
        let len = wanted.to_bytes().len();
        let Some(bytes) = vector.request.get(at..at + len) else { return false };
        if request.parts(&mut [0; HEADER_LEN]).concat() != bytes {
            return false;
        }
        check_encoded(&request, bytes, &vector.name);
        at += len;
    }
    at == vector.request.len()
}

/// Calls `check` with each request in `bytes` and its bytes, and returns the number of requests.
fn each_request(bytes: &[u8], mut check: impl FnMut(RequestFrame<'_>, &[u8])) -> usize {
    let mut parser = RequestParser::new(Vec::new());
    let mut input = bytes;
    let mut count = 0;
    loop {
        let before = input;
        match parser.parse(&mut input).unwrap() {
            RequestEvent::Request(request) => {
                count += 1;
                check(request, &before[..before.len() - input.len()]);
            }
            RequestEvent::NeedMore(_) => return count,
        }
    }
}

/// Checks that the request encodes to these bytes: in one piece, in parts, and with a buffer of the exact size but not
/// with one that is a byte smaller.
fn check_encoded(request: &Request<'_>, bytes: &[u8], name: &str) {
    let len = bytes.len();
    assert_eq!(request.encoded_len(), len, "{name}");
    let mut buffer = vec![0xa5; len + 1];
    assert_eq!(request.encode(&mut buffer).unwrap(), bytes, "{name}");
    assert_eq!(buffer[len], 0xa5, "{name}");
    assert_eq!(request.parts(&mut [0xa5; HEADER_LEN]).concat(), bytes, "{name}");
    assert_eq!(request.header().to_bytes(), bytes[..HEADER_LEN], "{name}");
    let mut exact = vec![0xa5; len];
    assert_eq!(request.encode(&mut exact).unwrap(), bytes, "{name}");
    let mut short = vec![0xa5; len - 1];
    let error = RequestError::BufferTooSmall { needed: len, available: len - 1 };
    assert_eq!(request.encode(&mut short), Err(error), "{name}");
    assert!(short.iter().all(|&byte| byte == 0xa5), "{name}");
}
