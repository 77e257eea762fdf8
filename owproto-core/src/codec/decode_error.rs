use core::fmt;

use crate::wire::Version;

/// Why the bytes of a peer cannot be decoded. Close the connection: the bytes after the error have no meaning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum DecodeError {
    /// The version word of a reply is not 0: the peer is not an owserver, or the stream is out of step.
    UnexpectedVersion {
        /// The received word.
        version: Version,
    },
    /// A header announces a payload above the limit. No byte of it was stored.
    PayloadTooLarge {
        /// Bytes announced, tokens included.
        announced: u32,
        /// The limit in bytes.
        limit: usize,
    },
    /// A header announces a payload that does not fit the caller's storage. No byte of it was stored.
    StorageTooSmall {
        /// Bytes announced, tokens included.
        announced: u32,
        /// Capacity of the storage in bytes.
        capacity: usize,
    },
    /// An entry of a comma list arrived in pieces, and is longer than the caller's storage.
    EntryTooLong {
        /// Capacity of the storage in bytes.
        capacity: usize,
    },
    /// The payload word of a request is negative.
    NegativePayload {
        /// The received word.
        payload: i32,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::UnexpectedVersion { version } => {
                write!(f, "the peer does not speak the owserver protocol (version word {:#010x})", version.0)
            }
            Self::PayloadTooLarge { announced, limit } => {
                write!(f, "a payload of {announced} bytes is announced, the limit is {limit}")
            }
            Self::StorageTooSmall { announced, capacity } => {
                write!(f, "a payload of {announced} bytes is announced, the storage holds {capacity}")
            }
            Self::EntryTooLong { capacity } => {
                write!(f, "an entry of a listing is longer than the storage of {capacity} bytes")
            }
            Self::NegativePayload { payload } => write!(f, "a request announces {payload} bytes of payload"),
        }
    }
}

impl core::error::Error for DecodeError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_says_what_was_received() {
        for (error, text) in [
            (
                DecodeError::UnexpectedVersion { version: Version(0x4854_5450) },
                "the peer does not speak the owserver protocol (version word 0x48545450)",
            ),
            (
                DecodeError::PayloadTooLarge { announced: 9, limit: 8 },
                "a payload of 9 bytes is announced, the limit is 8",
            ),
            (
                DecodeError::StorageTooSmall { announced: 9, capacity: 8 },
                "a payload of 9 bytes is announced, the storage holds 8",
            ),
            (
                DecodeError::EntryTooLong { capacity: 8 },
                "an entry of a listing is longer than the storage of 8 bytes",
            ),
            (DecodeError::NegativePayload { payload: -1 }, "a request announces -1 bytes of payload"),
        ] {
            assert_eq!(std::format!("{error}"), text);
        }
    }
}
