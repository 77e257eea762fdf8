//! Registers of the board's devices.

/// A device's registers, from this address on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registers(usize);

impl Registers {
    /// LAN9118 (Arm AN385, table 3-1).
    pub(crate) const ETHERNET: Self = Self(0x4020_0000);
    /// The first 16 pins of the expansion connector (CMSDK AHB GPIO).
    pub(crate) const GPIO_0: Self = Self(0x4001_0000);
    /// The first timer (CMSDK APB timer).
    pub(crate) const TIMER_0: Self = Self(0x4000_0000);
    /// The second timer.
    pub(crate) const TIMER_1: Self = Self(0x4000_1000);

    /// Reads the register at this distance, which is below 4096.
    #[inline]
    pub(crate) fn read(self, offset: usize) -> u32 {
        // SAFETY: the constants above are devices of this board with 4 KB each that nothing else uses, and their
        // registers can be read at any time.
        unsafe { self.register(offset).read_volatile() }
    }

    /// Writes the register at this distance, which is below 4096.
    #[inline]
    pub(crate) fn write(self, offset: usize, value: u32) {
        // SAFETY: as in `read`. None of these devices reaches memory by itself, so no value breaks a promise.
        unsafe { self.register(offset).write_volatile(value) }
    }

    #[inline]
    fn register(self, offset: usize) -> *mut u32 {
        core::ptr::with_exposed_provenance_mut(self.0 + (offset & 0xffc))
    }
}

/// Interrupts that end sleep. They have no handlers: interrupts are disabled as a whole, and what happened is found out
/// by looking.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Interrupt {
    Timer1 = 9,
    Ethernet = 13,
}

/// The part of the vector table that cortex-m-rt leaves to the board; without it, cortex-m-rt would put 240 entries there. It
/// has one entry, the least that there can be, because interrupts are disabled as a whole before the first one is let
/// through: none is ever taken.
// SAFETY: the linker script puts it behind the other vectors.
#[unsafe(link_section = ".vector_table.interrupts")]
#[unsafe(no_mangle)]
static __INTERRUPTS: [usize; 1] = [0];

// SAFETY: the numbers are those of the board (Arm AN385, table 3-3).
unsafe impl cortex_m::interrupt::InterruptNumber for Interrupt {
    fn number(self) -> u16 {
        self as u16
    }
}

impl Interrupt {
    /// Lets it end sleep from now on.
    pub(crate) fn enable(self) {
        // SAFETY: interrupts are disabled as a whole (`Clock::start`), so that no critical section is broken.
        unsafe { cortex_m::peripheral::NVIC::unmask(self) };
    }

    /// Forgets that it came.
    pub(crate) fn clear(self) {
        cortex_m::peripheral::NVIC::unpend(self);
    }
}
