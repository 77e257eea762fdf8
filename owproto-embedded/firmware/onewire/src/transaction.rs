use owproto_core::text::RomId;

use crate::master::{Fault, Master};
use crate::wire::{PullUp, Wire};

/// The most bytes that are read at once: a scratchpad.
pub(crate) const MAX_READ: usize = 9;

/// A reset, the selection of a device or of all, bytes to it and bytes from it. Each step is a reset or a byte.
#[derive(Clone, Debug)]
pub(crate) struct Transaction {
    /// `None`: all devices at once.
    device: Option<RomId>,
    write: [u8; 4],
    write_len: u8,
    read_len: u8,
    /// The pull-up after the last byte.
    after: PullUp,
    place: u8,
    data: [u8; MAX_READ],
}

impl Transaction {
    pub(crate) const fn new(device: Option<RomId>, write: [u8; 4], write_len: u8, read_len: u8) -> Self {
        Self { device, write, write_len, read_len, after: PullUp::Weak, place: 0, data: [0; MAX_READ] }
    }

    pub(crate) const fn then(self, after: PullUp) -> Self {
        Self { after, ..self }
    }

    /// Does a piece of it; `true` at the end.
    pub(crate) fn step<W: Wire>(&mut self, master: &mut Master<W>) -> Result<bool, Fault> {
        const MATCH_ROM: u8 = 0x55;
        const SKIP_ROM: u8 = 0xcc;
        let place = self.place;
        self.place = place.saturating_add(1);
        let Some(place) = place.checked_sub(1) else {
            master.reset()?;
            return Ok(false);
        };
        let selection = if self.device.is_some() { 9 } else { 1 };
        if let Some(device) = self.device
            && place < selection
        {
            let byte = match place.checked_sub(1) {
                None => MATCH_ROM,
                Some(n) => device.as_bytes().get(usize::from(n)).copied().unwrap_or_default(),
            };
            master.write_byte(byte)?;
            return Ok(false);
        }
        if place < selection {
            master.write_byte(SKIP_ROM)?;
            return Ok(false);
        }
        let place = place.saturating_sub(selection);
        if place < self.write_len {
            master.write_byte(self.write.get(usize::from(place)).copied().unwrap_or_default())?;
        } else if let Some(byte) = self.data.get_mut(usize::from(place.saturating_sub(self.write_len))) {
            *byte = master.read_byte()?;
        }
        let is_end = place.saturating_add(1) >= self.write_len.saturating_add(self.read_len);
        if is_end && self.after == PullUp::Strong {
            // Within 10 µs of the command (DS18B20 data sheet, "Powering the DS18B20").
            master.pull_up(PullUp::Strong)?;
        }
        Ok(is_end)
    }

    /// What was read; the rest is 0.
    pub(crate) const fn data(&self) -> [u8; MAX_READ] {
        self.data
    }
}
