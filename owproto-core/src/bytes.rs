//! Searching and copying bytes.
//!
//! Most paths, entries and values have fewer than 64 bytes, so a call to the library's search or copy costs more than the
//! work itself. On 64-bit targets these functions do that work inline. On smaller targets code size matters more, and
//! they leave it to the library.

/// The position of the first byte that is NUL or `other` and that `accept` takes.
///
/// On 64-bit targets it tests eight bytes at a time, which is about twice as fast.
#[inline]
pub(crate) fn find_nul_or(bytes: &[u8], other: u8, mut accept: impl FnMut(usize) -> bool) -> Option<usize> {
    let from = 0;
    #[cfg(target_pointer_width = "64")]
    let mut from = from;
    #[cfg(target_pointer_width = "64")]
    for word in bytes.as_chunks().0 {
        const LOW: u64 = u64::from_ne_bytes([0x7f; 8]);
        // Bit 7 of each byte that is 0, and of no other.
        let zeros = |word: u64| !((word & LOW).wrapping_add(LOW) | word | LOW);
        let word = u64::from_le_bytes(*word);
        let mut found = zeros(word) | zeros(word ^ u64::from_ne_bytes([other; 8]));
        while found != 0 {
            let at = (found.trailing_zeros() / 8) as usize;
            if accept(at.wrapping_add(from)) {
                return Some(at.wrapping_add(from));
            }
            found &= found.wrapping_sub(1);
        }
        from = from.wrapping_add(8);
    }
    let mut rest = from..bytes.len();
    rest.find(|&at| matches!(bytes.get(at), Some(byte) if *byte == 0 || *byte == other) && accept(at))
}

/// The position of the first NUL.
#[inline]
pub(crate) fn find_nul(bytes: &[u8]) -> Option<usize> {
    find_nul_or(bytes, 0, |_| true)
}

/// Whether one of the bytes is NUL.
#[inline]
pub(crate) fn has_nul(bytes: &[u8]) -> bool {
    match all_by_ends(bytes, |byte| byte != 0) {
        Some(has_none) => !has_none,
        None => find_nul(bytes).is_some(),
    }
}

/// The bytes before the first NUL; all bytes if there is none.
#[inline(always)]
pub(crate) fn until_nul(bytes: &[u8]) -> &[u8] {
    let end = match bytes {
        // Usually the only NUL is the last byte.
        [before @ .., 0] if cfg!(target_pointer_width = "64") && !has_nul(before) => Some(before.len()),
        _ => find_nul(bytes),
    };
    split_around(bytes, end).0
}

/// The bytes before and after position `at`; all bytes and nothing if it is `None`.
#[inline]
pub(crate) fn split_around(bytes: &[u8], at: Option<usize>) -> (&[u8], &[u8]) {
    match at {
        Some(at) => {
            (bytes.get(..at).unwrap_or_default(), bytes.get(at.wrapping_add(1)..).unwrap_or_default())
        }
        None => (bytes, &[]),
    }
}

/// Whether `is_good` holds for all of 16 to 32 bytes; `None` for any other length, and on targets of less than 64 bits.
///
/// It tests the first 16 and the last 16 bytes, which may overlap, each with one vector instruction where the processor
/// has them.
#[inline(always)]
pub(crate) fn all_by_ends(bytes: &[u8], is_good: impl Fn(u8) -> bool) -> Option<bool> {
    const END_LEN: usize = 16;
    if cfg!(not(target_pointer_width = "64")) || bytes.len() > 2 * END_LEN {
        return None;
    }
    let all = |chunk: &[u8; END_LEN]| chunk.iter().fold(true, |all, &byte| all & is_good(byte));
    Some(all(bytes.first_chunk()?) & all(bytes.last_chunk()?))
}

/// Copies a path or other text to a `place` of the same length.
#[inline]
pub(crate) fn copy(place: &mut [u8], bytes: &[u8]) {
    let is_copied = cfg!(target_pointer_width = "64")
        && (copy_ends::<16>(place, bytes) || copy_ends::<32>(place, bytes) || copy_one(place, bytes));
    if !is_copied {
        place.copy_from_slice(bytes);
    }
}

/// Copies a value to a `place` of the same length. Most values are numbers of up to 16 characters.
#[inline]
pub(crate) fn copy_value(place: &mut [u8], bytes: &[u8]) {
    if !(cfg!(target_pointer_width = "64") && copy_ends::<8>(place, bytes)) {
        place.copy_from_slice(bytes);
    }
}

/// Copies the bytes if there is at most one of them. Returns whether it did.
#[inline]
fn copy_one(place: &mut [u8], bytes: &[u8]) -> bool {
    match (place, bytes) {
        ([place], [byte]) => *place = *byte,
        (_, []) => {}
        _ => return false,
    }
    true
}

/// Copies `N` to `2 * N` bytes: the first `N` and the last `N`, which may overlap. Returns whether it did.
#[inline]
fn copy_ends<const N: usize>(place: &mut [u8], bytes: &[u8]) -> bool {
    let (Some(first), Some(last)) = (bytes.first_chunk::<N>(), bytes.last_chunk::<N>()) else { return false };
    if bytes.len() > N.saturating_mul(2) || place.len() != bytes.len() {
        return false;
    }
    if let Some(place) = place.first_chunk_mut() {
        *place = *first;
    }
    if let Some(place) = place.last_chunk_mut() {
        *place = *last;
    }
    true
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;

    #[test]
    fn a_byte_is_found_at_any_position() {
        // Bytes that differ little from the wanted ones, at every position of two words and a few bytes.
        for filler in [1, b'+', b'-', b'a', 0x7f, 0x80, 0xac, 0xff] {
            for len in 0..20 {
                let mut bytes = [filler; 20];
                assert_eq!(find_nul_or(&bytes[..len], b',', |_| true), None);
                for at in 0..len {
                    for byte in [0, b','] {
                        bytes[at..].fill(filler);
                        bytes[at] = byte;
                        assert_eq!(find_nul_or(&bytes[..len], b',', |_| true), Some(at), "{filler} {len}");
                        // The bytes after it make no difference.
                        for after in [0, 1, b',', b'-', 0x80] {
                            bytes[at + 1..].fill(after);
                            assert_eq!(find_nul_or(&bytes[..len], b',', |_| true), Some(at), "{after} {len}");
                        }
                    }
                    bytes.fill(filler);
                }
            }
        }
    }

    #[test]
    fn a_nul_is_noticed_at_any_position() {
        for len in 0..70 {
            let mut bytes = vec![b'x'; len];
            assert!(!has_nul(&bytes), "{len}");
            for at in 0..len {
                bytes[at] = 0;
                assert!(has_nul(&bytes), "{at} of {len}");
                bytes[at] = 1;
            }
        }
    }

    #[test]
    fn text_ends_at_the_first_nul() {
        for bytes in [&b"/a\0"[..], b"/a\0b\0", b"/a\0\0", b"/a\0b", b"/a"] {
            assert_eq!(until_nul(bytes), b"/a", "{bytes:?}");
        }
    }

    #[test]
    fn copying_writes_all_bytes_and_no_others() {
        let bytes: [u8; 100] = core::array::from_fn(|n| u8::try_from(n).unwrap());
        for len in 0..bytes.len() {
            let mut place = [0xa5; 100];
            copy(&mut place[..len], &bytes[..len]);
            assert!(place[..len] == bytes[..len] && place[len..].iter().all(|&byte| byte == 0xa5), "{len}");
        }
    }
}
