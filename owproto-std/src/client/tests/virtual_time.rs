//! A runtime without sockets and without waiting: peers that follow their scripts, and a clock that is moved on by
//! whoever waits. Everything belongs to the thread of one test.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use owproto_core::time::{self, Instant};
use owproto_core::wire::Header;

use super::scenario::{Act, Peer, answer_to, describe};
use crate::client::api::client_api;
use crate::client::{Calls, Streaming};
use crate::runtime::{Gate, Runtime, Stream};
use crate::{Builder, DirOptions, Error};

/// The third kind of client, with the calls of the others.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) calls: Calls<Virtual>,
}

macro_rules! wait {
    ($future:expr) => {
        $future.await
    };
}

#[allow(dead_code, unreachable_pub, reason = "it has all calls of the other clients")]
mod api {
    use super::*;
    client_api!(Client, Virtual, wait, [async]);
}

impl Client {
    pub(super) fn build(builder: Builder) -> Self {
        Self { calls: builder.calls() }
    }

    pub(super) async fn dir_iter<P: AsRef<[u8]> + Sync + ?Sized>(
        &self,
        path: &P,
        options: DirOptions,
    ) -> Result<Streaming<'_, Virtual>, Error> {
        self.calls.open_dir(path.as_ref(), options).await
    }
}

/// What happens to attempts to connect, in their order; the later ones are refused.
#[derive(Clone, Debug)]
pub(super) enum Attempt {
    Accepted(Peer),
    /// After so many milliseconds.
    AcceptedAfter(u64, Peer),
    Refused,
    /// Nobody answers.
    Lost,
}

/// All that a client finds around it.
#[derive(Default)]
struct World {
    now: u64,
    /// Bytes that are read or written at once.
    chunk: usize,
    /// Bytes that are on their way in one direction at most; a peer that has to wait for room takes no requests.
    window: Option<usize>,
    /// Whether each operation is pending once before it is done.
    yields: bool,
    /// What the host's name resolves to, now and the later times; the last one stays.
    names: VecDeque<Vec<SocketAddr>>,
    resolved: usize,
    resolving_takes: u64,
    attempts: VecDeque<Attempt>,
    /// The addresses that were tried.
    tried: Vec<SocketAddr>,
    /// After so many microseconds of waiting somebody gives a place back.
    place_left_after: Option<u64>,
    connections: Vec<Connection>,
}

thread_local! {
    static WORLD: RefCell<World> = RefCell::default();
}

fn world<T>(change: impl FnOnce(&mut World) -> T) -> T {
    WORLD.with_borrow_mut(change)
}

struct Connection {
    acts: VecDeque<Act>,
    /// What the client has sent and the peer has not taken.
    inbox: Vec<u8>,
    /// Until when the peer has acted.
    at: u64,
    /// What arrives at the client, and when.
    arriving: VecDeque<(u64, Arrival)>,
    taken: Vec<Vec<u8>>,
    closed: bool,
    /// How often bytes were waited for, and how often with their acknowledgement at once.
    waits: usize,
    acknowledged: usize,
}

enum Arrival {
    Bytes(Vec<u8>),
    End,
    Reset,
}

impl Connection {
    /// Lets the peer do what it can do without more bytes from the client.
    fn run(&mut self, now: u64, window: Option<usize>) {
        while let Some(act) = self.acts.front().cloned() {
            if window.is_some_and(|window| self.unread() >= window) {
                return;
            }
            match act {
                Act::Take | Act::Serve => {
                    let Some(len) = request_len(&self.inbox) else { return };
                    self.at = self.at.max(now);
                    let request: Vec<u8> = self.inbox.drain(..len).collect();
                    if let Act::Serve = act {
                        self.arriving.push_back((self.at, Arrival::Bytes(answer_to(&request))));
                    }
                    self.taken.push(request);
                    if let Act::Serve = act {
                        continue;
                    }
                }
                Act::TakeBytes(count) => {
                    if self.inbox.len() < count {
                        return;
                    }
                    self.at = self.at.max(now);
                    self.inbox.drain(..count);
                }
                Act::Send(bytes) if bytes.is_empty() => {}
                Act::Send(bytes) => self.arriving.push_back((self.at, Arrival::Bytes(bytes))),
                Act::Pause(millis) => self.at += millis * 1000,
                Act::Silence | Act::Full => return,
                Act::Reset => {
                    self.arriving.push_back((self.at, Arrival::Reset));
                    self.acts = VecDeque::from([Act::Silence]);
                    return;
                }
            }
            self.acts.pop_front();
            if self.acts.is_empty() {
                self.arriving.push_back((self.at, Arrival::End));
                self.acts.push_back(Act::Silence);
            }
        }
    }

    /// Bytes that the client has not read.
    fn unread(&self) -> usize {
        let len = |arrival: &Arrival| match arrival {
            Arrival::Bytes(bytes) => bytes.len(),
            Arrival::End | Arrival::Reset => 0,
        };
        self.arriving.iter().map(|(_, arrival)| len(arrival)).sum()
    }

    fn has_arrived(&self, now: u64) -> Option<&Arrival> {
        self.arriving.front().filter(|(at, _)| *at <= now).map(|(_, arrival)| arrival)
    }
}

fn request_len(bytes: &[u8]) -> Option<usize> {
    let header = Header::from_bytes(bytes.first_chunk()?);
    let len = 24 + usize::try_from(header.payload).unwrap();
    (bytes.len() >= len).then_some(len)
}

// What tests do with the world.

/// Begins anew.
pub(super) fn begin(attempts: impl IntoIterator<Item = Attempt>, chunk: usize) {
    let attempts = attempts.into_iter().collect();
    let names = VecDeque::from([vec![SocketAddr::from(([10, 0, 0, 7], 4304))]]);
    world(|world| *world = World { chunk, attempts, names, ..World::default() });
}

/// What the host's name resolves to, one after the other.
pub(super) fn name_resolves_to(names: impl IntoIterator<Item = Vec<SocketAddr>>) {
    world(|world| world.names = names.into_iter().collect());
}

pub(super) fn resolving_takes(millis: u64) {
    world(|world| world.resolving_takes = millis * 1000);
}

/// How many bytes are on their way in one direction at most.
pub(super) fn window(bytes: usize) {
    world(|world| world.window = Some(bytes));
}

pub(super) fn place_left_after(millis: u64) {
    world(|world| world.place_left_after = Some(millis * 1000));
}

/// From now on each operation is pending once.
pub(super) fn yielding() {
    world(|world| world.yields = true);
}

pub(super) fn now() -> u64 {
    world(|world| world.now)
}

pub(super) fn advance(millis: u64) {
    world(|world| world.now += millis * 1000);
}

pub(super) fn tried() -> Vec<SocketAddr> {
    world(|world| world.tried.clone())
}

pub(super) fn resolved() -> usize {
    world(|world| world.resolved)
}

/// The requests that came over each connection.
pub(super) fn requests() -> Vec<Vec<String>> {
    let describe = |connection: &Connection| connection.taken.iter().map(|bytes| describe(bytes)).collect();
    world(|world| world.connections.iter().map(describe).collect())
}

/// How many connections the client has open.
pub(super) fn open() -> usize {
    world(|world| world.connections.iter().filter(|connection| !connection.closed).count())
}

/// How often the client has waited for bytes, and how often it had them acknowledged at once.
pub(super) fn waits() -> (usize, usize) {
    let sum = |count: fn(&Connection) -> usize| world(|world| world.connections.iter().map(count).sum());
    (sum(|connection| connection.waits), sum(|connection| connection.acknowledged))
}

/// Runs a future to its end.
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    poll_times(usize::MAX, future).expect("it ends")
}

/// Polls a future so many times and drops it.
pub(super) fn poll_times<F: Future>(count: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..count {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return Some(output);
        }
    }
    None
}

// What the client does with it.

pub(super) struct Virtual;

fn micros(wait: Option<Duration>) -> Option<u64> {
    wait.map(|wait| time::Duration::from(wait).as_micros())
}

async fn turn() {
    let mut waited = !world(|world| world.yields);
    poll_fn(|_| match std::mem::replace(&mut waited, true) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

impl Runtime for Virtual {
    type Stream = VirtualStream;
    type Gate = VirtualGate;

    fn now() -> Instant {
        Instant::from_micros(now())
    }

    async fn resolve(host: &str, port: u16, wait: Option<Duration>) -> io::Result<Vec<SocketAddr>> {
        turn().await;
        assert_eq!((host, port), ("localhost", 4304));
        world(|world| {
            world.resolved += 1;
            if micros(wait).is_some_and(|wait| wait < world.resolving_takes) {
                world.now += micros(wait).unwrap_or_default();
                return Err(io::ErrorKind::TimedOut.into());
            }
            world.now += world.resolving_takes;
            let found = world.names.front().cloned().unwrap_or_default();
            if world.names.len() > 1 {
                world.names.pop_front();
            }
            Ok(found)
        })
    }

    async fn connect(address: SocketAddr, wait: Option<Duration>) -> io::Result<VirtualStream> {
        turn().await;
        world(|world| {
            world.tried.push(address);
            let (after, peer) = match world.attempts.pop_front().unwrap_or(Attempt::Refused) {
                Attempt::Accepted(peer) => (0, Some(peer)),
                Attempt::AcceptedAfter(millis, peer) => (millis * 1000, Some(peer)),
                Attempt::Refused => (0, None),
                Attempt::Lost => (u64::MAX, None),
            };
            match micros(wait) {
                Some(wait) if wait < after => {
                    world.now += wait;
                    return Err(io::ErrorKind::TimedOut.into());
                }
                _ => {
                    assert!(after < u64::MAX, "connecting would last for ever");
                    world.now += after;
                }
            }
            let peer = peer.ok_or(io::ErrorKind::ConnectionRefused)?;
            let mut acts = VecDeque::from(peer.acts);
            let mut arriving = VecDeque::new();
            if acts.is_empty() {
                arriving.push_back((world.now, Arrival::End));
                acts.push_back(Act::Silence);
            }
            let connection = Connection {
                acts,
                inbox: Vec::new(),
                at: world.now,
                arriving,
                taken: Vec::new(),
                closed: false,
                waits: 0,
                acknowledged: 0,
            };
            world.connections.push(connection);
            Ok(VirtualStream { number: world.connections.len() - 1 })
        })
    }
}

/// The number of a connection.
pub(super) struct VirtualStream {
    number: usize,
}

impl Drop for VirtualStream {
    fn drop(&mut self) {
        world(|world| world.connections[self.number].closed = true);
    }
}

impl VirtualStream {
    /// Sends what there is room for; `None` if there is none.
    fn put(&self, world: &mut World, bytes: &[u8]) -> io::Result<Option<usize>> {
        let connection = &mut world.connections[self.number];
        connection.run(world.now, world.window);
        if let Some(Arrival::Reset) = connection.has_arrived(world.now) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let room = world.window.map_or(usize::MAX, |window| window.saturating_sub(connection.inbox.len()));
        if room == 0 || matches!(connection.acts.front(), Some(Act::Full)) {
            return Ok(None);
        }
        let count = bytes.len().min(world.chunk).min(room);
        connection.inbox.extend_from_slice(&bytes[..count]);
        connection.run(world.now, world.window);
        Ok(Some(count))
    }

    /// Takes what there is, or waits for it.
    fn take(
        &self,
        world: &mut World,
        buffer: &mut [u8],
        wait: Option<time::Duration>,
    ) -> io::Result<Option<usize>> {
        let connection = &mut world.connections[self.number];
        connection.waits += 1;
        connection.run(world.now, world.window);
        let at = connection.arriving.front().map_or(u64::MAX, |(at, _)| *at);
        if at > world.now {
            let needed = at - world.now;
            match wait.map(time::Duration::as_micros) {
                Some(wait) if wait < needed => {
                    world.now += wait;
                    return Ok(None);
                }
                _ => {
                    assert!(at < u64::MAX, "reading would last for ever");
                    world.now = at;
                }
            }
        }
        match connection.arriving.front_mut() {
            Some((_, Arrival::Bytes(bytes))) => {
                let count = bytes.len().min(buffer.len()).min(world.chunk);
                for (to, from) in buffer.iter_mut().zip(bytes.drain(..count)) {
                    *to = from;
                }
                if bytes.is_empty() {
                    connection.arriving.pop_front();
                }
                Ok(Some(count))
            }
            Some((_, Arrival::Reset)) => Err(io::ErrorKind::ConnectionReset.into()),
            Some((_, Arrival::End)) | None => Ok(Some(0)),
        }
    }
}

impl Stream for VirtualStream {
    fn read_at_once(
        &mut self,
        buffer: &mut [u8],
        wait: Option<time::Duration>,
    ) -> Option<io::Result<Option<usize>>> {
        world(|world| if world.yields { None } else { Some(self.take(world, buffer, wait)) })
    }

    async fn read(&mut self, buffer: &mut [u8], wait: Option<time::Duration>) -> io::Result<Option<usize>> {
        turn().await;
        world(|world| self.take(world, buffer, wait))
    }

    fn write_at_once(&mut self, bytes: &[u8]) -> io::Result<Option<usize>> {
        world(|world| if world.yields { Ok(None) } else { self.put(world, bytes) })
    }

    async fn write(&mut self, bytes: &[u8], wait: Option<time::Duration>) -> io::Result<Option<usize>> {
        turn().await;
        world(|world| {
            let written = self.put(world, bytes);
            if let Ok(None) = written {
                world.now += wait.expect("writing would last for ever").as_micros();
            }
            written
        })
    }

    fn acknowledge_at_once(&self) {
        world(|world| world.connections[self.number].acknowledged += 1);
    }

    fn is_spoilt(&self) -> bool {
        world(|world| {
            let connection = &mut world.connections[self.number];
            connection.run(world.now, world.window);
            connection.has_arrived(world.now).is_some()
        })
    }
}

#[derive(Default)]
pub(super) struct VirtualGate {
    free: AtomicUsize,
}

impl Gate for VirtualGate {
    async fn enter(&self, wait: Option<Duration>) -> bool {
        turn().await;
        if self.try_enter() {
            return true;
        }
        world(|world| match (micros(wait), world.place_left_after.take()) {
            (wait, Some(after)) if wait.is_none_or(|wait| after <= wait) => {
                world.now += after;
                true
            }
            (Some(wait), _) => {
                world.now += wait;
                false
            }
            (None, _) => panic!("waiting for a place would last for ever"),
        })
    }

    fn try_enter(&self) -> bool {
        let free = self.free.load(Ordering::Relaxed);
        self.free.store(free.saturating_sub(1), Ordering::Relaxed);
        free > 0
    }

    fn leave(&self) {
        self.free.fetch_add(1, Ordering::Relaxed);
    }
}
