#![no_std]
#![doc = include_str!("../README.md")]

mod bus;
mod devices;
#[cfg(feature = "emulation")]
pub mod emulation;
mod master;

pub use bus::search::{Found, Participants, Search};
pub use bus::{Counters, OneWire, Step};
pub use embedded_hal::digital::ErrorKind;
pub use master::wire::{OpenDrain, PullUp, Wire};
pub use master::{Fault, Master};
