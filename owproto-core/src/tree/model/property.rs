use core::num::NonZeroU16;

use crate::message::ReturnCode;
use crate::text::{AccessMode, ChangeRate, Index, Shape, Structure, ValueType, digit_value};
use crate::tree::model::path::is;
use crate::wire::DirectoryFlags;

/// How many elements a property has, and how they are named.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Array {
    /// No array.
    Scalar,
    /// `name.0`, `name.1` and so on, and `name.ALL`.
    Numbered(NonZeroU16),
    /// `name.A`, `name.B` and so on, and `name.ALL`. At most 26.
    Lettered(NonZeroU16),
    /// `name.N` for any number; no `.ALL`.
    SparseNumbers,
    /// `name.TEXT` for any text; no `.ALL`.
    SparseLetters,
}

/// Where a property shows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Visibility {
    /// In the directory of every device of its family, and under `/structure`.
    Always,
    /// Under `/structure`, and in the directory of those devices for which [`Bus::is_visible`](super::Bus::is_visible) says so:
    /// a family code may stand for several models.
    ByModel,
    /// Nowhere. It can be used by those who know its name.
    Hidden,
}

/// A property of a family: what a path ends in, and what `/structure` describes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct Property {
    /// The name, with its subdirectory: `pages/page`. Without an index.
    pub name: &'static str,
    /// The type of one element. [`ValueType::BitField`] is an array of yes/no that also has a `.BYTE`.
    pub value_type: ValueType,
    /// How many elements there are.
    pub array: Array,
    /// Who may do what.
    pub access: AccessMode,
    /// Bytes of one element as it is read, at most.
    pub len: u32,
    /// How it changes.
    pub change: ChangeRate,
    /// Where it shows.
    pub visibility: Visibility,
}

/// Which element of a property a path names.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Element<'p> {
    /// The property is no array.
    Only,
    /// The element with this number, from 0; letters count as numbers, `A` is 0.
    Number(u32),
    /// `.ALL`: all elements.
    All,
    /// `.BYTE`: all elements as the bits of one number, element 0 the lowest.
    Byte,
    /// An element of a sparse array with letters.
    Named(&'p [u8]),
}

impl Property {
    /// The element that the text behind the dot names; `None` behind it: no dot. Gives `None` for what the property
    /// does not have, which makes the path wrong.
    #[must_use]
    pub fn element<'p>(&self, index: Option<&'p [u8]>) -> Option<Element<'p>> {
        let Some(index) = index else {
            return (self.array == Array::Scalar).then_some(Element::Only);
        };
        match self.array {
            Array::Scalar => None,
            Array::SparseLetters => (!index.is_empty()).then_some(Element::Named(index)),
            Array::SparseNumbers => number(index).map(Element::Number),
            _ if is(index, "ALL") => Some(Element::All),
            _ if self.has_byte() && is(index, "BYTE") => Some(Element::Byte),
            Array::Numbered(elements) => {
                number(index).filter(|&number| number < elements.get().into()).map(Element::Number)
            }
            Array::Lettered(elements) => match *index {
                [letter] => {
                    let number = u32::from(letter.to_ascii_uppercase().wrapping_sub(b'A'));
                    (number < elements.get().into()).then_some(Element::Number(number)) // letters are < 26
                }
                _ => None,
            },
        }
    }

    /// How many elements `.ALL` has; `None` if there is no `.ALL`.
    #[must_use]
    pub const fn elements(&self) -> Option<u32> {
        match self.array {
            #[allow(clippy::cast_lossless)] // `From` is not const
            Array::Numbered(elements) | Array::Lettered(elements) => Some(elements.get() as u32),
            _ => None,
        }
    }

    /// Whether there is a `.BYTE`.
    #[must_use]
    pub const fn has_byte(&self) -> bool {
        matches!(self.value_type, ValueType::BitField)
    }

    /// The type of what is read at this element: an element of a bit field is a yes/no.
    #[must_use]
    pub fn type_of(&self, element: Element<'_>) -> ValueType {
        match (self.value_type, element) {
            (ValueType::BitField, Element::Byte) => ValueType::BitField,
            (ValueType::BitField, _) => ValueType::YesNo,
            (other, _) => other,
        }
    }

    /// Bytes of what is read at this element, at most (owfs: `ow_filelength.c`).
    #[must_use]
    pub fn len_of(&self, element: Element<'_>) -> u32 {
        match element {
            Element::Byte => 12,
            Element::All => self.type_of(element).array_len(self.len, self.elements().unwrap_or_default()),
            _ => self.len,
        }
    }

    /// The record in `/structure`.
    #[must_use]
    pub fn record(&self, element: Element<'_>) -> Structure {
        Structure {
            value_type: self.type_of(element),
            index: match element {
                Element::Only | Element::Named(_) => Index::Element(0),
                Element::Number(number) => Index::Element(number),
                Element::All => Index::All,
                Element::Byte => Index::Byte,
            },
            shape: match self.array {
                Array::Scalar => Shape::Scalar,
                Array::Numbered(elements) | Array::Lettered(elements) => Shape::Array(elements.get().into()),
                Array::SparseNumbers => Shape::SparseNumbers,
                Array::SparseLetters => Shape::SparseLetters,
            },
            access: self.access,
            length: self.len_of(element),
            change: self.change,
        }
    }
}

/// The property with a name, or the first one in a subdirectory with it, which has no index. No property has the name of
/// a subdirectory.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
fn beginning(among: &'static [Property], name: &[u8], has_index: bool) -> Option<&'static Property> {
    among.iter().find(|property| match property.name.as_bytes().strip_prefix(name) {
        Some([]) => true,
        Some([b'/', ..]) => !has_index,
        _ => false,
    })
}

/// Digits and nothing else, as a number; at least one.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
pub(in crate::tree) fn number(text: &[u8]) -> Option<u32> {
    if text.is_empty() {
        return None;
    }
    text.iter()
        .try_fold(0u32, |number, byte| number.checked_mul(10)?.checked_add(digit_value(*byte, 10)?.into()))
}

/// A kind of device, or of something that looks like one: the properties of one directory.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Family {
    /// The family code; `None` for what is no device: `simultaneous`, `/settings` ...
    pub code: Option<u8>,
    /// The name under `/structure`: the code as two upper case hexadecimal digits, or a word.
    pub name: &'static str,
    /// What the property `type` says of it.
    pub type_name: &'static str,
    /// What its devices can do, as listings tell it.
    pub flags: DirectoryFlags,
    /// Which of the properties that most devices have these devices have.
    pub common: &'static [Property],
    /// Its own properties, sorted by name. One with the name of a common one stands in its place.
    pub properties: &'static [Property],
}

/// What a path names within a family.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Node<'p> {
    /// The directory itself (empty), or a subdirectory: its name without slashes at the ends.
    Directory(&'static str),
    /// A property.
    Property(&'static Property, Element<'p>),
}

impl Family {
    /// What the rest of a path behind the directory of this family names; `None` if there is no such thing. A slash
    /// at the end is allowed for directories.
    #[must_use]
    pub fn find<'p>(&self, rest: &'p [u8]) -> Option<Node<'p>> {
        let body = rest.strip_suffix(b"/").unwrap_or(rest);
        if rest.is_empty() {
            return Some(Node::Directory(""));
        }
        let (name, index) = match body.iter().position(|&byte| byte == b'.') {
            Some(dot) => (body.get(..dot)?, Some(body.get(dot.saturating_add(1)..)?)),
            None => (body, None),
        };
        let has_index = index.is_some();
        let own = beginning(self.properties, name, has_index);
        let property = own.or_else(|| beginning(self.common, name, has_index))?;
        if property.name.len() > name.len() {
            return property.name.get(..name.len()).map(Node::Directory);
        }
        let element = property.element(index)?;
        let is_branch = property.value_type == ValueType::Directory;
        (body.len() == rest.len() || is_branch).then_some(Node::Property(property, element))
    }

    /// The property with this name; its own come before common ones.
    #[must_use]
    pub fn property(&self, name: &[u8]) -> Option<&'static Property> {
        let own = self.properties.binary_search_by(|property| property.name.as_bytes().cmp(name));
        match own {
            Ok(at) => self.properties.get(at),
            Err(_) => self.common.iter().find(|property| property.name.as_bytes() == name),
        }
    }
}

/// What a bus or a table says when it does not have a value.
pub(crate) const NOT_THERE: ReturnCode = ReturnCode::IO;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::families::{
        ALL, INTERFACE, SETTINGS, SIMULTANEOUS, STATISTICS, SYSTEM, THERMOSTAT, UNKNOWN,
    };

    #[test]
    fn names_are_those_of_one_thing() {
        let others = [&INTERFACE, &SETTINGS, &SIMULTANEOUS, &STATISTICS, &SYSTEM, &THERMOSTAT, &UNKNOWN];
        for family in ALL.iter().copied().chain(others) {
            for property in family.properties.iter().chain(family.common) {
                let name = property.name;
                assert!(!name.contains('.') && !name.starts_with('/') && !name.ends_with('/'), "{name}");
                let is_directory = |other: &Property| {
                    other.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'))
                };
                assert!(!family.properties.iter().any(is_directory), "{} {name}", family.name);
                let index = match property.array {
                    Array::Scalar => "",
                    Array::Lettered(_) => ".B",
                    _ => ".1",
                };
                let path = std::format!("{name}{index}");
                let found = family.find(path.as_bytes());
                let own = family.property(name.as_bytes()).unwrap();
                assert!(matches!(found, Some(Node::Property(property, _)) if property == own), "{path}");
                if let Some((directory, _)) = name.rsplit_once('/') {
                    assert_eq!(family.find(directory.as_bytes()), Some(Node::Directory(directory)));
                    assert_eq!(family.find(std::format!("{directory}.0").as_bytes()), None);
                }
            }
        }
    }

    #[test]
    fn numbers_are_digits_that_fit() {
        for (text, expected) in [
            ("0", Some(0)),
            ("007", Some(7)),
            ("4294967295", Some(u32::MAX)),
            ("4294967296", None),
            ("42949672950", None),
            ("", None),
            ("+1", None),
            ("1a", None),
            ("-1", None),
        ] {
            assert_eq!(number(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn an_index_names_one_element_or_none() {
        let family = |code| crate::tree::families::family(ALL, code);
        let bits = family(0x29).property(b"PIO").unwrap();
        let letters = family(0x20).property(b"volt").unwrap();
        let one = family(0x28).property(b"temperature").unwrap();
        let number = |number| Some(Element::Number(number));
        for (property, index, expected) in [
            (one, None, Some(Element::Only)),
            (one, Some("0"), None),
            (one, Some("ALL"), None),
            (bits, None, None),
            (bits, Some("0"), number(0)),
            (bits, Some("7"), number(7)),
            (bits, Some("8"), None),
            (bits, Some("all"), Some(Element::All)),
            (bits, Some("AL"), None),
            (bits, Some("Byte"), Some(Element::Byte)),
            (bits, Some(""), None),
            (bits, Some("A"), None),
            (letters, Some("A"), number(0)),
            (letters, Some("d"), number(3)),
            (letters, Some("E"), None),
            (letters, Some("0"), None),
            (letters, Some("@"), None),
            (letters, Some("AA"), None),
            (letters, Some("ALL"), Some(Element::All)),
            (letters, Some("BYTE"), None),
        ] {
            assert_eq!(property.element(index.map(str::as_bytes)), expected, "{} {index:?}", property.name);
        }
    }

    #[test]
    fn a_family_is_known_by_its_code_with_or_without_bit_7() {
        for (code, name) in
            [(0x10, "10"), (0x90, "10"), (0x81, "81"), (0x28, "28"), (0xa8, "28"), (0xfc, "FC")]
        {
            assert_eq!(crate::tree::families::family(ALL, code).name, name, "{code:02X}");
        }
        for code in [0x00, 0x13, 0x93] {
            assert_eq!(crate::tree::families::family(ALL, code).name, UNKNOWN.name, "{code:02X}");
        }
        for family in ALL.iter().copied() {
            assert_eq!(crate::tree::families::family(ALL, family.code.unwrap()).name, family.name);
        }
    }
}
