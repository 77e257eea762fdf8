//! An owserver on tokio: everything between sockets and a [`Tree`].
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
//! # How it serves its clients
//!
//! - Each connection is a task; all tasks share one tree, protected by a lock. A task holds the lock while the tree works, and the
//!   tree never waits: when a [`Bus`](owproto_core::tree::Bus) is not ready, the task calls it again after the bus has woken
//!   it. Until then keepalives are sent and other clients are served. The lock is not held while bytes are sent, so a client
//!   that does not read delays no other client.
//! - Every limit is a setting of the [`Builder`] with a safe default. What exceeds a limit is refused, counted in the
//!   [`Statistics`], and logged with `tracing`.
//! - The last reply of a connection always arrives: the server closes its sending side first, and reads for up to a second
//!   what the client still sends. Otherwise connections end as with owserver.
//! - When a client disconnects in the middle of its request, the server calls
//!   [`Bus::cancel`](owproto_core::tree::Bus::cancel).
//! - An idle connection holds no buffers. Requests and answers in progress share a limited amount of memory
//!   ([`Builder::memory_limit`]); short ones need none of it.

mod admission;
mod builder;
mod clock;
mod driver;
mod handle;
mod listener;
mod memory;
mod settings;
mod shared;
mod shutdown;
mod statistics;
mod token;

#[cfg(doc)]
use owproto_core::tree::Tree;

pub use builder::Builder;
pub use handle::{Handle, Server};
pub use owproto_core::server::{Keepalives, Timeouts};
pub use settings::PersistentLimits;
pub use statistics::Statistics;
