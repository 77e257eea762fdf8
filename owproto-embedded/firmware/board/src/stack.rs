//! How deep the stack has been: cortex-m-rt paints it at the start, and what is still painted was never used.

use core::ptr;

use cortex_m_rt::STACK_PAINT_VALUE;

unsafe extern "C" {
    // Symbols of cortex-m-rt's linker script. The stack grows from `_stack_start` down to `_stack_end`.
    static _stack_start: u32;
    static _stack_end: u32;
}

/// The bytes of stack that were in use at most since the start.
#[must_use]
pub fn high_water_mark() -> usize {
    let top = (&raw const _stack_start).addr();
    let mut word = &raw const _stack_end;
    // SAFETY: between the two symbols is memory of the stack, which anyone may look at; volatile, because the compiler
    // knows nothing of what is there.
    while word.addr() < top && unsafe { ptr::read_volatile(word) } == STACK_PAINT_VALUE {
        word = word.wrapping_add(1);
    }
    top - word.addr()
}
