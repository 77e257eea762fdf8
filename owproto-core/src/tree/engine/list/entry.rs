use crate::text::Ascii;
use crate::text::RomId;

/// An entry of a directory. Its name has up to three parts.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The constant start of the name.
    pub(super) name: &'static [u8],
    /// The part that is made for this entry: the address of a device, a number, or a letter.
    pub(super) generated: Ascii<{ RomId::MAX_TEXT_LEN }>,
    /// The constant end of the name.
    pub(super) suffix: &'static [u8],
    /// The device that the entry names.
    pub(super) device: Option<RomId>,
    /// Whether DIRALLSLASH adds a slash to it.
    pub(super) is_directory: bool,
}

impl Entry {
    pub(super) const fn new() -> Self {
        Self { name: b"", generated: Ascii::new(), suffix: b"", device: None, is_directory: false }
    }

    /// Makes it a directory with this name.
    pub(super) const fn set_directory(&mut self, name: &'static [u8]) {
        self.name = name;
        self.is_directory = true;
    }
}
