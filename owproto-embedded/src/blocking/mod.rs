//! The blocking client and server, over `embedded_io::{Read, Write}`.

mod client;
mod server;
mod transport;

pub use client::Client;
pub use server::Server;
pub use transport::{Polled, Transport};
