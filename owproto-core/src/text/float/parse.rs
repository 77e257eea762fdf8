use super::big_uint::BigUint;
use super::ratio::Ratio;
use crate::text::digit::digit_value;

/// The digits that count when parsing a number. Of any more digits only matters whether all are 0.
const MAX_DIGITS: i32 = 40;

/// The notation of a number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Base {
    /// `digits [. digits] [e [sign] digits]`
    Decimal,
    /// The same with hexadecimal digits, and `p` before an exponent of 2 in decimal digits.
    Hexadecimal,
}

/// A float that was parsed.
pub(crate) struct ParsedFloat {
    /// The nearest float, ties to even; infinity if the number is too large.
    pub(crate) value: f64,
    /// Whether all digits were 0. Otherwise a value of 0 means that the number was too small.
    pub(crate) is_zero: bool,
}

/// The float, without a sign, at the front of a text; `None` if there is no digit on either side of the point. An exponent
/// without digits counts as 0. What follows the number is ignored.
///
/// Exact for up to 40 significant digits, and within one unit in the last place for more.
pub(crate) fn parse_float_prefix(text: &[u8], base: Base) -> Option<ParsedFloat> {
    let (radix, exponent_mark) = match base {
        Base::Decimal => (10, b'e'),
        Base::Hexadecimal => (16, b'p'),
    };
    let mut digits = Digits::new();
    let mut is_fraction = false;
    let mut has_digits = false;
    let mut rest = text;
    while let [byte, tail @ ..] = rest {
        if let Some(digit) = digit_value(*byte, radix) {
            digits.push(digit, radix, is_fraction);
            has_digits = true;
        } else if *byte == b'.' && !is_fraction {
            is_fraction = true;
        } else {
            break;
        }
        rest = tail;
    }
    if !has_digits {
        return None;
    }
    if base == Base::Hexadecimal {
        digits.exponent = digits.exponent.wrapping_mul(4);
    }
    if let [byte, tail @ ..] = rest
        && byte | 0x20 == exponent_mark
    {
        let (is_negative, tail) = split_sign(tail);
        let mut exponent = 0i32;
        for digit in tail.iter().map_while(|byte| digit_value(*byte, 10)) {
            // No text has enough digits to make up for a greater exponent.
            if exponent < 100_000_000 {
                exponent = exponent.wrapping_mul(10).wrapping_add(digit.into());
            }
        }
        let exponent = if is_negative { exponent.wrapping_neg() } else { exponent };
        digits.exponent = digits.exponent.saturating_add(exponent);
    }
    let is_zero = digits.len == 0;
    Some(ParsedFloat { value: digits.into_float(base), is_zero })
}

/// Splits an optional sign off: whether it is a minus, and the rest.
pub(crate) fn split_sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

/// The float at the front of a decimal text with an optional sign: see [`parse_float_prefix`]. NaN if there is none.
pub(crate) fn parse_decimal(text: &[u8]) -> f64 {
    let (is_negative, text) = split_sign(text);
    let number = parse_float_prefix(text, Base::Decimal).map_or(f64::NAN, |parsed| parsed.value);
    if is_negative { -number } else { number }
}

/// The digits of a number, pushed one after the other.
pub(super) struct Digits {
    number: BigUint,
    /// The digits in `number`, from the first that is not 0.
    len: i32,
    /// `number` is to be multiplied by this power of the base; in the end, for base 16, of 2.
    pub(super) exponent: i32,
    /// Whether digits were left out that are not all 0.
    has_more: bool,
}

impl Digits {
    pub(super) const fn new() -> Self {
        Self { number: BigUint::new(0), len: 0, exponent: 0, has_more: false }
    }

    pub(super) fn push(&mut self, digit: u8, radix: u8, is_fraction: bool) {
        if self.len < MAX_DIGITS {
            self.number.multiply_add(radix.into(), digit.into());
            if self.len > 0 || digit > 0 {
                self.len = self.len.wrapping_add(1);
            }
            self.exponent = self.exponent.wrapping_sub(is_fraction.into());
        } else {
            self.has_more |= digit > 0;
            self.exponent = self.exponent.wrapping_add((!is_fraction).into());
        }
    }

    pub(super) fn into_float(self, base: Base) -> f64 {
        // The place of the first digit. Beyond these limits the number is 0 or infinite in either base.
        let magnitude = match base {
            Base::Decimal => self.exponent.saturating_add(self.len),
            Base::Hexadecimal => self.exponent.saturating_add(self.len.wrapping_mul(4)) >> 2,
        };
        if self.len == 0 || magnitude < -330 {
            return 0.0;
        }
        if magnitude > 310 {
            return f64::INFINITY;
        }
        let mut ratio = Ratio { numerator: self.number, denominator: BigUint::new(1) };
        if self.has_more {
            // Anything after the last digit that counts. Its size makes no difference.
            ratio.numerator.multiply_add(16, 1);
            ratio.denominator.multiply_add(16, 0);
        }
        ratio.scale(if base == Base::Decimal { 10 } else { 2 }, self.exponent);
        ratio.nearest_float()
    }
}
