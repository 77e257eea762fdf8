//! The words of the protocol, from and to bytes. These functions cannot fail.
//!
//! A frame is a [`Header`] of six words, a payload, and in some requests [`Tokens`]. Every number in a word survives being
//! decoded and encoded again, including unknown message types, version bits and flag bits.

mod device_format;
mod directory_flags;
mod flags;
mod header;
mod message_type;
mod scales;
mod token;
mod version;
pub(crate) mod word;

pub use device_format::DeviceFormat;
pub use directory_flags::DirectoryFlags;
pub use flags::Flags;
pub(crate) use header::HeaderBytes;
pub use header::{HEADER_LEN, Header};
pub use message_type::MessageType;
pub use scales::{PressureScale, TemperatureScale};
pub use token::{TOKEN_LEN, Token, Tokens};
pub use version::Version;
