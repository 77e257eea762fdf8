//! The clients, against peers that behave right and wrong.
//!
//! One table of scenarios runs through the blocking client, the client for tokio, and a third client in virtual time, where
//! each byte arrives alone and every moment is exact.

mod batching;
mod coalescing;
mod concurrent_calls;
mod dropped_futures;
mod every_byte;
mod executor;
mod in_virtual_time;
mod over_sockets;
mod persistence_limits;
mod random_calls;
mod scenario;
mod scenario_table;
mod virtual_time;
