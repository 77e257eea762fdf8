use core::fmt;

use super::limits::{MAX_BODY_LEN, MAX_PATH_LEN};

/// Why a request cannot be built or encoded. The caller has to change it.
///
/// What a connection refuses is a [`SendError`](crate::client::SendError).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum RequestError {
    /// The path contains a NUL, where owserver would end it.
    PathContainsNul {
        /// Position of the first NUL.
        at: usize,
    },
    /// The path is longer than [`MAX_PATH_LEN`].
    PathTooLong {
        /// Bytes of the path.
        len: usize,
    },
    /// The size is 0 or above [`MAX_BODY_LEN`], or the message type has no size.
    SizeOutOfRange {
        /// The requested size.
        size: u32,
    },
    /// The offset does not fit a signed word.
    OffsetOutOfRange {
        /// The requested offset.
        offset: u32,
    },
    /// Payload and tokens are longer than [`MAX_BODY_LEN`].
    BodyTooLarge {
        /// Bytes of payload and tokens.
        len: usize,
    },
    /// The buffer is shorter than the encoded request.
    BufferTooSmall {
        /// Bytes of the encoded request.
        needed: usize,
        /// Bytes of the buffer.
        available: usize,
    },
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::PathContainsNul { at } => write!(f, "the path has a NUL byte at position {at}"),
            Self::PathTooLong { len } => {
                write!(f, "the path has {len} bytes, more than the {MAX_PATH_LEN} that owserver accepts")
            }
            Self::SizeOutOfRange { size } => {
                write!(
                    f,
                    "a size of {size} is outside of 1 to {MAX_BODY_LEN}, or has no meaning for this request"
                )
            }
            Self::OffsetOutOfRange { offset } => write!(f, "an offset of {offset} is above {}", i32::MAX),
            Self::BodyTooLarge { len } => {
                write!(f, "the request has {len} bytes, more than the {MAX_BODY_LEN} that owserver accepts")
            }
            Self::BufferTooSmall { needed, available } => {
                write!(f, "the request has {needed} bytes, the buffer has room for {available}")
            }
        }
    }
}

impl core::error::Error for RequestError {}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn each_error_says_what_is_wrong_with_the_request() {
        for (error, text) in [
            (RequestError::PathContainsNul { at: 3 }, "the path has a NUL byte at position 3"),
            (
                RequestError::PathTooLong { len: 4095 },
                "the path has 4095 bytes, more than the 4094 that owserver accepts",
            ),
            (
                RequestError::SizeOutOfRange { size: 0 },
                "a size of 0 is outside of 1 to 100050, or has no meaning for this request",
            ),
            (
                RequestError::OffsetOutOfRange { offset: 0x8000_0000 },
                "an offset of 2147483648 is above 2147483647",
            ),
            (
                RequestError::BodyTooLarge { len: 100_051 },
                "the request has 100051 bytes, more than the 100050 that owserver accepts",
            ),
            (
                RequestError::BufferTooSmall { needed: 30, available: 24 },
                "the request has 30 bytes, the buffer has room for 24",
            ),
        ] {
            assert_eq!(error.to_string(), text);
        }
    }
}
