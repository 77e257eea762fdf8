//! Tests of the firmware in QEMU, with owserver, the shell tools and pyownet at the other end. `tests/run.sh firmware` builds
//! what they need.

mod budgets;
mod client;
mod core;
mod gateway;
mod load;
mod product;
mod sleep;
