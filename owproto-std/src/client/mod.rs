//! The client, without its sockets: settings, connections, calls.

pub(crate) mod api;
mod batch;
mod builder;
mod calls;
mod checkout;
mod coalesce;
mod deadline;
mod exchange;
mod many;
mod places;
mod pool;
mod session;
mod shared;
mod streaming;

pub use builder::Builder;
pub(crate) use calls::{Calls, Persistence};
#[cfg(test)]
pub(crate) use shared::Shared;
pub(crate) use streaming::Streaming;

#[cfg(all(test, in_repository))]
mod tests;
