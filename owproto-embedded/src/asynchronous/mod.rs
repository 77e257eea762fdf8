//! The asynchronous client and server, over `embedded_io_async::{Read, Write}`. They need no executor of their own.

mod client;
#[cfg(feature = "embedded-nal-async")]
mod reconnecting;
mod server;
mod transport;

pub use client::Client;
#[cfg(feature = "embedded-nal-async")]
pub use reconnecting::ReconnectingClient;
pub use server::Server;
pub use transport::{Timed, Transport};
