//! Numbers and yes/no as clients write them: what C's `strtol`, `strtoul` and `strtod` accept.

use crate::message::ReturnCode;
use crate::text::{Base, BigUint, digit_value, parse_float_prefix, split_sign};

/// White space in C.
const fn is_space(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

fn skip_space(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !is_space(byte)).unwrap_or(text.len());
    text.get(start..).unwrap_or_default()
}

/// A sign and decimal digits, as `strtol` and `strtoul` with 64 bits; for the latter a minus wraps around. Returns the
/// low 32 bits, as C does.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
fn integer(text: &[u8], positive_limit: u64) -> Result<u32, ReturnCode> {
    let (is_negative, digits) = split_sign(skip_space(text));
    let mut number = BigUint::new(0);
    let mut has_digits = false;
    for digit in digits.iter().map_while(|byte| digit_value(*byte, 10)) {
        // With more bits it is too large in any case.
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
pub(super) fn signed(text: &[u8]) -> Result<i32, ReturnCode> {
    integer(text, u64::MAX >> 1).map(u32::cast_signed)
}

/// As `strtoul`.
pub(super) fn unsigned(text: &[u8]) -> Result<u32, ReturnCode> {
    integer(text, u64::MAX)
}

/// A number, or a word that starts like yes, no, on or off.
pub(super) fn yes_no(text: &[u8]) -> Result<bool, ReturnCode> {
    if let Ok(number) = signed(text) {
        return Ok(number != 0);
    }
    let start = text.iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(text.len());
    match first_letters(text.get(start..).unwrap_or_default()) {
        [0, ..] => Err(ReturnCode::FAULT),
        [b'y', ..] | [b'o', b'n', _] => Ok(true),
        [b'n', ..] | [b'o', b'f', b'f'] => Ok(false),
        _ => Err(ReturnCode::INVALID_VALUE),
    }
}

/// As `strtod` in the C locale.
pub(super) fn float(text: &[u8]) -> Result<f64, ReturnCode> {
    let (is_negative, text) = split_sign(skip_space(text));
    let magnitude = match first_letters(text) {
        [b'i', b'n', b'f'] => f64::INFINITY,
        [b'n', b'a', b'n'] => f64::NAN,
        _ => {
            let number = match text {
                // Without a digit after the `x` the number is the zero before it.
                [b'0', b'x' | b'X', digits @ ..] => parse_float_prefix(digits, Base::Hexadecimal),
                _ => None,
            };
            let number = number.or_else(|| parse_float_prefix(text, Base::Decimal));
            let number = number.ok_or(ReturnCode::INVALID_VALUE)?;
            // `strtod` refuses numbers that are too large for a float, or too small for all of its digits.
            if !number.is_zero && !number.value.is_normal() {
                return Err(ReturnCode::OUT_OF_RANGE);
            }
            number.value
        }
    };
    Ok(if is_negative { -magnitude } else { magnitude })
}

/// The first three letters of a text in lower case, 0 after its end.
fn first_letters(text: &[u8]) -> [u8; 3] {
    let mut letters = [0; 3];
    for (letter, byte) in letters.iter_mut().zip(text) {
        *letter = byte.to_ascii_lowercase();
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRONG: ReturnCode = ReturnCode::INVALID_VALUE;
    const RANGE: ReturnCode = ReturnCode::OUT_OF_RANGE;

    #[test]
    fn an_integer_is_what_strtol_accepts() {
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
    fn an_unsigned_number_is_what_strtoul_accepts() {
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
    fn a_float_is_what_strtod_accepts() {
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
    fn yes_and_no_are_a_number_or_the_start_of_a_word() {
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

    #[test]
    fn the_largest_number_of_64_bits_is_accepted() {
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
