//! Seeds from the captured exchanges in `tests/vectors`.

use owproto_tests::vectors::{self, Request, Vector};

use crate::{client_connection, network, round_trip, server_connection, tree};

/// The seeds of a target, with a name for each.
///
/// # Panics
///
/// If no target has this name, or the vectors cannot be read.
pub fn of(target: &str) -> Box<dyn Iterator<Item = (&'static str, Vec<u8>)>> {
    let vectors = vectors::all().iter();
    let named = |seed: fn(&Vector) -> Vec<u8>| vectors.map(move |vector| (&*vector.name, seed(vector)));
    match target {
        "reply_decoder" => Box::new(named(replies)),
        "request_decoder" => Box::new(named(requests)),
        "client_connection" => Box::new(named(exchange)),
        "round_trip" => Box::new(named(frames)),
        "server_connection" => Box::new(named(service)),
        "tree" => Box::new(named(questions)),
        "network" => Box::new(named(traffic)),
        "text" => Box::new(named(text).filter(|(_, seed)| !seed.is_empty())),
        _ => panic!("there is no target {target}"),
    }
}

/// The words of `dictionary.txt`, which all targets share.
///
/// # Panics
///
/// If a line does not have libFuzzer's form.
#[must_use]
pub fn dictionary() -> Vec<Vec<u8>> {
    let lines =
        include_str!("../dictionary.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(word).collect()
}

/// A word in quotes, with `\\xNN` for bytes.
fn word(line: &str) -> Vec<u8> {
    let text = line.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).expect("a word is in quotes");
    let mut parts = text.split("\\x");
    let mut word = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (number, rest) = part.split_at(2);
        word.push(u8::from_str_radix(number, 16).expect("two hexadecimal digits"));
        word.extend(rest.as_bytes());
    }
    word
}

/// 4 KB of storage, no switches, cut after 7 and after 30 bytes.
fn replies(vector: &Vector) -> Vec<u8> {
    [&[0xff, 0xff, 0, 2, 7, 30][..], &vector.reply].concat()
}

fn requests(vector: &Vector) -> Vec<u8> {
    [&[0xff, 0xff, 2, 7, 30][..], &vector.request].concat()
}

/// Each request, sent in one piece, and its answer.
fn exchange(vector: &Vector) -> Vec<u8> {
    use client_connection::op;
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

/// The bytes before and after the first NUL, at most 255 of each.
fn path_and_data(request: &Request) -> (&[u8], &[u8]) {
    let payload = &request.payload_bytes[..];
    let end = payload.iter().position(|&byte| byte == 0).unwrap_or(payload.len());
    let (path, data) = (&payload[..end], payload.get(end + 1..).unwrap_or_default());
    (&path[..path.len().min(255)], &data[..data.len().min(255)])
}

/// Each request, encoded and with its answer; each reply, encoded.
fn frames(vector: &Vector) -> Vec<u8> {
    use round_trip::op;
    let mut seed = Vec::new();
    for request in &vector.requests {
        let (path, data) = path_and_data(request);
        let [.., message_type] = request.message_type.to_be_bytes();
        for op in [op::REQUEST, op::CONVERSATION] {
            seed.extend([op, message_type]);
            seed.extend(request.flags.to_be_bytes());
            seed.extend(request.size.to_be_bytes());
            seed.extend(request.offset.to_be_bytes());
            let lengths = [path.len(), data.len()].map(|len| u8::try_from(len).unwrap());
            seed.extend([&[0][..], &lengths, path, data].concat());
        }
        // A transmit buffer of 64 bytes, persistence granted, a value or some entries.
        seed.extend([40, 0, 2, 0, 0, 0, 0, 12]);
        seed.extend(b"        21.5");
    }
    for reply in &vector.replies {
        seed.push(op::REPLY);
        for word in [reply.version, reply.ret, reply.flags.cast_signed(), reply.size, reply.offset] {
            seed.extend(word.to_be_bytes());
        }
        let payload = &reply.payload_bytes[..reply.payload_bytes.len().min(255)];
        seed.push(u8::try_from(payload.len()).unwrap());
        seed.extend(payload);
    }
    seed
}

/// All bytes of the client, and the frames of the server as steps of answers.
fn service(vector: &Vector) -> Vec<u8> {
    use server_connection::op;
    // A transmit buffer of 255 bytes, storage of 400 for a request.
    let mut seed = vec![255, 100, 0, op::BYTES];
    let len = u16::try_from(vector.request.len()).unwrap_or(u16::MAX);
    seed.extend(len.to_be_bytes());
    seed.extend(&vector.request[..len.into()]);
    seed.extend([op::DELIVER, 255]);
    for reply in vector.replies.iter().take(40) {
        if reply.is_keepalive() {
            seed.extend([op::ADVANCE, 0, 10 << 2 | 2, op::TIMEOUT, op::TRANSMITTED, 255]);
            continue;
        }
        let [.., high, low] = reply.payload.to_be_bytes();
        let is_entry = reply.ret == 0 && reply.size > 0 && reply.payload == reply.size + 1;
        match (reply.ret, is_entry) {
            (..0, _) => {
                seed.extend([op::ERROR, reply.ret.unsigned_abs().to_le_bytes()[0].wrapping_sub(1), 0])
            }
            (_, true) => {
                let path = &reply.payload_bytes[..reply.payload_bytes.len() - 1];
                let len = path.len().min(200);
                seed.extend([op::ENTRY, u8::try_from(len).unwrap(), 0]);
                seed.extend(&path[..len]);
            }
            _ => {
                seed.extend([op::BEGIN, high, low & !1]);
                for piece in reply.payload_bytes.chunks(200) {
                    seed.extend([op::PUSH, u8::try_from(piece.len()).unwrap(), 0]);
                    seed.extend(piece);
                    seed.extend([op::TRANSMITTED, 255]);
                }
            }
        }
        // A second later some bytes are sent, and the rest after another second.
        let second = [op::ADVANCE, 0, 1 << 2 | 3];
        seed.extend(
            [&second[..], &[op::TRANSMITTED, 10], &second, &[op::TRANSMITTED, 255, op::DELIVER, 255]]
                .concat(),
        );
    }
    seed.extend([op::EOF, op::DELIVER, 0, op::RESET]);
    seed
}

/// The requests, to a tree with some devices, a transmit buffer of 100 bytes and a bus that is sometimes slow.
fn questions(vector: &Vector) -> Vec<u8> {
    let mut seed = vec![0xff, 0xff, 52, 16, 0, 8, 0, 1, 0, 0, 1, 1, 0, 1];
    // Once for a client that waits, and once for one that disconnects after the first piece.
    for (request, patience) in vector.requests.iter().flat_map(|request| [(request, 255), (request, 1)]) {
        let (path, data) = path_and_data(request);
        seed.push(request.message_type.to_le_bytes()[0]);
        seed.extend(request.flags.to_be_bytes());
        seed.extend([
            u8::try_from(request.size).unwrap_or(255),
            u8::try_from(request.offset).unwrap_or(0),
            patience,
        ]);
        // Shorter paths are made of words.
        if path.len() < 8 {
            let words = || path.split(|&byte| byte == b'/').skip(1);
            seed.push(u8::try_from(words().count()).unwrap());
            for word in words() {
                let number = tree::WORDS.iter().position(|known| known.as_bytes() == word);
                seed.push(u8::try_from(number.unwrap_or_default()).unwrap());
            }
        } else {
            seed.push(u8::try_from(path.len()).unwrap());
            seed.extend(path);
        }
        seed.push(u8::try_from(data.len()).unwrap());
        seed.extend(data);
    }
    // A memory larger than the buffer, and again for a client that disconnects.
    for patience in [255, 1] {
        let path = b"/2D.00002DD20300/memory";
        seed.extend(
            [&[2, 0, 0, 0, 4, 255, 0, patience, u8::try_from(path.len()).unwrap()][..], path, b"\0"].concat(),
        );
    }
    seed
}

/// The same kinds of requests, on a network whose properties come from the vector's name: calm or not, slow, in small pieces.
fn traffic(vector: &Vector) -> Vec<u8> {
    use network::op;
    let sum = vector.name.bytes().fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
    let mut seed = vec![sum, op::LATENCY, sum % 60, op::SEGMENTS, sum >> 3, op::DEVICE, sum % 30];
    for (n, request) in vector.requests.iter().enumerate() {
        let what = match request.message_type {
            1 => 0,
            3 => 3,
            6 => 4,
            4 | 7 | 9 => 5,
            _ => 1,
        };
        let number = u8::try_from(n % 16).unwrap() << 4;
        seed.extend([op::ASK, what | number, op::ASK, what | number | 1]);
    }
    let last = sum >> 4;
    seed.extend([
        op::PAUSE,
        last,
        sum,
        op::ASK,
        3,
        op::CUT,
        last,
        op::ASK,
        5,
        op::PERSISTENCE,
        1,
        op::ASK,
        0x15,
    ]);
    seed
}

/// The last payload.
fn text(vector: &Vector) -> Vec<u8> {
    vector.final_reply().map(|reply| reply.payload_bytes.clone()).unwrap_or_default()
}
