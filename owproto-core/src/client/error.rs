use core::fmt;

use super::{RequestId, Timeout};
use crate::codec::DecodeError;

/// How a connection failed. It is never used again; what was in flight is told by
/// [`poll_lost`](super::Connection::poll_lost).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ConnectionError {
    /// The server sent something that is no reply, or more than the limits allow.
    Decode(DecodeError),
    /// The server sent something that nobody had asked for, or an answer to a request that was not sent to its end.
    UnexpectedData,
    /// The server closed a connection that had worked before, with not one byte of the next answer: it ended between
    /// two requests, most likely because it was idle for long, or because the server was restarted.
    Stale,
    /// The server closed a new connection without an answer. owserver does so to a request that is malformed or went
    /// in a loop.
    Closed,
    /// The server closed within an answer.
    Truncated,
    /// The server did not keep the connection, though it had before, and more requests were under way.
    PersistenceWithdrawn,
    /// Time ran out.
    TimedOut(Timeout),
}

impl ConnectionError {
    /// Whether a new connection and the same request are likely to succeed at once: the connection only was too
    /// old. Whether the request *may* be sent again says [`Resend`].
    #[must_use]
    pub const fn is_stale(self) -> bool {
        matches!(self, Self::Stale | Self::PersistenceWithdrawn)
    }
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decode(error) => error.fmt(f),
            Self::UnexpectedData => f.write_str("the server sent data that nobody had asked for"),
            Self::Stale => f.write_str("the server had closed the connection"),
            Self::Closed => f.write_str("the server closed the connection without an answer"),
            Self::Truncated => f.write_str("the server closed the connection in the middle of an answer"),
            Self::PersistenceWithdrawn => {
                f.write_str("the server ended a connection that it had meant to keep")
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

/// A request that will get no answer, because its connection failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Lost {
    /// Which request.
    pub id: RequestId,
    /// Whether it may be sent again.
    pub resend: Resend,
}

impl Lost {
    /// The request with this id is lost; `resend` says whether it may be sent again.
    #[must_use]
    pub const fn new(id: RequestId, resend: Resend) -> Self {
        Self { id, resend }
    }
}

/// Whether a request that got no answer may be sent again without asking anybody.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Resend {
    /// Yes: the server cannot have carried it out, or carrying it out twice does no harm.
    Safe,
    /// It is a write (or a type without a name), all its bytes went out, and the server may have carried it out.
    MayHappenTwice,
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
            (ConnectionError::UnexpectedData, "the server sent data that nobody had asked for"),
            (ConnectionError::Stale, "the server had closed the connection"),
            (ConnectionError::Closed, "the server closed the connection without an answer"),
            (ConnectionError::Truncated, "the server closed the connection in the middle of an answer"),
            (
                ConnectionError::PersistenceWithdrawn,
                "the server ended a connection that it had meant to keep",
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
