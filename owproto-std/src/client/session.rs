use std::io;
use std::time::Duration;

use owproto_core::client::{Connection, ConnectionError, Event, Resend, Step, Timeouts};
use owproto_core::listing::Entries;
use owproto_core::time::{self, Instant};
use owproto_core::{DecodeError, Reply, Request, RequestError};

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
}

impl Buffers {
    pub(crate) fn new(payload_limit: usize, list_limit: usize) -> Self {
        Self {
            connection: Connection::new(Vec::with_capacity(128), Vec::new())
                .with_payload_limit(payload_limit)
                .with_list_limit(list_limit),
            receive: vec![0; RECEIVE_LEN].into_boxed_slice(),
        }
    }
}

/// A socket and the protocol's state on it.
pub(crate) struct Session<R: Runtime> {
    stream: R::Stream,
    buffers: Box<Buffers>,
    /// The time of the latest step.
    now: Instant,
    list_limit: usize,
    tap: Tap,
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
    pub(crate) fn new(stream: R::Stream, mut buffers: Box<Buffers>, list_limit: usize, tap: Tap) -> Self {
        buffers.connection.reset();
        Self { stream, buffers, now: R::now(), list_limit, tap }
    }

    /// Closes the socket and gives the memory back.
    pub(crate) fn close(self) -> Box<Buffers> {
        self.tap.show(Traffic::Closed);
        self.buffers
    }

    pub(crate) fn set_timeouts(&mut self, timeouts: Timeouts) {
        self.buffers.connection.set_timeouts(timeouts);
    }

    /// Whether the server has promised to keep it, and nothing is under way.
    #[inline]
    pub(crate) fn is_reusable(&self) -> bool {
        self.buffers.connection.is_reusable()
    }

    /// Whether it was closed or spoilt while it was idle.
    pub(crate) fn is_spoilt(&self) -> bool {
        self.stream.is_spoilt()
    }

    /// Whether it was idle long enough for a look at it to cost nothing.
    #[inline]
    pub(crate) fn has_rested(&self) -> bool {
        R::now().since(self.now) >= RESTED
    }

    /// How many requests it takes now.
    pub(crate) fn room(&self) -> usize {
        self.buffers.connection.room()
    }

    #[inline]
    pub(crate) fn request(&mut self, request: &Request<'_>, total: time::Duration) -> Result<(), Failure> {
        self.now = R::now();
        self.buffers.connection.request_within(request, total, self.now).map_err(Failure::Request)?;
        Ok(())
    }

    /// After a failure: whether all that got no answer may be sent again.
    pub(crate) fn may_resend(&mut self) -> bool {
        std::iter::from_fn(|| self.buffers.connection.poll_lost()).all(|lost| lost.resend == Resend::Safe)
    }

    /// One request and its answer: entries to `on_entries`, the reply that ends them to `finish`, which is left empty.
    #[inline]
    pub(crate) async fn exchange<T, F>(
        &mut self,
        request: &Request<'_>,
        total: time::Duration,
        on_entries: &mut (impl FnMut(Entries<'_>) + Send),
        finish: &mut Option<F>,
    ) -> Result<T, Failure>
    where
        F: FnOnce(Reply<'_>) -> T + Send,
        T: Send,
    {
        self.request(request, total)?;
        let is_streamed = request.message_type() == owproto_core::wire::MessageType::DIR;
        let mut listed = 0_usize;
        loop {
            let mut result = None;
            let pumped = self
                .pump(is_streamed, &mut |item| match item {
                    Item::Entries(entries) => {
                        if is_streamed {
                            listed = entries.fold(listed, |sum, entry| sum + entry.len() + 1);
                        }
                        on_entries(entries);
                    }
                    Item::Reply(reply) => result = finish.take().map(|finish| finish(reply)),
                })
                .await;
            if listed > self.list_limit {
                // A comma list says its length before it comes, this one may go on for ever.
                let announced = u32::try_from(listed).unwrap_or(u32::MAX);
                let error = DecodeError::PayloadTooLarge { announced, limit: self.list_limit };
                return Err(Failure::Connection(error.into()));
            }
            // The answer counts, also when something behind it has spoilt the connection.
            match (result, pumped) {
                (Some(result), _) => return Ok(result),
                (None, Err(failure)) => return Err(failure),
                (None, Ok(())) => {}
            }
        }
    }

    /// One step: sends what waits to be sent, or waits for bytes and takes what they say.
    ///
    /// `acknowledge_at_once` is for answers that the server sends with more than one write.
    #[inline]
    pub(crate) async fn pump(
        &mut self,
        acknowledge_at_once: bool,
        on_item: &mut (impl FnMut(Item<'_>) + Send),
    ) -> Result<(), Failure> {
        let Buffers { connection, receive } = &mut *self.buffers;
        let wait = connection.poll_timeout().map(|(at, _)| Duration::from(at.since(self.now)));
        match connection.step() {
            Step::Write => match self.stream.write(connection.poll_transmit(), wait).await {
                Ok(Some(0)) => return Err(self.transport_error(io::ErrorKind::WriteZero.into())),
                Ok(Some(n)) => {
                    self.tap.show(Traffic::Sent(connection.poll_transmit().get(..n).unwrap_or_default()));
                    self.now = R::now();
                    connection.handle_transmitted(n, self.now);
                }
                Ok(None) => self.now = R::now(),
                Err(error) => return Err(self.transport_error(error)),
            },
            Step::Read => {
                if acknowledge_at_once {
                    self.stream.acknowledge_at_once();
                }
                match self.stream.read(receive, wait).await {
                    Ok(Some(0)) => connection.handle_eof()?,
                    Ok(Some(n)) => {
                        self.now = R::now();
                        let mut input = receive.get(..n).unwrap_or_default();
                        self.tap.show(Traffic::Received(input));
                        loop {
                            match connection.handle_input(&mut input, self.now)? {
                                Event::NeedMore(_) => break,
                                Event::Keepalive => {}
                                Event::Entries(_, entries) => on_item(Item::Entries(entries)),
                                Event::Reply(_, reply) => on_item(Item::Reply(reply)),
                            }
                        }
                    }
                    Ok(None) => self.now = R::now(),
                    Err(error) => return Err(self.transport_error(error)),
                }
            }
            Step::Idle | Step::Close => connection.handle_eof()?,
        }
        Ok(connection.handle_timeout(self.now)?)
    }

    fn transport_error(&mut self, error: io::Error) -> Failure {
        Failure::Io(self.buffers.connection.handle_transport_error(), error)
    }
}
