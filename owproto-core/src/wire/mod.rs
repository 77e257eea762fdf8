//! Words and bytes: total functions, nothing that can fail, nothing that waits.
//!
//! A frame is a [`Header`] of six words, a payload, and in requests perhaps [`Tokens`]. Whatever number stands in
//! a word survives being read and written again: unknown message types, version bits and flag bits too.

mod directory_flags;
mod flags;
mod header;
mod message_type;
mod token;
mod version;
pub(crate) mod word;

pub use directory_flags::DirectoryFlags;
pub use flags::{DeviceFormat, Flags, PressureScale, TemperatureScale};
pub use header::{HEADER_LEN, Header};
pub use message_type::MessageType;
pub use token::{TOKEN_LEN, Token, Tokens};
pub use version::Version;
