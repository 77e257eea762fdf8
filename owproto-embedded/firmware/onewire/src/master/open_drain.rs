use embedded_hal::delay::DelayNs;
use embedded_hal::digital::{Error as _, ErrorKind, InputPin, OutputPin};

use super::wire::Wire;

/// A [`Wire`] on an open-drain pin of `embedded-hal` 1. Setting the pin high releases the line.
///
/// With the feature `critical-section` interrupts are disabled during each bit.
#[derive(Debug)]
pub struct OpenDrain<P, D> {
    pin: P,
    delay: D,
}

impl<P: InputPin + OutputPin, D: DelayNs> OpenDrain<P, D> {
    /// A wire on this pin, which has to be configured as an open drain that can be read.
    pub const fn new(pin: P, delay: D) -> Self {
        Self { pin, delay }
    }

    /// Returns pin and delay.
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
