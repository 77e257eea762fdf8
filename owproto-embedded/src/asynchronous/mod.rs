//! The asynchronous client and server, over `embedded_io_async::{Read, Write}`. They run on any executor.
//!
//! | type | |
//! |---|---|
//! | [`Client`] | sends requests to an owserver |
#![cfg_attr(
    feature = "embedded-nal-async",
    doc = "| [`ReconnectingClient`] | a client that connects by itself |"
)]
//! | [`Server`] | is an owserver; one for each client that is served at the same time |
//! | [`Transport`] | what they run on: every `Read + Write`, or |
//! | [`Timed`] | a `Read + Write` with a delay, so that deadlines are kept |

mod client;
mod deadline;
#[cfg(feature = "embedded-nal-async")]
mod reconnecting;
mod server;
mod timed;
mod transport;

pub use client::Client;
#[cfg(feature = "embedded-nal-async")]
pub use reconnecting::ReconnectingClient;
pub use server::Server;
pub use timed::Timed;
pub use transport::Transport;
