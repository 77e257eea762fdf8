use core::fmt;

use super::timeouts::Timeout;
use crate::codec::DecodeError;

/// How a connection failed. It cannot be used again; [`poll_lost`](super::Connection::poll_lost) returns the requests that
/// were in flight.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ConnectionError {
    /// The server sent an invalid reply, or more than the limits allow.
    Decode(DecodeError),
    /// The server sent data while no request was in flight, or before the request was sent to its last byte.
    UnexpectedData,
    /// The server closed a connection that had worked before, without sending a byte of the next answer. Most likely the
    /// connection was idle for too long, or the server was restarted.
    Stale,
    /// The server closed a new connection without an answer. owserver does this for a request that is malformed or went in a
    /// loop.
    Closed,
    /// The server closed the connection in the middle of an answer.
    Truncated,
    /// The server granted persistence before, but withdrew it while more requests were in flight.
    PersistenceWithdrawn,
    /// A timeout expired.
    TimedOut(Timeout),
}

impl ConnectionError {
    /// Whether the connection was only too old, so that the same request on a new connection is likely to succeed. Whether
    /// the request *may* be sent again is in [`Resend`](super::Resend).
    #[must_use]
    pub const fn is_stale(self) -> bool {
        matches!(self, Self::Stale | Self::PersistenceWithdrawn)
    }
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decode(error) => error.fmt(f),
            Self::UnexpectedData => f.write_str("the server sent data without a request"),
            Self::Stale => f.write_str("the server had closed the connection"),
            Self::Closed => f.write_str("the server closed the connection without an answer"),
            Self::Truncated => f.write_str("the server closed the connection in the middle of an answer"),
            Self::PersistenceWithdrawn => {
                f.write_str("the server ended a connection that it had promised to keep")
            }
            Self::TimedOut(timeout) => timeout.fmt(f),
        }
    }
}

impl core::error::Error for ConnectionError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Decode(error) => Some(error),
            _ => None,
        }
    }
}

impl From<DecodeError> for ConnectionError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

#[cfg(test)]
mod tests {
    use core::error::Error;
    use std::string::ToString;

    use super::*;

    #[test]
    fn each_error_says_what_happened() {
        let decode = DecodeError::NegativePayload { payload: -7 };
        for (error, text) in [
            (ConnectionError::from(decode), "a request announces -7 bytes of payload"),
            (ConnectionError::UnexpectedData, "the server sent data without a request"),
            (ConnectionError::Stale, "the server had closed the connection"),
            (ConnectionError::Closed, "the server closed the connection without an answer"),
            (ConnectionError::Truncated, "the server closed the connection in the middle of an answer"),
            (
                ConnectionError::PersistenceWithdrawn,
                "the server ended a connection that it had promised to keep",
            ),
            (ConnectionError::TimedOut(Timeout::Inactivity), "the server was silent for too long"),
            (ConnectionError::TimedOut(Timeout::Total), "the answer took too long"),
        ] {
            assert_eq!(error.to_string(), text);
            let source = error.source().map(ToString::to_string);
            assert_eq!(source.is_some(), matches!(error, ConnectionError::Decode(_)), "{text}");
            assert!(source.is_none_or(|source| source == text));
            let is_old = matches!(error, ConnectionError::Stale | ConnectionError::PersistenceWithdrawn);
            assert_eq!(error.is_stale(), is_old, "{text}");
        }
    }
}
