#![no_std]
#![doc = include_str!("../README.md")]

mod bus;
mod master;
mod search;
#[cfg(feature = "simulation")]
pub mod simulation;
mod switch;
mod thermometer;
mod transaction;
mod wire;

pub use bus::{Counters, OneWire, Step};
pub use embedded_hal::digital::ErrorKind;
pub use master::{Fault, Master};
pub use search::{Found, Participants, Search};
pub use wire::{OpenDrain, PullUp, Wire};
