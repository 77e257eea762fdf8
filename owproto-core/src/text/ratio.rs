//! Ratios of natural numbers of any length: what floats are read, written and calculated with.

use core::cmp::Ordering;

/// Bits of the mantissa of an `f64`, the hidden one included.
const MANTISSA_BITS: usize = 53;
/// The least exponent of a normal `f64`.
const MIN_POWER: i32 = -1022;

/// A number that is not negative, as a fraction.
#[derive(Clone)]
pub(crate) struct Ratio {
    pub(crate) part: Big,
    pub(crate) whole: Big,
}

impl Ratio {
    pub(crate) const fn new(part: u64, whole: u64) -> Self {
        Self { part: Big::new(part), whole: Big::new(whole) }
    }

    /// Multiplies with a power of 2 or 10.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn scale(&mut self, base: u32, exponent: i32) {
        let scaled = if exponent >= 0 { &mut self.part } else { &mut self.whole };
        // As much at a time as 32 bits hold.
        let (step, power) = if base == 2 { (31, 1 << 31) } else { (9, 1_000_000_000) };
        let mut rest = exponent.unsigned_abs();
        while rest >= step {
            scaled.multiply_add(power, 0);
            rest = rest.wrapping_sub(step);
        }
        scaled.multiply_add(base.wrapping_pow(rest), 0);
    }

    /// Makes it 1 or more, if it is between that and the base below: by a tenfold, or a twofold. Gives the exponent of
    /// that.
    pub(crate) fn raise(&mut self, base: u32) -> i32 {
        if self.part.order(&self.whole) != Ordering::Less {
            return 0;
        }
        self.part.multiply_add(base, 0);
        -1
    }

    /// The first digits in a base, where it is less than that base; correctly rounded, ties to even. Says whether the
    /// digits have become too small by one, because all were the highest: they are 0 then.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn digits(&mut self, base: u8, digits: &mut [u8]) -> bool {
        let mut last = 0u8;
        for place in &mut *digits {
            last = 0;
            while self.part.take(&self.whole) {
                last = last.wrapping_add(1);
            }
            *place = last;
            self.part.multiply_add(base.into(), 0);
        }
        // What is left of the last digit, times the base, against a half of it.
        self.whole.multiply_add((base >> 1).into(), 0);
        let is_half = self.part.take(&self.whole);
        if !is_half || (self.part.len == 0 && last & 1 == 0) {
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

    /// The nearest float, ties to even; infinite if it is too large.
    pub(crate) fn nearest_float(&mut self) -> f64 {
        if self.part.len == 0 {
            return 0.0;
        }
        let mut power = self.part.bits().wrapping_sub(self.whole.bits());
        self.scale(2, power.wrapping_neg());
        power = power.wrapping_add(self.raise(2));
        if power > 1023 {
            return f64::INFINITY;
        }
        // Below the least normal number there are fewer bits.
        let biased = power.wrapping_sub(MIN_POWER);
        let len = usize::try_from(biased.min(0).wrapping_add(53)).ok();
        let mut bits = [0; MANTISSA_BITS];
        let Some(bits) = len.and_then(|len| bits.get_mut(..len)) else { return 0.0 };
        let mut mantissa = u64::from(self.digits(2, bits));
        for bit in bits {
            mantissa = mantissa << 1 | u64::from(*bit);
        }
        // The hidden bit adds 1 to the exponent, and so does a mantissa that was rounded up to the next power.
        f64::from_bits((u64::from(biased.max(0).unsigned_abs()) << 52).wrapping_add(mantissa))
    }
}

/// The power of the mantissa of what is not finite.
pub(crate) const INFINITE: i32 = 972;

/// A float without its sign: its mantissa, and the power of 2 that this is to be multiplied with.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
pub(crate) fn mantissa_and_power(number: f64) -> (u64, i32) {
    let bits = number.to_bits();
    let fraction = bits & 0x000f_ffff_ffff_ffff;
    match i32::try_from(bits >> 52 & 0x7ff).unwrap_or_default() {
        0 => (fraction, MIN_POWER.wrapping_sub(52)),
        biased => (fraction | 1 << 52, biased.wrapping_sub(1075)),
    }
}

/// Words of the longest number: 16^370 under 40 digits and more.
const WORDS: usize = 48;

/// A natural number, its low words first.
#[derive(Clone)]
pub(crate) struct Big {
    /// All from `len` on are 0.
    words: [u32; WORDS],
    /// `0 <= len <= WORDS`; the last word is not 0.
    len: usize,
}

impl Big {
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    #[allow(clippy::cast_possible_truncation)] // the low and the high half
    pub(crate) const fn new(number: u64) -> Self {
        let mut words = [0; WORDS];
        words[0] = number as u32;
        words[1] = (number >> 32) as u32;
        let len = if words[1] > 0 {
            2
        } else if words[0] > 0 {
            1
        } else {
            0
        };
        Self { words, len }
    }

    pub(crate) const fn is_zero(&self) -> bool {
        self.len == 0
    }

    fn used(&self) -> &[u32] {
        self.words.get(..self.len).unwrap_or_default()
    }

    /// The low 32 bits.
    pub(crate) const fn low(&self) -> u32 {
        self.words[0]
    }

    /// How many bits it has.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn bits(&self) -> i32 {
        let high = self.used().last().map_or(0, |high| high.leading_zeros());
        i32::try_from(self.len.wrapping_mul(32)).unwrap_or_default().wrapping_sub_unsigned(high)
    }

    #[inline(never)]
    #[allow(clippy::cast_possible_truncation)] // the low half
    pub(crate) fn multiply_add(&mut self, factor: u32, summand: u32) {
        let mut carry = u64::from(summand);
        for word in self.words.iter_mut().take(self.len) {
            carry = carry.wrapping_add(u64::from(*word).wrapping_mul(factor.into()));
            *word = carry as u32;
            carry >>= 32;
        }
        if carry > 0
            && let Some(word) = self.words.get_mut(self.len)
        {
            *word = carry as u32;
            self.len = self.len.wrapping_add(1);
        }
    }

    #[inline(never)]
    fn order(&self, other: &Self) -> Ordering {
        self.len.cmp(&other.len).then_with(|| self.used().iter().rev().cmp(other.used().iter().rev()))
    }

    /// Subtracts another, unless that is greater, and says whether it was done.
    #[inline(never)]
    pub(crate) fn take(&mut self, other: &Self) -> bool {
        if self.order(other) == Ordering::Less {
            return false;
        }
        let mut borrow = false;
        for (word, less) in self.words.iter_mut().take(self.len).zip(&other.words) {
            let (difference, first) = word.overflowing_sub(*less);
            let (difference, second) = difference.overflowing_sub(borrow.into());
            *word = difference;
            borrow = first || second;
        }
        self.trim();
        true
    }

    /// Adds another. The sum has room.
    #[allow(clippy::cast_possible_truncation)] // the low half
    pub(crate) fn add(&mut self, other: &Self) {
        let mut carry = 0;
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            carry = u64::from(*word).wrapping_add(u64::from(*more)).wrapping_add(carry);
            *word = carry as u32;
            carry >>= 32;
        }
        self.len = WORDS;
        self.trim();
    }

    #[inline(never)]
    fn trim(&mut self) {
        while self.used().last() == Some(&0) {
            self.len = self.len.wrapping_sub(1);
        }
    }
}
