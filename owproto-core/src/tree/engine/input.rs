//! What clients write: text that C's `strtol`, `strtod` and `strptime` would take (owfs: `ow_parseinput.c`; observed,
//! owserver 3.2p4).
//!
//! | type | taken | else |
//! |------|-------|------|
//! | integer, unsigned, `.BYTE` | blanks, a sign, digits; what follows is ignored; cut to 32 bits | no digits -22; beyond 64 bits -34 |
//! | float and the scaled types | as `strtod`: decimal, hexadecimal, `inf`, `nan`; what follows is ignored | -22; too large or too small for a float -34 |
//! | yes/no | a number, 0 is no; or a word that begins with `y`, `n`, `on`, `off` in any case | -22; blanks only -14 |
//! | date | see [`super::input_date`] | -22 |
//! | `.ALL` of these | one for each element, commas between, what follows the last number is ignored | -22 |

mod date;

use crate::message::ReturnCode;
use crate::text::{
    Base, BigUint, Date, Value, ValueType, digit_value, parse_float_prefix, split_at_comma, split_sign,
};
use crate::tree::bus::Bus;
use crate::tree::engine::units;
use crate::tree::model::property::{Element, Property};
use crate::tree::model::scope::Scope;
use crate::wire::Flags;

/// What a WRITE says; values are made from it when they are written.
#[derive(Clone, Copy, Debug)]
pub(in crate::tree) struct Input<'d> {
    property: &'static Property,
    element: Element<'d>,
    data: &'d [u8],
    flags: Flags,
    now: Option<Date>,
    /// How many values there are in the data: the elements of `.ALL`, or one.
    parts: u32,
    /// Whether they are the bits of one number.
    is_bits: bool,
    /// What the reply says: bytes taken.
    pub(in crate::tree) taken: usize,
}

impl<'d> Input<'d> {
    /// What was written to an element.
    pub(in crate::tree) fn new(
        property: &'static Property,
        element: Element<'d>,
        data: &'d [u8],
        flags: Flags,
        now: Option<Date>,
    ) -> Self {
        let is_all = element == Element::All;
        let parts = if is_all { property.elements().unwrap_or_default() } else { 1 };
        let is_bits = is_all && property.has_byte();
        Self { property, element, data, flags, now, parts, is_bits, taken: data.len() }
    }

    /// Checks it against the type of the property.
    pub(in crate::tree) fn check<B: Bus>(&mut self, offset: i32) -> Result<(), ReturnCode> {
        let is_all = self.element == Element::All;
        if is_all && offset != 0 {
            return Err(ReturnCode::INVALID_VALUE);
        }
        match self.property.value_type {
            ValueType::Bytes if is_all => {
                let whole = usize::try_from(self.property.len_of(self.element)).unwrap_or(usize::MAX);
                if self.data.len() != whole {
                    return Err(ReturnCode::INVALID_VALUE);
                }
            }
            ValueType::Text | ValueType::Alias | ValueType::Bytes if !is_all => {
                let len = usize::try_from(self.property.len).unwrap_or(usize::MAX);
                // A negative offset is a huge one.
                let room = usize::try_from(offset).map_or(0, |offset| len.saturating_sub(offset));
                self.data = self.data.get(..room).unwrap_or(self.data);
                self.taken = self.data.len();
            }
            _ => {
                for n in 0..self.parts {
                    if let Err(code) = self.part_value::<B>(n) {
                        return Err(if is_all { ReturnCode::INVALID_VALUE } else { code });
                    }
                }
            }
        }
        Ok(())
    }

    /// How many values are written one after the other: the elements of `.ALL`, or one. Those of a bit field go as
    /// one number.
    pub(in crate::tree) const fn values(&self) -> u32 {
        if self.is_bits { 1 } else { self.parts }
    }

    /// The element that the `n`th of [`values`](Self::values) goes to.
    pub(in crate::tree) fn element(&self, n: u32) -> Element<'d> {
        match self.element {
            Element::All if self.is_bits => Element::Byte,
            Element::All => Element::Number(n),
            element => element,
        }
    }

    /// The `n`th of [`values`](Self::values).
    pub(in crate::tree) fn value<B: Bus>(&self, n: u32) -> Result<Value<'d>, ReturnCode> {
        if !self.is_bits {
            return self.part_value::<B>(n);
        }
        let mut bits = 0u32;
        // The highest comes first.
        for bit in (0..self.parts.min(u32::BITS)).rev() {
            bits = bits << 1 | u32::from(self.part_value::<B>(bit)?.as_bool() == Some(true));
        }
        Ok(Value::Unsigned(bits))
    }

    /// The value for element `n` of an `.ALL`, or the only one.
    fn part_value<B: Bus>(&self, n: u32) -> Result<Value<'d>, ReturnCode> {
        let value_type = self.property.type_of(self.element);
        let data = match self.element {
            Element::All => self.part(n, value_type)?,
            _ => self.data,
        };
        Ok(match value_type {
            ValueType::Integer => Value::Integer(signed(data)?),
            ValueType::Unsigned | ValueType::BitField => Value::Unsigned(unsigned(data)?),
            ValueType::Float
            | ValueType::Temperature
            | ValueType::TemperatureDifference
            | ValueType::Pressure => Value::Float(units::from_client(value_type, float(data)?, self.flags)),
            ValueType::YesNo => Value::YesNo(yes_no(data)?),
            ValueType::Date if B::SCOPE.contains(Scope::DATES) => Value::Date(date::parse(data, self.now)?),
            ValueType::Text | ValueType::Alias => Value::Text(data),
            ValueType::Bytes => Value::Bytes(data),
            ValueType::Date | ValueType::Directory | ValueType::Unknown => {
                return Err(ReturnCode::NO_SUCH_ENTITY);
            }
        })
    }

    /// The bytes for element `n` of an `.ALL`.
    fn part(&self, n: u32, value_type: ValueType) -> Result<&'d [u8], ReturnCode> {
        let len = usize::try_from(self.property.len).unwrap_or(usize::MAX);
        if value_type == ValueType::Bytes {
            let from = usize::try_from(n).unwrap_or(usize::MAX).saturating_mul(len);
            return self.data.get(from..from.saturating_add(len)).ok_or(ReturnCode::INVALID_VALUE);
        }
        let mut part = self.data;
        for _ in 0..n {
            (_, part) = split_at_comma(part).ok_or(ReturnCode::INVALID_VALUE)?;
        }
        // What follows the last comma that counts belongs to the last element.
        let is_last = n.wrapping_add(1) == self.parts;
        if !is_last && let Some((before, _)) = split_at_comma(part) {
            part = before;
        }
        Ok(match value_type {
            ValueType::Text | ValueType::Alias => part.get(..len).unwrap_or(part),
            _ => part,
        })
    }
}

/// White space to C.
const fn is_space(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

fn skip_space(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !is_space(byte)).unwrap_or(text.len());
    text.get(start..).unwrap_or_default()
}

/// A sign and digits in base 10, as `strtol` and `strtoul` take them with 64 bits; for the latter a minus wraps around.
/// Gives the low 32 bits, as C does.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
fn integer(text: &[u8], positive_limit: u64) -> Result<u32, ReturnCode> {
    let (is_negative, digits) = split_sign(skip_space(text));
    let mut number = BigUint::new(0);
    let mut has_digits = false;
    for digit in digits.iter().map_while(|byte| digit_value(*byte, 10)) {
        // Beyond that it is too large in any case.
        if number.bits() <= 64 {
            number.multiply_add(10, digit.into());
        }
        has_digits = true;
    }
    if !has_digits {
        return Err(ReturnCode::INVALID_VALUE);
    }
    let low = number.low();
    let limit = positive_limit.saturating_add(is_negative.into());
    if number.try_subtract(&BigUint::new(limit)) && !number.is_zero() {
        return Err(ReturnCode::OUT_OF_RANGE);
    }
    Ok(if is_negative { low.wrapping_neg() } else { low })
}

/// As `strtol`.
fn signed(text: &[u8]) -> Result<i32, ReturnCode> {
    integer(text, u64::MAX >> 1).map(u32::cast_signed)
}

/// As `strtoul`.
fn unsigned(text: &[u8]) -> Result<u32, ReturnCode> {
    integer(text, u64::MAX)
}

fn yes_no(text: &[u8]) -> Result<bool, ReturnCode> {
    if let Ok(number) = signed(text) {
        return Ok(number != 0);
    }
    let start = text.iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(text.len());
    match beginning(text.get(start..).unwrap_or_default()) {
        [0, ..] => Err(ReturnCode::FAULT),
        [b'y', ..] | [b'o', b'n', _] => Ok(true),
        [b'n', ..] | [b'o', b'f', b'f'] => Ok(false),
        _ => Err(ReturnCode::INVALID_VALUE),
    }
}

/// As `strtod` in the C locale.
fn float(text: &[u8]) -> Result<f64, ReturnCode> {
    let (is_negative, text) = split_sign(skip_space(text));
    let magnitude = match beginning(text) {
        [b'i', b'n', b'f'] => f64::INFINITY,
        [b'n', b'a', b'n'] => f64::NAN,
        _ => {
            let number = match text {
                // Without a digit behind it the `x` ends a zero.
                [b'0', b'x' | b'X', digits @ ..] => parse_float_prefix(digits, Base::Hexadecimal),
                _ => None,
            };
            let number = number.or_else(|| parse_float_prefix(text, Base::Decimal));
            let number = number.ok_or(ReturnCode::INVALID_VALUE)?;
            // Numbers that are too large for a float, or too small for all of its digits, are errors to `strtod`.
            if !number.is_zero && !number.value.is_normal() {
                return Err(ReturnCode::OUT_OF_RANGE);
            }
            number.value
        }
    };
    Ok(if is_negative { -magnitude } else { magnitude })
}

/// The first letters of a text, in lower case; 0 behind its end.
fn beginning(text: &[u8]) -> [u8; 3] {
    let mut letters = [0; 3];
    for (letter, byte) in letters.iter_mut().zip(text) {
        *letter = byte.to_ascii_lowercase();
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::families;
    use crate::tree::tester::Tester;

    const WRONG: ReturnCode = ReturnCode::INVALID_VALUE;
    const RANGE: ReturnCode = ReturnCode::OUT_OF_RANGE;

    #[test]
    fn integers_as_strtol_takes_them() {
        for (text, expected) in [
            ("0", Ok(0)),
            (" \t\n+7x", Ok(7)),
            ("-5", Ok(-5)),
            ("12 34", Ok(12)),
            ("99999999999", Ok(1_215_752_191)),
            ("9223372036854775808", Err(RANGE)),
            ("-9223372036854775808", Ok(0)),
            ("", Err(WRONG)),
            ("-", Err(WRONG)),
            ("x1", Err(WRONG)),
            ("+-1", Err(WRONG)),
        ] {
            assert_eq!(signed(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn unsigned_numbers_as_strtoul_takes_them() {
        for (text, expected) in [
            ("1234567890", Ok(1_234_567_890)),
            ("-5", Ok(4_294_967_291)),
            ("99999999999", Ok(1_215_752_191)),
            ("99999999999999999999999", Err(RANGE)),
            ("-", Err(WRONG)),
            ("", Err(WRONG)),
        ] {
            assert_eq!(unsigned(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn floats_as_strtod_takes_them() {
        for (text, expected) in [
            ("30", Ok(30.0)),
            ("-12.5", Ok(-12.5)),
            ("30 degrees", Ok(30.0)),
            ("  \t\n+.5", Ok(0.5)),
            ("5.", Ok(5.0)),
            ("1e3", Ok(1000.0)),
            ("1e", Ok(1.0)),
            ("1e+", Ok(1.0)),
            ("1e-2x", Ok(0.01)),
            ("0x1p4", Ok(16.0)),
            ("0x1.8", Ok(1.5)),
            ("-0X.8p1", Ok(-1.0)),
            ("0x", Ok(0.0)),
            ("0xg", Ok(0.0)),
            ("0x1p", Ok(1.0)),
            ("0x123456789abcdef01", Ok(20_988_295_479_420_645_000.0)),
            ("0x1.00000000000008", Ok(1.0)),
            ("0x1.00000000000008000000000000000000000000000000000001", Ok(1.000_000_000_000_000_2)),
            ("0X.8P+1 C", Ok(1.0)),
            ("0x1.fffffffffffff8p1023", Err(RANGE)),
            ("0x1p1023", Ok(8.98846567431158e307)),
            ("0x0p99999", Ok(0.0)),
            ("infinity", Ok(f64::INFINITY)),
            ("-inf", Ok(f64::NEG_INFINITY)),
            ("0e999999999999999999999", Ok(0.0)),
            ("1\u{0}2", Ok(1.0)),
            ("hello", Err(WRONG)),
            ("", Err(WRONG)),
            (".", Err(WRONG)),
            ("e5", Err(WRONG)),
            ("1e999", Err(RANGE)),
            ("-1e-999", Err(RANGE)),
            ("0x1p99999", Err(RANGE)),
            ("0x1p-99999999999999999999", Err(RANGE)),
        ] {
            assert_eq!(float(text.as_bytes()), expected, "{text:?}");
        }
        assert!(float(b"nan(abc)").unwrap().is_nan());
    }

    #[test]
    fn yes_and_no() {
        for (text, expected) in [
            ("1", Ok(true)),
            ("0", Ok(false)),
            ("-0", Ok(false)),
            ("2", Ok(true)),
            ("yes", Ok(true)),
            ("Nyet", Ok(false)),
            (" \tON", Ok(true)),
            ("off", Ok(false)),
            ("o", Err(WRONG)),
            ("of", Err(WRONG)),
            ("maybe", Err(WRONG)),
            ("\n", Err(WRONG)),
            ("99999999999999999999", Err(WRONG)),
            ("", Err(ReturnCode::FAULT)),
            (" \t ", Err(ReturnCode::FAULT)),
        ] {
            assert_eq!(yes_no(text.as_bytes()), expected, "{text:?}");
        }
    }

    fn input<'d>(
        family: u8,
        name: &str,
        element: Element<'d>,
        data: &'d [u8],
        offset: i32,
    ) -> Result<Input<'d>, ReturnCode> {
        let property = families::family(families::ALL, family).property(name.as_bytes()).unwrap();
        let mut input = Input::new(property, element, data, Flags::NONE, None);
        input.check::<Tester<'_>>(offset).map(|()| input)
    }

    fn written<'d>(input: &Input<'d>, n: u32) -> Result<(Element<'d>, Value<'d>), ReturnCode> {
        input.value::<Tester<'_>>(n).map(|value| (input.element(n), value))
    }

    #[test]
    fn arrays_of_numbers_have_a_value_for_each_element() {
        for (text, is_right) in [
            ("1,0,1,0,1,0,1,0", true),
            ("1,0,1,0,1,0,1,0,1", true),
            ("yes,no,1,0,1,0,1,0 and more", true),
            ("1,0,1", false),
            ("1,0,1,0,1,0,1,", false),
            ("1,0,1,0,1,0,1, ", false),
            ("1,,1,0,1,0,1,0", false),
            ("", false),
        ] {
            let input = input(0x29, "PIO", Element::All, text.as_bytes(), 0);
            assert_eq!(input.is_ok(), is_right, "{text:?}");
            assert!(is_right || input.is_err_and(|code| code == WRONG));
        }
        let all = input(0x29, "PIO", Element::All, b"1,0,1,0,1,0,1,0", 0).unwrap();
        assert_eq!((all.values(), written(&all, 0)), (1, Ok((Element::Byte, Value::Unsigned(0x55)))));
        assert_eq!(input(0x29, "PIO", Element::All, b"1,0,1,0,1,0,1,0", 1).unwrap_err(), WRONG);
    }

    #[test]
    fn text_and_bytes_are_clipped() {
        let taken =
            |data: &[u8], offset| input(0x2d, "pages/page", Element::Number(0), data, offset).unwrap().taken;
        assert_eq!(taken(&[1; 64], 0), 32);
        assert_eq!(taken(&[1; 16], 24), 8);
        assert_eq!(taken(&[1; 16], 32), 0);
        assert_eq!(taken(&[1; 16], 240), 0);
        assert_eq!(taken(&[1; 16], -1), 0);
        for len in [0, 12, 127, 129] {
            assert_eq!(input(0x2d, "pages/page", Element::All, &[1; 129][..len], 0).unwrap_err(), WRONG);
        }
        let all = input(0x2d, "pages/page", Element::All, &[7; 128], 0).unwrap();
        assert_eq!((all.values(), written(&all, 3)), (4, Ok((Element::Number(3), Value::Bytes(&[7; 32])))));
    }

    #[test]
    fn texts_of_an_array_are_clipped_one_by_one() {
        let line = |data| input(0xff, "line16", Element::All, data, 0);
        let long = line(b"aaaaaaaaaaaaaaaaaaaaaaaa,b,,d,e").unwrap();
        assert_eq!(long.taken, 31);
        assert_eq!(written(&long, 0), Ok((Element::Number(0), Value::Text(&[b'a'; 16]))));
        assert_eq!(written(&long, 3), Ok((Element::Number(3), Value::Text(b"d,e"))));
        assert_eq!(line(b"a,b,c").unwrap_err(), WRONG);
    }

    #[test]
    fn the_largest_number_is_taken() {
        for (text, expected) in [
            ("18446744073709551614", Ok(u32::MAX - 1)),
            ("18446744073709551615", Ok(u32::MAX)),
            ("18446744073709551616", Err(RANGE)),
            ("18446744073709551620", Err(RANGE)),
        ] {
            assert_eq!(integer(text.as_bytes(), u64::MAX), expected, "{text}");
        }
    }
}
