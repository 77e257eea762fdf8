use std::fmt;
use std::io;
use std::time::Duration;

use owproto_core::client::{ConnectionError, SendError, Timeout};
use owproto_core::{RequestError, ReturnCode, ServerError};

use crate::{Address, AddressError};

/// Why a call failed, sorted by who caused it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The request is invalid: a path with a NUL, a size out of range. Nothing was sent.
    #[error("{0}")]
    Request(#[from] RequestError),

    /// The connection did not accept the request: there is no memory for it. Nothing was sent.
    #[error("{0}")]
    Send(#[from] SendError),

    /// The text for the server's address is not valid.
    #[error("{0}")]
    Address(#[from] AddressError),

    /// The server returned an error. Its number is [`ServerError::code`].
    #[error("{path}: {error}")]
    Server {
        /// The server's error.
        #[source]
        error: ServerError,
        /// The path of the request.
        path: PathText,
    },

    /// The name of the host cannot be resolved.
    #[error("the host of {address} cannot be resolved: {source}")]
    Resolve {
        /// The server's address.
        address: Address,
        /// The resolver's error.
        source: io::Error,
    },

    /// None of the host's addresses accepted a connection in time.
    #[error("cannot connect to {address}: {source}")]
    Connect {
        /// The server's address.
        address: Address,
        /// The error of the address that was tried last.
        source: io::Error,
    },

    /// The call reached a timeout. Its connection was closed, so that a late reply cannot be matched to another request; if
    /// another call had sent the request, that call discards the reply.
    #[error("{address} did not reply in time: {timeout} (limit {})", Seconds(*limit))]
    TimedOut {
        /// The server's address.
        address: Address,
        /// Which timeout.
        timeout: Timeout,
        /// Its length.
        limit: Duration,
    },

    /// The server closed the connection, or sent an invalid reply.
    #[error("{address}: {error}")]
    Connection {
        /// The server's address.
        address: Address,
        /// What the server did.
        #[source]
        error: ConnectionError,
    },

    /// The operating system reported an error on an open connection.
    #[error("{address}: {error} ({source})")]
    Io {
        /// The server's address.
        address: Address,
        /// The effect on the protocol.
        error: ConnectionError,
        /// The operating system's error.
        source: io::Error,
    },

    /// A read of several was not sent, because the server did not reply to an earlier one.
    #[error("{address}: not tried, since an earlier request of the same call got no reply")]
    NotTried {
        /// The server's address.
        address: Address,
    },

    /// A value is not a number.
    #[error("{path}: {value:?} is not a number")]
    NotANumber {
        /// The path of the request.
        path: PathText,
        /// The value.
        value: String,
    },
}

impl Error {
    /// The return code, if the server returned an error.
    #[must_use]
    pub const fn return_code(&self) -> Option<ReturnCode> {
        match self {
            Self::Server { error, .. } => Some(error.code()),
            _ => None,
        }
    }

    /// Whether the same call may succeed later, without a change by the caller.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Server { error, .. } => error.is_transient(),
            Self::Request(_) | Self::Address(_) | Self::NotANumber { .. } => false,
            Self::Connection {
                error: ConnectionError::Decode(_) | ConnectionError::UnexpectedData, ..
            } => false,
            Self::Resolve { .. }
            | Self::Connect { .. }
            | Self::Send(_)
            | Self::TimedOut { .. }
            | Self::NotTried { .. }
            | Self::Connection { .. }
            | Self::Io { .. } => true,
        }
    }

    /// Whether a timeout was the cause; also one of connecting.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        match self {
            Self::TimedOut { .. } => true,
            Self::Connect { source, .. } => source.kind() == io::ErrorKind::TimedOut,
            _ => false,
        }
    }
}

/// The path in an error. It is printed as text and stored as bytes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PathText(Box<[u8]>);

impl PathText {
    pub(crate) fn new(path: &[u8]) -> Self {
        Self(path.into())
    }

    /// The path as the caller passed it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for PathText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { f.write_str("/") } else { String::from_utf8_lossy(&self.0).fmt(f) }
    }
}

impl fmt::Debug for PathText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        String::from_utf8_lossy(&self.0).fmt(f)
    }
}

/// Prints a duration in seconds.
struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.0.as_secs_f64())
    }
}
