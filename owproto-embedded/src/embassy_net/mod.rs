//! A client and a server on [embassy-net](https://docs.rs/embassy-net)'s TCP sockets, with [embassy-time](embassy_time)'s clock.
//!
//! They are the [asynchronous](crate::asynchronous) ones. Here is what embassy-net adds: how a connection is begun, taken
//! and ended.
//!
//! | part | what it is |
//! |---|---|
//! | [`client`], [`Client`] | connects by itself, again and again, through a [`Dialer`] |
//! | [`Dialer`] | one TCP socket that calls the server |
//! | [`serve`] | takes one client after the other on one TCP socket; run it once for each socket |
//! | [`PersistentSlots`] | how many of those clients are kept between their requests |
//!
//! # Features of embassy-net
//!
//! This crate asks for `tcp`, and for `proto-ipv4` and `medium-ethernet`, because it does not build without any
//! protocol and medium. Others are chosen by a dependency on embassy-net of the program's own.

mod client;
mod server;
mod socket;

pub use client::{Client, DialError, DialedConnection, Dialer, client};
pub use server::{ListenError, PersistentSlots, serve};

/// The time of now, on embassy's clock.
#[must_use]
pub fn now() -> owproto_core::time::Instant {
    owproto_core::time::Instant::from_micros(embassy_time::Instant::now().as_micros())
}
