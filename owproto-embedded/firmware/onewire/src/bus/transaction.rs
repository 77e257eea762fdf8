use owproto_core::text::RomId;

use crate::master::Master;
use crate::master::fault::Fault;
use crate::master::wire::{PullUp, Wire};

/// The most bytes to read: a scratchpad.
pub(crate) const MAX_READ: usize = 9;

/// The most bytes to write: a ROM command with a ROM id, and a function command with its bytes.
const MAX_WRITE: usize = 1 + RomId::LEN + 4;

/// A reset, the selection of one device or of all, bytes to write and bytes to read. Each step is a reset or a byte.
#[derive(Clone, Debug)]
pub(crate) struct Transaction {
    write: [u8; MAX_WRITE],
    write_len: u8,
    read_len: u8,
    /// The pull-up after the last byte.
    after: PullUp,
    /// How many steps are done.
    steps: u8,
    data: [u8; MAX_READ],
}

impl Transaction {
    /// A transaction before its first [`begin`](Self::begin).
    pub(crate) const fn new() -> Self {
        Self {
            write: [0; MAX_WRITE],
            write_len: 0,
            read_len: 0,
            after: PullUp::Weak,
            steps: 0,
            data: [0; MAX_READ],
        }
    }

    /// Starts a transaction with a device, or with all devices if it is `None`.
    pub(crate) fn begin(&mut self, device: Option<RomId>, write: &[u8], read_len: u8, after: PullUp) {
        const MATCH_ROM: u8 = 0x55;
        const SKIP_ROM: u8 = 0xcc;
        self.write_len = 0;
        self.read_len = read_len;
        self.after = after;
        self.steps = 0;
        match device {
            Some(device) => {
                self.push(&[MATCH_ROM]);
                self.push(device.as_bytes());
            }
            None => self.push(&[SKIP_ROM]),
        }
        self.push(write);
    }

    #[inline(never)]
    fn push(&mut self, bytes: &[u8]) {
        for (to, byte) in self.write.iter_mut().skip(self.write_len.into()).zip(bytes) {
            *to = *byte;
            self.write_len = self.write_len.saturating_add(1);
        }
    }

    /// Does one step. Returns `true` after the last.
    pub(crate) fn step<W: Wire>(&mut self, master: &mut Master<W>) -> Result<bool, Fault> {
        let steps = self.steps;
        self.steps = steps.saturating_add(1);
        let Some(position) = steps.checked_sub(1) else {
            master.reset()?;
            return Ok(false);
        };
        if position < self.write_len {
            master.write_byte(self.write.get(usize::from(position)).copied().unwrap_or_default())?;
        } else if let Some(byte) = self.data.get_mut(usize::from(position.saturating_sub(self.write_len))) {
            *byte = master.read_byte()?;
        }
        let is_end = self.steps > self.write_len.saturating_add(self.read_len);
        if is_end && self.after == PullUp::Strong {
            // Within 10 µs of the command (DS18B20 data sheet, "Powering the DS18B20").
            master.pull_up(PullUp::Strong)?;
        }
        Ok(is_end)
    }

    /// The bytes that were read.
    pub(crate) const fn data(&self) -> &[u8; MAX_READ] {
        &self.data
    }
}
