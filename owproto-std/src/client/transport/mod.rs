//! Sockets, clocks and semaphores: of the standard library, and of tokio.

mod blocking;
mod runtime;
#[cfg(feature = "tokio")]
mod tokio;

pub(crate) use self::blocking::Blocking;
pub(crate) use self::runtime::{Runtime, Semaphore, Stream, poll_once};
#[cfg(feature = "tokio")]
pub(crate) use self::tokio::Tokio;
