//! The methods of the blocking and of the asynchronous `Client` and `Server`, written once for both.
//!
//! `blocking/client.rs`, `asynchronous/client.rs` and the `server.rs` beside them define the types. The macros here add
//! the methods: [`client_methods`](client::client_methods) and [`server_methods`](server::server_methods). A macro
//! takes two arguments: the macro that waits for a call ([`completed`] or [`awaited`]), and `[async]` or `[]`, which it
//! writes in front of each `fn`.

pub(crate) mod client;
pub(crate) mod server;

/// The value of a blocking call, which has completed when it returns.
#[cfg(feature = "embedded-io")]
macro_rules! completed {
    ($value:expr) => {
        $value
    };
}

/// The value of an asynchronous call.
#[cfg(feature = "embedded-io-async")]
macro_rules! awaited {
    ($future:expr) => {
        $future.await
    };
}

#[cfg(feature = "embedded-io-async")]
pub(crate) use awaited;
#[cfg(feature = "embedded-io")]
pub(crate) use completed;
