//! Bytes for people, and back: hexadecimal, and text that does no harm to a terminal.

use std::borrow::Cow;
use std::fmt::Write;

/// Bytes in lower case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Bytes in upper case hexadecimal, as owread has them.
pub(crate) fn upper_hex(bytes: &[u8]) -> String {
    hex(bytes).to_ascii_uppercase()
}

/// Takes bytes in hexadecimal. Blanks and line ends may stand anywhere.
///
/// # Errors
/// A sentence that says what is wrong, and where.
pub(crate) fn from_hex(text: &[u8]) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut first = None;
    let (mut line, mut column) = (1, 0);
    for &character in text {
        column += 1;
        if character == b'\n' {
            (line, column) = (line + 1, 0);
        }
        if character.is_ascii_whitespace() {
            continue;
        }
        let Some(digit) = char::from(character).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
        else {
            let found = char::from(character).escape_default();
            return Err(format!("'{found}' is not a hexadecimal digit (line {line}, column {column})"));
        };
        match first.take() {
            None => first = Some(digit),
            Some(high) => bytes.push(high << 4 | digit),
        }
    }
    match first {
        Some(_) => Err("the number of hexadecimal digits is odd".to_owned()),
        None => Ok(bytes),
    }
}

/// Bytes as text for a message: what is no text, or would control a terminal, is escaped.
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

/// Whether bytes are text that a terminal shows as it is.
pub(crate) fn is_printable(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes)
        .is_ok_and(|text| text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t')))
}

/// A value in a few characters: text without the blanks around it, hexadecimal if it is none, and a long one cut.
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
    fn hexadecimal_comes_back() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(from_hex(hex(&bytes).as_bytes()), Ok(bytes.clone()));
        assert_eq!(from_hex(upper_hex(&bytes).as_bytes()), Ok(bytes));
        assert_eq!(from_hex(b" 0\r\n1\t2 3\n"), Ok(vec![0x01, 0x23]));
        assert_eq!(from_hex(b""), Ok(vec![]));
    }

    #[test]
    fn wrong_hexadecimal_is_told_with_its_place() {
        assert_eq!(from_hex(b"00\n0g"), Err("'g' is not a hexadecimal digit (line 2, column 2)".to_owned()));
        assert_eq!(from_hex(b"0x00"), Err("'x' is not a hexadecimal digit (line 1, column 2)".to_owned()));
        assert_eq!(from_hex(b"123"), Err("the number of hexadecimal digits is odd".to_owned()));
    }

    #[test]
    fn nothing_that_is_printed_controls_a_terminal() {
        assert_eq!(printable(b"/a\x1b[31m\xff\xc3\xa4\0\n"), "/a\\u{1b}[31m\\xffä\\u{0}\\n");
        assert!(is_printable("20 °C\r\n".as_bytes()));
        assert!(!is_printable(b"\x1b") && !is_printable(b"\xff") && !is_printable(b"\0"));
    }

    #[test]
    fn long_values_are_cut() {
        assert_eq!(shortened(b"         4.1"), "4.1");
        assert_eq!(shortened(b""), "");
        assert_eq!(shortened(&[0xab; 24]), "AB".repeat(24));
        assert_eq!(shortened(&[0xab; 25]), format!("{}… (25 bytes)", "AB".repeat(24)));
        assert_eq!(shortened("ä".repeat(60).as_bytes()), "ä".repeat(60));
        assert_eq!(shortened("ä".repeat(61).as_bytes()), format!("{}… (122 bytes)", "ä".repeat(60)));
    }
}
