//! Clients and servers for the owserver protocol (OWFS, 1-Wire over TCP) on machines with std.
//!
//! - [`Client`] blocks the calling thread.
//! - `tokio::Client` (feature `tokio`) has the same calls for tasks.
//! - The tool `ow` (package `owproto`) is made of the first.
//! - `server` (feature `server`) is an owserver on tokio for devices of your own.
//! - `sim` (feature `sim`) has simulated devices, and an owserver of them for tests.
//!
//! ```no_run
//! let client = owproto_std::Client::new("localhost")?;
//! for device in client.dir("/")?.iter() {
//!     let path = [device, b"/temperature"].concat();
//!     println!("{} {:?}", String::from_utf8_lossy(device), client.read_number(&path));
//! }
//! # Ok::<(), owproto_std::Error>(())
//! ```
//!
//! Both clients are made by the same [`Builder`]. They follow the contract of Python's `pyownet.protocol`, and go on where it
//! ends:
//!
//! | | pyownet | here |
//! |---|---|---|
//! | calls | `ping` `present` `dir` `read` `write` `sendmess` | the same, and `get`, `rom_id`, `read_into`, `read_many`, streamed listings |
//! | flags, scales, formats | an integer | typed; any bits can be sent |
//! | silence of the server | 2 s | 2 s, [settable](Builder::inactivity_timeout) |
//! | time for a call | seen at the next keepalive | [exact](Builder::total_timeout), waiting and connecting included |
//! | persistent connections | one, not to be shared | [several](Builder::connections), shared by threads and tasks; what waits is sent together |
//! | the same read by several at once | as many requests | [one](Builder::coalesce_reads), if wanted |
//! | a connection that the server closed | an error | replaced, where asking again is safe |
//! | a server that refuses DIRALL | an error | asked with DIR, and remembered |
//! | names | ASCII, no commas | bytes |
//!
//! # What happens to a call when a connection breaks
//!
//! A persistent connection that had been idle may be dead without anybody knowing. If it shows so before a byte of the
//! answer has come, the call is made again on a new connection, unless it is a write that may have been carried out. For
//! a write the connection is looked at before. All other failures are errors: [`Error`] says whose fault it is,
//! [`Error::is_transient`] whether to try later.
//!
//! A call that timed out closes its connection, since the answer may still come and must not be taken for another
//! one's. Where another call has asked for it, the connection goes on, and the late answer is dropped.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod address;
#[cfg(any(feature = "server", feature = "sim"))]
mod aliases;
mod blocking;
mod client;
mod error;
mod listing;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "sim")]
pub mod sim;
mod tap;
#[cfg(feature = "tokio")]
pub mod tokio;

pub use address::{Address, AddressError, DEFAULT_PORT};
#[cfg(any(feature = "server", feature = "sim"))]
pub use aliases::AliasMap;
pub use blocking::{Client, DirIter};
pub use client::Builder;
pub use error::{Error, PathText};
pub use listing::{DirOptions, GetResult, Listing, RawReply};
pub use owproto_core;
pub use tap::Traffic;

/// The code in the READMEs is tested with the documentation.
#[cfg(all(doctest, in_repository, feature = "tokio", feature = "server", feature = "sim"))]
mod readmes {
    #[doc = include_str!("../../README.md")]
    struct Project;
    #[doc = include_str!("../README.md")]
    struct Package;
}
