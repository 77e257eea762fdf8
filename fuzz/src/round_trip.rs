//! What one side encodes, the other side decodes: requests and replies as bytes, and a request with its answer through a
//! connection at each end.

use owproto_core::client;
use owproto_core::message::{MAX_BODY_LEN, MAX_PATH_LEN};
use owproto_core::server::{self, Answer, BufferFull, LastFrame, Persistence, ReplyHeader, Step};
use owproto_core::text::RomId;
use owproto_core::time::Instant;
use owproto_core::wire::{DirectoryFlags, Flags, HEADER_LEN, Header, MessageType, Token, Tokens, Version};
use owproto_core::{
    Reply, ReplyEvent, ReplyParser, Request, RequestError, RequestEvent, RequestParser, ReturnCode,
};

use crate::Input;

/// Operations: one byte of input, followed by arguments.
pub(crate) mod op {
    /// A request that is encoded and parsed, see [`super::request`].
    pub(crate) const REQUEST: u8 = 0;
    /// Five words (without the payload word), the length of the payload in one byte, the payload.
    pub(crate) const REPLY: u8 = 1;
    /// A request, the size of the transmit buffer in one byte, a byte of switches, and the answer of the server.
    pub(crate) const CONVERSATION: u8 = 2;
    pub(crate) const COUNT: u8 = 3;
}

const TOKENS: [Token; 3] = [[0; 16], [7; 16], [0xff; 16]];

/// Input: operations, see [`op`].
pub fn check(data: &[u8]) {
    let mut input = Input(data);
    while !input.0.is_empty() {
        match input.byte() % op::COUNT {
            op::REQUEST => drop(request(&mut input).map(request_survives)),
            op::REPLY => reply_survives(&mut input),
            _ => {
                let Some(request) = request(&mut input) else { continue };
                conversation(&request, &mut input);
            }
        }
    }
}

/// A request from input: message type (one byte), flags, size, offset (four bytes each), number of tokens, length of the
/// path, length of the data, path, data. A size or offset out of range leaves the default.
fn request<'a>(input: &mut Input<'a>) -> Option<Request<'a>> {
    let which = MessageType(i32::from(input.byte() % 12));
    let (flags, size, offset) = (Flags(input.long()), input.long(), input.long());
    let tokens = &TOKENS[..usize::from(input.byte()) % (TOKENS.len() + 1)];
    let (path_len, data_len) = (usize::from(input.byte()), usize::from(input.byte()));
    let (path, data) = (input.take(path_len), input.take(data_len));
    let built = match which {
        MessageType::NOP => Ok(Request::nop()),
        MessageType::READ => Request::read(path),
        MessageType::WRITE => Request::write(path, data),
        MessageType::DIR => Request::dir(path),
        MessageType::PRESENCE => Request::presence(path),
        MessageType::DIRALL => Request::dirall(path),
        MessageType::GET => Request::get(path),
        MessageType::DIRALLSLASH => Request::dirallslash(path),
        MessageType::GETSLASH => Request::getslash(path),
        other => Request::raw(other, path),
    };
    let request = match built {
        Ok(request) => request,
        Err(RequestError::PathContainsNul { at }) => {
            assert!(path[at] == 0 && !path[..at].contains(&0));
            return None;
        }
        Err(error) => panic!("{error}"),
    };
    let mut request = request.with_flags(flags);
    match request.with_size(size) {
        Ok(sized) => request = sized,
        Err(error) => assert_eq!(error, RequestError::SizeOutOfRange { size }),
    }
    match request.with_offset(offset) {
        Ok(moved) => request = moved,
        Err(error) => assert_eq!(error, RequestError::OffsetOutOfRange { offset }),
    }
    Some(request.with_tokens(Tokens::new(tokens).unwrap()).unwrap())
}

fn encoded(request: &Request<'_>) -> Vec<u8> {
    let mut bytes = vec![0xa5; request.encoded_len()];
    assert_eq!(request.encode(&mut bytes).map(<[u8]>::len), Ok(request.encoded_len()));
    assert_eq!(request.parts(&mut [0xa5; HEADER_LEN]).concat(), bytes);
    bytes
}

fn request_survives(request: Request<'_>) {
    let bytes = encoded(&request);
    // A byte less is an error, and nothing is written.
    let mut small = vec![0xa5; bytes.len() - 1];
    let error = RequestError::BufferTooSmall { needed: bytes.len(), available: bytes.len() - 1 };
    assert_eq!(request.encode(&mut small), Err(error));
    assert!(small.iter().all(|&byte| byte == 0xa5));

    let mut parser = RequestParser::new([0; MAX_PATH_LEN]);
    let mut input = &bytes[..];
    let Ok(RequestEvent::Request(frame)) = parser.parse(&mut input) else {
        panic!("{request:?} is not parsed")
    };
    assert!(input.is_empty());
    assert_eq!(frame.header, request.header());
    assert_eq!(frame.message_type(), request.message_type());
    assert_eq!(frame.tokens, request.tokens());
    assert!(frame.payload.starts_with(request.path()));
    assert!(frame.payload.ends_with(request.data()));
    if !is_raw(&request) {
        assert_eq!(frame.path(), Some(request.path()));
        assert_eq!(frame.data(), Some(request.data()));
    }
    assert_eq!(encoded(&frame.to_request().expect("a parsed request can be forwarded")), bytes);
}

fn is_raw(request: &Request<'_>) -> bool {
    !matches!(request.message_type().0, 1..=4 | 6..=10)
}

fn reply_survives(input: &mut Input<'_>) {
    let version = Version(input.long().cast_signed());
    let (code, flags) = (input.long().cast_signed(), Flags(input.long()));
    let (size, offset) = (input.long().cast_signed(), input.long().cast_signed());
    let len = usize::from(input.byte());
    let payload = input.take(len);
    let header =
        Header { version, payload: i32::try_from(payload.len()).unwrap(), code, flags, size, offset };
    let bytes = [&header.to_bytes()[..], payload].concat();
    let mut parser = ReplyParser::new([0; 255]).with_any_version();
    let mut rest = &bytes[..];
    let Ok(ReplyEvent::Reply(reply)) = parser.parse(&mut rest) else { panic!("{header:?} is not parsed") };
    assert!(rest.is_empty());
    assert_eq!(reply, Reply::new(header, payload));
    assert_eq!((reply.ret(), reply.size(), reply.offset(), reply.flags()), (code, size, offset, flags));
    assert!(reply.payload() == payload && payload.starts_with(reply.data()));
    assert_eq!(reply.into_result().is_err(), code < 0);
}

/// The answer of a server's program.
enum Said {
    Error(ReturnCode),
    Success,
    Written(usize),
    Value(Vec<u8>, i32),
    Presence(Option<RomId>),
    /// Entries one by one, and the flags in the last frame.
    Entries(Vec<Vec<u8>>, DirectoryFlags),
    /// The same as one list.
    List(Vec<Vec<u8>>, DirectoryFlags),
}

impl Said {
    /// A valid answer to a request of this message type.
    fn to(message_type: MessageType, input: &mut Input<'_>) -> Self {
        let kind = input.byte();
        match message_type {
            _ if kind & 3 == 0 => Self::Error(ReturnCode::from_code(u32::from(input.byte()) + 1)),
            MessageType::DIR => Self::Entries(entries(input), DirectoryFlags(input.long())),
            MessageType::DIRALL | MessageType::DIRALLSLASH => {
                Self::List(entries(input), DirectoryFlags(input.long()))
            }
            MessageType::WRITE => Self::Written(input.word()),
            MessageType::PRESENCE => {
                let id: Option<[u8; 6]> = input.take(6).try_into().ok();
                Self::Presence(id.map(|id| RomId::new(kind, id)))
            }
            _ if kind & 3 == 1 => Self::Success,
            _ => {
                let offset = input.long().cast_signed();
                let len = usize::from(input.byte());
                Self::Value(input.take(len).to_vec(), offset)
            }
        }
    }

    /// The header and payload of the reply that ends it.
    fn last(&self) -> (ReplyHeader, Vec<u8>) {
        let head = ReplyHeader::default();
        match self {
            Self::Error(code) => (ReplyHeader { ret: code.to_ret(), ..head }, Vec::new()),
            Self::Success => (head, Vec::new()),
            Self::Written(bytes) => {
                (ReplyHeader { size: i32::try_from(*bytes).unwrap(), ..head }, Vec::new())
            }
            Self::Value(value, offset) => {
                let len = i32::try_from(value.len()).unwrap();
                let offset = if len == 0 { 0 } else { *offset };
                (ReplyHeader { payload: value.len(), ret: len, size: len, offset }, value.clone())
            }
            Self::Presence(device) => {
                let bytes = device.map_or([0; 8], RomId::to_bytes);
                (ReplyHeader { payload: 8, ..head }, bytes.to_vec())
            }
            Self::Entries(_, flags) => (ReplyHeader { offset: flags.0.cast_signed(), ..head }, Vec::new()),
            Self::List(entries, flags) => {
                let mut list = entries.join(&b","[..]);
                let size = i32::try_from(list.len()).unwrap();
                if size > 0 {
                    list.push(0);
                }
                (ReplyHeader { payload: list.len(), size, offset: flags.0.cast_signed(), ret: 0 }, list)
            }
        }
    }

    fn entries(&self) -> &[Vec<u8>] {
        match self {
            Self::Entries(entries, _) | Self::List(entries, _) => entries,
            _ => &[],
        }
    }
}

/// Absolute paths that can be separated in a comma list.
fn entries(input: &mut Input<'_>) -> Vec<Vec<u8>> {
    let count = input.byte() % 8;
    let mut entry = || {
        let len = usize::from(input.byte() % 40);
        let name = input.take(len).iter().map(|&byte| if matches!(byte, 0 | b'/') { b',' } else { byte });
        [b'/'].into_iter().chain(name).chain([b'x']).collect()
    };
    (0..count).map(|_| entry()).collect()
}

/// The progress of a server's program with its answer.
#[derive(Default)]
struct Progress {
    entries: usize,
    /// The frame in progress, and how much of it was pushed.
    begun: Option<(Vec<u8>, usize)>,
}

impl Progress {
    /// Continues as far as there is room.
    fn go_on(&mut self, said: &Said, answer: &mut Answer<'_, Vec<u8>>) -> Result<(), BufferFull> {
        while !answer.is_complete() {
            if let Some((payload, pushed)) = &mut self.begun {
                *pushed += answer.push(&payload[*pushed..]);
                if *pushed < payload.len() {
                    return Ok(());
                }
                self.begun = None;
                continue;
            }
            match said {
                Said::Entries(entries, flags) => {
                    let Some(entry) = entries.get(self.entries) else {
                        answer.end_of_entries(*flags)?;
                        continue;
                    };
                    if HEADER_LEN + entry.len() < answer.capacity() {
                        answer.entry(entry)?;
                    } else {
                        let size = i32::try_from(entry.len()).unwrap();
                        answer.begin(
                            ReplyHeader { payload: entry.len() + 1, size, ..ReplyHeader::default() },
                            LastFrame::No,
                        )?;
                        self.begun = Some(([entry, &b"\0"[..]].concat(), 0));
                    }
                    self.entries += 1;
                }
                Said::Error(code) => answer.error(*code)?,
                Said::Success => answer.success()?,
                Said::Written(bytes) => answer.written(*bytes)?,
                Said::Value(value, offset) if HEADER_LEN + value.len() <= answer.capacity() => {
                    answer.value(value, *offset)?;
                }
                Said::Presence(device) if HEADER_LEN + 8 <= answer.capacity() => answer.presence(*device)?,
                Said::Value(..) | Said::List(..) | Said::Presence(_) => {
                    let (head, payload) = said.last();
                    answer.begin(head, LastFrame::Yes)?;
                    self.begun = Some((payload, 0));
                }
            }
        }
        Ok(())
    }
}

fn conversation(request: &Request<'_>, input: &mut Input<'_>) {
    let room = HEADER_LEN + usize::from(input.byte());
    let switches = input.byte();
    let said = Said::to(request.message_type(), input);
    let now = Instant::ZERO;
    let mut client: client::Connection<_, _> = client::Connection::new(Vec::new(), Vec::new());
    let mut server = server::Connection::new(Vec::new(), Vec::new()).with_transmit_limit(room);
    let persistence = if switches & 1 == 0 { Persistence::Grant } else { Persistence::Refuse };
    server.set_persistence(persistence);

    let id = client.request(request, now).unwrap();
    let mut asked = client.poll_transmit().to_vec();
    client.handle_transmitted(asked.len(), now);
    if request.message_type() == MessageType::WRITE && asked.len() > MAX_BODY_LEN {
        return;
    }
    let mut bytes = &asked[..];
    assert_eq!(server.handle_input(&mut bytes, now), server::Event::Request);
    assert!(bytes.is_empty());
    let frame = server.request().unwrap();
    assert_eq!(frame.header, request.header());
    asked.drain(..HEADER_LEN);
    assert_eq!([frame.payload, frame.tokens.as_bytes()].concat(), asked);

    let mut progress = Progress::default();
    let mut entries = Vec::new();
    let mut reply = None;
    loop {
        match server.step() {
            Step::Answer => {
                let (_, mut answer) = server.answer(now).unwrap();
                let is_stuck = progress.go_on(&said, &mut answer).is_err();
                assert!(!is_stuck || server.step() == Step::Write, "no room, and nothing to send");
            }
            Step::Write => {
                let piece = server.poll_transmit();
                assert!(piece.len() <= room);
                let mut bytes = piece;
                loop {
                    match client.handle_input(&mut bytes, now) {
                        Ok(client::Event::NeedMore(_)) => break,
                        Ok(client::Event::Keepalive) => panic!("a keepalive without a slow server"),
                        Ok(client::Event::Entries(of, some)) => {
                            assert!(of == id && reply.is_none());
                            entries.extend(some.map(<[u8]>::to_vec));
                        }
                        Ok(client::Event::Reply(of, last)) => {
                            assert!(of == id && reply.is_none() && bytes.is_empty());
                            reply = Some((last.header(), last.payload().to_vec()));
                            break;
                        }
                        Err(error) => panic!("{error}"),
                    }
                }
                let len = piece.len();
                server.handle_transmitted(len, now);
            }
            Step::Read | Step::Close => break,
        }
    }
    let (header, payload) = reply.expect("an answer ends with a reply");
    assert_eq!(entries, said.entries());
    let (head, expected) = said.last();
    let is_list = matches!(said, Said::List(..));
    assert_eq!(payload, if is_list { Vec::new() } else { expected });
    assert_eq!(header.payload_len(), Some(head.payload));
    assert_eq!((header.code, header.size, header.offset), (head.ret, head.size, head.offset));
    let asks = request.flags().contains(Flags::PERSISTENCE);
    let granted = asks && persistence == Persistence::Grant;
    assert_eq!(header.flags.without(Flags::PERSISTENCE), request.flags().without(Flags::PERSISTENCE));
    assert_eq!(header.flags.contains(Flags::PERSISTENCE), granted);
    // Both ends agree whether the connection persists.
    assert_eq!(client.is_reusable(), granted);
    assert_eq!(server.step() == Step::Close, !granted);
}
