//! The owserver protocol as a sans-IO core.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

#[cfg(feature = "alloc")]
extern crate alloc;
// The derive of `arbitrary` names it.
#[cfg(any(feature = "std", test))]
extern crate std;

pub mod client;
pub mod decode;
pub mod listing;
pub mod reply;
pub mod request;
pub mod return_code;
pub mod server;
pub mod storage;
pub mod text;
pub mod time;
pub mod tree;
pub mod wire;

pub use decode::{DecodeError, ReplyEvent, ReplyParser, RequestEvent, RequestFrame, RequestParser};
pub use reply::Reply;
pub use request::{Request, RequestError};
pub use return_code::{ReturnCode, ServerError};
pub use storage::Storage;
