use super::alias::Aliases;
use crate::server::Answer;
use crate::storage::Storage;
use crate::text::{Ascii, RomId};
use crate::wire::DeviceFormat;

/// An entry of a directory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) name: Name,
    /// Whether DIRALLSLASH puts a slash behind it.
    pub(super) is_directory: bool,
}

impl Entry {
    /// An entry that is a directory.
    pub(super) const fn directory(name: &'static [u8]) -> Self {
        Self { name: Name::Word(name), is_directory: true }
    }
}

/// What an entry is called, without its directory.
#[derive(Clone, Copy, Debug)]
pub(super) enum Name {
    Word(&'static [u8]),
    Device(RomId),
    Bus(u16),
    Element(&'static [u8], Suffix),
}

/// What stands behind the dot of an array.
#[derive(Clone, Copy, Debug)]
pub(super) enum Suffix {
    All,
    Byte,
    Number(u32),
    Letter(u32),
    /// Any number: `.000`.
    AnyNumber,
    /// Any text: `.xxx`.
    AnyText,
}

/// The directory that is listed, as it goes in front of each entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prefix<'p> {
    /// Parts of the path, without slashes at its ends. The second is the name of a device.
    pub(super) parts: [&'p [u8]; 3],
}

impl Prefix<'_> {
    fn is_root(&self) -> bool {
        self.parts.iter().all(|part| part.is_empty())
    }
}

/// Memory for the parts of an entry that have to be made.
#[derive(Default)]
pub(super) struct Rendered {
    text: Ascii<18>,
}

/// An entry as text, in parts.
pub(super) struct Text<'a> {
    parts: [&'a [u8]; 9],
}

impl<'a> Text<'a> {
    /// The text of an entry, with what goes in front of it and behind it.
    pub(super) fn new<A: Aliases>(
        entry: &Entry,
        prefix: &Prefix<'a>,
        aliases: Option<&'a A>,
        format: DeviceFormat,
        around: (&'a [u8], &'a [u8]),
        rendered: &'a mut Rendered,
    ) -> Self {
        let slash: &[u8] = if prefix.is_root() { b"" } else { b"/" };
        let text = &mut rendered.text;
        // All that is made fits.
        let mut suffix: &[u8] = b"";
        let (name, dot): (&[u8], &[u8]) = match entry.name {
            Name::Word(word) => (word, b""),
            Name::Device(id) => match aliases.and_then(|aliases| aliases.of(id)) {
                Some(alias) => (alias, b""),
                None => {
                    *text = id.format(format);
                    (b"", b"")
                }
            },
            Name::Bus(number) => {
                text.push_decimal(number.into(), 0, b' ');
                (b"bus.", b"")
            }
            Name::Element(name, element) => {
                match element {
                    Suffix::All => suffix = b"ALL",
                    Suffix::Byte => suffix = b"BYTE",
                    Suffix::Number(number) => text.push_decimal(number, 0, b' '),
                    Suffix::Letter(number) => {
                        text.push(u8::try_from(number).map_or(b'?', |n| b'A'.saturating_add(n)));
                    }
                    Suffix::AnyNumber => suffix = b"000",
                    Suffix::AnyText => suffix = b"xxx",
                }
                (name, b".")
            }
        };
        let [before, device, behind] = prefix.parts;
        let (front, back) = around;
        // The slash at the beginning of the path is part of `front`.
        let made = if suffix.is_empty() { text.as_bytes() } else { suffix };
        Self { parts: [front, before, device, behind, slash, name, dot, made, back] }
    }

    pub(super) fn len(&self) -> usize {
        self.parts.iter().fold(0usize, |len, part| len.saturating_add(part.len()))
    }

    /// Pushes what follows the first `from` bytes, as much as there is room for, and says how many bytes that were.
    pub(super) fn push<T: Storage>(&self, from: usize, answer: &mut Answer<'_, T>) -> usize {
        let mut skip = from;
        let mut pushed = 0usize;
        for part in &self.parts {
            let rest = part.get(skip..).unwrap_or_default();
            skip = skip.saturating_sub(part.len());
            let put = answer.push(rest);
            pushed = pushed.saturating_add(put);
            if put < rest.len() {
                break;
            }
        }
        pushed
    }
}
