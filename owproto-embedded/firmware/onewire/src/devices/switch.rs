//! The switch DS2413: two channels, each a transistor to ground and an input.

use crate::master::Fault;

/// The family code.
pub(crate) const DS2413: u8 = 0x3a;

/// Function commands (DS2413 data sheet).
pub(crate) const PIO_ACCESS_READ: u8 = 0xf5;
pub(crate) const PIO_ACCESS_WRITE: u8 = 0x5a;
/// The device's answer to a write that it took.
pub(crate) const CONFIRMED: u8 = 0xaa;

/// The states of both pins and both output latches: pin A, latch A, pin B, latch B, from bit 0 on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct PioState(u8);

impl PioState {
    /// The upper half is the complement of the lower one.
    pub(crate) const fn parse(byte: u8) -> Result<Self, Fault> {
        if byte == 0xff {
            return Err(Fault::NoAnswer);
        }
        if byte & 0x0f == !byte >> 4 { Ok(Self(byte & 0x0f)) } else { Err(Fault::Garbled) }
    }

    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    /// Whether the pins are high; A is bit 0.
    pub(crate) const fn sensed(self) -> u8 {
        self.0 & 1 | self.0 >> 1 & 2
    }

    /// Whether the transistors conduct: a latch that is 0 (owfs: manual page DS2413).
    pub(crate) const fn conducting(self) -> u8 {
        !(self.0 >> 1 & 1 | self.0 >> 2 & 2) & 3
    }
}

/// What is sent behind the command so that these channels conduct: unused bits are 1, and the complement follows.
pub(crate) const fn latches(conducting: u8) -> [u8; 3] {
    let latches = !(conducting & 3);
    [latches, !latches, 0]
}
