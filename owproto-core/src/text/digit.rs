//! Digits as characters and as numbers.

/// The value of a digit in a base of up to 16; `None` for any other byte. Letters in either case.
pub(crate) const fn digit_value(byte: u8, radix: u8) -> Option<u8> {
    let decimal = byte.wrapping_sub(b'0');
    let digit = if decimal > 9 { (byte | 0x20).wrapping_sub(b'a').saturating_add(10) } else { decimal };
    if digit < radix { Some(digit) } else { None }
}

/// The upper case hexadecimal digit of a number below 16.
pub(crate) const fn hex_digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0'.wrapping_add(nibble) } else { (b'A' - 10).wrapping_add(nibble) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digit_and_its_value_belong_together() {
        for nibble in 0..16 {
            let digit = hex_digit(nibble);
            assert_eq!(digit, b"0123456789ABCDEF"[usize::from(nibble)]);
            assert_eq!(digit_value(digit, 16), Some(nibble));
            assert_eq!(digit_value(digit.to_ascii_lowercase(), 16), Some(nibble));
            assert_eq!(digit_value(digit, 10), (nibble < 10).then_some(nibble));
        }
        for byte in *b"/:@G`g \0\x80\xff" {
            assert_eq!(digit_value(byte, 16), None, "{byte}");
        }
    }
}
