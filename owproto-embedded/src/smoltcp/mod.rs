//! A [`Client`] and a [`Server`] on TCP sockets of [smoltcp]. They are polled, without an executor.
//!
//! They never wait, allocate, or copy what they receive: a frame is parsed in the receive buffer of the TCP socket. Times
//! are those of smoltcp, so that one clock is enough.
//!
//! # The loop
//!
//! Poll the interface, poll the driver, and sleep until the earlier of the times at which they want to be polled again,
//! or until an interrupt of the network device:
//!
//! ```text
//! loop {
//!     let now = ...;                                    // smoltcp::time::Instant
//!     interface.poll(now, &mut device, &mut sockets);
//!     client.poll(now, &mut interface, &mut sockets)    // until it returns None
//!     sleep until the earlier of interface.poll_at(now, &sockets) and client.poll_at(), or an interrupt
//! }
//! ```
//!
//! # Features of smoltcp
//!
//! This crate enables `socket-tcp`, and also `proto-ipv4` and `medium-ethernet`, because smoltcp does not build without a
//! protocol and a medium. To enable others, and what a board needs besides (`socket-dhcpv4`, the numbers of addresses and
//! routes), depend on smoltcp in your own `Cargo.toml`.

mod client;
mod server;
mod time;

pub use client::{CallError, Client, DisconnectReason, Event};
pub use server::Server;
pub use time::{from_smoltcp, to_smoltcp};
