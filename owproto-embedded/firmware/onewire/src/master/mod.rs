//! The bus master: a [`Wire`] and the pin that implements it, and resets, bits and bytes on it.

pub(crate) mod fault;
pub(crate) mod open_drain;
pub(crate) mod wire;

use fault::Fault;
use wire::{PullUp, Wire};

/// Times in microseconds, within the limits of the DS18B20 data sheet ("1-Wire Timing"), with a margin for slow pins.
mod timing {
    /// The reset pulse: at least 480. Interrupts may lengthen it.
    pub(super) const RESET_LOW: u32 = 485;
    /// From the end of the reset pulse to the sample: a presence pulse begins after 15 to 60 and lasts 60 to 240.
    pub(super) const PRESENCE_SAMPLE: u32 = 65;
    /// From that sample to the next slot: 480 from the end of the reset pulse.
    pub(super) const PRESENCE_REST: u32 = 425;
    /// A slot that writes a 0: low for 60 to 120.
    pub(super) const ZERO_LOW: u32 = 62;
    /// The recovery after it: at least 1, and long enough for a long line to rise.
    pub(super) const ZERO_REST: u32 = 8;
    /// A slot that writes a 1 or reads: low for 1 to 15.
    pub(super) const ONE_LOW: u32 = 3;
    /// From there to the sample, which is within 15 of the falling edge: as late as slow pins allow.
    pub(super) const SAMPLE: u32 = 8;
    /// The rest of the slot, which lasts 60, and 1 of recovery.
    pub(super) const SAMPLE_REST: u32 = 59;
    /// A line that takes longer than this to rise is shorted.
    pub(super) const RISE: u32 = 20;
}

// Methods with several callers are not inlined: the wire is slow, and flash is scarce.

/// A 1-Wire master at standard speed: reset, bits and bytes on a [`Wire`]. A reset takes about 1 ms, and a bit up to
/// 75 µs.
#[derive(Debug)]
pub struct Master<W> {
    wire: W,
}

impl<W: Wire> Master<W> {
    /// A master on a wire.
    pub const fn new(wire: W) -> Self {
        Self { wire }
    }

    /// The wire.
    pub const fn wire(&self) -> &W {
        &self.wire
    }

    /// The wire, mutably.
    pub const fn wire_mut(&mut self) -> &mut W {
        &mut self.wire
    }

    /// Resets all devices; they wait for a ROM command afterwards.
    ///
    /// # Errors
    /// [`Fault::Short`], [`Fault::NoPresence`] if no device answers, [`Fault::Pin`].
    #[inline(never)]
    pub fn reset(&mut self) -> Result<(), Fault> {
        let wire = &mut self.wire;
        wire.release()?;
        if !wire.is_high()? {
            wire.delay_us(timing::RISE);
            if !wire.is_high()? {
                return Err(Fault::Short);
            }
        }
        wire.drive_low()?;
        wire.delay_us(timing::RESET_LOW);
        let is_quiet = wire.undisturbed(|wire| {
            wire.release()?;
            wire.delay_us(timing::PRESENCE_SAMPLE);
            wire.is_high()
        })?;
        wire.delay_us(timing::PRESENCE_REST);
        if !wire.is_high()? {
            return Err(Fault::Short);
        }
        if is_quiet { Err(Fault::NoPresence) } else { Ok(()) }
    }

    /// Writes a bit.
    ///
    /// # Errors
    /// [`Fault::Pin`]
    #[inline(never)]
    pub fn write_bit(&mut self, bit: bool) -> Result<(), Fault> {
        if bit {
            // A 1 is written as it is read: by a short low pulse.
            return self.read_bit().map(drop);
        }
        let wire = &mut self.wire;
        wire.undisturbed(|wire| {
            wire.drive_low()?;
            wire.delay_us(timing::ZERO_LOW);
            wire.release()
        })?;
        wire.delay_us(timing::ZERO_REST);
        Ok(())
    }

    /// Reads a bit: 1 unless a device sends a 0.
    ///
    /// # Errors
    /// [`Fault::Pin`]
    #[inline(never)]
    pub fn read_bit(&mut self) -> Result<bool, Fault> {
        let wire = &mut self.wire;
        let bit = wire.undisturbed(|wire| {
            wire.drive_low()?;
            wire.delay_us(timing::ONE_LOW);
            wire.release()?;
            wire.delay_us(timing::SAMPLE);
            wire.is_high()
        })?;
        wire.delay_us(timing::SAMPLE_REST);
        Ok(bit)
    }

    /// Writes a byte, least significant bit first.
    ///
    /// # Errors
    /// [`Fault::Pin`]
    #[inline(never)]
    pub fn write_byte(&mut self, byte: u8) -> Result<(), Fault> {
        (0..8).try_for_each(|bit| self.write_bit(byte >> bit & 1 == 1))
    }

    /// Reads a byte, least significant bit first.
    ///
    /// # Errors
    /// [`Fault::Pin`]
    #[inline(never)]
    pub fn read_byte(&mut self) -> Result<u8, Fault> {
        let mut byte = 0;
        for _ in 0..8 {
            byte = byte >> 1 | if self.read_bit()? { 0x80 } else { 0 };
        }
        Ok(byte)
    }

    /// Switches the pull-up to strong or weak.
    ///
    /// # Errors
    /// [`Fault::Pin`]
    pub fn pull_up(&mut self, strength: PullUp) -> Result<(), Fault> {
        Ok(self.wire.pull_up(strength)?)
    }
}
