//! A peer that does as it is told, and a connection to it, in virtual time.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use embedded_io::{ErrorKind, ErrorType};
use owproto_embedded::core::time::Instant;
use owproto_embedded::core::wire::{Flags, Header};
use owproto_embedded::core::{RequestEvent, RequestParser};

/// What comes from the server after a request was received in full, each a number of milliseconds after the one before.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer(Vec<(u64, Arrival)>);

#[derive(Clone, Debug)]
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
pub(crate) struct Wire(Rc<RefCell<State>>);

struct State {
    now: u64,
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
    wakes: Vec<u64>,
}

impl Wire {
    /// A connection on which the server gives these answers, one for each request.
    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self(Rc::new(RefCell::new(State {
            now: 1_000_000,
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
            wakes: Vec::new(),
        })))
    }

    /// Gives and takes so many bytes at once.
    pub(crate) fn in_pieces(self, read_at_most: usize, write_at_most: usize) -> Self {
        (self.0.borrow_mut().read_at_most, self.0.borrow_mut().write_at_most) = (read_at_most, write_at_most);
        self
    }

    /// A connection with a client at its other end, that says this whatever is sent to it.
    pub(crate) fn client(says: Answer) -> Self {
        let wire = Self::new([]);
        wire.0.borrow_mut().requests = None;
        wire.unasked(says);
        wire
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
        self.0.borrow_mut().wakes.push(micros);
    }

    /// Its futures are pending at their first poll.
    pub(crate) fn shy(self) -> Self {
        self.0.borrow_mut().is_shy = true;
        self
    }

    /// Something comes that nobody had asked for.
    pub(crate) fn unasked(&self, answer: Answer) {
        self.0.borrow_mut().schedule(answer);
    }

    pub(crate) fn now(&self) -> Instant {
        Instant::from_micros(self.0.borrow().now)
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
        self.0.borrow_mut().now += micros;
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
        let mut future = pin!(future);
        for _ in 0..1_000_000 {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                return output;
            }
            let mut state = self.0.borrow_mut();
            let now = state.now;
            let arrival = state.arriving.front().map(|(at, _)| *at);
            let wakes = std::mem::take(&mut state.wakes);
            let next = wakes.into_iter().chain(arrival).filter(|at| *at > now).min();
            match next {
                Some(at) if !state.was_shy => state.now = at,
                _ if state.was_shy => {}
                _ => panic!("it waits for what never comes"),
            }
        }
        panic!("it never ends");
    }

    /// Polls a future so often, then drops it. Whether it was done before.
    pub(crate) fn poll_and_drop<F: Future>(&self, future: F, polls: usize) -> bool {
        let mut future = pin!(future);
        (0..polls).any(|_| future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready())
    }
}

impl State {
    fn schedule(&mut self, answer: Answer) {
        let mut at = self.arriving.back().map_or(0, |(at, _)| *at).max(self.now);
        for (millis, arrival) in answer.0 {
            at += millis * 1000;
            self.arriving.push_back((at, arrival));
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        if let Some(error) = self.write_error {
            return Err(error);
        }
        let n = bytes.len().min(self.write_at_most);
        self.sent.extend_from_slice(&bytes[..n]);
        self.writes.push((self.now, n));
        self.unflushed += n;
        let mut input = &bytes[..n];
        let mut complete = 0;
        let Some(requests) = &mut self.requests else { return Ok(n) };
        while let RequestEvent::Request(_) = requests.parse(&mut input).unwrap() {
            complete += 1;
        }
        for _ in 0..complete {
            let answer = self.answers.pop_front().expect("a request for which there is no answer");
            self.schedule(answer);
        }
        Ok(n)
    }

    fn is_ready(&self) -> bool {
        self.arriving.front().is_some_and(|(at, _)| *at <= self.now)
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        let len = buffer.len().min(self.read_at_most);
        let mut n = 0;
        while n < len && self.is_ready() {
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
        Ok(self.0.borrow().is_ready())
    }
}

impl embedded_io::Read for Wire {
    /// Blocks by letting time pass.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        let mut state = self.0.borrow_mut();
        let Some((at, _)) = state.arriving.front() else { panic!("a read that never ends") };
        state.now = state.now.max(*at);
        state.read(buffer)
    }
}

impl embedded_io::Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        self.0.borrow_mut().unflushed = 0;
        Ok(())
    }
}

impl embedded_io_async::Read for Wire {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        poll_fn(|_| {
            let mut state = self.0.borrow_mut();
            if state.puts_off() || !state.is_ready() {
                Poll::Pending
            } else {
                Poll::Ready(state.read(buffer))
            }
        })
        .await
    }
}

impl embedded_io_async::Write for Wire {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        poll_fn(|_| {
            let mut state = self.0.borrow_mut();
            if state.is_stalled || state.puts_off() { Poll::Pending } else { Poll::Ready(state.write(bytes)) }
        })
        .await
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        poll_fn(|_| {
            let mut state = self.0.borrow_mut();
            if state.puts_off() {
                return Poll::Pending;
            }
            state.unflushed = 0;
            Poll::Ready(Ok(()))
        })
        .await
    }
}

/// A delay on the clock of a wire.
pub(crate) struct Delay(pub(crate) Wire);

impl embedded_hal_async::delay::DelayNs for Delay {
    async fn delay_ns(&mut self, ns: u32) {
        let end = self.0.0.borrow().now + u64::from(ns).div_ceil(1000);
        poll_fn(|_| {
            let mut state = self.0.0.borrow_mut();
            if state.now >= end {
                return Poll::Ready(());
            }
            state.wakes.push(end);
            Poll::Pending
        })
        .await;
    }
}
