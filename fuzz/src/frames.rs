//! Checks of both decoders.

use std::fmt::Debug;

/// An event of a parser.
pub(crate) enum Taken<E> {
    NeedMore(usize),
    Event(E),
    Error(owproto_core::DecodeError),
}

/// All events of a stream, and the error that ended it.
pub(crate) type Outcome<E> = (Vec<E>, Option<owproto_core::DecodeError>);

/// Parses `stream` in pieces and returns the events. `cut` gives the length of the next piece, from the number of bytes that
/// the parser needed last; a piece has at least one byte.
///
/// Also checks that `NeedMore` uses all input and needs at least one byte, and that an error stays the same.
pub(crate) fn events<E: PartialEq + Debug>(
    mut stream: &[u8],
    mut cut: impl FnMut(usize) -> usize,
    mut parse: impl FnMut(&mut &[u8]) -> Taken<E>,
) -> Outcome<E> {
    let mut events = Vec::new();
    let mut wanted = 24;
    while !stream.is_empty() {
        let len = cut(wanted).clamp(1, stream.len());
        let (mut piece, rest) = stream.split_at(len);
        stream = rest;
        loop {
            match parse(&mut piece) {
                Taken::NeedMore(n) => {
                    assert!(piece.is_empty(), "{} bytes were not used", piece.len());
                    assert!(n > 0, "it needs 0 bytes");
                    wanted = n;
                    break;
                }
                Taken::Event(event) => events.push(event),
                Taken::Error(error) => {
                    for more in [&b""[..], b"x", &[0; 24], rest] {
                        let mut piece = more;
                        let Taken::Error(again) = parse(&mut piece) else { panic!("an event after {error}") };
                        assert_eq!((again, piece.len()), (error, more.len()));
                    }
                    return (events, Some(error));
                }
            }
        }
    }
    (events, None)
}

/// Checks that the events do not depend on how `stream` is cut, and returns them.
pub(crate) fn however_it_is_cut<E: PartialEq + Debug, P: FnMut(&mut &[u8]) -> Taken<E>>(
    stream: &[u8],
    pattern: &[u8],
    mut new_parser: impl FnMut() -> P,
) -> Outcome<E> {
    let whole = events(stream, |_| usize::MAX, new_parser());
    assert_eq!(events(stream, |_| 1, new_parser()), whole, "byte by byte");
    let mut lengths = pattern.iter().cycle();
    let by_pattern = |_| lengths.next().map_or(1, |&length| usize::from(length));
    assert_eq!(events(stream, by_pattern, new_parser()), whole, "cut as {pattern:?}");

    // Exactly as many bytes as needed: then an event leaves no byte of the next frame.
    let mut parser = new_parser();
    let exact = |piece: &mut &[u8]| {
        let taken = parser(piece);
        if matches!(taken, Taken::Event(_)) {
            assert!(piece.is_empty(), "it needed more bytes than the frame has");
        }
        taken
    };
    assert_eq!(events(stream, |wanted| wanted, exact), whole, "cut as needed");
    whole
}

/// Checks that a vector has grown in proportion to the bytes that arrived.
pub(crate) fn assert_bounded(storage: &Vec<u8>, arrived: usize) {
    assert!(storage.capacity() <= 2 * arrived + 64, "{} bytes for {arrived}", storage.capacity());
}

/// Storage with a size from the input.
pub(crate) struct Fixed(Vec<u8>);

impl Fixed {
    pub(crate) fn new(capacity: usize) -> Self {
        Self(vec![0xa5; capacity])
    }
}

impl owproto_core::Storage for Fixed {
    fn capacity(&self) -> usize {
        self.0.len()
    }

    fn space(&mut self, at: usize, len: usize) -> Option<&mut [u8]> {
        self.0.get_mut(at..)?.get_mut(..len)
    }

    fn filled(&self, len: usize) -> &[u8] {
        &self.0[..len]
    }
}

/// The bytes of the tokens that a version word announces.
pub(crate) fn tokens_len(version: owproto_core::wire::Version) -> usize {
    let [_, flags, high, low] = version.0.to_be_bytes();
    if flags & 1 == 0 { 0 } else { usize::from(u16::from_be_bytes([high, low])) * 16 }
}
