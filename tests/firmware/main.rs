//! Tests of the firmware in QEMU, with other people's programs at the other end. `tests/run.sh firmware` builds what they
//! need.

mod budgets;
mod client;
mod core;
mod gateway;
mod load;
mod product;
mod sleep;
