//! Bytes decoded to requests, and encoded again.

use owproto_core::message::MAX_BODY_LEN;
use owproto_core::wire::{HEADER_LEN, Header, MessageType};
use owproto_core::{DecodeError, RequestEvent, RequestParser, Storage};

use crate::Input;
use crate::frames::{self, Fixed, Outcome, Taken};

#[derive(Clone, PartialEq, Eq, Debug)]
struct Event {
    /// The frame, encoded again.
    bytes: Vec<u8>,
    path: Option<Vec<u8>>,
    data: Option<Vec<u8>>,
}

/// Input: capacity in two bytes (in sixteenths), the length of a cutting pattern, the pattern, the stream.
pub fn check(data: &[u8]) {
    let mut input = Input(data);
    let capacity = input.word() / 16;
    let len = usize::from(input.byte());
    let pattern = input.take(len);
    let stream = input.0;

    let expected = reference(stream, usize::MAX);
    let new = || taker(RequestParser::new(Vec::new()));
    assert_eq!(frames::however_it_is_cut(stream, pattern, new), expected);

    let expected = reference(stream, capacity);
    let new = || taker(RequestParser::new(Fixed::new(capacity)));
    assert_eq!(frames::however_it_is_cut(stream, pattern, new), expected);

    let mut parser = RequestParser::new(Vec::new());
    for byte in stream.chunks(1) {
        let mut piece = byte;
        while let Ok(RequestEvent::Request(_)) = parser.parse(&mut piece) {}
    }
    frames::assert_bounded(&parser.into_storage(), stream.len());
}

fn taker<S: Storage>(mut parser: RequestParser<S>) -> impl FnMut(&mut &[u8]) -> Taken<Event> {
    move |input| match parser.parse(input) {
        Ok(RequestEvent::NeedMore(n)) => Taken::NeedMore(n),
        Ok(RequestEvent::Request(frame)) => {
            // The parser has the limit of requests, so each can be forwarded.
            let request = frame.to_request().expect("a request that was parsed can be made");
            let mut bytes = vec![0xa5; request.encoded_len()];
            assert_eq!(request.encode(&mut bytes).map(<[u8]>::len), Ok(request.encoded_len()));
            let parts = request.parts(&mut [0; HEADER_LEN]).concat();
            assert_eq!(parts, bytes, "parts and encoding differ");
            assert_eq!(frame.tokens.as_bytes().len(), frames::tokens_len(frame.header.version));
            Taken::Event(Event {
                bytes,
                path: frame.path().map(<[u8]>::to_vec),
                data: frame.data().map(<[u8]>::to_vec),
            })
        }
        Err(error) => Taken::Error(error),
    }
}

/// The same, decoded as simply as possible.
fn reference(mut stream: &[u8], capacity: usize) -> Outcome<Event> {
    let mut events = Vec::new();
    while let Some(head) = stream.first_chunk() {
        let header = Header::from_bytes(head);
        let payload = header.payload;
        let Ok(payload) = usize::try_from(payload) else {
            return (events, Some(DecodeError::NegativePayload { payload }));
        };
        let body = payload + frames::tokens_len(header.version);
        let announced = u32::try_from(body).unwrap();
        if body > MAX_BODY_LEN {
            return (events, Some(DecodeError::PayloadTooLarge { announced, limit: MAX_BODY_LEN }));
        }
        if body > capacity {
            return (events, Some(DecodeError::StorageTooSmall { announced, capacity }));
        }
        let Some((bytes, rest)) = stream.split_at_checked(HEADER_LEN + body) else { break };
        stream = rest;
        let payload = &bytes[HEADER_LEN..HEADER_LEN + payload];
        let split = match usize::try_from(header.size) {
            _ if header.code != MessageType::WRITE.0 || payload.is_empty() => Some((payload, &[][..])),
            Ok(size) if size < payload.len() => Some(payload.split_at(payload.len() - size)),
            _ => None,
        };
        events.push(Event {
            bytes: bytes.to_vec(),
            path: split.map(|(path, _)| path.split(|&byte| byte == 0).next().unwrap().to_vec()),
            data: split.map(|(_, data)| data.to_vec()),
        });
    }
    (events, None)
}
