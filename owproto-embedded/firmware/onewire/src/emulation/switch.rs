use super::reaction::Reaction;
use crate::devices::switch::{CONFIRMED, PIO_ACCESS_READ, PIO_ACCESS_WRITE};

/// The inside of a DS2413.
#[derive(Clone, Debug)]
pub(super) struct Switch {
    /// The output latches; A is bit 0. The transistor of a latch that is 1 does not conduct.
    latches: u8,
    /// Inputs that are held low from outside; A is bit 0.
    pub(super) grounded: u8,
}

impl Switch {
    pub(super) const fn new() -> Self {
        Self { latches: 3, grounded: 0 }
    }

    pub(super) const fn conducting(&self) -> u8 {
        !self.latches & 3
    }

    /// The state byte: pins, latches, and their complement.
    const fn state(&self) -> u8 {
        let pins = self.latches & !self.grounded;
        let state = pins & 1 | (self.latches & 1) << 1 | (pins & 2) << 1 | (self.latches & 2) << 2;
        state | !state << 4
    }

    pub(super) const fn command(&mut self, command: u8, buffer: &mut [u8; 9]) -> Reaction {
        match command {
            PIO_ACCESS_READ => {
                *buffer = [self.state(); 9];
                Reaction::Send(9)
            }
            PIO_ACCESS_WRITE => Reaction::Receive(2),
            _ => Reaction::Nothing,
        }
    }

    /// Sets the latches and confirms, if the complement is correct.
    pub(super) const fn write(&mut self, buffer: &mut [u8; 9]) -> Reaction {
        let [value, complement, ..] = *buffer;
        if value != !complement {
            return Reaction::Nothing;
        }
        self.latches = value & 3;
        *buffer = [self.state(); 9];
        let [first, ..] = buffer;
        *first = CONFIRMED;
        Reaction::Send(9)
    }
}
