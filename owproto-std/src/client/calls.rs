use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use owproto_core::client::{ConnectionError, Timeout, Timeouts};
use owproto_core::listing::{DirectoryFlags, Entries, is_ambiguous};
use owproto_core::text::RomId;
use owproto_core::time::Instant;
use owproto_core::wire::{Flags, MessageType};
use owproto_core::{Reply, Request, ReturnCode, ServerError};

use super::batch::Start;
use super::deadline::Deadline;
use super::exchange::{Failed, ask, ask_read, exchange, ready_slowly, server_error, yes};
use super::places::Place;
use super::pool::IN_FLIGHT_LEN;
use super::session::{DEPTH, Failure, Item, Reading, Reason, Session};
use super::shared::Shared;
use crate::error::PathText;
use crate::listing::{DirOptions, Got, Listing, RawReply};
use crate::runtime::Runtime;
use crate::{Address, Error};

/// Whether the server is asked to keep the connection after a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Persistence {
    /// One connection a call.
    Off,
    /// Connections are kept and shared.
    On,
}

/// All calls, written once for both kinds of client.
pub(crate) struct Calls<R: Runtime> {
    pub(super) shared: Arc<Shared<R>>,
    flags: Flags,
    pub(super) timeouts: Timeouts,
    persistence: Persistence,
}

impl<R: Runtime> Clone for Calls<R> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), ..*self }
    }
}

/// How a call comes to its connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// A new one, closed afterwards.
    Alone,
    /// One of those that the client may have, waited for if there is none free, and kept.
    Placed,
    /// An idle one or one more, so that what runs meanwhile in the caller may use the client too; kept.
    Beside,
}

/// Whether a connection only failed because it had been idle for too long.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Age {
    Stale,
    New,
}

/// Whether an idle connection is looked at before it is used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Always,
    IfRested,
}

impl Look {
    /// A write must not get lost in a connection that is known to be dead.
    #[inline]
    pub(super) fn before(request: &Request<'_>) -> Self {
        if request.message_type().is_idempotent() { Self::IfRested } else { Self::Always }
    }
}

/// A connection for a call, and its place if it has one.
pub(crate) struct Checkout<'a, R: Runtime> {
    pub(super) session: Session<R>,
    pub(super) place: Option<Place<'a, R>>,
    /// Whether it had been idle.
    pub(super) is_used: bool,
}

/// How far a call came to its connection without waiting.
pub(super) struct Begun<'a, R: Runtime> {
    pub(super) place: Option<Place<'a, R>>,
    pub(super) idle: Option<Session<R>>,
}

impl<R: Runtime> Calls<R> {
    pub(crate) fn new(shared: Shared<R>, flags: Flags, timeouts: Timeouts, persistence: Persistence) -> Self {
        Self { shared: Arc::new(shared), flags, timeouts, persistence }
    }

    pub(crate) fn with_total_timeout(&self, total: Duration) -> Self {
        Self { timeouts: Timeouts { total: total.into(), ..self.timeouts }, ..self.clone() }
    }

    pub(crate) fn with_flags(&self, flags: Flags) -> Self {
        Self { flags, ..self.clone() }
    }

    pub(crate) fn with_persistence(&self, persistence: Persistence) -> Self {
        Self { persistence, ..self.clone() }
    }

    pub(crate) fn flags(&self) -> Flags {
        self.flags.without(Flags::PERSISTENCE)
    }

    pub(crate) fn address(&self) -> &Address {
        &self.shared.settings.address
    }

    pub(crate) fn persistence(&self) -> Persistence {
        self.persistence
    }

    pub(crate) fn close_connection(&self) {
        self.shared.close_idle();
    }

    #[cfg(test)]
    pub(crate) fn shared(&self) -> &Shared<R> {
        &self.shared
    }

    // The calls.

    pub(crate) async fn ping(&self) -> Result<(), Failed> {
        ask!(self, Request::nop(), |_| ())
    }

    pub(crate) async fn present(&self, path: &[u8]) -> Result<bool, Error> {
        self.presence(path, |_| true).await.map(|found| found.unwrap_or(false))
    }

    pub(crate) async fn rom_id(&self, path: &[u8]) -> Result<Option<RomId>, Error> {
        self.presence(path, |reply| RomId::from_presence(reply.payload())).await.map(Option::flatten)
    }

    async fn presence<T: Send>(
        &self,
        path: &[u8],
        found: impl FnOnce(Reply<'_>) -> T + Send,
    ) -> Result<Option<T>, Error> {
        match ask!(self, Request::presence(path)?, found).map_err(Error::from) {
            Ok(found) => Ok(Some(found)),
            Err(Error::Server { error, .. }) if error.code().is_no_such_path() => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn read(&self, path: &[u8]) -> Result<Vec<u8>, Failed> {
        ask_read!(self, Request::read(path)?, |reply| reply.data().to_vec())
    }

    pub(crate) async fn read_at(&self, path: &[u8], size: u32, offset: u32) -> Result<Vec<u8>, Failed> {
        let request = Request::read(path)?.with_size(size)?.with_offset(offset)?;
        ask_read!(self, request, |reply| reply.data().to_vec())
    }

    pub(crate) async fn read_into(&self, path: &[u8], buffer: &mut [u8]) -> Result<usize, Failed> {
        let size = u32::try_from(buffer.len().min(owproto_core::request::MAX_BODY_LEN)).unwrap_or(u32::MAX);
        let request = Request::read(path)?.with_size(size)?;
        ask_read!(self, request, |reply| reply.copy_data(buffer))
    }

    pub(crate) async fn read_number(&self, path: &[u8]) -> Result<f64, Error> {
        let value = self.read(path).await?;
        let text = String::from_utf8_lossy(&value);
        text.trim()
            .parse()
            .map_err(|_| Error::NotANumber { path: PathText::new(path), value: text.into_owned() })
    }

    pub(crate) async fn write(&self, path: &[u8], data: &[u8], offset: u32) -> Result<usize, Failed> {
        let request = Request::write(path, data)?.with_offset(offset)?;
        ask!(self, request, |reply| usize::try_from(reply.size()).unwrap_or_default())
    }

    pub(crate) async fn dir(&self, path: &[u8], options: DirOptions) -> Result<Listing, Error> {
        let mut listing = Listing::default();
        let flags = self.each(path, options, self.way(), |entries| listing.take(entries)).await?;
        listing.flags = flags;
        Ok(listing)
    }

    pub(crate) async fn dir_each(
        &self,
        path: &[u8],
        options: DirOptions,
        mut entry: impl FnMut(&[u8]) + Send,
    ) -> Result<DirectoryFlags, Error> {
        self.each(path, options, self.way_beside(), |entries| for_each(entries, &mut entry)).await
    }

    async fn each(
        &self,
        path: &[u8],
        options: DirOptions,
        way: Way,
        mut on_entries: impl FnMut(Entries<'_>) -> usize + Send,
    ) -> Result<DirectoryFlags, Error> {
        let mut refusals = self.shared.refusals();
        let wanted = options.message_type();
        let asked = if is_ambiguous(path) { MessageType::DIR } else { refusals.instead_of(wanted) };
        if asked == wanted {
            let result = self.list(path, asked, options, way, &mut on_entries).await;
            match result {
                Err(Error::Server { error, .. }) if refusals.learn(asked, error) => {
                    self.shared.remember(refusals);
                }
                other => return other,
            }
        }
        if !options.slash {
            return self.list(path, MessageType::DIR, options, way, on_entries).await;
        }
        let mut listing = Listing::default();
        let flags = self
            .list(path, MessageType::DIR, options, way, |entries: Entries<'_>| listing.take(entries))
            .await?;
        for path in listing.iter() {
            let mut marked = path.to_vec();
            if self.is_directory(path, way).await? {
                marked.push(b'/');
            }
            on_entries(Entries::one(&marked));
        }
        Ok(flags)
    }

    /// Whether an entry of a listing is a directory, where the server does not mark them.
    async fn is_directory(&self, entry: &[u8], way: Way) -> Result<bool, Error> {
        if let Some(known) = owproto_core::listing::is_directory(entry) {
            return Ok(known);
        }
        let ignore = |entries: Entries<'_>| for_each(entries, |_| ());
        match self.list(entry, MessageType::DIR, DirOptions::new(), way, ignore).await {
            Ok(_) => Ok(true),
            Err(Error::Server { error, .. }) if error.code() == ReturnCode::NOT_A_DIRECTORY => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn list(
        &self,
        path: &[u8],
        message_type: MessageType,
        options: DirOptions,
        way: Way,
        on_entries: impl FnMut(Entries<'_>) -> usize + Send,
    ) -> Result<DirectoryFlags, Error> {
        let request = match message_type {
            MessageType::DIR => Request::dir(path)?,
            MessageType::DIRALLSLASH => Request::dirallslash(path)?,
            _ => Request::dirall(path)?,
        };
        let flags = if options.bus_list { self.flags.with(Flags::BUS_LIST) } else { self.flags };
        let request = request.with_flags(self.request_flags(flags));
        Ok(exchange!(self, request, way, on_entries, yes(|reply| reply.directory_flags()))?)
    }

    pub(crate) async fn get(&self, path: &[u8]) -> Result<Got, Error> {
        let mut refusals = self.shared.refusals();
        if refusals.instead_of(MessageType::GET) == MessageType::GET && !is_ambiguous(path) {
            let got = ask!(self, Request::get(path)?, |reply| match (reply.ret(), reply.payload()) {
                (0, []) => None,
                // A value has its length here.
                (0, _) => Some(Got::Directory(reply.entries().collect())),
                _ => Some(Got::Value(reply.data().to_vec())),
            });
            match got.map_err(Error::from) {
                Ok(Some(got)) => return Ok(got),
                // An empty directory and an empty value look alike: what READ says to the path tells them apart.
                Ok(None) => {}
                Err(Error::Server { error, .. }) if refusals.learn(MessageType::GET, error) => {
                    self.shared.remember(refusals);
                }
                Err(error) => return Err(error),
            }
        }
        match self.read(path).await.map_err(Error::from) {
            Err(Error::Server { error, .. }) if error.code() == ReturnCode::IS_A_DIRECTORY => {
                self.dir(path, DirOptions::new()).await.map(Got::Directory)
            }
            value => value.map(Got::Value),
        }
    }

    pub(crate) async fn sendmess(
        &self,
        message_type: MessageType,
        payload: &[u8],
        flags: Flags,
        size: i32,
        offset: i32,
    ) -> Result<RawReply, Error> {
        let request = Request::raw(message_type, payload)?
            .with_flags(self.request_flags(self.flags.with(flags)))
            .with_raw_size(size)
            .with_raw_offset(offset);
        let mut list = Vec::new();
        let join = |entries: Entries<'_>| {
            for_each(entries, |entry| {
                if !list.is_empty() {
                    list.push(b',');
                }
                list.extend_from_slice(entry);
            })
        };
        let reply = |reply: Reply<'_>| {
            Ok(RawReply {
                ret: reply.ret(),
                flags: reply.flags(),
                size: reply.size(),
                offset: reply.offset(),
                payload: reply.payload().to_vec(),
            })
        };
        let mut reply = exchange!(self, request, self.way(), join, reply)?;
        if !list.is_empty() {
            reply.payload = list;
        }
        Ok(reply)
    }

    /// The text for a return code: the server's own if it can be had, owserver's otherwise.
    pub(crate) async fn return_code_text(&self, code: ReturnCode) -> String {
        let texts = match self.shared.texts.get() {
            Some(texts) => texts,
            None => {
                let path = b"/settings/return_codes/text.ALL";
                match self.read(path).await {
                    Ok(list) => {
                        let texts = String::from_utf8_lossy(&list).split(',').map(str::to_owned).collect();
                        self.shared.texts.get_or_init(|| texts)
                    }
                    // Not remembered: it may be there the next time.
                    Err(_) => return code.owserver_text().to_string(),
                }
            }
        };
        let index = usize::try_from(code.code()).ok();
        index.and_then(|n| texts.get(n)).cloned().unwrap_or_else(|| code.owserver_text().to_string())
    }

    /// The values at many paths, asked for without waiting between them.
    pub(crate) async fn read_many<P: AsRef<[u8]> + Sync>(&self, paths: &[P]) -> Vec<Result<Vec<u8>, Error>> {
        let mut values = Vec::with_capacity(paths.len());
        self.values(paths, self.way(), |value| values.push(value.map(<[u8]>::to_vec))).await;
        values
    }

    pub(crate) async fn read_each<P: AsRef<[u8]> + Sync>(
        &self,
        paths: &[P],
        on_value: impl FnMut(Result<&[u8], Error>) + Send,
    ) {
        self.values(paths, self.way_beside(), on_value).await;
    }

    /// The values at many paths, in their order.
    async fn values<P: AsRef<[u8]> + Sync>(
        &self,
        paths: &[P],
        way: Way,
        mut on_value: impl FnMut(Result<&[u8], Error>) + Send,
    ) {
        // Requests in flight need a connection that is kept, also where it is closed afterwards.
        let way = if way == Way::Alone { Way::Placed } else { way };
        let deadline = self.deadline(R::now());
        let mut rest = paths;
        while !rest.is_empty() {
            let mut answered = 0;
            let read = self.read_on_one(rest, deadline, way, |value| {
                answered += 1;
                on_value(value);
            });
            let outcome = read.await;
            rest = &rest[answered..];
            let (Err((error, age)), Some((_, behind))) = (outcome, rest.split_first()) else { continue };
            match error {
                // The connection broke, but it had worked: the next one starts where it ended.
                Error::Connection { .. } | Error::Io { .. } if answered > 0 || age == Age::Stale => {}
                // It broke at the first request of a new one: that request is given up.
                Error::Connection { .. } | Error::Io { .. } => {
                    on_value(Err(error));
                    rest = behind;
                }
                // Nobody is there, or nobody answers in time: the rest is given up too.
                _ => {
                    on_value(Err(error));
                    for path in behind {
                        let not_tried = Error::NotTried { address: self.address().clone() };
                        on_value(Err(Request::read(path.as_ref()).map_or_else(Error::from, |_| not_tried)));
                    }
                    return;
                }
            }
        }
    }

    /// Reads over one connection as far as it goes, with as many requests in flight as it takes.
    #[inline]
    async fn read_on_one<P: AsRef<[u8]> + Sync>(
        &self,
        paths: &[P],
        deadline: Deadline,
        way: Way,
        mut on_value: impl FnMut(Result<&[u8], Error>) + Send,
    ) -> Result<(), (Error, Age)> {
        let checkout = self.checkout(R::now(), deadline, way, Look::IfRested).await;
        let Checkout { mut session, place, is_used } = checkout.map_err(|error| (error, Age::New))?;
        let flags = self.flags.with(Flags::PERSISTENCE);
        let (mut sent, mut answered) = (0, 0);
        let mut bytes_in_flight = 0;
        let mut reading = Reading::new(false);
        let outcome = loop {
            let before = sent;
            // Not one for each that is answered, but several with one write.
            if sent - answered <= DEPTH / 2 {
                let left = deadline.left(session.now());
                for path in paths[sent..].iter().take(session.room()) {
                    if bytes_in_flight > IN_FLIGHT_LEN {
                        break;
                    }
                    match Request::read(path.as_ref()) {
                        Ok(request) => match session.request(&request.with_flags(flags), left) {
                            Ok(()) => bytes_in_flight += path.as_ref().len(),
                            Err(failure) => return Err((self.explain(failure), Age::New)),
                        },
                        // It has its turn when all before it are answered.
                        Err(_) if answered < sent => break,
                        Err(error) => {
                            on_value(Err(error.into()));
                            answered += 1;
                        }
                    }
                    sent += 1;
                }
            }
            if sent == answered {
                // All are answered, or it takes no more; or paths were wrong, which says nothing of those behind.
                if sent == before || sent == paths.len() {
                    break Ok(());
                }
                continue;
            }
            // As the frames of a listing, each reply waits for the acknowledgement of the one before.
            reading.is_in_pieces = sent > 1;
            let pumped = session
                .pump(&mut reading, &mut |item| {
                    if let (Item::Reply(reply), Some(path)) = (item, paths.get(answered)) {
                        answered += 1;
                        bytes_in_flight -= path.as_ref().len();
                        let value = reply.into_result().map(|reply| reply.data());
                        on_value(value.map_err(|error| server_error(error, path.as_ref())));
                    }
                })
                .await;
            if let Err(failure) = pumped {
                let age = if is_used && failure.is_stale() { Age::Stale } else { Age::New };
                break Err((self.explain(failure), age));
            }
        };
        match (&outcome, self.persistence) {
            (Ok(()), Persistence::On) => self.shared.put_back(session, place),
            (Err((_, Age::Stale)), _) => {
                self.shared.close(session);
                // The others are likely to be as old.
                self.shared.close_idle();
            }
            _ => self.shared.close(session),
        }
        outcome
    }

    // What the calls are made of.

    /// A listing by DIR, of which the caller takes one entry at a time.
    pub(crate) async fn open_dir(&self, path: &[u8], options: DirOptions) -> Result<Streaming<'_, R>, Error> {
        let flags = if options.bus_list { self.flags.with(Flags::BUS_LIST) } else { self.flags };
        let request = Request::dir(path)?.with_flags(self.request_flags(flags));
        let now = R::now();
        let deadline = self.deadline(now);
        let mut checkout = self.checkout(now, deadline, self.way_beside(), Look::IfRested).await?;
        let mut waiting = Waiting { reading: Reading::new(true), entries: VecDeque::new(), end: None };
        loop {
            let sent = checkout.session.request(&request, deadline.left(checkout.session.now()));
            let begun = match sent {
                Ok(_) => waiting.fill(&mut checkout.session).await,
                Err(failure) => Err(failure),
            };
            match begun {
                Ok(()) => {
                    let path = PathText::new(path);
                    return Ok(Streaming { calls: self, checkout: Some(checkout), waiting, path });
                }
                Err(failure) if checkout.is_used && failure.is_stale() => {
                    let session = self.replace(checkout.session, checkout.place.as_mut(), deadline).await?;
                    checkout = Checkout { session, is_used: false, ..checkout };
                }
                Err(failure) => {
                    self.shared.close(checkout.session);
                    return Err(self.explain(failure));
                }
            }
        }
    }

    #[inline]
    fn request_flags(&self, flags: Flags) -> Flags {
        match self.persistence {
            Persistence::On => flags.with(Flags::PERSISTENCE),
            Persistence::Off => flags.without(Flags::PERSISTENCE),
        }
    }

    #[inline]
    pub(super) fn way(&self) -> Way {
        match self.persistence {
            Persistence::On => Way::Placed,
            Persistence::Off => Way::Alone,
        }
    }

    /// For calls during which the caller has a turn.
    fn way_beside(&self) -> Way {
        match self.persistence {
            Persistence::On => Way::Beside,
            Persistence::Off => Way::Alone,
        }
    }

    async fn checkout(
        &self,
        now: Instant,
        deadline: Deadline,
        way: Way,
        look: Look,
    ) -> Result<Checkout<'_, R>, Error> {
        match self.checkout_at_once(now, way, look) {
            Ok(checkout) => Ok(checkout),
            Err(begun) => match self.start_slowly(begun, None, now, deadline, way, look).await? {
                Start::On(checkout) => Ok(checkout),
                Start::Answered(_) => unreachable!("nothing was asked"),
            },
        }
    }

    /// The connection that was used last, if it was a moment ago.
    #[inline(always)]
    pub(super) fn checkout_latest(&self, now: Instant, way: Way, look: Look) -> Option<Checkout<'_, R>> {
        if way != Way::Placed || look != Look::IfRested {
            return None;
        }
        let (place, mut session) = self.shared.places.try_latest()?;
        if !session.begin_soon(now, self.timeouts) {
            self.shared.places.put_into_pool(session, place);
            return None;
        }
        Some(Checkout { session, place: Some(place), is_used: true })
    }

    /// A connection that was used a moment ago; otherwise what there is on the way to another one.
    #[inline]
    pub(super) fn checkout_at_once(
        &self,
        now: Instant,
        way: Way,
        look: Look,
    ) -> Result<Checkout<'_, R>, Begun<'_, R>> {
        let (place, idle) = match way {
            Way::Alone => (None, None),
            Way::Beside => (None, self.shared.places.take_idle(None)),
            Way::Placed => match self.shared.places.try_enter() {
                Some((place, idle)) => (Some(place), idle),
                None => return Err(Begun { place: None, idle: None }),
            },
        };
        match idle {
            Some(mut session) if look == Look::IfRested && !session.has_rested(now) => {
                session.begin(now, self.timeouts);
                Ok(Checkout { session, place, is_used: true })
            }
            idle => Err(Begun { place, idle }),
        }
    }

    #[cold]
    pub(super) async fn start_slowly<'c>(
        &'c self,
        mut begun: Begun<'c, R>,
        request: Option<&Request<'_>>,
        mut now: Instant,
        deadline: Deadline,
        way: Way,
        look: Look,
    ) -> Result<Start<'c, R>, Error> {
        if way == Way::Placed && begun.place.is_none() {
            let mut place = match self.wait_for_turn(request, now, deadline).await? {
                Ok(place) => Some(place),
                Err(answer) => return Ok(Start::Answered(answer)),
            };
            (begun, now) = (Begun { idle: self.shared.places.take_idle(place.as_mut()), place }, R::now());
        }
        self.checkout_begun(begun, now, deadline, look).await.map(Start::On)
    }

    /// The connection that is idle, or one like it, or a new one.
    pub(super) async fn checkout_begun<'c>(
        &'c self,
        Begun { mut place, mut idle }: Begun<'c, R>,
        now: Instant,
        deadline: Deadline,
        look: Look,
    ) -> Result<Checkout<'c, R>, Error> {
        // There may be several, all spoilt.
        while let Some(mut session) = idle {
            if (look == Look::Always || session.has_rested(now)) && session.is_spoilt() {
                self.shared.close(session);
                idle = self.shared.places.take_idle(place.as_mut());
            } else {
                session.begin(now, self.timeouts);
                session.time_end();
                return Ok(Checkout { session, place, is_used: true });
            }
        }
        let mut session = self.connect(deadline).await?;
        session.begin(session.now(), self.timeouts);
        Ok(Checkout { session, place, is_used: false })
    }

    async fn connect(&self, deadline: Deadline) -> Result<Session<R>, Error> {
        // On the heap: few calls connect, and each keeps room for its longest way.
        Box::pin(self.shared.connect(deadline)).await.map_err(|error| match error {
            Error::Connect { source, .. } | Error::Resolve { source, .. }
                if source.kind() == std::io::ErrorKind::TimedOut && deadline.is_over::<R>() =>
            {
                self.timed_out(Timeout::Total)
            }
            other => other,
        })
    }

    /// A new connection instead of one that turned out to be dead; the other idle ones are likely to be dead too.
    pub(super) async fn replace(
        &self,
        dead: Session<R>,
        place: Option<&mut Place<'_, R>>,
        deadline: Deadline,
    ) -> Result<Session<R>, Error> {
        self.shared.close(dead);
        if let Some(place) = place {
            place.lose();
        }
        self.shared.close_idle();
        let mut session = self.connect(deadline).await?;
        session.begin(session.now(), self.timeouts);
        Ok(session)
    }

    #[inline]
    pub(super) fn deadline(&self, now: Instant) -> Deadline {
        Deadline::after(now, self.timeouts.total)
    }

    #[cold]
    pub(super) fn explain(&self, failure: Failure) -> Error {
        let address = self.address().clone();
        match *failure.0 {
            Reason::Request(error) => error.into(),
            Reason::Connection(ConnectionError::TimedOut(timeout)) => self.timed_out(timeout),
            Reason::Connection(error) => Error::Connection { address, error },
            Reason::Io(error, source) => Error::Io { address, error, source },
        }
    }

    #[cold]
    pub(super) fn timed_out(&self, timeout: Timeout) -> Error {
        let limit = match timeout {
            Timeout::Inactivity => self.timeouts.inactivity,
            Timeout::Total => self.timeouts.total,
        };
        Error::TimedOut { address: self.address().clone(), timeout, limit: limit.into() }
    }
}

/// Gives each entry to a function; the bytes that they take in a list.
#[inline]
fn for_each(entries: Entries<'_>, mut on_entry: impl FnMut(&[u8])) -> usize {
    let mut len = 0;
    entries.for_each(|entry| {
        on_entry(entry);
        len += entry.len() + 1;
    });
    len
}

/// Entries of a streamed listing that have come and were not taken yet.
struct Waiting {
    reading: Reading,
    entries: VecDeque<Vec<u8>>,
    /// What ended the listing.
    end: Option<Result<(), ServerError>>,
}

impl Waiting {
    /// Waits until there is an entry or the end.
    async fn fill<R: Runtime>(&mut self, session: &mut Session<R>) -> Result<(), Failure> {
        while self.entries.is_empty() && self.end.is_none() {
            let pumped = session
                .pump(&mut self.reading, &mut |item| match item {
                    Item::Entries(entries) => self.entries.extend(entries.map(<[u8]>::to_vec)),
                    Item::Reply(reply) => self.end = Some(reply.into_result().map(|_| ())),
                })
                .await;
            if self.entries.is_empty() && self.end.is_none() {
                pumped?;
            }
        }
        Ok(())
    }
}

/// A listing under way. Dropped before its end it closes its connection, since the rest of the answer is on it.
pub(crate) struct Streaming<'a, R: Runtime> {
    calls: &'a Calls<R>,
    checkout: Option<Checkout<'a, R>>,
    waiting: Waiting,
    path: PathText,
}

impl<R: Runtime> Streaming<'_, R> {
    pub(crate) async fn next(&mut self) -> Option<Result<Vec<u8>, Error>> {
        // The connection is taken out, so that a future that is dropped takes it along.
        if let Some(mut checkout) = self.checkout.take() {
            match self.waiting.fill(&mut checkout.session).await {
                Ok(()) if self.waiting.end.is_some() => {
                    self.calls.shared.put_back(checkout.session, checkout.place);
                }
                Ok(()) => self.checkout = Some(checkout),
                Err(failure) => {
                    self.calls.shared.close(checkout.session);
                    return Some(Err(self.calls.explain(failure)));
                }
            }
        }
        if let Some(entry) = self.waiting.entries.pop_front() {
            return Some(Ok(entry));
        }
        match self.waiting.end.take()? {
            Ok(()) => None,
            Err(error) => Some(Err(Error::Server { error, path: self.path.clone() })),
        }
    }
}
