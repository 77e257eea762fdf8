use core::cmp::Ordering;

use super::big_uint::BigUint;

/// Bits of the mantissa of an `f64`, the hidden one included.
const MANTISSA_BITS: usize = 53;
/// The least exponent of a normal `f64`.
const MIN_EXPONENT: i32 = -1022;

/// A fraction of natural numbers.
#[derive(Clone)]
pub(super) struct Ratio {
    pub(super) numerator: BigUint,
    pub(super) denominator: BigUint,
}

impl Ratio {
    pub(super) const fn new(numerator: u64, denominator: u64) -> Self {
        Self { numerator: BigUint::new(numerator), denominator: BigUint::new(denominator) }
    }

    /// Multiplies by a power of 2 or 10.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(super) fn scale(&mut self, base: u32, exponent: i32) {
        let scaled = if exponent >= 0 { &mut self.numerator } else { &mut self.denominator };
        // The greatest power that fits 32 bits at a time.
        let (step, power) = if base == 2 { (31, 1 << 31) } else { (9, 1_000_000_000) };
        let mut rest = exponent.unsigned_abs();
        while rest >= step {
            scaled.multiply_add(power, 0);
            rest = rest.wrapping_sub(step);
        }
        scaled.multiply_add(base.wrapping_pow(rest), 0);
    }

    /// Multiplies a ratio below 1 by `base`, which is 2 or 10. Returns the exponent that makes up for it: -1, or 0 if the
    /// ratio was 1 or more.
    pub(super) fn raise(&mut self, base: u32) -> i32 {
        if self.numerator.compare(&self.denominator) != Ordering::Less {
            return 0;
        }
        self.numerator.multiply_add(base, 0);
        -1
    }

    /// The first digits of a ratio below `base`, in that base, correctly rounded, ties to even. Returns true if rounding
    /// carried over the first digit: all digits are 0 then, and a 1 belongs before them.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(super) fn digits(&mut self, base: u8, digits: &mut [u8]) -> bool {
        let mut last = 0u8;
        for place in &mut *digits {
            last = 0;
            while self.numerator.try_subtract(&self.denominator) {
                last = last.wrapping_add(1);
            }
            *place = last;
            self.numerator.multiply_add(base.into(), 0);
        }
        // Compares the remainder, times the base, with half a unit of the last digit.
        self.denominator.multiply_add((base >> 1).into(), 0);
        let is_half = self.numerator.try_subtract(&self.denominator);
        if !is_half || (self.numerator.is_zero() && last & 1 == 0) {
            return false;
        }
        for place in digits.iter_mut().rev() {
            *place = place.wrapping_add(1);
            if *place < base {
                return false;
            }
            *place = 0;
        }
        true
    }

    /// The nearest float, ties to even; infinity if the ratio is too large.
    pub(super) fn nearest_float(&mut self) -> f64 {
        if self.numerator.is_zero() {
            return 0.0;
        }
        let mut exponent = self.numerator.bits().wrapping_sub(self.denominator.bits());
        self.scale(2, exponent.wrapping_neg());
        exponent = exponent.wrapping_add(self.raise(2));
        if exponent > 1023 {
            return f64::INFINITY;
        }
        // Below the least normal number the mantissa has fewer bits.
        let biased = exponent.wrapping_sub(MIN_EXPONENT);
        let len = usize::try_from(biased.min(0).wrapping_add(53)).ok();
        let mut bits = [0; MANTISSA_BITS];
        let Some(bits) = len.and_then(|len| bits.get_mut(..len)) else { return 0.0 };
        let mut mantissa = u64::from(self.digits(2, bits));
        for bit in bits {
            mantissa = mantissa << 1 | u64::from(*bit);
        }
        // The hidden bit adds 1 to the exponent, and so does a mantissa that was rounded up to the next power of 2.
        f64::from_bits((u64::from(biased.max(0).unsigned_abs()) << 52).wrapping_add(mantissa))
    }
}

/// The exponent that [`mantissa_and_exponent`] gives for infinity and NaN.
pub(super) const NOT_FINITE: i32 = 972;

/// A float without its sign, as `mantissa * 2^exponent`.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
pub(super) fn mantissa_and_exponent(number: f64) -> (u64, i32) {
    let bits = number.to_bits();
    let fraction = bits & 0x000f_ffff_ffff_ffff;
    match i32::try_from(bits >> 52 & 0x7ff).unwrap_or_default() {
        0 => (fraction, MIN_EXPONENT.wrapping_sub(52)),
        biased => (fraction | 1 << 52, biased.wrapping_sub(1075)),
    }
}
