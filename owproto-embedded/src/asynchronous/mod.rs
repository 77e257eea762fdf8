//! The asynchronous client and server, over `embedded_io_async::{Read, Write}`. They need no executor of their own.

mod client;
mod server;
mod transport;

pub use client::Client;
pub use server::Server;
pub use transport::{Timed, Transport};

/// How this module waits.
macro_rules! awaited {
    ($future:expr) => {
        $future.await
    };
}

use awaited;
