//! An owserver, on tokio: everything between sockets and a [`Tree`].
//!
//! ```
//! # #[cfg(feature = "tokio")]
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use owproto_core::tree::{Tree, tester::Tester};
//! use owproto_std::server::Server;
//!
//! let tree = Tree::new(Tester::new(&[0x10, 0x28]));
//! let server = Server::builder().port(0).start(tree).await?;
//!
//! let client = owproto_std::tokio::Client::new(&server.local_addr().to_string())?;
//! assert_eq!(client.read_number("/28.000028D70100/temperature").await?, 4.1);
//! server.shutdown().await;
//! # Ok(())
//! # }
//! # #[cfg(feature = "tokio")]
//! # tokio::runtime::Runtime::new()?.block_on(run())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it does with its clients
//!
//! - Each connection is a task of its own, and all share one tree. The tree is locked while it works, which does not
//!   wait for anything: what a [`Bus`](owproto_core::tree::Bus) is not ready to say is asked again when the bus has
//!   woken the task, and until then keepalives go out and others are served. Nothing is locked while bytes are sent, so
//!   a client that does not read holds up nobody.
//! - Every limit is a setting of the [`Builder`] with a safe default. What is above one is refused, counted in the
//!   [`Statistics`], and told to `tracing`.
//! - A connection ends as owserver ends it, but never with a reply that is still on its way: the sending side is closed
//!   first, and what the client still sends is read for a moment.
//! - When a client is gone in the middle of its request, the bus is told
//!   ([`Bus::cancel`](owproto_core::tree::Bus::cancel)).
//! - An idle connection keeps no buffers. Requests and answers that are under way share a fixed amount of memory
//!   ([`Builder::memory_limit`]); what is small needs none of it.

mod builder;
mod control;
mod driver;
mod listener;
mod memory;
mod statistics;

#[cfg(doc)]
use owproto_core::tree::Tree;

pub use builder::{Builder, PersistentLimits};
pub use listener::{Handle, Server};
pub use owproto_core::server::{Keepalives, Timeouts};
pub use statistics::Statistics;
