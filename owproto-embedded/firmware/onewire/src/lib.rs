#![no_std]
#![doc = include_str!("../README.md")]

mod bus;
mod devices;
#[cfg(feature = "emulation")]
pub mod emulation;
mod master;

pub use bus::search::{Found, Participants, Search};
pub use bus::{Counters, OneWireBus, Step};
pub use embedded_hal::digital::ErrorKind;
pub use master::Master;
pub use master::fault::Fault;
pub use master::open_drain::OpenDrain;
pub use master::wire::{PullUp, Wire};
