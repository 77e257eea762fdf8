use core::num::NonZeroU16;

use super::segment::{decimal, is_word};
use crate::text::{AccessMode, ChangeRate, Index, Shape, Structure, ValueType};

/// A property of a family: what a path ends in, and what `/structure` describes.
///
/// Tables are built from constants, so they are in flash:
///
/// ```
/// use owproto_core::text::ValueType::{BitField, Bytes, Temperature};
/// use owproto_core::tree::Property;
/// const PROPERTIES: &[Property] = &[
///     Property::read_write("PIO", BitField).numbered(8).stable(),
///     Property::read_write("pages/page", Bytes).numbered(4).with_len(32),
///     Property::read_only("temperature", Temperature),
/// ];
/// assert_eq!(PROPERTIES[1].elements(), Some(4));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct Property {
    /// The name with its subdirectory and without an index: `pages/page`.
    pub name: &'static str,
    /// The type of one element. [`ValueType::BitField`] is an array of yes/no that also has a `.BYTE`.
    pub value_type: ValueType,
    /// How many elements there are, and how a path names them.
    pub array: Array,
    /// Whether it can be read and written.
    pub access: AccessMode,
    /// The longest value of one element when it is read, in bytes.
    pub len: u32,
    /// How often the value changes.
    pub change: ChangeRate,
    /// Which listings show it.
    pub visibility: Visibility,
}

/// How many elements a property has, and how a path names them. owserver has no other arrays, so this is exhaustive.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Array {
    /// One value, no array.
    Scalar,
    /// `name.0`, `name.1` and so on, and `name.ALL`.
    Numbered(NonZeroU16),
    /// `name.A`, `name.B` and so on, and `name.ALL`. At most 26 elements.
    Lettered(NonZeroU16),
    /// `name.N` for any number. There is no `.ALL`.
    SparseNumbers,
    /// `name.TEXT` for any text. There is no `.ALL`.
    SparseLetters,
}

/// Which listings show a property.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Visibility {
    /// The directory of each device of its family, and `/structure`.
    Always,
    /// `/structure`, and the directory of a device for which [`Bus::is_visible`](crate::tree::Bus::is_visible) is true:
    /// several models can have the same family code.
    ByModel,
    /// None. A client that knows its name can still use it.
    Hidden,
}

/// The element of a property that a path names. A [`Bus`](crate::tree::Bus) has to handle each kind, so this is
/// exhaustive.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Element<'p> {
    /// The value of a property that is not an array.
    Only,
    /// The element with this number, from 0. Letters count as numbers: `A` is 0.
    Number(u32),
    /// `.ALL`: all elements.
    All,
    /// `.BYTE`: all elements as the bits of one number. Element 0 is the lowest bit.
    Byte,
    /// An element of a sparse array with letters.
    Named(&'p [u8]),
}

impl Property {
    /// A property that clients can read: one volatile value, always visible. See the other methods for what differs.
    ///
    /// Values of types without a fixed length, such as text and bytes, also need [`with_len`](Self::with_len).
    #[must_use]
    pub const fn read_only(name: &'static str, value_type: ValueType) -> Self {
        Self::new(name, value_type, AccessMode::ReadOnly)
    }

    /// As [`read_only`](Self::read_only), for a property that clients can read and write.
    #[must_use]
    pub const fn read_write(name: &'static str, value_type: ValueType) -> Self {
        Self::new(name, value_type, AccessMode::ReadWrite)
    }

    /// As [`read_only`](Self::read_only), for a property that clients can only write.
    #[must_use]
    pub const fn write_only(name: &'static str, value_type: ValueType) -> Self {
        Self::new(name, value_type, AccessMode::WriteOnly)
    }

    /// As [`read_only`](Self::read_only), for a property that clients can neither read nor write, such as a branch of a
    /// hub.
    #[must_use]
    pub const fn inaccessible(name: &'static str, value_type: ValueType) -> Self {
        Self::new(name, value_type, AccessMode::Neither)
    }

    const fn new(name: &'static str, value_type: ValueType, access: AccessMode) -> Self {
        let element = match value_type {
            ValueType::BitField => ValueType::YesNo,
            other => other,
        };
        let len = match element.rendered_len() {
            Some(len) => len,
            None => 0,
        };
        Self {
            name,
            value_type,
            array: Array::Scalar,
            access,
            len,
            change: ChangeRate::Volatile,
            visibility: Visibility::Always,
        }
    }

    /// The longest value of one element, in bytes.
    #[must_use]
    pub const fn with_len(self, len: u32) -> Self {
        Self { len, ..self }
    }

    /// The value never changes.
    #[must_use]
    pub const fn fixed(self) -> Self {
        Self { change: ChangeRate::Fixed, ..self }
    }

    /// The value changes only when it is written.
    #[must_use]
    pub const fn stable(self) -> Self {
        Self { change: ChangeRate::Stable, ..self }
    }

    /// The value changes every second.
    #[must_use]
    pub const fn every_second(self) -> Self {
        Self { change: ChangeRate::EverySecond, ..self }
    }

    /// An array with the indices `0`, `1` and so on.
    ///
    /// # Panics
    /// Without elements. In a constant this is a compile error.
    #[must_use]
    pub const fn numbered(self, elements: u16) -> Self {
        assert!(elements > 0, "an array has one element or more");
        match NonZeroU16::new(elements) {
            Some(elements) => Self { array: Array::Numbered(elements), ..self },
            None => self,
        }
    }

    /// An array with the indices `A`, `B` and so on.
    ///
    /// # Panics
    /// Without elements, or with more than 26. In a constant this is a compile error.
    #[must_use]
    pub const fn lettered(self, elements: u16) -> Self {
        assert!(elements > 0 && elements <= 26, "an array with letters has 1 to 26 elements");
        match NonZeroU16::new(elements) {
            Some(elements) => Self { array: Array::Lettered(elements), ..self },
            None => self,
        }
    }

    /// An array that has any number as index, and no `.ALL`.
    #[must_use]
    pub const fn sparse_numbers(self) -> Self {
        Self { array: Array::SparseNumbers, ..self }
    }

    /// An array that has any text as index, and no `.ALL`.
    #[must_use]
    pub const fn sparse_letters(self) -> Self {
        Self { array: Array::SparseLetters, ..self }
    }

    /// Visible only for models that have it: [`Visibility::ByModel`].
    #[must_use]
    pub const fn by_model(self) -> Self {
        Self { visibility: Visibility::ByModel, ..self }
    }

    /// Not listed: [`Visibility::Hidden`].
    #[must_use]
    pub const fn hidden(self) -> Self {
        Self { visibility: Visibility::Hidden, ..self }
    }

    /// The element with this index: the text after the dot, or `None` if the path has no dot. `None` if the property has
    /// no such element, so that the path does not exist.
    #[must_use]
    pub fn element<'p>(&self, index: Option<&'p [u8]>) -> Option<Element<'p>> {
        let Some(index) = index else {
            return (self.array == Array::Scalar).then_some(Element::Only);
        };
        match self.array {
            Array::Scalar => None,
            Array::SparseLetters => (!index.is_empty()).then_some(Element::Named(index)),
            Array::SparseNumbers => decimal(index).map(Element::Number),
            _ if is_word(index, "ALL") => Some(Element::All),
            _ if self.has_byte() && is_word(index, "BYTE") => Some(Element::Byte),
            Array::Numbered(elements) => {
                decimal(index).filter(|&number| number < elements.get().into()).map(Element::Number)
            }
            Array::Lettered(elements) => match *index {
                [letter] => {
                    let number = u32::from(letter.to_ascii_uppercase().wrapping_sub(b'A'));
                    // At most 26 elements, so that only letters are found.
                    (number < elements.get().into()).then_some(Element::Number(number))
                }
                _ => None,
            },
        }
    }

    /// The number of elements of `.ALL`; `None` if there is no `.ALL`.
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

    /// The type of this element: those of a bit field are yes/no.
    #[must_use]
    pub fn type_of(&self, element: Element<'_>) -> ValueType {
        match (self.value_type, element) {
            (ValueType::BitField, Element::Byte) => ValueType::BitField,
            (ValueType::BitField, _) => ValueType::YesNo,
            (other, _) => other,
        }
    }

    /// The longest value of this element when it is read, in bytes (owfs: `ow_filelength.c`).
    #[must_use]
    pub fn len_of(&self, element: Element<'_>) -> u32 {
        match element {
            Element::Byte => 12,
            Element::All => self.type_of(element).array_len(self.len, self.elements().unwrap_or_default()),
            _ => self.len,
        }
    }

    /// The record of this element in `/structure`.
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

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Property = Property::read_only("a", ValueType::Text);

    #[test]
    fn a_constructor_sets_only_the_access_mode() {
        assert_eq!(
            PLAIN,
            Property {
                name: "a",
                value_type: ValueType::Text,
                array: Array::Scalar,
                access: AccessMode::ReadOnly,
                len: 0,
                change: ChangeRate::Volatile,
                visibility: Visibility::Always,
            }
        );
        for (property, access) in [
            (Property::read_write("a", ValueType::Text), AccessMode::ReadWrite),
            (Property::write_only("a", ValueType::Text), AccessMode::WriteOnly),
            (Property::inaccessible("a", ValueType::Text), AccessMode::Neither),
        ] {
            assert_eq!(property, Property { access, ..PLAIN });
        }
        assert_eq!(Property::read_only("a", ValueType::BitField).len, 1, "the length of one element");
        assert_eq!(Property::read_only("a", ValueType::Float).len, 12);
    }

    #[test]
    fn a_builder_method_changes_one_field() {
        let size = |elements: u16| NonZeroU16::new(elements).unwrap();
        assert_eq!(PLAIN.numbered(3), Property { array: Array::Numbered(size(3)), ..PLAIN });
        assert_eq!(PLAIN.lettered(26), Property { array: Array::Lettered(size(26)), ..PLAIN });
        assert_eq!(PLAIN.sparse_numbers(), Property { array: Array::SparseNumbers, ..PLAIN });
        assert_eq!(PLAIN.sparse_letters(), Property { array: Array::SparseLetters, ..PLAIN });
        assert_eq!(PLAIN.with_len(7), Property { len: 7, ..PLAIN });
        assert_eq!(PLAIN.fixed(), Property { change: ChangeRate::Fixed, ..PLAIN });
        assert_eq!(PLAIN.stable(), Property { change: ChangeRate::Stable, ..PLAIN });
        assert_eq!(PLAIN.every_second(), Property { change: ChangeRate::EverySecond, ..PLAIN });
        assert_eq!(PLAIN.by_model(), Property { visibility: Visibility::ByModel, ..PLAIN });
        assert_eq!(PLAIN.hidden(), Property { visibility: Visibility::Hidden, ..PLAIN });
    }

    #[test]
    #[should_panic(expected = "one element or more")]
    fn an_array_with_numbers_has_elements() {
        let _ = PLAIN.numbered(0);
    }

    #[test]
    #[should_panic(expected = "1 to 26 elements")]
    fn an_array_with_letters_has_elements() {
        let _ = PLAIN.lettered(0);
    }

    #[test]
    #[should_panic(expected = "1 to 26 elements")]
    fn an_array_with_letters_has_no_more_elements_than_letters() {
        let _ = PLAIN.lettered(27);
    }

    #[test]
    fn an_index_names_an_element_that_exists() {
        let bits = Property::read_write("PIO", ValueType::BitField).numbered(8);
        let letters = Property::read_only("volt", ValueType::Float).lettered(4);
        let scalar = Property::read_only("temperature", ValueType::Temperature);
        let number = |number| Some(Element::Number(number));
        for (property, index, expected) in [
            (scalar, None, Some(Element::Only)),
            (scalar, Some("0"), None),
            (scalar, Some("ALL"), None),
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
}
