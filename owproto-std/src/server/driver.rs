use std::future::Future;
use std::io;
use std::mem::{self, MaybeUninit};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, ready};

use ::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use ::tokio::net::TcpStream;
use ::tokio::task::yield_now;
use ::tokio::time::{Sleep, sleep_until};
use owproto_core::ReturnCode;
use owproto_core::server::{Connection, DEFAULT_TRANSMIT_LIMIT, End, Event, Persistence, Step, Timeout};
use owproto_core::time::{Duration, Instant};
use owproto_core::tree::{Aliases, Bus, Job};
use tracing::{debug, info, trace};

use super::control::{Control, Shared, Stopping};
use super::memory::{Buffer, OWN_LEN, Share};
use super::statistics::count;

/// Bytes that are read at once. They lie on the stack, so that a connection that waits keeps none.
const READ_LEN: usize = 8 << 10;

/// Bytes that are taken from a client while its request is being answered. The rest stays with the client.
const PENDING_LIMIT: usize = 4 << 10;

/// Bytes that the buffer of answers may grow to: it doubles, and holds no more than the limit.
const ANSWER_LEN: usize = 2 * DEFAULT_TRANSMIT_LIMIT;

/// Bytes of answers that are gathered before they are sent, if more requests are there already.
const BATCH_LEN: usize = 8 << 10;

/// Bytes of each buffer that a connection keeps when it waits for a request. Most requests and answers fit.
const KEPT_LEN: usize = 128;

/// How often the tree is asked before other connections have their turn.
const TURN_LEN: u32 = 8;

/// How long, and how many bytes, a client may go on sending after the server has closed its side.
const DRAIN_TIME: Duration = Duration::from_secs(1);
const DRAIN_LIMIT: usize = 256 << 10;

/// No timer.
const NEVER: Instant = Instant::from_micros(u64::MAX);

/// A connection, from its acceptance to its end, as a future.
pub(super) struct Driver<B: Bus, A: Aliases> {
    shared: Arc<Shared<B, A>>,
    stream: TcpStream,
    peer: SocketAddr,
    connection: Connection<Vec<u8>, Buffer>,
    /// What the connection's answers may take beyond [`OWN_LEN`].
    answer_share: Share,
    job: Job,
    /// Input that was read and not taken by the connection.
    pending: Vec<u8>,
    /// What it may take beyond [`OWN_LEN`].
    pending_share: Share,
    timer: Pin<Box<Sleep>>,
    /// When the timer fires. It may be too early, since it is only changed when it would be too late.
    timer_at: Instant,
    /// Where the waker of this task is kept.
    registered: Option<u32>,
    /// Whether it has one of the places for persistent connections.
    has_place: bool,
    /// Set when all was said, and what the client still sends is read and dropped.
    draining: Option<Draining>,
}

#[derive(Clone, Copy)]
struct Draining {
    until: Instant,
    left: usize,
}

impl<B: Bus, A: Aliases> Driver<B, A> {
    pub(super) fn new(shared: Arc<Shared<B, A>>, stream: TcpStream, peer: SocketAddr) -> Self {
        // Each write is a whole answer, or as much of it as there is.
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%peer, %error, "TCP_NODELAY cannot be set");
        }
        let connection = shared.control.connection();
        let timer_at = connection.poll_timeout().map_or(NEVER, |(at, _)| at);
        let timer = Box::pin(sleep_until(shared.control.on_clock(timer_at)));
        Self {
            stream,
            peer,
            connection,
            answer_share: Share::new(&shared.control.budget),
            job: Job::new(),
            pending: Vec::new(),
            pending_share: Share::new(&shared.control.budget),
            timer,
            timer_at,
            registered: None,
            has_place: false,
            draining: None,
            shared,
        }
    }

    fn control(&self) -> &Control {
        &self.shared.control
    }

    /// Waits for the timer. Ready when a timeout may be due.
    fn poll_timer(&mut self, at: Instant, context: &mut Context<'_>) -> Poll<()> {
        if at < self.timer_at {
            self.set_timer(at);
        }
        while self.timer.as_mut().poll(context).is_ready() {
            if self.timer_at >= at {
                return Poll::Ready(());
            }
            self.set_timer(at);
        }
        Poll::Pending
    }

    fn set_timer(&mut self, at: Instant) {
        self.timer_at = at;
        let at = self.control().on_clock(at);
        self.timer.as_mut().reset(at);
    }

    /// Sends what waits to be sent, or some of it, in a turn that has started at this time.
    fn poll_send(&mut self, started: Instant, context: &mut Context<'_>) -> Poll<()> {
        let bytes = self.connection.poll_transmit();
        match ready!(Pin::new(&mut self.stream).poll_write(context, bytes)) {
            Ok(n) if n > 0 => {
                // When all is sent nothing is waited for, and nobody asks when that was.
                let now = if n < bytes.len() { self.control().now() } else { started };
                self.connection.handle_transmitted(n, now);
            }
            Ok(_) => self.fail(&io::ErrorKind::WriteZero.into()),
            Err(error) => self.fail(&error),
        }
        Poll::Ready(())
    }

    fn fail(&mut self, error: &io::Error) {
        debug!(peer = %self.peer, %error, "the connection was lost");
        self.connection.handle_transport_error();
    }

    /// Reads while a request is being answered, to see whether the client is still there. Ready if something has
    /// changed.
    fn poll_client(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let room = PENDING_LIMIT.min(self.readable()).saturating_sub(self.pending.len());
        if room == 0 || self.connection.is_half_closed() {
            return Poll::Pending;
        }
        let mut space = [const { MaybeUninit::uninit() }; PENDING_LIMIT];
        let mut buffer = ReadBuf::uninit(&mut space[..room]);
        match ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer)) {
            Ok(()) if buffer.filled().is_empty() => self.connection.handle_eof(),
            Ok(()) => self.pending.extend_from_slice(buffer.filled()),
            Err(error) => self.fail(&error),
        }
        Poll::Ready(())
    }

    /// Reads and drops what the client still sends. Ready when that is over.
    fn poll_drain(&mut self, mut draining: Draining, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let mut space = [const { MaybeUninit::uninit() }; READ_LEN];
            let mut buffer = ReadBuf::uninit(&mut space);
            match Pin::new(&mut self.stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    draining.left = draining.left.saturating_sub(buffer.filled().len());
                    if draining.left == 0 {
                        return Poll::Ready(());
                    }
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => {
                    self.draining = Some(draining);
                    // A server that stops has no time for it.
                    return match self.control().stopping() {
                        Stopping::No => self.poll_timer(draining.until, context),
                        _ => Poll::Ready(()),
                    };
                }
            }
        }
    }

    /// Runs the connection until it is to be closed.
    fn poll_run(&mut self, context: &mut Context<'_>) -> Poll<()> {
        // The bus was asked in this call and is not ready. It has the waker.
        let mut is_asked = false;
        let mut turns = TURN_LEN;
        let started = self.mind_the_time();
        // Looked at again where something was done that may have taken long.
        let mut just_now = Some(started);
        loop {
            if turns == 0 {
                // Not by its own waker: then a runtime that always has this to do would look at its sockets rarely.
                return pin!(yield_now()).poll(context);
            }
            self.mind_the_end();
            let waited_for = match self.connection.step() {
                Step::Close => return Poll::Ready(()),
                // Between two answers: the next one may go with this one.
                Step::Write if self.may_gather() => {
                    turns -= 1;
                    let now = self.now(&mut just_now);
                    is_asked = self.take_pending(now, context).is_pending();
                    continue;
                }
                Step::Write => self.poll_send(started, context),
                Step::Answer if is_asked => self.poll_client(context),
                Step::Answer => {
                    let now = self.now(&mut just_now);
                    is_asked = self.serve(now, context).is_pending();
                    // A piece of a long answer is a turn.
                    let is_long = !is_asked && self.connection.request().is_some();
                    turns = if is_long { 0 } else { turns - 1 };
                    continue;
                }
                Step::Read if !self.pending.is_empty() || self.connection.is_half_closed() => {
                    turns -= 1;
                    let now = self.now(&mut just_now);
                    is_asked = self.take_pending(now, context).is_pending();
                    continue;
                }
                Step::Read => {
                    turns -= 1;
                    let result = self.poll_input(&mut is_asked, &mut just_now, context);
                    if result.is_pending() {
                        self.give_memory_back(KEPT_LEN);
                    }
                    result
                }
            };
            if waited_for.is_pending() {
                match self.connection.poll_timeout() {
                    Some((at, _)) => ready!(self.poll_timer(at, context)),
                    None => return Poll::Pending,
                }
                just_now = Some(self.mind_the_time());
            }
        }
    }

    /// Looks at the time, and does what it is time for.
    fn mind_the_time(&mut self) -> Instant {
        let now = self.control().now();
        if self.connection.handle_timeout(now) == Some(Timeout::IdleLow) && self.control().is_crowded() {
            self.connection.close();
        }
        now
    }

    /// The time of now: the one that was looked at a moment ago, but that once only, since what it is for may take long.
    fn now(&self, just_now: &mut Option<Instant>) -> Instant {
        just_now.take().unwrap_or_else(|| self.control().now())
    }

    /// Does what is to be done when the server stops.
    fn mind_the_end(&mut self) {
        match self.control().stopping() {
            Stopping::No => {}
            Stopping::Finishing => {
                self.connection.set_persistence(Persistence::Refuse);
                if self.connection.request().is_none() && self.pending.is_empty() {
                    self.connection.close();
                }
            }
            Stopping::Now => self.connection.handle_transport_error(),
        }
    }

    /// Whether an answer is complete, more requests are there, and there is room for their answers.
    fn may_gather(&self) -> bool {
        !self.pending.is_empty()
            && self.connection.end().is_none()
            && self.connection.request().is_none()
            && self.connection.poll_transmit().len() < BATCH_LEN
    }

    /// Bytes that may be read, because there is memory to keep them if they cannot be taken at once.
    fn readable(&mut self) -> usize {
        if self.pending_share.is_any() || self.pending_share.cover(READ_LEN) { READ_LEN } else { OWN_LEN }
    }

    /// Gives back memory that is not in use, but for so many bytes of each buffer of the connection.
    fn give_memory_back(&mut self, keep: usize) {
        self.connection.shrink(keep);
        self.connection.set_transmit_limit(OWN_LEN);
        self.answer_share.release();
        self.pending = Vec::new();
        self.pending_share.release();
    }

    /// Reads, and takes what was read.
    fn poll_input(
        &mut self,
        is_asked: &mut bool,
        just_now: &mut Option<Instant>,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        let mut space = [const { MaybeUninit::uninit() }; READ_LEN];
        let mut buffer = ReadBuf::uninit(&mut space[..self.readable()]);
        match ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer)) {
            Ok(()) if buffer.filled().is_empty() => self.connection.handle_eof(),
            Ok(()) => {
                let mut input = buffer.filled();
                let now = self.now(just_now);
                *is_asked = self.take(&mut input, now, context).is_pending();
                if !input.is_empty() {
                    self.pending = input.to_vec();
                }
            }
            Err(error) => self.fail(&error),
        }
        Poll::Ready(())
    }

    /// Takes input that was kept.
    fn take_pending(&mut self, now: Instant, context: &mut Context<'_>) -> Poll<()> {
        let mut pending = mem::take(&mut self.pending);
        let mut input = pending.as_slice();
        let result = self.take(&mut input, now, context);
        let taken = pending.len() - input.len();
        pending.drain(..taken);
        self.pending = pending;
        result
    }

    /// Takes requests and answers them, until there are no more or something has to be waited for. Pending if that is
    /// the bus.
    fn take(&mut self, input: &mut &[u8], now: Instant, context: &mut Context<'_>) -> Poll<()> {
        loop {
            match self.connection.handle_input(input, now) {
                Event::Request => {}
                Event::NeedMore(_) | Event::Busy => return Poll::Ready(()),
                Event::Ended => {
                    *input = &[];
                    return Poll::Ready(());
                }
            }
            count(&self.control().counters.requests);
            self.look_at_request();
            ready!(self.serve(now, context));
            let is_answered = self.connection.request().is_none() && self.connection.end().is_none();
            if !is_answered || input.is_empty() || self.connection.poll_transmit().len() >= BATCH_LEN {
                return Poll::Ready(());
            }
        }
    }

    /// Decides whether the connection is kept, if the client asks for it.
    fn look_at_request(&mut self) {
        if let Some(request) = self.connection.request() {
            trace!(peer = %self.peer, header = ?request.header, "request");
            if request.is_cut() {
                count(&self.control().counters.memory_refused);
                let limit = self.control().settings.memory_limit;
                info!(peer = %self.peer, payload = request.header.payload, limit, "no memory for the request: refused");
            }
        }
        if !self.connection.requests_persistence() || self.control().stopping() != Stopping::No {
            return;
        }
        if !self.has_place {
            self.has_place = self.control().take_place();
            let persistence = if self.has_place { Persistence::Grant } else { Persistence::Refuse };
            self.connection.set_persistence(persistence);
        }
        if !self.has_place {
            count(&self.control().counters.persistence_refused);
            debug!(peer = %self.peer, limit = self.control().settings.persistent.high, "all places are taken: not kept");
        }
    }

    /// Goes on with an answer, as far as there is room for it.
    fn serve(&mut self, now: Instant, context: &mut Context<'_>) -> Poll<()> {
        ready!(self.ask_tree(now, context));
        // It is longer than what every answer may take.
        if self.connection.request().is_some()
            && !self.answer_share.is_any()
            && self.answer_share.cover(ANSWER_LEN)
        {
            self.connection.set_transmit_limit(DEFAULT_TRANSMIT_LIMIT);
            ready!(self.ask_tree(now, context));
        }
        Poll::Ready(())
    }

    fn ask_tree(&mut self, now: Instant, context: &mut Context<'_>) -> Poll<()> {
        if let Some((request, mut answer)) = self.connection.answer(now)
            && request.is_cut()
        {
            // Without room it is tried again once there is.
            let _ = answer.error(ReturnCode::OUT_OF_MEMORY);
            return Poll::Ready(());
        }
        let mut tree = self.shared.tree.lock().unwrap_or_else(PoisonError::into_inner);
        tree.serve(&mut self.connection, &mut self.job, now, context)
    }

    /// Closes the sending side, and sees whether the client has more to say. Ready if there is nothing to wait for.
    fn poll_close(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let end = self.connection.end().unwrap_or(End::TransportFailed);
        self.tell(end);
        self.give_back();
        if end.is_unread() || self.connection.is_half_closed() {
            return Poll::Ready(());
        }
        self.give_memory_back(0);
        match Pin::new(&mut self.stream).poll_shutdown(context) {
            Poll::Ready(Ok(())) => {}
            _ => return Poll::Ready(()),
        }
        let until = self.control().now().saturating_add(DRAIN_TIME);
        self.poll_drain(Draining { until, left: DRAIN_LIMIT }, context)
    }

    /// Gives up what was begun for the client, and the place that it had.
    fn give_back(&mut self) {
        self.shared.tree.lock().unwrap_or_else(PoisonError::into_inner).cancel(&mut self.job);
        if mem::take(&mut self.has_place) {
            self.control().give_place();
        }
    }

    /// Counts and logs the end.
    fn tell(&self, end: End) {
        let counters = &self.control().counters;
        let peer = self.peer;
        match end {
            End::Malformed(_) | End::MalformedWrite { .. } => {
                count(&counters.malformed);
                info!(%peer, %end, "refused");
            }
            End::Loop => {
                count(&counters.loops);
                info!(%peer, %end, "refused");
            }
            End::TimedOut(Timeout::IdleHigh) => {
                count(&counters.idle_closed);
                debug!(%peer, %end, "ended");
            }
            End::TimedOut(_) => {
                count(&counters.timed_out);
                info!(%peer, %end, "ended");
            }
            // The caller here is this driver: idle for long, or the server stops.
            End::Closed if self.control().stopping() == Stopping::No => {
                count(&counters.idle_closed);
                debug!(%peer, "ended: the client was idle and places are short");
            }
            End::TransportFailed => {
                count(&counters.lost);
                debug!(%peer, %end, "ended");
            }
            End::Answered | End::ClientClosed | End::Closed => debug!(%peer, %end, "ended"),
            _ => info!(%peer, %end, "ended"),
        }
    }
}

impl<B: Bus, A: Aliases> Future for Driver<B, A> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        if this.registered.is_none() {
            this.registered = Some(this.shared.control.register(context.waker()));
        }
        match this.draining {
            Some(draining) => this.poll_drain(draining, context),
            None => {
                ready!(this.poll_run(context));
                this.poll_close(context)
            }
        }
    }
}

/// Also when the runtime ends, or a bus panics.
impl<B: Bus, A: Aliases> Drop for Driver<B, A> {
    fn drop(&mut self) {
        self.give_back();
        if let Some(registered) = self.registered {
            self.control().unregister(registered);
        }
        self.control().leave();
    }
}
