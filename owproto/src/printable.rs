//! Bytes as text that is safe to print on a terminal.

use std::borrow::Cow;
use std::fmt::Write;

use crate::hex::upper_hex;

/// Bytes as text for a message. Control characters and bytes that are not UTF-8 are escaped.
pub(crate) fn printable(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_control() {
                text.extend(character.escape_default());
            } else {
                text.push(character);
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// Whether bytes are text that a terminal shows unchanged.
pub(crate) fn is_printable(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes)
        .is_ok_and(|text| text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t')))
}

/// A value in one short line: text without surrounding spaces, or hexadecimal if it is not text. Long values are cut.
pub(crate) fn shortened(value: &[u8]) -> String {
    const CHARACTERS: usize = 60;
    const BYTES: usize = 24;
    let cut = |shown: Cow<'_, str>| format!("{shown}… ({} bytes)", value.len());
    if is_printable(value) {
        let text = printable(value.trim_ascii());
        return match text.char_indices().nth(CHARACTERS) {
            Some((end, _)) => cut(text[..end].into()),
            None => text,
        };
    }
    match value.get(..BYTES) {
        Some(front) if value.len() > BYTES => cut(upper_hex(front).into()),
        _ => upper_hex(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printable_text_has_no_control_characters() {
        assert_eq!(printable(b"/a\x1b[31m\xff\xc3\xa4\0\n"), "/a\\u{1b}[31m\\xffä\\u{0}\\n");
        assert!(is_printable("20 °C\r\n".as_bytes()));
        assert!(!is_printable(b"\x1b") && !is_printable(b"\xff") && !is_printable(b"\0"));
    }

    #[test]
    fn a_long_value_is_cut_and_its_length_printed() {
        assert_eq!(shortened(b"         4.1"), "4.1");
        assert_eq!(shortened(b""), "");
        assert_eq!(shortened(&[0xab; 24]), "AB".repeat(24));
        assert_eq!(shortened(&[0xab; 25]), format!("{}… (25 bytes)", "AB".repeat(24)));
        assert_eq!(shortened("ä".repeat(60).as_bytes()), "ä".repeat(60));
        assert_eq!(shortened("ä".repeat(61).as_bytes()), format!("{}… (122 bytes)", "ä".repeat(60)));
    }
}
