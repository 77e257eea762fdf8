//! Requests that the real owserver was tried with and that are wrong in some way; it died of some of them.

/// A bad request, and what our server does with it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadInput {
    /// What is wrong.
    pub name: &'static str,
    /// What the client sends before it waits.
    pub bytes: Vec<u8>,
    /// What becomes of it.
    pub fate: Fate,
}

/// What becomes of a bad request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// Closed without a byte.
    Closed,
    /// Answered with this return value.
    Answered(i32),
}

impl Fate {
    /// What all that a server sent until it closed comes to.
    #[must_use]
    pub fn of(sent: &[u8]) -> Self {
        match sent {
            [] => Self::Closed,
            [_, _, _, _, _, _, _, _, a, b, c, d, ..] => Self::Answered(i32::from_be_bytes([*a, *b, *c, *d])),
            _ => panic!("{sent:02x?} is no answer"),
        }
    }
}

/// The words of a request and what follows.
#[must_use]
pub fn request(words: [i32; 6], rest: &[u8]) -> Vec<u8> {
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    bytes.extend_from_slice(rest);
    bytes
}

/// A request of this type with this path, that does not ask for persistence.
///
/// # Panics
/// If the payload is longer than a word can say.
#[must_use]
pub fn ask(kind: i32, size: i32, payload: &[u8]) -> Vec<u8> {
    request([0, i32::try_from(payload.len()).unwrap(), kind, 0x100, size, 0], payload)
}

/// All of them, for a tester bus whose second device has the family 28.
#[must_use]
pub fn all() -> Vec<BadInput> {
    let path = b"/28.000028D70100/temperature\0";
    let long = |path: &[u8], len: usize| [path, &vec![b'a'; len - path.len()]].concat();
    let padded = |path: &[u8], len: usize| [path, &vec![0; len - path.len()]].concat();
    let write = b"/28.000028D70100/templow\x0030";
    let all = vec![
        ("payload -1", request([0, -1, 2, 0, 0, 0], b""), Fate::Closed),
        ("payload -100", request([0, -100, 7, 0, 0, 0], b""), Fate::Closed),
        ("payload INT_MIN", request([0, i32::MIN, 2, 0, 0, 0], b""), Fate::Closed),
        ("payload 0x7fffffff", request([0, i32::MAX, 2, 0, 0, 0], path), Fate::Closed),
        ("payload 100051", request([0, 100_051, 2, 0, 0, 0], path), Fate::Closed),
        ("payload 100050, READ", ask(2, 100, &long(b"/", 100_050)), Fate::Answered(-1)),
        ("payload 100050, NOP", ask(1, 0, &long(b"/", 100_050)), Fate::Answered(0)),
        ("fewer bytes than announced", request([0, 50, 2, 0, 100, 0], path), Fate::Closed),
        ("half a header", request([0; 6], b"")[..12].to_vec(), Fate::Closed),
        ("nothing at all", Vec::new(), Fate::Closed),
        ("path without NUL", ask(2, 100, &path[..path.len() - 1]), Fate::Answered(12)),
        ("bytes after the NUL", ask(2, 100, &[&path[..], b"junk"].concat()), Fate::Answered(12)),
        ("bytes 80 to FF as path", ask(2, 100, &(0x80..=0xff).collect::<Vec<u8>>()), Fate::Answered(-1)),
        ("4096 bytes of payload, READ", ask(2, 100, &padded(path, 4096)), Fate::Answered(-90)),
        ("4096 bytes of payload, DIR", ask(4, 0, &padded(b"/", 4096)), Fate::Answered(-90)),
        ("4096 bytes of payload, PRESENCE", ask(6, 0, &padded(path, 4096)), Fate::Answered(0)),
        (
            "4096 bytes of payload, WRITE",
            ask(3, 2, &[&padded(b"/28.000028D70100/templow\0", 4094)[..], b"30"].concat()),
            Fate::Answered(0),
        ),
        ("WRITE size as large as the payload", ask(3, 27, write), Fate::Closed),
        ("WRITE size larger than the payload", ask(3, 1000, write), Fate::Closed),
        ("WRITE size -1", ask(3, -1, write), Fate::Closed),
        ("WRITE size -30000", ask(3, -30_000, write), Fate::Closed),
        ("WRITE size INT_MIN", ask(3, i32::MIN, write), Fate::Closed),
        ("payload -16 with one token", request([0x1_0001, -16, 2, 0, 100, 0], &[7; 16]), Fate::Closed),
        ("the same, DIR", request([0x1_0001, -16, 4, 0, 0, 0], &[7; 16]), Fate::Closed),
        ("the same, PRESENCE", request([0x1_0001, -16, 6, 0, 0, 0], &[7; 16]), Fate::Closed),
        ("unknown type", ask(11, 0, b"/\0"), Fate::Answered(-42)),
        ("type -1", ask(-1, 0, b"/\0"), Fate::Answered(-42)),
        ("type 0x7fffffff", ask(i32::MAX, 0, b"/\0"), Fate::Answered(-42)),
        ("24 times 00", vec![0; 24], Fate::Answered(-42)),
        ("24 times FF", vec![0xff; 24], Fate::Closed),
        ("an HTTP request", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(), Fate::Closed),
        ("version with 65535 tokens", request([-1, 2, 2, 0, 100, 0], b"/\0"), Fate::Closed),
        ("READ size 0", ask(2, 0, path), Fate::Answered(-90)),
        ("READ size -1", ask(2, -1, path), Fate::Answered(-90)),
    ];
    all.into_iter().map(|(name, bytes, fate)| BadInput { name, bytes, fate }).collect()
}
