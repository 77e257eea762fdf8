use core::fmt;

/// Why a [`Connection`](super::Connection) did not take a request. Nothing of it was sent, and the connection is as it
/// was before.
///
/// What is wrong with the request itself is a [`RequestError`](crate::RequestError).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum SendError {
    /// The storage for requests has no room for this one. Earlier requests that are not sent yet take up room too.
    BufferFull {
        /// Bytes of the request.
        needed: usize,
        /// Bytes that are free.
        available: usize,
    },
    /// As many requests are in flight as the connection can keep, or as the server allows so far.
    TooManyInFlight,
    /// The connection has failed, or the server did not grant persistence.
    ConnectionEnded,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::BufferFull { needed, available } => {
                write!(f, "the request has {needed} bytes, the buffer has room for {available}")
            }
            Self::TooManyInFlight => f.write_str("too many requests are in flight on this connection"),
            Self::ConnectionEnded => f.write_str("the connection has ended"),
        }
    }
}

impl core::error::Error for SendError {}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn each_error_says_why_the_request_was_not_sent() {
        for (error, text) in [
            (
                SendError::BufferFull { needed: 30, available: 24 },
                "the request has 30 bytes, the buffer has room for 24",
            ),
            (SendError::TooManyInFlight, "too many requests are in flight on this connection"),
            (SendError::ConnectionEnded, "the connection has ended"),
        ] {
            assert_eq!(error.to_string(), text);
        }
    }
}
