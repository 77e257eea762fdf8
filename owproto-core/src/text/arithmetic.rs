//! Arithmetic with floats, without the compiler's functions for it.
//!
//! A processor without floats of 64 bits gets some 3 KB of functions for a few scales and numbers. These take a few
//! hundred bytes beside what reads and writes floats anyway, and give the same: the nearest float, ties to even, as
//! IEEE 754 has it. Processors of 64 bits have floats, and use them.

use super::ratio::{Big, INFINITE, Ratio, mantissa_and_power};

/// The float of a whole number.
pub(crate) fn from_integer(is_negative: bool, magnitude: u32) -> f64 {
    if cfg!(target_pointer_width = "64") {
        let number = f64::from(magnitude);
        return if is_negative { -number } else { number };
    }
    soft::from_integer(is_negative, magnitude)
}

/// A number times a normal one that is greater than 0.
pub(crate) fn multiply(number: f64, factor: f64) -> f64 {
    if cfg!(target_pointer_width = "64") { number * factor } else { soft::multiply(number, factor) }
}

/// A number by a normal one that is greater than 0.
pub(crate) fn divide(number: f64, divisor: f64) -> f64 {
    if cfg!(target_pointer_width = "64") { number / divisor } else { soft::divide(number, divisor) }
}

/// A number and a normal one.
pub(crate) fn add(number: f64, summand: f64) -> f64 {
    if cfg!(target_pointer_width = "64") { number + summand } else { soft::add(number, summand) }
}

mod soft {
    use super::{Big, INFINITE, Ratio, mantissa_and_power};

    pub(super) fn from_integer(is_negative: bool, magnitude: u32) -> f64 {
        signed(is_negative, &mut Ratio::new(magnitude.into(), 1), 0)
    }

    pub(super) fn multiply(number: f64, factor: f64) -> f64 {
        let (mantissa, power) = mantissa_and_power(number);
        let (by, by_power) = mantissa_and_power(factor);
        let mut ratio = Ratio::new(mantissa, 1);
        let mut low = ratio.part.clone();
        #[allow(clippy::cast_possible_truncation)] // the low and the high half
        let (high_half, low_half) = ((by >> 32) as u32, by as u32);
        ratio.part.multiply_add(high_half, 0);
        ratio.scale(2, 32);
        low.multiply_add(low_half, 0);
        ratio.part.add(&low);
        if power == INFINITE {
            number
        } else {
            signed(number.is_sign_negative(), &mut ratio, power.wrapping_add(by_power))
        }
    }

    pub(super) fn divide(number: f64, divisor: f64) -> f64 {
        let (mantissa, power) = mantissa_and_power(number);
        let (by, by_power) = mantissa_and_power(divisor);
        let mut ratio = Ratio::new(mantissa, by);
        if power == INFINITE {
            number
        } else {
            signed(number.is_sign_negative(), &mut ratio, power.wrapping_sub(by_power))
        }
    }

    pub(super) fn add(number: f64, summand: f64) -> f64 {
        let (mantissa, power) = mantissa_and_power(number);
        if power == INFINITE {
            return number;
        }
        let (other, other_power) = mantissa_and_power(summand);
        let least = power.min(other_power);
        // No ratio yet, but two numbers.
        let mut ratio = Ratio::new(mantissa, other);
        ratio.scale(2, power.wrapping_sub(least));
        ratio.scale(2, least.wrapping_sub(other_power));
        let Ratio { part: sum, whole: more } = &mut ratio;
        let mut is_negative = number.is_sign_negative();
        if is_negative == summand.is_sign_negative() {
            sum.add(more);
        } else if !sum.take(more) {
            let _ = more.take(sum);
            sum.clone_from(more);
            is_negative = !is_negative;
        }
        is_negative &= !sum.is_zero();
        *more = Big::new(1);
        signed(is_negative, &mut ratio, least)
    }

    /// A ratio times a power of 2, with a sign.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    fn signed(is_negative: bool, ratio: &mut Ratio, power: i32) -> f64 {
        ratio.scale(2, power);
        let magnitude = ratio.nearest_float();
        if is_negative { -magnitude } else { magnitude }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::soft;

    fn same(ours: f64, expected: f64) {
        assert!(
            ours.to_bits() == expected.to_bits() || (ours.is_nan() && expected.is_nan()),
            "{ours:e} {expected:e}"
        );
    }

    /// Factors of scales are no further from 1 than these.
    fn operand() -> impl Strategy<Value = f64> {
        prop_oneof![Just(1.8), Just(100.0), Just(0.000_986_923_169_31), 1e-9..1e9]
    }

    proptest! {
        #[test]
        fn results_are_those_of_the_processor(bits: u64, is_small: bool, operand in operand(), is_negative: bool) {
            let number = f64::from_bits(bits);
            let near = f64::from_bits(bits >> 12 | 0x3ff0_0000_0000_0000) * 100.0;
            for number in [number, f64::from_bits(bits >> 12), if is_negative { -near } else { near }] {
                same(soft::multiply(number, operand), number * operand);
                same(soft::divide(number, operand), number / operand);
                let summand = if is_small { operand } else { -operand };
                same(soft::add(number, summand), number + summand);
            }
        }

        #[test]
        fn whole_numbers_are_floats(number: i32) {
            same(soft::from_integer(number < 0, number.unsigned_abs()), number.into());
            same(super::from_integer(number < 0, number.unsigned_abs()), number.into());
        }
    }

    #[test]
    fn numbers_at_their_limits() {
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
                same(soft::multiply(number, operand), number * operand);
                same(soft::divide(number, operand), number / operand);
                same(soft::add(number, operand), number + operand);
                same(soft::add(number, -operand), number - operand);
            }
        }
    }
}
