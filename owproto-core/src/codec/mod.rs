//! Decoding: from bytes to frames.
//!
//! - [`Decoder`] stores no payload, and returns it in pieces borrowed from the input.
//! - [`ReplyParser`] and [`RequestParser`] return whole frames. A frame that is entirely in the input is borrowed from it;
//!   one that arrives in pieces is copied into storage of the caller.
//!
//! Incomplete input is not an error. Every error is final for its stream, because the bytes after it have no meaning.

mod decode_error;
mod decoder;
mod direction;
mod frame_parser;
mod framing;
#[cfg(feature = "nom")]
pub mod grammar;
mod reply_parser;
mod request_frame;
mod request_parser;

pub use decode_error::DecodeError;
pub use decoder::{Decoder, Frame};
pub use direction::Direction;
pub(crate) use frame_parser::{FrameParser, Parsed, PayloadMode, Stored};
pub use reply_parser::{ReplyEvent, ReplyParser};
pub use request_frame::RequestFrame;
pub use request_parser::{RequestEvent, RequestParser};

/// The default limit for the payload of a reply, in bytes; pyownet's `MAX_PAYLOAD`.
pub const DEFAULT_PAYLOAD_LIMIT: usize = 65_536;
