use core::fmt;

/// The transmit storage has no room for a frame now. Send the bytes that wait, then try again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct BufferFull {
    /// Bytes of the frame.
    pub needed: usize,
    /// Bytes that are free.
    pub available: usize,
}

impl fmt::Display for BufferFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes are needed, there is room for {}", self.needed, self.available)
    }
}

impl core::error::Error for BufferFull {}
