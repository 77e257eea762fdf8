use std::io;

use owproto_core::client::{Connection, ConnectionError, Event, Resend, SendError, Step, Timeouts};
use owproto_core::message::Entries;
use owproto_core::time::{self, Instant};
use owproto_core::wire::MessageType;
use owproto_core::{DecodeError, Reply, Request};

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
    /// The time of the latest step; that of the beginning of the call, where the end of it was not timed.
    now: Instant,
    /// Whether the end of the next call is timed, to tell a connection that was idle from one that was at work. That
    /// matters only if calls are slow; so it is done as long as they are, and after one that may have been.
    is_timed: bool,
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
            is_timed: true,
            list_limit: settings.list_limit,
            tap: settings.tap.clone(),
        }
    }
}

/// A socket and the protocol's state on it. One pointer, since it moves from call to call.
pub(crate) struct Session<R: Runtime>(Box<Parts<R>>);

struct Parts<R: Runtime> {
    buffers: Box<Buffers>,
    stream: R::Stream,
    /// Bytes in the receive buffer that were not looked at.
    received: usize,
}

// Apart from the session, which can stay in a register as long as nothing borrows it.
impl<R: Runtime> Parts<R> {
    #[inline(always)]
    fn request(&mut self, request: &Request<'_>, total: time::Duration) -> Result<(), Failure> {
        let Buffers { connection, now, .. } = &mut *self.buffers;
        match connection.request_within(request, total, *now) {
            Ok(_) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// What was sent, or none. Whether it was all.
    #[inline]
    fn end_write(&mut self, sent: io::Result<Option<usize>>) -> Result<bool, Failure> {
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

    /// What was read, in bytes; none if the time is over.
    #[inline]
    fn end_read(&mut self, read: io::Result<Option<usize>>) -> Result<usize, Failure> {
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
    fn transport_error(&mut self, error: io::Error) -> Failure {
        Failure::new(Reason::Io(self.buffers.connection.handle_transport_error(), error))
    }
}

/// What comes out of a session.
pub(crate) enum Item<'a> {
    Entries(Entries<'a>),
    Reply(Reply<'a>),
}

/// Why a session came to an end. Boxed, since it goes through many hands and is rarely there.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) Box<Reason>);

#[derive(Debug)]
pub(crate) enum Reason {
    Send(SendError),
    Connection(ConnectionError),
    Io(ConnectionError, io::Error),
}

impl Failure {
    #[cold]
    fn new(reason: Reason) -> Self {
        Self(Box::new(reason))
    }

    /// Whether the connection was only too old.
    pub(crate) fn is_stale(&self) -> bool {
        match &*self.0 {
            Reason::Send(_) => false,
            Reason::Connection(error) | Reason::Io(error, _) => error.is_stale(),
        }
    }
}

impl From<ConnectionError> for Failure {
    #[cold]
    fn from(error: ConnectionError) -> Self {
        Self::new(Reason::Connection(error))
    }
}

impl From<SendError> for Failure {
    #[cold]
    fn from(error: SendError) -> Self {
        Self::new(Reason::Send(error))
    }
}

/// How far an answer has come.
pub(crate) enum Progress<T> {
    Done(T),
    /// It goes on at once.
    Going,
    /// This is to be [waited](Session::wait) for first.
    Waits(Wait),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    ToRead,
    ToWrite,
}

impl<R: Runtime> Session<R> {
    pub(crate) fn new(stream: R::Stream, mut buffers: Box<Buffers>) -> Self {
        buffers.connection.reset();
        buffers.now = R::now();
        buffers.is_timed = true;
        Self(Box::new(Parts { buffers, stream, received: 0 }))
    }

    /// Closes the socket and gives the memory back.
    pub(crate) fn close(self) -> Box<Buffers> {
        let Parts { buffers, .. } = *self.0;
        buffers.tap.show(|| Traffic::Closed);
        buffers
    }

    /// Whether the server has promised to keep it, and nothing is under way.
    #[inline]
    pub(crate) fn is_reusable(&self) -> bool {
        self.0.buffers.connection.is_reusable()
    }

    /// Whether the server has answered all, and does not keep it.
    #[cold]
    pub(crate) fn is_refused(&self) -> bool {
        self.0.buffers.connection.step() == Step::Close && self.0.buffers.connection.error().is_none()
    }

    /// Whether it was closed or spoilt while it was idle.
    #[cold]
    pub(crate) fn is_spoilt(&self) -> bool {
        self.0.stream.is_spoilt()
    }

    /// The time of the latest step.
    #[inline]
    pub(crate) fn now(&self) -> Instant {
        self.0.buffers.now
    }

    /// A call begins.
    #[inline]
    pub(crate) fn begin(&mut self, now: Instant, timeouts: Timeouts) {
        let Buffers { connection, now: before, .. } = &mut *self.0.buffers;
        *before = now.max(*before);
        connection.set_timeouts(timeouts);
    }

    /// Has the end of the next call timed.
    pub(crate) fn time_end(&mut self) {
        self.0.buffers.is_timed = true;
    }

    /// Whether it was idle long enough for a look at it to cost nothing; or was at work, and that was not timed.
    #[inline]
    pub(crate) fn has_rested(&self, now: Instant) -> bool {
        now.saturating_since(self.now()) >= RESTED
    }

    /// How many requests it takes now.
    pub(crate) fn room(&self) -> usize {
        self.0.buffers.connection.room()
    }

    #[inline(always)]
    pub(crate) fn request(&mut self, request: &Request<'_>, total: time::Duration) -> Result<(), Failure> {
        self.0.request(request, total)
    }

    /// After a failure: whether all that got no answer may be sent again.
    #[cold]
    pub(crate) fn may_resend(&mut self) -> bool {
        let connection = &mut self.0.buffers.connection;
        std::iter::from_fn(|| connection.poll_lost()).all(|lost| lost.resend == Resend::Safe)
    }

    /// A request and its answer, if they go as usual: the request goes out whole, and one reply comes, alone and whole.
    /// Otherwise [`go_on`](Self::go_on) from what was done so far.
    #[inline(always)]
    pub(crate) fn exchange<T, F>(
        &mut self,
        request: &Request<'_>,
        total: time::Duration,
        finish: &mut Option<F>,
    ) -> Result<Progress<T>, Failure>
    where
        F: FnOnce(Reply<'_>) -> T,
    {
        let Parts { buffers, stream, .. } = &mut *self.0;
        let Buffers { connection, receive, now, is_timed, tap, .. } = &mut **buffers;
        let Some(bytes) = connection.request_alone(request, total, *now) else {
            self.0.request(request, total)?;
            return Ok(Progress::Going);
        };
        match stream.write_at_once(bytes) {
            Ok(Some(n)) if n == bytes.len() => {}
            sent => return self.0.end_write(sent).map(|_| Progress::Going),
        }
        tap.show(|| Traffic::Sent(bytes));
        connection.handle_all_transmitted(*now);
        let Some(read) = stream.read_at_once(receive, connection.time_left(*now)) else {
            return Ok(Progress::Waits(Wait::ToRead));
        };
        if let Ok(Some(n)) = read {
            let input = receive.get(..n).unwrap_or_default();
            if !total.is_zero() || *is_timed {
                let begun = std::mem::replace(now, R::now());
                *is_timed = now.saturating_since(begun) >= RESTED;
            }
            if let Some(reply) = connection.handle_reply(input, *now)
                && let Some(finish) = finish.take()
            {
                tap.show(|| Traffic::Received(input));
                return Ok(Progress::Done(finish(reply)));
            }
        }
        self.0.received = self.0.end_read(read)?;
        Ok(Progress::Going)
    }

    /// Goes on with the answer to a request: entries to `on_entries`, which gives their length; the reply that ends them
    /// to `finish`, which is left empty.
    pub(crate) fn go_on<T, F>(
        &mut self,
        answer: &mut Answer,
        on_entries: &mut impl FnMut(Entries<'_>) -> usize,
        finish: &mut Option<F>,
    ) -> Result<Progress<T>, Failure>
    where
        F: FnOnce(Reply<'_>) -> T,
    {
        loop {
            let mut result = None;
            let mut listed = answer.listed;
            let advanced = self.advance(&mut answer.reading, &mut |item| match item {
                Item::Entries(entries) => listed = listed.saturating_add(on_entries(entries)),
                Item::Reply(reply) => result = finish.take().map(|finish| finish(reply)),
            });
            answer.listed = listed;
            // A comma list says its length before it comes, this one may go on for ever.
            if answer.reading.is_in_pieces && listed > self.0.buffers.list_limit {
                return Err(self.too_long(listed));
            }
            // The answer counts, also when something behind it has spoilt the connection.
            match (result, advanced) {
                (Some(result), _) => return Ok(Progress::Done(result)),
                (None, Err(failure)) => return Err(failure),
                (None, Ok(Some(wait))) => return Ok(Progress::Waits(wait)),
                (None, Ok(None)) => {}
            }
        }
    }

    #[cold]
    fn too_long(&self, listed: usize) -> Failure {
        let announced = u32::try_from(listed).unwrap_or(u32::MAX);
        let error = DecodeError::PayloadTooLarge { announced, limit: self.0.buffers.list_limit };
        ConnectionError::from(error).into()
    }

    /// One step: sends what waits to be sent, and waits for bytes and takes what they say.
    #[inline]
    pub(crate) async fn pump(
        &mut self,
        reading: &mut Reading,
        on_item: &mut (impl FnMut(Item<'_>) + Send),
    ) -> Result<(), Failure> {
        while let Some(wait) = self.advance(reading, on_item)? {
            self.wait(wait).await?;
        }
        Ok(())
    }

    /// As much of a step as needs no future; or what has to be [waited](Self::wait) for first.
    #[inline]
    fn advance(
        &mut self,
        reading: &mut Reading,
        on_item: &mut impl FnMut(Item<'_>),
    ) -> Result<Option<Wait>, Failure> {
        let mut n = std::mem::take(&mut self.0.received);
        if n == 0 {
            if self.0.buffers.connection.step() == Step::Write && !self.write_at_once()? {
                return Ok(Some(Wait::ToWrite));
            }
            let Buffers { connection, now, .. } = &mut *self.0.buffers;
            if connection.step() != Step::Read {
                connection.handle_eof()?;
                connection.handle_timeout(*now)?;
                return Ok(None);
            }
            reading.begin(&self.0.stream);
            let Some(read) = self.read_at_once() else { return Ok(Some(Wait::ToRead)) };
            n = self.0.end_read(read)?;
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
                // Behind entries the end of their list may come from no more bytes.
                if input.is_empty() && connection.in_flight() == 0 {
                    break;
                }
            }
        }
        connection.handle_timeout(*now)?;
        Ok(None)
    }

    /// Waits for what [`go_on`](Self::go_on) or [`advance`](Self::advance) needs.
    pub(crate) async fn wait(&mut self, wait: Wait) -> Result<(), Failure> {
        if wait == Wait::ToWrite {
            return self.write().await;
        }
        let Parts { buffers, stream, .. } = &mut *self.0;
        let Buffers { connection, now, receive, .. } = &mut **buffers;
        let wait = connection.time_left(*now);
        let read = stream.read(receive, wait).await;
        self.0.received = self.0.end_read(read)?;
        Ok(())
    }

    /// Reads what is there, or waits for it by blocking. `None` if that needs a future.
    #[inline(always)]
    fn read_at_once(&mut self) -> Option<io::Result<Option<usize>>> {
        let Parts { buffers, stream, .. } = &mut *self.0;
        let Buffers { connection, now, receive, .. } = &mut **buffers;
        let wait = connection.time_left(*now);
        stream.read_at_once(receive, wait)
    }

    /// Sends what waits to be sent, if that can be done without waiting, so that no time passes.
    #[inline(always)]
    fn write_at_once(&mut self) -> Result<bool, Failure> {
        let Parts { buffers, stream, .. } = &mut *self.0;
        let sent = stream.write_at_once(buffers.connection.poll_transmit());
        self.0.end_write(sent)
    }

    /// Waits until something can be sent, and sends it.
    #[cold]
    async fn write(&mut self) -> Result<(), Failure> {
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

/// How far the answer to a request has come.
pub(crate) struct Answer {
    reading: Reading,
    /// Bytes of entries that came one by one.
    listed: usize,
}

impl Answer {
    pub(crate) fn to(request: &Request<'_>) -> Self {
        let reading = Reading::new(request.message_type() == MessageType::DIR);
        Self { reading, listed: 0 }
    }

    /// One that [`Session::exchange`] has begun to read.
    pub(crate) fn begun_to(request: &Request<'_>) -> Self {
        let mut answer = Self::to(request);
        answer.reading.is_first = false;
        answer
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
