//! Directories: their entries, however they came, and what a server says about them.

use core::fmt;

use crate::wire::{Header, Version};

/// Entries of a directory, as bytes: one of a DIR frame, or some of a comma list.
///
/// An entry is an absolute path that begins with the requested one. It is bytes, not text: an alias may hold any
/// byte but `/` and NUL, commas included.
///
/// Commas of an alias can be told from those of a list, because each entry begins with a slash, which no alias may
/// hold: the list is split where `,/` stands, or at a NUL. The one case left is the directory of a device whose alias
/// *ends* with a comma; only DIR tells that one right. (Observed, owserver 3.2p4: entries begin with a slash also
/// where the requested path does not.)
///
/// ```
/// use owproto_core::message::listing::Entries;
/// let mut entries = Entries::list(b"/10.67C6697351FF,/cellar, left,/05.4AEC29CDBAAB\0");
/// assert_eq!(entries.next(), Some(&b"/10.67C6697351FF"[..]));
/// assert_eq!(entries.next(), Some(&b"/cellar, left"[..]));
/// assert_eq!(entries.next(), Some(&b"/05.4AEC29CDBAAB"[..]));
/// assert_eq!(entries.next(), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Entries<'a> {
    rest: &'a [u8],
    form: Form,
}

/// How entries lie in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Form {
    /// With separators between them.
    #[default]
    List,
    /// One, up to a NUL.
    One,
    /// Each the payload of a frame, which lie one behind the other.
    Frames,
}

impl<'a> Entries<'a> {
    /// The entries of a comma list: the payload of a DIRALL or DIRALLSLASH reply. Empty entries are left out.
    #[must_use]
    #[inline]
    pub const fn list(payload: &'a [u8]) -> Self {
        Self { rest: payload, form: Form::List }
    }

    /// The one entry of a DIR frame: its payload up to a NUL.
    #[must_use]
    #[inline]
    pub const fn one(payload: &'a [u8]) -> Self {
        Self { rest: payload, form: Form::One }
    }

    /// The comma list that they are, with its separators; `None` if they lie otherwise in memory. To have all entries in one
    /// piece, copy the list.
    #[must_use]
    #[inline]
    pub const fn as_list(&self) -> Option<&'a [u8]> {
        match self.form {
            Form::List => Some(self.rest),
            Form::One | Form::Frames => None,
        }
    }

    /// The entries of whole DIR frames at the front of `input`, and how many bytes these frames take; `None` if there
    /// is none. Anything else ends them: a keepalive, the last frame, an error, a frame that is cut, a payload above the
    /// limit.
    #[inline]
    pub(crate) fn frames(input: &'a [u8], limit: usize) -> Option<(Self, usize)> {
        let mut rest = input;
        while let Some((head, behind)) = rest.split_first_chunk() {
            let header = Header::from_bytes(head);
            let Some(payload) = header.payload_len() else { break };
            if header.version != Version::PLAIN || payload == 0 || payload > limit || header.code < 0 {
                break;
            }
            let Some(behind) = behind.get(payload..) else { break };
            rest = behind;
        }
        let len = input.len().wrapping_sub(rest.len());
        let frames = input.get(..len).filter(|frames| !frames.is_empty())?;
        Some((Self { rest: frames, form: Form::Frames }, len))
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        while !self.rest.is_empty() {
            let (entry, rest) = match self.form {
                Form::List => cut(self.rest, first_separator(self.rest)),
                Form::One => (until_nul(self.rest), &[][..]),
                Form::Frames => first_frame(self.rest)?,
            };
            self.rest = rest;
            if !entry.is_empty() {
                return Some(entry);
            }
        }
        None
    }

    /// As the entries one by one, and faster: the form is looked at once, and the entries of a list are taken to be as long
    /// as the one before, which is tried before a separator is searched. Small processors rather have less code.
    #[cfg(target_pointer_width = "64")]
    #[inline]
    fn for_each<F: FnMut(&'a [u8])>(self, mut f: F) {
        let mut rest = self.rest;
        let mut len = 0;
        while !rest.is_empty() {
            let (entry, behind) = match self.form {
                Form::List => match as_long_as_before(rest, len) {
                    Some(cut) => cut,
                    None => cut(rest, first_separator(rest)),
                },
                Form::One => (until_nul(rest), &[][..]),
                Form::Frames => match first_frame(rest) {
                    Some(frame) => frame,
                    None => return,
                },
            };
            (rest, len) = (behind, entry.len());
            if len > 0 {
                f(entry);
            }
        }
    }
}

/// The first entry of a list and what lies behind it, if it is so long.
#[cfg(target_pointer_width = "64")]
#[inline(always)]
fn as_long_as_before(list: &[u8], len: usize) -> Option<(&[u8], &[u8])> {
    let (entry, behind) = list.split_at_checked(len)?;
    let [b',', rest @ ..] = behind else { return None };
    let is_one = rest.first() == Some(&b'/') && all_in_ends(entry, |byte| byte != b',' && byte != 0)?;
    is_one.then_some((entry, rest))
}

/// The entry of the first of some frames, and the frames behind it.
#[cfg_attr(target_pointer_width = "64", inline(always))]
fn first_frame(frames: &[u8]) -> Option<(&[u8], &[u8])> {
    let (head, behind) = frames.split_first_chunk()?;
    let (payload, rest) = behind.split_at_checked(Header::from_bytes(head).payload_len()?)?;
    Some((until_nul(payload), rest))
}

/// What lies before and behind a separator.
#[inline]
fn cut(piece: &[u8], at: Option<usize>) -> (&[u8], &[u8]) {
    match at {
        Some(at) => {
            (piece.get(..at).unwrap_or_default(), piece.get(at.wrapping_add(1)..).unwrap_or_default())
        }
        None => (piece, &[]),
    }
}

impl core::iter::FusedIterator for Entries<'_> {}

/// Where the first entry of a piece of a comma list ends: at a comma with a slash behind it, or at a NUL.
#[inline]
pub(crate) fn first_separator(piece: &[u8]) -> Option<usize> {
    first(piece, b',', |at| is_separator(piece, at))
}

/// The first position at which `bytes` has a NUL or `other`, and which is the one that is looked for.
///
/// Eight bytes at a time, which is twice as fast on processors that load them at once; small ones rather have less code.
#[inline]
fn first(bytes: &[u8], other: u8, mut is_it: impl FnMut(usize) -> bool) -> Option<usize> {
    let from = 0;
    #[cfg(target_pointer_width = "64")]
    let mut from = from;
    #[cfg(target_pointer_width = "64")]
    for word in bytes.as_chunks().0 {
        const LOW: u64 = u64::from_ne_bytes([0x7f; 8]);
        // Bit 7 of each byte that is 0, and of no other.
        let zeros = |word: u64| !((word & LOW).wrapping_add(LOW) | word | LOW);
        let word = u64::from_le_bytes(*word);
        let mut found = zeros(word) | zeros(word ^ u64::from_ne_bytes([other; 8]));
        while found != 0 {
            let at = (found.trailing_zeros() / 8) as usize;
            if is_it(at.wrapping_add(from)) {
                return Some(at.wrapping_add(from));
            }
            found &= found.wrapping_sub(1);
        }
        from = from.wrapping_add(8);
    }
    let mut rest = from..bytes.len();
    rest.find(|&at| matches!(bytes.get(at), Some(byte) if *byte == 0 || *byte == other) && is_it(at))
}

/// Where the last separator of a piece of a comma list stands.
pub(crate) fn last_separator(piece: &[u8]) -> Option<usize> {
    (0..piece.len()).rev().find(|&at| is_separator(piece, at))
}

#[inline]
fn is_separator(piece: &[u8], at: usize) -> bool {
    match piece.get(at) {
        Some(0) => true,
        Some(b',') => piece.get(at.saturating_add(1)) == Some(&b'/'),
        _ => false,
    }
}

/// The bytes before the first NUL.
#[inline(always)]
pub(crate) fn until_nul(bytes: &[u8]) -> &[u8] {
    let end = match bytes {
        // Mostly it is the last byte.
        [before @ .., 0] if cfg!(target_pointer_width = "64") && !has_nul(before) => Some(before.len()),
        _ => first_nul(bytes),
    };
    cut(bytes, end).0
}

/// Where the first NUL stands.
#[inline]
pub(crate) fn first_nul(bytes: &[u8]) -> Option<usize> {
    first(bytes, 0, |_| true)
}

/// Whether there is a NUL among the bytes.
#[inline]
pub(crate) fn has_nul(bytes: &[u8]) -> bool {
    match all_in_ends(bytes, |byte| byte != 0) {
        Some(has_none) => !has_none,
        None => first_nul(bytes).is_some(),
    }
}

/// Whether all of 16 to 32 bytes are of a kind. Sixteen at either end are looked at together, with one instruction where
/// the processor has it; `None` for another number of bytes, and on small processors, which rather have less code.
#[inline(always)]
fn all_in_ends(bytes: &[u8], is_good: impl Fn(u8) -> bool) -> Option<bool> {
    const TOGETHER: usize = 16;
    if cfg!(not(target_pointer_width = "64")) || bytes.len() > 2 * TOGETHER {
        return None;
    }
    let all = |chunk: &[u8; TOGETHER]| chunk.iter().fold(true, |all, &byte| all & is_good(byte));
    Some(all(bytes.first_chunk()?) & all(bytes.last_chunk()?))
}

/// Whether an entry is a directory, as far as its path alone tells; `None` if only the server knows.
///
/// For listings by DIR, where the server marks nothing: devices, buses and special directories are directories;
/// below a device an entry may be a property or a subdirectory.
#[must_use]
pub fn is_directory(entry: &[u8]) -> Option<bool> {
    let mut names = entry.split(|&byte| byte == b'/').filter(|name| !name.is_empty());
    let first = names.find(|name| !is_prefix(name));
    if matches!(first, Some(b"structure" | b"alarm")) {
        // A family or a device below it is a directory too.
        names.next();
    }
    // The root, a bus, a device or another special directory, with prefixes before it, and nothing behind.
    if names.next().is_none() { Some(true) } else { None }
}

/// Whether a comma list of what is in a directory cannot be taken apart: each of its entries begins with the path, and
/// a comma before a slash separates two entries. Such a directory is to be asked for with DIR.
#[must_use]
pub fn is_ambiguous(path: &[u8]) -> bool {
    path.ends_with(b",") || path.windows(2).any(|pair| pair == b",/")
}

fn is_prefix(name: &[u8]) -> bool {
    matches!(name, b"uncached" | b"unaliased" | b"text" | b"json") || name.starts_with(b"bus.")
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
    use std::vec;
    use std::vec::Vec;

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
        assert!(Entries::list(b"\0/a\0\0/b\0").eq([&b"/a"[..], b"/b"]));
    }

    #[test]
    fn entries_at_once_are_those_one_by_one() {
        // All lists of a few bytes that matter, behind more or less than a word of others.
        for filler in [0, 5, 8, 13] {
            for mut number in 0..5_u32.pow(6) {
                let mut list = [b'x'; 13 + 6];
                for byte in &mut list[filler..filler + 6] {
                    *byte = b"/,a\0b"[number as usize % 5];
                    number /= 5;
                }
                let list = &list[..filler + 6];
                let mut one_by_one = Entries::list(list);
                Entries::list(list).for_each(|entry| assert_eq!(one_by_one.next(), Some(entry), "{list:?}"));
                assert_eq!(one_by_one.next(), None, "{list:?}");
            }
        }
        let mut count = 0;
        Entries::one(b"/a,/b\0").for_each(|entry| {
            assert_eq!(entry, b"/a,/b");
            count += 1;
        });
        assert_eq!(count, 1);
    }

    #[test]
    fn commas_without_a_slash_belong_to_the_entry() {
        assert!(Entries::list(b"/a,b,,/c,/,d/,/e,\0").eq([&b"/a,b,"[..], b"/c", b"/,d/", b"/e,"]));
        assert_eq!(last_separator(b"/a,/b,c"), Some(2));
        assert_eq!(last_separator(b"/a,/b,"), Some(2));
        assert_eq!(last_separator(b"/a,b"), None);
    }

    #[test]
    fn a_separator_is_found_wherever_it_stands() {
        // Bytes next to those that are looked for, in every place of two words and a bit.
        for filler in [1, b'+', b'-', b'a', 0x7f, 0x80, 0xac, 0xff] {
            for len in 0..20 {
                let mut bytes = [filler; 20];
                assert_eq!(first(&bytes[..len], b',', |_| true), None);
                for at in 0..len {
                    for byte in [0, b','] {
                        bytes[at..].fill(filler);
                        bytes[at] = byte;
                        assert_eq!(first(&bytes[..len], b',', |_| true), Some(at), "{filler} {len}");
                        // What stands behind it does not matter.
                        for behind in [0, 1, b',', b'-', 0x80] {
                            bytes[at + 1..].fill(behind);
                            assert_eq!(first(&bytes[..len], b',', |_| true), Some(at), "{behind} {len}");
                        }
                    }
                    bytes.fill(filler);
                }
            }
        }
    }

    #[test]
    fn lists_below_a_comma_at_the_end_of_a_name_are_ambiguous() {
        for (path, ambiguous) in
            [("/a,", true), ("/a,/b", true), ("/a,b/c", false), ("/", false), ("", false)]
        {
            assert_eq!(is_ambiguous(path.as_bytes()), ambiguous, "{path}");
        }
    }

    #[test]
    fn paths_tell_which_entries_are_directories() {
        for path in [
            "/",
            "/uncached",
            "/bus.0",
            "/10.67C6697351FF",
            "/uncached/bus.1/cellar",
            "/alarm/10.67C6697351FF",
        ] {
            assert_eq!(is_directory(path.as_bytes()), Some(true), "{path}");
        }
        for path in ["/settings", "/bus.0/interface", "/structure/10", "/simultaneous"] {
            assert_eq!(is_directory(path.as_bytes()), Some(true), "{path}");
        }
        for path in [
            "/10.67C6697351FF/errata",
            "/settings/units",
            "/structure/10/address",
            "/bus.0/interface/settings",
        ] {
            assert_eq!(is_directory(path.as_bytes()), None, "{path}");
        }
    }

    #[test]
    fn whole_frames_at_the_front_are_entries() {
        let frame = |header: Header, payload: &[u8]| [&header.to_bytes()[..], payload].concat();
        let entry = Header { payload: 3, size: 2, ..Header::default() };
        let two = [frame(entry, b"/a\0"), frame(Header { code: 1, ..entry }, b"/b\0")].concat();
        let end = frame(Header::default(), b"");
        for behind in [
            vec![],
            end.clone(),
            end[..20].to_vec(),
            frame(Header::KEEPALIVE, b""),
            frame(Header { code: -1, ..entry }, b"/c\0"),
            frame(Header { version: Version(1), ..entry }, b"/c\0"),
            frame(Header { payload: 4, ..entry }, b"/ab\0"),
            frame(entry, b"/c"),
        ] {
            let input = [&two[..], &behind].concat();
            let (entries, len) = Entries::frames(&input, 3).unwrap();
            assert_eq!(len, two.len(), "{behind:?}");
            assert!(entries.eq([&b"/a"[..], b"/b"]), "{behind:?}");
            assert_eq!(Entries::frames(&behind, 3), None, "{behind:?}");
        }
        let mut entries = vec![];
        Entries::frames(&two, 3).unwrap().0.for_each(|entry| entries.push(entry));
        assert_eq!(entries, [b"/a", b"/b"]);
    }

    #[test]
    fn an_entry_ends_at_the_first_nul() {
        for payload in [&b"/a\0"[..], b"/a\0b\0", b"/a\0\0", b"/a\0b", b"/a"] {
            assert_eq!(until_nul(payload), b"/a", "{payload:?}");
        }
    }

    #[test]
    fn a_slash_at_the_end_marks_a_directory() {
        for (entry, is_marked, without) in [
            ("/10.67C6697351FF/", true, "/10.67C6697351FF"),
            ("/a/b", false, "/a/b"),
            ("/", true, ""),
            ("", false, ""),
        ] {
            assert_eq!(has_slash(entry.as_bytes()), is_marked, "{entry}");
            assert_eq!(without_slash(entry.as_bytes()), without.as_bytes(), "{entry}");
        }
    }

    #[test]
    fn directory_flags_are_a_set_of_bits() {
        let both = DirectoryFlags(0xc000);
        assert!(both.contains(DirectoryFlags::SIMULTANEOUS_VOLTAGE) && both.contains(both));
        assert!(!DirectoryFlags::SIMULTANEOUS_VOLTAGE.contains(both), "one bit of two is not enough");
        assert!(!both.contains(DirectoryFlags::ALARM) && both.contains(DirectoryFlags::default()));
        assert_eq!(std::format!("{} {}", both, DirectoryFlags::ALARM), "0xc000 0x0002");
    }

    #[test]
    fn a_nul_is_seen_wherever_it_stands() {
        for len in 0..70 {
            let mut bytes = vec![b'x'; len];
            assert!(!has_nul(&bytes), "{len}");
            for at in 0..len {
                bytes[at] = 0;
                assert!(has_nul(&bytes), "{at} of {len}");
                bytes[at] = 1;
            }
        }
    }

    #[test]
    fn only_a_list_can_be_had_in_one_piece() {
        assert_eq!(Entries::list(b"/a,/b\0").as_list(), Some(&b"/a,/b\0"[..]));
        assert_eq!(Entries::one(b"/a\0").as_list(), None);
    }

    #[test]
    fn entries_of_one_length_are_cut_where_others_are() {
        fn naive(list: &[u8]) -> Vec<&[u8]> {
            let is_end = |&at: &usize| list[at] == 0 || list[at..].starts_with(b",/");
            let mut ends: Vec<usize> = (0..list.len()).filter(is_end).collect();
            ends.push(list.len());
            let mut start = 0;
            let pieces = ends.into_iter().map(|end| &list[core::mem::replace(&mut start, end + 1)..end]);
            pieces.filter(|piece| !piece.is_empty()).collect()
        }
        for len in 14..36 {
            let entry = [&b"/"[..], &vec![b'a'; len - 1]].concat();
            for at in 1..len {
                for inside in [&b","[..], b"\0", b",/", b",,/", b"/,", b"b"] {
                    let mut second = entry.clone();
                    let end = len.min(at + inside.len());
                    second[at..end].copy_from_slice(&inside[..end - at]);
                    for third in [&entry[..], &entry[..len - 1], b"/", b"x"] {
                        let list = [&entry[..], &second, third].join(&b',');
                        assert!(Entries::list(&list).eq(naive(&list)), "{}", list.escape_ascii());
                        let mut at_once = Vec::new();
                        Entries::list(&list).for_each(|entry| at_once.push(entry));
                        assert_eq!(at_once, naive(&list), "{}", list.escape_ascii());
                    }
                }
            }
        }
    }
}
