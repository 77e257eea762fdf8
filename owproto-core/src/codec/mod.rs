//! Bytes become frames: one decoder for both directions, and parsers over it that keep what they need.
//!
//! - [`Decoder`] keeps 24 bytes and no payload; payload comes as pieces borrowed from the input.
//! - [`ReplyParser`] and [`RequestParser`] give whole frames. They copy into storage that the caller gave only
//!   what came in pieces; a frame that lies whole in the input is borrowed from it.
//!
//! Incomplete input is not an error. Every error is final for its connection: the bytes behind it have no meaning.

mod decoder;
mod error;
mod frame_parser;
mod framing;
#[cfg(feature = "nom")]
pub mod grammar;
mod reply_parser;
mod request_parser;

pub use decoder::{Decoder, Direction, Frame};
pub use error::DecodeError;
pub(crate) use frame_parser::{FrameParser, Parsed, Shape, Stored};
pub(crate) use framing::Head;
pub use reply_parser::{ReplyEvent, ReplyParser};
pub use request_parser::{RequestEvent, RequestFrame, RequestParser};

/// The default limit for the payload of a reply, in bytes; pyownet's `MAX_PAYLOAD`.
pub const DEFAULT_PAYLOAD_LIMIT: usize = 65_536;
