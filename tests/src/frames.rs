//! Frames that a server sends, and requests as text.
//!
//! A [`Frame`] has no flags; they are set when it is encoded, so that one frame serves for a connection that is kept and
//! for one that is not.

use std::fmt::Write as _;

use owproto_core::wire::{Flags, HEADER_LEN, Header, MessageType};

/// A frame from a server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    header: Header,
    payload: Vec<u8>,
}

impl AsRef<[Self]> for Frame {
    fn as_ref(&self) -> &[Self] {
        std::slice::from_ref(self)
    }
}

/// The bytes of frames, each with these flags. A keepalive has none.
#[must_use]
pub fn encode(frames: impl AsRef<[Frame]>, flags: Flags) -> Vec<u8> {
    let mut bytes = Vec::new();
    for Frame { header, payload } in frames.as_ref() {
        let flags = if header.payload < 0 { Flags::NONE } else { flags };
        bytes.extend_from_slice(&Header { flags, ..*header }.to_bytes());
        bytes.extend_from_slice(payload);
    }
    bytes
}

/// The bytes of frames that grant persistence.
#[must_use]
pub fn persistent(frames: impl AsRef<[Frame]>) -> Vec<u8> {
    encode(frames, Flags::PERSISTENCE)
}

/// A reply with this return value, all of whose payload is data.
#[must_use]
pub fn reply(ret: i32, data: impl AsRef<[u8]>) -> Frame {
    let data = data.as_ref();
    let len = word(data.len());
    Frame {
        header: Header { payload: len, code: ret, size: len, ..Header::default() },
        payload: data.to_vec(),
    }
}

/// The reply to READ.
#[must_use]
pub fn value(value: impl AsRef<[u8]>) -> Frame {
    let value = value.as_ref();
    reply(word(value.len()), value)
}

/// The reply to NOP, the last frame of DIR, and the reply to PRESENCE of old servers.
#[must_use]
pub fn done() -> Frame {
    reply(0, b"")
}

/// The reply to WRITE, when this many bytes were written.
#[must_use]
pub fn written(count: i32) -> Frame {
    Frame { header: Header { size: count, ..Header::default() }, payload: Vec::new() }
}

/// The reply to PRESENCE: eight bytes of payload, none of which count as data.
#[must_use]
pub fn rom_id(id: [u8; 8]) -> Frame {
    Frame { header: Header { payload: 8, ..Header::default() }, payload: id.to_vec() }
}

/// A reply with an error of owserver, for example 1 for "no such path".
#[must_use]
pub fn server_error(code: i32) -> Frame {
    reply(-code, b"")
}

/// The reply to DIRALL: entries separated by commas, and a NUL that does not count as data.
#[must_use]
pub fn list(list: &str) -> Frame {
    let header = Header { payload: word(list.len()) + 1, size: word(list.len()), ..Header::default() };
    Frame { header, payload: [list.as_bytes(), b"\0"].concat() }
}

/// One entry of the answer to DIR.
#[must_use]
pub fn entry(path: &str) -> Frame {
    list(path)
}

/// The answer to DIR: an entry in each frame, and the last frame.
#[must_use]
pub fn entries(paths: &[&str]) -> Vec<Frame> {
    paths.iter().map(|path| entry(path)).chain([done()]).collect()
}

/// A keepalive.
#[must_use]
pub fn keepalive() -> Frame {
    Frame { header: Header::KEEPALIVE, payload: Vec::new() }
}

/// The bytes of a header alone that announces a payload of this length and grants persistence.
#[must_use]
pub fn header_announcing(payload: i32) -> Vec<u8> {
    Header { payload, flags: Flags::PERSISTENCE, ..Header::default() }.to_bytes().to_vec()
}

fn word(len: usize) -> i32 {
    i32::try_from(len).expect("test data is shorter than 2 GiB")
}

/// The length of the frame that starts with these bytes, tokens included; `None` without a whole header.
///
/// A header that announces a negative payload has none.
#[must_use]
pub fn frame_len(bytes: &[u8]) -> Option<usize> {
    let header = bytes.first_chunk::<HEADER_LEN>()?;
    let word = |at: usize| i32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    let payload = usize::try_from(word(4)).unwrap_or(0);
    let tokens = if word(0) & 0x1_0000 == 0 { 0 } else { (word(0) & 0xffff) as usize };
    Some((HEADER_LEN + tokens * 16).saturating_add(payload))
}

/// A request as text: its type, with a `+` if it asks for persistence, then its path, data, size and offset.
///
/// ```
/// use owproto_core::Request;
/// use owproto_core::wire::Flags;
/// use owproto_tests::frames::request_text;
///
/// let mut buffer = [0; 64];
/// let request = Request::write("/a", "21").unwrap().with_flags(Flags::PERSISTENCE);
/// assert_eq!(request_text(request.encode(&mut buffer).unwrap()), "WRITE+ /a=21");
/// ```
///
/// # Panics
///
/// If the bytes are not a whole request.
#[must_use]
pub fn request_text(request: &[u8]) -> String {
    let header = Header::from_bytes(request.first_chunk().expect("a request starts with a header"));
    let message_type = MessageType(header.code);
    let payload = &request[HEADER_LEN..];
    let data_len = match message_type {
        MessageType::WRITE => usize::try_from(header.size).expect("a WRITE has data"),
        _ => 0,
    };
    let (path, data) = payload.split_at(payload.len() - data_len);
    let mut text = format!("{message_type}");
    if header.flags.contains(Flags::PERSISTENCE) {
        text.push('+');
    }
    if header.flags.contains(Flags::BUS_LIST) {
        text.push_str(" (bus)");
    }
    if let Some(path) = path.strip_suffix(b"\0") {
        let _ = write!(text, " {}", String::from_utf8_lossy(path));
    }
    match message_type {
        MessageType::WRITE => {
            let _ = write!(text, "={}", String::from_utf8_lossy(data));
        }
        MessageType::READ if header.size != 65536 => {
            let _ = write!(text, " [{}]", header.size);
        }
        _ => {}
    }
    if header.offset != 0 {
        let _ = write!(text, " @{}", header.offset);
    }
    text
}
