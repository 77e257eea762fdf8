//! Malformed and unusual requests that were sent to the real owserver. Some of them crash it.

/// A bad request, and what our server does with it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadRequest {
    /// What is wrong with it.
    pub name: &'static str,
    /// What the client sends.
    pub bytes: Vec<u8>,
    /// What our server does with it.
    pub outcome: Outcome,
}

/// What a server does with a bad request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It closes the connection without sending a byte.
    Closed,
    /// It sends a reply with this return value.
    Answered(i32),
}

impl Outcome {
    /// The outcome, from all bytes that the server sent until it closed.
    ///
    /// # Panics
    ///
    /// If the bytes are too short for a reply.
    #[must_use]
    pub fn of(sent: &[u8]) -> Self {
        match sent {
            [] => Self::Closed,
            [_, _, _, _, _, _, _, _, a, b, c, d, ..] => Self::Answered(i32::from_be_bytes([*a, *b, *c, *d])),
            _ => panic!("{sent:02x?} is too short for a reply"),
        }
    }
}

/// A request of these words of a header, and the bytes after it.
#[must_use]
pub fn request_of_words(words: [i32; 6], rest: &[u8]) -> Vec<u8> {
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    bytes.extend_from_slice(rest);
    bytes
}

/// A request with this type, size and payload that does not ask for persistence.
///
/// # Panics
///
/// If the length of the payload does not fit a word.
#[must_use]
pub fn request(message_type: i32, size: i32, payload: &[u8]) -> Vec<u8> {
    request_of_words([0, i32::try_from(payload.len()).unwrap(), message_type, 0x100, size, 0], payload)
}

/// All bad requests, for a tester bus whose second device is of family 28.
#[must_use]
pub fn all() -> Vec<BadRequest> {
    let path = b"/28.000028D70100/temperature\0";
    let long = |path: &[u8], len: usize| [path, &vec![b'a'; len - path.len()]].concat();
    let padded = |path: &[u8], len: usize| [path, &vec![0; len - path.len()]].concat();
    let write = b"/28.000028D70100/templow\x0030";
    let all = vec![
        ("payload -1", request_of_words([0, -1, 2, 0, 0, 0], b""), Outcome::Closed),
        ("payload -100", request_of_words([0, -100, 7, 0, 0, 0], b""), Outcome::Closed),
        ("payload INT_MIN", request_of_words([0, i32::MIN, 2, 0, 0, 0], b""), Outcome::Closed),
        ("payload 0x7fffffff", request_of_words([0, i32::MAX, 2, 0, 0, 0], path), Outcome::Closed),
        ("payload 100051", request_of_words([0, 100_051, 2, 0, 0, 0], path), Outcome::Closed),
        ("payload 100050, READ", request(2, 100, &long(b"/", 100_050)), Outcome::Answered(-1)),
        ("payload 100050, NOP", request(1, 0, &long(b"/", 100_050)), Outcome::Answered(0)),
        ("fewer bytes than announced", request_of_words([0, 50, 2, 0, 100, 0], path), Outcome::Closed),
        ("half a header", request_of_words([0; 6], b"")[..12].to_vec(), Outcome::Closed),
        ("nothing at all", Vec::new(), Outcome::Closed),
        ("path without NUL", request(2, 100, &path[..path.len() - 1]), Outcome::Answered(12)),
        ("bytes after the NUL", request(2, 100, &[&path[..], b"junk"].concat()), Outcome::Answered(12)),
        (
            "bytes 80 to FF as path",
            request(2, 100, &(0x80..=0xff).collect::<Vec<u8>>()),
            Outcome::Answered(-1),
        ),
        ("4096 bytes of payload, READ", request(2, 100, &padded(path, 4096)), Outcome::Answered(-90)),
        ("4096 bytes of payload, DIR", request(4, 0, &padded(b"/", 4096)), Outcome::Answered(-90)),
        ("4096 bytes of payload, PRESENCE", request(6, 0, &padded(path, 4096)), Outcome::Answered(0)),
        (
            "4096 bytes of payload, WRITE",
            request(3, 2, &[&padded(b"/28.000028D70100/templow\0", 4094)[..], b"30"].concat()),
            Outcome::Answered(0),
        ),
        ("WRITE size as large as the payload", request(3, 27, write), Outcome::Closed),
        ("WRITE size larger than the payload", request(3, 1000, write), Outcome::Closed),
        ("WRITE size -1", request(3, -1, write), Outcome::Closed),
        ("WRITE size -30000", request(3, -30_000, write), Outcome::Closed),
        ("WRITE size INT_MIN", request(3, i32::MIN, write), Outcome::Closed),
        (
            "payload -16 with one token",
            request_of_words([0x1_0001, -16, 2, 0, 100, 0], &[7; 16]),
            Outcome::Closed,
        ),
        ("the same, DIR", request_of_words([0x1_0001, -16, 4, 0, 0, 0], &[7; 16]), Outcome::Closed),
        ("the same, PRESENCE", request_of_words([0x1_0001, -16, 6, 0, 0, 0], &[7; 16]), Outcome::Closed),
        ("unknown type", request(11, 0, b"/\0"), Outcome::Answered(-42)),
        ("type -1", request(-1, 0, b"/\0"), Outcome::Answered(-42)),
        ("type 0x7fffffff", request(i32::MAX, 0, b"/\0"), Outcome::Answered(-42)),
        ("24 times 00", vec![0; 24], Outcome::Answered(-42)),
        ("24 times FF", vec![0xff; 24], Outcome::Closed),
        ("an HTTP request", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(), Outcome::Closed),
        ("version with 65535 tokens", request_of_words([-1, 2, 2, 0, 100, 0], b"/\0"), Outcome::Closed),
        ("READ size 0", request(2, 0, path), Outcome::Answered(-90)),
        ("READ size -1", request(2, -1, path), Outcome::Answered(-90)),
    ];
    all.into_iter().map(|(name, bytes, outcome)| BadRequest { name, bytes, outcome }).collect()
}
