//! What happens when a program has a defect, where nobody can be told.

use core::panic::PanicInfo;

/// Starts anew: a gateway that is gone for a moment is better than one that is gone.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    cortex_m::peripheral::SCB::sys_reset()
}
