//! A runtime without sockets and without waiting: scripted peers, and a clock that the executor (`executor.rs`) moves when
//! all futures wait. All state belongs to the thread of one test.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use owproto_core::time::{self, Instant};
use owproto_tests::frames::request_text;
use owproto_tests::peer::{Opening, Script, ScriptRun};

use super::scenario::{Call, Outcome, Via, perform_calls};
use crate::client::api::client_api;
use crate::client::transport::{Runtime, Semaphore, Stream};
use crate::client::{Calls, Streaming};
use crate::{Builder, DirOptions, Error};

/// A third kind of client, with the calls of the others.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) calls: Calls<Virtual>,
}

macro_rules! wait {
    ($future:expr) => {
        $future.await
    };
}

perform_calls!([async] pub(super) perform, Client, wait);

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

/// The environment of a client.
#[derive(Default)]
struct World {
    now: u64,
    /// The most bytes of one read or write.
    chunk: usize,
    /// The most bytes on their way in one direction.
    window: Option<usize>,
    /// Whether each operation is pending once before it does something.
    yields: bool,
    /// What the host's name resolves to, each time. The last one is used for all later times.
    names: VecDeque<Vec<SocketAddr>>,
    resolutions: usize,
    resolving_takes: u64,
    /// The scripts of the connections to come. When there are none left, connections are refused.
    scripts: VecDeque<Script>,
    /// The addresses of all attempts to connect.
    attempts: Vec<SocketAddr>,
    /// Wakers, and when to wake them.
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
    run: ScriptRun,
    closed: bool,
    /// How often the client waited for bytes, and how often it asked for an acknowledgement without delay.
    waits: usize,
    acknowledged: usize,
}

impl Connection {
    /// # Panics
    ///
    /// If the peer could not follow its script.
    fn check(&self) {
        if let Some(failure) = self.run.failure() {
            panic!("the peer could not follow its script: {failure}");
        }
    }
}

// For tests.

/// Starts again, at time 0, with these scripts and with reads and writes of at most `chunk` bytes.
pub(super) fn reset(scripts: impl IntoIterator<Item = Script>, chunk: usize) {
    let scripts = scripts.into_iter().collect();
    let names = VecDeque::from([vec![SocketAddr::from(([10, 0, 0, 7], 4304))]]);
    world(|world| *world = World { chunk, scripts, names, ..World::default() });
}

/// Sets what the host's name resolves to, each time.
pub(super) fn name_resolves_to(names: impl IntoIterator<Item = Vec<SocketAddr>>) {
    world(|world| world.names = names.into_iter().collect());
}

pub(super) fn resolving_takes_ms(millis: u64) {
    world(|world| world.resolving_takes = millis * 1000);
}

/// Limits the bytes on their way in one direction.
pub(super) fn window(bytes: usize) {
    world(|world| world.window = Some(bytes));
}

/// Makes each operation pending once, from now on.
pub(super) fn yield_once() {
    world(|world| world.yields = true);
}

pub(super) fn now() -> u64 {
    world(|world| world.now)
}

pub(super) fn advance_ms(millis: u64) {
    world(|world| world.now += millis * 1000);
}

pub(super) fn attempts() -> Vec<SocketAddr> {
    world(|world| world.attempts.clone())
}

pub(super) fn resolutions() -> usize {
    world(|world| world.resolutions)
}

/// The requests that arrived over each connection, as text.
pub(super) fn requests() -> Vec<Vec<String>> {
    let texts = |connection: &Connection| {
        connection.run.record().requests.iter().map(|request| request_text(request)).collect()
    };
    world(|world| world.connections.iter().map(texts).collect())
}

/// Checks that all connections were made and that their scripts came to their ends.
pub(super) fn check_that_scripts_ended() {
    world(|world| {
        assert!(world.scripts.is_empty(), "{} connections were not made", world.scripts.len());
        for (number, connection) in world.connections.iter().enumerate() {
            let run = &connection.run;
            assert!(
                run.is_at_end(),
                "connection {number} is at step {}: {:?}",
                run.step_number(),
                run.record()
            );
        }
    });
}

/// The most connections that were open at a time.
pub(super) fn most_open() -> usize {
    world(|world| world.most_open)
}

/// How many connections the client has open.
pub(super) fn open_connections() -> usize {
    world(|world| world.connections.iter().filter(|connection| !connection.closed).count())
}

/// How often the client waited for bytes, and how often it asked for an acknowledgement without delay.
pub(super) fn waits() -> (usize, usize) {
    let sum = |count: fn(&Connection) -> usize| world(|world| world.connections.iter().map(count).sum());
    (sum(|connection| connection.waits), sum(|connection| connection.acknowledged))
}

/// Moves the clock to the next moment for which a future waits. Returns false if there is none.
pub(super) fn pass_time() -> bool {
    let due = world(|world| {
        let at = world.alarms.iter().map(|(at, _)| *at).min()?;
        world.now = world.now.max(at);
        let now = world.now;
        Some(world.alarms.extract_if(.., |(at, _)| *at <= now).map(|(_, waker)| waker).collect::<Vec<_>>())
    });
    due.as_ref().inspect(|due| due.iter().for_each(Waker::wake_by_ref)).is_some()
}

// For the client.

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

/// Waits until `poll` is ready, or until `wait` has passed.
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

/// Whether a moment has come. If not, the task will be woken at that moment.
fn has_come(world: &mut World, at: u64, context: &Context<'_>) -> bool {
    if at > world.now && at < u64::MAX {
        world.alarms.push((at, context.waker().clone()));
    }
    at <= world.now
}

/// Waits for this time, but no longer than `wait`. Returns false if `wait` was too short.
async fn pass(micros: u64, wait: Option<u64>) -> bool {
    let at = now().saturating_add(micros);
    let passed = within(
        wait,
        |world, context| if has_come(world, at, context) { Poll::Ready(()) } else { Poll::Pending },
    );
    passed.await.is_some()
}

/// Waits for this number of milliseconds.
pub(super) async fn sleep_ms(millis: u64) {
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
            world.resolutions += 1;
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
        let (after, script) = world(|world| {
            world.attempts.push(address);
            let script = world.scripts.pop_front().unwrap_or_else(Script::refuse);
            match script.opening() {
                Opening::Accept => (0, Some(script)),
                Opening::AcceptAfter(millis) => (millis * 1000, Some(script)),
                Opening::Refuse => (0, None),
                Opening::Ignore => (u64::MAX, None),
            }
        });
        if !pass(after, micros(wait)).await {
            return Err(io::ErrorKind::TimedOut.into());
        }
        world(|world| {
            let script = script.ok_or(io::ErrorKind::ConnectionRefused)?;
            let run = ScriptRun::new(&script, world.now);
            let run = match world.window {
                Some(window) => run.with_window(window),
                None => run,
            };
            world.connections.push(Connection { run, closed: false, waits: 0, acknowledged: 0 });
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
    /// Sends as much as there is room for; `None` if there is none.
    fn put(&self, world: &mut World, bytes: &[u8]) -> io::Result<Option<usize>> {
        let connection = &mut world.connections[self.number];
        let room = connection.run.room(world.now)?;
        if room == 0 {
            return Ok(None);
        }
        let count = bytes.len().min(world.chunk).min(room);
        connection.run.receive(&bytes[..count], world.now);
        connection.check();
        Ok(Some(count))
    }

    /// Reads what has arrived; `None` if nothing has.
    fn take(&self, world: &mut World, buffer: &mut [u8]) -> Option<io::Result<Option<usize>>> {
        let connection = &mut world.connections[self.number];
        let len = buffer.len().min(world.chunk);
        let read = connection.run.read(&mut buffer[..len], world.now);
        connection.check();
        read.map(|read| read.map(Some))
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
            let now = world.now;
            let at = world.connections[self.number].run.next_time(now).unwrap_or(u64::MAX);
            has_come(world, at, context);
            Poll::Pending
        });
        read.await.unwrap_or(Ok(None))
    }

    fn try_write(&mut self, bytes: &[u8]) -> io::Result<Option<usize>> {
        world(|world| if world.yields { Ok(None) } else { self.put(world, bytes) })
    }

    async fn write(&mut self, bytes: &[u8], wait: Option<time::Duration>) -> io::Result<Option<usize>> {
        turn().await;
        // The peer makes no room in the meantime.
        let written = world(|world| self.put(world, bytes));
        if let Ok(None) = written {
            pass(wait.expect("a write without a timeout would never end").as_micros(), None).await;
        }
        written
    }

    fn acknowledge_without_delay(&self) {
        world(|world| world.connections[self.number].acknowledged += 1);
    }

    fn is_stale(&self) -> bool {
        world(|world| {
            let now = world.now;
            world.connections[self.number].run.is_due(now)
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
