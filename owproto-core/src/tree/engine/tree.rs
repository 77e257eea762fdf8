use crate::tree::alias::Aliases;
use crate::tree::builtin::settings::Settings;
use crate::tree::builtin::statistics::Statistics;
use crate::tree::builtin::system::System;
use crate::tree::bus::Bus;
use crate::tree::families;
use crate::tree::model::family::Family;

/// What clients are allowed to do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Permission {
    /// To read and to write.
    #[default]
    ReadWrite,
    /// To read. Each WRITE is answered with
    /// [`READ_ONLY_SERVER`](crate::ReturnCode::READ_ONLY_SERVER).
    ReadOnly,
}

/// Whether a server supports the newer message types.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Support {
    /// It answers them.
    #[default]
    Full,
    /// It refuses them with [`MESSAGE_TYPE_NOT_SUPPORTED`](crate::ReturnCode::MESSAGE_TYPE_NOT_SUPPORTED), as an old
    /// server does: a test for clients.
    Refused,
}

/// Answers the requests of an owserver: paths, devices, properties and their values.
///
/// It consists of a [`Bus`], of [`Aliases`], and of tables of [families](crate::tree::families). All connections share
/// one tree. It keeps nothing of a request: that is in a [`Job`](super::job::Job), of which each connection has one.
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
    pub(super) bus: B,
    pub(super) aliases: A,
    pub(super) families: &'static [&'static Family],
    pub(super) permission: Permission,
    pub(super) dirall: Support,
    pub(super) get: Support,
    /// The values of `/settings`.
    pub settings: Settings,
    /// The values of `/system`.
    pub system: System,
    /// The counters of `/statistics`.
    pub statistics: Statistics,
    /// The number of the last [`Operation`](crate::tree::Operation).
    pub(super) last_operation: u32,
}

impl<B: Bus> Tree<B> {
    /// A tree over a bus, without aliases, with all families that owserver knows.
    #[must_use]
    pub const fn new(bus: B) -> Self {
        Self::with_families(bus, families::ALL)
    }

    /// A tree over a bus, without aliases, with these families, sorted by code. A device of another family has only the
    /// properties of its address. Tables that are not named here are not linked.
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
            statistics: Statistics::ZERO,
            last_operation: 0,
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
            last_operation: self.last_operation,
        }
    }

    /// Allows or refuses writes.
    #[must_use]
    pub fn with_permission(mut self, permission: Permission) -> Self {
        self.permission = permission;
        self
    }

    /// Supports or refuses DIRALL and DIRALLSLASH.
    #[must_use]
    pub fn with_dirall(mut self, dirall: Support) -> Self {
        self.dirall = dirall;
        self
    }

    /// Supports or refuses GET and GETSLASH.
    #[must_use]
    pub fn with_get(mut self, get: Support) -> Self {
        self.get = get;
        self
    }

    /// Sets the values of `/system`.
    #[must_use]
    pub fn with_system(mut self, system: System) -> Self {
        self.system = system;
        self
    }

    /// Sets the values of `/settings`.
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

    /// The aliases.
    #[must_use]
    pub const fn aliases(&self) -> &A {
        &self.aliases
    }

    /// The aliases, to be changed.
    pub const fn aliases_mut(&mut self) -> &mut A {
        &mut self.aliases
    }
}
