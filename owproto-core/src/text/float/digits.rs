use super::parse::{Base, Digits};
use super::ratio::{Ratio, mantissa_and_exponent};

/// The first decimal digits of a finite number greater than 0, as values 0 to 9, correctly rounded, ties to even. Returns
/// the exponent of the first digit.
pub(crate) fn digits_of(number: f64, digits: &mut [u8]) -> i32 {
    let (mantissa, exponent) = mantissa_and_exponent(number);
    if cfg!(target_pointer_width = "64")
        && let Some(decimal_exponent) = digits_in_128_bits(mantissa, exponent, digits)
    {
        return decimal_exponent;
    }
    digits_by_ratio(mantissa, exponent, digits)
}

/// As [`digits_of`], for any number.
pub(super) fn digits_by_ratio(mantissa: u64, exponent: i32, digits: &mut [u8]) -> i32 {
    let mut ratio = Ratio::new(mantissa, 1);
    let mut decimal_exponent = decimal_exponent_below(exponent.wrapping_add(ratio.numerator.bits()));
    ratio.scale(2, exponent);
    ratio.scale(10, decimal_exponent.wrapping_neg());
    decimal_exponent = decimal_exponent.wrapping_add(ratio.raise(10));
    if ratio.digits(10, digits) {
        if let Some(first) = digits.first_mut() {
            *first = 1;
        }
        decimal_exponent = decimal_exponent.wrapping_add(1);
    }
    decimal_exponent
}

/// The decimal exponent of a number from half of `2^exponent` to below `2^exponent`; or one more than it.
fn decimal_exponent_below(exponent: i32) -> i32 {
    // The whole part of `exponent` times the decimal logarithm of 2, which is slightly above 78913 / 2^18.
    exponent.wrapping_mul(78_913).wrapping_add(512) >> 18
}

/// As [`digits_of`], for numbers where 128 bits hold all steps: numbers below 2^52 that have at most the wanted number of
/// digits before the point, from 1e-3 for 17 digits, from 1e-14 for six. `None` for others.
pub(super) fn digits_in_128_bits(mantissa: u64, exponent: i32, digits: &mut [u8]) -> Option<i32> {
    let fraction_bits = u32::try_from(exponent.checked_neg()?).ok()?;
    let half = 1u128.checked_shl(fraction_bits.checked_sub(1)?)?;
    let bits = u64::BITS.wrapping_sub(mantissa.leading_zeros());
    let greatest = decimal_exponent_below(exponent.wrapping_add_unsigned(bits));
    let after_first = i32::try_from(digits.len()).ok()?.checked_sub(1)?;
    let least = 10u64.checked_pow(u32::try_from(after_first).ok()?)?;
    let (mut decimal_exponent, product, mut whole) =
        [greatest, greatest.wrapping_sub(1)].into_iter().find_map(|exponent| {
            // Moves all wanted digits before the point.
            let scale = 10u64.checked_pow(u32::try_from(after_first.wrapping_sub(exponent)).ok()?)?;
            // 53 bits by 64 bits.
            let product = u128::from(mantissa).wrapping_mul(scale.into());
            let whole = u64::try_from(product.checked_shr(fraction_bits)?).ok()?;
            (least..least.wrapping_mul(10)).contains(&whole).then_some((exponent, product, whole))
        })?;
    // Rounds by the digits after the point, ties to even.
    let rest = product & half.wrapping_mul(2).wrapping_sub(1);
    if rest > half || (rest == half && whole & 1 == 1) {
        whole = whole.wrapping_add(1);
    }
    for place in digits.iter_mut().rev() {
        *place = u8::try_from(whole % 10).unwrap_or_default();
        whole /= 10;
    }
    // Rounding carried over the first digit: all digits were nines.
    if whole > 0
        && let Some(first) = digits.first_mut()
    {
        *first = 1;
        decimal_exponent = decimal_exponent.wrapping_add(1);
    }
    Some(decimal_exponent)
}

/// The fewest digits that give the same float when parsed, without zeros at the end. Returns their number and the exponent
/// of the first one.
pub(crate) fn shortest_digits_of(number: f64, digits: &mut [u8; 17]) -> (usize, i32) {
    let mut exponent = 0;
    // If a normal number needs fewer than 15 digits, then its first 15 are these and zeros.
    let least = if number.is_normal() { 15 } else { 1 };
    for len in least..=digits.len() {
        let Some(tried) = digits.get_mut(..len) else { break };
        exponent = digits_of(number, tried);
        let mut parsed = Digits::new();
        tried.iter().for_each(|digit| parsed.push(*digit, 10, true));
        parsed.exponent = parsed.exponent.saturating_add(exponent).saturating_add(1);
        if parsed.into_float(Base::Decimal).to_bits() == number.to_bits() {
            return (significant_len(tried), exponent);
        }
    }
    (significant_len(digits), exponent)
}

/// The number of digits before the zeros at the end.
pub(crate) fn significant_len(digits: &[u8]) -> usize {
    digits.iter().rposition(|digit| *digit != 0).map_or(0, |last| last.wrapping_add(1))
}
