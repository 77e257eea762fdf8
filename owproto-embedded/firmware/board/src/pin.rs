use core::convert::Infallible;

use embedded_hal::delay::DelayNs;
use embedded_hal::digital::{ErrorType, InputPin, OutputPin};

use crate::clock;
use crate::registers::Registers;

// Registers of a CMSDK GPIO.
const DATA: usize = 0x00;
const DATA_OUT: usize = 0x04;
const OUTPUT_ENABLE_SET: usize = 0x10;
const OUTPUT_ENABLE_CLEAR: usize = 0x14;

/// The first pin of the expansion connector.
const BIT: u32 = 1;

/// The pin `EXP0` as an open drain, which drives the line low or releases it. With a resistor of 4.7 kΩ to 3.3 V it is a
/// 1-Wire bus.
///
/// QEMU does not emulate the pin: there it always reads low.
#[derive(Debug)]
pub struct Pin(());

impl Pin {
    pub(crate) fn start() -> Self {
        Registers::GPIO_0.write(OUTPUT_ENABLE_CLEAR, BIT);
        // The level that it drives when the output is enabled: low.
        let others = Registers::GPIO_0.read(DATA_OUT) & !BIT;
        Registers::GPIO_0.write(DATA_OUT, others);
        Self(())
    }
}

impl ErrorType for Pin {
    type Error = Infallible;
}

impl OutputPin for Pin {
    fn set_low(&mut self) -> Result<(), Infallible> {
        Registers::GPIO_0.write(OUTPUT_ENABLE_SET, BIT);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        Registers::GPIO_0.write(OUTPUT_ENABLE_CLEAR, BIT);
        Ok(())
    }
}

impl InputPin for Pin {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(Registers::GPIO_0.read(DATA) & BIT != 0)
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        self.is_high().map(|is_high| !is_high)
    }
}

/// A delay of microseconds, which reads the clock until the time is over.
#[derive(Clone, Copy, Debug)]
pub struct Delay(pub(crate) ());

impl DelayNs for Delay {
    fn delay_ns(&mut self, nanos: u32) {
        clock::wait(nanos.div_ceil(clock::NANOS_PER_TICK));
    }

    // The default converts to nanoseconds, and needs more divisions.
    fn delay_us(&mut self, micros: u32) {
        clock::wait(micros.saturating_mul(clock::TICKS_PER_MICRO));
    }
}
