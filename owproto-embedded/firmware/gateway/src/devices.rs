//! What hangs on the wire. The wire is simulated; on a board with a real one, this file makes a `OneWire` on a pin.

use core::cell::Cell;

use owproto_embedded::core::text::RomId;
use owproto_embedded::core::time::Instant;
use owproto_onewire::OneWire;
use owproto_onewire::simulation::{SimulatedWire, Slave};

/// Devices that there is room for.
const MAX_DEVICES: usize = 8;

/// A bus with its devices, on which conversions take their time on this clock.
pub(crate) fn start<const REQUESTS: usize>(
    clock: &Cell<Instant>,
) -> OneWire<SimulatedWire<impl FnMut() -> Instant, 6>, MAX_DEVICES, REQUESTS> {
    let thermometer = |number, sixteenths| Slave::thermometer(id(0x28, number), sixteenths);
    OneWire::new(SimulatedWire::new(
        || clock.get(),
        [
            thermometer(1, 21 * 16 + 8),
            thermometer(2, 19 * 16),
            thermometer(3, -10 * 16 - 2),
            thermometer(4, 63 * 16 + 15),
            Slave::switch(id(0x3a, 1)),
            Slave::switch(id(0x3a, 2)),
        ],
    ))
}

fn id(family: u8, number: u8) -> RomId {
    RomId::new(family, [number, 0, 0, 0, 0, 0])
}
