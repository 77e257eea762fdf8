//! The owserver protocol as a sans-IO core.
#![cfg_attr(not(test), no_std)]
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
// The derive of `arbitrary` names `std`.
#[cfg(feature = "arbitrary")]
extern crate std;

pub mod return_code;
pub mod text;
pub mod time;
pub mod wire;
