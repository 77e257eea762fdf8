use core::cmp::Ordering;

/// The length of the longest number: 16^370, with 40 digits and more after it.
const WORDS: usize = 48;

/// A natural number of up to 1536 bits.
#[derive(Clone)]
pub(crate) struct BigUint {
    /// Least significant word first. All words from `len` on are 0.
    words: [u32; WORDS],
    /// `0 <= len <= WORDS`; the last word is not 0.
    len: usize,
}

impl BigUint {
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

    /// The number of bits, without leading zeros.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn bits(&self) -> i32 {
        let high = self.used().last().map_or(0, |high| high.leading_zeros());
        i32::try_from(self.len.wrapping_mul(32)).unwrap_or_default().wrapping_sub_unsigned(high)
    }

    /// Multiplies by `factor`, then adds `summand`.
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
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        self.len.cmp(&other.len).then_with(|| self.used().iter().rev().cmp(other.used().iter().rev()))
    }

    /// Subtracts `other` unless it is greater. Returns whether it did.
    #[inline(never)]
    pub(crate) fn try_subtract(&mut self, other: &Self) -> bool {
        if self.compare(other) == Ordering::Less {
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

    /// Adds `other`. The sum must fit.
    #[allow(clippy::cast_possible_truncation)] // the low half
    pub(super) fn add(&mut self, other: &Self) {
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
