//! A server connection with any sequence of actions of a driver, a client, a server's program and the clock.
//!
//! One connection gets its input whole and another byte by byte. Both are compared with a model.

mod model;

use owproto_core::ReturnCode;
use owproto_core::server::{
    self, BufferFull, End, Event, Keepalives, LastFrame, Persistence, ReplyHeader, Step, Timeouts,
};
use owproto_core::text::RomId;
use owproto_core::time::{Duration, Instant};
use owproto_core::wire::{DirectoryFlags, Flags, Header, MessageType, Version};

use crate::Input;
use crate::frames::Fixed;
use model::{Model, OWN_TOKEN};

/// Operations: one byte of input, followed by arguments.
pub(crate) mod op {
    /// Length in two bytes, then bytes from the client.
    pub(crate) const BYTES: u8 = 0;
    /// A valid request: message type, flags (one byte: persistence), number of tokens and whose they are, length of the path,
    /// length of the data, path, data.
    pub(crate) const REQUEST: u8 = 1;
    /// The most received bytes that are passed to the connection; 255 is all.
    pub(crate) const DELIVER: u8 = 2;
    /// The most bytes that are sent; 255 is all.
    pub(crate) const TRANSMITTED: u8 = 3;
    /// A time in two bytes, with the unit in the lowest two bits: microseconds, milliseconds, tenths of a second, seconds.
    pub(crate) const ADVANCE: u8 = 4;
    pub(crate) const TIMEOUT: u8 = 5;
    pub(crate) const EOF: u8 = 6;
    pub(crate) const TRANSPORT_ERROR: u8 = 7;
    pub(crate) const CLOSE: u8 = 8;
    pub(crate) const RESET: u8 = 9;
    /// Whether persistence is granted from now on.
    pub(crate) const PERSISTENCE: u8 = 10;
    /// The six timeouts, in units of 100 ms.
    pub(crate) const TIMEOUTS: u8 = 11;
    /// The transmit limit.
    pub(crate) const SHRINK: u8 = 12;
    /// Payload in two bytes, the low byte of the return value, whether it is the last frame.
    pub(crate) const BEGIN: u8 = 13;
    /// Length, bytes.
    pub(crate) const PUSH: u8 = 14;
    /// Length, bytes: a value.
    pub(crate) const VALUE: u8 = 15;
    /// Length, bytes: an entry.
    pub(crate) const ENTRY: u8 = 16;
    /// Flags.
    pub(crate) const END_OF_ENTRIES: u8 = 17;
    /// A return code.
    pub(crate) const ERROR: u8 = 18;
    /// The reply to NOP, WRITE or PRESENCE.
    pub(crate) const SHORT: u8 = 19;
    pub(crate) const ABORT: u8 = 20;
    pub(crate) const COUNT: u8 = 21;
}

type Connection = server::Connection<Fixed, Fixed>;

struct World {
    whole: Connection,
    bytes: Connection,
    model: Model,
    /// Bytes that the client has sent and that were not passed to the connection.
    waiting: Vec<u8>,
    now: Instant,
}

/// Input: bytes of storage for sending, for requests (in units of 4), a byte of switches, then operations, see [`op`].
pub fn check(data: &[u8]) {
    let mut input = Input(data);
    let (transmit, receive) = (usize::from(input.byte()), usize::from(input.byte()) * 4);
    let switches = input.byte();
    let now = Instant::from_millis(1);
    let keepalives = if switches & 1 == 0 { Keepalives::WhenSlow } else { Keepalives::BeforeEveryAnswer };
    let limit = if switches & 2 == 0 { usize::MAX } else { 64 };
    let connection = || {
        Connection::new(Fixed::new(transmit), Fixed::new(receive))
            .accepted_at(now)
            .with_keepalives(keepalives)
            .with_transmit_limit(limit)
            .with_body_limit(2000)
            .with_token(OWN_TOKEN)
    };
    let model = Model::new(transmit.min(limit), receive, 2000, keepalives, now);
    let mut world = World { whole: connection(), bytes: connection(), model, waiting: Vec::new(), now };
    while !input.0.is_empty() {
        world.operate(&mut input);
        world.invariants();
    }
}

impl World {
    fn operate(&mut self, input: &mut Input<'_>) {
        match input.byte() % op::COUNT {
            op::BYTES => {
                let len = input.word();
                self.waiting.extend_from_slice(input.take(len));
            }
            op::REQUEST => self.waiting.extend(request(input)),
            op::DELIVER => {
                let most = at_most(input.byte());
                self.deliver(most);
            }
            op::TRANSMITTED => {
                let most = at_most(input.byte());
                let sent = most.min(self.whole.poll_transmit().len());
                self.whole.handle_transmitted(sent, self.now);
                self.bytes.handle_transmitted(sent, self.now);
                self.model.transmitted(sent, self.now);
            }
            op::ADVANCE => {
                let span = u64::try_from(input.word()).unwrap();
                let micros = [1, 1000, 100_000, 1_000_000][usize::try_from(span & 3).unwrap()];
                self.now += Duration::from_micros((span >> 2) * micros);
            }
            op::TIMEOUT => {
                let told = self.whole.handle_timeout(self.now);
                assert_eq!(self.bytes.handle_timeout(self.now), told);
                assert_eq!(told, self.model.timeout(self.now));
            }
            op::EOF => {
                self.both(Connection::handle_eof);
                self.model.eof();
            }
            op::TRANSPORT_ERROR => {
                self.both(Connection::handle_transport_error);
                self.model.end_with(End::TransportFailed);
            }
            op::CLOSE => {
                self.both(Connection::close);
                self.model.close();
            }
            op::RESET => {
                let now = self.now;
                self.both(|connection| connection.reset(now));
                self.model.reset(now);
                self.waiting.clear();
            }
            op::PERSISTENCE => {
                let persistence =
                    if input.byte() & 1 == 0 { Persistence::Grant } else { Persistence::Refuse };
                self.both(|connection| connection.set_persistence(persistence));
                self.model.persistence = persistence;
            }
            op::TIMEOUTS => {
                let mut tenths = || Duration::from_millis(u64::from(input.byte()) * 100);
                let timeouts = Timeouts::DEFAULT
                    .with_request(tenths())
                    .with_request_total(tenths())
                    .with_idle_low(tenths())
                    .with_idle_high(tenths())
                    .with_send(tenths())
                    .with_send_total(tenths())
                    .with_keepalive(tenths());
                self.both(|connection| connection.set_timeouts(timeouts));
                self.model.timeouts = timeouts;
            }
            op::SHRINK => {
                let keep = usize::from(input.byte());
                self.both(|connection| connection.shrink(keep));
            }
            answer => self.answer(answer, input),
        }
    }

    fn both(&mut self, mut act: impl FnMut(&mut Connection)) {
        act(&mut self.whole);
        act(&mut self.bytes);
    }

    /// Passes at most this number of bytes to the connections: in one piece, and byte by byte until an event. After the end of
    /// the client's stream a driver passes all that is left, since the connection treats an incomplete request as the end.
    fn deliver(&mut self, most: usize) {
        let half_closed = self.model.half_closed;
        let most = if half_closed { usize::MAX } else { most };
        let given = &self.waiting[..most.min(self.waiting.len())];
        let mut rest = given;
        let event = self.whole.handle_input(&mut rest, self.now);
        let used = given.len() - rest.len();
        let mut by_byte = (Event::NeedMore(0), 0);
        let pieces: Box<dyn Iterator<Item = &[u8]>> = match given {
            _ if half_closed || given.is_empty() => Box::new([given].into_iter()),
            _ => Box::new(given.chunks(1)),
        };
        for mut piece in pieces {
            let len = piece.len();
            by_byte = (self.bytes.handle_input(&mut piece, self.now), by_byte.1 + len - piece.len());
            if !matches!(by_byte.0, Event::NeedMore(_)) {
                break;
            }
        }
        assert_eq!(by_byte, (event, used), "byte by byte");
        let expected = self.model.input(given, self.now);
        assert_eq!((event, used), expected);
        self.waiting.drain(..used);
    }

    /// One step of an answer, with both connections.
    fn answer(&mut self, operation: u8, input: &mut Input<'_>) {
        let (first, second) = (input.byte(), input.byte());
        let bytes = match operation {
            op::PUSH | op::VALUE | op::ENTRY => input.take(first.into()),
            _ => &[],
        };
        let code = ReturnCode::from_code(u32::from(first) + 1);
        let presence = RomId::new(first, [second; 6]);
        let head = ReplyHeader {
            payload: usize::from(first) << 8 | usize::from(second),
            ret: i32::from(first.cast_signed()),
            size: i32::from(second),
            offset: 7,
        };
        let last = if second & 1 == 0 { LastFrame::Yes } else { LastFrame::No };
        let now = self.now;
        let act = |connection: &mut Connection| -> Option<Done> {
            let (_, mut answer) = connection.answer(now)?;
            let room = answer.room();
            let done = match operation {
                op::BEGIN => answer.begin(head, last),
                op::PUSH => {
                    let pushed = answer.push(bytes);
                    return Some((Ok(pushed), room));
                }
                op::VALUE => answer.value(bytes, 7),
                op::ENTRY => answer.entry(bytes),
                op::END_OF_ENTRIES => answer.end_of_entries(DirectoryFlags(first.into())),
                op::ERROR => answer.error(code),
                op::SHORT if first < 80 => answer.success(),
                op::SHORT if first < 160 => answer.written(first.into()),
                op::SHORT => answer.presence(Some(presence)),
                _ => {
                    answer.abort();
                    Ok(())
                }
            };
            Some((done.map(|()| 0), room))
        };
        let done = act(&mut self.whole);
        assert_eq!(act(&mut self.bytes), done);
        let Some((done, room)) = done else {
            assert!(!self.model.is_working());
            return;
        };
        assert!(self.model.is_working());
        assert_eq!(room, self.model.room());
        let frame = |head: ReplyHeader, last, payload: &[u8]| (head, last, payload.to_vec());
        let (head, last, payload) = match operation {
            op::PUSH => return assert_eq!(done, Ok(self.model.push(bytes, now))),
            op::ABORT => return self.model.end_with(End::AnswerAborted),
            op::BEGIN => frame(head, last, b""),
            op::VALUE => {
                let len = i32::try_from(bytes.len()).unwrap();
                let offset = if len == 0 { 0 } else { 7 };
                frame(
                    ReplyHeader { payload: bytes.len(), ret: len, size: len, offset },
                    LastFrame::Yes,
                    bytes,
                )
            }
            op::ENTRY => {
                let size = i32::try_from(bytes.len()).unwrap();
                let head = ReplyHeader { payload: bytes.len() + 1, ret: 0, size, offset: 0 };
                frame(head, LastFrame::No, &[bytes, b"\0"].concat())
            }
            op::END_OF_ENTRIES => {
                frame(ReplyHeader { offset: first.into(), ..ReplyHeader::default() }, LastFrame::Yes, b"")
            }
            op::ERROR => frame(
                ReplyHeader { ret: -i32::from(first) - 1, ..ReplyHeader::default() },
                LastFrame::Yes,
                b"",
            ),
            op::SHORT if first < 80 => frame(ReplyHeader::default(), LastFrame::Yes, b""),
            op::SHORT if first < 160 => {
                frame(ReplyHeader { size: first.into(), ..ReplyHeader::default() }, LastFrame::Yes, b"")
            }
            _ => frame(
                ReplyHeader { payload: 8, ..ReplyHeader::default() },
                LastFrame::Yes,
                &presence.to_bytes(),
            ),
        };
        let has_to_fit = operation == op::VALUE || !payload.is_empty();
        assert_eq!(done.is_ok(), self.model.frame((head, last, &payload), has_to_fit, now), "{done:?}");
    }

    /// Checks what must hold after every operation.
    fn invariants(&self) {
        let model = &self.model;
        for connection in [&self.whole, &self.bytes] {
            assert_eq!(connection.end(), model.end());
            assert_eq!(connection.step(), model.step());
            assert_eq!(connection.poll_transmit(), model.unsent());
            assert_eq!(connection.poll_timeout(), model.due());
            assert_eq!(connection.is_persistent(), model.kept);
            assert_eq!(connection.is_half_closed(), model.half_closed);
            assert_eq!(connection.request().is_some(), model.is_working());
            if let Some(request) = connection.request() {
                assert_eq!(request.header, model.request.0);
                assert_eq!([request.payload, request.tokens.as_bytes()].concat(), model.stored_body());
                assert_eq!(
                    connection.requests_persistence(),
                    request.header.flags.contains(Flags::PERSISTENCE)
                );
            }
            assert!(connection.step() != Step::Close || connection.poll_transmit().is_empty());
        }
    }
}

/// The result of a step of an answer, and the room before it.
type Done = (Result<usize, BufferFull>, usize);

fn at_most(byte: u8) -> usize {
    if byte == u8::MAX { usize::MAX } else { byte.into() }
}

/// The bytes of a valid request, see [`op::REQUEST`].
fn request(input: &mut Input<'_>) -> Vec<u8> {
    let code = i32::from(input.byte() % 12);
    let flags = if input.byte() & 1 == 0 { Flags::PERSISTENCE } else { Flags::NONE };
    let tokens = input.byte();
    let (path_len, data_len) = (usize::from(input.byte()), usize::from(input.byte()));
    let (path, data) = (input.take(path_len), input.take(data_len));
    let payload = [path, b"\0", data].concat();
    let size = i32::try_from(data.len()).unwrap();
    // Sometimes the server's own token, or the token that owserver makes of it.
    let own = match tokens >> 4 {
        1 => OWN_TOKEN,
        2 => [&[0], &OWN_TOKEN[1..]].concat().try_into().unwrap(),
        _ => [9; 16],
    };
    let tokens: Vec<[u8; 16]> = (0..tokens & 3).map(|n| if n == 1 { own } else { [n; 16] }).collect();
    let version = match tokens.len() {
        0 => Version::PLAIN,
        count => Version::with_tokens(u16::try_from(count).unwrap()),
    };
    let payload_len = i32::try_from(payload.len()).unwrap();
    let size = if code == MessageType::WRITE.0 { size } else { 100 };
    let header = Header { version, payload: payload_len, code, flags, size, offset: 0 };
    [&header.to_bytes()[..], &payload, &tokens.concat()].concat()
}

#[cfg(test)]
mod tests {
    /// Found by the fuzzer: the answer to PRESENCE was continued within another frame.
    #[test]
    fn presence_is_no_part_of_another_frame() {
        super::check(
            b"\xffd\x00\x00\x00@\x00\x00\xae\x00\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x01\x00\xffd\x00\x00\
            \x00\x0a\x00\x00\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00\x00\x00\x0f\x00\x00\
            \x00\x00/29.000029D600O0/IP5.ALL\x001,0,1,0\x80\x80\x80\x80\x80\x80\x80v\xce\x80\xce\x80\xce\xce\
            \xce\xce\xce\xce\xce\xd0\xce\xce\xce\xce\xce\xce\xce\xce\xce\xce\xce\xce\xce\xff\x00\x00\x00\x00\
            \x00\x00\x00\x02\xff\x12I\xce\xce\xce\xce\xce\xce\xce\xe9\xce\xce\xce\xce\x00\x04,1lllllllllllll\
            llllllllllllllllllllllllllllll,\x00\x07\xbe,1,0\x02\xff\x0d\x00\x00\x04\x00\x07\x03\x0a\x04\x00\
            \x07\x03\xff\x02\xff\x06\x02\x00\x09",
        );
    }
}
