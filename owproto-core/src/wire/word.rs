//! The only casts between wire words (signed, 32 bits) and lengths in memory.

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

/// A length modulo 2³².
#[allow(clippy::cast_possible_truncation)]
pub(crate) const fn of_len(len: usize) -> u32 {
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
