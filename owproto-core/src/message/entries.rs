use core::iter::FusedIterator;

use super::separator::first_separator;
#[cfg(target_pointer_width = "64")]
use crate::bytes::all_by_ends;
use crate::bytes::{split_around, until_nul};
use crate::wire::{Header, Version};

/// Entries of a directory, as bytes: one of a DIR frame, or several of a comma list.
///
/// An entry is an absolute path that begins with the requested one. It is bytes, not text: an alias may contain any
/// byte but `/` and NUL, commas included.
///
/// A comma list is split at each comma that a slash follows, and at a NUL: entries begin with a slash, and no alias
/// contains one, so other commas belong to aliases. One case is lost: below a device whose alias *ends* with a comma,
/// only DIR gives the right entries. (Observed, owserver 3.2p4: entries begin with a slash even if the requested path
/// does not.)
///
/// ```
/// use owproto_core::message::Entries;
/// let mut entries = Entries::list(b"/10.67C6697351FF,/cellar, left,/05.4AEC29CDBAAB\0");
/// assert_eq!(entries.next(), Some(&b"/10.67C6697351FF"[..]));
/// assert_eq!(entries.next(), Some(&b"/cellar, left"[..]));
/// assert_eq!(entries.next(), Some(&b"/05.4AEC29CDBAAB"[..]));
/// assert_eq!(entries.next(), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Entries<'a> {
    rest: &'a [u8],
    layout: Layout,
}

/// How entries are laid out in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Layout {
    /// A comma list.
    #[default]
    List,
    /// One entry, up to a NUL.
    One,
    /// Complete DIR frames, one after the other, each with an entry as payload.
    Frames,
}

impl<'a> Entries<'a> {
    /// The entries of a comma list: the payload of a DIRALL or DIRALLSLASH reply. Empty entries are left out.
    #[must_use]
    #[inline]
    pub const fn list(payload: &'a [u8]) -> Self {
        Self { rest: payload, layout: Layout::List }
    }

    /// The one entry of a DIR frame: its payload up to a NUL.
    #[must_use]
    #[inline]
    pub const fn one(payload: &'a [u8]) -> Self {
        Self { rest: payload, layout: Layout::One }
    }

    /// The comma list with its separators; `None` if the entries are not stored as one. Copying it keeps all entries in
    /// one piece.
    #[must_use]
    #[inline]
    pub const fn as_list(&self) -> Option<&'a [u8]> {
        match self.layout {
            Layout::List => Some(self.rest),
            Layout::One | Layout::Frames => None,
        }
    }

    /// The entries of the complete DIR frames at the front of `input`, and the length of these frames in bytes; `None` if
    /// there are none. Any other frame ends them: a keepalive, the last frame of the listing, an error, a frame that is
    /// incomplete, a payload above `limit`.
    #[inline]
    pub(crate) fn frames(input: &'a [u8], limit: usize) -> Option<(Self, usize)> {
        let mut rest = input;
        while let Some((header, body)) = rest.split_first_chunk() {
            let header = Header::from_bytes(header);
            let Some(payload) = header.payload_len() else { break };
            if header.version != Version::PLAIN || payload == 0 || payload > limit || header.code < 0 {
                break;
            }
            let Some(next) = body.get(payload..) else { break };
            rest = next;
        }
        let len = input.len().wrapping_sub(rest.len());
        let frames = input.get(..len).filter(|frames| !frames.is_empty())?;
        Some((Self { rest: frames, layout: Layout::Frames }, len))
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        while !self.rest.is_empty() {
            let (entry, rest) = match self.layout {
                Layout::List => split_around(self.rest, first_separator(self.rest)),
                Layout::One => (until_nul(self.rest), &[][..]),
                Layout::Frames => split_first_frame(self.rest)?,
            };
            self.rest = rest;
            if !entry.is_empty() {
                return Some(entry);
            }
        }
        None
    }

    /// The same entries as [`next`](Self::next) gives, but faster: entries of a list usually have the same length, so
    /// the length of the entry before is tried before searching a separator. Smaller targets save the code.
    #[cfg(target_pointer_width = "64")]
    #[inline]
    fn for_each<F: FnMut(&'a [u8])>(self, mut f: F) {
        let mut rest = self.rest;
        let mut len = 0;
        while !rest.is_empty() {
            let (entry, next) = match self.layout {
                Layout::List => match split_entry_of_length(rest, len) {
                    Some(split) => split,
                    None => split_around(rest, first_separator(rest)),
                },
                Layout::One => (until_nul(rest), &[][..]),
                Layout::Frames => match split_first_frame(rest) {
                    Some(split) => split,
                    None => return,
                },
            };
            (rest, len) = (next, entry.len());
            if len > 0 {
                f(entry);
            }
        }
    }
}

impl FusedIterator for Entries<'_> {}

/// The first entry of a list and the rest of the list, if that entry is known to have this length.
#[cfg(target_pointer_width = "64")]
#[inline(always)]
fn split_entry_of_length(list: &[u8], len: usize) -> Option<(&[u8], &[u8])> {
    let (entry, after) = list.split_at_checked(len)?;
    let [b',', rest @ ..] = after else { return None };
    let is_one = rest.first() == Some(&b'/') && all_by_ends(entry, |byte| byte != b',' && byte != 0)?;
    is_one.then_some((entry, rest))
}

/// The entry in the first frame, and the other frames.
#[cfg_attr(target_pointer_width = "64", inline(always))]
fn split_first_frame(frames: &[u8]) -> Option<(&[u8], &[u8])> {
    let (header, body) = frames.split_first_chunk()?;
    let (payload, rest) = body.split_at_checked(Header::from_bytes(header).payload_len()?)?;
    Some((until_nul(payload), rest))
}

#[cfg(test)]
mod tests {
    use std::vec;
    use std::vec::Vec;

    use super::*;

    #[test]
    fn a_dir_entry_keeps_its_commas() {
        assert!(Entries::one(b"/a,b\0").eq([&b"/a,b"[..]]));
        assert!(Entries::one(b"/a").eq([&b"/a"[..]]));
        assert_eq!(Entries::one(b"\0").next(), None);
        assert_eq!(Entries::one(b"").next(), None);
    }

    #[test]
    fn empty_entries_of_a_list_are_left_out() {
        assert_eq!(Entries::list(b"").next(), None);
        assert_eq!(Entries::list(b"\0").next(), None);
        assert!(Entries::list(b"\0/a\0\0/b\0").eq([&b"/a"[..], b"/b"]));
    }

    #[test]
    fn commas_without_a_slash_after_them_belong_to_the_entry() {
        assert!(Entries::list(b"/a,b,,/c,/,d/,/e,\0").eq([&b"/a,b,"[..], b"/c", b"/,d/", b"/e,"]));
    }

    #[test]
    fn for_each_gives_the_same_entries_as_next() {
        // All lists of six bytes that matter, after less or more than a word of other bytes.
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
    fn complete_frames_at_the_front_are_entries() {
        let frame = |header: Header, payload: &[u8]| [&header.to_bytes()[..], payload].concat();
        let entry = Header { payload: 3, size: 2, ..Header::default() };
        let two = [frame(entry, b"/a\0"), frame(Header { code: 1, ..entry }, b"/b\0")].concat();
        let end = frame(Header::default(), b"");
        for next in [
            vec![],
            end.clone(),
            end[..20].to_vec(),
            frame(Header::KEEPALIVE, b""),
            frame(Header { code: -1, ..entry }, b"/c\0"),
            frame(Header { version: Version(1), ..entry }, b"/c\0"),
            frame(Header { payload: 4, ..entry }, b"/ab\0"),
            frame(entry, b"/c"),
        ] {
            let input = [&two[..], &next].concat();
            let (entries, len) = Entries::frames(&input, 3).unwrap();
            assert_eq!(len, two.len(), "{next:?}");
            assert!(entries.eq([&b"/a"[..], b"/b"]), "{next:?}");
            assert_eq!(Entries::frames(&next, 3), None, "{next:?}");
        }
        let mut entries = vec![];
        Entries::frames(&two, 3).unwrap().0.for_each(|entry| entries.push(entry));
        assert_eq!(entries, [b"/a", b"/b"]);
    }

    #[test]
    fn only_a_comma_list_is_given_as_a_list() {
        assert_eq!(Entries::list(b"/a,/b\0").as_list(), Some(&b"/a,/b\0"[..]));
        assert_eq!(Entries::one(b"/a\0").as_list(), None);
    }

    #[test]
    fn entries_of_equal_length_are_split_as_any_others() {
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
                        let mut by_for_each = Vec::new();
                        Entries::list(&list).for_each(|entry| by_for_each.push(entry));
                        assert_eq!(by_for_each, naive(&list), "{}", list.escape_ascii());
                    }
                }
            }
        }
    }
}
