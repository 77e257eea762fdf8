//! Streams of embedded-io in virtual time, with a scripted peer at the other end.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use embedded_io::{ErrorKind, ErrorType};
use owproto_core::time::Instant;
use owproto_tests::peer::{Output, Script, ScriptRun};

/// A client that sends these bytes, closes its side, and receives to the end.
pub(crate) fn sending(bytes: &[u8]) -> Script {
    Script::new().send(bytes).finish_sending().read_to_end()
}

/// A connection to a peer. Clones are the same connection, so that a test can look at it and at its clock.
#[derive(Clone)]
pub(crate) struct Wire(Rc<RefCell<State>>, Rc<Clock>);

/// The time, which all connections of a test share.
struct Clock {
    /// In microseconds.
    now: Cell<u64>,
    /// When something happens that a future waits for.
    wakes: RefCell<Vec<u64>>,
    /// Whether an operation was only deferred.
    is_deferred: Cell<bool>,
}

struct State {
    peer: ScriptRun,
    most_read: usize,
    most_written: usize,
    /// Whether each read and write is pending once before it does something.
    defers: bool,
    has_deferred: bool,
    write_error: Option<ErrorKind>,
    /// The time of each write, and its number of bytes.
    writes: Vec<(u64, usize)>,
    received: usize,
    unflushed: usize,
}

impl Wire {
    /// A connection to a peer that follows this script. The clock starts at one second.
    pub(crate) fn new(script: &Script) -> Self {
        let clock =
            Clock { now: Cell::new(1_000_000), wakes: RefCell::default(), is_deferred: Cell::new(false) };
        Self::with_clock(Rc::new(clock), script)
    }

    /// Another connection, on the same clock.
    pub(crate) fn beside(&self, script: &Script) -> Self {
        Self::with_clock(self.1.clone(), script)
    }

    fn with_clock(clock: Rc<Clock>, script: &Script) -> Self {
        let state = RefCell::new(State {
            peer: ScriptRun::new(script, clock.now.get()),
            most_read: usize::MAX,
            most_written: usize::MAX,
            defers: false,
            has_deferred: false,
            write_error: None,
            writes: Vec::new(),
            received: 0,
            unflushed: 0,
        });
        Self(Rc::new(state), clock)
    }

    /// Limits the bytes of one read and of one write.
    pub(crate) fn in_pieces(self, most_read: usize, most_written: usize) -> Self {
        (self.0.borrow_mut().most_read, self.0.borrow_mut().most_written) = (most_read, most_written);
        self
    }

    /// Makes every write fail.
    pub(crate) fn with_broken_writes(self) -> Self {
        self.0.borrow_mut().write_error = Some(ErrorKind::BrokenPipe);
        self
    }

    /// Makes the futures of reads and writes pending at their first poll.
    pub(crate) fn deferring(self) -> Self {
        self.0.borrow_mut().defers = true;
        self
    }

    /// Something happens at this moment, for which a task would be woken.
    pub(crate) fn wake_at(&self, micros: u64) {
        self.1.wakes.borrow_mut().push(micros);
    }

    /// The peer sends something that is not in its script.
    pub(crate) fn receive_unscripted(&self, output: Output) {
        self.0.borrow_mut().peer.send_unscripted(output, self.1.now.get());
    }

    pub(crate) fn now(&self) -> Instant {
        Instant::from_micros(self.1.now.get())
    }

    pub(crate) fn clock(&self) -> impl FnMut() -> Instant + use<> {
        let wire = self.clone();
        move || wire.now()
    }

    /// A clock that advances by this number of microseconds each time it is read.
    pub(crate) fn ticking_clock(&self, micros: u64) -> impl FnMut() -> Instant + use<> {
        let wire = self.clone();
        move || {
            wire.advance(micros);
            wire.now()
        }
    }

    pub(crate) fn advance(&self, micros: u64) {
        self.1.now.set(self.1.now.get() + micros);
    }

    /// All bytes that were sent to the peer.
    pub(crate) fn sent(&self) -> Vec<u8> {
        self.0.borrow().peer.record().received.clone()
    }

    /// The time of each write, in microseconds, and its number of bytes.
    pub(crate) fn writes(&self) -> Vec<(u64, usize)> {
        self.0.borrow().writes.clone()
    }

    /// How many bytes were received from the peer.
    pub(crate) fn received(&self) -> usize {
        self.0.borrow().received
    }

    pub(crate) fn is_flushed(&self) -> bool {
        self.0.borrow().unflushed == 0
    }

    /// Runs a future to its end. Time jumps from one event to the next.
    pub(crate) fn run<F: Future>(&self, future: F) -> F::Output {
        self.run_for(future, 1_000_000).expect("the future ends")
    }

    /// As [`run`](Self::run), but polls the future at most this number of times, and then drops it.
    pub(crate) fn run_for<F: Future>(&self, future: F, polls: usize) -> Option<F::Output> {
        let mut future = pin!(future);
        for n in 0..polls {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                return Some(output);
            }
            let wakes = self.1.wakes.take();
            if self.1.is_deferred.take() {
                continue;
            }
            match wakes.into_iter().filter(|at| *at > self.1.now.get()).min() {
                Some(at) => self.1.now.set(at),
                None if n + 1 == polls => {}
                None => panic!("the future waits, and nothing will happen"),
            }
        }
        None
    }
}

impl State {
    /// Sends what the peer has room for; `None` if there is no room.
    fn write(&mut self, bytes: &[u8], now: u64) -> Result<Option<usize>, ErrorKind> {
        if let Some(error) = self.write_error {
            return Err(error);
        }
        let room = self.peer.room(now).map_err(|_| ErrorKind::ConnectionReset)?;
        let count = bytes.len().min(self.most_written).min(room);
        if room == 0 {
            return Ok(None);
        }
        self.peer.receive(&bytes[..count], now);
        if let Some(failure) = self.peer.failure() {
            panic!("the peer could not follow its script: {failure}");
        }
        self.writes.push((now, count));
        self.unflushed += count;
        Ok(Some(count))
    }

    /// Receives what has arrived; `None` if nothing has.
    fn read(&mut self, buffer: &mut [u8], now: u64) -> Option<Result<usize, ErrorKind>> {
        let len = buffer.len().min(self.most_read);
        let read = self.peer.read(&mut buffer[..len], now)?;
        self.received += read.as_ref().copied().unwrap_or(0);
        Some(read.map_err(|_| ErrorKind::ConnectionReset))
    }

    /// Whether an operation is deferred now.
    fn defers_now(&mut self) -> bool {
        self.has_deferred = self.defers && !self.has_deferred;
        self.has_deferred
    }
}

impl ErrorType for Wire {
    type Error = ErrorKind;
}

impl embedded_io::ReadReady for Wire {
    fn read_ready(&mut self) -> Result<bool, ErrorKind> {
        Ok(self.0.borrow_mut().peer.is_due(self.1.now.get()))
    }
}

impl embedded_io::Read for Wire {
    /// Blocks by letting time pass.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        let mut state = self.0.borrow_mut();
        let now = self.1.now.get();
        let at = state.peer.next_time(now).expect("this read would never end");
        self.1.now.set(now.max(at));
        state.read(buffer, self.1.now.get()).expect("something has arrived")
    }
}

impl embedded_io::Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        let written = self.0.borrow_mut().write(bytes, self.1.now.get())?;
        Ok(written.expect("this write would never end"))
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        self.0.borrow_mut().unflushed = 0;
        Ok(())
    }
}

impl Wire {
    /// Whether an operation is deferred now.
    fn defers_now(&self) -> bool {
        let defers = self.0.borrow_mut().defers_now();
        self.1.is_deferred.set(self.1.is_deferred.get() || defers);
        defers
    }
}

impl embedded_io_async::Read for Wire {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        poll_fn(|_| {
            let now = self.1.now.get();
            if self.defers_now() {
                return Poll::Pending;
            }
            let mut state = self.0.borrow_mut();
            if let Some(read) = state.read(buffer, now) {
                return Poll::Ready(read);
            }
            self.1.wakes.borrow_mut().extend(state.peer.next_time(now));
            Poll::Pending
        })
        .await
    }
}

impl embedded_io_async::Write for Wire {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        poll_fn(|_| {
            if self.defers_now() {
                return Poll::Pending;
            }
            match self.0.borrow_mut().write(bytes, self.1.now.get()).transpose() {
                Some(written) => Poll::Ready(written),
                None => Poll::Pending,
            }
        })
        .await
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        poll_fn(|_| {
            if self.defers_now() {
                return Poll::Pending;
            }
            self.0.borrow_mut().unflushed = 0;
            Poll::Ready(Ok(()))
        })
        .await
    }
}

/// A delay on the clock of a wire.
#[derive(Clone)]
pub(crate) struct Delay(pub(crate) Wire);

impl embedded_hal_async::delay::DelayNs for Delay {
    async fn delay_ns(&mut self, ns: u32) {
        let end = self.0.now().as_micros() + u64::from(ns).div_ceil(1000);
        poll_fn(|_| {
            if self.0.now().as_micros() >= end {
                return Poll::Ready(());
            }
            self.0.wake_at(end);
            Poll::Pending
        })
        .await;
    }
}
