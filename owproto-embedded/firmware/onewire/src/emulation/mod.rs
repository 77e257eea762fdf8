//! Emulated devices on an emulated wire: an [`EmulatedWire`] under a [`OneWireBus`](crate::OneWireBus), for tests and for
//! boards without sensors.
//!
//! As real devices do, it works with edges on the line and the time between them. It distinguishes resets from bits by
//! the length of low pulses, and counts violations of the limits in the DS18B20 data sheet. Time on the line passes with
//! the delays of the master; conversions take their time on the clock of the program.
//!
//! ```
//! use owproto_core::text::RomId;
//! use owproto_core::time::Instant;
//! use owproto_onewire::OneWireBus;
//! use owproto_onewire::emulation::{EmulatedWire, Slave};
//!
//! let clock = || Instant::from_millis(0); // the clock of the program
//! let wire = EmulatedWire::new(clock, [
//!     Slave::thermometer(RomId::new(0x28, [1, 2, 3, 4, 5, 6]), 21 * 16),
//!     Slave::switch(RomId::new(0x3a, [1, 2, 3, 4, 5, 6])),
//! ]);
//! let mut bus: OneWireBus<_, 4, 2> = OneWireBus::new(wire);
//! while bus.devices().count() < 2 {
//!     let _ = bus.step(clock());
//! }
//! assert_eq!(bus.wire().violations(), 0);
//! ```

mod reaction;
mod slave;
mod switch;
mod thermometer;
mod wire;

pub use slave::{Presence, Slave};
pub use thermometer::Supply;
pub use wire::{EmulatedWire, Line};
