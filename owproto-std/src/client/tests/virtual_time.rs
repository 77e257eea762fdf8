//! A runtime without sockets and without waiting: peers that follow their scripts, and a clock that is moved on when
//! everybody waits (see `tasks.rs`). Everything belongs to the thread of one test.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use owproto_core::time::{self, Instant};
use owproto_core::wire::Header;

use super::scenario::{Act, Peer, answer_to, describe};
use crate::client::api::client_api;
use crate::client::{Calls, Streaming};
use crate::client::transport::{Runtime, Semaphore, Stream};
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
    /// Who is to be woken when.
    alarms: Vec<(u64, Waker)>,
    connections: Vec<Connection>,
    most_open: usize,
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
                Act::Answer { after, keeps } => {
                    let Some(len) = request_len(&self.inbox) else { return };
                    self.at = self.at.max(now) + after * 1000;
                    let mut request: Vec<u8> = self.inbox.drain(..len).collect();
                    self.taken.push(request.clone());
                    if !keeps {
                        // The persistence bit.
                        request[15] &= !4;
                    }
                    self.arriving.push_back((self.at, Arrival::Bytes(answer_to(&request))));
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

/// The most connections that were open at once.
pub(super) fn most_open() -> usize {
    world(|world| world.most_open)
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

/// Moves the clock to the next moment that somebody waits for. False if there is none.
pub(super) fn pass_time() -> bool {
    let due = world(|world| {
        let at = world.alarms.iter().map(|(at, _)| *at).min()?;
        world.now = world.now.max(at);
        let now = world.now;
        Some(world.alarms.extract_if(.., |(at, _)| *at <= now).map(|(_, waker)| waker).collect::<Vec<_>>())
    });
    due.as_ref().inspect(|due| due.iter().for_each(Waker::wake_by_ref)).is_some()
}

// What the client does with it.

pub(super) struct Virtual;

fn micros(wait: Option<Duration>) -> Option<u64> {
    wait.map(|wait| time::Duration::from(wait).as_micros())
}

async fn turn() {
    let mut waited = !world(|world| world.yields);
    poll_fn(|context| match std::mem::replace(&mut waited, true) {
        true => Poll::Ready(()),
        false => {
            context.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await;
}

/// Waits until `poll` gives something, or until `wait` has passed.
async fn within<T>(
    wait: Option<u64>,
    mut poll: impl FnMut(&mut World, &Context<'_>) -> Poll<T> + Send,
) -> Option<T> {
    let end = wait.map(|wait| now() + wait);
    poll_fn(|context| {
        world(|world| {
            if let Poll::Ready(output) = poll(world, context) {
                return Poll::Ready(Some(output));
            }
            match end {
                Some(end) if end <= world.now => return Poll::Ready(None),
                Some(end) => world.alarms.push((end, context.waker().clone())),
                None => {}
            }
            Poll::Pending
        })
    })
    .await
}

/// Whether a moment has come. If not, the task is woken then.
fn comes(world: &mut World, at: u64, context: &Context<'_>) -> bool {
    if at > world.now && at < u64::MAX {
        world.alarms.push((at, context.waker().clone()));
    }
    at <= world.now
}

/// Lets time pass, but no more than `wait`. False if it was not enough.
async fn pass(micros: u64, wait: Option<u64>) -> bool {
    let at = now().saturating_add(micros);
    let passed = within(
        wait,
        |world, context| if comes(world, at, context) { Poll::Ready(()) } else { Poll::Pending },
    );
    passed.await.is_some()
}

/// Lets time pass.
pub(super) async fn sleep(millis: u64) {
    pass(millis * 1000, None).await;
}

impl Runtime for Virtual {
    const BLOCKS: bool = false;
    type Stream = VirtualStream;
    type Semaphore = VirtualSemaphore;

    fn now() -> Instant {
        Instant::from_micros(now())
    }

    async fn resolve(host: &str, port: u16, wait: Option<Duration>) -> io::Result<Vec<SocketAddr>> {
        turn().await;
        assert_eq!((host, port), ("localhost", 4304));
        let takes = world(|world| {
            world.resolved += 1;
            world.resolving_takes
        });
        if !pass(takes, micros(wait)).await {
            return Err(io::ErrorKind::TimedOut.into());
        }
        world(|world| {
            let found = world.names.front().cloned().unwrap_or_default();
            if world.names.len() > 1 {
                world.names.pop_front();
            }
            Ok(found)
        })
    }

    async fn connect(address: SocketAddr, wait: Option<Duration>) -> io::Result<VirtualStream> {
        turn().await;
        let (after, peer) = world(|world| {
            world.tried.push(address);
            match world.attempts.pop_front().unwrap_or(Attempt::Refused) {
                Attempt::Accepted(peer) => (0, Some(peer)),
                Attempt::AcceptedAfter(millis, peer) => (millis * 1000, Some(peer)),
                Attempt::Refused => (0, None),
                Attempt::Lost => (u64::MAX, None),
            }
        });
        if !pass(after, micros(wait)).await {
            return Err(io::ErrorKind::TimedOut.into());
        }
        world(|world| {
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
            let open = world.connections.iter().filter(|connection| !connection.closed).count();
            world.most_open = world.most_open.max(open);
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

    /// Takes what has arrived; `None` if nothing has.
    fn take(&self, world: &mut World, buffer: &mut [u8]) -> Option<io::Result<Option<usize>>> {
        let connection = &mut world.connections[self.number];
        connection.run(world.now, world.window);
        connection.has_arrived(world.now)?;
        Some(match connection.arriving.front_mut() {
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
        })
    }
}

impl Stream for VirtualStream {
    fn read_blocking(
        &mut self,
        buffer: &mut [u8],
        _: Option<time::Duration>,
    ) -> Option<io::Result<Option<usize>>> {
        world(|world| {
            let read = if world.yields { None } else { self.take(world, buffer) };
            world.connections[self.number].waits += usize::from(read.is_some());
            read
        })
    }

    async fn read(&mut self, buffer: &mut [u8], wait: Option<time::Duration>) -> io::Result<Option<usize>> {
        turn().await;
        world(|world| world.connections[self.number].waits += 1);
        let read = within(wait.map(time::Duration::as_micros), |world, context| {
            if let Some(read) = self.take(world, buffer) {
                return Poll::Ready(read);
            }
            let arriving = world.connections[self.number].arriving.front();
            let at = arriving.map_or(u64::MAX, |(at, _)| *at);
            comes(world, at, context);
            Poll::Pending
        });
        read.await.unwrap_or(Ok(None))
    }

    fn try_write(&mut self, bytes: &[u8]) -> io::Result<Option<usize>> {
        world(|world| if world.yields { Ok(None) } else { self.put(world, bytes) })
    }

    async fn write(&mut self, bytes: &[u8], wait: Option<time::Duration>) -> io::Result<Option<usize>> {
        turn().await;
        // Nobody makes room meanwhile.
        let written = world(|world| self.put(world, bytes));
        if let Ok(None) = written {
            pass(wait.expect("writing would last for ever").as_micros(), None).await;
        }
        written
    }

    fn acknowledge_without_delay(&self) {
        world(|world| world.connections[self.number].acknowledged += 1);
    }

    fn is_stale(&self) -> bool {
        world(|world| {
            let connection = &mut world.connections[self.number];
            connection.run(world.now, world.window);
            connection.has_arrived(world.now).is_some()
        })
    }
}

#[derive(Default)]
pub(super) struct VirtualSemaphore(Mutex<(usize, Vec<Waker>)>);

impl Semaphore for VirtualSemaphore {
    async fn acquire(&self, wait: Option<Duration>) -> bool {
        turn().await;
        let entered = within(micros(wait), |_, context| {
            let (free, waiting) = &mut *self.0.lock().unwrap();
            if *free == 0 {
                waiting.push(context.waker().clone());
                return Poll::Pending;
            }
            *free -= 1;
            Poll::Ready(())
        });
        entered.await.is_some()
    }

    fn release(&self) {
        let (free, waiting) = &mut *self.0.lock().unwrap();
        *free += 1;
        waiting.drain(..).for_each(Waker::wake);
    }
}
