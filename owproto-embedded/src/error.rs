use core::fmt;

use owproto_core::client::{ConnectionError, Resend};
use owproto_core::text::ValueError;
use owproto_core::{RequestError, ServerError};

/// Why a call did not give what was asked for, sorted by who is to blame. `E` is the transport's own error.
///
/// After [`Connection`](Self::Connection) and [`Transport`](Self::Transport) the connection has ended, and every call
/// gives [`Ended`](Self::Ended) until the client is told of a new one. The others leave it as it was.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Error<E> {
    /// The call cannot be made: a path with a NUL, a buffer that is too small. Nothing was sent.
    Request(RequestError),
    /// The server answered, with an error.
    Server(ServerError),
    /// The server closed the connection, was silent for too long, or sent something that is no answer.
    Connection {
        /// What happened.
        error: ConnectionError,
        /// Whether the request may be sent again.
        resend: Resend,
    },
    /// The transport failed.
    Transport {
        /// What it said.
        error: E,
        /// Whether the request may be sent again.
        resend: Resend,
    },
    /// The connection had ended before; nothing was sent. Connect the transport anew, and tell the client.
    Ended,
    /// There is no connection, and none could be made. Only from clients that connect by themselves.
    Connect(E),
    /// Connecting took too long. Only from clients that connect by themselves.
    ConnectTimedOut,
    /// The server sent more than was asked for.
    TooLong {
        /// Bytes that it sent.
        len: usize,
        /// Bytes that the caller's buffer holds.
        capacity: usize,
    },
    /// The value is not of the type that was asked for.
    Value(ValueError),
}

impl<E> Error<E> {
    /// What the server said, if it was the server that said no.
    #[must_use]
    pub const fn server(&self) -> Option<ServerError> {
        match self {
            Self::Server(error) => Some(*error),
            _ => None,
        }
    }

    /// Whether a new connection is needed, and the same call over it cannot do twice what was to be done once.
    #[must_use]
    pub const fn is_safe_to_retry(&self) -> bool {
        match self {
            Self::Connection { resend, .. } | Self::Transport { resend, .. } => {
                matches!(resend, Resend::Safe)
            }
            Self::Ended | Self::Connect(_) | Self::ConnectTimedOut => true,
            Self::Request(_) | Self::Server(_) | Self::TooLong { .. } | Self::Value(_) => false,
        }
    }

    /// Whether time ran out.
    #[must_use]
    pub const fn is_timeout(&self) -> bool {
        matches!(self, Self::Connection { error: ConnectionError::TimedOut(_), .. } | Self::ConnectTimedOut)
    }
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(error) => error.fmt(f),
            Self::Server(error) => error.fmt(f),
            Self::Connection { error, .. } => error.fmt(f),
            Self::Transport { error, .. } => error.fmt(f),
            Self::Ended => f.write_str("the connection has ended"),
            Self::Connect(error) => write!(f, "no connection: {error}"),
            Self::ConnectTimedOut => f.write_str("no connection: the server did not answer in time"),
            Self::TooLong { len, capacity } => {
                write!(f, "the server sent {len} bytes where {capacity} were asked for")
            }
            Self::Value(error) => error.fmt(f),
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for Error<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Request(error) => Some(error),
            Self::Server(error) => Some(error),
            Self::Connection { error, .. } => Some(error),
            Self::Transport { error, .. } | Self::Connect(error) => Some(error),
            Self::Ended | Self::ConnectTimedOut | Self::TooLong { .. } => None,
            Self::Value(error) => Some(error),
        }
    }
}

impl<E> From<RequestError> for Error<E> {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::ConnectionEnded => Self::Ended,
            error => Self::Request(error),
        }
    }
}

impl<E> From<ServerError> for Error<E> {
    fn from(error: ServerError) -> Self {
        Self::Server(error)
    }
}

impl<E> From<ValueError> for Error<E> {
    fn from(error: ValueError) -> Self {
        Self::Value(error)
    }
}

/// Why one path among many gave no value. The others are not affected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ReadError {
    /// It cannot be asked for: it has a NUL, or is longer than the buffer for requests. Nothing was sent for it.
    Request(RequestError),
    /// The server said no.
    Server(ServerError),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(error) => error.fmt(f),
            Self::Server(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Request(error) => Some(error),
            Self::Server(error) => Some(error),
        }
    }
}

/// Why a server could not go on with its transport. `E` is the transport's own error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ServeError<E> {
    /// The transport failed; the client has no answer, or not all of it.
    Transport(E),
    /// The buffer for what is received has not one byte. Nothing was read.
    NoReceiveBuffer,
}

impl<E: fmt::Display> fmt::Display for ServeError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transport(error) => error.fmt(f),
            Self::NoReceiveBuffer => f.write_str("the receive buffer is empty"),
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for ServeError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Transport(error) => Some(error),
            Self::NoReceiveBuffer => None,
        }
    }
}
