use core::fmt;

use nom::branch::alt;
use nom::bytes::complete::{tag, tag_no_case};
use nom::character::complete::{digit0, digit1, one_of};
use nom::combinator::{map_res, opt, recognize};
use nom::error::{FromExternalError, ParseError};
use nom::{IResult, Parser};

use super::date::{Date, DateError};
use super::float::parse_decimal;
use super::parse_error::{Located, parse_whole};
use super::value_type::ValueType;

/// The value of a property. More kinds may be added.
///
/// ```
/// use owproto_core::text::{Value, ValueType};
/// assert_eq!(Value::parse(ValueType::Temperature, b"       39.38")?, Value::Float(39.38));
/// assert_eq!(Value::parse(ValueType::Integer, b"         239")?.as_f64(), Some(239.0));
/// assert_eq!(Value::parse(ValueType::YesNo, b"1")?, Value::YesNo(true));
/// assert_eq!(Value::parse(ValueType::Text, b"DS18S20")?.as_str(), Some("DS18S20"));
/// assert!(Value::parse(ValueType::Unsigned, b"99999999999").is_err());
/// # Ok::<(), owproto_core::text::ValueError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub enum Value<'a> {
    /// A signed number.
    Integer(i32),
    /// An unsigned number, or a whole bit field: see [`as_bit_field`](Self::as_bit_field).
    Unsigned(u32),
    /// A number, in the unit that the control flags requested. May be infinite or NaN.
    Float(f64),
    /// Yes or no.
    YesNo(bool),
    /// A date and time in the server's time zone.
    Date(Date),
    /// Text, usually ASCII. An alias may contain any bytes.
    Text(&'a [u8]),
    /// Bytes of a memory.
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    /// Parses the payload of a READ as one value of a known type.
    ///
    /// Numbers, yes/no and dates may have white space at both ends: owserver pads numbers to 12 columns, or not at all.
    /// Floats may be in any form that C prints, with `NAN`, `INF` and `-INF` in any case. Text and bytes are not changed.
    ///
    /// # Errors
    /// [`ValueError`], also for integers that do not fit 32 bits, and for a value of which a small read size left only blanks.
    pub fn parse(value_type: ValueType, bytes: &'a [u8]) -> Result<Self, ValueError> {
        Ok(match value_type {
            ValueType::Integer => Self::Integer(padded(bytes, integer)?),
            ValueType::Unsigned | ValueType::BitField => Self::Unsigned(padded(bytes, unsigned)?),
            ValueType::Float
            | ValueType::Temperature
            | ValueType::TemperatureDifference
            | ValueType::Pressure => Self::Float(padded(bytes, float)?),
            ValueType::YesNo => Self::YesNo(padded(bytes, yes_no)?),
            ValueType::Date => Self::Date(padded(bytes, date)?),
            ValueType::Text | ValueType::Alias => Self::Text(bytes),
            ValueType::Bytes | ValueType::Unknown => Self::Bytes(bytes),
            ValueType::Directory => return Err(ValueError { position: 0, kind: ValueErrorKind::Directory }),
        })
    }

    /// A number of any kind; `None` for other values.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match *self {
            Self::Integer(number) => Some(number.into()),
            Self::Unsigned(number) => Some(number.into()),
            Self::Float(number) => Some(number),
            _ => None,
        }
    }

    /// A yes/no; `None` for other values.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        match *self {
            Self::YesNo(yes) => Some(yes),
            _ => None,
        }
    }

    /// The bits of an unsigned number; `None` for other values.
    #[must_use]
    pub const fn as_bit_field(&self) -> Option<BitField> {
        match *self {
            Self::Unsigned(bits) => Some(BitField(bits)),
            _ => None,
        }
    }

    /// The date; `None` for other values.
    #[must_use]
    pub const fn as_date(&self) -> Option<Date> {
        match *self {
            Self::Date(date) => Some(date),
            _ => None,
        }
    }

    /// Text or bytes; `None` for other values.
    #[must_use]
    pub const fn as_bytes(&self) -> Option<&'a [u8]> {
        match *self {
            Self::Text(bytes) | Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Text, if it is UTF-8; `None` otherwise, and for other values.
    #[must_use]
    pub fn as_str(&self) -> Option<&'a str> {
        match *self {
            Self::Text(bytes) => core::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }
}

/// Prints for people: numbers without padding and with all digits, `yes` or `no`, text with U+FFFD in place of bytes that
/// are not UTF-8, bytes as hexadecimal. For the protocol use [`encode`](Value::encode) and [`render`](Value::render).
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => fmt::Display::fmt(number, f),
            Self::Unsigned(number) => fmt::Display::fmt(number, f),
            Self::Float(number) => fmt::Display::fmt(number, f),
            Self::YesNo(yes) => f.pad(if *yes { "yes" } else { "no" }),
            Self::Date(date) => fmt::Display::fmt(date, f),
            Self::Text(text) => {
                for chunk in text.utf8_chunks() {
                    f.write_str(chunk.valid())?;
                    if !chunk.invalid().is_empty() {
                        f.write_str("\u{fffd}")?;
                    }
                }
                Ok(())
            }
            Self::Bytes(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
        }
    }
}

/// The `.BYTE` of an array of yes/no: element 0 is the lowest bit.
///
/// ```
/// use owproto_core::text::{BitField, Value, ValueType};
/// let bits = Value::parse(ValueType::BitField, b"         170")?.as_bit_field().unwrap();
/// assert!(!bits.get(0) && bits.get(1));
/// assert_eq!(bits.with(0, true), BitField(171));
/// # Ok::<(), owproto_core::text::ValueError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct BitField(pub u32);

impl BitField {
    /// Whether the element is yes. Elements from 32 on do not exist, and are no.
    #[must_use]
    pub const fn get(self, element: u32) -> bool {
        self.0 & Self::mask(element) != 0
    }

    /// With another value of one element; unchanged for elements from 32 on.
    #[must_use]
    pub const fn with(self, element: u32, yes: bool) -> Self {
        let mask = Self::mask(element);
        Self(if yes { self.0 | mask } else { self.0 & !mask })
    }

    const fn mask(element: u32) -> u32 {
        match 1u32.checked_shl(element) {
            Some(mask) => mask,
            None => 0,
        }
    }
}

impl From<BitField> for Value<'_> {
    fn from(bits: BitField) -> Self {
        Self::Unsigned(bits.0)
    }
}

/// Why bytes are not a value of a type.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ValueError {
    /// Index of the first byte that does not fit; the number of bytes if they are too short.
    pub position: usize,
    /// What is wrong there.
    pub kind: ValueErrorKind,
}

/// What is wrong in a [`ValueError`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ValueErrorKind {
    /// There are no bytes, or only white space.
    Empty,
    /// A byte does not belong in a value of this type.
    Syntax,
    /// An integer does not fit 32 bits, or a float is too large.
    OutOfRange,
    /// The date is invalid.
    Date(DateError),
    /// The last element of an array of bytes is too short.
    Length {
        /// Bytes of each element.
        expected: usize,
        /// Bytes that were left for the last one.
        found: usize,
    },
    /// A directory has no value.
    Directory,
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ValueErrorKind::Empty => f.write_str("no value")?,
            ValueErrorKind::Syntax => f.write_str("not a value of this type: unexpected")?,
            ValueErrorKind::OutOfRange => f.write_str("number out of range")?,
            ValueErrorKind::Date(error) => write!(f, "{error}, in the value")?,
            ValueErrorKind::Length { expected, found } => {
                write!(f, "an element has {expected} bytes, not {found}")?;
            }
            ValueErrorKind::Directory => return f.write_str("a directory has no value"),
        }
        write!(f, " at byte {}", self.position)
    }
}

impl core::error::Error for ValueError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match &self.kind {
            ValueErrorKind::Date(error) => Some(error),
            _ => None,
        }
    }
}

type NumberResult<'a, T> = IResult<&'a [u8], T, Located<'a, ValueErrorKind>>;

/// Runs a parser over all of `bytes`, except white space at both ends.
fn padded<'a, T>(
    bytes: &'a [u8],
    parser: impl FnOnce(&'a [u8]) -> NumberResult<'a, T>,
) -> Result<T, ValueError> {
    let start = bytes.trim_ascii_start();
    let blanks = bytes.len().saturating_sub(start.len());
    let text = start.trim_ascii_end();
    if text.is_empty() {
        return Err(ValueError { position: blanks, kind: ValueErrorKind::Empty });
    }
    parse_whole(text, parser).map_err(|(position, reason)| ValueError {
        position: blanks.saturating_add(position),
        kind: reason.unwrap_or(ValueErrorKind::Syntax),
    })
}

/// A signed integer of 32 bits: an optional sign and digits.
///
/// # Errors
/// If no number begins here; or [`ValueErrorKind::OutOfRange`] as external error.
pub fn integer<'a, E>(input: &'a [u8]) -> IResult<&'a [u8], i32, E>
where
    E: ParseError<&'a [u8]> + FromExternalError<&'a [u8], ValueErrorKind>,
{
    number(
        input,
        |negative, magnitude| {
            if negative { 0i32.checked_sub_unsigned(magnitude) } else { i32::try_from(magnitude).ok() }
        },
    )
}

/// An unsigned integer of 32 bits: an optional sign and digits.
///
/// # Errors
/// As [`integer`]; every number below 0 is out of range.
pub fn unsigned<'a, E>(input: &'a [u8]) -> IResult<&'a [u8], u32, E>
where
    E: ParseError<&'a [u8]> + FromExternalError<&'a [u8], ValueErrorKind>,
{
    number(input, |negative, magnitude| if negative && magnitude > 0 { None } else { Some(magnitude) })
}

fn number<'a, T, E>(input: &'a [u8], convert: impl Fn(bool, u32) -> Option<T>) -> IResult<&'a [u8], T, E>
where
    E: ParseError<&'a [u8]> + FromExternalError<&'a [u8], ValueErrorKind>,
{
    map_res((opt(one_of("+-")), digit1), |(sign, digits): (Option<char>, &[u8])| {
        digits
            .iter()
            .try_fold(0u32, |number, &digit| {
                number.checked_mul(10)?.checked_add(digit.saturating_sub(b'0').into())
            })
            .and_then(|magnitude| convert(sign == Some('-'), magnitude))
            .ok_or(ValueErrorKind::OutOfRange)
    })
    .parse(input)
}

/// A float: an optional sign, then decimal digits with an optional point and exponent, or `NAN`, `INF`, `INFINITY` in
/// any case. It is rounded to the nearest `f64`.
///
/// # Errors
/// If no number begins here; or [`ValueErrorKind::OutOfRange`] as external error.
pub fn float<'a, E>(input: &'a [u8]) -> IResult<&'a [u8], f64, E>
where
    E: ParseError<&'a [u8]> + FromExternalError<&'a [u8], ValueErrorKind>,
{
    let sign = || opt(one_of("+-"));
    let exponent = || opt((one_of("eE"), sign(), digit1));
    let decimal = alt((
        recognize((digit1, opt((tag(&b"."[..]), digit0)), exponent())),
        recognize((tag(&b"."[..]), digit1, exponent())),
    ));
    let word = alt((tag_no_case("infinity"), tag_no_case("inf"), tag_no_case("nan")));
    map_res(recognize((sign(), alt((decimal, word)))), |text: &[u8]| {
        if let Some(b'f' | b'F' | b'y' | b'Y') = text.last() {
            return Ok(if text.first() == Some(&b'-') { f64::NEG_INFINITY } else { f64::INFINITY });
        }
        // This gives NaN for `nan`.
        let number = parse_decimal(text);
        // Too large is an error, as it is for C's strtod (ERANGE).
        if number.is_infinite() { Err(ValueErrorKind::OutOfRange) } else { Ok(number) }
    })
    .parse(input)
}

fn yes_no(input: &[u8]) -> NumberResult<'_, bool> {
    one_of("01").map(|digit| digit == '1').parse(input)
}

/// A date with its errors in those of a value.
fn date(input: &[u8]) -> NumberResult<'_, Date> {
    super::date::date::<Located<'_, DateError>>(input)
        .map_err(|error| error.map(|error| error.map(ValueErrorKind::Date)))
}

#[cfg(test)]
mod tests;
