use core::fmt;

use owproto_core::client::{ConnectionError, Resend, SendError};
use owproto_core::text::ValueError;
use owproto_core::{RequestError, ServerError};

/// Why a call failed, sorted by who is to blame. `E` is the transport's own error.
///
/// [`Connection`](Self::Connection) and [`Transport`](Self::Transport) end the connection: every further call gives
/// [`Ended`](Self::Ended) until the client has a new one. After the other errors the connection is as it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Error<E> {
    /// The request is invalid: a path contains a NUL, or the receive buffer is empty. Nothing was sent.
    Request(RequestError),
    /// The connection did not take the request: its buffer for requests is too small. Nothing was sent.
    Send(SendError),
    /// The server answered with an error.
    Server(ServerError),
    /// The server closed the connection, was silent for too long, or sent an invalid reply.
    Connection {
        /// What happened.
        error: ConnectionError,
        /// Whether the request may be sent again.
        resend: Resend,
    },
    /// The transport failed.
    Transport {
        /// The transport's error.
        error: E,
        /// Whether the request may be sent again.
        resend: Resend,
    },
    /// The connection had already ended; nothing was sent. Connect the transport again, then call `reset` or
    /// `reconnect` of the client.
    Ended,
    /// The client could not connect. Only clients that connect by themselves return this.
    Connect(E),
    /// Connecting took too long. Only clients that connect by themselves return this.
    ConnectTimedOut,
    /// The server sent a longer value than was requested.
    TooLong {
        /// Bytes that the server sent.
        len: usize,
        /// Bytes that the caller's buffer holds.
        capacity: usize,
    },
    /// The value is not of the requested type.
    Value(ValueError),
}

impl<E> Error<E> {
    /// The error that the server answered with, if it was one.
    #[must_use]
    pub const fn server_error(&self) -> Option<ServerError> {
        match self {
            Self::Server(error) => Some(*error),
            _ => None,
        }
    }

    /// Whether the call needs a new connection, and may be repeated on it without the risk that the server carries it
    /// out twice.
    #[must_use]
    pub const fn is_safe_to_retry(&self) -> bool {
        match self {
            Self::Connection { resend, .. } | Self::Transport { resend, .. } => {
                matches!(resend, Resend::Safe)
            }
            Self::Ended | Self::Connect(_) | Self::ConnectTimedOut => true,
            Self::Request(_) | Self::Send(_) | Self::Server(_) | Self::TooLong { .. } | Self::Value(_) => {
                false
            }
        }
    }

    /// Whether a timeout expired.
    #[must_use]
    pub const fn is_timeout(&self) -> bool {
        matches!(self, Self::Connection { error: ConnectionError::TimedOut(_), .. } | Self::ConnectTimedOut)
    }
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(error) => error.fmt(f),
            Self::Send(error) => error.fmt(f),
            Self::Server(error) => error.fmt(f),
            Self::Connection { error, .. } => error.fmt(f),
            Self::Transport { error, .. } => error.fmt(f),
            Self::Ended => f.write_str("the connection has ended"),
            Self::Connect(error) => write!(f, "cannot connect: {error}"),
            Self::ConnectTimedOut => f.write_str("cannot connect: the server did not answer in time"),
            Self::TooLong { len, capacity } => {
                write!(f, "the server sent {len} bytes where at most {capacity} were requested")
            }
            Self::Value(error) => error.fmt(f),
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for Error<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Request(error) => Some(error),
            Self::Send(error) => Some(error),
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
        Self::Request(error)
    }
}

impl<E> From<SendError> for Error<E> {
    fn from(error: SendError) -> Self {
        match error {
            SendError::ConnectionEnded => Self::Ended,
            error => Self::Send(error),
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

/// Why one path of several could not be read. It does not affect the others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ReadError {
    /// The path contains a NUL. Nothing was sent for it.
    Request(RequestError),
    /// The request does not fit the connection's buffer for requests. Nothing was sent for it.
    Send(SendError),
    /// The server answered with an error.
    Server(ServerError),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(error) => error.fmt(f),
            Self::Send(error) => error.fmt(f),
            Self::Server(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Request(error) => Some(error),
            Self::Send(error) => Some(error),
            Self::Server(error) => Some(error),
        }
    }
}

/// Why a server could not continue to serve a transport. `E` is the transport's own error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ServeError<E> {
    /// The transport failed. The client may have received no answer, or part of one.
    Transport(E),
    /// The receive buffer is empty. Nothing was read.
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
