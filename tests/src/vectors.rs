//! The exchanges in `tests/vectors`, captured from a real owserver.
//!
//! `tests/vectors/README.md` describes how they were captured, and each field.

use std::fmt::Debug;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use owproto_core::wire::HEADER_LEN;
use serde::{Deserialize, Deserializer, de};

/// The number of exchanges. With one missing, tests could pass that should fail.
pub const COUNT: usize = 472;

/// The number of return codes.
pub const RETURN_CODES: usize = 211;

/// One request of a client and everything that the server sent back.
#[derive(Clone, Debug)]
pub struct Vector {
    /// The name, unique over all files.
    pub name: String,
    /// The name of its file, without `.json`.
    pub file: &'static str,
    /// What it shows.
    pub note: String,
    /// The kind of exchange: mostly the name of the file; `client_*` and `proxy_front` in `clients`.
    pub kind: String,
    /// The command line of the server.
    pub setup: String,
    /// All bytes the client sent.
    pub request: Vec<u8>,
    /// All bytes the server sent.
    pub reply: Vec<u8>,
    /// The requests in [`request`](Self::request), decoded. Empty if fewer than 24 bytes were sent; several if they were
    /// sent together. The last may be incomplete: see [`Request::is_complete`].
    pub requests: Vec<Request>,
    /// The frames in [`reply`](Self::reply), keepalives included.
    pub replies: Vec<Reply>,
    /// Whether the server closed the connection after, or instead of, the reply.
    pub closed_by_server: bool,
    /// How it was closed.
    pub close_kind: Option<CloseKind>,
    /// The place in a conversation of several requests on one connection.
    pub session: Option<SessionStep>,
    /// Milliseconds from sending the request to each frame of the reply, if they were recorded.
    pub frame_ms: Option<Vec<u64>>,
    /// Milliseconds from sending the request to the close.
    pub close_ms: Option<u64>,
    /// Why a second capture may differ. Empty if it does not.
    pub volatile: Vec<String>,
    /// Whether the recorder made the reply up. The request is real.
    pub reply_is_synthetic: bool,
    /// The signal that killed the real server.
    pub server_crashed: Option<String>,
    /// The sizes of the segments in which the request was sent.
    pub sent_in_pieces: Option<Vec<usize>>,
    /// The antiloop token of the server under test.
    pub server_token: Option<[u8; 16]>,
    /// The requests that the server under test then sent to its backend. `None` if they were not recorded.
    pub forwarded: Option<Vec<Forwarded>>,
    /// The client program, for the kinds `client_owshell` and `client_pyownet`.
    pub client: Option<Client>,
    /// The number of the connection, if a client program or a front server had several.
    pub connection: Option<u32>,
    /// The number of the request to the front server that caused this one.
    pub for_front_request: Option<u32>,
}

impl Vector {
    /// The only request, or the first of several. `None` if less than a header was sent.
    #[must_use]
    pub fn first_request(&self) -> Option<&Request> {
        self.requests.first()
    }

    /// The last frame of the reply, if it is not a keepalive.
    #[must_use]
    pub fn final_reply(&self) -> Option<&Reply> {
        self.replies.last().filter(|reply| !reply.is_keepalive())
    }

    /// Whether the request has exactly the bytes that its headers announce.
    #[must_use]
    pub fn request_is_whole(&self) -> bool {
        !self.requests.is_empty()
            && self.requests.iter().all(Request::is_complete)
            && self.requests.iter().map(|request| request.to_bytes().len()).sum::<usize>()
                == self.request.len()
    }
}

/// A request, decoded by the recorder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// The first word: version and number of tokens.
    pub version: i32,
    /// The announced length of the payload; may differ from that of [`payload_bytes`](Self::payload_bytes).
    pub payload: i32,
    /// The message type.
    pub message_type: i32,
    /// The name of the message type, if it has one.
    pub type_name: Option<String>,
    /// The control flags.
    pub flags: u32,
    /// The fifth word.
    pub size: i32,
    /// The sixth word.
    pub offset: i32,
    /// The payload as it was sent.
    pub payload_bytes: Vec<u8>,
    /// The payload as text, without one trailing NUL; `None` if it is binary.
    pub payload_text: Option<String>,
    /// The path as the server splits the payload; `None` if it is not text.
    pub path: Option<String>,
    /// The data of a WRITE as the server splits the payload.
    pub data: Vec<u8>,
    /// The data as text; `None` if it is binary.
    pub data_text: Option<String>,
    /// The antiloop tokens that were sent.
    pub tokens: Vec<[u8; 16]>,
}

impl Request {
    /// Whether all bytes that the header announces were sent.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        usize::try_from(self.payload) == Ok(self.payload_bytes.len())
            && announced_tokens(self.version) == self.tokens.len()
    }

    /// The request as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let words =
            [self.version, self.payload, self.message_type, self.flags.cast_signed(), self.size, self.offset];
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        bytes.extend_from_slice(&self.payload_bytes);
        bytes.extend_from_slice(self.tokens.as_flattened());
        bytes
    }
}

/// A frame that the server sent, decoded by the recorder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// The first word.
    pub version: i32,
    /// Bytes of payload; negative in a keepalive.
    pub payload: i32,
    /// The return value.
    pub ret: i32,
    /// The control flags.
    pub flags: u32,
    /// The fifth word.
    pub size: i32,
    /// The sixth word.
    pub offset: i32,
    /// The payload.
    pub payload_bytes: Vec<u8>,
    /// The payload as text, without one trailing NUL; `None` if it is binary.
    pub payload_text: Option<String>,
}

impl Reply {
    /// Whether it is a keepalive.
    #[must_use]
    pub fn is_keepalive(&self) -> bool {
        self.payload < 0
    }

    /// The frame as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let words = [self.version, self.payload, self.ret, self.flags.cast_signed(), self.size, self.offset];
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        bytes.extend_from_slice(&self.payload_bytes);
        bytes
    }
}

/// How the server closed the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CloseKind {
    /// With FIN.
    Fin,
    /// With RST, because it had not read all bytes.
    Rst,
}

/// The place of a vector in a session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionStep {
    /// The session's name.
    pub name: String,
    /// The number of this step, from 0.
    pub step: usize,
    /// How many steps the session has.
    pub steps: usize,
}

/// A request that the server under test sent to its backend.
#[derive(Clone, Debug)]
pub struct Forwarded {
    /// All bytes.
    pub bytes: Vec<u8>,
    /// The same, decoded.
    pub request: Request,
}

/// A run of a client program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Client {
    /// Its command line.
    pub command: String,
    /// What it printed.
    pub output: String,
    /// Its exit status.
    pub exit: i32,
}

/// One of owserver's return codes.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReturnCode {
    /// The code, 0 to 210.
    pub code: i32,
    /// The return value on the wire: the code, negated.
    pub wire_ret: i32,
    /// owserver's text.
    pub text: String,
}

/// A conversation of several requests on one connection.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its name.
    pub name: &'static str,
    /// Its requests in order.
    pub steps: Vec<&'static Vector>,
}

/// All vectors, in the order of their files.
///
/// # Panics
///
/// If a file is missing or invalid, or the number of vectors is not [`COUNT`].
#[must_use]
pub fn all() -> &'static [Vector] {
    static ALL: OnceLock<Vec<Vector>> = OnceLock::new();
    ALL.get_or_init(|| {
        let vectors: Vec<Vector> = FILES.iter().flat_map(|file| load(file)).collect();
        assert_eq!(vectors.len(), COUNT, "tests/vectors is not complete");
        vectors
    })
}

/// The vector with this name.
///
/// # Panics
///
/// If there is none.
#[must_use]
pub fn named(name: &str) -> &'static Vector {
    let found = all().iter().find(|vector| vector.name == name);
    found.unwrap_or_else(|| panic!("no vector has the name {name}"))
}

/// The vectors of one file, named without `.json`.
///
/// # Panics
///
/// If there is no such file.
pub fn in_file(file: &str) -> impl Iterator<Item = &'static Vector> {
    assert!(FILES.contains(&file), "there is no file {file}.json in tests/vectors");
    all().iter().filter(move |vector| vector.file == file)
}

/// The conversations of several requests on one connection, each with its steps in order.
///
/// # Panics
///
/// If a step is missing or occurs twice.
#[must_use]
pub fn sessions() -> Vec<Session> {
    let mut sessions: Vec<Session> = Vec::new();
    for vector in all() {
        let Some(place) = &vector.session else { continue };
        match sessions.iter_mut().find(|session| session.name == place.name) {
            Some(session) => session.steps.push(vector),
            None => sessions.push(Session { name: &place.name, steps: vec![vector] }),
        }
    }
    for session in &mut sessions {
        session.steps.sort_by_key(|vector| vector.session.as_ref().map(|place| place.step));
        for (number, vector) in session.steps.iter().enumerate() {
            let place = vector.session.as_ref().expect("only steps of sessions are selected");
            assert_eq!((place.step, place.steps), (number, session.steps.len()), "session {}", session.name);
        }
    }
    sessions
}

/// All of owserver's return codes with its own texts.
///
/// # Panics
///
/// If the file is missing, invalid or incomplete.
#[must_use]
pub fn return_codes() -> &'static [ReturnCode] {
    static CODES: OnceLock<Vec<ReturnCode>> = OnceLock::new();
    CODES.get_or_init(|| {
        let codes: Vec<ReturnCode> = parse("return_codes");
        assert_eq!(codes.len(), RETURN_CODES, "tests/vectors/return_codes.json is not complete");
        codes
    })
}

const FILES: [&str; 13] = [
    "message_types",
    "dir",
    "read",
    "write",
    "presence",
    "settings",
    "structure",
    "flags",
    "keepalive",
    "persistence",
    "malformed",
    "tokens",
    "clients",
];

fn load(file: &'static str) -> Vec<Vector> {
    let raw: Vec<RawVector> = parse(file);
    raw.into_iter()
        .map(|vector| {
            let name = vector.name.clone();
            vector.into_vector(file).unwrap_or_else(|missing| panic!("{file}.json: {name}: {missing}"))
        })
        .collect()
}

fn parse<T: for<'de> Deserialize<'de> + Debug>(file: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(file).with_extension("json");
    let text = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn announced_tokens(version: i32) -> usize {
    if version & 0x1_0000 == 0 { 0 } else { (version & 0xffff) as usize }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawVector {
    name: String,
    note: String,
    kind: String,
    setup: String,
    request_hex: Hex,
    reply_hex: Hex,
    request: RawRequest,
    requests: Option<Vec<RawRequest>>,
    replies: Vec<RawReply>,
    closed_by_server: bool,
    close_kind: Option<CloseKind>,
    session: Option<String>,
    step: Option<usize>,
    steps: Option<usize>,
    frame_ms: Option<Vec<u64>>,
    close_ms: Option<u64>,
    #[serde(default)]
    volatile: Vec<String>,
    #[serde(default)]
    reply_is_synthetic: bool,
    #[serde(default)]
    server_crashed: bool,
    server_signal: Option<String>,
    sent_in_pieces: Option<Vec<usize>>,
    server_token: Option<Hex>,
    forwarded: Option<Vec<RawForwarded>>,
    client: Option<String>,
    client_output: Option<String>,
    client_exit: Option<i32>,
    connection: Option<u32>,
    for_front_request: Option<u32>,
}

impl RawVector {
    fn into_vector(self, file: &'static str) -> Result<Vector, &'static str> {
        let requests = match self.requests {
            Some(requests) => requests.into_iter().map(RawRequest::into_request).collect::<Result<_, _>>()?,
            None if self.request_hex.0.len() < HEADER_LEN => Vec::new(),
            None => vec![self.request.into_request()?],
        };
        let session = match self.session {
            Some(name) => Some(SessionStep {
                name,
                step: self.step.ok_or("a session without step")?,
                steps: self.steps.ok_or("a session without steps")?,
            }),
            None => None,
        };
        let client = match self.client {
            Some(command) => Some(Client {
                command,
                output: self.client_output.ok_or("a client without output")?,
                exit: self.client_exit.ok_or("a client without exit status")?,
            }),
            None => None,
        };
        let server_crashed = match (self.server_crashed, self.server_signal) {
            (true, Some(signal)) => Some(signal),
            (false, None) => None,
            _ => return Err("server_crashed and server_signal go together"),
        };
        let forwarded = match self.forwarded {
            Some(forwarded) => Some(
                forwarded
                    .into_iter()
                    .map(|raw| {
                        Ok(Forwarded { bytes: raw.request_hex.0, request: raw.request.into_request()? })
                    })
                    .collect::<Result<_, &'static str>>()?,
            ),
            None => None,
        };
        Ok(Vector {
            name: self.name,
            file,
            note: self.note,
            kind: self.kind,
            setup: self.setup,
            request: self.request_hex.0,
            reply: self.reply_hex.0,
            requests,
            replies: self.replies.into_iter().map(RawReply::into_reply).collect(),
            closed_by_server: self.closed_by_server,
            close_kind: self.close_kind,
            session,
            frame_ms: self.frame_ms,
            close_ms: self.close_ms,
            volatile: self.volatile,
            reply_is_synthetic: self.reply_is_synthetic,
            server_crashed,
            sent_in_pieces: self.sent_in_pieces,
            server_token: self.server_token.map(Hex::into_token).transpose()?,
            forwarded,
            client,
            connection: self.connection,
            for_front_request: self.for_front_request,
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRequest {
    version: Option<i32>,
    payload: Option<i32>,
    #[serde(rename = "type")]
    message_type: Option<i32>,
    type_name: Option<String>,
    flags: Option<u32>,
    size: Option<i32>,
    offset: Option<i32>,
    payload_hex: Hex,
    payload_text: Option<String>,
    path: Option<String>,
    data_hex: Option<Hex>,
    data_text: Option<String>,
    tokens: Vec<Hex>,
}

impl RawRequest {
    fn into_request(self) -> Result<Request, &'static str> {
        Ok(Request {
            version: self.version.ok_or("a request without version")?,
            payload: self.payload.ok_or("a request without payload")?,
            message_type: self.message_type.ok_or("a request without type")?,
            type_name: self.type_name,
            flags: self.flags.ok_or("a request without flags")?,
            size: self.size.ok_or("a request without size")?,
            offset: self.offset.ok_or("a request without offset")?,
            payload_bytes: self.payload_hex.0,
            payload_text: self.payload_text,
            path: self.path,
            data: self.data_hex.ok_or("a request without data_hex")?.0,
            data_text: self.data_text,
            tokens: self.tokens.into_iter().map(Hex::into_token).collect::<Result<_, _>>()?,
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawReply {
    version: i32,
    payload: i32,
    ret: i32,
    flags: u32,
    size: i32,
    offset: i32,
    payload_hex: Hex,
    payload_text: Option<String>,
}

impl RawReply {
    fn into_reply(self) -> Reply {
        Reply {
            version: self.version,
            payload: self.payload,
            ret: self.ret,
            flags: self.flags,
            size: self.size,
            offset: self.offset,
            payload_bytes: self.payload_hex.0,
            payload_text: self.payload_text,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawForwarded {
    request_hex: Hex,
    request: RawRequest,
}

/// Bytes, written in the file as hex digits.
#[derive(Debug)]
struct Hex(Vec<u8>);

impl Hex {
    fn into_token(self) -> Result<[u8; 16], &'static str> {
        self.0.try_into().map_err(|_| "a token that is not 16 bytes long")
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&str>::deserialize(deserializer)?;
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
            return Err(de::Error::custom("an odd number of hex digits"));
        };
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let byte = |&[high, low]: &[u8; 2]| Some(digit(high)? << 4 | digit(low)?);
        let bytes: Option<Vec<u8>> = pairs.iter().map(byte).collect();
        bytes.map(Self).ok_or_else(|| de::Error::custom("not a hex digit"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_vector_has_a_name_of_its_own() {
        let names: HashSet<_> = all().iter().map(|vector| &vector.name).collect();
        assert_eq!(names.len(), COUNT);
        assert_eq!(FILES.iter().map(|file| in_file(file).count()).sum::<usize>(), COUNT);
    }

    #[test]
    fn every_file_in_the_folder_is_read() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let stem = path.file_stem().unwrap().to_str().unwrap();
                assert!(stem == "return_codes" || FILES.contains(&stem), "{stem}.json is not read");
            }
        }
    }

    #[test]
    fn decoded_replies_are_the_bytes_of_the_reply() {
        for vector in all() {
            let bytes: Vec<u8> = vector.replies.iter().flat_map(Reply::to_bytes).collect();
            assert_eq!(bytes, vector.reply, "{}", vector.name);
        }
    }

    #[test]
    fn decoded_requests_are_the_bytes_of_the_request() {
        for vector in all() {
            let bytes: Vec<u8> = vector.requests.iter().flat_map(Request::to_bytes).collect();
            assert!(vector.request.starts_with(&bytes), "{}", vector.name);
            if vector.kind != "malformed" && vector.kind != "timeout" {
                assert!(vector.request_is_whole(), "{}", vector.name);
            }
            for forwarded in vector.forwarded.iter().flatten() {
                assert_eq!(forwarded.request.to_bytes(), forwarded.bytes, "{}", vector.name);
            }
        }
    }

    #[test]
    fn sessions_have_their_steps_in_order() {
        let sessions = sessions();
        assert_eq!(sessions.iter().map(|session| session.steps.len()).sum::<usize>(), 57);
        let mixed = sessions.iter().find(|session| session.name == "persistent_mixed").unwrap();
        assert_eq!(mixed.steps.len(), 8);
        assert!(mixed.steps[7].closed_by_server);
    }

    #[test]
    fn return_codes_count_down_from_zero() {
        for (number, code) in (0..).zip(return_codes()) {
            assert_eq!((code.code, code.wire_ret), (number, -number));
            assert!(!code.text.is_empty());
        }
    }

    #[test]
    #[should_panic(expected = "no vector has the name")]
    fn an_unknown_name_is_a_panic() {
        let _ = named("no_such_exchange");
    }
}
