use crate::text::digit_value;

/// Splits a path at its first slash: the first segment, and what follows the slash.
pub(in crate::tree) fn split_first(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().position(|&byte| byte == b'/') {
        Some(slash) => {
            (path.get(..slash).unwrap_or_default(), path.get(slash.saturating_add(1)..).unwrap_or_default())
        }
        None => (path, &[]),
    }
}

/// Whether a segment is this word, in upper or lower case.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
pub(in crate::tree) fn is_word(segment: &[u8], word: &str) -> bool {
    segment.eq_ignore_ascii_case(word.as_bytes())
}

/// Parses a decimal number: at least one digit, and nothing but digits.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
pub(in crate::tree) fn decimal(text: &[u8]) -> Option<u32> {
    if text.is_empty() {
        return None;
    }
    text.iter()
        .try_fold(0u32, |number, byte| number.checked_mul(10)?.checked_add(digit_value(*byte, 10)?.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_number_is_digits_only_and_fits_32_bits() {
        for (text, expected) in [
            ("0", Some(0)),
            ("007", Some(7)),
            ("4294967295", Some(u32::MAX)),
            ("4294967296", None),
            ("42949672950", None),
            ("", None),
            ("+1", None),
            ("1a", None),
            ("-1", None),
        ] {
            assert_eq!(decimal(text.as_bytes()), expected, "{text:?}");
        }
    }
}
