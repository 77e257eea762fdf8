use cortex_m::asm;

use crate::lan9118;
use crate::registers::{Interrupt, Registers};

/// Ticks of the timers: 25 MHz.
pub(crate) const TICKS_PER_MICRO: u32 = 25;
pub(crate) const NANOS_PER_TICK: u32 = 40;

/// The longest sleep, in microseconds. The counter runs round after 171 s, and has to be read before.
const LONGEST_SLEEP: u32 = 60_000_000;

// Registers of a CMSDK timer. It counts down.
const CONTROL: usize = 0x0;
const VALUE: usize = 0x4;
const RELOAD: usize = 0x8;
const CLEAR_INTERRUPT: usize = 0xc;
const ENABLED: u32 = 1;
const ENABLED_WITH_INTERRUPT: u32 = 0b1001;

/// Microseconds since the start, and sleep. One timer counts, the other one wakes.
#[derive(Debug)]
pub struct Clock {
    /// The time at the last look, and the counter then, as it would be had it stood on the microsecond.
    micros: u64,
    counter: u32,
    /// Time asleep until the last look, in microseconds.
    #[cfg(feature = "host")]
    asleep: u64,
}

impl Clock {
    pub(crate) fn start() -> Self {
        // From here on, an interrupt ends sleep and does nothing else: there are no handlers to protect data from.
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
        // 32 bits, because a division of 64 is much code on these cores.
        let passed = self.counter.wrapping_sub(Registers::TIMER_0.read(VALUE)) / TICKS_PER_MICRO;
        self.counter = self.counter.wrapping_sub(passed * TICKS_PER_MICRO);
        self.micros += u64::from(passed);
        self.micros
    }

    /// How many of the microseconds since the start the processor slept.
    #[cfg(feature = "host")]
    #[must_use]
    pub const fn micros_asleep(&self) -> u64 {
        self.asleep
    }

    /// Sleeps until a moment of this clock, or until a frame has come, or for a minute.
    pub fn sleep_until(&mut self, moment: Option<u64>) {
        let start = self.micros();
        let span = moment.map_or(LONGEST_SLEEP, |moment| {
            u32::try_from(moment.saturating_sub(start)).unwrap_or(LONGEST_SLEEP).min(LONGEST_SLEEP)
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
        // A frame that came before the interrupt was cleared is seen here, a later one ends the sleep at once.
        if !lan9118::has_frame() {
            asm::wfi();
        }
        #[cfg(feature = "host")]
        {
            self.asleep += self.micros() - start;
        }
    }
}

/// Waits for so many ticks, awake: for times that are too short to sleep.
pub(crate) fn wait(ticks: u32) {
    let start = Registers::TIMER_0.read(VALUE);
    while start.wrapping_sub(Registers::TIMER_0.read(VALUE)) < ticks {}
}
