//! A server on a TCP socket that answers as it is told.

use std::collections::VecDeque;

use owproto_core::wire::{Flags, Header};
use owproto_core::{RequestEvent, RequestParser};
use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp;
use smoltcp::time::{Duration, Instant};

use crate::world::{Host, World};

/// What comes after a request was received in full, each a number of milliseconds after the one before.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer(Vec<(u64, Act)>);

#[derive(Clone, Debug)]
enum Act {
    Bytes(Vec<u8>),
    /// Closes its side.
    Close,
    /// Resets the connection.
    Reset,
}

impl Answer {
    pub(crate) fn silence() -> Self {
        Self::default()
    }

    pub(crate) fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self::silence().then(0, bytes)
    }

    /// A reply that keeps the connection.
    pub(crate) fn reply(ret: i32, payload: &[u8]) -> Self {
        Self::bytes(frame(ret, payload, Flags::PERSISTENCE))
    }

    /// A reply that does not keep it, and its end.
    pub(crate) fn last_reply(ret: i32, payload: &[u8]) -> Self {
        Self::bytes(frame(ret, payload, Flags::NONE)).then_close()
    }

    pub(crate) fn then(mut self, millis: u64, bytes: impl Into<Vec<u8>>) -> Self {
        self.0.push((millis, Act::Bytes(bytes.into())));
        self
    }

    pub(crate) fn then_close(self) -> Self {
        self.then_close_after(0)
    }

    pub(crate) fn then_close_after(mut self, millis: u64) -> Self {
        self.0.push((millis, Act::Close));
        self
    }

    pub(crate) fn then_reset_after(mut self, millis: u64) -> Self {
        self.0.push((millis, Act::Reset));
        self
    }
}

/// A reply whose payload is all data.
pub(crate) fn frame(ret: i32, payload: &[u8], flags: Flags) -> Vec<u8> {
    let len = i32::try_from(payload.len()).unwrap();
    let header = Header { payload: len, code: ret, size: len, flags, ..Header::default() };
    [&header.to_bytes()[..], payload].concat()
}

pub(crate) fn keepalive() -> Vec<u8> {
    Header::KEEPALIVE.to_bytes().into()
}

/// The server. It serves one connection after the other, and then listens no more.
pub(crate) struct Peer {
    handle: SocketHandle,
    /// The answers on each connection, one for each request.
    scripts: VecDeque<Vec<Answer>>,
    answers: VecDeque<Answer>,
    requests: RequestParser<Vec<u8>>,
    acts: VecDeque<(Instant, Act)>,
    /// So many bytes are sent at once.
    pieces: usize,
    is_listening: bool,
    /// How many connections there were.
    pub(crate) connections: usize,
    /// All bytes that were received.
    pub(crate) received: Vec<u8>,
}

impl Peer {
    pub(crate) fn new(world: &mut World, scripts: impl IntoIterator<Item = Vec<Answer>>) -> Self {
        Self {
            handle: world.far.socket(4096),
            scripts: scripts.into_iter().collect(),
            answers: VecDeque::new(),
            requests: RequestParser::new(Vec::new()),
            acts: VecDeque::new(),
            pieces: usize::MAX,
            is_listening: false,
            connections: 0,
            received: Vec::new(),
        }
    }

    pub(crate) fn in_pieces(mut self, pieces: usize) -> Self {
        self.pieces = pieces;
        self
    }

    /// Gives up its connection.
    pub(crate) fn forget(&mut self, world: &mut World) {
        world.far.tcp(self.handle).abort();
    }

    /// Its program.
    pub(crate) fn run(&mut self, host: &mut Host, now: Instant) -> Option<Instant> {
        let socket = host.tcp(self.handle);
        if !socket.is_open() {
            self.is_listening = false;
            self.acts.clear();
            let script = self.scripts.pop_front()?;
            self.answers = script.into();
            socket.set_nagle_enabled(false);
            socket.set_ack_delay(None);
            socket.listen(4304).unwrap();
            self.is_listening = true;
        }
        if self.is_listening && socket.may_send() {
            self.is_listening = false;
            self.connections += 1;
            self.requests = RequestParser::new(Vec::new());
        }
        self.receive(socket, now);
        // A client that goes is let go.
        if socket.state() == tcp::State::CloseWait && self.acts.is_empty() {
            socket.close();
        }
        while let Some((at, act)) = self.acts.front_mut() {
            if *at > now {
                return Some(*at);
            }
            match act {
                Act::Bytes(bytes) => {
                    let part = bytes.len().min(self.pieces);
                    let sent = socket.send_slice(&bytes[..part]).unwrap_or(bytes.len());
                    bytes.drain(..sent);
                    if !bytes.is_empty() {
                        // The next piece in a packet of its own.
                        return (sent > 0).then(|| now + Duration::from_micros(10));
                    }
                }
                Act::Close => socket.close(),
                Act::Reset => socket.abort(),
            }
            self.acts.pop_front();
        }
        None
    }

    fn receive(&mut self, socket: &mut tcp::Socket<'_>, now: Instant) {
        while socket.can_recv() {
            let bytes = socket.recv(|bytes| (bytes.len(), bytes.to_vec())).unwrap();
            self.received.extend_from_slice(&bytes);
            let mut input = &bytes[..];
            while let Ok(RequestEvent::Request(_)) = self.requests.parse(&mut input) {
                let mut at = self.acts.back().map_or(now, |(at, _)| *at).max(now);
                for (millis, act) in self.answers.pop_front().unwrap_or_default().0 {
                    at += Duration::from_millis(millis);
                    self.acts.push_back((at, act));
                }
            }
        }
    }
}
