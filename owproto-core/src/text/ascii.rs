use core::fmt;

use super::digit::hex_digit;

/// Rendered ASCII text of up to `N` bytes, stored inline.
///
/// ```
/// use owproto_core::text::RomId;
/// use owproto_core::wire::DeviceFormat;
/// let text = RomId::new(0x10, [0x67, 0xc6, 0x69, 0x73, 0x51, 0xff]).format(DeviceFormat::FIC);
/// assert_eq!(text.as_bytes(), b"1067C6697351FF8D");
/// assert_eq!(text.as_str(), "1067C6697351FF8D");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ascii<const N: usize> {
    /// All bytes from `len` on are 0, so that comparing the arrays compares the texts.
    bytes: [u8; N],
    /// `0 <= len <= N`.
    len: usize,
}

impl<const N: usize> Ascii<N> {
    /// The bytes that fit.
    pub const CAPACITY: usize = N;

    pub(crate) const fn new() -> Self {
        Self { bytes: [0; N], len: 0 }
    }

    /// The text as bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// The text as a string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The length of the text in bytes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether the text is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Appends a byte, unless it is not ASCII or does not fit.
    pub(crate) fn push(&mut self, byte: u8) {
        if byte.is_ascii() {
            self.writer().push(byte);
        }
    }

    /// Appends the bytes that fit.
    pub(crate) fn push_str(&mut self, text: &str) {
        text.bytes().for_each(|byte| self.push(byte));
    }

    /// Appends a number, padded on the left with `fill` to a width of at most 10.
    pub(crate) fn push_decimal(&mut self, number: u32, width: usize, fill: u8) {
        self.writer().push_decimal(number, width, fill);
    }

    pub(crate) fn writer(&mut self) -> AsciiWriter<'_> {
        AsciiWriter::new(&mut self.bytes, &mut self.len)
    }
}

/// Appends to a buffer of any capacity; bytes that do not fit are left out. Its type does not depend on the capacity of an
/// [`Ascii`], so functions that append are compiled once.
pub(crate) struct AsciiWriter<'a> {
    bytes: &'a mut [u8],
    len: &'a mut usize,
}

impl<'a> AsciiWriter<'a> {
    /// Appends after the first `len` bytes.
    pub(crate) const fn new(bytes: &'a mut [u8], len: &'a mut usize) -> Self {
        Self { bytes, len }
    }

    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(*self.len) {
            *place = byte;
            *self.len = self.len.wrapping_add(1);
        }
    }

    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn push_hex(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.push(hex_digit(byte >> 4));
            self.push(hex_digit(byte & 0x0f));
        }
    }

    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn push_bytes(&mut self, bytes: &[u8]) {
        let room = self.bytes.get_mut(*self.len..).unwrap_or_default();
        let len = bytes.len().min(room.len());
        for (place, byte) in room.iter_mut().zip(bytes) {
            *place = *byte;
        }
        *self.len = self.len.wrapping_add(len);
    }

    /// Appends a number, padded on the left with `fill` to a width of at most 10.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn push_decimal(&mut self, number: u32, width: usize, fill: u8) {
        let mut digits = [fill; 10];
        let mut rest = number;
        let mut len = 0usize;
        for place in digits.iter_mut().rev() {
            *place = b'0'.wrapping_add(u8::try_from(rest % 10).unwrap_or_default());
            rest /= 10;
            len = len.wrapping_add(1);
            if rest == 0 {
                break;
            }
        }
        self.push_bytes(digits.get(digits.len().wrapping_sub(len.max(width))..).unwrap_or_default());
    }
}

/// Appends ASCII text that fits as a whole. After an error the text is unchanged.
impl<const N: usize> fmt::Write for Ascii<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room =
            self.bytes.get_mut(self.len..).and_then(|rest| rest.get_mut(..text.len())).ok_or(fmt::Error)?;
        if !text.is_ascii() {
            return Err(fmt::Error);
        }
        room.copy_from_slice(text.as_bytes());
        self.len = self.len.saturating_add(text.len());
        Ok(())
    }
}

impl<const N: usize> Default for Ascii<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> AsRef<[u8]> for Ascii<N> {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl<const N: usize> AsRef<str> for Ascii<N> {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl<const N: usize> PartialEq<str> for Ascii<N> {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl<const N: usize> PartialEq<&str> for Ascii<N> {
    fn eq(&self, other: &&str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl<const N: usize> fmt::Display for Ascii<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl<const N: usize> fmt::Debug for Ascii<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(feature = "defmt")]
impl<const N: usize> defmt::Format for Ascii<N> {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "{=str}", self.as_str());
    }
}

#[cfg(test)]
mod tests {
    use core::fmt::Write;

    use super::*;

    #[test]
    fn text_that_does_not_fit_is_refused_as_a_whole() {
        let mut text = Ascii::<4>::new();
        assert_eq!(text.write_str("abc"), Ok(()));
        assert_eq!(text.write_str("de"), Err(fmt::Error));
        assert_eq!(text.write_str("é"), Err(fmt::Error));
        assert_eq!(text, "abc");
        text.push(b'd');
        text.push(b'e');
        assert_eq!(text, "abcd");
        assert_eq!(text.len(), Ascii::<4>::CAPACITY);
    }

    #[test]
    fn bytes_that_are_not_ascii_are_refused() {
        let mut text = Ascii::<4>::new();
        text.push(0x80);
        assert_eq!(text.write_str("é"), Err(fmt::Error));
        assert!(text.is_empty());
        assert_eq!(text.as_str(), "");
    }

    #[test]
    fn it_compares_and_prints_as_text() {
        let mut text = Ascii::<8>::new();
        text.push_str("a\"b");
        assert!(!text.is_empty());
        assert!(text == *"a\"b" && text != *"ab" && text == "a\"b" && text != "a");
        assert_eq!((AsRef::<str>::as_ref(&text), AsRef::<[u8]>::as_ref(&text)), ("a\"b", &b"a\"b"[..]));
        assert_eq!(std::format!("{text:5}| {text:?}"), r#"a"b  | "a\"b""#);
    }
}
