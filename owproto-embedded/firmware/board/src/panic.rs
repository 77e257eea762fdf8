//! The panic handler of a product, which cannot report a panic.

use core::panic::PanicInfo;

/// Restarts the board, so that a gateway is unavailable only for a moment.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    cortex_m::peripheral::SCB::sys_reset()
}
