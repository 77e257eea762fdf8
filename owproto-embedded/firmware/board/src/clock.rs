use cortex_m::asm;

use crate::lan9118;
use crate::registers::{Interrupt, Registers};

/// The timers run at 25 MHz.
pub(crate) const TICKS_PER_MICRO: u32 = 25;
pub(crate) const NANOS_PER_TICK: u32 = 40;

/// The longest sleep, in microseconds. The counter wraps after 171 s, and has to be read before.
const LONGEST_SLEEP: u32 = 60_000_000;

// Registers of a CMSDK timer. It counts down.
const CONTROL: usize = 0x0;
const VALUE: usize = 0x4;
const RELOAD: usize = 0x8;
const CLEAR_INTERRUPT: usize = 0xc;
const ENABLED: u32 = 1;
const ENABLED_WITH_INTERRUPT: u32 = 0b1001;

/// Counts microseconds since the start with one timer, and ends sleep with the other.
#[derive(Debug)]
pub struct Clock {
    /// The time of the last reading.
    micros: u64,
    /// The counter at that time, rounded to a whole microsecond.
    counter: u32,
    /// Microseconds asleep so far.
    #[cfg(feature = "host")]
    asleep: u64,
}

impl Clock {
    pub(crate) fn start() -> Self {
        // From here on interrupts only end sleep: there are no handlers.
        cortex_m::interrupt::disable();
        Registers::TIMER_0.write(RELOAD, u32::MAX);
        Registers::TIMER_0.write(VALUE, u32::MAX);
        Registers::TIMER_0.write(CONTROL, ENABLED);
        Interrupt::Timer1.enable();
        Interrupt::Ethernet.enable();
        Self {
            micros: 0,
            counter: u32::MAX,
            #[cfg(feature = "host")]
            asleep: 0,
        }
    }

    /// Microseconds since the start.
    pub fn micros(&mut self) -> u64 {
        // 32 bits, because a division of 64 bits takes much flash.
        let passed = self.counter.wrapping_sub(Registers::TIMER_0.read(VALUE)) / TICKS_PER_MICRO;
        self.counter = self.counter.wrapping_sub(passed * TICKS_PER_MICRO);
        self.micros += u64::from(passed);
        self.micros
    }

    /// Microseconds since the start that the processor was asleep.
    #[cfg(feature = "host")]
    #[must_use]
    pub const fn micros_asleep(&self) -> u64 {
        self.asleep
    }

    /// Sleeps until this time, until a frame is received, or for a minute.
    pub fn sleep_until(&mut self, time: Option<u64>) {
        let start = self.micros();
        let span = time.map_or(LONGEST_SLEEP, |time| {
            u32::try_from(time.saturating_sub(start)).unwrap_or(LONGEST_SLEEP).min(LONGEST_SLEEP)
        });
        if span == 0 {
            return;
        }
        Registers::TIMER_1.write(CONTROL, 0);
        Registers::TIMER_1.write(RELOAD, 0);
        Registers::TIMER_1.write(VALUE, span * TICKS_PER_MICRO);
        Registers::TIMER_1.write(CLEAR_INTERRUPT, 1);
        lan9118::clear_interrupt();
        Interrupt::Timer1.clear();
        Interrupt::Ethernet.clear();
        Registers::TIMER_1.write(CONTROL, ENABLED_WITH_INTERRUPT);
        // A frame received before the interrupt was cleared is noticed here; a later one ends the sleep.
        if !lan9118::has_frame() {
            asm::wfi();
        }
        #[cfg(feature = "host")]
        {
            self.asleep += self.micros() - start;
        }
    }
}

/// Waits for this many ticks without sleeping, because the time is too short.
pub(crate) fn wait(ticks: u32) {
    let start = Registers::TIMER_0.read(VALUE);
    while start.wrapping_sub(Registers::TIMER_0.read(VALUE)) < ticks {}
}
