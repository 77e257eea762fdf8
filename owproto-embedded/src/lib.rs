#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "embedded-io-async")]
pub mod asynchronous;
#[cfg(feature = "embedded-io")]
pub mod blocking;
#[cfg(any(feature = "embedded-io", feature = "embedded-io-async"))]
mod client;
mod error;
#[cfg(any(feature = "embedded-io", feature = "embedded-io-async"))]
mod server;
#[cfg(any(feature = "embedded-io", feature = "embedded-io-async"))]
mod service;

pub use error::{Error, ReadError, ServeError};
pub use owproto_core as core;
#[cfg(any(feature = "embedded-io", feature = "embedded-io-async"))]
pub use service::Service;
