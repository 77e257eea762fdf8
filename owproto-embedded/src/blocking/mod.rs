//! The blocking client and server, over `embedded_io::{Read, Write}`.
//!
//! | type | |
//! |---|---|
//! | [`Client`] | sends requests to an owserver |
//! | [`Server`] | is an owserver, for one client after the other |
//! | [`Transport`] | what both run on: every `Read + Write`, or |
//! | [`Polled`] | a `Read + Write + ReadReady` whose deadlines are kept |

mod client;
mod polled;
mod server;
mod transport;
mod waiting;

pub use client::Client;
pub use polled::Polled;
pub use server::Server;
pub use transport::Transport;
