use core::fmt;

use nom::branch::alt;
use nom::bytes::complete::{tag, tag_no_case};
use nom::character::complete::{digit0, digit1, one_of};
use nom::combinator::{map_res, opt, recognize};
use nom::error::{FromExternalError, ParseError};
use nom::{IResult, Parser};

use super::date::{Date, DateError};
use super::located::{self, Located};
use super::number::from_decimal;
use super::value_type::ValueType;

/// The value of a property.
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
    /// A number in the unit that the control flags asked for. May be infinite or no number at all.
    Float(f64),
    /// Yes or no.
    YesNo(bool),
    /// A date and time on the clock of the server.
    Date(Date),
    /// Text: as a rule ASCII, but an alias may hold any bytes.
    Text(&'a [u8]),
    /// Bytes of a memory.
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    /// Parses what a server sent for one value of a known type.
    ///
    /// Numbers, yes/no and dates may have white space at both ends: owserver pads numbers to 12 columns, or not at
    /// all. Floats may be written any way that C prints them, `NAN`, `INF` and `-INF` in any case. Text and bytes
    /// are taken as they are.
    ///
    /// # Errors
    /// [`ValueError`]; among others for numbers that 32 bits do not hold, and for what a read with a small size cut
    /// down to blanks.
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

    /// A number of any sort; `None` for others.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match *self {
            Self::Integer(number) => Some(number.into()),
            Self::Unsigned(number) => Some(number.into()),
            Self::Float(number) => Some(number),
            _ => None,
        }
    }

    /// A yes/no; `None` for others.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        match *self {
            Self::YesNo(yes) => Some(yes),
            _ => None,
        }
    }

    /// The bits of an unsigned number; `None` for others.
    #[must_use]
    pub const fn as_bit_field(&self) -> Option<BitField> {
        match *self {
            Self::Unsigned(bits) => Some(BitField(bits)),
            _ => None,
        }
    }

    /// The date; `None` for others.
    #[must_use]
    pub const fn as_date(&self) -> Option<Date> {
        match *self {
            Self::Date(date) => Some(date),
            _ => None,
        }
    }

    /// Text or bytes; `None` for others.
    #[must_use]
    pub const fn as_bytes(&self) -> Option<&'a [u8]> {
        match *self {
            Self::Text(bytes) | Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Text, if it is UTF-8; `None` otherwise and for others.
    #[must_use]
    pub fn as_str(&self) -> Option<&'a str> {
        match *self {
            Self::Text(bytes) => core::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }
}

/// For people: numbers without padding and with all their digits, `yes` or `no`, text with U+FFFD for what is not
/// UTF-8, bytes as hexadecimal. What goes to a server comes from [`encode`](Value::encode) and
/// [`render`](Value::render).
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
    /// Whether the element is yes. Elements from 32 on are not there, and no.
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
    /// Index of the first byte that does not fit, in all the bytes that were given; their length if they are too
    /// short.
    pub position: usize,
    /// What is wrong there.
    pub kind: ValueErrorKind,
}

/// What is wrong in a [`ValueError`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ValueErrorKind {
    /// Nothing, or nothing but white space.
    Empty,
    /// A byte that does not belong in a value of this type.
    Syntax,
    /// A number beyond 32 bits (integer, unsigned), or beyond what a float holds.
    OutOfRange,
    /// There is no such date.
    Date(DateError),
    /// The last element of an array of bytes is cut.
    Length {
        /// Bytes of an element.
        expected: usize,
        /// Bytes that were left for it.
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

/// Runs a grammar over all of `bytes` but the white space at both ends.
fn padded<'a, T>(
    bytes: &'a [u8],
    grammar: impl FnOnce(&'a [u8]) -> NumberResult<'a, T>,
) -> Result<T, ValueError> {
    let start = bytes.trim_ascii_start();
    let blanks = bytes.len().saturating_sub(start.len());
    let text = start.trim_ascii_end();
    if text.is_empty() {
        return Err(ValueError { position: blanks, kind: ValueErrorKind::Empty });
    }
    located::whole(text, grammar).map_err(|(position, reason)| ValueError {
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
        // Of `nan` it makes no number.
        let number = from_decimal(text);
        // strtod says ERANGE to what is too large, not infinity.
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
mod tests {
    use std::string::ToString;
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    fn error(position: usize, kind: ValueErrorKind) -> Result<Value<'static>, ValueError> {
        Err(ValueError { position, kind })
    }

    #[test]
    fn integers() {
        let parse = |text| Value::parse(ValueType::Integer, text);
        for (text, number) in [
            (&b"         239"[..], 239),
            (b"239", 239),
            (b"-2147483648", i32::MIN),
            (b" 2147483647 ", i32::MAX),
            (b"+7", 7),
            (b"-0", 0),
            (b"0000000000000000000007\n", 7),
        ] {
            assert_eq!(parse(text), Ok(Value::Integer(number)));
        }
        assert_eq!(parse(b""), error(0, ValueErrorKind::Empty));
        assert_eq!(parse(b"   "), error(3, ValueErrorKind::Empty));
        assert_eq!(parse(b"  x"), error(2, ValueErrorKind::Syntax));
        assert_eq!(parse(b"  -"), error(3, ValueErrorKind::Syntax));
        assert_eq!(parse(b" 12x "), error(3, ValueErrorKind::Syntax));
        assert_eq!(parse(b"1 2"), error(1, ValueErrorKind::Syntax));
        assert_eq!(parse(b" 2147483648"), error(1, ValueErrorKind::OutOfRange));
        assert_eq!(parse(b"-2147483649"), error(0, ValueErrorKind::OutOfRange));
        assert_eq!(parse(b"99999999999"), error(0, ValueErrorKind::OutOfRange));
    }

    #[test]
    fn unsigned_numbers() {
        for value_type in [ValueType::Unsigned, ValueType::BitField] {
            let parse = |text| Value::parse(value_type, text);
            assert_eq!(parse(b"          36"), Ok(Value::Unsigned(36)));
            assert_eq!(parse(b"  4294967295"), Ok(Value::Unsigned(u32::MAX)));
            assert_eq!(parse(b"-0"), Ok(Value::Unsigned(0)));
            assert_eq!(parse(b"4294967296"), error(0, ValueErrorKind::OutOfRange));
            assert_eq!(parse(b" -5"), error(1, ValueErrorKind::OutOfRange));
            assert_eq!(parse(b"0x5"), error(1, ValueErrorKind::Syntax));
        }
    }

    #[test]
    fn floats() {
        let parse = |text| Value::parse(ValueType::Temperature, text);
        for (text, number) in [
            (&b"         3.6"[..], 3.6),
            (b"-1.23457E+08", -1.23457e8),
            (b"1E+10", 1e10),
            (b" 0.000123457", 0.000_123_457),
            (b".5", 0.5),
            (b"5.", 5.0),
            (b"+5e0", 5.0),
            (b"1e-400", 0.0),
            (b"         INF", f64::INFINITY),
            (b"-Inf", f64::NEG_INFINITY),
            (b"infinity", f64::INFINITY),
        ] {
            assert_eq!(parse(text), Ok(Value::Float(number)));
        }
        for text in [&b"         NAN"[..], b"nan", b"-NaN"] {
            assert!(matches!(parse(text), Ok(Value::Float(number)) if number.is_nan()));
        }
        assert_eq!(parse(b" 1e400"), error(1, ValueErrorKind::OutOfRange));
        assert_eq!(parse(b"-1e400"), error(0, ValueErrorKind::OutOfRange));
        assert_eq!(parse(b"        "), error(8, ValueErrorKind::Empty));
        assert_eq!(parse(b" 1.5 C"), error(4, ValueErrorKind::Syntax));
        assert_eq!(parse(b"1,5"), error(1, ValueErrorKind::Syntax));
        assert_eq!(parse(b"1E"), error(1, ValueErrorKind::Syntax));
        assert_eq!(parse(b"."), error(0, ValueErrorKind::Syntax));
        assert_eq!(parse(b"infin"), error(3, ValueErrorKind::Syntax));
        assert_eq!(parse(b"0x10"), error(1, ValueErrorKind::Syntax));
    }

    #[test]
    fn yes_and_no() {
        let parse = |text| Value::parse(ValueType::YesNo, text);
        assert_eq!(parse(b"1"), Ok(Value::YesNo(true)));
        assert_eq!(parse(b" 0 "), Ok(Value::YesNo(false)));
        assert_eq!(parse(b""), error(0, ValueErrorKind::Empty));
        assert_eq!(parse(b"2"), error(0, ValueErrorKind::Syntax));
        assert_eq!(parse(b"10"), error(1, ValueErrorKind::Syntax));
    }

    #[test]
    fn dates() {
        let parse = |text| Value::parse(ValueType::Date, text);
        let date = Date::new(2007, 3, 23, 4, 0, 0).unwrap();
        assert_eq!(parse(b"Fri Mar 23 04:00:00 2007"), Ok(Value::Date(date)));
        assert_eq!(parse(b" Fri Mar 23 04:00:00 2007\n"), Ok(Value::Date(date)));
        assert_eq!(parse(b" Fri Mar 23 04:00;00 2007"), error(17, ValueErrorKind::Syntax));
        let wrong = parse(b"Sat Mar 23 04:00:00 2007");
        assert_eq!(wrong, error(0, ValueErrorKind::Date(DateError::WrongWeekday)));
        assert!(core::error::Error::source(&wrong.unwrap_err()).is_some());
    }

    #[test]
    fn text_and_bytes_are_taken_as_they_are() {
        for value_type in [ValueType::Text, ValueType::Alias] {
            assert_eq!(Value::parse(value_type, b" a\xff "), Ok(Value::Text(b" a\xff ")));
            assert_eq!(Value::parse(value_type, b""), Ok(Value::Text(b"")));
        }
        for value_type in [ValueType::Bytes, ValueType::Unknown] {
            assert_eq!(Value::parse(value_type, b"\0 "), Ok(Value::Bytes(b"\0 ")));
        }
        assert_eq!(Value::parse(ValueType::Directory, b"x"), error(0, ValueErrorKind::Directory));
    }

    #[test]
    fn bits() {
        let bits = BitField(0x8000_0001);
        assert!(bits.get(0) && bits.get(31));
        assert!(!bits.get(1) && !bits.get(32) && !bits.get(u32::MAX));
        assert_eq!(bits.with(32, true).with(0, false), BitField(0x8000_0000));
    }

    #[test]
    fn printing() {
        assert_eq!(Value::Text(b"k\xc3\xbcche\xff").to_string(), "küche\u{fffd}");
        assert_eq!(Value::Bytes(&[0x00, 0xab]).to_string(), "00ab");
        assert_eq!(Value::Float(39.38).to_string(), "39.38");
        assert_eq!(
            ValueError { position: 3, kind: ValueErrorKind::Syntax }.to_string(),
            "not a value of this type: unexpected at byte 3"
        );
    }

    #[test]
    fn each_kind_is_what_it_is_and_nothing_else() {
        let date = Date::new(2007, 3, 23, 4, 0, 0).unwrap();
        for value in [
            Value::Integer(-7),
            Value::Unsigned(7),
            Value::Float(0.5),
            Value::YesNo(true),
            Value::Date(date),
            Value::Text(b"abc"),
            Value::Bytes(b"abc"),
        ] {
            let (number, bits, bytes, text) = match value {
                Value::Integer(_) => (Some(-7.0), None, None, None),
                Value::Unsigned(_) => (Some(7.0), Some(BitField(7)), None, None),
                Value::Float(_) => (Some(0.5), None, None, None),
                Value::Text(bytes) => (None, None, Some(bytes), Some("abc")),
                Value::Bytes(bytes) => (None, None, Some(bytes), None),
                Value::YesNo(_) | Value::Date(_) => (None, None, None, None),
            };
            assert_eq!((value.as_f64(), value.as_bit_field()), (number, bits), "{value:?}");
            assert_eq!((value.as_bytes(), value.as_str()), (bytes, text), "{value:?}");
            assert_eq!(value.as_bool(), matches!(value, Value::YesNo(_)).then_some(true));
            assert_eq!(value.as_date(), matches!(value, Value::Date(_)).then_some(date));
        }
        assert_eq!(Value::Text(b"\xff").as_str(), None);
    }

    #[test]
    fn a_bit_that_is_set_stays_set() {
        assert_eq!(BitField(0b101).with(2, true), BitField(0b101));
        assert_eq!(BitField(0b101).with(1, false), BitField(0b101));
    }

    proptest! {
        #[test]
        fn any_bytes_are_parsed_or_refused(bytes: Vec<u8>) {
            for &value_type in ValueType::ALL {
                if let Err(error) = Value::parse(value_type, &bytes) {
                    prop_assert!(error.position <= bytes.len());
                }
            }
        }

        #[test]
        fn floats_agree_with_the_standard_library(text in "[+-]?([0-9]{0,4}\\.?[0-9]{0,4}([eE][+-]?[0-9]{0,3})?|[iI][nN][fF](inity)?|nan)") {
            match (Value::parse(ValueType::Float, text.as_bytes()), text.parse::<f64>()) {
                (Ok(Value::Float(ours)), Ok(theirs)) => prop_assert_eq!(ours.to_bits(), theirs.to_bits()),
                (Err(_), Err(_)) => {}
                (Err(error), Ok(theirs)) => {
                    prop_assert_eq!(error.kind, ValueErrorKind::OutOfRange);
                    prop_assert!(theirs.is_infinite());
                }
                other => prop_assert!(false, "{text} {other:?}"),
            }
        }

        #[test]
        fn integers_agree_with_the_standard_library(text in "[+-]?[0-9]{0,12}") {
            let parsed = Value::parse(ValueType::Integer, text.as_bytes()).ok();
            prop_assert_eq!(parsed, text.parse().ok().map(Value::Integer));
        }

        #[test]
        fn a_grammar_leaves_what_follows(number: i32, rest in "[ ,/a-z]?.*") {
            prop_assume!(!rest.starts_with(|c: char| c.is_ascii_digit()));
            let text = std::format!("{number}{rest}");
            prop_assert_eq!(integer::<()>(text.as_bytes()), Ok((rest.as_bytes(), number)));
        }
    }
}
