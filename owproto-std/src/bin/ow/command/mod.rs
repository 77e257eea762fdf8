//! The commands, a file each.

pub(crate) mod decode;
pub(crate) mod dir;
pub(crate) mod errors;
pub(crate) mod get;
pub(crate) mod ping;
pub(crate) mod present;
pub(crate) mod read;
pub(crate) mod serve;
pub(crate) mod tree;
pub(crate) mod write;
