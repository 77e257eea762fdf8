use owproto_core::text::RomId;

use crate::master::wire::Wire;
use crate::master::{Fault, Master};

/// Which devices take part in a search.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Participants {
    /// All: SEARCH ROM, 0xF0.
    All,
    /// Those in alarm: ALARM SEARCH, 0xEC.
    InAlarm,
}

/// What a step of a search came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    /// Nothing yet.
    Nothing,
    /// A device. There may be more.
    Device(RomId),
    /// All were found.
    End,
}

/// A search of the bus for the addresses of its devices, bit by bit (Maxim application note 187).
///
/// Addresses come in the order of their bits, from the lowest bit on, 0 before 1. Each [`step`](Self::step) is a reset,
/// a command or a bit, about 1 ms at most; a device takes 66 of them. After 255 devices it gives up: on a noisy wire it
/// might never end.
#[derive(Clone, Debug)]
pub struct Search {
    participants: Participants,
    is_verification: bool,
    rom: [u8; RomId::LEN],
    at: At,
    /// Where the pass before had a choice and took 0 for the last time, counted from 1; 0: nowhere.
    last_choice: u8,
    /// The same of the pass under way.
    choice: u8,
    passes: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum At {
    Reset,
    Command,
    /// 0 to 63.
    Bit(u8),
    End,
}

impl Search {
    /// Finds devices.
    #[must_use]
    pub const fn new(participants: Participants) -> Self {
        Self {
            participants,
            is_verification: false,
            rom: [0; RomId::LEN],
            at: At::Reset,
            last_choice: 0,
            choice: 0,
            passes: 0,
        }
    }

    /// Finds out whether one device is there.
    #[must_use]
    pub const fn verification(device: RomId) -> Self {
        Self { is_verification: true, rom: device.to_bytes(), ..Self::new(Participants::All) }
    }

    /// Does a piece of the search.
    ///
    /// # Errors
    /// [`Fault`]; the search has to be made anew. That nobody is there is none, but that all were silent after they had
    /// announced themselves is.
    pub fn step<W: Wire>(&mut self, master: &mut Master<W>) -> Result<Found, Fault> {
        match self.at {
            At::End => return Ok(Found::End),
            At::Reset => {
                self.at = match master.reset() {
                    Ok(()) => At::Command,
                    // In the first pass it means that there are no devices.
                    Err(Fault::NoPresence) if self.last_choice == 0 => At::End,
                    Err(fault) => return Err(fault),
                };
            }
            At::Command => {
                master.write_byte(match self.participants {
                    Participants::All => 0xf0,
                    Participants::InAlarm => 0xec,
                })?;
                self.choice = 0;
                self.at = At::Bit(0);
            }
            At::Bit(number) => {
                let ones = master.read_bit()?;
                let zeros = master.read_bit()?;
                let Some(direction) = self.direction(number, ones, zeros)? else {
                    self.at = At::End;
                    return Ok(Found::End);
                };
                master.write_bit(direction)?;
                if number >= 63 {
                    return self.finish();
                }
                self.at = At::Bit(number.wrapping_add(1));
            }
        }
        Ok(if self.at == At::End { Found::End } else { Found::Nothing })
    }

    /// Which way to go at a bit, when these were read for it and its complement; `None` ends the search.
    fn direction(&mut self, number: u8, bit: bool, complement: bool) -> Result<Option<bool>, Fault> {
        let place = number.wrapping_add(1);
        let mask = 1 << (number & 7);
        let Some(byte) = self.rom.get_mut(usize::from(number >> 3)) else { return Ok(None) };
        let was = *byte & mask != 0;
        let direction = match (bit, complement) {
            (true, true) if self.is_verification => return Ok(None),
            (true, true) if number == 0 && self.participants == Participants::InAlarm => return Ok(None),
            (true, true) => return Err(Fault::NoAnswer),
            (false, false) if self.is_verification => was,
            (false, false) if place < self.last_choice => was,
            (false, false) => place == self.last_choice,
            (bit, _) if self.is_verification && bit != was => return Ok(None),
            (bit, _) => bit,
        };
        if !bit && !complement && !direction {
            self.choice = place;
        }
        *byte = if direction { *byte | mask } else { *byte & !mask };
        Ok(Some(direction))
    }

    fn finish(&mut self) -> Result<Found, Fault> {
        self.last_choice = self.choice;
        self.at = if self.is_verification || self.choice == 0 { At::End } else { At::Reset };
        self.passes = self.passes.checked_add(1).ok_or(Fault::Garbled)?;
        // A line that is held low reads as an address of zeros, with the right CRC.
        if self.rom == [0; RomId::LEN] {
            return Err(Fault::Garbled);
        }
        RomId::from_bytes(self.rom).map(Found::Device).map_err(|_| Fault::Garbled)
    }
}
