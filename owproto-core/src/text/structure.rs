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

use super::ascii::{Ascii, End};
use super::elements::Elements;
use super::located;
use super::value::{Value, ValueError};
use super::value_type::ValueType;

/// What a server says of a property in `/structure/FAMILY/PROPERTY`: type, shape and length.
///
/// Six fields, each with a comma after it (owfs: `ow_read.c`; observed, owserver 3.2p4):
///
/// ```text
/// t,000000,000001,ro,000012,v,
/// y,-000002,000008,rw,000012,s,
/// | |       |      |  |      change: f fixed, s stable, v volatile, t every second
/// | |       |      |  length in bytes of what was asked for: an element, or all
/// | |       |      access: ro, rw, wo, oo
/// | |       elements: 1 scalar, 0 sparse with numbers, -1 sparse with letters
/// | index asked for: from 0; -1 for .ALL, -2 for .BYTE
/// type
/// ```
///
/// Numbers have at least six digits, and a minus comes on top. So a record has 28 bytes, or one more for each
/// negative number.
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
    /// The type of a value. [`ValueType::BitField`] goes with [`Index::Byte`] and with no other index: its letter
    /// is that of yes/no.
    pub value_type: ValueType,
    /// What was asked for.
    pub index: Index,
    /// How many elements the property has.
    pub shape: Shape,
    /// Who may do what.
    pub access: AccessMode,
    /// Bytes of what was asked for: of one element, or of the whole `.ALL`. The size that a read should ask for.
    pub length: u32,
    /// How the value changes.
    pub change: ChangeRate,
}

impl Structure {
    /// Bytes of the longest record, with three numbers of ten digits. owserver keeps to 32 bytes.
    pub const MAX_TEXT_LEN: usize = 40;

    /// Parses a whole record.
    ///
    /// # Errors
    /// [`StructureError`], with the place of the first field that does not fit.
    pub fn parse(text: &[u8]) -> Result<Self, StructureError> {
        located::whole(text, structure)
            .map_err(|(position, kind)| StructureError { position, kind: kind.unwrap_or_default() })
    }

    /// The record as owserver writes it.
    #[must_use]
    pub fn to_ascii(&self) -> Ascii<{ Structure::MAX_TEXT_LEN }> {
        let mut record = Ascii::new();
        // All fits: that is what MAX_TEXT_LEN counts.
        let mut text = record.end();
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

    /// Parses what a read of this property gave, as one value. That of an `.ALL` is taken apart by
    /// [`elements`](Self::elements).
    ///
    /// # Errors
    /// As [`Value::parse`].
    pub fn value<'a>(&self, bytes: &'a [u8]) -> Result<Value<'a>, ValueError> {
        Value::parse(self.value_type, bytes)
    }

    /// Parses what a read of this property gave: the elements of an `.ALL`, or else the one value.
    ///
    /// Bytes are cut into as many elements as the record says.
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

    /// Bytes of one element of an `.ALL` of bytes.
    fn element_len(&self) -> Option<NonZeroUsize> {
        let Shape::Array(elements) = self.shape else { return None };
        NonZeroUsize::new(usize::try_from(self.length.checked_div(elements)?).ok()?)
    }
}

/// A comma, and a number of at least six digits with a minus on top.
fn push_number(text: &mut End<'_>, is_negative: bool, magnitude: u32) {
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

/// C's `%.6d`: six digits, or more if the number has more, and a minus.
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

/// The index that a record was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Index {
    /// An element, from 0; letters count as numbers, `A` is 0. Also 0 for scalars, and for sparse arrays with
    /// letters.
    Element(u32),
    /// -1: `.ALL`, all elements.
    All,
    /// -2: `.BYTE`, all elements as the bits of one number.
    Byte,
}

/// How many elements a property has.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Shape {
    /// 1: no array.
    Scalar,
    /// An array of this many elements, 2 or more: 1 and 0 are how a record says `Scalar` and `SparseNumbers`.
    Array(u32),
    /// 0: any number is an index; there is no `.ALL`.
    SparseNumbers,
    /// -1: any text is an index; there is no `.ALL`.
    SparseLetters,
}

/// Who may do what with a property.
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
    /// `oo`: neither read nor write.
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

/// How the value of a property changes, and so how long owserver keeps it in its cache.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum ChangeRate {
    /// `f`: never.
    Fixed,
    /// `s`: only when written. Cached for 300 s, unless set otherwise.
    Stable,
    /// `v`: by itself. Cached for 15 s, unless set otherwise.
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

/// Why a text is not a record of `/structure`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct StructureError {
    /// Index of the first byte of what does not fit; the length of the text if it is too short.
    pub position: usize,
    /// What is wrong there.
    pub kind: StructureErrorKind,
}

/// What is wrong in a [`StructureError`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum StructureErrorKind {
    /// A field is not what can stand there, or the text is too short or too long.
    #[default]
    Syntax,
    /// No type has this letter.
    UnknownType,
    /// A number beyond 32 bits.
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
mod tests {
    use std::string::ToString;
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_field() {
        assert_eq!(
            Structure::parse(b"y,-000002,000008,rw,000012,s,"),
            Ok(Structure {
                value_type: ValueType::BitField,
                index: Index::Byte,
                shape: Shape::Array(8),
                access: AccessMode::ReadWrite,
                length: 12,
                change: ChangeRate::Stable,
            })
        );
        assert_eq!(
            Structure::parse(b"u,000000,-000001,ro,000012,t,"),
            Ok(Structure {
                value_type: ValueType::Unsigned,
                index: Index::Element(0),
                shape: Shape::SparseLetters,
                access: AccessMode::ReadOnly,
                length: 12,
                change: ChangeRate::EverySecond,
            })
        );
    }

    #[test]
    fn what_is_no_record() {
        for (text, position, kind) in [
            ("", 0, StructureErrorKind::Syntax),
            ("x,000000,000001,ro,000012,v,", 0, StructureErrorKind::UnknownType),
            ("\u{e9},000000,000001,ro,000012,v,", 0, StructureErrorKind::UnknownType),
            ("t;000000,000001,ro,000012,v,", 1, StructureErrorKind::Syntax),
            ("t,00000,000001,ro,000012,v,", 2, StructureErrorKind::Syntax),
            ("t,0000000,000001,ro,000012,v,", 2, StructureErrorKind::Syntax),
            ("t,-000003,000001,ro,000012,v,", 2, StructureErrorKind::Syntax),
            ("t,-000000,000001,ro,000012,v,", 2, StructureErrorKind::Syntax),
            ("t,4294967296,000001,ro,000012,v,", 2, StructureErrorKind::OutOfRange),
            ("t,000000,-000002,ro,000012,v,", 9, StructureErrorKind::Syntax),
            ("t,000000,000001,xx,000012,v,", 16, StructureErrorKind::Syntax),
            ("t,000000,000001,ro,-000012,v,", 19, StructureErrorKind::Syntax),
            ("t,000000,000001,ro,000012,x,", 26, StructureErrorKind::Syntax),
            ("t,000000,000001,ro,000012,v", 27, StructureErrorKind::Syntax),
            ("t,000000,000001,ro,000012,v,,", 28, StructureErrorKind::Syntax),
        ] {
            assert_eq!(text.parse::<Structure>(), Err(StructureError { position, kind }), "{text}");
        }
    }

    #[test]
    fn the_longest_record_fits() {
        let record = Structure {
            value_type: ValueType::Bytes,
            index: Index::Element(u32::MAX),
            shape: Shape::Array(u32::MAX),
            access: AccessMode::Neither,
            length: u32::MAX,
            change: ChangeRate::Fixed,
        };
        let text = record.to_ascii();
        assert_eq!(text, "b,4294967295,4294967295,oo,4294967295,f,");
        assert_eq!(Structure::parse(text.as_bytes()), Ok(record));
    }

    #[test]
    fn bytes_are_cut_as_the_record_says() {
        let mut record = Structure::parse(b"b,-000001,000002,rw,000006,v,").unwrap();
        let elements = |record: &Structure| {
            record.elements(b"ab,def").map(|value| value.unwrap().as_bytes().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(elements(&record), [b"ab,", b"def"]);
        record.index = Index::Element(0);
        assert_eq!(elements(&record), [b"ab,def"]);
        for (shape, length) in [(Shape::Scalar, 6), (Shape::Array(0), 6), (Shape::Array(7), 6)] {
            record = Structure { index: Index::All, shape, length, ..record };
            assert_eq!(elements(&record), [b"ab,def"]);
        }
    }

    #[test]
    fn access() {
        let all = [AccessMode::ReadOnly, AccessMode::ReadWrite, AccessMode::WriteOnly, AccessMode::Neither];
        assert_eq!(all.map(AccessMode::is_readable), [true, true, false, false]);
        assert_eq!(all.map(AccessMode::is_writable), [false, true, true, false]);
    }

    fn any_record() -> impl Strategy<Value = Structure> {
        let index = prop_oneof![any::<u32>().prop_map(Index::Element), Just(Index::All), Just(Index::Byte)];
        let shape = prop_oneof![
            Just(Shape::Scalar),
            (2..=u32::MAX).prop_map(Shape::Array),
            Just(Shape::SparseNumbers),
            Just(Shape::SparseLetters)
        ];
        let access = prop::sample::select(
            &[AccessMode::ReadOnly, AccessMode::ReadWrite, AccessMode::WriteOnly, AccessMode::Neither][..],
        );
        let change = prop::sample::select(
            &[ChangeRate::Fixed, ChangeRate::Stable, ChangeRate::Volatile, ChangeRate::EverySecond][..],
        );
        let value_type = prop::sample::select(&ValueType::ALL[..]);
        (value_type, index, shape, access, any::<u32>(), change).prop_map(
            |(value_type, index, shape, access, length, change)| {
                let value_type = match (value_type, index) {
                    (ValueType::YesNo, Index::Byte) => ValueType::BitField,
                    (ValueType::BitField, Index::Element(_) | Index::All) => ValueType::YesNo,
                    _ => value_type,
                };
                Structure { value_type, index, shape, access, length, change }
            },
        )
    }

    #[test]
    fn errors_say_what_is_wrong_and_where() {
        for (text, expected) in [
            ("y,", "not a record of /structure: unexpected at byte 2"),
            ("z,000000,000000,ro,000012,v,", "no type has this letter, at byte 0"),
            ("i,000000,99999999999,ro,000012,v,", "number out of range at byte 9"),
        ] {
            assert_eq!(Structure::parse(text.as_bytes()).unwrap_err().to_string(), expected);
        }
    }

    proptest! {
        #[test]
        fn parsing_undoes_printing(record in any_record(), rest: Vec<u8>) {
            let text = record.to_ascii();
            prop_assert_eq!(Structure::parse(text.as_bytes()), Ok(record));
            let mut longer = Vec::from(text.as_bytes());
            longer.extend_from_slice(&rest);
            prop_assert_eq!(structure::<()>(&longer), Ok((&rest[..], record)));
        }

        #[test]
        fn printing_undoes_parsing(text in "[tuy?D],-?[0-9]{5,7},-?00000[0-9],(ro|rw|wo|oo|or),[0-9]{6},[fsvtx],") {
            if let Ok(record) = text.parse::<Structure>() {
                prop_assert_eq!(record.to_string(), text);
            }
        }

        #[test]
        fn any_bytes_are_parsed_or_refused(bytes: Vec<u8>) {
            if let Err(error) = Structure::parse(&bytes) {
                prop_assert!(error.position <= bytes.len());
            }
        }

        #[test]
        fn elements_end(record in any_record(), bytes: Vec<u8>) {
            prop_assert!(record.elements(&bytes).count() <= bytes.len() + 1);
        }
    }
}
