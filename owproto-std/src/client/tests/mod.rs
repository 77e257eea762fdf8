//! The clients against peers that do right and wrong.
//!
//! One table of scenarios runs through the blocking client, the one for tokio, and a third one in virtual time, where
//! each byte comes alone and every moment is exact.

mod coalescing;
mod dropped;
mod every_byte;
mod places;
mod scenario;
mod sharing;
mod sockets;
mod storm;
mod table;
mod tasks;
mod times;
mod virtual_time;
mod waiting;
