//! The bus master, the bus and the server behind it, on simulated wires and in virtual time.

mod cache;
mod faults;
mod search;
mod server;
mod sharing;
mod slots;
mod support;
