use embedded_hal::delay::DelayNs;
use embedded_hal::digital::{Error as _, ErrorKind, InputPin, OutputPin};

/// How strongly the line is held high while nobody drives it low.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum PullUp {
    /// By the resistor, 4.7 kΩ or less.
    #[default]
    Weak,
    /// By a transistor, or by the pin itself as a push-pull output: enough for a device without a supply of its own
    /// while it converts or writes its EEPROM (DS18B20 data sheet, "Powering the DS18B20": up to 1.5 mA).
    Strong,
}

/// One wire: it can be driven low and let go, looked at, and time can pass. Implement it for a pin, or take
/// [`OpenDrain`].
pub trait Wire {
    /// Pulls the line low.
    ///
    /// # Errors
    /// What the pin says.
    fn drive_low(&mut self) -> Result<(), ErrorKind>;

    /// Lets the line go; the resistor pulls it high, unless a device holds it low.
    ///
    /// # Errors
    /// What the pin says.
    fn release(&mut self) -> Result<(), ErrorKind>;

    /// Whether the line is high.
    ///
    /// # Errors
    /// What the pin says.
    fn is_high(&mut self) -> Result<bool, ErrorKind>;

    /// Waits so many microseconds, not less and at most a few more; up to 500 are asked for.
    fn delay_us(&mut self, micros: u32);

    /// Does what belongs to one bit, without anything in between: at most 75 µs. A device takes a bit that was
    /// disturbed for another one. Where interrupts may come, hold them back here.
    fn undisturbed<R>(&mut self, bit: impl FnOnce(&mut Self) -> R) -> R {
        bit(self)
    }

    /// Makes the pull-up strong or weak. Does nothing on a board that has no strong one: devices without a supply of
    /// their own then have to do with the resistor.
    ///
    /// # Errors
    /// What the pin says.
    fn pull_up(&mut self, _strength: PullUp) -> Result<(), ErrorKind> {
        Ok(())
    }
}

/// A [`Wire`] on an open-drain pin of `embedded-hal` 1: set high, it is let go.
///
/// With the feature `critical-section` interrupts are held back during each bit.
#[derive(Debug)]
pub struct OpenDrain<P, D> {
    pin: P,
    delay: D,
}

impl<P: InputPin + OutputPin, D: DelayNs> OpenDrain<P, D> {
    /// A pin, which must be set up as an open drain that can be read, and a delay.
    pub const fn new(pin: P, delay: D) -> Self {
        Self { pin, delay }
    }

    /// The pin and the delay.
    pub fn into_parts(self) -> (P, D) {
        (self.pin, self.delay)
    }
}

impl<P: InputPin + OutputPin, D: DelayNs> Wire for OpenDrain<P, D> {
    fn drive_low(&mut self) -> Result<(), ErrorKind> {
        self.pin.set_low().map_err(|error| error.kind())
    }

    fn release(&mut self) -> Result<(), ErrorKind> {
        self.pin.set_high().map_err(|error| error.kind())
    }

    fn is_high(&mut self) -> Result<bool, ErrorKind> {
        self.pin.is_high().map_err(|error| error.kind())
    }

    fn delay_us(&mut self, micros: u32) {
        self.delay.delay_us(micros);
    }

    #[cfg(feature = "critical-section")]
    fn undisturbed<R>(&mut self, bit: impl FnOnce(&mut Self) -> R) -> R {
        critical_section::with(|_| bit(self))
    }
}
