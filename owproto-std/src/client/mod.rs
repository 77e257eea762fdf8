//! The client, without its sockets: settings, connections, calls.

pub(crate) mod api;
mod builder;
mod calls;
mod deadline;
mod exchange;
mod session;
mod shared;

pub use builder::Builder;
pub(crate) use calls::{Calls, Persistence, Streaming};
#[cfg(test)]
pub(crate) use shared::Shared;

#[cfg(test)]
mod tests;
