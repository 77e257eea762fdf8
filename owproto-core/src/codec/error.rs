use core::fmt;

use crate::wire::Version;

/// Why the bytes of a peer cannot be taken. The connection has to be closed: nothing behind them has a meaning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum DecodeError {
    /// A reply whose version word is not 0: the peer is no owserver, or the connection is out of step.
    UnexpectedVersion {
        /// The word that came.
        version: Version,
    },
    /// A header announces more than the limit; nothing of the payload was stored.
    PayloadTooLarge {
        /// Bytes announced, tokens included.
        announced: u32,
        /// The limit in force.
        limit: usize,
    },
    /// A header announces more than the caller's storage holds; nothing of the payload was stored.
    StorageTooSmall {
        /// Bytes announced, tokens included.
        announced: u32,
        /// What the storage holds.
        capacity: usize,
    },
    /// An entry of a comma list is longer than the caller's storage and came in pieces.
    EntryTooLong {
        /// What the storage holds.
        capacity: usize,
    },
    /// A request whose payload word is negative.
    NegativePayload {
        /// The word that came.
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
    fn each_error_says_what_came() {
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
