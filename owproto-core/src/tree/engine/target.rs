use core::task::Context;

use super::job::Job;
use super::stop::{StopReason, ready};
use super::tree::Tree;
use crate::codec::RequestFrame;
use crate::message::ReturnCode;
use crate::text::{RomId, ValueType};
use crate::tree::alias::Aliases;
use crate::tree::bus::{Access, Bus};
use crate::tree::families;
use crate::tree::model::family::{Family, Node};
use crate::tree::model::path::{BuiltinDirectory, DeviceName, ParsedPath, PathKind};
use crate::tree::model::scope::Scope;
use crate::tree::model::segment::split_first;

/// The directory or property of a path, with its device found.
#[derive(Clone, Copy)]
pub(super) enum Target<'p> {
    /// A directory of devices.
    Devices,
    /// `/structure` itself.
    Structure,
    /// A directory or a property of its owner.
    Node(Owner, &'static Family, Node<'p>),
}

/// What a property belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The device of the [`Job`].
    Device,
    /// A directory of the server itself.
    Builtin(BuiltinDirectory),
    /// `/structure`, which describes the property and does not have its value.
    Structure,
}

impl Owner {
    /// Whether the property is only described. Constant false in a scope without `/structure`.
    pub(super) fn is_structure(self, scope: Scope) -> bool {
        scope.contains(Scope::STRUCTURE) && self == Self::Structure
    }
}

impl Target<'_> {
    /// Whether GET lists it instead of reading it. Branches of a hub are directories, too.
    pub(super) fn is_directory(&self) -> bool {
        match self {
            Self::Devices | Self::Structure | Self::Node(_, _, Node::Directory(_)) => true,
            Self::Node(_, _, Node::Property(property, _)) => property.value_type == ValueType::Directory,
        }
    }
}

/// A property and its owner, and how it is read or written. `access.device` has no meaning if the owner is not a device.
pub(super) struct PropertyTarget<'p> {
    pub(super) owner: Owner,
    pub(super) access: Access<'p>,
}

/// What the steps of an answer need besides the tree.
pub(super) struct RequestContext<'w, 'p, 'c> {
    pub(super) frame: &'w RequestFrame<'p>,
    pub(super) path: &'w ParsedPath<'p>,
    /// The device of the path and its bus.
    pub(super) device: Option<(RomId, u16)>,
    pub(super) context: &'w mut Context<'c>,
}

/// Whether a directory is in the scope of a bus. Constant for a constant directory, so that code for one outside of the
/// scope is not linked.
#[inline]
pub(super) const fn in_scope<B: Bus>(directory: BuiltinDirectory) -> bool {
    B::SCOPE.contains(directory.scope())
}

/// The table of a directory of the server itself.
fn builtin_family<B: Bus>(directory: BuiltinDirectory) -> Option<&'static Family> {
    use BuiltinDirectory::{Interface, Settings, Simultaneous, Statistics, System, Thermostat};
    match directory {
        Settings if in_scope::<B>(Settings) => Some(&families::SETTINGS),
        System if in_scope::<B>(System) => Some(&families::SYSTEM),
        Statistics if in_scope::<B>(Statistics) => Some(&families::STATISTICS),
        Interface if in_scope::<B>(Interface) => Some(&families::INTERFACE),
        Simultaneous if in_scope::<B>(Simultaneous) => Some(&families::SIMULTANEOUS),
        Thermostat if in_scope::<B>(Thermostat) => Some(&families::THERMOSTAT),
        _ => None,
    }
}

impl<B: Bus, A: Aliases> Tree<B, A> {
    /// Finds the target of a path. A device is looked up once for each request.
    pub(super) fn target<'p>(
        &mut self,
        job: &mut Job,
        path: &ParsedPath<'p>,
        context: &mut Context<'_>,
    ) -> Result<Target<'p>, StopReason> {
        const NO_SUCH_PATH: ReturnCode = ReturnCode::NO_SUCH_PATH;
        if path.bus.is_some_and(|bus| bus >= self.bus.buses()) {
            return Err(NO_SUCH_PATH.into());
        }
        let (owner, family, rest) = match path.kind {
            PathKind::Devices => return Ok(Target::Devices),
            PathKind::Builtin { directory, rest } => {
                (Owner::Builtin(directory), builtin_family::<B>(directory).ok_or(NO_SUCH_PATH)?, rest)
            }
            PathKind::Structure { .. } if !B::SCOPE.contains(Scope::STRUCTURE) => {
                return Err(NO_SUCH_PATH.into());
            }
            PathKind::Structure { rest: [] } => return Ok(Target::Structure),
            PathKind::Structure { rest } => {
                let (name, rest) = split_first(rest);
                let family = self.structure_families().find(|family| family.name.as_bytes() == name);
                (Owner::Structure, family.ok_or(NO_SUCH_PATH)?, rest)
            }
            PathKind::Device { name, rest, .. } => {
                if job.bus.is_none() {
                    let id = match name {
                        DeviceName::Address(id) => id,
                        DeviceName::Alias(alias) => self.device_of(alias).ok_or(NO_SUCH_PATH)?,
                    };
                    let bus = ready(self.bus.find(id, context))?.ok_or(NO_SUCH_PATH)?;
                    if path.bus.is_some_and(|named| named != bus) {
                        return Err(NO_SUCH_PATH.into());
                    }
                    (job.device, job.bus) = (id, Some(bus));
                }
                (Owner::Device, families::family(self.families, job.device.family()), rest)
            }
        };
        match family.find(rest).ok_or(NO_SUCH_PATH)? {
            Node::Property(property, _) if !B::SCOPE.includes(property) => Err(NO_SUCH_PATH.into()),
            node => Ok(Target::Node(owner, family, node)),
        }
    }

    /// The device with an alias.
    pub(super) fn device_of(&self, alias: &[u8]) -> Option<RomId> {
        if A::CAPACITY == 0 { None } else { self.aliases.device(alias) }
    }

    /// The families that `/structure` describes: those of devices, and the directories that are named like devices.
    pub(super) fn structure_families(&self) -> impl Iterator<Item = &'static Family> + use<B, A> {
        static BUILTIN: [&Family; 2] = [&families::SIMULTANEOUS, &families::THERMOSTAT];
        let builtin: &[&Family] = if in_scope::<B>(BuiltinDirectory::Simultaneous) { &BUILTIN } else { &[] };
        self.families.iter().chain(builtin).copied()
    }
}
