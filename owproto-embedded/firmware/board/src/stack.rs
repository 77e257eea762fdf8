//! The high-water mark of the stack. cortex-m-rt fills the stack with a pattern at the start; words that still have it were
//! never used.

use core::ptr;

use cortex_m_rt::STACK_PAINT_VALUE;

unsafe extern "C" {
    // Symbols of cortex-m-rt's linker script. The stack grows from `_stack_start` down to `_stack_end`.
    static _stack_start: u32;
    static _stack_end: u32;
}

/// The most bytes of stack that were in use since the start.
#[must_use]
pub fn high_water_mark() -> usize {
    let top = (&raw const _stack_start).addr();
    let mut word = &raw const _stack_end;
    // SAFETY: the memory between the two symbols is the stack, which may be read; volatile, because the compiler does not
    // know its content.
    while word.addr() < top && unsafe { ptr::read_volatile(word) } == STACK_PAINT_VALUE {
        word = word.wrapping_add(1);
    }
    top - word.addr()
}
