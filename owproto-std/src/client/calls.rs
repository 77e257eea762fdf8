use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use owproto_core::client::{ServerCapabilities, Timeouts};
use owproto_core::message::Entries;
use owproto_core::message::listing::is_ambiguous;
use owproto_core::text::RomId;
use owproto_core::time::Instant;
use owproto_core::wire::{DirectoryFlags, Flags, MessageType};
use owproto_core::{Reply, Request, ReturnCode};

use super::coalesce::SingleFlight;
use super::connection::{CallLimits, ConnectionSettings, Connector, SessionError};
use super::exchange::{BoxedError, exchange, poll_slow_path_once, read_request, request, unless_error};
use super::pool::{Lease, Pool};
use super::transport::Runtime;
use crate::error::PathText;
use crate::listing::{DirOptions, GetResult, Listing, RawReply};
use crate::{Address, Error};

/// Whether the server is asked to keep connections after a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Persistence {
    Off,
    On,
}

/// The settings that a client shares with its clones.
#[derive(Clone, Debug)]
pub(crate) struct SharedSettings {
    pub(crate) connection: ConnectionSettings,
    pub(crate) max_connections: usize,
    pub(crate) coalesces_reads: bool,
}

/// What a client shares with its clones.
pub(crate) struct Shared<R: Runtime> {
    pub(crate) pool: Pool<R>,
    /// If reads are coalesced.
    pub(crate) single_flight: Option<SingleFlight<R>>,
    capabilities: AtomicU16,
    /// The server's texts for return codes.
    return_code_texts: OnceLock<Vec<String>>,
}

impl<R: Runtime> Shared<R> {
    fn new(settings: SharedSettings) -> Self {
        let connector = Connector::new(settings.connection);
        Self {
            pool: Pool::new(settings.max_connections.max(1), connector),
            single_flight: settings.coalesces_reads.then(SingleFlight::default),
            capabilities: AtomicU16::new(ServerCapabilities::ALL.bits()),
            return_code_texts: OnceLock::new(),
        }
    }

    /// What is known of the server.
    fn capabilities(&self) -> ServerCapabilities {
        ServerCapabilities::from_bits(self.capabilities.load(Ordering::Relaxed))
    }

    /// Adds to what is known of the server.
    fn remember(&self, capabilities: ServerCapabilities) {
        self.capabilities.fetch_or(capabilities.bits(), Ordering::Relaxed);
    }

    /// Whether all permits are available, and no call waits for one or for the read of another call.
    #[cfg(test)]
    pub(crate) fn is_unused(&self) -> bool {
        self.pool.is_unused() && self.single_flight.as_ref().is_none_or(SingleFlight::is_empty)
    }
}

/// The calls of a client, written once for all runtimes.
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
    pub(crate) fn new(
        settings: SharedSettings,
        flags: Flags,
        timeouts: Timeouts,
        persistence: Persistence,
    ) -> Self {
        Self { shared: Arc::new(Shared::new(settings)), flags, timeouts, persistence }
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
        self.shared.pool.connector().address()
    }

    pub(crate) fn persistence(&self) -> Persistence {
        self.persistence
    }

    pub(crate) fn close_connection(&self) {
        self.shared.pool.close_idle();
    }

    #[cfg(test)]
    pub(crate) fn shared(&self) -> &Shared<R> {
        &self.shared
    }

    pub(super) fn limits_from(&self, now: Instant) -> CallLimits {
        CallLimits::from_now(now, self.timeouts)
    }

    #[inline]
    pub(super) fn request_flags(&self, flags: Flags) -> Flags {
        match self.persistence {
            Persistence::On => flags.with(Flags::PERSISTENCE),
            Persistence::Off => flags.without(Flags::PERSISTENCE),
        }
    }

    #[inline]
    pub(super) fn lease(&self) -> Lease {
        match self.persistence {
            Persistence::On => Lease::Pooled,
            Persistence::Off => Lease::OneShot,
        }
    }

    /// For a call that runs the caller's code.
    pub(super) fn extra_lease(&self) -> Lease {
        match self.persistence {
            Persistence::On => Lease::Extra,
            Persistence::Off => Lease::OneShot,
        }
    }

    #[cold]
    pub(super) fn explain(&self, error: SessionError) -> Error {
        error.into_error(self.address(), self.timeouts)
    }

    pub(crate) async fn ping(&self) -> Result<(), BoxedError> {
        request!(self, Request::nop(), |_| ())
    }

    pub(crate) async fn present(&self, path: &[u8]) -> Result<bool, Error> {
        self.presence(path, |_| true).await.map(|found| found.unwrap_or(false))
    }

    pub(crate) async fn rom_id(&self, path: &[u8]) -> Result<Option<RomId>, Error> {
        self.presence(path, |reply| RomId::from_presence(reply.payload())).await.map(Option::flatten)
    }

    /// What a function makes of the reply; `None` if nothing exists at the path.
    async fn presence<T: Send>(
        &self,
        path: &[u8],
        on_found: impl FnOnce(Reply<'_>) -> T + Send,
    ) -> Result<Option<T>, Error> {
        match request!(self, Request::presence(path)?, on_found).map_err(Error::from) {
            Ok(found) => Ok(Some(found)),
            Err(Error::Server { error, .. }) if error.code().is_no_such_path() => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn read(&self, path: &[u8]) -> Result<Vec<u8>, BoxedError> {
        read_request!(self, Request::read(path)?, |reply| reply.data().to_vec())
    }

    pub(crate) async fn read_at(&self, path: &[u8], size: u32, offset: u32) -> Result<Vec<u8>, BoxedError> {
        let request = Request::read(path)?.with_size(size)?.with_offset(offset)?;
        read_request!(self, request, |reply| reply.data().to_vec())
    }

    pub(crate) async fn read_into(&self, path: &[u8], buffer: &mut [u8]) -> Result<usize, BoxedError> {
        let size = u32::try_from(buffer.len().min(owproto_core::message::MAX_BODY_LEN)).unwrap_or(u32::MAX);
        let request = Request::read(path)?.with_size(size)?;
        read_request!(self, request, |reply| reply.copy_data(buffer))
    }

    pub(crate) async fn read_number(&self, path: &[u8]) -> Result<f64, Error> {
        let value = self.read(path).await?;
        let text = String::from_utf8_lossy(&value);
        text.trim()
            .parse()
            .map_err(|_| Error::NotANumber { path: PathText::new(path), value: text.into_owned() })
    }

    pub(crate) async fn write(&self, path: &[u8], data: &[u8], offset: u32) -> Result<usize, BoxedError> {
        let request = Request::write(path, data)?.with_offset(offset)?;
        request!(self, request, |reply| usize::try_from(reply.size()).unwrap_or_default())
    }

    pub(crate) async fn dir(&self, path: &[u8], options: DirOptions) -> Result<Listing, Error> {
        let mut listing = Listing::default();
        let flags = self.list(path, options, self.lease(), |entries| listing.take(entries)).await?;
        listing.flags = flags;
        Ok(listing)
    }

    pub(crate) async fn dir_each(
        &self,
        path: &[u8],
        options: DirOptions,
        mut on_entry: impl FnMut(&[u8]) + Send,
    ) -> Result<DirectoryFlags, Error> {
        self.list(path, options, self.extra_lease(), |entries| for_each(entries, &mut on_entry)).await
    }

    /// A listing by the message type of the options, or by DIR if the server or the path does not allow that.
    async fn list(
        &self,
        path: &[u8],
        options: DirOptions,
        lease: Lease,
        mut on_entries: impl FnMut(Entries<'_>) -> usize + Send,
    ) -> Result<DirectoryFlags, Error> {
        let mut capabilities = self.shared.capabilities();
        let preferred = options.message_type();
        let usable =
            if is_ambiguous(path) { MessageType::DIR } else { capabilities.substitute_for(preferred) };
        if usable == preferred {
            let result = self.list_by(path, usable, options, lease, &mut on_entries).await;
            match result {
                Err(Error::Server { error, .. }) if capabilities.learn(usable, error) => {
                    self.shared.remember(capabilities);
                }
                other => return other,
            }
        }
        if !options.slash {
            return self.list_by(path, MessageType::DIR, options, lease, on_entries).await;
        }
        let mut listing = Listing::default();
        let flags = self
            .list_by(path, MessageType::DIR, options, lease, |entries: Entries<'_>| listing.take(entries))
            .await?;
        for path in listing.iter() {
            let mut marked = path.to_vec();
            if self.is_directory(path, lease).await? {
                marked.push(b'/');
            }
            on_entries(Entries::one(&marked));
        }
        Ok(flags)
    }

    /// Whether an entry of a listing is a directory, for a server that does not mark directories.
    async fn is_directory(&self, entry: &[u8], lease: Lease) -> Result<bool, Error> {
        if let Some(known) = owproto_core::message::listing::is_directory(entry) {
            return Ok(known);
        }
        let ignore = |entries: Entries<'_>| for_each(entries, |_| ());
        match self.list_by(entry, MessageType::DIR, DirOptions::new(), lease, ignore).await {
            Ok(_) => Ok(true),
            Err(Error::Server { error, .. }) if error.code() == ReturnCode::NOT_A_DIRECTORY => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A listing by this message type.
    async fn list_by(
        &self,
        path: &[u8],
        message_type: MessageType,
        options: DirOptions,
        lease: Lease,
        on_entries: impl FnMut(Entries<'_>) -> usize + Send,
    ) -> Result<DirectoryFlags, Error> {
        let request = match message_type {
            MessageType::DIR => Request::dir(path)?,
            MessageType::DIRALLSLASH => Request::dirallslash(path)?,
            _ => Request::dirall(path)?,
        };
        let flags = if options.bus_list { self.flags.with(Flags::BUS_LIST) } else { self.flags };
        let request = request.with_flags(self.request_flags(flags));
        Ok(exchange!(self, request, lease, on_entries, unless_error(|reply| reply.directory_flags()))?)
    }

    pub(crate) async fn get(&self, path: &[u8]) -> Result<GetResult, Error> {
        let mut capabilities = self.shared.capabilities();
        if capabilities.substitute_for(MessageType::GET) == MessageType::GET && !is_ambiguous(path) {
            let result = request!(self, Request::get(path)?, |reply| match (reply.ret(), reply.payload()) {
                (0, []) => None,
                // The return value of a property is its length.
                (0, _) => Some(GetResult::Directory(reply.entries().collect())),
                _ => Some(GetResult::Value(reply.data().to_vec())),
            });
            match result.map_err(Error::from) {
                Ok(Some(result)) => return Ok(result),
                // The replies for an empty directory and an empty value are equal; those to READ differ.
                Ok(None) => {}
                Err(Error::Server { error, .. }) if capabilities.learn(MessageType::GET, error) => {
                    self.shared.remember(capabilities);
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
        let mut reply = exchange!(self, request, self.lease(), join, reply)?;
        if !list.is_empty() {
            reply.payload = list;
        }
        Ok(reply)
    }

    /// The text for a return code: the server's, or owserver's if the server has none.
    pub(crate) async fn return_code_text(&self, code: ReturnCode) -> String {
        let texts = match self.shared.return_code_texts.get() {
            Some(texts) => texts,
            None => {
                let path = b"/settings/return_codes/text.ALL";
                match self.read(path).await {
                    Ok(list) => {
                        let texts = String::from_utf8_lossy(&list).split(',').map(str::to_owned).collect();
                        self.shared.return_code_texts.get_or_init(|| texts)
                    }
                    // The next call tries again.
                    Err(_) => return code.owserver_text().to_string(),
                }
            }
        };
        let index = usize::try_from(code.code()).ok();
        index.and_then(|n| texts.get(n)).cloned().unwrap_or_else(|| code.owserver_text().to_string())
    }
}

/// Calls a function with each entry. Returns their length in a comma list.
#[inline]
fn for_each(entries: Entries<'_>, mut on_entry: impl FnMut(&[u8])) -> usize {
    let mut len = 0;
    entries.for_each(|entry| {
        on_entry(entry);
        len += entry.len() + 1;
    });
    len
}
