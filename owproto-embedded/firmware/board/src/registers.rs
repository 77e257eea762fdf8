//! Registers of the board's devices.

/// The registers of a device, by their first address.
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

    /// Reads the register at this offset, which is below 4096.
    #[inline]
    pub(crate) fn read(self, offset: usize) -> u32 {
        // SAFETY: the constants above are devices of this board with 4 KB each that nothing else uses, and their
        // registers can be read at any time.
        unsafe { self.register(offset).read_volatile() }
    }

    /// Writes the register at this offset, which is below 4096.
    #[inline]
    pub(crate) fn write(self, offset: usize, value: u32) {
        // SAFETY: as in `read`. None of these devices accesses memory, so that every value is sound.
        unsafe { self.register(offset).write_volatile(value) }
    }

    #[inline]
    fn register(self, offset: usize) -> *mut u32 {
        core::ptr::with_exposed_provenance_mut(self.0 + (offset & 0xffc))
    }
}

/// Interrupts that end sleep. They have no handlers: interrupts are disabled globally, and the program polls the devices.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Interrupt {
    Timer1 = 9,
    Ethernet = 13,
}

/// The part of the vector table for the interrupts of the board. Without it, cortex-m-rt would add 240 entries. One entry,
/// the smallest number, is enough, because no interrupt is ever taken: they are disabled globally before the first one is
/// enabled.
// SAFETY: the linker script places it after the other vectors.
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
    /// Enables it, so that it ends sleep.
    pub(crate) fn enable(self) {
        // SAFETY: interrupts are disabled globally (`Clock::start`), so that this breaks no critical section.
        unsafe { cortex_m::peripheral::NVIC::unmask(self) };
    }

    /// Clears it.
    pub(crate) fn clear(self) {
        cortex_m::peripheral::NVIC::unpend(self);
    }
}
