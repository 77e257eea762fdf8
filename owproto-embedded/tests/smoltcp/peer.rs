//! A scripted peer on a TCP socket of smoltcp: a server that listens on the far machine, or a client that connects from
//! the near one.

use std::collections::VecDeque;

use owproto_tests::peer::{Output, Script, ScriptRun};
use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp::{Socket, State};
use smoltcp::time::{Duration, Instant};

use crate::world::{Host, World, server_endpoint};

/// Bytes of each buffer of a server's socket.
const SERVER_BUFFER: usize = 4096;

/// How a connection has ended, seen from the peer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    /// The other side sent FIN.
    Closed,
    /// It was reset, or refused.
    Reset,
}

/// A peer.
pub(crate) struct Peer {
    handle: SocketHandle,
    role: Role,
    /// The scripts of the connections to come.
    scripts: VecDeque<Script>,
    /// The script of the connection that is awaited.
    next_script: Option<Script>,
    /// The connection that is open, or was open last.
    run: Option<ScriptRun>,
    /// The most bytes in one packet.
    most_sent: usize,
    /// How many connections there were.
    pub(crate) connections: usize,
    /// All bytes that were received.
    pub(crate) received: Vec<u8>,
    /// When the last of them arrived.
    pub(crate) last_received: Instant,
    /// How the last connection ended, and when.
    pub(crate) ended: Option<(Instant, Ending)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Listens for one connection after the other, one for each script.
    Server,
    /// Connects once, from this port.
    Client(u16),
}

impl Peer {
    /// A server that accepts one connection after the other, with a script for each, and then no longer listens.
    pub(crate) fn server(world: &mut World, scripts: impl IntoIterator<Item = Script>) -> Self {
        let handle = world.far.socket(SERVER_BUFFER);
        Self::new(handle, Role::Server, scripts.into_iter().collect())
    }

    /// A client that connects and follows a script. Its socket has buffers of this size.
    pub(crate) fn client(world: &mut World, buffer: usize, script: Script) -> Self {
        let handle = world.near.socket(buffer);
        let port = 50_000 + u16::try_from(world.near.sockets.iter().count()).unwrap();
        Self::new(handle, Role::Client(port), VecDeque::from([script]))
    }

    fn new(handle: SocketHandle, role: Role, scripts: VecDeque<Script>) -> Self {
        Self {
            handle,
            role,
            scripts,
            next_script: None,
            run: None,
            most_sent: usize::MAX,
            connections: 0,
            received: Vec::new(),
            last_received: Instant::ZERO,
            ended: None,
        }
    }

    /// Limits the bytes in one packet.
    pub(crate) fn in_pieces(mut self, most_sent: usize) -> Self {
        self.most_sent = most_sent;
        self
    }

    /// Resets the connection of a server without sending a packet for it to the other side.
    pub(crate) fn forget(&mut self, world: &mut World) {
        world.far.tcp(self.handle).abort();
    }

    /// Sends something that is not in the script.
    pub(crate) fn send_unscripted(&mut self, output: Output, now: Instant) {
        self.run.as_mut().expect("it is connected").send_unscripted(output, micros(now));
    }

    /// Bytes that wait for room in the socket.
    pub(crate) fn unsent(&self) -> usize {
        self.run.as_ref().map_or(0, ScriptRun::unsent)
    }

    /// Its program.
    pub(crate) fn run(&mut self, host: &mut Host, now: Instant) -> Option<Instant> {
        let Host { interface, sockets, .. } = host;
        let socket = sockets.get_mut::<Socket<'_>>(self.handle);
        if !socket.is_open()
            && let Some(script) = self.scripts.pop_front()
        {
            (self.run, self.next_script) = (None, Some(script));
            socket.set_nagle_enabled(false);
            socket.set_ack_delay(None);
            match self.role {
                Role::Server => socket.listen(4304).unwrap(),
                Role::Client(port) => socket.connect(interface.context(), server_endpoint(), port).unwrap(),
            }
        }
        if socket.may_send()
            && let Some(script) = self.next_script.take()
        {
            self.connections += 1;
            self.run = Some(ScriptRun::new(&script, micros(now)));
        }
        let next = self.follow_script(socket, now);
        if self.ended.is_none() && self.role != Role::Server {
            let ending = match socket.state() {
                State::CloseWait if !socket.can_recv() => Some(Ending::Closed),
                State::Closing | State::TimeWait | State::LastAck => Some(Ending::Closed),
                State::Closed => Some(Ending::Reset),
                _ => None,
            };
            self.ended = ending.map(|ending| (now, ending));
        }
        next
    }

    /// Receives and sends what the script wants. Returns when to call it again, if nothing else happens.
    fn follow_script(&mut self, socket: &mut Socket<'_>, now: Instant) -> Option<Instant> {
        let run = self.run.as_mut()?;
        loop {
            let next = run.next_time(micros(now));
            if run.wants_input() && socket.can_recv() {
                let bytes = socket.recv(|bytes| (bytes.len(), bytes.to_vec())).unwrap();
                self.received.extend_from_slice(&bytes);
                self.last_received = now;
                run.receive(&bytes, micros(now));
                if let Some(failure) = run.failure() {
                    panic!("the peer could not follow its script: {failure}");
                }
                continue;
            }
            if !socket.may_recv() && self.role != Role::Server && run.wants_input() {
                run.receive_end(micros(now));
                continue;
            }
            let Some(at) = next else {
                // A server has nothing to tell a client that has closed.
                if self.role == Role::Server && socket.state() == State::CloseWait {
                    socket.close();
                }
                return None;
            };
            if at > micros(now) {
                return Some(Instant::from_micros(i64::try_from(at).unwrap()));
            }
            let room = socket.send_capacity() - socket.send_queue();
            if room == 0 {
                return None;
            }
            match run.take(room.min(self.most_sent), micros(now))? {
                Output::Bytes(bytes) => {
                    // The socket may be closed.
                    let _ = socket.send_slice(&bytes);
                    if self.most_sent < usize::MAX {
                        // The next piece goes into a packet of its own.
                        return Some(now + Duration::from_micros(10));
                    }
                }
                Output::Finish | Output::Close => socket.close(),
                Output::Reset => socket.abort(),
            }
        }
    }
}

fn micros(now: Instant) -> u64 {
    u64::try_from(now.total_micros()).unwrap()
}
