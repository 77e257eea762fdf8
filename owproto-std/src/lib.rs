//! Clients for the owserver protocol on machines with std.

mod address;
mod blocking;
mod client;
mod error;
mod listing;
mod runtime;
mod tap;
#[cfg(feature = "tokio")]
pub mod tokio;

pub use address::{Address, AddressError, DEFAULT_PORT};
pub use blocking::{Client, DirIter};
pub use client::Builder;
pub use error::{Error, PathText};
pub use listing::{DirOptions, Got, Listing, RawReply};
pub use owproto_core as core;
pub use tap::Traffic;
