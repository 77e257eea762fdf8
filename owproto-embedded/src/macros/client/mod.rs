//! The methods of `Client`, by file:
//!
//! - `setup.rs`: the constructor, settings, and the state of the connection;
//! - `calls.rs`: the calls, from `ping` to `exchange`;
//! - `transfer.rs`, private: how a call sends its request and receives the reply.

pub(crate) mod calls;
pub(crate) mod setup;
pub(crate) mod transfer;

/// All methods of `Client`. `$wait` is the macro that waits for a call.
macro_rules! client_methods {
    ($wait:ident, $asynchronous:tt) => {
        $crate::macros::client::setup::client_setup!();
        $crate::macros::client::calls::client_calls!($wait, $asynchronous);
        $crate::macros::client::transfer::client_transfer!($wait, $asynchronous);
    };
}

pub(crate) use client_methods;
