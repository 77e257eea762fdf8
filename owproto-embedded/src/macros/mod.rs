//! The methods of the blocking and asynchronous `Client` and `Server`, each written once.
//!
//! `blocking/client.rs` and `asynchronous/client.rs` define the types; the macros here add the same methods to both. A
//! macro takes two arguments: the name of a macro that waits for a call ([`completed`] or [`awaited`]), and either
//! `[async]` or `[]`, which goes before each `fn`.

pub(crate) mod client;
pub(crate) mod server;

/// A blocking call has completed when it returns.
#[cfg(feature = "embedded-io")]
macro_rules! completed {
    ($value:expr) => {
        $value
    };
}

/// An asynchronous call is awaited.
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
