//! The switch DS2413: its commands and its state. Each of its two channels is a transistor to ground and an input.

use crate::master::fault::Fault;

/// The family code.
pub(crate) const DS2413: u8 = 0x3a;

/// Function commands (DS2413 data sheet).
pub(crate) const PIO_ACCESS_READ: u8 = 0xf5;
pub(crate) const PIO_ACCESS_WRITE: u8 = 0x5a;
/// The answer of a device that has accepted a write.
pub(crate) const CONFIRMED: u8 = 0xaa;

/// The states of both pins and both output latches. From bit 0: pin A, latch A, pin B, latch B.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct PioState(u8);

impl PioState {
    /// Parses a byte whose upper half is the complement of its lower half.
    pub(crate) const fn parse(byte: u8) -> Result<Self, Fault> {
        if byte == 0xff {
            return Err(Fault::NoAnswer);
        }
        if byte & 0x0f == !byte >> 4 { Ok(Self(byte & 0x0f)) } else { Err(Fault::Garbled) }
    }

    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    /// Which pins are high; A is bit 0.
    pub(crate) const fn sensed(self) -> u8 {
        self.0 & 1 | self.0 >> 1 & 2
    }

    /// Which transistors conduct: those whose latch is 0 (owfs: manual page DS2413). A is bit 0.
    pub(crate) const fn conducting(self) -> u8 {
        !(self.0 >> 1 & 1 | self.0 >> 2 & 2) & 3
    }
}

/// The bytes after the command that make these channels conduct: the latches, with unused bits 1, and their complement.
pub(crate) const fn latches(conducting: u8) -> [u8; 3] {
    let latches = !(conducting & 3);
    [latches, !latches, 0]
}
