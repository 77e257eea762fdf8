#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "embedded-io-async")]
pub mod asynchronous;
#[cfg(feature = "smoltcp")]
mod backoff;
#[cfg(feature = "embedded-io")]
pub mod blocking;
#[cfg(any(feature = "embedded-io", feature = "embedded-io-async"))]
mod client;
mod error;
#[cfg(feature = "smoltcp")]
pub mod smoltcp;

#[cfg(feature = "smoltcp")]
pub use backoff::Backoff;
pub use error::{Error, ReadError};
pub use owproto_core as core;
