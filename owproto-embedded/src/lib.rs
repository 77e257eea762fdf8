#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "embedded-io-async")]
pub mod asynchronous;
mod backoff;
#[cfg(feature = "embedded-io")]
pub mod blocking;
#[cfg(feature = "embassy-net")]
pub mod embassy_net;
mod error;
#[cfg(any(feature = "embedded-io", feature = "embedded-io-async"))]
mod macros;
mod sensor;
#[cfg(any(feature = "embedded-io", feature = "embedded-io-async", feature = "smoltcp"))]
mod service;
#[cfg(feature = "smoltcp")]
pub mod smoltcp;
#[cfg(any(feature = "smoltcp", feature = "embassy-net"))]
mod tcp_timeouts;

pub use backoff::Backoff;
pub use error::{Error, ReadError, ServeError};
pub use owproto_core;
pub use sensor::{Plausibility, Reading, ReadingError, Sensor};
#[cfg(any(feature = "embedded-io", feature = "embedded-io-async", feature = "smoltcp"))]
pub use service::Service;
