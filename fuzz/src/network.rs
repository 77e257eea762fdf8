//! A whole client and a whole server, with a network between them that delays, cuts and splits. Virtual time jumps from one
//! event to the next.
//!
//! Both ends are the code under test, so neither is a scripted peer: the input controls the network.
//!
//! Whatever the network does: each request ends once. Its answer is its own, has each entry of a listing once, and is not
//! late. A write is never carried out twice, and one that may be resent was not carried out. A correct server never causes a
//! decoding error. On a calm network (delays below half a second, nothing is cut) every request is answered, however long the
//! devices take.

mod bus;
mod pipe;
mod user;

use std::task::{Context, Waker};

use owproto_core::client::{self, ConnectionError, Timeouts};
use owproto_core::server::{self, Event, Persistence, Step};
use owproto_core::time::{Duration, Instant};
use owproto_core::tree::{Job, Tree};

use crate::Input;
use bus::Devices;
use pipe::{Ending, Pipe};
use user::User;

/// Operations: one byte of input, followed by arguments.
pub(crate) mod op {
    /// A request, see `User::want`.
    pub(crate) const ASK: u8 = 0;
    /// Milliseconds in two bytes.
    pub(crate) const PAUSE: u8 = 1;
    /// The latency of all bytes sent from now on, in units of 10 ms.
    pub(crate) const LATENCY: u8 = 2;
    /// The longest segment, in bytes; 0 is no limit.
    pub(crate) const SEGMENTS: u8 = 3;
    /// How long a device takes from now on, in units of 100 ms.
    pub(crate) const DEVICE: u8 = 4;
    /// The most bytes on their way in one direction.
    pub(crate) const WINDOW: u8 = 5;
    /// Whether the server grants persistence from now on.
    pub(crate) const PERSISTENCE: u8 = 6;
    /// The total timeout of requests from now on, in units of 100 ms.
    pub(crate) const TOTAL: u8 = 7;
    /// Ends the connection: in one direction or both, in order or not, with the bytes on their way or without them.
    pub(crate) const CUT: u8 = 8;
    /// Nothing more arrives over this connection.
    pub(crate) const BLACK_HOLE: u8 = 9;
    pub(crate) const COUNT: u8 = 10;
}

const DEPTH: usize = 3;

type Client = client::Connection<[u8; 160], [u8; 64], DEPTH>;

/// A connection at the server, and the bytes on their way.
struct Link {
    server: server::Connection<[u8; 100], [u8; 64]>,
    job: Job,
    /// Bytes that were read and not passed to the connection.
    inbox: Vec<u8>,
    to_server: Pipe,
    to_client: Pipe,
    is_closed: bool,
}

struct World {
    now: Instant,
    is_calm: bool,
    latency: Duration,
    segment: usize,
    window: usize,
    persistence: Persistence,
    total: Duration,
    tree: Tree<Devices>,
    client: Client,
    user: User,
    /// All connections. If the client is connected, the last one is its own.
    links: Vec<Link>,
    is_connected: bool,
    turns: usize,
}

/// Input: a byte with the number of devices and the kind of network, then operations, see [`op`].
pub fn check(data: &[u8]) {
    let mut input = Input(data);
    let setup = input.byte();
    let devices = usize::from(setup & 0x0f);
    let mut world = World {
        now: Instant::from_millis(1),
        is_calm: setup & 0x80 == 0,
        latency: Duration::ZERO,
        segment: usize::MAX,
        window: usize::MAX,
        persistence: Persistence::Grant,
        total: Duration::ZERO,
        tree: Tree::new(Devices::new(devices)),
        client: Client::new([0xa5; 160], [0xa5; 64]),
        user: User::new(devices),
        links: Vec::new(),
        is_connected: false,
        turns: 0,
    };
    while !input.0.is_empty() {
        world.operate(&mut input);
        world.run_until_blocked();
    }
    while !world.user.is_done() {
        let due = world.due().expect("a request has not ended, and no timer runs");
        world.run_until(due);
    }
    // Requests that are still on their way may still be carried out.
    world.run_until(world.now + Duration::from_secs(100));
    world.user.check_writes(&world.tree.bus().written);
}

impl World {
    fn operate(&mut self, input: &mut Input<'_>) {
        let operation = input.byte() % op::COUNT;
        if operation == op::PAUSE {
            let pause = Duration::from_millis(u64::try_from(input.word()).unwrap());
            return self.run_until(self.now + pause);
        }
        let argument = input.byte();
        let number = usize::from(argument);
        match operation {
            op::ASK => self.user.want(argument),
            op::LATENCY if self.is_calm => self.latency = Duration::from_millis(u64::from(argument)),
            op::LATENCY => self.latency = Duration::from_millis(u64::from(argument) * 10),
            op::SEGMENTS => self.segment = if number == 0 { usize::MAX } else { number },
            op::DEVICE => self.tree.bus_mut().takes = Duration::from_millis(u64::from(argument) * 100),
            op::WINDOW if self.is_calm => self.window = 160 + number,
            op::WINDOW => self.window = 1 + number,
            op::PERSISTENCE if argument & 1 == 0 => self.persistence = Persistence::Grant,
            op::PERSISTENCE => self.persistence = Persistence::Refuse,
            _ if self.is_calm => {}
            op::TOTAL => self.total = Duration::from_millis(u64::from(argument) * 100),
            op::CUT => {
                let (now, Some(link)) = (self.now, self.links.last_mut()) else { return };
                let ending = if argument & 1 == 0 { Ending::Closed } else { Ending::Broken };
                for (bit, pipe) in [(2, &mut link.to_server), (4, &mut link.to_client)] {
                    if argument & bit == 0 {
                        pipe.cut(ending, argument & 8 == 0, now);
                    }
                }
            }
            op::BLACK_HOLE => {
                if let Some(link) = self.links.last_mut() {
                    link.to_server.swallow();
                    link.to_client.swallow();
                }
            }
            _ => unreachable!(),
        }
    }

    /// Lets time pass. Each event happens at its moment.
    fn run_until(&mut self, until: Instant) {
        self.run_until_blocked();
        while let Some(due) = self.due().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.run_until_blocked();
        }
        self.now = self.now.max(until);
    }

    /// The time of the next event.
    fn due(&self) -> Option<Instant> {
        let links = self.links.iter().flat_map(|link| {
            let timer = link.server.poll_timeout().filter(|_| !link.is_closed).map(|(at, _)| at);
            [link.to_server.due(self.now), link.to_client.due(self.now), timer]
        });
        let others = [self.client.poll_timeout().map(|(at, _)| at), self.tree.bus().due(self.now)];
        links.chain(others).flatten().min()
    }

    /// Runs client, servers and network until nothing more happens at this moment.
    fn run_until_blocked(&mut self) {
        loop {
            self.turns += 1;
            assert!(self.turns < 200_000, "a busy loop");
            let mut has_moved = self.client_turn();
            for at in 0..self.links.len() {
                has_moved |= self.server_turn(at);
            }
            if !has_moved {
                return;
            }
        }
    }

    /// Does one thing that the driver of a server would do, if there is one.
    fn server_turn(&mut self, at: usize) -> bool {
        let is_the_clients = self.is_connected && at + 1 == self.links.len();
        let Self { now, tree, links, window, segment, latency, persistence, .. } = self;
        let now = *now;
        let link = &mut links[at];
        if !is_the_clients {
            // The client has closed it, and no longer reads.
            link.to_client.swallow();
        }
        if link.is_closed {
            link.to_server.swallow();
            return false;
        }
        if let Some(bytes) = link.to_server.arrived(now) {
            link.inbox.extend(bytes);
            return true;
        }
        if link.to_server.has_ended(now) == Some(Ending::Broken) {
            link.server.handle_transport_error();
        }
        match link.server.step() {
            Step::Read if !link.inbox.is_empty() || link.server.is_half_closed() => {
                let mut input = &link.inbox[..];
                if link.server.handle_input(&mut input, now) == Event::Request {
                    link.server.set_persistence(*persistence);
                }
                let used = link.inbox.len() - input.len();
                link.inbox.drain(..used);
                return true;
            }
            Step::Read | Step::Answer
                if link.to_server.has_ended(now) == Some(Ending::Closed) && !link.server.is_half_closed() =>
            {
                link.server.handle_eof();
                return true;
            }
            Step::Answer => {
                let mut context = Context::from_waker(Waker::noop());
                let is_ready = tree.serve(&mut link.server, &mut link.job, now, &mut context).is_ready();
                if is_ready || link.server.step() == Step::Write {
                    return true;
                }
            }
            Step::Write => {
                let sent =
                    link.to_client.send(link.server.poll_transmit(), *window, *segment, now + *latency);
                link.server.handle_transmitted(sent, now);
                if sent > 0 {
                    return true;
                }
            }
            Step::Close => {
                tree.cancel(&mut link.job);
                link.is_closed = true;
                link.to_client.cut(Ending::Closed, true, now + *latency);
                return true;
            }
            Step::Read => {}
        }
        link.server.handle_timeout(now).is_some()
    }

    /// Does one thing that the driver of a client would do, if there is one.
    fn client_turn(&mut self) -> bool {
        let now = self.now;
        if let client::Step::Close = self.client.step() {
            self.disconnect();
            return true;
        }
        let is_asked = self.user.make_requests(&mut self.client, self.total, now);
        if !self.is_connected {
            // Only if there is a request, since a server closes idle connections soon.
            if !is_asked {
                return false;
            }
            self.connect();
        }
        let Some(link) = self.links.last_mut() else { return is_asked };
        let sent =
            link.to_server.send(self.client.poll_transmit(), self.window, self.segment, now + self.latency);
        self.client.handle_transmitted(sent, now);
        if let Some(bytes) = link.to_client.arrived(now) {
            let mut input = &bytes[..];
            loop {
                match self.client.handle_input(&mut input, now) {
                    Ok(client::Event::NeedMore(_)) => return true,
                    Ok(event) => self.user.take(event, now),
                    Err(error) => {
                        let is_honest =
                            !matches!(error, ConnectionError::Decode(_) | ConnectionError::UnexpectedData);
                        let is_after_the_end = self.client.error() == Some(error) && is_honest;
                        assert!(is_after_the_end, "{error}");
                        return true;
                    }
                }
                if self.client.step() == client::Step::Close {
                    assert!(input.is_empty(), "the server sent bytes after its last reply");
                    return true;
                }
            }
        }
        match link.to_client.has_ended(now) {
            Some(Ending::Closed) => drop(self.client.handle_eof()),
            Some(Ending::Broken) => drop(self.client.handle_transport_error()),
            None => {}
        }
        let is_over = self.client.handle_timeout(now).is_err();
        assert!(self.client.poll_timeout().is_none_or(|(at, _)| now < at), "a deadline has passed");
        is_asked || sent > 0 || is_over || self.client.step() == client::Step::Close
    }

    /// Ends the connection. Requests that may be resent are sent over another one.
    fn disconnect(&mut self) {
        if let Some(error) = self.client.error() {
            if self.is_calm {
                let is_no_fault =
                    matches!(error, ConnectionError::Stale | ConnectionError::PersistenceWithdrawn);
                assert!(is_no_fault, "{error}, on a calm network");
            }
            while let Some(lost) = self.client.poll_lost() {
                self.user.lose(lost);
            }
        }
        self.user.requeue(self.is_calm);
        self.client.reset();
        self.client.set_timeouts(Timeouts::DEFAULT);
        if let Some(link) = self.links.last_mut() {
            link.to_server.cut(Ending::Closed, true, self.now + self.latency);
        }
        self.is_connected = false;
    }

    fn connect(&mut self) {
        self.is_connected = true;
        self.links.push(Link {
            server: server::Connection::new([0xa5; 100], [0xa5; 64]).accepted_at(self.now),
            job: Job::new(),
            inbox: Vec::new(),
            to_server: Pipe::default(),
            to_client: Pipe::default(),
            is_closed: false,
        });
    }
}
