use core::task::{Context, Poll};

use crate::codec::RequestFrame;
use crate::message::{MAX_BODY_LEN, MAX_PATH_LEN, ReturnCode};
use crate::server::{Answer, Connection, LastFrame, ReplyHeader};
use crate::storage::Storage;
use crate::text::{RomId, ValueType};
use crate::time::Instant;
use crate::tree::alias::Aliases;
use crate::tree::builtin::{Settings, Statistics, System, count};
use crate::tree::bus::{Access, Bus, Operation, Refresh};
use crate::tree::engine::job::{Job, Phase};
use crate::tree::engine::progress::{Stop, begun, done};
use crate::tree::families;
use crate::tree::model::path::{DeviceName, Place, Route, split};
use crate::tree::model::property::{Family, Node};
use crate::tree::model::scope::Scope;
use crate::wire::{Flags, MessageType, word};

/// What a server may be asked to do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Permission {
    /// Reading and writing.
    #[default]
    ReadWrite,
    /// Reading only: each WRITE is answered with
    /// [`READ_ONLY_SERVER`](ReturnCode::READ_ONLY_SERVER).
    ReadOnly,
}

/// Whether a server does the newer types of messages.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Support {
    /// They are answered.
    #[default]
    Full,
    /// They are refused with [`MESSAGE_TYPE_NOT_SUPPORTED`](ReturnCode::MESSAGE_TYPE_NOT_SUPPORTED), as by an old
    /// server. A test for clients.
    Refused,
}

/// What stands behind the connections of an owserver: paths, devices, properties and their values.
///
/// It is made of a [`Bus`], of [`Aliases`] if there are any, and of tables of families. All connections share one.
/// It keeps nothing of a request; that is in a [`Job`], of which each connection has one.
///
/// ```
/// use core::task::{Context, Waker};
/// use owproto_core::Request;
/// use owproto_core::server::{Connection, Event, Step};
/// use owproto_core::time::Instant;
/// use owproto_core::tree::tester::Tester;
/// use owproto_core::tree::{Job, Tree};
///
/// let mut tree = Tree::new(Tester::new(&[0x10, 0x28]));
/// let (mut connection, mut job) = (Connection::new([0; 512], [0; 256]), Job::new());
/// let mut buffer = [0; 64];
/// let mut input = Request::read("/28.000028D70100/temperature")?.encode(&mut buffer)?;
/// let mut sent = Vec::new();
/// let now = Instant::ZERO;
/// loop {
///     match connection.step() {
///         Step::Read => assert_eq!(connection.handle_input(&mut input, now), Event::Request),
///         Step::Answer => {
///             let mut context = Context::from_waker(Waker::noop());
///             assert!(tree.serve(&mut connection, &mut job, now, &mut context).is_ready());
///         }
///         Step::Write => {
///             sent.extend_from_slice(connection.poll_transmit());
///             connection.handle_transmitted(sent.len(), now);
///         }
///         Step::Close => break,
///     }
/// }
/// assert_eq!(&sent[24..], b"         4.1");
/// # Ok::<(), owproto_core::RequestError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Tree<B, A = ()> {
    pub(in crate::tree) bus: B,
    pub(in crate::tree) aliases: A,
    pub(in crate::tree) families: &'static [&'static Family],
    pub(in crate::tree) permission: Permission,
    dirall: Support,
    get: Support,
    /// What `/settings` holds.
    pub settings: Settings,
    /// What `/system` tells.
    pub system: System,
    /// What was counted for `/statistics`.
    pub statistics: Statistics,
    next_operation: u32,
}

/// What a path leads to, its device found.
#[derive(Clone, Copy)]
pub(in crate::tree) enum Target<'p> {
    /// A directory of devices.
    Devices,
    /// `/structure` itself.
    Structure,
    /// A directory or a property of something.
    Node(Host, &'static Family, Node<'p>),
}

/// What a property belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::tree) enum Host {
    /// The device of the [`Job`].
    Device,
    Special,
    Section,
    /// It is only described.
    Structure,
}

impl Host {
    /// Whether it is only described. Never, in a scope without `/structure`.
    pub(in crate::tree) fn is_structure(self, scope: Scope) -> bool {
        scope.contains(Scope::STRUCTURE) && self == Self::Structure
    }
}

impl Target<'_> {
    /// Whether GET lists it, and does not read it. Branches are directories too.
    fn is_directory(&self) -> bool {
        match self {
            Self::Devices | Self::Structure | Self::Node(_, _, Node::Directory(_)) => true,
            Self::Node(_, _, Node::Property(property, _)) => property.value_type == ValueType::Directory,
        }
    }
}

/// What `/structure` describes besides devices.
pub(in crate::tree) fn special<B: Bus>() -> impl Iterator<Item = &'static Family> {
    static SPECIAL: [&Family; 2] = [&families::SIMULTANEOUS, &families::THERMOSTAT];
    let special: &[&Family] = if B::SCOPE.contains(Scope::SIMULTANEOUS) { &SPECIAL } else { &[] };
    special.iter().copied()
}

/// A property, what it belongs to, and how it is read or written. The device means nothing where it belongs to none.
pub(in crate::tree) struct Subject<'p> {
    pub(in crate::tree) host: Host,
    pub(in crate::tree) access: Access<'p>,
}

/// What the steps of an answer need besides the tree.
pub(in crate::tree) struct Work<'w, 'p, 'c> {
    pub(in crate::tree) request: &'w RequestFrame<'p>,
    pub(in crate::tree) route: &'w Route<'p>,
    /// The device of the path and its bus.
    pub(in crate::tree) device: Option<(RomId, u16)>,
    pub(in crate::tree) context: &'w mut Context<'c>,
}

impl<B: Bus> Tree<B> {
    /// A tree over a bus, without aliases, with all families that owserver knows.
    #[must_use]
    pub const fn new(bus: B) -> Self {
        Self::with_families(bus, families::ALL)
    }

    /// A tree over a bus, without aliases, with these families, sorted by their code. Devices of others show no more
    /// than their address. What is not named here takes no room in a program.
    #[must_use]
    pub const fn with_families(bus: B, families: &'static [&'static Family]) -> Self {
        Self {
            bus,
            aliases: (),
            families,
            permission: Permission::ReadWrite,
            dirall: Support::Full,
            get: Support::Full,
            settings: Settings::DEFAULT,
            system: System::DEFAULT,
            statistics: Statistics {
                reads: 0,
                reads_answered: 0,
                bytes_read: 0,
                writes: 0,
                writes_done: 0,
                bytes_written: 0,
                listings: 0,
                entries: 0,
            },
            next_operation: 0,
        }
    }
}

impl<B: Bus, A: Aliases> Tree<B, A> {
    /// With names for devices.
    #[must_use]
    pub fn with_aliases<N: Aliases>(self, aliases: N) -> Tree<B, N> {
        Tree {
            bus: self.bus,
            aliases,
            families: self.families,
            permission: self.permission,
            dirall: self.dirall,
            get: self.get,
            settings: self.settings,
            system: self.system,
            statistics: self.statistics,
            next_operation: self.next_operation,
        }
    }

    /// With writing allowed or not.
    #[must_use]
    pub fn with_permission(mut self, permission: Permission) -> Self {
        self.permission = permission;
        self
    }

    /// With DIRALL and DIRALLSLASH done or refused.
    #[must_use]
    pub fn with_dirall(mut self, dirall: Support) -> Self {
        self.dirall = dirall;
        self
    }

    /// With GET and GETSLASH done or refused.
    #[must_use]
    pub fn with_get(mut self, get: Support) -> Self {
        self.get = get;
        self
    }

    /// With other words in `/system`.
    #[must_use]
    pub fn with_system(mut self, system: System) -> Self {
        self.system = system;
        self
    }

    /// With other values in `/settings`.
    #[must_use]
    pub fn with_settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// The bus.
    #[must_use]
    pub const fn bus(&self) -> &B {
        &self.bus
    }

    /// The bus, to be changed.
    pub const fn bus_mut(&mut self) -> &mut B {
        &mut self.bus
    }

    /// The names of devices.
    #[must_use]
    pub const fn aliases(&self) -> &A {
        &self.aliases
    }

    /// The names of devices, to be changed.
    pub const fn aliases_mut(&mut self) -> &mut A {
        &mut self.aliases
    }

    /// Goes on with the answer to the request of a connection, as far as its transmit storage has room.
    ///
    /// - `Ready`: the answer is complete, or bytes have to be sent before it goes on, or there is no request. The
    ///   connection's [`step`](Connection::step) says which.
    /// - `Pending`: the bus is not ready. Bytes may wait all the same, such as the entries that came before: look at
    ///   `step` first. Then call it again when the waker was used, or at any other time. Until then the connection's
    ///   timeouts run, and keepalives are sent.
    pub fn serve<T: Storage, R: Storage>(
        &mut self,
        connection: &mut Connection<T, R>,
        job: &mut Job,
        now: Instant,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        let Some((request, mut answer)) = connection.answer(now) else {
            self.cancel(job);
            return Poll::Ready(());
        };
        if matches!(job.phase, Phase::New) {
            self.next_operation = self.next_operation.wrapping_add(1);
            *job = Job { phase: Phase::Begun, operation: Operation(self.next_operation), ..Job::new() };
        }
        let mut result = self.advance(job, &request, &mut answer, now, context);
        if let Err(stop) = result
            && let Some(code) = stop.code()
        {
            job.phase = Phase::Failed(stop);
            // In the middle of a frame there is no way to say it.
            let head = ReplyHeader { ret: code.to_ret(), ..ReplyHeader::default() };
            result = if answer.remaining() > 0 {
                Err(Stop::BROKEN)
            } else {
                begun(answer.try_begin(head, LastFrame::Yes))
            };
        }
        match result {
            Err(Stop::PENDING) => return Poll::Pending,
            Err(Stop::NO_ROOM) => return Poll::Ready(()),
            Err(_) => {
                answer.abort();
                self.bus.cancel(job.operation);
            }
            Ok(()) => {}
        }
        job.phase = Phase::New;
        Poll::Ready(())
    }

    /// Gives up the work for a connection that has ended. Call it when one ends while its job is under way; the bus
    /// is told.
    pub fn cancel(&mut self, job: &mut Job) {
        if !matches!(job.phase, Phase::New) {
            self.bus.cancel(job.operation);
            job.phase = Phase::New;
        }
    }

    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    fn advance<T: Storage>(
        &mut self,
        job: &mut Job,
        request: &RequestFrame<'_>,
        answer: &mut Answer<'_, T>,
        now: Instant,
        context: &mut Context<'_>,
    ) -> Result<(), Stop> {
        if let Phase::Failed(stop) = job.phase {
            return Err(stop);
        }
        let message_type = request.message_type();
        let is_done = match message_type {
            MessageType::NOP => return begun(answer.try_begin(ReplyHeader::default(), LastFrame::Yes)),
            MessageType::READ | MessageType::WRITE | MessageType::DIR | MessageType::PRESENCE => true,
            MessageType::DIRALL | MessageType::DIRALLSLASH => self.dirall == Support::Full,
            MessageType::GET | MessageType::GETSLASH => self.get == Support::Full,
            _ => false,
        };
        if !is_done {
            return Err(ReturnCode::MESSAGE_TYPE_NOT_SUPPORTED.into());
        }
        if request.header.payload == 0 {
            return Err(ReturnCode::BAD_MESSAGE.into());
        }
        if request.is_cut() {
            return Err(ReturnCode::MESSAGE_SIZE.into());
        }
        let route = request.path().and_then(|path| Route::within(path, B::SCOPE));
        let route = route.ok_or(ReturnCode::NO_SUCH_PATH)?;
        self.refresh(job, request, &route, context)?;
        let target = self.target(job, &route, context)?;
        if message_type == MessageType::PRESENCE {
            return job.presence(answer);
        }
        let is_write = message_type == MessageType::WRITE;
        // A path that fills the payload of these has no place for its NUL (owfs: `read.c`, `dir.c`, `dirall.c`).
        if !is_write && request.payload.len() > MAX_PATH_LEN.wrapping_add(1) {
            return Err(ReturnCode::MESSAGE_SIZE.into());
        }
        if is_write && (!B::SCOPE.contains(Scope::WRITES) || self.permission == Permission::ReadOnly) {
            return Err(ReturnCode::READ_ONLY_SERVER.into());
        }
        let mut work = Work { request, route: &route, device: job.found(), context };
        let is_accessed = match message_type {
            MessageType::READ | MessageType::WRITE => true,
            MessageType::GET | MessageType::GETSLASH => !target.is_directory(),
            _ => false,
        };
        if !is_accessed {
            return self.list(job, &target, &mut work, answer);
        }
        let size = word::to_len(request.header.size).filter(|size| (1..=MAX_BODY_LEN).contains(size));
        if !is_write && size.is_none() {
            return Err(ReturnCode::MESSAGE_SIZE.into());
        }
        match target {
            // Under `/structure` a branch is described.
            Target::Node(host, family, Node::Property(property, element))
                if (host.is_structure(B::SCOPE) && !is_write) || !target.is_directory() =>
            {
                let (device, bus) = (job.device, job.bus.unwrap_or_default());
                let (offset, is_uncached, operation) = (0, false, job.operation);
                let access =
                    Access { device, bus, family, property, element, offset, is_uncached, now, operation };
                let mut subject = Subject { host, access };
                if B::SCOPE.contains(Scope::WRITES) && is_write {
                    self.write(job, &mut subject, &mut work, answer)
                } else {
                    self.read(job, &mut subject, size.unwrap_or_default(), &mut work, answer)
                }
            }
            _ => Err(ReturnCode::IS_A_DIRECTORY.into()),
        }
    }

    /// Has the bus look anew, once, if the client wants that of a listing or a PRESENCE.
    fn refresh(
        &mut self,
        job: &mut Job,
        request: &RequestFrame<'_>,
        route: &Route<'_>,
        context: &mut Context<'_>,
    ) -> Result<(), Stop> {
        let is_uncached = route.is_uncached || request.header.flags.contains(Flags::UNCACHED);
        if job.is_renewed || !is_uncached {
            return Ok(());
        }
        let what = match (request.message_type(), route.place) {
            (MessageType::PRESENCE, Place::Device { name: DeviceName::Address(id), .. }) => {
                Refresh::Presence(id)
            }
            (MessageType::PRESENCE, Place::Device { name: DeviceName::Alias(alias), .. }) => {
                match self.device_of(alias) {
                    Some(id) => Refresh::Presence(id),
                    None => return Ok(()),
                }
            }
            (MessageType::PRESENCE | MessageType::READ | MessageType::WRITE, _) => return Ok(()),
            (_, Place::Devices) => Refresh::Devices,
            _ => return Ok(()),
        };
        done(self.bus.refresh(what, job.operation, context))?;
        job.is_renewed = true;
        Ok(())
    }

    /// What a path leads to. A device is looked for once.
    fn target<'p>(
        &mut self,
        job: &mut Job,
        route: &Route<'p>,
        context: &mut Context<'_>,
    ) -> Result<Target<'p>, Stop> {
        const WRONG: ReturnCode = ReturnCode::NO_SUCH_PATH;
        if route.bus.is_some_and(|bus| bus >= self.bus.buses()) {
            return Err(WRONG.into());
        }
        let (host, family, rest) = match route.place {
            Place::Devices => return Ok(Target::Devices),
            Place::Section { family, rest } => (Host::Section, family, rest),
            Place::Special { family, rest } => (Host::Special, family, rest),
            Place::Structure { .. } if !B::SCOPE.contains(Scope::STRUCTURE) => return Err(WRONG.into()),
            Place::Structure { rest: [] } => return Ok(Target::Structure),
            Place::Structure { rest } => {
                let (name, rest) = split(rest);
                (Host::Structure, self.described(name).ok_or(WRONG)?, rest)
            }
            Place::Device { name, rest, .. } => {
                if job.bus.is_none() {
                    let id = match name {
                        DeviceName::Address(id) => id,
                        DeviceName::Alias(alias) => self.device_of(alias).ok_or(WRONG)?,
                    };
                    let bus = done(self.bus.find(id, context))?.ok_or(WRONG)?;
                    if route.bus.is_some_and(|named| named != bus) {
                        return Err(WRONG.into());
                    }
                    (job.device, job.bus) = (id, Some(bus));
                }
                (Host::Device, families::family(self.families, job.device.family()), rest)
            }
        };
        match family.find(rest).ok_or(WRONG)? {
            Node::Property(property, _) if !B::SCOPE.has(property) => Err(WRONG.into()),
            node => Ok(Target::Node(host, family, node)),
        }
    }

    /// The device with an alias.
    fn device_of(&self, alias: &[u8]) -> Option<RomId> {
        if A::CAPACITY == 0 { None } else { self.aliases.device(alias) }
    }

    /// The table that `/structure` has under this name.
    fn described(&self, name: &[u8]) -> Option<&'static Family> {
        self.families.iter().copied().chain(special::<B>()).find(|family| family.name.as_bytes() == name)
    }

    /// Counts what was asked for, once.
    pub(in crate::tree) fn count_call(
        &mut self,
        job: &mut Job,
        counter: impl FnOnce(&mut Statistics) -> &mut u32,
    ) {
        if matches!(job.phase, Phase::Begun) {
            job.phase = Phase::Counted;
            count(counter(&mut self.statistics), 1);
        }
    }
}

#[cfg(test)]
mod tests;
