//! The client in four rooms, each of which imports only from those after it:
//!
//! 1. calls, the files of this folder: what `read` or `dir` do, and the exchange of one request and its reply;
//! 2. `pool`: which connection a call gets, and how calls wait for one;
//! 3. `connection`: connecting, and the loop around one socket;
//! 4. `transport`: sockets, clocks and semaphores of the standard library and of tokio.

pub(crate) mod api;
mod builder;
mod calls;
mod coalesce;
mod connection;
mod exchange;
mod many;
mod pool;
mod streaming;
mod sync;
mod transport;

pub use self::builder::Builder;
pub(crate) use self::calls::{Calls, Persistence};
pub(crate) use self::streaming::Streaming;
#[cfg(feature = "tokio")]
pub(crate) use self::transport::Tokio;
pub(crate) use self::transport::{Blocking, poll_once};

#[cfg(test)]
pub(crate) use self::calls::Shared;

#[cfg(all(test, in_repository, not(owproto_loom)))]
mod tests;
