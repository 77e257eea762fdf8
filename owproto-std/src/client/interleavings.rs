//! All interleavings of a few calls that share a client, tried by loom.
//!
//! The calls run the code of the real pool. Only the locks are loom's (see `sync.rs`), and sockets, clock and semaphores are
//! those of [`Model`]: a server in memory that answers each request, and a clock that stands still. Loom runs a scenario
//! once for each order in which its threads can take the locks. A call that is never woken is a deadlock, which loom reports.
//!
//! Two threads are tried in all interleavings, three threads in those with up to [`MAX_PREEMPTIONS`] preemptions.
//! `tests/run.sh loom` runs this.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use loom::future::block_on;
use loom::thread;
use owproto_core::time::{self, Instant};
use owproto_core::wire::{HEADER_LEN, Header};
use owproto_tests::path_server;

use super::calls::Calls;
use super::sync::{Arc, Mutex};
use super::transport::{Runtime, Semaphore, Stream};
use crate::{Builder, Error};

/// The maximum number of times that a thread is interrupted where it could continue.
const MAX_PREEMPTIONS: usize = 3;

/// A server in memory. With `YIELDS`, each read is pending once, so that calls can be dropped in the middle of an exchange.
/// With `BREAKS`, the server closes each connection after one reply, though it promised to keep it.
struct Model<const YIELDS: bool, const BREAKS: bool>;

impl<const YIELDS: bool, const BREAKS: bool> Runtime for Model<YIELDS, BREAKS> {
    const BLOCKS: bool = false;
    type Stream = ModelStream<YIELDS, BREAKS>;
    type Semaphore = ModelSemaphore;

    fn now() -> Instant {
        Instant::ZERO
    }

    async fn resolve(_: &str, _: u16, _: Option<Duration>) -> io::Result<Vec<SocketAddr>> {
        Ok(vec![SocketAddr::from(([10, 0, 0, 7], 4304))])
    }

    async fn connect(_: SocketAddr, _: Option<Duration>) -> io::Result<Self::Stream> {
        Ok(ModelStream::default())
    }
}

#[derive(Default)]
struct ModelStream<const YIELDS: bool, const BREAKS: bool> {
    requests: Vec<u8>,
    replies: VecDeque<Vec<u8>>,
    replied: usize,
}

impl<const YIELDS: bool, const BREAKS: bool> ModelStream<YIELDS, BREAKS> {
    fn take(&mut self, buffer: &mut [u8]) -> usize {
        if BREAKS && self.replied > 0 {
            return 0;
        }
        let Some(reply) = self.replies.pop_front() else { return 0 };
        buffer[..reply.len()].copy_from_slice(&reply);
        self.replied += 1;
        reply.len()
    }
}

impl<const YIELDS: bool, const BREAKS: bool> Stream for ModelStream<YIELDS, BREAKS> {
    fn read_blocking(
        &mut self,
        buffer: &mut [u8],
        _: Option<time::Duration>,
    ) -> Option<io::Result<Option<usize>>> {
        if YIELDS { None } else { Some(Ok(Some(self.take(buffer)))) }
    }

    async fn read(&mut self, buffer: &mut [u8], _: Option<time::Duration>) -> io::Result<Option<usize>> {
        yield_once().await;
        Ok(Some(self.take(buffer)))
    }

    fn try_write(&mut self, bytes: &[u8]) -> io::Result<Option<usize>> {
        self.requests.extend_from_slice(bytes);
        while let Some(header) = self.requests.first_chunk() {
            let len = HEADER_LEN + usize::try_from(Header::from_bytes(header).payload).unwrap();
            if self.requests.len() < len {
                break;
            }
            let request: Vec<u8> = self.requests.drain(..len).collect();
            self.replies.push_back(path_server::answer(&request));
        }
        Ok(Some(bytes.len()))
    }

    async fn write(&mut self, bytes: &[u8], _: Option<time::Duration>) -> io::Result<Option<usize>> {
        self.try_write(bytes)
    }

    fn acknowledge_without_delay(&self) {}

    fn is_stale(&self) -> bool {
        BREAKS && self.replied > 0
    }
}

#[derive(Default)]
struct ModelSemaphore(Mutex<(usize, Vec<Waker>)>);

impl Semaphore for ModelSemaphore {
    async fn acquire(&self, _: Option<Duration>) -> bool {
        poll_fn(|context| {
            let (permits, waiting) = &mut *self.0.lock();
            if *permits == 0 {
                waiting.push(context.waker().clone());
                return Poll::Pending;
            }
            *permits -= 1;
            Poll::Ready(true)
        })
        .await
    }

    fn release(&self) {
        let waiting = {
            let (permits, waiting) = &mut *self.0.lock();
            *permits += 1;
            std::mem::take(waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }
}

async fn yield_once() {
    let mut has_yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut has_yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Reads to the end and checks the value.
fn read<R: Runtime>(calls: &Calls<R>, path: &str) {
    let value = block_on(calls.read(path.as_bytes())).map_err(Error::from);
    assert_eq!(value.unwrap(), path_server::value_of(path));
}

/// Begins a read and drops it after this many polls, or reads to the end if it needs fewer.
fn read_and_drop<R: Runtime>(calls: &Calls<R>, path: &str, polls: usize) {
    let mut read = pin!(calls.read(path.as_bytes()));
    for _ in 0..polls {
        match read.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => {
                assert_eq!(value.map_err(Error::from).unwrap(), path_server::value_of(path));
                return;
            }
            Poll::Pending => thread::yield_now(),
        }
    }
}

/// What a thread of a scenario does.
type Thread<const YIELDS: bool, const BREAKS: bool> =
    Arc<dyn Fn(&Calls<Model<YIELDS, BREAKS>>) + Send + Sync>;

/// A thread that reads to the end.
fn reads<const YIELDS: bool, const BREAKS: bool>(path: &'static str) -> Thread<YIELDS, BREAKS> {
    Arc::new(move |calls| read(calls, path))
}

/// A thread that drops its read after this many polls.
fn drops<const YIELDS: bool, const BREAKS: bool>(path: &'static str, polls: usize) -> Thread<YIELDS, BREAKS> {
    Arc::new(move |calls| read_and_drop(calls, path, polls))
}

/// Runs a scenario in which the calls of these threads share one connection. Afterwards all permits must be available.
fn run<const YIELDS: bool, const BREAKS: bool>(
    settings: fn(Builder) -> Builder,
    threads: &[Thread<YIELDS, BREAKS>],
) {
    let mut model = loom::model::Builder::new();
    model.max_branches = 100_000;
    model.preemption_bound = (threads.len() > 2).then_some(MAX_PREEMPTIONS);
    let tried = Arc::new(AtomicUsize::new(0));
    let (count, threads) = (Arc::clone(&tried), threads.to_vec());
    model.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        let calls: Calls<Model<YIELDS, BREAKS>> = settings(Builder::default().connections(1)).calls();
        let (first, others) = threads.split_first().expect("a scenario has a thread");
        let others: Vec<_> = others
            .iter()
            .map(|call| {
                let (call, calls) = (Arc::clone(call), calls.clone());
                thread::spawn(move || call(&calls))
            })
            .collect();
        first(&calls);
        for thread in others {
            thread.join().unwrap();
        }
        assert!(calls.shared().is_unused());
        assert!(calls.shared().pool.idle() <= 1);
    });
    println!("{} interleavings", tried.load(Ordering::Relaxed));
}

fn unchanged(builder: Builder) -> Builder {
    builder
}

#[test]
fn a_released_permit_wakes_a_waiting_call() {
    run::<false, false>(unchanged, &[reads("/a"), reads("/b")]);
    run::<true, false>(unchanged, &[reads("/a"), reads("/b")]);
}

#[test]
fn calls_that_wait_share_a_batch() {
    run::<false, false>(unchanged, &[reads("/a"), reads("/b"), reads("/c")]);
}

#[test]
fn a_call_dropped_while_it_waits_hands_its_permit_on() {
    run::<false, false>(unchanged, &[reads("/a"), drops("/b", 1)]);
    run::<false, false>(unchanged, &[reads("/a"), drops("/b", 1), reads("/c")]);
}

#[test]
fn a_call_dropped_during_an_exchange_hands_its_permit_on() {
    for polls in 1..4 {
        run::<true, false>(unchanged, &[reads("/a"), drops("/b", polls)]);
        run::<true, false>(unchanged, &[reads("/a"), drops("/b", polls), reads("/c")]);
    }
}

#[test]
fn calls_of_a_batch_whose_connection_breaks_wait_again() {
    run::<false, true>(unchanged, &[reads("/a"), reads("/b")]);
    run::<false, true>(unchanged, &[reads("/a"), reads("/b"), reads("/c")]);
}

#[test]
fn coalesced_reads_end_with_their_leader() {
    let coalescing = |builder: Builder| builder.coalesce_reads(true);
    run::<false, false>(coalescing, &[reads("/a"), reads("/a"), reads("/a")]);
    run::<true, false>(coalescing, &[reads("/a"), drops("/a", 1), reads("/a")]);
    run::<true, false>(coalescing, &[reads("/a"), drops("/a", 2), reads("/a")]);
}
