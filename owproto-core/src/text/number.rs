//! Floats from decimal digits and back, exact, by [ratios](super::ratio) of integers of any length.
//!
//! The standard library's take 25 KB of a small processor's program; these take less than two. A large processor has a
//! [short way](everyday_digits) to write the numbers that most values are.

use super::ratio::{Big, Ratio, mantissa_and_power};

/// Decimal digits that count when a number is read; of what follows only whether it is zero.
const MAX_DIGITS: i32 = 40;

/// How a number is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Base {
    /// `digits [. digits] [e [sign] digits]`
    Decimal,
    /// The same with hexadecimal digits, and a `p` before a decimal exponent of 2.
    Hexadecimal,
}

/// A float that was read.
pub(crate) struct Read {
    /// The nearest one, ties to even; infinite if the number is too large.
    pub(crate) value: f64,
    /// Whether all digits were 0. If not, a value of 0 is a number that was too small.
    pub(crate) is_zero: bool,
}

/// The float in front of a text, without a sign; `None` if there is no digit before or behind the point. An exponent
/// without digits is none; what follows the number is not looked at.
///
/// Exact for up to 40 significant digits, and but for one unit in the last place for all others.
pub(crate) fn leading_float(text: &[u8], base: Base) -> Option<Read> {
    let (radix, mark) = match base {
        Base::Decimal => (10, b'e'),
        Base::Hexadecimal => (16, b'p'),
    };
    let mut digits = Digits::new();
    let mut is_fraction = false;
    let mut has_digits = false;
    let mut rest = text;
    while let [byte, tail @ ..] = rest {
        if let Some(digit) = digit_of(*byte, radix) {
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
        && byte | 0x20 == mark
    {
        let (is_small, tail) = sign(tail);
        let mut exponent = 0i32;
        for digit in tail.iter().map_while(|byte| digit_of(*byte, 10)) {
            // More than any text can make up for by its digits.
            if exponent < 100_000_000 {
                exponent = exponent.wrapping_mul(10).wrapping_add(digit.into());
            }
        }
        let exponent = if is_small { exponent.wrapping_neg() } else { exponent };
        digits.exponent = digits.exponent.saturating_add(exponent);
    }
    let is_zero = digits.len == 0;
    Some(Read { value: digits.into_float(base), is_zero })
}

/// A sign, if there is one: whether it is a minus, and what follows.
pub(crate) fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

/// The digit that a byte stands for in a base up to 16.
pub(crate) const fn digit_of(byte: u8, radix: u8) -> Option<u8> {
    let decimal = byte.wrapping_sub(b'0');
    let digit = if decimal > 9 { (byte | 0x20).wrapping_sub(b'a').saturating_add(10) } else { decimal };
    if digit < radix { Some(digit) } else { None }
}

/// The float that a decimal number with a sign or without one is nearest to: see [`leading_float`]. No number where
/// there is none.
pub(crate) fn from_decimal(text: &[u8]) -> f64 {
    let (is_negative, text) = sign(text);
    let number = leading_float(text, Base::Decimal).map_or(f64::NAN, |read| read.value);
    if is_negative { -number } else { number }
}

/// The first digits of a finite number that is greater than 0, correctly rounded, ties to even, as values 0 to 9. Gives
/// the exponent of the first of them.
pub(crate) fn digits_of(number: f64, digits: &mut [u8]) -> i32 {
    let (mantissa, power) = mantissa_and_power(number);
    if cfg!(target_pointer_width = "64")
        && let Some(exponent) = everyday_digits(mantissa, power, digits)
    {
        return exponent;
    }
    all_digits(mantissa, power, digits)
}

/// As [`digits_of`], of any number.
fn all_digits(mantissa: u64, power: i32, digits: &mut [u8]) -> i32 {
    let mut ratio = Ratio::new(mantissa, 1);
    let mut exponent = greatest_exponent(power.wrapping_add(ratio.part.bits()));
    ratio.scale(2, power);
    ratio.scale(10, exponent.wrapping_neg());
    exponent = exponent.wrapping_add(ratio.raise(10));
    if ratio.digits(10, digits) {
        if let Some(first) = digits.first_mut() {
            *first = 1;
        }
        exponent = exponent.wrapping_add(1);
    }
    exponent
}

/// The exponent to base 10 of a number below this power of 2, and not below its half; or one more.
fn greatest_exponent(power: i32) -> i32 {
    // The logarithm of that power to base 10, from 78913 / 2^18 and somewhat more: its whole part.
    power.wrapping_mul(78_913).wrapping_add(512) >> 18
}

/// As [`digits_of`], where all fits into 128 bits: of a number below 2^52 that has no more digits before the point than
/// are wanted, from 1e-3 with 17 digits, from 1e-14 with six. `None` of others.
fn everyday_digits(mantissa: u64, power: i32, digits: &mut [u8]) -> Option<i32> {
    let fraction_bits = u32::try_from(power.checked_neg()?).ok()?;
    let half = 1u128.checked_shl(fraction_bits.checked_sub(1)?)?;
    let bits = u64::BITS.wrapping_sub(mantissa.leading_zeros());
    let greatest = greatest_exponent(power.wrapping_add_unsigned(bits));
    let behind_first = i32::try_from(digits.len()).ok()?.checked_sub(1)?;
    let least = 10u64.checked_pow(u32::try_from(behind_first).ok()?)?;
    let (mut exponent, product, mut whole) =
        [greatest, greatest.wrapping_sub(1)].into_iter().find_map(|exponent| {
            // With all digits before the point.
            let scale = 10u64.checked_pow(u32::try_from(behind_first.wrapping_sub(exponent)).ok()?)?;
            // 53 bits with 64.
            let product = u128::from(mantissa).wrapping_mul(scale.into());
            let whole = u64::try_from(product.checked_shr(fraction_bits)?).ok()?;
            (least..least.wrapping_mul(10)).contains(&whole).then_some((exponent, product, whole))
        })?;
    // What is behind the point; ties to even.
    let rest = product & half.wrapping_mul(2).wrapping_sub(1);
    if rest > half || (rest == half && whole & 1 == 1) {
        whole = whole.wrapping_add(1);
    }
    for place in digits.iter_mut().rev() {
        *place = u8::try_from(whole % 10).unwrap_or_default();
        whole /= 10;
    }
    // All were nines.
    if whole > 0
        && let Some(first) = digits.first_mut()
    {
        *first = 1;
        exponent = exponent.wrapping_add(1);
    }
    Some(exponent)
}

/// The fewest digits that give the same float again, without zeros at the end: as [`digits_of`], and how many they are.
pub(crate) fn shortest_digits_of(number: f64, digits: &mut [u8; 17]) -> (usize, i32) {
    let mut exponent = 0;
    // A normal number that has fewer than 15 has them, and zeros behind.
    let least = if number.is_normal() { 15 } else { 1 };
    for len in least..=digits.len() {
        let Some(tried) = digits.get_mut(..len) else { break };
        exponent = digits_of(number, tried);
        let mut read = Digits::new();
        tried.iter().for_each(|digit| read.push(*digit, 10, true));
        read.exponent = read.exponent.saturating_add(exponent).saturating_add(1);
        if read.into_float(Base::Decimal).to_bits() == number.to_bits() {
            return (significant(tried), exponent);
        }
    }
    (significant(digits), exponent)
}

/// How many of the digits come before the zeros at the end.
pub(crate) fn significant(digits: &[u8]) -> usize {
    digits.iter().rposition(|digit| *digit != 0).map_or(0, |last| last.wrapping_add(1))
}

/// The digits of a number, as they come.
struct Digits {
    number: Big,
    /// How many there are in `number`, from the first that is not 0.
    len: i32,
    /// The power of the base, or of 2 in the end, that `number` is to be multiplied with.
    exponent: i32,
    /// Whether something else than zeros followed.
    more: bool,
}

impl Digits {
    const fn new() -> Self {
        Self { number: Big::new(0), len: 0, exponent: 0, more: false }
    }

    fn push(&mut self, digit: u8, radix: u8, is_fraction: bool) {
        if self.len < MAX_DIGITS {
            self.number.multiply_add(radix.into(), digit.into());
            if self.len > 0 || digit > 0 {
                self.len = self.len.wrapping_add(1);
            }
            self.exponent = self.exponent.wrapping_sub(is_fraction.into());
        } else {
            self.more |= digit > 0;
            self.exponent = self.exponent.wrapping_add((!is_fraction).into());
        }
    }

    fn into_float(self, base: Base) -> f64 {
        // The place of the first digit; beyond the limits is no float in either base.
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
        let mut ratio = Ratio { part: self.number, whole: Big::new(1) };
        if self.more {
            // Something behind the last digit that counts. How much it is makes no difference.
            ratio.part.multiply_add(16, 1);
            ratio.whole.multiply_add(16, 0);
        }
        ratio.scale(if base == Base::Decimal { 10 } else { 2 }, self.exponent);
        ratio.nearest_float()
    }
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::string::String;

    use proptest::prelude::*;

    use super::*;

    fn same(text: &str) {
        let expected: f64 = text.parse().unwrap();
        assert_eq!(from_decimal(text.as_bytes()).to_bits(), expected.to_bits(), "{text}");
    }

    /// As the standard library writes it, with a given number of digits.
    fn reference(number: f64, len: usize) -> (String, i32) {
        let text = format!("{number:.*e}", len - 1);
        let (digits, exponent) = text.split_once('e').unwrap();
        (digits.replace('.', ""), exponent.parse().unwrap())
    }

    fn written(number: f64, len: usize) -> (String, i32) {
        let mut digits = [0; 17];
        let exponent = digits_of(number, &mut digits[..len]);
        (digits[..len].iter().map(|digit| char::from(b'0' + digit)).collect(), exponent)
    }

    #[test]
    fn floats_at_their_limits() {
        for text in [
            "0",
            "-0",
            "0.0e5",
            "1",
            "-1.5",
            ".5",
            "5.",
            "1e23",
            "9007199254740993",
            "9007199254740993.0000001",
            "1.7976931348623157e308",
            "1.7976931348623158e308",
            "1.7976931348623159e308",
            "1e309",
            "1e99999999999",
            "2.2250738585072014e-308",
            "2.2250738585072011e-308",
            "4.9406564584124654e-324",
            "2.4703282292062327e-324",
            "2.4703282292062328e-324",
            "1e-400",
            "1e-99999999999",
            "500000000000000000000000000000000000e-359",
            "0000000000000000000000000000000000000000000001.25",
            "0.000000000000000000000000000000000000000000000000000000000000000000001e60",
            "123456789012345678901234567890",
            "100000000000000000000000000000000000000000000000000000000000000000",
            "0e999999999999",
            "+12.5",
        ] {
            same(text);
        }
        for number in [f64::MIN_POSITIVE, f64::from_bits(1), f64::MAX, 1.0, 9.999_995, 999_999.5, 0.5, 1e23] {
            for len in 1..=17 {
                assert_eq!(written(number, len), reference(number, len), "{number:e} {len}");
            }
        }
    }

    #[test]
    fn digits_far_behind_decide_where_two_floats_are_as_near() {
        // 2^53 + 1 is as far from 2^53 as from 2^53 + 2.
        let zeros = "0".repeat(60);
        for (tail, expected) in
            [("", 9_007_199_254_740_992.0), ("1", 9_007_199_254_740_994.0), ("10", 9_007_199_254_740_994.0)]
        {
            let text = format!("9007199254740993.{zeros}{tail}");
            assert!((from_decimal(text.as_bytes()) - expected).abs() < 0.5, "{text}");
        }
    }

    /// Both ways, and whether they say the same of it.
    fn short_way_agrees(number: f64, len: usize) -> bool {
        let (mantissa, power) = mantissa_and_power(number);
        let (mut short, mut long) = ([0; 17], [0; 17]);
        let exponent = all_digits(mantissa, power, &mut long[..len]);
        everyday_digits(mantissa, power, &mut short[..len]) == Some(exponent) && short == long
    }

    #[test]
    fn everyday_numbers_have_a_short_way() {
        for (number, least, most) in [
            (4.1, 1, 17),
            (1e-3, 1, 17),
            (1.1e-14, 1, 6),
            (4_503_599_627_370_495.5, 16, 17),
            (999_999.5, 6, 17),
            (9.999_995, 1, 17),
            (99.999_95, 2, 17),
            // Ties: to the even one below, and above.
            (12.5, 2, 17),
            (13.5, 2, 17),
            (0.000_122_070_312_5, 6, 6),
            (1e15, 16, 17),
            (524_288.5, 6, 17),
        ] {
            for len in least..=most {
                assert!(short_way_agrees(number, len), "{number:e} {len}");
            }
        }
        let mut digits = [0; 17];
        for (number, len) in [
            (4_503_599_627_370_496.0, 17),
            (9.9e-4, 17),
            (9.9e-15, 6),
            (10.5, 1),
            (f64::MAX, 17),
            (f64::from_bits(1), 1),
        ] {
            let (mantissa, power) = mantissa_and_power(number);
            assert_eq!(everyday_digits(mantissa, power, &mut digits[..len]), None, "{number:e} {len}");
        }
    }

    proptest! {
        #[test]
        fn the_short_way_agrees_with_the_long_one(thousandths in 1..100_000_000u32, halvings in 0..12, len in 9..=17usize) {
            prop_assert!(short_way_agrees(f64::from(thousandths) / 1000.0, len.max(12)));
            prop_assert!(short_way_agrees(f64::from(thousandths) / f64::from(1 << halvings), len));
            let six = f64::from(thousandths % 1_000_000) + 0.5;
            prop_assert!(short_way_agrees(six / f64::from(1 << halvings), 6));
        }

        #[test]
        fn reading_is_that_of_the_standard_library(bits: u64, digits in "[0-9]{1,30}(\\.[0-9]{0,30})?", exponent in -340..320) {
            let number = f64::from_bits(bits);
            if number.is_finite() {
                same(&format!("{number:e}"));
                same(&format!("{number:.25e}"));
            }
            if digits.trim_start_matches(['0', '.']).len() <= 40 {
                same(&format!("{digits}e{exponent}"));
            }
        }

        #[test]
        fn digits_are_those_of_the_standard_library(bits: u64, is_subnormal: bool, len in 1..=17usize) {
            let number = f64::from_bits(bits & if is_subnormal { u64::MAX >> 12 } else { u64::MAX >> 1 });
            if number.is_finite() && number > 0.0 {
                prop_assert_eq!(written(number, len), reference(number, len));
                let mut digits = [0; 17];
                let (len, exponent) = shortest_digits_of(number, &mut digits);
                let text: String = digits[..len].iter().map(|digit| char::from(b'0' + digit)).collect();
                prop_assert_eq!((&text, exponent), (&reference(number, len).0, reference(number, len).1));
                prop_assert_eq!(from_decimal(format!("{text}e{}", exponent + 1 - i32::try_from(len).unwrap()).as_bytes()), number);
                // Of two that are as near the standard library may take the other.
                let of_standard = format!("{number:e}").split_once('e').unwrap().0.replace('.', "");
                prop_assert_eq!(of_standard.len(), len);
            }
        }
    }
}
