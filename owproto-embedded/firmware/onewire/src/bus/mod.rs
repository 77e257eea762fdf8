//! The devices of a wire as an owserver's bus. From the wire upwards:
//!
//! - `search.rs`, `transaction.rs`: what the master sends, in steps of about a millisecond;
//! - `task.rs`: what can be done with a device, in phases of one transaction each; `execution.rs`: what follows a phase;
//! - `device.rs`, `timers.rs`: cached values and how long they are valid;
//! - `waiter.rs`, `queue.rs`: requests that wait for a task;
//! - `schedule.rs`: which task or search runs next; `discovery.rs`: searches and the list of devices;
//! - `property.rs`, `degrees.rs`: the values of properties;
//! - `core_bus.rs`: the core's `Bus`.
//!
//! All of them work on `OneWireBus` (`one_wire_bus.rs`) and the states in `state.rs`.

mod core_bus;
mod degrees;
mod device;
mod discovery;
mod execution;
mod one_wire_bus;
mod property;
mod queue;
mod schedule;
pub(crate) mod search;
mod state;
mod task;
mod timers;
mod transaction;
mod waiter;

pub use one_wire_bus::{Counters, OneWireBus, Step};
