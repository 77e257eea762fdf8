//! A wire with devices that are not there: [`SimulatedWire`] under a [`OneWire`](crate::OneWire), for tests and for boards
//! without sensors.
//!
//! It works from the edges on the line and the time between them, as devices do: it tells resets from bits by how long the
//! line is low, and counts what is out of the limits of the DS18B20's data sheet. Time on the line passes by the delays
//! that the master asks for; conversions take their time on the clock of the program.
//!
//! ```
//! use owproto_core::text::RomId;
//! use owproto_core::time::Instant;
//! use owproto_onewire::OneWire;
//! use owproto_onewire::emulation::{SimulatedWire, Slave};
//!
//! let clock = || Instant::from_millis(0); // the program's
//! let wire = SimulatedWire::new(clock, [
//!     Slave::thermometer(RomId::new(0x28, [1, 2, 3, 4, 5, 6]), 21 * 16),
//!     Slave::switch(RomId::new(0x3a, [1, 2, 3, 4, 5, 6])),
//! ]);
//! let mut bus: OneWire<_, 4, 2> = OneWire::new(wire);
//! while bus.devices().count() < 2 {
//!     let _ = bus.step(clock());
//! }
//! assert_eq!(bus.wire().violations(), 0);
//! ```

mod slave;
mod switch;
mod thermometer;
mod wire;

pub use slave::{Presence, Slave, Supply};
pub use wire::{Line, SimulatedWire};
