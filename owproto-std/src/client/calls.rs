use std::sync::Arc;
use std::time::Duration;

use owproto_core::client::{ConnectionError, Timeout, Timeouts};
use owproto_core::message::Entries;
use owproto_core::message::listing::is_ambiguous;
use owproto_core::text::RomId;
use owproto_core::time::Instant;
use owproto_core::wire::{DirectoryFlags, Flags, MessageType};
use owproto_core::{Reply, Request, ReturnCode};

use super::checkout::Way;
use super::deadline::Deadline;
use super::exchange::{Failed, ask, ask_read, exchange, ready_slowly, yes};
use super::session::{Failure, Reason};
use super::shared::Shared;
use crate::error::PathText;
use crate::listing::{DirOptions, GetResult, Listing, RawReply};
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
    pub(super) flags: Flags,
    pub(super) timeouts: Timeouts,
    pub(super) persistence: Persistence,
}

impl<R: Runtime> Clone for Calls<R> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), ..*self }
    }
}

impl<R: Runtime> Calls<R> {
    pub(crate) fn new(shared: Shared<R>, flags: Flags, timeouts: Timeouts, persistence: Persistence) -> Self {
        Self { shared: Arc::new(shared), flags, timeouts, persistence }
    }

    pub(crate) fn with_total_timeout(&self, total: Duration) -> Self {
        Self { timeouts: self.timeouts.with_total(total.into()), ..self.clone() }
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
        let size = u32::try_from(buffer.len().min(owproto_core::message::MAX_BODY_LEN)).unwrap_or(u32::MAX);
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
        let asked = if is_ambiguous(path) { MessageType::DIR } else { refusals.substitute_for(wanted) };
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
        if let Some(known) = owproto_core::message::listing::is_directory(entry) {
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

    pub(crate) async fn get(&self, path: &[u8]) -> Result<GetResult, Error> {
        let mut refusals = self.shared.refusals();
        if refusals.substitute_for(MessageType::GET) == MessageType::GET && !is_ambiguous(path) {
            let got = ask!(self, Request::get(path)?, |reply| match (reply.ret(), reply.payload()) {
                (0, []) => None,
                // A value has its length here.
                (0, _) => Some(GetResult::Directory(reply.entries().collect())),
                _ => Some(GetResult::Value(reply.data().to_vec())),
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
                self.dir(path, DirOptions::new()).await.map(GetResult::Directory)
            }
            value => value.map(GetResult::Value),
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

    #[inline]
    pub(super) fn request_flags(&self, flags: Flags) -> Flags {
        match self.persistence {
            Persistence::On => flags.with(Flags::PERSISTENCE),
            Persistence::Off => flags.without(Flags::PERSISTENCE),
        }
    }

    #[inline]
    pub(super) fn deadline(&self, now: Instant) -> Deadline {
        Deadline::after(now, self.timeouts.total)
    }

    #[cold]
    pub(super) fn explain(&self, failure: Failure) -> Error {
        let address = self.address().clone();
        match *failure.0 {
            Reason::Send(error) => error.into(),
            Reason::Connection(ConnectionError::TimedOut(timeout)) => self.timed_out(timeout),
            Reason::Connection(error) => Error::Connection { address, error },
            Reason::Io(error, source) => Error::Io { address, error, source },
        }
    }

    #[cold]
    pub(super) fn timed_out(&self, timeout: Timeout) -> Error {
        let limit = self.timeouts.limit_of(timeout);
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
