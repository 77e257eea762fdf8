//! Conversions between wire words (signed, 32 bits) and lengths in memory: the only casts between them.

/// A length as a wire word; `None` above `i32::MAX`.
#[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)]
pub(crate) const fn from_len(len: usize) -> Option<i32> {
    if len <= i32::MAX as usize { Some(len as i32) } else { None }
}

/// A wire word as a length; `None` if it is negative.
///
/// On a target with 16-bit `usize` a word that does not fit is `None` too.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub(crate) const fn to_len(word: i32) -> Option<usize> {
    if word >= 0 && word as u32 as u128 <= usize::MAX as u128 { Some(word as u32 as usize) } else { None }
}

/// A length modulo 2³², as an unsigned word.
#[allow(clippy::cast_possible_truncation)]
pub(crate) const fn wrapping_from_len(len: usize) -> u32 {
    len as u32
}

/// The same 32 bits, unsigned.
#[allow(clippy::cast_sign_loss)]
pub(crate) const fn to_bits(word: i32) -> u32 {
    word as u32
}

/// The same 32 bits, signed.
#[allow(clippy::cast_possible_wrap)]
pub(crate) const fn from_bits(bits: u32) -> i32 {
    bits as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_that_fits_a_word_has_31_bits() {
        assert_eq!(
            (from_len(0), from_len(0x7fff_ffff), from_len(0x8000_0000)),
            (Some(0), Some(i32::MAX), None)
        );
        assert_eq!((to_len(0), to_len(i32::MAX), to_len(-1)), (Some(0), Some(0x7fff_ffff), None));
        assert_eq!(to_len(i32::MIN), None);
    }

    #[test]
    fn conversion_keeps_all_bits() {
        for (word, bits) in [(0, 0), (5, 5), (-1, u32::MAX), (i32::MIN, 0x8000_0000)] {
            assert_eq!((to_bits(word), from_bits(bits)), (bits, word));
        }
    }
}
