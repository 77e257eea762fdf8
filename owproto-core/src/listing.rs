//! Directories: their entries, however they came, and what a server says about them.

use core::fmt;

const SEPARATOR: u8 = b',';

/// Entries of a directory, as bytes: one of a DIR frame, or some of a comma list.
///
/// An entry is an absolute path that begins with the requested one. It is bytes, not text: an alias may hold any
/// byte but `/` and NUL. In a comma list it cannot be told whether a comma belongs to an alias; DIR has no such
/// ambiguity.
///
/// ```
/// use owproto_core::listing::Entries;
/// let mut entries = Entries::list(b"/10.67C6697351FF,/05.4AEC29CDBAAB\0");
/// assert_eq!(entries.next(), Some(&b"/10.67C6697351FF"[..]));
/// assert_eq!(entries.next(), Some(&b"/05.4AEC29CDBAAB"[..]));
/// assert_eq!(entries.next(), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Entries<'a> {
    rest: &'a [u8],
    one: bool,
}

impl<'a> Entries<'a> {
    /// The entries of a comma list: the payload of a DIRALL or DIRALLSLASH reply. A NUL ends an entry as a comma
    /// does; empty entries are left out.
    #[must_use]
    #[inline]
    pub const fn list(payload: &'a [u8]) -> Self {
        Self { rest: payload, one: false }
    }

    /// The one entry of a DIR frame: its payload up to a NUL, commas included.
    #[must_use]
    #[inline]
    pub fn one(payload: &'a [u8]) -> Self {
        Self { rest: until_nul(payload), one: true }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        if self.one {
            self.one = false;
            let entry = core::mem::take(&mut self.rest);
            return if entry.is_empty() { None } else { Some(entry) };
        }
        while !self.rest.is_empty() {
            let end = self.rest.iter().position(|&byte| ends_entry(byte)).unwrap_or(self.rest.len());
            let (entry, rest) = self.rest.split_at_checked(end)?;
            self.rest = rest.get(1..).unwrap_or_default();
            if !entry.is_empty() {
                return Some(entry);
            }
        }
        None
    }
}

impl core::iter::FusedIterator for Entries<'_> {}

#[inline]
const fn ends_entry(byte: u8) -> bool {
    byte == SEPARATOR || byte == 0
}

/// The bytes before the first NUL.
pub(crate) fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// How much of a piece of a comma list to take next.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Cut {
    /// Bytes to take; at least 1.
    pub(crate) take: usize,
    /// Whether an entry ends with them.
    pub(crate) ends_entry: bool,
}

/// Cuts a piece of a comma list (not empty) so that no entry is split that need not be: up to the first separator
/// if an entry was begun before, else up to the last one.
pub(crate) fn cut_list(piece: &[u8], begun: bool, is_last: bool) -> Cut {
    let separator = if begun {
        piece.iter().position(|&byte| ends_entry(byte))
    } else if is_last {
        None
    } else {
        piece.iter().rposition(|&byte| ends_entry(byte))
    };
    match separator {
        Some(at) => Cut { take: at.saturating_add(1), ends_entry: true },
        None => Cut { take: piece.len(), ends_entry: is_last },
    }
}

/// A piece of a comma list without the separator at its end, if it has one.
pub(crate) fn without_separator(piece: &[u8]) -> &[u8] {
    match piece.split_last() {
        Some((&last, rest)) if ends_entry(last) => rest,
        _ => piece,
    }
}

/// Whether the server marked this entry of a DIRALLSLASH listing as a directory.
#[must_use]
pub fn has_slash(entry: &[u8]) -> bool {
    entry.ends_with(b"/")
}

/// The entry without the slash at its end.
#[must_use]
pub fn without_slash(entry: &[u8]) -> &[u8] {
    entry.strip_suffix(b"/").unwrap_or(entry)
}

/// What the devices of a listed directory can do: the offset word of the final reply (owfs: `ow_device.h`).
///
/// The OR over the device *types* listed; 0 for a directory without devices. owserver 3.2p4 loses bits when it has
/// several buses, so do not rely on one that is missing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct DirectoryFlags(pub u32);

impl DirectoryFlags {
    /// A device supports the RESUME command.
    pub const RESUME: Self = Self(0x0001);
    /// A device can be in alarm.
    pub const ALARM: Self = Self(0x0002);
    /// A device supports overdrive speed.
    pub const OVERDRIVE: Self = Self(0x0004);
    /// A device supports the CHAIN command.
    pub const CHAIN: Self = Self(0x2000);
    /// A device takes part in simultaneous voltage conversion.
    pub const SIMULTANEOUS_VOLTAGE: Self = Self(0x4000);
    /// A device takes part in simultaneous temperature conversion.
    pub const SIMULTANEOUS_TEMPERATURE: Self = Self(0x8000);

    /// Whether all bits of `other` are set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// The word in hexadecimal.
impl fmt::Display for DirectoryFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#06x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_entry_keeps_its_commas() {
        assert!(Entries::one(b"/a,b\0").eq([&b"/a,b"[..]]));
        assert!(Entries::one(b"/a").eq([&b"/a"[..]]));
        assert_eq!(Entries::one(b"\0").next(), None);
        assert_eq!(Entries::one(b"").next(), None);
    }

    #[test]
    fn lists_leave_out_what_is_empty() {
        assert_eq!(Entries::list(b"").next(), None);
        assert_eq!(Entries::list(b"\0").next(), None);
        assert!(Entries::list(b",a,,b,\0").eq([&b"a"[..], b"b"]));
    }

    #[test]
    fn lists_are_cut_between_entries() {
        assert_eq!(cut_list(b"ab,cd,e", false, false), Cut { take: 6, ends_entry: true });
        assert_eq!(cut_list(b"ab,cd,e", true, false), Cut { take: 3, ends_entry: true });
        assert_eq!(cut_list(b"ab,cd,e", false, true), Cut { take: 7, ends_entry: true });
        assert_eq!(cut_list(b"ab", false, false), Cut { take: 2, ends_entry: false });
        assert_eq!(cut_list(b"ab", true, true), Cut { take: 2, ends_entry: true });
    }
}
