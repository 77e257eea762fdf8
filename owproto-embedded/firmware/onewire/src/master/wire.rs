use embedded_hal::digital::ErrorKind;

/// How strongly the line is pulled up while no device drives it low.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum PullUp {
    /// By the resistor, 4.7 kΩ or less.
    #[default]
    Weak,
    /// By a transistor, or by the pin itself as a push-pull output. This supplies a parasite-powered device while it
    /// converts or writes its EEPROM (DS18B20 data sheet, "Powering the DS18B20": up to 1.5 mA).
    Strong,
}

/// The line of a 1-Wire bus, with a delay. Implement it for a pin, or use [`OpenDrain`](crate::OpenDrain).
pub trait Wire {
    /// Drives the line low.
    ///
    /// # Errors
    /// The pin's error.
    fn drive_low(&mut self) -> Result<(), ErrorKind>;

    /// Releases the line; the resistor pulls it high, unless a device holds it low.
    ///
    /// # Errors
    /// The pin's error.
    fn release(&mut self) -> Result<(), ErrorKind>;

    /// Whether the line is high.
    ///
    /// # Errors
    /// The pin's error.
    fn is_high(&mut self) -> Result<bool, ErrorKind>;

    /// Waits for at least this many microseconds, up to 500, and at most a few more.
    fn delay_us(&mut self, micros: u32);

    /// Runs `bit`, which transfers one bit and takes at most 75 µs, without interruption. An interrupted bit may be read
    /// as another one, so disable interrupts here if they may take long.
    fn undisturbed<R>(&mut self, bit: impl FnOnce(&mut Self) -> R) -> R {
        bit(self)
    }

    /// Switches the pull-up to strong or weak. Does nothing on a board without a strong pull-up, where the resistor has
    /// to supply parasite-powered devices.
    ///
    /// # Errors
    /// The pin's error.
    fn pull_up(&mut self, _strength: PullUp) -> Result<(), ErrorKind> {
        Ok(())
    }
}
