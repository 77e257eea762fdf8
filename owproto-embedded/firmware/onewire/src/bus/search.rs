use owproto_core::text::RomId;

use crate::master::Master;
use crate::master::fault::Fault;
use crate::master::wire::Wire;

/// Which devices take part in a search.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Participants {
    /// All devices: SEARCH ROM, 0xF0.
    All,
    /// Devices in alarm: ALARM SEARCH, 0xEC.
    InAlarm,
}

/// The result of a step of a search.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    /// No device yet.
    Nothing,
    /// A device. There may be more.
    Device(RomId),
    /// The search has ended: all devices were found.
    End,
}

/// A search for the ROM ids on the bus, bit by bit (Maxim application note 187).
///
/// It finds ROM ids in the order of their bits: the least significant bit first, 0 before 1. Each [`step`](Self::step) is
/// a reset, a command or a bit, and takes about 1 ms at most; each device needs 66 steps. The search gives up after 255
/// devices, because it might never end on a noisy wire.
#[derive(Clone, Debug)]
pub struct Search {
    participants: Participants,
    is_verification: bool,
    rom: [u8; RomId::LEN],
    next: Next,
    /// The last position at which the previous pass chose 0 where both were possible, counted from 1; 0 for none.
    last_choice: u8,
    /// The same for the current pass.
    choice: u8,
    passes: u8,
}

/// The next step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Next {
    Reset,
    Command,
    /// 0 to 63.
    Bit(u8),
    End,
}

impl Search {
    /// Searches for devices.
    #[must_use]
    pub const fn new(participants: Participants) -> Self {
        Self {
            participants,
            is_verification: false,
            rom: [0; RomId::LEN],
            next: Next::Reset,
            last_choice: 0,
            choice: 0,
            passes: 0,
        }
    }

    /// Checks whether one device is present.
    #[must_use]
    pub const fn verification(device: RomId) -> Self {
        Self { is_verification: true, rom: device.to_bytes(), ..Self::new(Participants::All) }
    }

    /// Does one step of the search.
    ///
    /// # Errors
    /// [`Fault`]; start a new search then. A bus without devices is no fault; devices that answer the reset but not the
    /// search are.
    pub fn step<W: Wire>(&mut self, master: &mut Master<W>) -> Result<Found, Fault> {
        match self.next {
            Next::End => return Ok(Found::End),
            Next::Reset => {
                self.next = match master.reset() {
                    Ok(()) => Next::Command,
                    // In the first pass this means that there are no devices.
                    Err(Fault::NoPresence) if self.last_choice == 0 => Next::End,
                    Err(fault) => return Err(fault),
                };
            }
            Next::Command => {
                master.write_byte(match self.participants {
                    Participants::All => 0xf0,
                    Participants::InAlarm => 0xec,
                })?;
                self.choice = 0;
                self.next = Next::Bit(0);
            }
            Next::Bit(number) => {
                let ones = master.read_bit()?;
                let zeros = master.read_bit()?;
                let Some(direction) = self.direction(number, ones, zeros)? else {
                    self.next = Next::End;
                    return Ok(Found::End);
                };
                master.write_bit(direction)?;
                if number >= 63 {
                    return self.finish();
                }
                self.next = Next::Bit(number.wrapping_add(1));
            }
        }
        Ok(if self.next == Next::End { Found::End } else { Found::Nothing })
    }

    /// The bit to continue with, after these were read for the bit and its complement; `None` ends the search.
    fn direction(&mut self, number: u8, bit: bool, complement: bool) -> Result<Option<bool>, Fault> {
        let position = number.wrapping_add(1);
        let mask = 1 << (number & 7);
        let Some(byte) = self.rom.get_mut(usize::from(number >> 3)) else { return Ok(None) };
        let was = *byte & mask != 0;
        let direction = match (bit, complement) {
            (true, true) if self.is_verification => return Ok(None),
            (true, true) if number == 0 && self.participants == Participants::InAlarm => return Ok(None),
            (true, true) => return Err(Fault::NoAnswer),
            (false, false) if self.is_verification => was,
            (false, false) if position < self.last_choice => was,
            (false, false) => position == self.last_choice,
            (bit, _) if self.is_verification && bit != was => return Ok(None),
            (bit, _) => bit,
        };
        if !bit && !complement && !direction {
            self.choice = position;
        }
        *byte = if direction { *byte | mask } else { *byte & !mask };
        Ok(Some(direction))
    }

    fn finish(&mut self) -> Result<Found, Fault> {
        self.last_choice = self.choice;
        self.next = if self.is_verification || self.choice == 0 { Next::End } else { Next::Reset };
        self.passes = self.passes.checked_add(1).ok_or(Fault::Garbled)?;
        // A line that is held low reads as a ROM id of zeros, whose CRC is correct.
        if self.rom == [0; RomId::LEN] {
            return Err(Fault::Garbled);
        }
        RomId::from_bytes(self.rom).map(Found::Device).map_err(|_| Fault::Garbled)
    }
}
