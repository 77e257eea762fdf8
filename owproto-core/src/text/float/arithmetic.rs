//! Arithmetic with floats, without the compiler's soft-float functions.
//!
//! On a processor without 64-bit floats those add about 3 KB for a few scales and numbers. These functions add a few
//! hundred bytes to the [parsing and writing](super) of floats, and give the same results: the nearest float, ties to even,
//! as IEEE 754 requires. Processors of 64 bits use their own instructions.

use super::big_uint::BigUint;
use super::ratio::{NOT_FINITE, Ratio, mantissa_and_exponent};

/// The float of an integer, given by sign and magnitude.
pub(crate) fn from_integer(is_negative: bool, magnitude: u32) -> f64 {
    if cfg!(target_pointer_width = "64") {
        let number = f64::from(magnitude);
        return if is_negative { -number } else { number };
    }
    soft::from_integer(is_negative, magnitude)
}

/// `number * factor`. The factor must be normal and above 0.
pub(crate) fn multiply(number: f64, factor: f64) -> f64 {
    if cfg!(target_pointer_width = "64") { number * factor } else { soft::multiply(number, factor) }
}

/// `number / divisor`. The divisor must be normal and above 0.
pub(crate) fn divide(number: f64, divisor: f64) -> f64 {
    if cfg!(target_pointer_width = "64") { number / divisor } else { soft::divide(number, divisor) }
}

/// `number + summand`. The summand must be normal.
pub(crate) fn add(number: f64, summand: f64) -> f64 {
    if cfg!(target_pointer_width = "64") { number + summand } else { soft::add(number, summand) }
}

mod soft {
    use super::{BigUint, NOT_FINITE, Ratio, mantissa_and_exponent};

    pub(super) fn from_integer(is_negative: bool, magnitude: u32) -> f64 {
        signed(is_negative, &mut Ratio::new(magnitude.into(), 1), 0)
    }

    pub(super) fn multiply(number: f64, factor: f64) -> f64 {
        let (mantissa, exponent) = mantissa_and_exponent(number);
        let (factor_mantissa, factor_exponent) = mantissa_and_exponent(factor);
        let mut ratio = Ratio::new(mantissa, 1);
        let mut low = ratio.numerator.clone();
        #[allow(clippy::cast_possible_truncation)] // the low and the high half
        let (high_half, low_half) = ((factor_mantissa >> 32) as u32, factor_mantissa as u32);
        ratio.numerator.multiply_add(high_half, 0);
        ratio.scale(2, 32);
        low.multiply_add(low_half, 0);
        ratio.numerator.add(&low);
        if exponent == NOT_FINITE {
            number
        } else {
            signed(number.is_sign_negative(), &mut ratio, exponent.wrapping_add(factor_exponent))
        }
    }

    pub(super) fn divide(number: f64, divisor: f64) -> f64 {
        let (mantissa, exponent) = mantissa_and_exponent(number);
        let (divisor_mantissa, divisor_exponent) = mantissa_and_exponent(divisor);
        let mut ratio = Ratio::new(mantissa, divisor_mantissa);
        if exponent == NOT_FINITE {
            number
        } else {
            signed(number.is_sign_negative(), &mut ratio, exponent.wrapping_sub(divisor_exponent))
        }
    }

    pub(super) fn add(number: f64, summand: f64) -> f64 {
        let (mantissa, exponent) = mantissa_and_exponent(number);
        if exponent == NOT_FINITE {
            return number;
        }
        let (summand_mantissa, summand_exponent) = mantissa_and_exponent(summand);
        let least = exponent.min(summand_exponent);
        // Here both parts are the operands, not yet a fraction.
        let mut ratio = Ratio::new(mantissa, summand_mantissa);
        ratio.scale(2, exponent.wrapping_sub(least));
        ratio.scale(2, least.wrapping_sub(summand_exponent));
        let Ratio { numerator: sum, denominator: operand } = &mut ratio;
        let mut is_negative = number.is_sign_negative();
        if is_negative == summand.is_sign_negative() {
            sum.add(operand);
        } else if !sum.try_subtract(operand) {
            let _ = operand.try_subtract(sum);
            sum.clone_from(operand);
            is_negative = !is_negative;
        }
        is_negative &= !sum.is_zero();
        *operand = BigUint::new(1);
        signed(is_negative, &mut ratio, least)
    }

    /// `ratio * 2^exponent` with a sign.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    fn signed(is_negative: bool, ratio: &mut Ratio, exponent: i32) -> f64 {
        ratio.scale(2, exponent);
        let magnitude = ratio.nearest_float();
        if is_negative { -magnitude } else { magnitude }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::soft;

    fn assert_same(ours: f64, expected: f64) {
        assert!(
            ours.to_bits() == expected.to_bits() || (ours.is_nan() && expected.is_nan()),
            "{ours:e} {expected:e}"
        );
    }

    /// The factors of all scales are in this range.
    fn operand() -> impl Strategy<Value = f64> {
        prop_oneof![Just(1.8), Just(100.0), Just(0.000_986_923_169_31), 1e-9..1e9]
    }

    proptest! {
        #[test]
        fn results_are_those_of_the_processor(bits: u64, is_small: bool, operand in operand(), is_negative: bool) {
            let number = f64::from_bits(bits);
            let near = f64::from_bits(bits >> 12 | 0x3ff0_0000_0000_0000) * 100.0;
            for number in [number, f64::from_bits(bits >> 12), if is_negative { -near } else { near }] {
                assert_same(soft::multiply(number, operand), number * operand);
                assert_same(soft::divide(number, operand), number / operand);
                let summand = if is_small { operand } else { -operand };
                assert_same(soft::add(number, summand), number + summand);
            }
        }

        #[test]
        fn integers_become_their_floats(number: i32) {
            assert_same(soft::from_integer(number < 0, number.unsigned_abs()), number.into());
            assert_same(super::from_integer(number < 0, number.unsigned_abs()), number.into());
        }
    }

    #[test]
    fn results_are_exact_at_the_limits_of_floats() {
        for number in [
            0.0,
            -0.0,
            f64::MAX,
            f64::MIN,
            f64::MIN_POSITIVE,
            f64::from_bits(1),
            f64::INFINITY,
            f64::NAN,
            32.0,
            -32.0,
        ] {
            for operand in [1.8, 32.0, 1.0, 0.5, 1e-5, 1e5] {
                assert_same(soft::multiply(number, operand), number * operand);
                assert_same(soft::divide(number, operand), number / operand);
                assert_same(soft::add(number, operand), number + operand);
                assert_same(soft::add(number, -operand), number - operand);
            }
        }
    }
}
