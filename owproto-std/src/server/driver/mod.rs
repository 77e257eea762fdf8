//! The future that drives one connection: it moves bytes between the socket, the core's state machine and the tree.

mod closing;
mod requests;

use std::future::Future;
use std::io;
use std::mem::{self, MaybeUninit};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use ::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use ::tokio::net::TcpStream;
use ::tokio::task::yield_now;
use owproto_core::server::{Connection, DEFAULT_TRANSMIT_LIMIT, Persistence, Step, Timeout};
use owproto_core::time::Instant;
use owproto_core::tree::{Aliases, Bus, Job};
use tracing::debug;

use super::clock::Timer;
use super::memory::{Buffer, Share, UNCOUNTED_LEN};
use super::shared::{Control, Shared};
use super::shutdown::Phase;

/// Bytes read in one call. They are on the stack, so a waiting connection holds no read buffer.
const READ_LEN: usize = 8 << 10;

/// Bytes accepted from a client while its request is in progress. The rest stays in the socket.
const PENDING_LIMIT: usize = 4 << 10;

/// The capacity to which the buffer of answers may grow: it doubles, and holds no more than the limit.
const ANSWER_CAPACITY: usize = 2 * DEFAULT_TRANSMIT_LIMIT;

/// Bytes of answers that are gathered before they are sent, if more requests have arrived already.
const BATCH_LEN: usize = 8 << 10;

/// Bytes of each buffer that an idle connection keeps. Most requests and answers fit.
const IDLE_LEN: usize = 128;

/// Steps that a connection takes before it yields to other connections.
const STEPS_PER_POLL: u32 = 8;

/// One connection, from its acceptance to its close, as a future.
pub(super) struct Driver<B: Bus, A: Aliases> {
    shared: Arc<Shared<B, A>>,
    stream: TcpStream,
    peer: SocketAddr,
    connection: Connection<Vec<u8>, Buffer>,
    /// The memory for answers beyond [`UNCOUNTED_LEN`].
    answer_share: Share,
    job: Job,
    /// Input that was received and that the connection has not taken yet.
    pending: Vec<u8>,
    /// The memory for `pending` beyond [`UNCOUNTED_LEN`].
    pending_share: Share,
    timer: Timer,
    /// Where the waker of this task is registered.
    waker_slot: Option<u32>,
    /// Whether the connection counts as persistent.
    is_persistent: bool,
    /// Set once the sending side is closed.
    lingering: Option<Lingering>,
}

/// How long, and for how many bytes more, the receiving side stays open after the sending side was closed.
#[derive(Clone, Copy)]
struct Lingering {
    until: Instant,
    bytes_left: usize,
}

impl<B: Bus, A: Aliases> Driver<B, A> {
    pub(super) fn new(shared: Arc<Shared<B, A>>, stream: TcpStream, peer: SocketAddr) -> Self {
        // Each write is a whole answer, or all of it that is ready.
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%peer, %error, "cannot set TCP_NODELAY");
        }
        let control = &shared.control;
        let connection = control.new_connection();
        let timeout = connection.poll_timeout().map_or(Timer::NEVER, |(at, _)| at);
        Self {
            stream,
            peer,
            connection,
            answer_share: Share::new(&control.budget),
            job: Job::new(),
            pending: Vec::new(),
            pending_share: Share::new(&control.budget),
            timer: Timer::new(timeout, &control.clock),
            waker_slot: None,
            is_persistent: false,
            lingering: None,
            shared,
        }
    }

    fn control(&self) -> &Control {
        &self.shared.control
    }

    /// Waits until `at`.
    fn poll_timer(&mut self, at: Instant, context: &mut Context<'_>) -> Poll<()> {
        self.timer.poll(at, &self.shared.control.clock, context)
    }

    /// Runs the connection until it has to be closed.
    fn poll_run(&mut self, context: &mut Context<'_>) -> Poll<()> {
        // Whether the bus was called in this poll and was not ready. Then it has the waker.
        let mut is_bus_busy = false;
        let mut steps_left = STEPS_PER_POLL;
        let started = self.handle_time();
        // `None` after work that may have taken long; see `now`.
        let mut just_now = Some(started);
        loop {
            if steps_left == 0 {
                // Waking this task directly would let the runtime run it again without looking at its sockets.
                return pin!(yield_now()).poll(context);
            }
            self.handle_shutdown();
            let waited_for = match self.connection.step() {
                Step::Close => return Poll::Ready(()),
                // The next answer may be sent in the same write.
                Step::Write if self.may_gather() => {
                    steps_left -= 1;
                    let now = self.now(&mut just_now);
                    is_bus_busy = self.take_pending(now, context).is_pending();
                    continue;
                }
                Step::Write => self.poll_send(started, context),
                Step::Answer if is_bus_busy => self.poll_client(context),
                Step::Answer => {
                    let now = self.now(&mut just_now);
                    is_bus_busy = self.answer(now, context).is_pending();
                    // After one piece of a long answer, yield.
                    let is_long = !is_bus_busy && self.connection.request().is_some();
                    steps_left = if is_long { 0 } else { steps_left - 1 };
                    continue;
                }
                Step::Read if !self.pending.is_empty() || self.connection.is_half_closed() => {
                    steps_left -= 1;
                    let now = self.now(&mut just_now);
                    is_bus_busy = self.take_pending(now, context).is_pending();
                    continue;
                }
                Step::Read => {
                    steps_left -= 1;
                    let result = self.poll_input(&mut is_bus_busy, &mut just_now, context);
                    if result.is_pending() {
                        self.release_memory(IDLE_LEN);
                    }
                    result
                }
            };
            if waited_for.is_pending() {
                match self.connection.poll_timeout() {
                    Some((at, _)) => ready!(self.poll_timer(at, context)),
                    None => return Poll::Pending,
                }
                just_now = Some(self.handle_time());
            }
        }
    }

    /// Reads the clock and handles timeouts that have expired.
    fn handle_time(&mut self) -> Instant {
        let now = self.control().clock.now();
        if self.connection.handle_timeout(now) == Some(Timeout::IdleLow)
            && self.control().admission.is_crowded()
        {
            self.connection.close();
        }
        now
    }

    /// The current time: `just_now` for the first use, since reading the clock costs as much as a short request; then the
    /// clock again, because that use may have taken long.
    fn now(&self, just_now: &mut Option<Instant>) -> Instant {
        just_now.take().unwrap_or_else(|| self.control().clock.now())
    }

    /// Follows a shutdown of the server.
    fn handle_shutdown(&mut self) {
        match self.control().shutdown.phase() {
            Phase::Running => {}
            Phase::Finishing => {
                self.connection.set_persistence(Persistence::Refuse);
                if self.connection.request().is_none() && self.pending.is_empty() {
                    self.connection.close();
                }
            }
            Phase::Aborting => self.connection.handle_transport_error(),
        }
    }

    /// Sends what waits to be sent, or a part of it. `started` is the time at which this poll started.
    fn poll_send(&mut self, started: Instant, context: &mut Context<'_>) -> Poll<()> {
        let bytes = self.connection.poll_transmit();
        match ready!(Pin::new(&mut self.stream).poll_write(context, bytes)) {
            Ok(n) if n > 0 => {
                // Once everything is sent, no timeout depends on the exact time.
                let now = if n < bytes.len() { self.control().clock.now() } else { started };
                self.connection.handle_transmitted(n, now);
            }
            Ok(_) => self.fail(&io::ErrorKind::WriteZero.into()),
            Err(error) => self.fail(&error),
        }
        Poll::Ready(())
    }

    /// Reads while a request is in progress, to notice when the client disconnects. Ready when something has changed.
    fn poll_client(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let room = PENDING_LIMIT.min(self.readable_len()).saturating_sub(self.pending.len());
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

    fn fail(&mut self, error: &io::Error) {
        debug!(peer = %self.peer, %error, "connection lost");
        self.connection.handle_transport_error();
    }

    /// Bytes that may be read now: only what can be stored if the connection does not take it immediately.
    fn readable_len(&mut self) -> usize {
        if !self.pending_share.is_empty() || self.pending_share.resize(READ_LEN) {
            READ_LEN
        } else {
            UNCOUNTED_LEN
        }
    }

    /// Releases memory that is not in use, except for `keep` bytes of each buffer of the connection.
    fn release_memory(&mut self, keep: usize) {
        self.connection.shrink(keep);
        self.connection.set_transmit_limit(UNCOUNTED_LEN);
        self.answer_share.release();
        self.pending = Vec::new();
        self.pending_share.release();
    }

    /// Cancels the work for the client, and no longer counts the connection as persistent.
    fn release_request(&mut self) {
        self.shared.tree().cancel(&mut self.job);
        if mem::take(&mut self.is_persistent) {
            self.control().admission.release_persistent();
        }
    }
}

impl<B: Bus, A: Aliases> Future for Driver<B, A> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        if this.waker_slot.is_none() {
            this.waker_slot = Some(this.shared.control.shutdown.register(context.waker()));
        }
        match this.lingering {
            Some(lingering) => this.poll_linger(lingering, context),
            None => {
                ready!(this.poll_run(context));
                this.poll_close(context)
            }
        }
    }
}

/// Cleans up also when the runtime is dropped or a bus panics.
impl<B: Bus, A: Aliases> Drop for Driver<B, A> {
    fn drop(&mut self) {
        self.release_request();
        if let Some(slot) = self.waker_slot {
            self.control().shutdown.unregister(slot);
        }
        self.control().connection_closed();
    }
}
