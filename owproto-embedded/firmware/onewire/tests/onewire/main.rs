//! The master, the bus and a server over it, on emulated wires and in virtual time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod cache;
mod chaos;
mod faults;
mod search;
mod server;
mod sharing;
mod slots;
mod support;
