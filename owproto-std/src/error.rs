use std::fmt;
use std::io;
use std::time::Duration;

use owproto_core::client::{ConnectionError, SendError, Timeout};
use owproto_core::{RequestError, ReturnCode, ServerError};

use crate::{Address, AddressError};

/// Why a call did not give what was asked for, sorted by who is to blame.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The call cannot be made: a path with a NUL, a size out of range. Nothing was sent.
    #[error("{0}")]
    Request(#[from] RequestError),

    /// The connection did not take the request: there is no memory for it. Nothing was sent.
    #[error("{0}")]
    Send(#[from] SendError),

    /// The text that should say where the server is, does not.
    #[error("{0}")]
    Address(#[from] AddressError),

    /// The server answered, with an error. Its number is [`ServerError::code`].
    #[error("{path}: {error}")]
    Server {
        /// What the server said.
        #[source]
        error: ServerError,
        /// The path that was asked for.
        path: PathText,
    },

    /// The name of the host could not be resolved.
    #[error("the host of {address} cannot be found: {source}")]
    Resolve {
        /// The server's address.
        address: Address,
        /// What the resolver said.
        source: io::Error,
    },

    /// None of the host's addresses took a connection in time.
    #[error("no connection to {address}: {source}")]
    Connect {
        /// The server's address.
        address: Address,
        /// What the last of the addresses tried gave.
        source: io::Error,
    },

    /// The call took longer than it may. The connection was closed, so that a late answer cannot be taken for another
    /// one's; or another call that had asked for it drops that answer.
    #[error("{address} did not answer in time: {timeout} (limit {})", Seconds(*limit))]
    TimedOut {
        /// The server's address.
        address: Address,
        /// Which timeout it was.
        timeout: Timeout,
        /// The timeout.
        limit: Duration,
    },

    /// The server closed the connection, or sent something that is no answer.
    #[error("{address}: {error}")]
    Connection {
        /// The server's address.
        address: Address,
        /// What happened.
        #[source]
        error: ConnectionError,
    },

    /// The operating system reported an error on an open connection.
    #[error("{address}: {error} ({source})")]
    Io {
        /// The server's address.
        address: Address,
        /// What that means for the protocol.
        error: ConnectionError,
        /// What the operating system said.
        source: io::Error,
    },

    /// A read among many was not tried, because an earlier one showed that nobody answers.
    #[error("{address}: not tried, since an earlier request of the same call got no answer")]
    NotTried {
        /// The server's address.
        address: Address,
    },

    /// A value is not of the type that was asked for.
    #[error("{path}: {value:?} is not a number")]
    NotANumber {
        /// The path that was asked for.
        path: PathText,
        /// The value.
        value: String,
    },
}

impl Error {
    /// The server's return code, if it was the server that said no.
    #[must_use]
    pub const fn return_code(&self) -> Option<ReturnCode> {
        match self {
            Self::Server { error, .. } => Some(error.code()),
            _ => None,
        }
    }

    /// Whether the same call may well succeed a little later, without anything being changed.
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

    /// Whether a timeout was the reason, that of connecting included.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        match self {
            Self::TimedOut { .. } => true,
            Self::Connect { source, .. } => source.kind() == io::ErrorKind::TimedOut,
            _ => false,
        }
    }
}

/// A path in an error: printed as text, kept as bytes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PathText(Box<[u8]>);

impl PathText {
    pub(crate) fn new(path: &[u8]) -> Self {
        Self(path.into())
    }

    /// The path as it was given.
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

/// A time for people.
struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.0.as_secs_f64())
    }
}
