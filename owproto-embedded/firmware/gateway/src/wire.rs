//! The wire of the gateway: the board's pin, or a simulated one with devices on it.

use core::cell::Cell;

use owproto_board::{Delay, Pin};
use owproto_embedded::owproto_core::time::Instant;
#[cfg(not(feature = "emulation"))]
use owproto_onewire::OpenDrain;
use owproto_onewire::Wire;

/// The board's pin.
#[cfg(not(feature = "emulation"))]
pub(crate) fn of_this_run(pin: Pin, delay: Delay, _: &Cell<Instant>) -> impl Wire {
    OpenDrain::new(pin, delay)
}

/// Four thermometers and two switches, whose conversions take their time on this clock.
#[cfg(feature = "emulation")]
pub(crate) fn of_this_run(_: Pin, _: Delay, time: &Cell<Instant>) -> impl Wire {
    use owproto_embedded::owproto_core::text::RomId;
    use owproto_onewire::emulation::{EmulatedWire, Slave};

    let id = |family, number| RomId::new(family, [number, 0, 0, 0, 0, 0]);
    let thermometer = |number, sixteenths| Slave::thermometer(id(0x28, number), sixteenths);
    let slaves = [
        thermometer(1, 21 * 16 + 8),
        thermometer(2, 19 * 16),
        thermometer(3, -10 * 16 - 2),
        thermometer(4, 63 * 16 + 15),
        Slave::switch(id(0x3a, 1)),
        Slave::switch(id(0x3a, 2)),
    ];
    EmulatedWire::new(|| time.get(), slaves)
}
