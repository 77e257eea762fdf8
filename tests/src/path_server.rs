//! A server made of one function: the value of a property names its path, and every directory has the same entries.

use owproto_core::wire::{Flags, HEADER_LEN, Header, MessageType};

use crate::frames;

/// The entries of every directory.
pub const ENTRIES: [&str; 3] = ["/one", "/two,2", "/three"];

/// The value of the property with this path.
#[must_use]
pub fn value_of(path: impl AsRef<[u8]>) -> Vec<u8> {
    [b"value of ", path.as_ref()].concat()
}

/// The answer to a request. It grants persistence if the request asks for it.
///
/// # Panics
///
/// If the request has no whole header.
#[must_use]
pub fn answer(request: &[u8]) -> Vec<u8> {
    let header = Header::from_bytes(request.first_chunk().expect("a request starts with a header"));
    let path = request[HEADER_LEN..].split(|&byte| byte == 0).next().unwrap_or_default();
    let frames = match MessageType(header.code) {
        MessageType::READ => vec![frames::value(value_of(path))],
        MessageType::WRITE => vec![frames::written(header.size)],
        MessageType::DIR => frames::entries(&ENTRIES),
        MessageType::DIRALL | MessageType::DIRALLSLASH => vec![frames::list(&ENTRIES.join(","))],
        MessageType::GET => vec![frames::keepalive(), frames::value(value_of(path))],
        _ => vec![frames::done()],
    };
    frames::encode(&frames, Flags::PERSISTENCE & header.flags)
}

/// As [`answer`], but never grants persistence.
///
/// # Panics
///
/// If the request has no whole header.
#[must_use]
pub fn answer_without_persistence(request: &[u8]) -> Vec<u8> {
    let mut request = request.to_vec();
    let header: &mut [u8; HEADER_LEN] = request.first_chunk_mut().expect("a request starts with a header");
    let asked = Header::from_bytes(header);
    *header = Header { flags: asked.flags.without(Flags::PERSISTENCE), ..asked }.to_bytes();
    answer(&request)
}
