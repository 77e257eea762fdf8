use crate::text::AsciiWriter;

/// Writes text into borrowed memory.
pub(super) struct ScratchWriter<'s> {
    bytes: &'s mut [u8],
    len: usize,
}

impl<'s> ScratchWriter<'s> {
    pub(super) fn new(bytes: &'s mut [u8]) -> Self {
        Self { bytes, len: 0 }
    }

    /// Appends as many bytes as fit.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.writer().push_bytes(bytes);
    }

    /// Appends bytes as upper case hexadecimal digits.
    pub(super) fn push_hex(&mut self, bytes: &[u8]) {
        self.writer().push_hex(bytes);
    }

    pub(super) fn push_decimal(&mut self, number: u32) {
        self.writer().push_decimal(number, 0, b'0');
    }

    fn writer(&mut self) -> AsciiWriter<'_> {
        AsciiWriter::new(self.bytes, &mut self.len)
    }

    /// The text.
    pub(super) fn finish(self) -> &'s [u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}
