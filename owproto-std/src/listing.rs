use std::borrow::Cow;
use std::fmt;

use owproto_core::listing::DirectoryFlags;
use owproto_core::wire::MessageType;

/// What to list besides the names, and how.
///
/// ```
/// use owproto_std::DirOptions;
/// let options = DirOptions::new().slash().bus_list();
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DirOptions {
    pub(crate) slash: bool,
    pub(crate) bus_list: bool,
    pub(crate) streamed: bool,
}

impl DirOptions {
    /// The names, in one reply.
    #[must_use]
    pub const fn new() -> Self {
        Self { slash: false, bus_list: false, streamed: false }
    }

    /// With a slash after each entry that is a directory (DIRALLSLASH).
    ///
    /// Where the server refuses that message type, the listing is asked with DIR, and below a device each entry that
    /// could be either is tried.
    #[must_use]
    pub const fn slash(mut self) -> Self {
        self.slash = true;
        self
    }

    /// With buses and special directories in the root.
    #[must_use]
    pub const fn bus_list(mut self) -> Self {
        self.bus_list = true;
        self
    }

    pub(crate) const fn message_type(self) -> MessageType {
        match (self.slash, self.streamed) {
            (true, _) => MessageType::DIRALLSLASH,
            (false, true) => MessageType::DIR,
            (false, false) => MessageType::DIRALL,
        }
    }

    /// Entry by entry as the server finds them (DIR), where [`slash`](Self::slash) does not forbid it.
    #[must_use]
    pub const fn streamed(mut self) -> Self {
        self.streamed = true;
        self
    }
}

/// The entries of a directory, kept in one piece of memory.
///
/// They are bytes, since an alias may hold any byte. Each can be given back to the client as a path.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Listing {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    pub(crate) flags: DirectoryFlags,
}

impl Listing {
    pub(crate) fn push(&mut self, entry: &[u8]) {
        self.bytes.extend_from_slice(entry);
        self.ends.push(self.bytes.len());
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether the directory is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// What the devices of the directory can do, as far as the server says so.
    #[must_use]
    pub const fn flags(&self) -> DirectoryFlags {
        self.flags
    }

    /// The entry with this number.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.bytes.get(start..*self.ends.get(index)?)
    }

    /// The entries as the server sent them.
    #[must_use]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &[u8]> + ExactSizeIterator {
        (0..self.len()).map(|index| self.get(index).unwrap_or_default())
    }

    /// The entries as text, with `�` for bytes that are none.
    #[must_use]
    pub fn names(&self) -> impl DoubleEndedIterator<Item = Cow<'_, str>> + ExactSizeIterator {
        self.iter().map(String::from_utf8_lossy)
    }
}

impl fmt::Debug for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

impl<'a> Extend<&'a [u8]> for Listing {
    fn extend<I: IntoIterator<Item = &'a [u8]>>(&mut self, entries: I) {
        for entry in entries {
            self.push(entry);
        }
    }
}

impl<'a> FromIterator<&'a [u8]> for Listing {
    fn from_iter<I: IntoIterator<Item = &'a [u8]>>(entries: I) -> Self {
        let mut listing = Self::default();
        listing.extend(entries);
        listing
    }
}

/// What GET found at a path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Got {
    /// A directory, with its entries.
    Directory(Listing),
    /// A property, with its value.
    Value(Vec<u8>),
}

/// What a server answered to a message that was sent as it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RawReply {
    /// The return value; negative for an error.
    pub ret: i32,
    /// The control flags.
    pub flags: owproto_core::wire::Flags,
    /// The size word.
    pub size: i32,
    /// The offset word.
    pub offset: i32,
    /// All bytes of the payload. The entries of a listing are joined by commas, without a NUL at the end.
    pub payload: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back_as_they_were_pushed() {
        let entries = [&b"/a"[..], b"", b"/b,c", b"/\xff"];
        let listing: Listing = entries.into_iter().collect();
        assert_eq!(listing.len(), 4);
        assert!(listing.iter().eq(entries));
        assert!(listing.iter().rev().eq(entries.into_iter().rev()));
        assert_eq!(listing.get(4), None);
        assert_eq!(listing.names().next_back().unwrap(), "/\u{fffd}");
        assert!(Listing::default().is_empty());
    }
}
