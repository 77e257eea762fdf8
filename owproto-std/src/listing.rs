use std::borrow::Cow;
use std::fmt;

use owproto_core::message::Entries;
use owproto_core::wire::{DirectoryFlags, MessageType};

/// What a listing contains, and which message type requests it.
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
    /// The entries, in one reply (DIRALL).
    #[must_use]
    pub const fn new() -> Self {
        Self { slash: false, bus_list: false, streamed: false }
    }

    /// Adds a slash after each entry that is a directory (DIRALLSLASH).
    ///
    /// If the server does not support that message type, the listing is requested by DIR, and so is each entry of a device
    /// whose name may be that of a directory.
    #[must_use]
    pub const fn slash(mut self) -> Self {
        self.slash = true;
        self
    }

    /// Includes buses and special directories in the root directory.
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

    /// Requests the entries one by one, as the server finds them (DIR). [`slash`](Self::slash) takes precedence.
    #[must_use]
    pub const fn streamed(mut self) -> Self {
        self.streamed = true;
        self
    }
}

/// The entries of a directory, stored in one piece of memory.
///
/// They are bytes, since an alias may contain any byte. Each is a path that can be passed to the client.
#[derive(Clone, Default)]
pub struct Listing {
    /// The entries, with one byte of any value between them.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    pub(crate) flags: DirectoryFlags,
}

impl Listing {
    pub(crate) fn push(&mut self, entry: &[u8]) {
        self.begin_entry();
        self.bytes.extend_from_slice(entry);
        self.ends.push(self.bytes.len());
    }

    /// Adds the byte before the next entry. Returns where that entry begins.
    fn begin_entry(&mut self) -> usize {
        if !self.ends.is_empty() {
            self.bytes.push(b',');
        }
        self.bytes.len()
    }

    /// Adds all entries. Returns their length in a comma list.
    pub(crate) fn take(&mut self, entries: Entries<'_>) -> usize {
        let before = self.list_len();
        match entries.as_list() {
            Some(list) => self.take_list(list, entries),
            None => self.extend(entries),
        }
        self.list_len() - before
    }

    /// The length of a comma list of the entries, with a comma after each.
    fn list_len(&self) -> usize {
        if self.is_empty() { 0 } else { self.bytes.len() + 1 }
    }

    /// Adds the entries of a comma list by copying it once.
    fn take_list(&mut self, list: &[u8], entries: Entries<'_>) {
        let (count, len) = (self.ends.len(), self.bytes.len());
        let mut start = self.begin_entry();
        self.bytes.extend_from_slice(list);
        // Entries usually have the length of the first one.
        let first = { entries }.next().unwrap_or(list);
        self.ends.reserve(list.len() / (first.len() + 1) + 1);
        let moved = start.wrapping_sub(list.as_ptr().addr());
        let mut is_regular = true;
        entries.for_each(|entry| {
            is_regular &= entry.as_ptr().addr().wrapping_add(moved) == start;
            self.ends.push(start + entry.len());
            start += entry.len() + 1;
        });
        if is_regular {
            self.bytes.truncate(self.ends.last().copied().unwrap_or_default());
        } else {
            // There is more than one byte between two entries, or one before the first.
            self.ends.truncate(count);
            self.bytes.truncate(len);
            self.extend(entries);
        }
    }

    /// The number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether the directory is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// What the devices of the directory can do, as far as the server reports it.
    #[must_use]
    pub const fn flags(&self) -> DirectoryFlags {
        self.flags
    }

    /// The entry at this index.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)? + 1,
            None => 0,
        };
        self.bytes.get(start..*self.ends.get(index)?)
    }

    /// The entries as the server sent them.
    #[must_use]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &[u8]> + ExactSizeIterator {
        (0..self.len()).map(|index| self.get(index).unwrap_or_default())
    }

    /// The entries as text, with `�` in place of invalid UTF-8.
    #[must_use]
    pub fn names(&self) -> impl DoubleEndedIterator<Item = Cow<'_, str>> + ExactSizeIterator {
        self.iter().map(String::from_utf8_lossy)
    }
}

impl PartialEq for Listing {
    fn eq(&self, other: &Self) -> bool {
        self.flags == other.flags && self.iter().eq(other.iter())
    }
}

impl Eq for Listing {}

impl fmt::Debug for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

impl<'a> Extend<&'a [u8]> for Listing {
    fn extend<I: IntoIterator<Item = &'a [u8]>>(&mut self, entries: I) {
        entries.into_iter().for_each(|entry| self.push(entry));
    }
}

impl<'a> FromIterator<&'a [u8]> for Listing {
    fn from_iter<I: IntoIterator<Item = &'a [u8]>>(entries: I) -> Self {
        let mut listing = Self::default();
        listing.extend(entries);
        listing
    }
}

/// What GET returned for a path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GetResult {
    /// The entries of a directory.
    Directory(Listing),
    /// The value of a property.
    Value(Vec<u8>),
}

/// The reply to a message that the caller composed; see `sendmess` of the clients.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct RawReply {
    /// The return value; an error is negative.
    pub ret: i32,
    /// The control flags.
    pub flags: owproto_core::wire::Flags,
    /// The size word.
    pub size: i32,
    /// The offset word.
    pub offset: i32,
    /// The payload. The entries of a listing are joined by commas, without a NUL at the end.
    pub payload: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_returned_as_they_were_pushed() {
        let entries = [&b"/a"[..], b"", b"/b,c", b"/\xff"];
        let listing: Listing = entries.into_iter().collect();
        assert_eq!(listing.len(), 4);
        assert!(listing.iter().eq(entries));
        assert!(listing.iter().rev().eq(entries.into_iter().rev()));
        assert_eq!(listing.get(4), None);
        assert_eq!(listing.names().next_back().unwrap(), "/\u{fffd}");
        assert!(Listing::default().is_empty());
    }

    #[test]
    fn a_comma_list_is_taken_as_its_entries() {
        for list in
            [&b"/a,/bc,/d"[..], b"/a,/bc\0", b"/a,b,/c,", b"\0/a,/b", b"/a\0\0/b,/c\0\0", b"\0", b"", b"/a"]
        {
            for before in [&[][..], &[&b"/x"[..]], &[&b"/x"[..], b""]] {
                let mut listing: Listing = before.iter().copied().collect();
                listing.take(Entries::list(list));
                listing.take(Entries::list(list));
                let entries = || Entries::list(list);
                let expected: Listing = before.iter().copied().chain(entries()).chain(entries()).collect();
                assert_eq!(listing, expected, "{list:?} after {before:?}");
                assert!(listing.iter().eq(before.iter().copied().chain(entries()).chain(entries())));
            }
        }
    }
}
