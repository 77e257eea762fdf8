use super::Connection;
use crate::client::connection_error::ConnectionError;
use crate::client::lost::{Lost, Resend};
use crate::client::pipeline::State;
use crate::storage::Storage;

impl<T: Storage, R: Storage, const DEPTH: usize> Connection<T, R, DEPTH> {
    /// The server has closed its side.
    ///
    /// # Errors
    /// [`ConnectionError::Stale`], [`ConnectionError::Closed`] or [`ConnectionError::Truncated`] if a request was in flight.
    /// Otherwise the connection has ended without an error.
    pub fn handle_eof(&mut self) -> Result<(), ConnectionError> {
        match self.pipeline.state {
            State::Failed(error) => Err(error),
            State::Open if !self.pipeline.in_flight.is_empty() => Err(self.handle_transport_error()),
            State::Open | State::Ended => {
                self.pipeline.state = State::Ended;
                Ok(())
            }
        }
    }

    /// The transport has failed, for a reason that the driver knows. Returns the meaning of this for the protocol, or an
    /// earlier failure.
    pub fn handle_transport_error(&mut self) -> ConnectionError {
        if let State::Failed(error) = self.pipeline.state {
            return error;
        }
        let error = match (self.pipeline.answer_started, self.pipeline.is_persistent) {
            (true, _) => ConnectionError::Truncated,
            (false, true) => ConnectionError::Stale,
            (false, false) => ConnectionError::Closed,
        };
        self.pipeline.fail(error)
    }

    /// After a failure: the next request that will have no answer, oldest first.
    ///
    /// It is [`Resend::Safe`] if its last byte was not sent (the server waits for it), if the server had withdrawn
    /// persistence before it, or if its message type is idempotent.
    pub fn poll_lost(&mut self) -> Option<Lost> {
        let State::Failed(error) = self.pipeline.state else { return None };
        let id = self.oldest_id();
        let lost = self.pipeline.in_flight.pop()?;
        let is_unsent = lost.is_unsent(self.total_sent);
        let was_not_read = matches!(error, ConnectionError::PersistenceWithdrawn);
        let resend = if lost.message_type.is_idempotent() || is_unsent || was_not_read {
            Resend::Safe
        } else {
            Resend::MayHappenTwice
        };
        Some(Lost { id, resend })
    }
}
