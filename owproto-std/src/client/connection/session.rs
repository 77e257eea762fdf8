//! The loop around a socket: sends what the protocol wants to send, and gives it what was received.

use std::io;

use owproto_core::client::{Connection, Event, Resend, Step, Timeouts};
use owproto_core::message::Entries;
use owproto_core::time::{self, Instant};
use owproto_core::{Reply, Request};

use super::error::SessionError;
use crate::client::transport::{Runtime, Stream};
use crate::tap::{Tap, Traffic};

/// The maximum number of requests in flight on one connection.
pub(crate) const MAX_IN_FLIGHT: usize = 64;

/// The maximum number of bytes that one read from a socket returns.
const RECEIVE_LEN: usize = 64 * 1024;

/// How long a connection may be idle before any request, not only a write, is preceded by a check whether it is still
/// usable. The check costs a system call, which calls in a loop should not pay.
pub(super) const IDLE_CHECK_AFTER: time::Duration = time::Duration::from_millis(1);

/// The memory of a connection. It is reused by later connections.
pub(crate) struct Buffers {
    pub(super) connection: Connection<Vec<u8>, Vec<u8>, MAX_IN_FLIGHT>,
    pub(super) receive: Box<[u8]>,
    /// The time of the latest step. After a call whose end was not timed: the time when that call began.
    pub(super) now: Instant,
    /// Whether to read the clock at the end of the next call. An idle connection must be told from one that was in use, and
    /// they differ only if calls are slow. So the clock is read while they are, and after a call that may have been.
    pub(super) times_call_end: bool,
    pub(super) list_limit: usize,
    pub(super) tap: Tap,
}

impl Buffers {
    pub(super) fn new(payload_limit: usize, list_limit: usize, tap: Tap) -> Self {
        Self {
            connection: Connection::new(Vec::with_capacity(128), Vec::new())
                .with_payload_limit(payload_limit)
                .with_list_limit(list_limit),
            receive: vec![0; RECEIVE_LEN].into_boxed_slice(),
            now: Instant::ZERO,
            times_call_end: true,
            list_limit,
            tap,
        }
    }
}

/// A socket and the state of the protocol on it. It is one pointer, since it moves from call to call.
pub(crate) struct Session<R: Runtime>(pub(super) Box<Parts<R>>);

pub(super) struct Parts<R: Runtime> {
    pub(super) buffers: Box<Buffers>,
    pub(super) stream: R::Stream,
    /// The number of bytes in the receive buffer that were not processed. `0 <= unprocessed <= receive.len()`
    pub(super) unprocessed: usize,
}

// Methods of `Parts`, not of `Session`: as long as nothing borrows a session, its pointer can stay in a register.
impl<R: Runtime> Parts<R> {
    #[inline(always)]
    pub(super) fn request(
        &mut self,
        request: &Request<'_>,
        total: time::Duration,
    ) -> Result<(), SessionError> {
        let Buffers { connection, now, .. } = &mut *self.buffers;
        match connection.request_within(request, total, *now) {
            Ok(_) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Processes the result of a write. Returns whether everything was sent.
    #[inline]
    pub(super) fn finish_write(&mut self, sent: io::Result<Option<usize>>) -> Result<bool, SessionError> {
        let Buffers { connection, now, tap, .. } = &mut *self.buffers;
        match sent {
            Ok(Some(n)) => {
                let bytes = connection.poll_transmit();
                let is_all = n == bytes.len();
                tap.show(|| Traffic::Sent(bytes.get(..n).unwrap_or_default()));
                connection.handle_transmitted(n, *now);
                Ok(is_all)
            }
            Ok(None) => Ok(false),
            Err(error) => Err(self.transport_error(error)),
        }
    }

    /// Processes the result of a read. Returns the number of bytes to process; 0 after a timeout.
    #[inline]
    pub(super) fn finish_read(&mut self, read: io::Result<Option<usize>>) -> Result<usize, SessionError> {
        let Buffers { connection, receive, now, tap, .. } = &mut *self.buffers;
        *now = R::now();
        match read {
            Ok(Some(n @ 1..)) => {
                tap.show(|| Traffic::Received(receive.get(..n).unwrap_or_default()));
                Ok(n)
            }
            Ok(Some(0)) => Ok(connection.handle_eof().map(|()| 0)?),
            Ok(None) => Ok(connection.handle_timeout(*now).map(|()| 0)?),
            Err(error) => Err(self.transport_error(error)),
        }
    }

    #[cold]
    fn transport_error(&mut self, error: io::Error) -> SessionError {
        SessionError::io(self.buffers.connection.handle_transport_error(), error)
    }
}

/// What a session receives.
pub(crate) enum Item<'a> {
    Entries(Entries<'a>),
    Reply(Reply<'a>),
}

/// What a socket must be ready for before a session can continue.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interest {
    Read,
    Write,
}

impl<R: Runtime> Session<R> {
    pub(super) fn new(stream: R::Stream, mut buffers: Box<Buffers>) -> Self {
        buffers.connection.reset();
        buffers.now = R::now();
        buffers.times_call_end = true;
        Self(Box::new(Parts { buffers, stream, unprocessed: 0 }))
    }

    /// Closes the socket and returns the memory.
    pub(super) fn close(self) -> Box<Buffers> {
        let Parts { buffers, .. } = *self.0;
        buffers.tap.show(|| Traffic::Closed);
        buffers
    }

    /// Whether the server has promised to keep the connection, and no request is in flight.
    #[inline]
    pub(crate) fn is_reusable(&self) -> bool {
        self.0.buffers.connection.is_reusable()
    }

    /// Whether the server has answered everything and does not keep the connection.
    #[cold]
    pub(crate) fn was_not_kept(&self) -> bool {
        let connection = &self.0.buffers.connection;
        connection.step() == Step::Close && connection.error().is_none()
    }

    /// Whether the idle connection can no longer be used.
    #[cold]
    pub(crate) fn is_stale(&self) -> bool {
        self.0.stream.is_stale()
    }

    /// The time of the latest step.
    #[inline]
    pub(crate) fn now(&self) -> Instant {
        self.0.buffers.now
    }

    /// Begins a call.
    #[inline]
    pub(crate) fn begin_call(&mut self, now: Instant, timeouts: Timeouts) {
        let Buffers { connection, now: previous, .. } = &mut *self.0.buffers;
        *previous = now.max(*previous);
        connection.set_timeouts(timeouts);
    }

    /// Makes the end of the next call be timed.
    pub(crate) fn time_call_end(&mut self) {
        self.0.buffers.times_call_end = true;
    }

    /// Whether the connection was idle for so long that a check costs little in comparison; or was in use for an unknown
    /// part of that time.
    #[inline]
    pub(crate) fn needs_check(&self, now: Instant) -> bool {
        now.saturating_since(self.now()) >= IDLE_CHECK_AFTER
    }

    /// How many more requests [`request`](Self::request) accepts now.
    pub(crate) fn room(&self) -> usize {
        self.0.buffers.connection.room()
    }

    #[inline(always)]
    pub(crate) fn request(
        &mut self,
        request: &Request<'_>,
        total: time::Duration,
    ) -> Result<(), SessionError> {
        self.0.request(request, total)
    }

    /// After an error: whether all requests without a reply may be sent again.
    #[cold]
    pub(crate) fn may_resend(&mut self) -> bool {
        let connection = &mut self.0.buffers.connection;
        std::iter::from_fn(|| connection.poll_lost()).all(|lost| lost.resend == Resend::Safe)
    }

    /// One step: sends what is to be sent, waits for input, and processes it.
    #[inline]
    pub(crate) async fn pump(
        &mut self,
        acknowledgements: &mut AckPolicy,
        on_item: &mut (impl FnMut(Item<'_>) + Send),
    ) -> Result<(), SessionError> {
        while let Some(interest) = self.advance(acknowledgements, on_item)? {
            self.wait(interest).await?;
        }
        Ok(())
    }

    /// The part of a step that needs no future. Returns what to [wait](Self::wait) for before the rest.
    #[inline]
    pub(super) fn advance(
        &mut self,
        acknowledgements: &mut AckPolicy,
        on_item: &mut impl FnMut(Item<'_>),
    ) -> Result<Option<Interest>, SessionError> {
        let mut n = std::mem::take(&mut self.0.unprocessed);
        if n == 0 {
            if self.0.buffers.connection.step() == Step::Write && !self.try_write()? {
                return Ok(Some(Interest::Write));
            }
            let Buffers { connection, now, .. } = &mut *self.0.buffers;
            if connection.step() != Step::Read {
                connection.handle_eof()?;
                connection.handle_timeout(*now)?;
                return Ok(None);
            }
            acknowledgements.before_read(&self.0.stream);
            let Some(read) = self.read_blocking() else { return Ok(Some(Interest::Read)) };
            n = self.0.finish_read(read)?;
        }
        let Buffers { connection, receive, now, .. } = &mut *self.0.buffers;
        if let Some(mut input) = receive.get(..n).filter(|input| !input.is_empty()) {
            loop {
                match connection.handle_input(&mut input, *now)? {
                    Event::NeedMore(_) => break,
                    Event::Keepalive => {}
                    Event::Entries(_, entries) => on_item(Item::Entries(entries)),
                    Event::Reply(_, reply) => on_item(Item::Reply(reply)),
                }
                // The end of a listing may follow its entries without more input, so an empty input is not enough.
                if input.is_empty() && connection.in_flight() == 0 {
                    break;
                }
            }
        }
        connection.handle_timeout(*now)?;
        Ok(None)
    }

    /// Waits for what [`advance`](Self::advance) needs.
    pub(crate) async fn wait(&mut self, interest: Interest) -> Result<(), SessionError> {
        if interest == Interest::Write {
            return self.write().await;
        }
        let Parts { buffers, stream, .. } = &mut *self.0;
        let Buffers { connection, now, receive, .. } = &mut **buffers;
        let wait = connection.time_left(*now);
        let read = stream.read(receive, wait).await;
        self.0.unprocessed = self.0.finish_read(read)?;
        Ok(())
    }

    /// Reads by blocking the thread. `None` if that needs a future.
    #[inline(always)]
    fn read_blocking(&mut self) -> Option<io::Result<Option<usize>>> {
        let Parts { buffers, stream, .. } = &mut *self.0;
        let Buffers { connection, now, receive, .. } = &mut **buffers;
        let wait = connection.time_left(*now);
        stream.read_blocking(receive, wait)
    }

    /// Sends what fits the socket's buffer. This does not wait, so the clock is not read. Returns whether everything was sent.
    #[inline(always)]
    fn try_write(&mut self) -> Result<bool, SessionError> {
        let Parts { buffers, stream, .. } = &mut *self.0;
        let sent = stream.try_write(buffers.connection.poll_transmit());
        self.0.finish_write(sent)
    }

    /// Waits until the socket can be written to, and sends.
    #[cold]
    async fn write(&mut self) -> Result<(), SessionError> {
        let Parts { buffers, stream, .. } = &mut *self.0;
        let Buffers { connection, now, tap, .. } = &mut **buffers;
        *now = R::now();
        let wait = connection.time_left(*now);
        match stream.write(connection.poll_transmit(), wait).await {
            Ok(Some(0)) => return Err(self.0.transport_error(io::ErrorKind::WriteZero.into())),
            Ok(Some(n)) => {
                tap.show(|| Traffic::Sent(connection.poll_transmit().get(..n).unwrap_or_default()));
                *now = R::now();
                connection.handle_transmitted(n, *now);
            }
            Ok(None) => *now = R::now(),
            Err(error) => return Err(self.0.transport_error(error)),
        }
        Ok(connection.handle_timeout(*now)?)
    }
}

/// When received data is acknowledged without delay: if the server sends a reply with several writes, and from the second
/// read on. Before that the server waits for no acknowledgement, and often the first read returns everything.
pub(crate) struct AckPolicy {
    pub(crate) has_several_writes: bool,
    is_first_read: bool,
}

impl AckPolicy {
    /// For a reply that the server sends with one write, or with several.
    #[inline]
    pub(crate) const fn new(has_several_writes: bool) -> Self {
        Self { has_several_writes, is_first_read: true }
    }

    #[inline]
    fn before_read(&mut self, stream: &impl Stream) {
        let is_first_read = std::mem::replace(&mut self.is_first_read, false);
        if self.has_several_writes && !is_first_read {
            stream.acknowledge_without_delay();
        }
    }

    /// Records that the first read was done without this policy.
    pub(super) fn after_first_read(mut self) -> Self {
        self.is_first_read = false;
        self
    }
}
