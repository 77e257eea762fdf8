use core::fmt;
use core::num::NonZeroUsize;
use core::str::FromStr;

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while_m_n};
use nom::character::complete::anychar;
use nom::combinator::{map, map_opt, map_res, opt, value, verify};
use nom::error::{FromExternalError, ParseError};
use nom::sequence::terminated;
use nom::{IResult, Parser};

use super::ascii::{Ascii, AsciiWriter};
use super::elements::Elements;
use super::parse_error::parse_whole;
use super::value::{Value, ValueError};
use super::value_type::ValueType;

/// A record of `/structure/FAMILY/PROPERTY`, which describes a property: type, shape, access and length.
///
/// Six fields, each with a comma after it (owfs: `ow_read.c`; observed, owserver 3.2p4):
///
/// ```text
/// t,000000,000001,ro,000012,v,
/// y,-000002,000008,rw,000012,s,
/// | |       |      |  |      change: f fixed, s stable, v volatile, t every second
/// | |       |      |  length in bytes of the requested value: an element, or all
/// | |       |      access: ro, rw, wo, oo
/// | |       elements: 1 scalar, 0 sparse with numbers, -1 sparse with letters
/// | requested index: from 0; -1 for .ALL, -2 for .BYTE
/// type
/// ```
///
/// Numbers have at least six digits besides a minus. So a record has 28 bytes, or one more for each negative number.
///
/// ```
/// use owproto_core::text::{AccessMode, Index, Shape, Structure, Value, ValueType};
/// let record = Structure::parse(b"f,-000001,000004,ro,000051,v,")?;
/// assert_eq!(record.value_type, ValueType::Float);
/// assert_eq!((record.index, record.shape), (Index::All, Shape::Array(4)));
/// assert_eq!((record.access, record.length), (AccessMode::ReadOnly, 51));
/// assert_eq!(record.to_string(), "f,-000001,000004,ro,000051,v,");
///
/// let volts = record.elements(b"         3.6,         3.7,         3.8,         3.9");
/// assert!(volts.eq([3.6, 3.7, 3.8, 3.9].map(|volt| Ok(Value::Float(volt)))));
/// # Ok::<(), owproto_core::text::StructureError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Structure {
    /// The type of the value. [`ValueType::BitField`] occurs only with [`Index::Byte`], because it has the letter of yes/no.
    pub value_type: ValueType,
    /// The requested index.
    pub index: Index,
    /// The number of elements.
    pub shape: Shape,
    /// Whether the property can be read and written.
    pub access: AccessMode,
    /// Bytes of the requested value: one element, or the whole `.ALL`. The size that a READ should ask for.
    pub length: u32,
    /// How the value changes.
    pub change: ChangeRate,
}

impl Structure {
    /// The length of the longest record in bytes, with three numbers of ten digits. owserver's have at most 32.
    pub const MAX_TEXT_LEN: usize = 40;

    /// Parses a whole record.
    ///
    /// # Errors
    /// [`StructureError`], with the position of the first field that does not fit.
    pub fn parse(text: &[u8]) -> Result<Self, StructureError> {
        parse_whole(text, structure)
            .map_err(|(position, kind)| StructureError { position, kind: kind.unwrap_or_default() })
    }

    /// The record as owserver writes it.
    #[must_use]
    pub fn to_ascii(&self) -> Ascii<{ Structure::MAX_TEXT_LEN }> {
        let mut record = Ascii::new();
        // All fits: MAX_TEXT_LEN counts it.
        let mut text = record.writer();
        text.push(self.value_type.letter());
        let (is_negative, index) = match self.index {
            Index::Element(index) => (false, index),
            Index::All => (true, 1),
            Index::Byte => (true, 2),
        };
        push_number(&mut text, is_negative, index);
        let (is_negative, elements) = match self.shape {
            Shape::Scalar => (false, 1),
            Shape::Array(elements) => (false, elements),
            Shape::SparseNumbers => (false, 0),
            Shape::SparseLetters => (true, 1),
        };
        push_number(&mut text, is_negative, elements);
        text.push(b',');
        text.push_bytes(self.access.letters().as_bytes());
        push_number(&mut text, false, self.length);
        text.push(b',');
        text.push(self.change.letter());
        text.push(b',');
        record
    }

    /// Parses the payload of a READ of this property as one value. For the elements of an `.ALL` use
    /// [`elements`](Self::elements).
    ///
    /// # Errors
    /// As [`Value::parse`].
    pub fn value<'a>(&self, bytes: &'a [u8]) -> Result<Value<'a>, ValueError> {
        Value::parse(self.value_type, bytes)
    }

    /// Parses the payload of a READ of this property: the elements of an `.ALL`, or one value.
    ///
    /// Bytes are split into the number of elements in the record.
    #[must_use]
    pub fn elements<'a>(&self, bytes: &'a [u8]) -> Elements<'a> {
        match (self.index, self.value_type) {
            (Index::All, ValueType::Bytes) => match self.element_len() {
                Some(len) => Elements::of_length(bytes, len),
                None => Elements::single(ValueType::Bytes, bytes),
            },
            (Index::All, value_type) => Elements::separated(value_type, bytes),
            (_, value_type) => Elements::single(value_type, bytes),
        }
    }

    /// The length of one element of an `.ALL` of bytes.
    fn element_len(&self) -> Option<NonZeroUsize> {
        let Shape::Array(elements) = self.shape else { return None };
        NonZeroUsize::new(usize::try_from(self.length.checked_div(elements)?).ok()?)
    }
}

/// Appends a comma, a minus if needed, and a number of at least six digits.
fn push_number(text: &mut AsciiWriter<'_>, is_negative: bool, magnitude: u32) {
    text.push(b',');
    if is_negative {
        text.push(b'-');
    }
    text.push_decimal(magnitude, 6, b'0');
}

/// A record of `/structure`: see [`Structure`].
///
/// # Errors
/// If no record begins here; or a [`StructureErrorKind`] as external error.
pub fn structure<'a, E>(input: &'a [u8]) -> IResult<&'a [u8], Structure, E>
where
    E: ParseError<&'a [u8]> + FromExternalError<&'a [u8], StructureErrorKind>,
{
    let value_type = map_res(anychar, |letter| {
        u8::try_from(letter).ok().and_then(ValueType::from_letter).ok_or(StructureErrorKind::UnknownType)
    });
    let index = map_opt(number, |(sign, number)| match (sign, number) {
        (Sign::None, index) => Some(Index::Element(index)),
        (Sign::Minus, 1) => Some(Index::All),
        (Sign::Minus, 2) => Some(Index::Byte),
        _ => None,
    });
    let shape = map_opt(number, |(sign, number)| match (sign, number) {
        (Sign::None, 0) => Some(Shape::SparseNumbers),
        (Sign::None, 1) => Some(Shape::Scalar),
        (Sign::None, elements) => Some(Shape::Array(elements)),
        (Sign::Minus, 1) => Some(Shape::SparseLetters),
        _ => None,
    });
    let access = alt((
        value(AccessMode::ReadOnly, tag(&b"ro"[..])),
        value(AccessMode::ReadWrite, tag(&b"rw"[..])),
        value(AccessMode::WriteOnly, tag(&b"wo"[..])),
        value(AccessMode::Neither, tag(&b"oo"[..])),
    ));
    let length =
        map_opt(number, |(sign, number)| if matches!(sign, Sign::None) { Some(number) } else { None });
    let change = map_opt(anychar, |letter| u8::try_from(letter).ok().and_then(ChangeRate::from_letter));

    let (rest, (letter, index, shape, access, length, change)) =
        (field(value_type), field(index), field(shape), field(access), field(length), field(change))
            .parse(input)?;
    let value_type = match (letter, index) {
        (ValueType::YesNo, Index::Byte) => ValueType::BitField,
        _ => letter,
    };
    Ok((rest, Structure { value_type, index, shape, access, length, change }))
}

fn field<'a, T, E: ParseError<&'a [u8]>>(
    content: impl Parser<&'a [u8], Output = T, Error = E>,
) -> impl Parser<&'a [u8], Output = T, Error = E> {
    terminated(content, tag(&b","[..]))
}

#[derive(Clone, Copy)]
enum Sign {
    None,
    Minus,
}

/// C's `%.6d`: an optional minus and six digits, or more if the number has more.
fn number<'a, E>(input: &'a [u8]) -> IResult<&'a [u8], (Sign, u32), E>
where
    E: ParseError<&'a [u8]> + FromExternalError<&'a [u8], StructureErrorKind>,
{
    let sign = map(opt(tag(&b"-"[..])), |minus| if minus.is_some() { Sign::Minus } else { Sign::None });
    let digits = verify(take_while_m_n(6, 10, |byte: u8| byte.is_ascii_digit()), |digits: &[u8]| {
        digits.len() == 6 || digits.first() != Some(&b'0')
    });
    let magnitude = map_res(digits, |digits: &[u8]| {
        digits
            .iter()
            .try_fold(0u32, |number, &digit| {
                number.checked_mul(10)?.checked_add(digit.saturating_sub(b'0').into())
            })
            .ok_or(StructureErrorKind::OutOfRange)
    });
    (sign, magnitude).parse(input)
}

/// The record as owserver writes it.
impl fmt::Display for Structure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.to_ascii(), f)
    }
}

impl FromStr for Structure {
    type Err = StructureError;

    fn from_str(text: &str) -> Result<Self, StructureError> {
        Self::parse(text.as_bytes())
    }
}

/// The requested index of a property.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Index {
    /// An element, from 0. Letters are numbers, `A` is 0. It is 0 for scalars and for sparse arrays with letters.
    Element(u32),
    /// -1: `.ALL`, all elements.
    All,
    /// -2: `.BYTE`, all elements as the bits of one number.
    Byte,
}

/// The number of elements of a property.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Shape {
    /// 1: not an array.
    Scalar,
    /// An array of this number of elements, 2 or more. In a record 1 and 0 mean `Scalar` and `SparseNumbers`.
    Array(u32),
    /// 0: any number is an index, and there is no `.ALL`.
    SparseNumbers,
    /// -1: any text is an index, and there is no `.ALL`.
    SparseLetters,
}

/// Whether a property can be read and written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum AccessMode {
    /// `ro`
    ReadOnly,
    /// `rw`
    ReadWrite,
    /// `wo`
    WriteOnly,
    /// `oo`: neither readable nor writable.
    Neither,
}

impl AccessMode {
    /// The two letters in the record.
    #[must_use]
    pub const fn letters(self) -> &'static str {
        match self {
            Self::ReadOnly => "ro",
            Self::ReadWrite => "rw",
            Self::WriteOnly => "wo",
            Self::Neither => "oo",
        }
    }

    /// Whether the property can be read.
    #[must_use]
    pub const fn is_readable(self) -> bool {
        matches!(self, Self::ReadOnly | Self::ReadWrite)
    }

    /// Whether the property can be written.
    #[must_use]
    pub const fn is_writable(self) -> bool {
        matches!(self, Self::WriteOnly | Self::ReadWrite)
    }
}

/// How the value of a property changes, which decides how long owserver caches it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum ChangeRate {
    /// `f`: never.
    Fixed,
    /// `s`: only when written. Cached for 300 s by default.
    Stable,
    /// `v`: at any time. Cached for 15 s by default.
    Volatile,
    /// `t`: every second.
    EverySecond,
}

impl ChangeRate {
    /// The letter in the record.
    #[must_use]
    pub const fn letter(self) -> u8 {
        match self {
            Self::Fixed => b'f',
            Self::Stable => b's',
            Self::Volatile => b'v',
            Self::EverySecond => b't',
        }
    }

    /// The rate with this letter; `None` for a letter that owserver does not use.
    #[must_use]
    pub const fn from_letter(letter: u8) -> Option<Self> {
        Some(match letter {
            b'f' => Self::Fixed,
            b's' => Self::Stable,
            b'v' => Self::Volatile,
            b't' => Self::EverySecond,
            _ => return None,
        })
    }
}

/// Why text is not a record of `/structure`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct StructureError {
    /// Index of the first byte of the field that does not fit; the length of the text if it is too short.
    pub position: usize,
    /// What is wrong there.
    pub kind: StructureErrorKind,
}

/// What is wrong in a [`StructureError`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum StructureErrorKind {
    /// A field has an invalid form, or the text is too short or too long.
    #[default]
    Syntax,
    /// No type has this letter.
    UnknownType,
    /// A number does not fit 32 bits.
    OutOfRange,
}

impl fmt::Display for StructureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            StructureErrorKind::Syntax => "not a record of /structure: unexpected",
            StructureErrorKind::UnknownType => "no type has this letter,",
            StructureErrorKind::OutOfRange => "number out of range",
        };
        write!(f, "{what} at byte {}", self.position)
    }
}

impl core::error::Error for StructureError {}

#[cfg(test)]
mod tests;
