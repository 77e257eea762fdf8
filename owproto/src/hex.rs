//! Bytes in hexadecimal.

use std::fmt::Write;

/// Lower case, as in JSON and traces.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Upper case, as owread prints values.
pub(crate) fn upper_hex(bytes: &[u8]) -> String {
    hex(bytes).to_ascii_uppercase()
}

/// Parses hexadecimal text. White space is ignored.
///
/// # Errors
/// A message that says what is wrong, and where.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_text_parses_to_the_same_bytes_and_white_space_is_ignored() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(from_hex(hex(&bytes).as_bytes()), Ok(bytes.clone()));
        assert_eq!(from_hex(upper_hex(&bytes).as_bytes()), Ok(bytes));
        assert_eq!(from_hex(b" 0\r\n1\t2 3\n"), Ok(vec![0x01, 0x23]));
        assert_eq!(from_hex(b""), Ok(vec![]));
    }

    #[test]
    fn invalid_hexadecimal_text_is_reported_with_line_and_column() {
        assert_eq!(from_hex(b"00\n0g"), Err("'g' is not a hexadecimal digit (line 2, column 2)".to_owned()));
        assert_eq!(from_hex(b"0x00"), Err("'x' is not a hexadecimal digit (line 1, column 2)".to_owned()));
        assert_eq!(from_hex(b"123"), Err("the number of hexadecimal digits is odd".to_owned()));
    }
}
