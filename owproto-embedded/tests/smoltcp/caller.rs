//! Clients that know bytes and nothing else.

use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp::State;
use smoltcp::time::Instant;

use crate::world::{Host, World, server_endpoint};

/// How a connection has ended, seen from the client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ended {
    /// The server closed its side.
    Closed,
    /// It was reset, or refused.
    Reset,
}

/// What the client does when it has sent everything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Then {
    /// Waits for the server to close, then closes.
    Wait,
    /// Closes its sending side.
    HalfClose,
    /// As `Wait`, but never closes.
    Linger,
    /// Resets the connection.
    Reset,
}

/// A client: sends what it has to send, and takes what comes.
pub(crate) struct Caller {
    handle: SocketHandle,
    port: u16,
    is_called: bool,
    /// What was not yet sent.
    pub(crate) to_send: Vec<u8>,
    pub(crate) then: Then,
    /// Whether it takes what comes.
    pub(crate) reads: bool,
    pub(crate) received: Vec<u8>,
    /// When the last byte came.
    pub(crate) last: Instant,
    pub(crate) ended: Option<(Instant, Ended)>,
}

impl Caller {
    /// A client with buffers of so many bytes.
    pub(crate) fn new(world: &mut World, buffer: usize, to_send: impl Into<Vec<u8>>) -> Self {
        let handle = world.near.socket(buffer);
        let port = 50_000 + u16::try_from(world.near.sockets.iter().count()).unwrap();
        Self {
            handle,
            port,
            is_called: false,
            to_send: to_send.into(),
            then: Then::Wait,
            reads: true,
            received: Vec::new(),
            last: Instant::ZERO,
            ended: None,
        }
    }

    pub(crate) fn then(mut self, then: Then) -> Self {
        self.then = then;
        self
    }

    pub(crate) fn say(&mut self, bytes: &[u8]) {
        self.to_send.extend_from_slice(bytes);
    }

    /// Its program.
    pub(crate) fn run(&mut self, host: &mut Host, now: Instant) -> Option<Instant> {
        let Host { interface, sockets, .. } = host;
        let socket = sockets.get_mut::<smoltcp::socket::tcp::Socket<'_>>(self.handle);
        if !self.is_called {
            self.is_called = true;
            socket.set_nagle_enabled(false);
            socket.set_ack_delay(None);
            socket.connect(interface.context(), server_endpoint(), self.port).unwrap();
        }
        if socket.may_send() {
            let sent = socket.send_slice(&self.to_send).unwrap();
            self.to_send.drain(..sent);
            if self.to_send.is_empty() {
                match self.then {
                    Then::HalfClose => socket.close(),
                    Then::Reset => socket.abort(),
                    Then::Wait | Then::Linger => {}
                }
            }
        }
        while self.reads && socket.can_recv() {
            self.last = now;
            socket.recv(|bytes| (bytes.len(), self.received.extend_from_slice(bytes))).unwrap();
        }
        if self.ended.is_none() {
            match socket.state() {
                State::CloseWait if !socket.can_recv() => {
                    self.ended = Some((now, Ended::Closed));
                    if self.then != Then::Linger {
                        socket.close();
                    }
                }
                State::Closing | State::TimeWait | State::LastAck => self.ended = Some((now, Ended::Closed)),
                State::Closed => self.ended = Some((now, Ended::Reset)),
                _ => {}
            }
        }
        None
    }
}
