use core::num::NonZeroUsize;

/// How far a listing is.
///
/// DIRALL states the length of its list before the list. If the directory changes between counting and sending, so that
/// the lengths differ, the connection ends within the frame: the client notices that the list is not complete.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::tree::engine) struct ListingProgress {
    /// The next entry.
    pub(super) cursor: Cursor,
    /// What the devices before it can do.
    pub(super) flags: u32,
    /// Whether there is an entry before it.
    pub(super) has_entries: bool,
    /// The length of an entry that is sent in part. If the bus then has another device in its place, or none, the rest of
    /// the entry is unknown, and the connection ends.
    pub(super) started: Option<NonZeroUsize>,
    /// Whether that entry names a device, which is the one of the job.
    pub(super) is_device: bool,
}

impl ListingProgress {
    pub(in crate::tree::engine) const NEW: Self =
        Self { cursor: Cursor::NEW, flags: 0, has_entries: false, started: None, is_device: false };
}

/// The position of an entry in its directory. What the numbers count depends on the directory.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cursor {
    pub(super) stage: Stage,
    /// Buses whose devices are listed; or common properties.
    pub(super) first: u16,
    /// Devices of a bus, or the entries after all devices; or properties of the family.
    pub(super) second: usize,
    /// Elements of an array.
    pub(super) element: u32,
}

impl Cursor {
    pub(super) const NEW: Self = Self::at(Stage::Interface);

    pub(super) const fn at(stage: Stage) -> Self {
        Self { stage, first: 0, second: 0, element: 0 }
    }
}

/// The parts of a directory of devices, in their order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Stage {
    #[default]
    Interface,
    Devices,
    /// Buses and special directories.
    Rest,
}
