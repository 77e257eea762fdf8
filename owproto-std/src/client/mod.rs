//! The client, without its sockets: settings, connections, calls.

pub(crate) mod api;
mod batch;
mod builder;
mod calls;
mod coalesce;
mod deadline;
mod exchange;
mod places;
mod pool;
mod session;
mod shared;

pub use builder::Builder;
pub(crate) use calls::{Calls, Persistence, Streaming};
#[cfg(test)]
pub(crate) use shared::Shared;

#[cfg(test)]
mod tests;
