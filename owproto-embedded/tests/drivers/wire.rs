//! A peer that does as it is told, and a connection to it, in virtual time.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use embedded_io::{ErrorKind, ErrorType};
use owproto_core::time::Instant;
use owproto_core::wire::{Flags, Header, MessageType};
use owproto_core::{RequestEvent, RequestParser};

/// What comes from the server after a request was received in full, each a number of milliseconds after the one before.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Answer(Vec<(u64, Arrival)>);

#[derive(Clone, PartialEq, Debug)]
enum Arrival {
    Bytes(Vec<u8>),
    End,
    Error(ErrorKind),
}

impl Answer {
    /// No answer at all.
    pub(crate) fn silence() -> Self {
        Self::default()
    }

    /// Bytes, at once.
    pub(crate) fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self::default().then(0, bytes)
    }

    /// A reply that keeps the connection.
    pub(crate) fn reply(ret: i32, payload: &[u8]) -> Self {
        Self::bytes(reply(ret, payload))
    }

    /// The connection is closed.
    pub(crate) fn end() -> Self {
        Self::default().then_end()
    }

    /// The transport reports an error.
    pub(crate) fn error(kind: ErrorKind) -> Self {
        Self(vec![(0, Arrival::Error(kind))])
    }

    pub(crate) fn then(mut self, millis: u64, bytes: impl Into<Vec<u8>>) -> Self {
        self.0.push((millis, Arrival::Bytes(bytes.into())));
        self
    }

    pub(crate) fn then_end(self) -> Self {
        self.then_end_after(0)
    }

    pub(crate) fn then_end_after(mut self, millis: u64) -> Self {
        self.0.push((millis, Arrival::End));
        self
    }
}

/// A frame with the persistence bit.
pub(crate) fn reply(ret: i32, payload: &[u8]) -> Vec<u8> {
    let len = i32::try_from(payload.len()).unwrap();
    let header =
        Header { payload: len, code: ret, size: len, flags: Flags::PERSISTENCE, ..Header::default() };
    [&header.to_bytes()[..], payload].concat()
}

/// A keepalive.
pub(crate) fn keepalive() -> Vec<u8> {
    Header::KEEPALIVE.to_bytes().into()
}

/// A connection to the server. Clones are the same connection, so that a test can look at it and at its clock.
#[derive(Clone)]
pub(crate) struct Wire(Rc<RefCell<State>>, Rc<World>);

/// The time, which all connections of a test have in common.
struct World {
    now: Cell<u64>,
    /// When something happens that is waited for.
    wakes: RefCell<Vec<u64>>,
    /// Something was only put off.
    again: Cell<bool>,
}

struct State {
    /// The answers to come, one for each request.
    answers: VecDeque<Answer>,
    /// What makes requests of what is sent; none where the peer is a client.
    requests: Option<RequestParser<Vec<u8>>>,
    /// What is on the way, with the time of its arrival.
    arriving: VecDeque<(u64, Arrival)>,
    read_at_most: usize,
    write_at_most: usize,
    /// Reads and writes are put off once before they do something.
    is_shy: bool,
    was_shy: bool,
    /// Nothing is taken from the one who writes.
    is_stalled: bool,
    write_error: Option<ErrorKind>,
    sent: Vec<u8>,
    /// When something was sent, and how many bytes that were.
    writes: Vec<(u64, usize)>,
    received: usize,
    unflushed: usize,
}

impl Wire {
    /// A connection on which the server gives these answers, one for each request.
    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        let world = World { now: Cell::new(1_000_000), wakes: RefCell::default(), again: Cell::new(false) };
        Self::in_world(Rc::new(world), answers)
    }

    /// Another connection, on the same clock.
    pub(crate) fn beside(&self, answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::in_world(self.1.clone(), answers)
    }

    fn in_world(world: Rc<World>, answers: impl IntoIterator<Item = Answer>) -> Self {
        let state = RefCell::new(State {
            answers: answers.into_iter().collect(),
            requests: Some(RequestParser::new(Vec::new())),
            arriving: VecDeque::new(),
            read_at_most: usize::MAX,
            write_at_most: usize::MAX,
            is_shy: false,
            was_shy: false,
            is_stalled: false,
            write_error: None,
            sent: Vec::new(),
            writes: Vec::new(),
            received: 0,
            unflushed: 0,
        });
        Self(Rc::new(state), world)
    }

    /// Gives and takes so many bytes at once.
    pub(crate) fn in_pieces(self, read_at_most: usize, write_at_most: usize) -> Self {
        (self.0.borrow_mut().read_at_most, self.0.borrow_mut().write_at_most) = (read_at_most, write_at_most);
        self
    }

    /// A connection with a client at its other end, that says this whatever is sent to it.
    pub(crate) fn client(says: Answer) -> Self {
        Self::new([]).into_client(says)
    }

    /// Makes a connection without a peer one with a client at its other end.
    pub(crate) fn into_client(self, says: Answer) -> Self {
        self.0.borrow_mut().requests = None;
        self.unasked(says);
        self
    }

    /// The peer reads nothing.
    pub(crate) fn stalled(self) -> Self {
        self.0.borrow_mut().is_stalled = true;
        self
    }

    /// What is written cannot be sent.
    pub(crate) fn with_broken_writes(self) -> Self {
        self.0.borrow_mut().write_error = Some(ErrorKind::BrokenPipe);
        self
    }

    /// Something happens at this moment, for which a task would be woken.
    pub(crate) fn wake_at(&self, micros: u64) {
        self.1.wakes.borrow_mut().push(micros);
    }

    /// Its futures are pending at their first poll.
    pub(crate) fn shy(self) -> Self {
        self.0.borrow_mut().is_shy = true;
        self
    }

    /// Something comes that nobody had asked for.
    pub(crate) fn unasked(&self, answer: Answer) {
        self.0.borrow_mut().schedule(answer, self.1.now.get());
    }

    pub(crate) fn now(&self) -> Instant {
        Instant::from_micros(self.1.now.get())
    }

    pub(crate) fn clock(&self) -> impl FnMut() -> Instant + use<> {
        let wire = self.clone();
        move || wire.now()
    }

    /// A clock that goes on by itself, by so much each time that it is looked at.
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

    /// All bytes that the client has sent.
    pub(crate) fn sent(&self) -> Vec<u8> {
        self.0.borrow().sent.clone()
    }

    /// When something was sent, in microseconds, and how many bytes that were.
    pub(crate) fn writes(&self) -> Vec<(u64, usize)> {
        self.0.borrow().writes.clone()
    }

    /// How many bytes the client has taken.
    pub(crate) fn received(&self) -> usize {
        self.0.borrow().received
    }

    pub(crate) fn is_flushed(&self) -> bool {
        self.0.borrow().unflushed == 0
    }

    /// Runs a future to its end, while time jumps from event to event.
    pub(crate) fn run<F: Future>(&self, future: F) -> F::Output {
        self.run_for(future, 1_000_000).expect("it never ends")
    }

    /// Runs a future as [`run`](Self::run), but polls it so often at most, and then drops it.
    pub(crate) fn run_for<F: Future>(&self, future: F, polls: usize) -> Option<F::Output> {
        let mut future = pin!(future);
        for n in 0..polls {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                return Some(output);
            }
            let wakes = self.1.wakes.take();
            if self.1.again.take() {
                continue;
            }
            match wakes.into_iter().filter(|at| *at > self.1.now.get()).min() {
                Some(at) => self.1.now.set(at),
                None if n + 1 == polls => {}
                None => panic!("it waits for what never comes"),
            }
        }
        None
    }
}

impl State {
    fn schedule(&mut self, answer: Answer, now: u64) {
        let mut at = self.arriving.back().map_or(0, |(at, _)| *at).max(now);
        for (millis, arrival) in answer.0 {
            at += millis * 1000;
            self.arriving.push_back((at, arrival));
        }
    }

    fn write(&mut self, bytes: &[u8], now: u64) -> Result<usize, ErrorKind> {
        if let Some(error) = self.write_error {
            return Err(error);
        }
        let n = bytes.len().min(self.write_at_most);
        self.sent.extend_from_slice(&bytes[..n]);
        self.writes.push((now, n));
        self.unflushed += n;
        let mut input = &bytes[..n];
        let mut complete = Vec::new();
        let Some(requests) = &mut self.requests else { return Ok(n) };
        while let RequestEvent::Request(request) = requests.parse(&mut input).unwrap() {
            complete.push(request.message_type());
        }
        for message_type in complete {
            // That is for those who ask with DIRALL.
            let refusal = Answer::reply(-42, b"");
            if message_type == MessageType::DIR && self.answers.front() == Some(&refusal) {
                self.answers.pop_front();
            }
            let answer = self.answers.pop_front().expect("a request for which there is no answer");
            self.schedule(answer, now);
        }
        Ok(n)
    }

    fn is_ready(&self, now: u64) -> bool {
        self.arriving.front().is_some_and(|(at, _)| *at <= now)
    }

    fn read(&mut self, buffer: &mut [u8], now: u64) -> Result<usize, ErrorKind> {
        let len = buffer.len().min(self.read_at_most);
        let mut n = 0;
        while n < len && self.is_ready(now) {
            match &mut self.arriving[0].1 {
                Arrival::Bytes(bytes) => {
                    let part = bytes.len().min(len - n);
                    buffer[n..n + part].copy_from_slice(&bytes[..part]);
                    bytes.drain(..part);
                    n += part;
                    if bytes.is_empty() {
                        self.arriving.pop_front();
                    }
                }
                Arrival::End => break,
                Arrival::Error(kind) if n == 0 => return Err(*kind),
                Arrival::Error(_) => break,
            }
        }
        self.received += n;
        Ok(n)
    }

    /// Whether an operation is put off now.
    fn puts_off(&mut self) -> bool {
        self.was_shy = self.is_shy && !self.was_shy;
        self.was_shy
    }
}

impl ErrorType for Wire {
    type Error = ErrorKind;
}

impl embedded_io::ReadReady for Wire {
    fn read_ready(&mut self) -> Result<bool, ErrorKind> {
        Ok(self.0.borrow().is_ready(self.1.now.get()))
    }
}

impl embedded_io::Read for Wire {
    /// Blocks by letting time pass.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        let mut state = self.0.borrow_mut();
        let Some((at, _)) = state.arriving.front() else { panic!("a read that never ends") };
        self.1.now.set(self.1.now.get().max(*at));
        state.read(buffer, self.1.now.get())
    }
}

impl embedded_io::Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        self.0.borrow_mut().write(bytes, self.1.now.get())
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        self.0.borrow_mut().unflushed = 0;
        Ok(())
    }
}

impl Wire {
    /// Whether an operation is put off now.
    fn puts_off(&self) -> bool {
        let puts_off = self.0.borrow_mut().puts_off();
        self.1.again.set(self.1.again.get() || puts_off);
        puts_off
    }
}

impl embedded_io_async::Read for Wire {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        poll_fn(|_| {
            let now = self.1.now.get();
            if self.puts_off() {
                return Poll::Pending;
            }
            let mut state = self.0.borrow_mut();
            if state.is_ready(now) {
                return Poll::Ready(state.read(buffer, now));
            }
            self.1.wakes.borrow_mut().extend(state.arriving.front().map(|(at, _)| *at));
            Poll::Pending
        })
        .await
    }
}

impl embedded_io_async::Write for Wire {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        poll_fn(|_| {
            if self.0.borrow().is_stalled || self.puts_off() {
                return Poll::Pending;
            }
            Poll::Ready(self.0.borrow_mut().write(bytes, self.1.now.get()))
        })
        .await
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        poll_fn(|_| {
            if self.puts_off() {
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
