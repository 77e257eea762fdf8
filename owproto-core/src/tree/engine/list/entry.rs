use crate::text::Ascii;
use crate::text::RomId;

/// An entry of a directory: its name in up to three parts, and what it is.
#[derive(Clone, Debug)]
pub(in crate::tree) struct Entry {
    /// The beginning of the name.
    pub(in crate::tree) name: &'static [u8],
    /// What of it had to be made: the address of a device, a number, a letter.
    pub(in crate::tree) made: Ascii<{ RomId::MAX_TEXT_LEN }>,
    /// Its end.
    pub(in crate::tree) suffix: &'static [u8],
    /// The device that is named.
    pub(in crate::tree) device: Option<RomId>,
    /// Whether DIRALLSLASH puts a slash behind it.
    pub(in crate::tree) is_directory: bool,
}

impl Entry {
    pub(in crate::tree) const fn new() -> Self {
        Self { name: b"", made: Ascii::new(), suffix: b"", device: None, is_directory: false }
    }

    /// Makes it a directory with this name.
    pub(in crate::tree) const fn directory(&mut self, name: &'static [u8]) {
        self.name = name;
        self.is_directory = true;
    }
}
