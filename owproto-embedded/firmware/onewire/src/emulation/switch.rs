use super::slave::Then;
use crate::devices::switch::{CONFIRMED, PIO_ACCESS_READ, PIO_ACCESS_WRITE};

/// What is inside a DS2413.
#[derive(Clone, Debug)]
pub(super) struct Switch {
    /// The output latches, A is bit 0; 1 does not conduct.
    latches: u8,
    /// Inputs that something else holds low.
    pub(super) grounded: u8,
}

impl Switch {
    pub(super) const fn new() -> Self {
        Self { latches: 3, grounded: 0 }
    }

    pub(super) const fn conducting(&self) -> u8 {
        !self.latches & 3
    }

    /// The state byte.
    const fn state(&self) -> u8 {
        let pins = self.latches & !self.grounded;
        let state = pins & 1 | (self.latches & 1) << 1 | (pins & 2) << 1 | (self.latches & 2) << 2;
        state | !state << 4
    }

    pub(super) const fn command(&mut self, command: u8, buffer: &mut [u8; 9]) -> Then {
        match command {
            PIO_ACCESS_READ => {
                *buffer = [self.state(); 9];
                Then::Send(9)
            }
            PIO_ACCESS_WRITE => Then::Receive(2),
            _ => Then::Nothing,
        }
    }

    /// Takes the new state of the latches, and says so; nothing if it was not understood.
    pub(super) const fn write(&mut self, buffer: &mut [u8; 9]) -> Then {
        let [value, complement, ..] = *buffer;
        if value != !complement {
            return Then::Nothing;
        }
        self.latches = value & 3;
        *buffer = [self.state(); 9];
        let [first, ..] = buffer;
        *first = CONFIRMED;
        Then::Send(9)
    }
}
