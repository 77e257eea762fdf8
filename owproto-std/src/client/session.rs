use std::io;

use owproto_core::client::{Connection, ConnectionError, Event, Resend, Step, Timeouts};
use owproto_core::listing::Entries;
use owproto_core::time::{self, Instant};
use owproto_core::wire::MessageType;
use owproto_core::{DecodeError, Reply, Request, RequestError};

use super::shared::Settings;
use crate::runtime::{Runtime, Stream};
use crate::tap::{Tap, Traffic};

/// Requests in flight at once on one connection.
pub(crate) const DEPTH: usize = 64;

/// Bytes that are read from a socket at once.
const RECEIVE_LEN: usize = 64 * 1024;

/// How long a connection is idle before it is looked at before it is used again, whatever for. That costs a few system
/// calls, which a caller in a loop should not pay.
const RESTED: time::Duration = time::Duration::from_millis(1);

/// The memory of a connection, kept when the connection ends.
pub(crate) struct Buffers {
    connection: Connection<Vec<u8>, Vec<u8>, DEPTH>,
    receive: Box<[u8]>,
    /// The time of the latest step.
    now: Instant,
    list_limit: usize,
    tap: Tap,
}

impl Buffers {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            connection: Connection::new(Vec::with_capacity(128), Vec::new())
                .with_payload_limit(settings.payload_limit)
                .with_list_limit(settings.list_limit),
            receive: vec![0; RECEIVE_LEN].into_boxed_slice(),
            now: Instant::ZERO,
            list_limit: settings.list_limit,
            tap: settings.tap.clone(),
        }
    }
}

/// A socket and the protocol's state on it. Small, since it moves from call to call.
pub(crate) struct Session<R: Runtime> {
    stream: R::Stream,
    buffers: Box<Buffers>,
}

/// What comes out of a session.
pub(crate) enum Item<'a> {
    Entries(Entries<'a>),
    Reply(Reply<'a>),
}

/// Why a session came to an end.
#[derive(Debug)]
pub(crate) enum Failure {
    Request(RequestError),
    Connection(ConnectionError),
    Io(ConnectionError, io::Error),
}

impl Failure {
    /// Whether the connection was only too old.
    pub(crate) fn is_stale(&self) -> bool {
        match self {
            Self::Request(_) => false,
            Self::Connection(error) | Self::Io(error, _) => error.is_stale(),
        }
    }
}

impl From<ConnectionError> for Failure {
    fn from(error: ConnectionError) -> Self {
        Self::Connection(error)
    }
}

impl<R: Runtime> Session<R> {
    pub(crate) fn new(stream: R::Stream, mut buffers: Box<Buffers>) -> Self {
        buffers.connection.reset();
        buffers.now = R::now();
        Self { stream, buffers }
    }

    /// Closes the socket and gives the memory back.
    pub(crate) fn close(self) -> Box<Buffers> {
        self.buffers.tap.show(Traffic::Closed);
        self.buffers
    }

    /// Whether the server has promised to keep it, and nothing is under way.
    #[inline]
    pub(crate) fn is_reusable(&self) -> bool {
        self.buffers.connection.is_reusable()
    }

    /// Whether the server has answered all, and does not keep it.
    #[cold]
    pub(crate) fn is_refused(&self) -> bool {
        self.buffers.connection.step() == Step::Close && self.buffers.connection.error().is_none()
    }

    /// Whether it was closed or spoilt while it was idle.
    #[cold]
    pub(crate) fn is_spoilt(&self) -> bool {
        self.stream.is_spoilt()
    }

    /// The time of the latest step.
    #[inline]
    pub(crate) fn now(&self) -> Instant {
        self.buffers.now
    }

    /// A call begins.
    #[inline]
    pub(crate) fn begin(&mut self, now: Instant, timeouts: Timeouts) {
        self.buffers.now = now.max(self.buffers.now);
        self.buffers.connection.set_timeouts(timeouts);
    }

    /// Whether it was idle long enough for a look at it to cost nothing.
    #[inline]
    pub(crate) fn has_rested(&self, now: Instant) -> bool {
        now.since(self.buffers.now) >= RESTED
    }

    /// How many requests it takes now.
    pub(crate) fn room(&self) -> usize {
        self.buffers.connection.room()
    }

    #[inline]
    pub(crate) fn request(&mut self, request: &Request<'_>, total: time::Duration) -> Result<(), Failure> {
        let Buffers { connection, now, .. } = &mut *self.buffers;
        connection.request_within(request, total, *now).map_err(Failure::Request)?;
        Ok(())
    }

    /// After a failure: whether all that got no answer may be sent again.
    #[cold]
    pub(crate) fn may_resend(&mut self) -> bool {
        std::iter::from_fn(|| self.buffers.connection.poll_lost()).all(|lost| lost.resend == Resend::Safe)
    }

    /// One request and its answer: entries to `on_entries`, which gives their length; the reply that ends them to
    /// `finish`, which is left empty.
    #[inline]
    pub(crate) async fn exchange<T, F>(
        &mut self,
        request: &Request<'_>,
        total: time::Duration,
        on_entries: &mut (impl FnMut(Entries<'_>) -> usize + Send),
        finish: &mut Option<F>,
    ) -> Result<T, Failure>
    where
        F: FnOnce(Reply<'_>) -> T + Send,
        T: Send,
    {
        self.request(request, total)?;
        let mut reading = Reading::new(request.message_type() == MessageType::DIR);
        let mut listed = 0_usize;
        loop {
            let mut result = None;
            let pumped = self
                .pump(&mut reading, &mut |item| match item {
                    Item::Entries(entries) => listed = listed.saturating_add(on_entries(entries)),
                    Item::Reply(reply) => result = finish.take().map(|finish| finish(reply)),
                })
                .await;
            // A comma list says its length before it comes, this one may go on for ever.
            if reading.is_in_pieces && listed > self.buffers.list_limit {
                return Err(self.too_long(listed));
            }
            // The answer counts, also when something behind it has spoilt the connection.
            match (result, pumped) {
                (Some(result), _) => return Ok(result),
                (None, Err(failure)) => return Err(failure),
                (None, Ok(())) => {}
            }
        }
    }

    #[cold]
    fn too_long(&self, listed: usize) -> Failure {
        let announced = u32::try_from(listed).unwrap_or(u32::MAX);
        let error = DecodeError::PayloadTooLarge { announced, limit: self.buffers.list_limit };
        Failure::Connection(error.into())
    }

    /// One step: sends what waits to be sent, and waits for bytes and takes what they say.
    #[inline]
    pub(crate) async fn pump(
        &mut self,
        reading: &mut Reading,
        on_item: &mut (impl FnMut(Item<'_>) + Send),
    ) -> Result<(), Failure> {
        if self.buffers.connection.step() == Step::Write && !self.write_at_once()? {
            return self.write().await;
        }
        let Some(wait) = self.begin_read(reading)? else { return Ok(()) };
        let read = self.stream.read(&mut self.buffers.receive, wait).await;
        self.end_read(read, on_item)
    }

    /// How long to wait for bytes, or that none are to come.
    #[inline]
    fn begin_read(&mut self, reading: &mut Reading) -> Result<Option<Option<time::Duration>>, Failure> {
        let Buffers { connection, now, .. } = &mut *self.buffers;
        if connection.step() != Step::Read {
            connection.handle_eof()?;
            connection.handle_timeout(*now)?;
            return Ok(None);
        }
        reading.begin(&self.stream);
        Ok(Some(connection.poll_timeout().map(|(at, _)| at.since(*now))))
    }

    #[inline]
    fn end_read(
        &mut self,
        read: io::Result<Option<usize>>,
        on_item: &mut impl FnMut(Item<'_>),
    ) -> Result<(), Failure> {
        let Buffers { connection, receive, now, tap, .. } = &mut *self.buffers;
        *now = R::now();
        match read {
            Ok(Some(n @ 1..)) => {
                let mut input = receive.get(..n).unwrap_or_default();
                tap.show(Traffic::Received(input));
                loop {
                    match connection.handle_input(&mut input, *now)? {
                        Event::NeedMore(_) => break,
                        Event::Keepalive => {}
                        Event::Entries(_, entries) => on_item(Item::Entries(entries)),
                        Event::Reply(_, reply) => on_item(Item::Reply(reply)),
                    }
                    // Behind entries the end of their list may come from no more bytes.
                    if input.is_empty() && connection.in_flight() == 0 {
                        break;
                    }
                }
            }
            Ok(Some(0)) => connection.handle_eof()?,
            Ok(None) => {}
            Err(error) => return Err(self.transport_error(error)),
        }
        Ok(connection.handle_timeout(*now)?)
    }

    /// Sends what waits to be sent, if that can be done without waiting, so that no time passes.
    #[inline]
    fn write_at_once(&mut self) -> Result<bool, Failure> {
        let Buffers { connection, now, tap, .. } = &mut *self.buffers;
        let n = match self.stream.write_at_once(connection.poll_transmit()) {
            Ok(Some(n)) => n,
            Ok(None) => return Ok(false),
            Err(error) => return Err(self.transport_error(error)),
        };
        tap.show(Traffic::Sent(connection.poll_transmit().get(..n).unwrap_or_default()));
        connection.handle_transmitted(n, *now);
        Ok(connection.step() != Step::Write)
    }

    /// Waits until something can be sent, and sends it.
    #[cold]
    async fn write(&mut self) -> Result<(), Failure> {
        let Buffers { connection, now, tap, .. } = &mut *self.buffers;
        *now = R::now();
        let wait = connection.poll_timeout().map(|(at, _)| at.since(*now));
        match self.stream.write(connection.poll_transmit(), wait).await {
            Ok(Some(0)) => return Err(self.transport_error(io::ErrorKind::WriteZero.into())),
            Ok(Some(n)) => {
                tap.show(Traffic::Sent(connection.poll_transmit().get(..n).unwrap_or_default()));
                *now = R::now();
                connection.handle_transmitted(n, *now);
            }
            Ok(None) => *now = R::now(),
            Err(error) => return Err(self.transport_error(error)),
        }
        Ok(connection.handle_timeout(*now)?)
    }

    #[cold]
    fn transport_error(&mut self, error: io::Error) -> Failure {
        Failure::Io(self.buffers.connection.handle_transport_error(), error)
    }
}

/// How the answer to a call is read.
///
/// What the server sends with more than one write is acknowledged at once, but for the first of it: until then nothing
/// waits for an acknowledgement, and often it is all.
pub(crate) struct Reading {
    pub(crate) is_in_pieces: bool,
    is_first: bool,
}

impl Reading {
    #[inline]
    pub(crate) const fn new(is_in_pieces: bool) -> Self {
        Self { is_in_pieces, is_first: true }
    }

    #[inline]
    fn begin(&mut self, stream: &impl Stream) {
        let is_first = std::mem::replace(&mut self.is_first, false);
        if self.is_in_pieces && !is_first {
            stream.acknowledge_at_once();
        }
    }
}
