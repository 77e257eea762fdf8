//! Clients and a server for the owserver protocol (OWFS, 1-Wire over TCP) on machines with std.
//!
//! - [`Client`] blocks the calling thread.
//! - `tokio::Client` (feature `tokio`) has the same calls for tasks.
//! - The command-line tool `ow` is the package `owproto`.
//! - `server` (feature `server`) is an owserver on tokio, for devices that you provide.
//! - `sim` (feature `sim`) has simulated devices, and an owserver with them for tests.
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
//! [`Builder`] has the settings of both clients. They have the calls of Python's `pyownet.protocol`, and more:
//!
//! | | pyownet | owproto |
//! |---|---|---|
//! | calls | `ping` `present` `dir` `read` `write` `sendmess` | the same, and `get`, `rom_id`, `read_into`, `read_many`, listings by iterator |
//! | flags, scales, formats | an integer | typed; any bits can be sent |
//! | timeout for a silent server | 2 s | 2 s, [adjustable](Builder::inactivity_timeout) |
//! | timeout for a call | checked at the next keepalive | [exact](Builder::total_timeout), including waiting and connecting |
//! | persistent connections | one, not thread-safe | [several](Builder::connections), shared by threads and tasks; waiting requests are sent together |
//! | concurrent identical reads | one request each | [one request](Builder::coalesce_reads), as an option |
//! | a connection that the server closed | an error | replaced, if the request may be sent again |
//! | a server without DIRALL | an error | DIR, also for later calls |
//! | names | ASCII without commas | bytes |
//!
//! # When a connection breaks
//!
//! The server may have closed an idle persistent connection unnoticed. If a call detects that before it receives a byte of the
//! reply, it sends the request again on a new connection, unless that is a write that may have been carried out. Before a
//! write it checks the connection. All other failures are errors: [`Error`] is sorted by who caused it, and
//! [`Error::is_transient`] is true if the call may succeed later.
//!
//! A call that reaches a timeout closes its connection, since the late reply would be matched to another request. If another
//! call had sent the request, the connection stays open, and that call discards the late reply.

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
