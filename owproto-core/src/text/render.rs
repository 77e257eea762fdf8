//! Values as text: as owserver writes them in replies to READ, and as it takes them in WRITE.

use core::fmt;
use core::num::FpCategory;
use core::ops::Range;

use super::ascii::{Ascii, End};
use super::date::Date;
use super::number::{digits_of, shortest_digits_of, significant};
use super::value::Value;
use crate::wire::Flags;

/// Columns of a number.
pub const COLUMNS: usize = 12;

/// Whether numbers are padded with blanks on the left, to 12 columns.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Padding {
    /// To 12 columns.
    #[default]
    Padded,
    /// Not at all: what the control flag [`TRIM`](Flags::TRIM) asks for.
    Trimmed,
}

impl Padding {
    /// What the flags of a request ask for.
    #[must_use]
    pub const fn from_flags(flags: Flags) -> Self {
        if flags.contains(Flags::TRIM) { Self::Trimmed } else { Self::Padded }
    }
}

impl<'a> Value<'a> {
    /// The value as owserver writes it in a reply to READ, one element of an array at a time (owfs:
    /// `ow_parseoutput.c`).
    ///
    /// | value | text |
    /// |-------|------|
    /// | integer, unsigned | `%12d`, `%12u` |
    /// | float | `%12G`: see [`percent_g`] |
    /// | yes/no | `1` or `0` |
    /// | date | 24 characters |
    /// | text, bytes | as they are |
    ///
    /// Size and offset of the request, and the declared length of the property, are for the caller to apply.
    ///
    /// # Errors
    /// [`TooWide`] for a float that needs more than 12 columns; owserver answers -90 then.
    ///
    /// ```
    /// use owproto_core::text::{Padding, Value};
    /// assert_eq!(Value::Float(39.38).render(Padding::Padded)?.as_bytes(), b"       39.38");
    /// assert_eq!(Value::Float(39.38).render(Padding::Trimmed)?.as_bytes(), b"39.38");
    /// assert!(Value::Float(-1.23456e-123).render(Padding::Trimmed).is_err());
    /// # Ok::<(), owproto_core::text::TooWide>(())
    /// ```
    pub fn render(&self, padding: Padding) -> Result<ValueText<'a>, TooWide> {
        let mut made = Rendered::new();
        Ok(ValueText::made(match *self {
            Self::Integer(number) => made.integer(number < 0, number.unsigned_abs(), padding),
            Self::Unsigned(number) => made.integer(false, number, padding),
            Self::Float(number) => made.float(number, padding)?,
            Self::YesNo(yes) => yes_no(yes),
            Self::Date(date) => made.date(date),
            Self::Text(bytes) | Self::Bytes(bytes) => return Ok(ValueText(Inner::Borrowed(bytes))),
        }))
    }

    /// The value as data for WRITE: numbers in decimal, floats with the fewest digits that give the same float
    /// again, yes/no as `1` or `0`, dates as their 24 characters, text and bytes as they are.
    ///
    /// owserver takes all of them so (owfs: `ow_parseinput.c`; observed, owserver 3.2p4). The elements of an array
    /// go as one list: [`encode_list`].
    ///
    /// ```
    /// use owproto_core::text::Value;
    /// assert_eq!(Value::Float(-12.5).encode().as_bytes(), b"-12.5");
    /// assert_eq!(Value::YesNo(true).encode().as_bytes(), b"1");
    /// ```
    #[must_use]
    pub fn encode(&self) -> ValueText<'a> {
        let mut made = Rendered::new();
        ValueText::made(match *self {
            Self::Integer(number) => made.integer(number < 0, number.unsigned_abs(), Padding::Trimmed),
            Self::Unsigned(number) => made.integer(false, number, Padding::Trimmed),
            Self::Float(number) => return ValueText(Inner::Ascii(shortest(number))),
            Self::YesNo(yes) => yes_no(yes),
            Self::Date(date) => made.date(date),
            Self::Text(bytes) | Self::Bytes(bytes) => return ValueText(Inner::Borrowed(bytes)),
        })
    }

    /// Writes what [`encode`](Self::encode) gives to the start of a buffer, and returns that part.
    ///
    /// # Errors
    /// [`BufferTooSmall`], with the length that is needed.
    pub fn encode_into<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b [u8], BufferTooSmall> {
        encode_list(core::slice::from_ref(self), buffer)
    }
}

/// Writes the elements of an array to the start of a buffer, as data for a WRITE to its `.ALL`, and returns that
/// part: with commas between them, but bytes one after the other (owfs: `ow_parseinput.c`).
///
/// owserver wants exactly as many elements as there are, else it answers -22. Text must not hold a comma.
///
/// ```
/// use owproto_core::text::{Value, encode_list};
/// let mut buffer = [0; 100];
/// let data = encode_list(&[true, false, true].map(Value::YesNo), &mut buffer)?;
/// assert_eq!(data, b"1,0,1");
/// # Ok::<(), owproto_core::text::BufferTooSmall>(())
/// ```
///
/// # Errors
/// [`BufferTooSmall`], with the length that is needed.
pub fn encode_list<'b>(values: &[Value<'_>], buffer: &'b mut [u8]) -> Result<&'b [u8], BufferTooSmall> {
    let mut len = 0usize;
    let mut put = |bytes: &[u8]| {
        if let Some(room) = buffer.get_mut(len..).and_then(|rest| rest.get_mut(..bytes.len())) {
            room.copy_from_slice(bytes);
        }
        len = len.saturating_add(bytes.len());
    };
    for (n, value) in values.iter().enumerate() {
        if n > 0 && !matches!(value, Value::Bytes(_)) {
            put(b",");
        }
        put(value.encode().as_bytes());
    }
    buffer.get(..len).ok_or(BufferTooSmall { needed: len })
}

/// The text of a value: a few bytes of its own, or borrowed from the value. Made by [`Value::render`] and
/// [`Value::encode`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ValueText<'a>(Inner<'a>);

/// Room for the longest: a date, or a float with 17 digits, sign, point and leading zeros or exponent.
type ValueAscii = Ascii<{ Date::TEXT_LEN }>;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Inner<'a> {
    Ascii(ValueAscii),
    Borrowed(&'a [u8]),
}

impl ValueText<'_> {
    fn made(bytes: &[u8]) -> Self {
        let mut text = ValueAscii::new();
        text.end().push_bytes(bytes);
        Self(Inner::Ascii(text))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Inner::Ascii(text) => text.as_bytes(),
            Inner::Borrowed(bytes) => bytes,
        }
    }
}

impl AsRef<[u8]> for ValueText<'_> {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for ValueText<'_> {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "{=[u8]:a}", self.as_bytes());
    }
}

/// Memory for the text of a number with blanks in front of it, or for a date.
pub(crate) struct Rendered(Ascii<{ 2 * COLUMNS + 1 }>);

impl Rendered {
    pub(crate) const fn new() -> Self {
        Self(Ascii::new())
    }

    pub(crate) fn integer(&mut self, is_negative: bool, magnitude: u32, padding: Padding) -> &[u8] {
        let mut end = self.behind_blanks();
        if is_negative {
            end.push(b'-');
        }
        end.push_decimal(magnitude, 0, b'0');
        // It has at most 11 characters.
        self.columns(padding).unwrap_or_default()
    }

    pub(crate) fn float(&mut self, number: f64, padding: Padding) -> Result<&[u8], TooWide> {
        push_g(&mut self.behind_blanks(), number);
        self.columns(padding)
    }

    pub(crate) fn date(&mut self, date: Date) -> &[u8] {
        self.0.end().push_bytes(date.to_ascii().as_bytes());
        self.0.as_bytes()
    }

    fn behind_blanks(&mut self) -> End<'_> {
        let mut end = self.0.end();
        end.push_bytes(&[b' '; COLUMNS]);
        end
    }

    /// The number behind the blanks, with as many of them as it wants.
    fn columns(&self, padding: Padding) -> Result<&[u8], TooWide> {
        let text = self.0.as_bytes();
        let columns = text.len().wrapping_sub(COLUMNS);
        if columns > COLUMNS {
            return Err(TooWide { columns });
        }
        let start = match padding {
            Padding::Padded => columns,
            Padding::Trimmed => COLUMNS,
        };
        Ok(text.get(start..).unwrap_or_default())
    }
}

pub(crate) const fn yes_no(yes: bool) -> &'static [u8] {
    if yes { b"1" } else { b"0" }
}

/// A float as C's `%G` prints it: six significant digits without trailing zeros, from 1E-04 to below 1E+06 without an
/// exponent, `INF` and `NAN` in capitals.
///
/// Agrees with glibc in every bit pattern, also in the sign of `-0` and `-NAN`.
///
/// ```
/// use owproto_core::text::percent_g;
/// assert_eq!(percent_g(277.25), "277.25");
/// assert_eq!(percent_g(-123_456_789.0), "-1.23457E+08");
/// assert_eq!(percent_g(1e10), "1E+10");
/// ```
#[must_use]
pub fn percent_g(number: f64) -> Ascii<13> {
    // Everything fits into 13 characters: `-1.23456E-123`.
    let mut text = Ascii::new();
    push_g(&mut text.end(), number);
    text
}

fn push_g(text: &mut End<'_>, number: f64) {
    if number.is_sign_negative() {
        text.push(b'-');
    }
    let mut digits = [0; 6];
    let exponent = match number.classify() {
        FpCategory::Nan => return text.push_bytes(b"NAN"),
        FpCategory::Infinite => return text.push_bytes(b"INF"),
        FpCategory::Zero => 0,
        FpCategory::Subnormal | FpCategory::Normal => digits_of(number, &mut digits),
    };
    let digits = digits.get(..significant(&digits)).unwrap_or_default();
    push_digits(text, digits, exponent, -4..6);
    if !(-4..6).contains(&exponent) {
        text.push(b'E');
        text.push(if exponent.is_negative() { b'-' } else { b'+' });
        text.push_decimal(exponent.unsigned_abs(), 2, b'0');
    }
}

/// A float with the fewest digits that give it again, written as the standard library does: `12.5`, `1.5e-7`.
fn shortest(number: f64) -> ValueAscii {
    // Everything fits: 17 digits, a sign, a point, and four zeros in front or an exponent.
    let mut text = ValueAscii::new();
    if number.is_nan() {
        text.push_str("NaN");
        return text;
    }
    if number.is_sign_negative() {
        text.push(b'-');
    }
    if number.is_infinite() {
        text.push_str("inf");
        return text;
    }
    let mut digits = [0; 17];
    let (len, exponent) = if number == 0.0 { (0, 0) } else { shortest_digits_of(number.abs(), &mut digits) };
    push_digits(&mut text.end(), digits.get(..len).unwrap_or_default(), exponent, -5..16);
    if !(-5..16).contains(&exponent) {
        text.push(b'e');
        if exponent.is_negative() {
            text.push(b'-');
        }
        text.push_decimal(exponent.unsigned_abs(), 0, b'0');
    }
    text
}

/// Digits with a point, of which the first stands for 10 to the power of `exponent` if that is in `fixed`, and for
/// units otherwise.
fn push_digits(text: &mut End<'_>, digits: &[u8], exponent: i32, fixed: Range<i32>) {
    let first = if fixed.contains(&exponent) { exponent } else { 0 };
    // From the first digit, or from the units if that comes behind the point.
    let mut place = first.max(0);
    let mut digits = digits.iter();
    while place >= 0 || digits.len() > 0 {
        if place == -1 {
            text.push(b'.');
        }
        let digit = if place > first { None } else { digits.next() };
        text.push(b'0'.wrapping_add(digit.copied().unwrap_or_default()));
        place = place.wrapping_sub(1);
    }
}

/// A number needs more columns than the 12 that a reply has for it. owserver answers
/// [`MESSAGE_SIZE`](crate::message::ReturnCode::MESSAGE_SIZE) then (observed, owserver 3.2p4).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct TooWide {
    /// How many it needs.
    pub columns: usize,
}

impl fmt::Display for TooWide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a number has {COLUMNS} columns, not {}", self.columns)
    }
}

impl core::error::Error for TooWide {}

/// A value is longer than the buffer for it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct BufferTooSmall {
    /// How many bytes would do.
    pub needed: usize,
}

impl fmt::Display for BufferTooSmall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the value needs {} bytes", self.needed)
    }
}

impl core::error::Error for BufferTooSmall {}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;
    use crate::text::{Elements, ValueType};

    #[test]
    fn percent_g_is_that_of_c() {
        let mut count = 0;
        for line in include_str!("percent_g.txt").lines().filter(|line| !line.starts_with('#')) {
            let (bits, expected) = line.split_once(' ').unwrap();
            let number = f64::from_bits(u64::from_str_radix(bits, 16).unwrap());
            assert_eq!(percent_g(number), expected, "{number:e}");
            count += 1;
        }
        assert!(count > 500, "{count}");
    }

    #[test]
    fn floats_as_observed() {
        // Observed, owserver 3.2p4.
        for (number, text) in [
            (4.1, "         4.1"),
            (0.000_123_456_789, " 0.000123457"),
            (-123_456_789.0, "-1.23457E+08"),
            (1013.25, "     1013.25"),
            (0.003_947_692_677, "  0.00394769"),
        ] {
            assert_eq!(Value::Float(number).render(Padding::Padded).unwrap().as_bytes(), text.as_bytes());
        }
    }

    #[test]
    fn more_than_twelve_columns_are_an_error() {
        for padding in [Padding::Padded, Padding::Trimmed] {
            assert_eq!(Value::Float(-1.23456e-123).render(padding), Err(TooWide { columns: 13 }));
            assert_eq!(Value::Float(1.23456e-123).render(padding).unwrap().as_bytes(), b"1.23456E-123");
        }
    }

    #[test]
    fn padding_follows_the_flags() {
        assert_eq!(Padding::from_flags(Flags::NONE), Padding::Padded);
        assert_eq!(Padding::from_flags(Flags::TRIM | Flags::UNCACHED), Padding::Trimmed);
        let text = |value: Value<'static>, padding| Vec::from(value.render(padding).unwrap().as_bytes());
        assert_eq!(text(Value::Integer(i32::MIN), Padding::Padded), b" -2147483648");
        assert_eq!(text(Value::Unsigned(u32::MAX), Padding::Padded), b"  4294967295");
        assert_eq!(text(Value::Unsigned(44), Padding::Trimmed), b"44");
        assert_eq!(text(Value::YesNo(true), Padding::Padded), b"1");
        assert_eq!(text(Value::Text(b" a "), Padding::Trimmed), b" a ");
    }

    #[test]
    fn the_longest_floats_fit() {
        for (number, text) in [
            (-0.000_012_345_678_901_234_568, "-0.000012345678901234568"),
            (-1.234_567_890_123_456_7e-308, "-1.2345678901234567e-308"),
            (f64::MIN, "-1.7976931348623157e308"),
            (f64::from_bits(1), "5e-324"),
            (9_007_199_254_740_993.0, "9007199254740992"),
            (1e16, "1e16"),
            (0.0, "0"),
            (-0.0, "-0"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(Value::Float(number).encode().as_bytes(), text.as_bytes());
        }
    }

    #[test]
    fn lists() {
        let mut buffer = [0xa5; 12];
        let list = [Value::Integer(-1), Value::Text(b"ab"), Value::YesNo(false)];
        assert_eq!(encode_list(&list, &mut buffer), Ok(&b"-1,ab,0"[..]));
        assert_eq!(encode_list(&list, &mut buffer[..6]), Err(BufferTooSmall { needed: 7 }));
        assert_eq!(encode_list(&[Value::Bytes(b"ab"), Value::Bytes(b"cd")], &mut buffer), Ok(&b"abcd"[..]));
        assert_eq!(encode_list(&[], &mut []), Ok(&b""[..]));
        assert_eq!(Value::Float(1.5).encode_into(&mut buffer), Ok(&b"1.5"[..]));
        assert_eq!(Value::Text(b"abc").encode_into(&mut []), Err(BufferTooSmall { needed: 3 }));
    }

    /// Any value, with the type it has. Floats are numbers, so that they can be compared.
    fn any_value(bytes: &[u8]) -> impl Strategy<Value = (ValueType, Value<'_>)> {
        prop_oneof![
            any::<i32>().prop_map(|n| (ValueType::Integer, Value::Integer(n))),
            any::<u32>().prop_map(|n| (ValueType::Unsigned, Value::Unsigned(n))),
            any::<u32>().prop_map(|n| (ValueType::BitField, Value::Unsigned(n))),
            any_float().prop_map(|n| (ValueType::Pressure, Value::Float(n))),
            any::<bool>().prop_map(|yes| (ValueType::YesNo, Value::YesNo(yes))),
            any_date().prop_map(|date| (ValueType::Date, Value::Date(date))),
            Just((ValueType::Text, Value::Text(bytes))),
            Just((ValueType::Alias, Value::Text(bytes))),
            Just((ValueType::Bytes, Value::Bytes(bytes))),
            Just((ValueType::Unknown, Value::Bytes(bytes))),
        ]
    }

    fn any_float() -> impl Strategy<Value = f64> {
        any::<u64>().prop_map(f64::from_bits).prop_filter("a number", |number| !number.is_nan())
    }

    fn any_date() -> impl Strategy<Value = Date> {
        let seconds = Date::MIN.to_unix_seconds()..=Date::MAX.to_unix_seconds();
        seconds.prop_map(|seconds| Date::from_unix_seconds(seconds).unwrap())
    }

    fn any_padding() -> impl Strategy<Value = Padding> {
        prop_oneof![Just(Padding::Padded), Just(Padding::Trimmed)]
    }

    const SOME_BYTES: &[u8] = b"  any \xff\0 bytes, as they are ";

    #[test]
    fn only_numbers_below_zero_have_a_minus() {
        for (number, text) in [(0, "0"), (1, "1"), (-1, "-1"), (i32::MIN, "-2147483648")] {
            assert_eq!(Value::Integer(number).render(Padding::Trimmed).unwrap().as_bytes(), text.as_bytes());
            assert_eq!(Value::Integer(number).encode().as_bytes(), text.as_bytes());
        }
    }

    #[test]
    fn errors_say_how_much_is_needed() {
        assert_eq!(std::format!("{}", TooWide { columns: 13 }), "a number has 12 columns, not 13");
        assert_eq!(std::format!("{}", BufferTooSmall { needed: 13 }), "the value needs 13 bytes");
    }

    proptest! {
        #[test]
        fn parsing_undoes_encoding((value_type, value) in any_value(SOME_BYTES)) {
            let text = value.encode();
            prop_assert_eq!(Value::parse(value_type, text.as_bytes()), Ok(value));
        }

        #[test]
        fn parsing_undoes_rendering((value_type, value) in any_value(SOME_BYTES), padding in any_padding()) {
            // A float keeps six digits only, see below.
            prop_assume!(!matches!(value, Value::Float(_)));
            let text = value.render(padding).unwrap();
            prop_assert_eq!(Value::parse(value_type, text.as_bytes()), Ok(value));
        }

        #[test]
        fn a_rendered_float_keeps_six_digits(number in any_float(), padding in any_padding()) {
            let Ok(text) = Value::Float(number).render(padding) else { return Ok(()) };
            if padding == Padding::Padded {
                prop_assert_eq!(text.as_bytes().len(), COLUMNS);
            }
            match Value::parse(ValueType::Float, text.as_bytes()) {
                Ok(Value::Float(parsed)) => {
                    prop_assert!(parsed == number || (parsed - number).abs() <= number.abs() * 5.000_001e-6);
                    let again = Value::Float(parsed).render(padding).unwrap();
                    prop_assert_eq!(again.as_bytes(), text.as_bytes());
                }
                // Rounding to six digits took it beyond the largest float.
                error => prop_assert!(error.is_err() && number.abs() > 1.797_69e308),
            }
        }

        #[test]
        fn six_digits_survive_rendering(mantissa in -999_999i32..=999_999, exponent in -90i32..=90, padding in any_padding()) {
            let number: f64 = std::format!("{mantissa}e{exponent}").parse().unwrap();
            let text = Value::Float(number).render(padding).unwrap();
            prop_assert_eq!(Value::parse(ValueType::Float, text.as_bytes()), Ok(Value::Float(number)));
        }

        #[test]
        fn a_list_is_read_as_it_was_written(numbers in proptest::collection::vec(any_float(), 0..9)) {
            let values: Vec<Value<'_>> = numbers.into_iter().map(Value::Float).collect();
            let mut buffer = [0xa5; 300];
            let list = encode_list(&values, &mut buffer).unwrap();
            let read: Result<Vec<Value<'_>>, _> = Elements::separated(ValueType::Float, list).collect();
            prop_assert_eq!(read, Ok(values));
        }
    }
}
