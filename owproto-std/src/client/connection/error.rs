use std::io;

use owproto_core::ServerError;
use owproto_core::client::{ConnectionError, SendError, Timeout, Timeouts};

use crate::error::PathText;
use crate::{Address, Error};

/// Why a request on a session failed. Boxed, since it is large, rare, and passed through many functions.
#[derive(Debug)]
pub(crate) struct SessionError(Box<ErrorKind>);

#[derive(Debug)]
pub(crate) enum ErrorKind {
    Send(SendError),
    Connection(ConnectionError),
    Io(ConnectionError, io::Error),
}

impl SessionError {
    #[cold]
    pub(super) fn io(error: ConnectionError, source: io::Error) -> Self {
        Self(Box::new(ErrorKind::Io(error, source)))
    }

    pub(crate) fn kind(&self) -> &ErrorKind {
        &self.0
    }

    /// Whether the server had closed an idle connection, as far as can be known.
    pub(crate) fn is_stale(&self) -> bool {
        match &*self.0 {
            ErrorKind::Send(_) => false,
            ErrorKind::Connection(error) | ErrorKind::Io(error, _) => error.is_stale(),
        }
    }

    /// The error that a caller gets.
    #[cold]
    pub(crate) fn into_error(self, address: &Address, timeouts: Timeouts) -> Error {
        let address = address.clone();
        match *self.0 {
            ErrorKind::Send(error) => error.into(),
            ErrorKind::Connection(ConnectionError::TimedOut(timeout)) => {
                timed_out(address, timeout, timeouts)
            }
            ErrorKind::Connection(error) => Error::Connection { address, error },
            ErrorKind::Io(error, source) => Error::Io { address, error, source },
        }
    }
}

impl From<ConnectionError> for SessionError {
    #[cold]
    fn from(error: ConnectionError) -> Self {
        Self(Box::new(ErrorKind::Connection(error)))
    }
}

impl From<SendError> for SessionError {
    #[cold]
    fn from(error: SendError) -> Self {
        Self(Box::new(ErrorKind::Send(error)))
    }
}

#[cold]
pub(crate) fn timed_out(address: Address, timeout: Timeout, timeouts: Timeouts) -> Error {
    Error::TimedOut { address, timeout, limit: timeouts.limit_of(timeout).into() }
}

#[cold]
pub(crate) fn server_error(error: ServerError, path: &[u8]) -> Error {
    Error::Server { error, path: PathText::new(path) }
}
