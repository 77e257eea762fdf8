use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use owproto_core::client::{ConnectionError, Timeout, Timeouts};
use owproto_core::listing::{DirectoryFlags, Entries};
use owproto_core::text::RomId;
use owproto_core::time::{self, Instant};
use owproto_core::wire::{Flags, MessageType};
use owproto_core::{Reply, Request, ReturnCode, ServerError};

use super::session::{DEPTH, Failure, Item, Session};
use super::shared::{Place, Shared};
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
    shared: Arc<Shared<R>>,
    flags: Flags,
    timeouts: Timeouts,
    persistence: Persistence,
}

impl<R: Runtime> Clone for Calls<R> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), ..*self }
    }
}

/// When a call has to be done: a total timeout counted from the beginning of the call, so that waiting for a free
/// connection and connecting are part of it.
#[derive(Clone, Copy)]
struct Deadline(Option<Instant>);

impl Deadline {
    /// What is left of the total timeout, for the protocol: never zero, which would be "no limit".
    fn left<R: Runtime>(self) -> time::Duration {
        match self.0 {
            Some(at) => at.since(R::now()).max(time::Duration::from_micros(1)),
            None => time::Duration::ZERO,
        }
    }

    fn wait<R: Runtime>(self) -> Option<Duration> {
        self.0.map(|at| at.since(R::now()).into())
    }

    fn is_over<R: Runtime>(self) -> bool {
        self.0.is_some_and(|at| R::now() >= at)
    }
}

/// A connection for a call, and its place if it is to be kept.
pub(crate) struct Checkout<'a, R: Runtime> {
    session: Session<R>,
    place: Option<Place<'a, R>>,
    /// Whether it had been idle.
    is_used: bool,
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

    // The calls.

    pub(crate) async fn ping(&self) -> Result<(), Error> {
        self.ask(b"", Request::nop(), |_| ()).await
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
        match self.ask(path, Request::presence(path)?, found).await {
            Ok(found) => Ok(Some(found)),
            Err(Error::Server { error, .. }) if error.code().is_no_such_path() => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn read(&self, path: &[u8]) -> Result<Vec<u8>, Error> {
        self.ask(path, Request::read(path)?, |reply| reply.data().to_vec()).await
    }

    pub(crate) async fn read_at(&self, path: &[u8], size: u32, offset: u32) -> Result<Vec<u8>, Error> {
        let request = Request::read(path)?.with_size(size)?.with_offset(offset)?;
        self.ask(path, request, |reply| reply.data().to_vec()).await
    }

    pub(crate) async fn read_into(&self, path: &[u8], buffer: &mut [u8]) -> Result<usize, Error> {
        let size = u32::try_from(buffer.len().min(owproto_core::request::MAX_BODY_LEN)).unwrap_or(u32::MAX);
        let request = Request::read(path)?.with_size(size)?;
        self.ask(path, request, |reply| {
            let len = reply.data().len().min(buffer.len());
            buffer[..len].copy_from_slice(&reply.data()[..len]);
            len
        })
        .await
    }

    pub(crate) async fn read_number(&self, path: &[u8]) -> Result<f64, Error> {
        let value = self.read(path).await?;
        let text = String::from_utf8_lossy(&value);
        text.trim()
            .parse()
            .map_err(|_| Error::NotANumber { path: PathText::new(path), value: text.into_owned() })
    }

    pub(crate) async fn write(&self, path: &[u8], data: &[u8], offset: u32) -> Result<usize, Error> {
        let request = Request::write(path, data)?.with_offset(offset)?;
        self.ask(path, request, |reply| usize::try_from(reply.size()).unwrap_or_default()).await
    }

    pub(crate) async fn dir(&self, path: &[u8], options: DirOptions) -> Result<Listing, Error> {
        let mut listing = Listing::default();
        let flags = self.dir_each(path, options, |entry: &[u8]| listing.push(entry)).await?;
        listing.flags = flags;
        Ok(listing)
    }

    pub(crate) async fn dir_each(
        &self,
        path: &[u8],
        options: DirOptions,
        mut entry: impl FnMut(&[u8]) + Send,
    ) -> Result<DirectoryFlags, Error> {
        let mut refusals = self.shared.refusals();
        let wanted = options.message_type();
        let asked = refusals.instead_of(wanted);
        if asked == wanted {
            let result = self.list(path, asked, options, |entries| entries.for_each(&mut entry)).await;
            match result {
                Err(Error::Server { error, .. }) if refusals.learn(asked, error) => {
                    self.shared.remember(refusals);
                }
                other => return other,
            }
        }
        if !options.slash {
            return self.list(path, MessageType::DIR, options, |entries| entries.for_each(&mut entry)).await;
        }
        let mut listing = Listing::default();
        let flags = self.list(path, MessageType::DIR, options, |entries| listing.extend(entries)).await?;
        for path in listing.iter() {
            let mut marked = path.to_vec();
            if self.is_directory(path).await? {
                marked.push(b'/');
            }
            entry(&marked);
        }
        Ok(flags)
    }

    /// Whether an entry of a listing is a directory, where the server does not mark them.
    async fn is_directory(&self, entry: &[u8]) -> Result<bool, Error> {
        if let Some(known) = owproto_core::listing::is_directory(entry) {
            return Ok(known);
        }
        match self.list(entry, MessageType::DIR, DirOptions::new(), |_| ()).await {
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
        mut on_entries: impl FnMut(Entries<'_>) + Send,
    ) -> Result<DirectoryFlags, Error> {
        let request = match message_type {
            MessageType::DIR => Request::dir(path)?,
            MessageType::DIRALLSLASH => Request::dirallslash(path)?,
            _ => Request::dirall(path)?,
        };
        let flags = if options.bus_list { self.flags.with(Flags::BUS_LIST) } else { self.flags };
        self.exchange(path, request.with_flags(flags), &mut on_entries, |reply| reply.directory_flags()).await
    }

    pub(crate) async fn get(&self, path: &[u8]) -> Result<Got, Error> {
        let mut refusals = self.shared.refusals();
        if refusals.instead_of(MessageType::GET) == MessageType::GET {
            let got = self
                .ask(path, Request::get(path)?, |reply| match (reply.ret(), reply.payload()) {
                    (0, []) => None,
                    // A value has its length here.
                    (0, _) => Some(Got::Directory(reply.entries().collect())),
                    _ => Some(Got::Value(reply.data().to_vec())),
                })
                .await;
            match got {
                Ok(Some(got)) => return Ok(got),
                // An empty directory and an empty value look alike: what READ says to the path tells them apart.
                Ok(None) => {}
                Err(Error::Server { error, .. }) if refusals.learn(MessageType::GET, error) => {
                    self.shared.remember(refusals);
                }
                Err(error) => return Err(error),
            }
        }
        match self.read(path).await {
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
            .with_flags(self.flags.with(flags))
            .with_raw_size(size)
            .with_raw_offset(offset);
        let mut list = Vec::new();
        let mut join = |entries: Entries<'_>| {
            for entry in entries {
                if !list.is_empty() {
                    list.push(b',');
                }
                list.extend_from_slice(entry);
            }
        };
        let reply = self.exchange_any(request, &mut join, |reply| RawReply {
            ret: reply.ret(),
            flags: reply.flags(),
            size: reply.size(),
            offset: reply.offset(),
            payload: reply.payload().to_vec(),
        });
        let mut reply = reply.await?;
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
        let mut results = Vec::with_capacity(paths.len());
        let mut wanted = Vec::with_capacity(paths.len());
        for (index, path) in paths.iter().enumerate() {
            match Request::read(path.as_ref()) {
                Ok(request) => {
                    wanted.push((index, request.with_flags(self.flags.with(Flags::PERSISTENCE))));
                    results.push(Err(Error::NotTried { address: self.address().clone() }));
                }
                Err(error) => results.push(Err(error.into())),
            }
        }
        let deadline = self.deadline();
        let mut wanted = wanted.as_slice();
        while let Some(((index, _), rest)) = wanted.split_first() {
            let mut answered = 0;
            let read = self.read_on_one(wanted, deadline, |reply| {
                if let Some((index, request)) = wanted.get(answered) {
                    let value = reply.into_result().map(|reply| reply.data().to_vec());
                    results[*index] = value.map_err(|error| server_error(error, request.path()));
                    answered += 1;
                }
            });
            match read.await {
                Ok(()) => wanted = &wanted[answered..],
                // The connection broke at a request, but it had worked: the next one starts there.
                Err(_) if answered > 0 => wanted = &wanted[answered..],
                Err(error) => {
                    // It broke at the first request of a new connection: that one is given up. Where nobody answers
                    // in time, the rest is given up too.
                    let goes_on = matches!(error, Error::Connection { .. } | Error::Io { .. });
                    results[*index] = Err(error);
                    wanted = if goes_on { rest } else { &[] };
                }
            }
        }
        results
    }

    /// Reads over one connection as far as it goes, with as many requests in flight as it takes.
    async fn read_on_one(
        &self,
        requests: &[(usize, Request<'_>)],
        deadline: Deadline,
        mut on_reply: impl FnMut(Reply<'_>) + Send,
    ) -> Result<(), Error> {
        let Checkout { mut session, place, .. } = self.checkout(deadline, Persistence::On).await?;
        let mut unsent = requests.iter();
        let mut in_flight = 0;
        let outcome = loop {
            // Not one for each that is answered, but several with one write.
            if in_flight <= DEPTH / 2 {
                let count = session.room();
                for (_, request) in unsent.by_ref().take(count) {
                    if let Err(failure) = session.request(request, deadline.left::<R>()) {
                        return Err(self.explain(failure));
                    }
                    in_flight += 1;
                }
            }
            if in_flight == 0 {
                break Ok(());
            }
            // As the frames of a listing, the replies behind the first one wait for its acknowledgement.
            let acknowledge_at_once = in_flight > 1;
            let pumped = session
                .pump(acknowledge_at_once, &mut |item| {
                    if let Item::Reply(reply) = item {
                        in_flight -= 1;
                        on_reply(reply);
                    }
                })
                .await;
            if let Err(failure) = pumped {
                break Err(self.explain(failure));
            }
        };
        if outcome.is_ok() && self.persistence == Persistence::On {
            self.shared.put_back(session);
        } else {
            self.shared.close(session);
        }
        drop(place);
        outcome
    }

    // What the calls are made of.

    /// One request whose answer is one reply, which says yes.
    #[inline]
    async fn ask<T: Send>(
        &self,
        path: &[u8],
        request: Request<'_>,
        finish: impl FnOnce(Reply<'_>) -> T + Send,
    ) -> Result<T, Error> {
        self.exchange(path, request.with_flags(self.flags), &mut |_: Entries<'_>| (), finish).await
    }

    /// One request whose answer says yes.
    #[inline]
    async fn exchange<T: Send>(
        &self,
        path: &[u8],
        request: Request<'_>,
        on_entries: &mut (impl FnMut(Entries<'_>) + Send),
        finish: impl FnOnce(Reply<'_>) -> T + Send,
    ) -> Result<T, Error> {
        let answer = self.exchange_any(request, on_entries, |reply| reply.into_result().map(finish)).await?;
        answer.map_err(|error| server_error(error, path))
    }

    /// One request and whatever the server says to it.
    #[inline]
    async fn exchange_any<T: Send>(
        &self,
        request: Request<'_>,
        on_entries: &mut (impl FnMut(Entries<'_>) + Send),
        finish: impl FnOnce(Reply<'_>) -> T + Send,
    ) -> Result<T, Error> {
        let request = request.with_flags(self.request_flags(request.flags()));
        let deadline = self.deadline();
        let mut finish = Some(finish);
        let Checkout { mut session, place, mut is_used } = self.checkout(deadline, self.persistence).await?;
        if is_used && !request.message_type().is_idempotent() && session.is_spoilt() {
            // A write must not get lost in a connection that is known to be dead.
            (session, is_used) = (self.replace(session, deadline).await?, false);
        }
        loop {
            let left = deadline.left::<R>();
            match session.exchange(&request, left, on_entries, &mut finish).await {
                Ok(answer) => {
                    self.shared.put_back(session);
                    drop(place);
                    return Ok(answer);
                }
                Err(failure) => {
                    if is_used && failure.is_stale() && session.may_resend() {
                        (session, is_used) = (self.replace(session, deadline).await?, false);
                        continue;
                    }
                    self.shared.close(session);
                    return Err(self.explain(failure));
                }
            }
        }
    }

    /// A listing by DIR, of which the caller takes one entry at a time.
    pub(crate) async fn open_dir(&self, path: &[u8], options: DirOptions) -> Result<Streaming<'_, R>, Error> {
        let flags = if options.bus_list { self.flags.with(Flags::BUS_LIST) } else { self.flags };
        let request = Request::dir(path)?.with_flags(self.request_flags(flags));
        let deadline = self.deadline();
        let mut checkout = self.checkout(deadline, self.persistence).await?;
        let mut waiting = Waiting::default();
        loop {
            let sent = checkout.session.request(&request, deadline.left::<R>());
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
                    let session = self.replace(checkout.session, deadline).await?;
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
    async fn checkout(&self, deadline: Deadline, persistence: Persistence) -> Result<Checkout<'_, R>, Error> {
        let place = match persistence {
            Persistence::Off => None,
            Persistence::On => match self.shared.enter(deadline.wait::<R>()).await {
                Some(place) => Some(place),
                None => return Err(self.timed_out(Timeout::Total)),
            },
        };
        let idle = if place.is_some() { self.shared.take_idle() } else { None };
        let is_used = idle.is_some();
        let mut session = match idle {
            Some(session) => session,
            None => self.connect(deadline).await?,
        };
        session.set_timeouts(self.timeouts);
        Ok(Checkout { session, place, is_used })
    }

    async fn connect(&self, deadline: Deadline) -> Result<Session<R>, Error> {
        self.shared.connect(deadline.wait::<R>()).await.map_err(|error| match error {
            Error::Connect { source, .. }
                if source.kind() == std::io::ErrorKind::TimedOut && deadline.is_over::<R>() =>
            {
                self.timed_out(Timeout::Total)
            }
            other => other,
        })
    }

    /// A new connection instead of one that turned out to be dead; the other idle ones are likely to be dead too.
    async fn replace(&self, dead: Session<R>, deadline: Deadline) -> Result<Session<R>, Error> {
        self.shared.close(dead);
        self.shared.close_idle();
        let mut session = self.connect(deadline).await?;
        session.set_timeouts(self.timeouts);
        Ok(session)
    }

    fn deadline(&self) -> Deadline {
        Deadline(if self.timeouts.total.is_zero() { None } else { Some(R::now().after(self.timeouts.total)) })
    }

    fn explain(&self, failure: Failure) -> Error {
        let address = self.address().clone();
        match failure {
            Failure::Request(error) => error.into(),
            Failure::Connection(ConnectionError::TimedOut(timeout)) => self.timed_out(timeout),
            Failure::Connection(error) => Error::Connection { address, error },
            Failure::Io(error, source) => Error::Io { address, error, source },
        }
    }

    fn timed_out(&self, timeout: Timeout) -> Error {
        let limit = match timeout {
            Timeout::Inactivity => self.timeouts.inactivity,
            Timeout::Total => self.timeouts.total,
        };
        Error::TimedOut { address: self.address().clone(), timeout, limit: limit.into() }
    }
}

fn server_error(error: ServerError, path: &[u8]) -> Error {
    Error::Server { error, path: PathText::new(path) }
}

/// Entries of a streamed listing that have come and were not taken yet.
#[derive(Default)]
struct Waiting {
    entries: VecDeque<Vec<u8>>,
    /// What ended the listing.
    end: Option<Result<(), ServerError>>,
}

impl Waiting {
    /// Waits until there is an entry or the end.
    async fn fill<R: Runtime>(&mut self, session: &mut Session<R>) -> Result<(), Failure> {
        while self.entries.is_empty() && self.end.is_none() {
            let pumped = session
                .pump(true, &mut |item| match item {
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
                Ok(()) if self.waiting.end.is_some() => self.calls.shared.put_back(checkout.session),
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
