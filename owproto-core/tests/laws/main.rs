//! Properties of the core, tested with generated input.
//!
//! A failure found here becomes a unit test with its bytes, beside the code that it concerns.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]

mod chunking;
mod connection;
mod generate;
mod requests;
mod server;
mod words;
