//! A client and a server on the TCP sockets of [embassy-net](https://docs.rs/embassy-net), with the clock of
//! [embassy-time](embassy_time).
//!
//! They are the [asynchronous](crate::asynchronous) ones. This module adds what embassy-net needs: connecting, accepting
//! and closing.
//!
//! | item | |
//! |---|---|
//! | [`client`], [`Client`] | a client that connects by itself, through a [`Dialer`] |
//! | [`Dialer`] | connects to the server with one TCP socket |
//! | [`serve`] | serves one client after the other on one TCP socket; run one for each socket |
//! | [`PersistentSlots`] | limits how many of these clients keep their connection between requests |
//!
//! # Features of embassy-net
//!
//! This crate enables `tcp`, and also `proto-ipv4` and `medium-ethernet`, because embassy-net does not build without a
//! protocol and a medium. To enable others, depend on embassy-net in your own `Cargo.toml`.

mod client;
mod clock;
mod dialer;
mod persistent_slots;
mod server;
mod socket;

pub use client::{Client, client};
pub use clock::now;
pub use dialer::{DialError, DialedConnection, Dialer};
pub use persistent_slots::PersistentSlots;
pub use server::{ListenError, serve};
