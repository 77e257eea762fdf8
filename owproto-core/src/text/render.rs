//! Values as text, in the two forms that owserver uses: in replies to READ, and as data of a WRITE.

use core::fmt;
use core::num::FpCategory;
use core::ops::Range;

use super::ascii::{Ascii, AsciiWriter};
use super::date::Date;
use super::float::{digits_of, shortest_digits_of, significant_len};
use super::value::Value;
use crate::wire::Flags;

/// The width of an untrimmed number, in characters.
pub const NUMBER_COLUMNS: usize = 12;

/// Whether numbers are padded on the left with blanks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Padding {
    /// To 12 columns.
    #[default]
    Padded,
    /// Not padded, as the control flag [`TRIM`](Flags::TRIM) requests.
    Trimmed,
}

impl Padding {
    /// The padding that the flags of a request ask for.
    #[must_use]
    pub const fn from_flags(flags: Flags) -> Self {
        if flags.contains(Flags::TRIM) { Self::Trimmed } else { Self::Padded }
    }
}

impl<'a> Value<'a> {
    /// The value, or one element of an array, as owserver writes it in a reply to READ (owfs: `ow_parseoutput.c`).
    ///
    /// | value | text |
    /// |-------|------|
    /// | integer, unsigned | `%12d`, `%12u` |
    /// | float | `%12G`: see [`percent_g`] |
    /// | yes/no | `1` or `0` |
    /// | date | 24 characters |
    /// | text, bytes | unchanged |
    ///
    /// The caller applies the request's size and offset, and the declared length of the property.
    ///
    /// # Errors
    /// [`TooWide`] for a float that needs more than 12 columns, where owserver answers -90.
    ///
    /// ```
    /// use owproto_core::text::{Padding, Value};
    /// assert_eq!(Value::Float(39.38).render(Padding::Padded)?.as_bytes(), b"       39.38");
    /// assert_eq!(Value::Float(39.38).render(Padding::Trimmed)?.as_bytes(), b"39.38");
    /// assert!(Value::Float(-1.23456e-123).render(Padding::Trimmed).is_err());
    /// # Ok::<(), owproto_core::text::TooWide>(())
    /// ```
    pub fn render(&self, padding: Padding) -> Result<ValueText<'a>, TooWide> {
        let mut buffer = RenderBuffer::new();
        Ok(ValueText::inline(match *self {
            Self::Integer(number) => buffer.integer(number < 0, number.unsigned_abs(), padding),
            Self::Unsigned(number) => buffer.integer(false, number, padding),
            Self::Float(number) => buffer.float(number, padding)?,
            Self::YesNo(yes) => yes_no_text(yes),
            Self::Date(date) => buffer.date(date),
            Self::Text(bytes) | Self::Bytes(bytes) => return Ok(ValueText(Inner::Borrowed(bytes))),
        }))
    }

    /// The value as data for a WRITE: numbers in decimal, floats with the fewest digits that parse to the same float,
    /// yes/no as `1` or `0`, dates as their 24 characters, text and bytes unchanged.
    ///
    /// owserver accepts all of these (owfs: `ow_parseinput.c`; observed, owserver 3.2p4). For the elements of an array use
    /// [`encode_list`].
    ///
    /// ```
    /// use owproto_core::text::Value;
    /// assert_eq!(Value::Float(-12.5).encode().as_bytes(), b"-12.5");
    /// assert_eq!(Value::YesNo(true).encode().as_bytes(), b"1");
    /// ```
    #[must_use]
    pub fn encode(&self) -> ValueText<'a> {
        let mut buffer = RenderBuffer::new();
        ValueText::inline(match *self {
            Self::Integer(number) => buffer.integer(number < 0, number.unsigned_abs(), Padding::Trimmed),
            Self::Unsigned(number) => buffer.integer(false, number, Padding::Trimmed),
            Self::Float(number) => return ValueText(Inner::Ascii(shortest(number))),
            Self::YesNo(yes) => yes_no_text(yes),
            Self::Date(date) => buffer.date(date),
            Self::Text(bytes) | Self::Bytes(bytes) => return ValueText(Inner::Borrowed(bytes)),
        })
    }

    /// Writes the text of [`encode`](Self::encode) to the front of a buffer, and returns that part.
    ///
    /// # Errors
    /// [`BufferTooSmall`], with the required length.
    pub fn encode_into<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b [u8], BufferTooSmall> {
        encode_list(core::slice::from_ref(self), buffer)
    }
}

/// Writes the elements of an array to the front of a buffer, as data for a WRITE to its `.ALL`, and returns that part.
/// Elements are separated by commas, except those of bytes (owfs: `ow_parseinput.c`).
///
/// The list must have all elements of the array, else owserver answers -22. Text must not contain a comma.
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
/// [`BufferTooSmall`], with the required length.
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

/// The text of a value, stored inline or borrowed from the value. Returned by [`Value::render`] and [`Value::encode`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ValueText<'a>(Inner<'a>);

/// Holds the longest inline text: a date, or a float with 17 digits, sign, point, and leading zeros or exponent.
type ValueAscii = Ascii<{ Date::TEXT_LEN }>;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Inner<'a> {
    Ascii(ValueAscii),
    Borrowed(&'a [u8]),
}

impl ValueText<'_> {
    fn inline(bytes: &[u8]) -> Self {
        let mut text = ValueAscii::new();
        text.writer().push_bytes(bytes);
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

/// Memory for the text of a padded number or a date.
pub(crate) struct RenderBuffer(Ascii<{ 2 * NUMBER_COLUMNS + 1 }>);

impl RenderBuffer {
    pub(crate) const fn new() -> Self {
        Self(Ascii::new())
    }

    pub(crate) fn integer(&mut self, is_negative: bool, magnitude: u32, padding: Padding) -> &[u8] {
        let mut text = self.after_blanks();
        if is_negative {
            text.push(b'-');
        }
        text.push_decimal(magnitude, 0, b'0');
        // A 32-bit number has at most 11 characters.
        self.columns(padding).unwrap_or_default()
    }

    pub(crate) fn float(&mut self, number: f64, padding: Padding) -> Result<&[u8], TooWide> {
        push_g(&mut self.after_blanks(), number);
        self.columns(padding)
    }

    pub(crate) fn date(&mut self, date: Date) -> &[u8] {
        self.0.writer().push_bytes(date.to_ascii().as_bytes());
        self.0.as_bytes()
    }

    fn after_blanks(&mut self) -> AsciiWriter<'_> {
        let mut text = self.0.writer();
        text.push_bytes(&[b' '; NUMBER_COLUMNS]);
        text
    }

    /// The number after the blanks, with as many blanks as `padding` needs.
    fn columns(&self, padding: Padding) -> Result<&[u8], TooWide> {
        let text = self.0.as_bytes();
        let columns = text.len().wrapping_sub(NUMBER_COLUMNS);
        if columns > NUMBER_COLUMNS {
            return Err(TooWide { columns });
        }
        let start = match padding {
            Padding::Padded => columns,
            Padding::Trimmed => NUMBER_COLUMNS,
        };
        Ok(text.get(start..).unwrap_or_default())
    }
}

pub(crate) const fn yes_no_text(yes: bool) -> &'static [u8] {
    if yes { b"1" } else { b"0" }
}

/// A float as C's `%G` prints it: six significant digits without trailing zeros, from 1E-04 to below 1E+06 without an
/// exponent, `INF` and `NAN` in capitals.
///
/// It agrees with glibc for every bit pattern, including the signs of `-0` and `-NAN`.
///
/// ```
/// use owproto_core::text::percent_g;
/// assert_eq!(percent_g(277.25), "277.25");
/// assert_eq!(percent_g(-123_456_789.0), "-1.23457E+08");
/// assert_eq!(percent_g(1e10), "1E+10");
/// ```
#[must_use]
pub fn percent_g(number: f64) -> Ascii<13> {
    // The longest text has 13 characters: `-1.23456E-123`.
    let mut text = Ascii::new();
    push_g(&mut text.writer(), number);
    text
}

fn push_g(text: &mut AsciiWriter<'_>, number: f64) {
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
    let digits = digits.get(..significant_len(&digits)).unwrap_or_default();
    push_digits(text, digits, exponent, -4..6);
    if !(-4..6).contains(&exponent) {
        text.push(b'E');
        text.push(if exponent.is_negative() { b'-' } else { b'+' });
        text.push_decimal(exponent.unsigned_abs(), 2, b'0');
    }
}

/// A float with the fewest digits that parse to it, in the notation of the standard library: `12.5`, `1.5e-7`.
fn shortest(number: f64) -> ValueAscii {
    // All fits: 17 digits, a sign, a point, and four leading zeros or an exponent.
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
    push_digits(&mut text.writer(), digits.get(..len).unwrap_or_default(), exponent, -5..16);
    if !(-5..16).contains(&exponent) {
        text.push(b'e');
        if exponent.is_negative() {
            text.push(b'-');
        }
        text.push_decimal(exponent.unsigned_abs(), 0, b'0');
    }
    text
}

/// Writes digits with a point. The first digit is at the place of `exponent` if that is in `fixed`, else at the units.
fn push_digits(text: &mut AsciiWriter<'_>, digits: &[u8], exponent: i32, fixed: Range<i32>) {
    let first = if fixed.contains(&exponent) { exponent } else { 0 };
    // Starts at the first digit, or at the units if the first digit is after the point.
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

/// A number needs more than 12 columns. owserver answers
/// [`MESSAGE_SIZE`](crate::message::ReturnCode::MESSAGE_SIZE) then (observed, owserver 3.2p4).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct TooWide {
    /// The columns that it needs.
    pub columns: usize,
}

impl fmt::Display for TooWide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a number has {NUMBER_COLUMNS} columns, not {}", self.columns)
    }
}

impl core::error::Error for TooWide {}

/// The buffer is shorter than the value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct BufferTooSmall {
    /// Bytes of the value.
    pub needed: usize,
}

impl fmt::Display for BufferTooSmall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the value needs {} bytes", self.needed)
    }
}

impl core::error::Error for BufferTooSmall {}

#[cfg(test)]
mod tests;
