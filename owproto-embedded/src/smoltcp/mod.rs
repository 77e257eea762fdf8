//! Drivers for [smoltcp]: a [`Client`] and a [`Server`] that are polled, without an executor.
//!
//! Neither of them waits, allocates or copies what it receives: a frame is taken apart where it lies, in the receive
//! buffer of the TCP socket. Times are smoltcp's, so that one clock serves all.
//!
//! # The loop
//!
//! It is always the same: poll the interface, poll the driver, and sleep until the earlier of what both say. The
//! interface wakes it by its interrupt.
//!
//! ```text
//! loop {
//!     let now = ...;                                    // smoltcp::time::Instant
//!     interface.poll(now, &mut device, &mut sockets);
//!     client.poll(now, &mut interface, &mut sockets)    // events, until there are none
//!     sleep until the earlier of interface.poll_at(now, &sockets) and client.poll_at(), or an interrupt
//! }
//! ```
//!
//! # Features of smoltcp
//!
//! This crate asks for `socket-tcp`, and for `proto-ipv4` and `medium-ethernet`, because smoltcp does not build without
//! any protocol and medium. Others, and what a board wants besides (`socket-dhcpv4`, numbers of addresses and routes), are
//! chosen by a dependency on smoltcp of the program's own.

mod client;
mod server;
mod time;

pub use client::{CallError, Client, DisconnectReason, Event};
pub use server::Server;
pub use time::{from_smoltcp, to_smoltcp};
