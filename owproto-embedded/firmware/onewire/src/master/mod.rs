pub(crate) mod wire;

use core::fmt;

use embedded_hal::digital::ErrorKind;
use owproto_core::ReturnCode;

use wire::{PullUp, Wire};

/// What went wrong on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// The line is low although nobody should hold it.
    Short,
    /// No device answered the reset.
    NoPresence,
    /// The device that was spoken to does not answer: all ones.
    NoAnswer,
    /// What a device said does not agree with itself: its CRC, or its complement.
    Garbled,
    /// A device said that it did not take what it was sent, or has something else than was written.
    Refused,
    /// A thermometer has lost its power while it converted.
    PowerLost,
    /// The pin cannot be used.
    Pin(ErrorKind),
}

impl Fault {
    /// What owserver's clients are told.
    ///
    /// | fault | code |
    /// |---|---|
    /// | [`Short`](Self::Short) | 44, "Bus - bus short" |
    /// | [`NoPresence`](Self::NoPresence), [`NoAnswer`](Self::NoAnswer) | [`NO_SUCH_ENTITY`](ReturnCode::NO_SUCH_ENTITY) |
    /// | others | [`IO`](ReturnCode::IO) |
    #[must_use]
    pub const fn return_code(self) -> ReturnCode {
        match self {
            Self::Short => ReturnCode::from_code(44),
            Self::NoPresence | Self::NoAnswer => ReturnCode::NO_SUCH_ENTITY,
            _ => ReturnCode::IO,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Short => "the line is shorted",
            Self::NoPresence => "no device on the line",
            Self::NoAnswer => "the device does not answer",
            Self::Garbled => "the device was not understood",
            Self::Refused => "the device did not take what it was sent",
            Self::PowerLost => "the thermometer lost its power",
            Self::Pin(_) => "the pin cannot be used",
        })
    }
}

impl core::error::Error for Fault {}

impl From<ErrorKind> for Fault {
    fn from(kind: ErrorKind) -> Self {
        Self::Pin(kind)
    }
}

/// Microseconds, within the limits of the DS18B20 data sheet, "1-Wire Timing", with room for slow pins.
mod timing {
    /// Reset: 480 at least. Interrupts may make it longer.
    pub(super) const RESET_LOW: u32 = 485;
    /// From the end of the reset to the sample: a presence pulse begins after 15 to 60 and lasts 60 to 240.
    pub(super) const PRESENCE_SAMPLE: u32 = 65;
    /// From the sample to the next slot: 480 in all.
    pub(super) const PRESENCE_REST: u32 = 425;
    /// A slot that writes 0: low for 60 to 120.
    pub(super) const ZERO_LOW: u32 = 62;
    /// After it: 1 at least, and enough for a long line to rise.
    pub(super) const ZERO_REST: u32 = 8;
    /// A slot that writes 1, or reads: low for 1 to 15.
    pub(super) const ONE_LOW: u32 = 3;
    /// From there to the sample: within 15 of the falling edge, and as late as can be with slow pins.
    pub(super) const SAMPLE: u32 = 8;
    /// The rest of the slot: 60 in all, and 1 between slots.
    pub(super) const SAMPLE_REST: u32 = 59;
    /// How long a line may take to rise before it counts as shorted.
    pub(super) const RISE: u32 = 20;
}

// What is called from several places is not to be inlined there: the wire is slow, and flash is dear.

/// Reset, bits and bytes on a [`Wire`], at standard speed. Each call but [`reset`](Self::reset) takes up to 75 µs a bit;
/// a reset takes about 1 ms.
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

    /// The wire, to be changed.
    pub const fn wire_mut(&mut self) -> &mut W {
        &mut self.wire
    }

    /// Gets the attention of all devices; they wait for a ROM command.
    ///
    /// # Errors
    /// [`Fault::Short`], [`Fault::NoPresence`] if there is no device, [`Fault::Pin`].
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
            // The same on the wire.
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

    /// Reads a bit: 1 where no device says 0.
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

    /// Writes a byte, its lowest bit first.
    ///
    /// # Errors
    /// [`Fault::Pin`]
    #[inline(never)]
    pub fn write_byte(&mut self, byte: u8) -> Result<(), Fault> {
        (0..8).try_for_each(|bit| self.write_bit(byte >> bit & 1 == 1))
    }

    /// Reads a byte, its lowest bit first.
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

    /// Makes the pull-up strong or weak.
    ///
    /// # Errors
    /// [`Fault::Pin`]
    pub fn pull_up(&mut self, strength: PullUp) -> Result<(), Fault> {
        Ok(self.wire.pull_up(strength)?)
    }
}
