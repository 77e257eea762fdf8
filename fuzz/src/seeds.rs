//! Seeds from the captured exchanges in `tests/vectors`.

use owproto_tests::vectors::{self, Vector};

use crate::client_connection::op;

/// The seeds of a target, with a name for each.
///
/// # Panics
///
/// If there is no such target, or the vectors cannot be read.
pub fn of(target: &str) -> Box<dyn Iterator<Item = (&'static str, Vec<u8>)>> {
    let vectors = vectors::all().iter();
    let named = |seed: fn(&Vector) -> Vec<u8>| vectors.map(move |vector| (&*vector.name, seed(vector)));
    match target {
        "reply_decoder" => Box::new(named(replies)),
        "request_decoder" => Box::new(named(requests)),
        "client_connection" => Box::new(named(exchange)),
        "text" => Box::new(named(text).filter(|(_, seed)| !seed.is_empty())),
        _ => panic!("there is no target {target}"),
    }
}

/// 4 KB of storage, no switches, cut after 7 and after 30 bytes.
fn replies(vector: &Vector) -> Vec<u8> {
    [&[0xff, 0xff, 0, 2, 7, 30][..], &vector.reply].concat()
}

fn requests(vector: &Vector) -> Vec<u8> {
    [&[0xff, 0xff, 2, 7, 30][..], &vector.request].concat()
}

/// Each request, sent at once, and the answer to them.
fn exchange(vector: &Vector) -> Vec<u8> {
    let mut seed = Vec::new();
    for request in &vector.requests {
        let len = u8::try_from(request.payload_bytes.len()).unwrap_or(u8::MAX);
        let refuses = u8::from(request.flags & 4 == 0);
        seed.extend([op::REQUEST, request.message_type.to_le_bytes()[0], refuses, len]);
        seed.extend(&request.payload_bytes[..len.into()]);
        seed.extend([op::TRANSMITTED, 255]);
    }
    for piece in vector.reply.chunks(1000) {
        let [_, _, high, low] = u32::try_from(piece.len()).unwrap_or_default().to_be_bytes();
        seed.extend([op::INPUT, high, low]);
        seed.extend(piece);
    }
    if vector.closed_by_server {
        seed.extend([op::EOF, op::LOST, op::RESET]);
    } else {
        seed.extend([op::ADVANCE, 8, 0, op::TIMEOUT, op::LOST]);
    }
    seed
}

/// The last payload.
fn text(vector: &Vector) -> Vec<u8> {
    vector.final_reply().map(|reply| reply.payload_bytes.clone()).unwrap_or_default()
}
