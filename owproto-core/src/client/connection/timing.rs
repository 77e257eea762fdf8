use super::Connection;
use crate::client::connection_error::ConnectionError;
use crate::client::deadline::Deadline;
use crate::client::pipeline::State;
use crate::client::timeouts::Timeout;
use crate::storage::Storage;
use crate::time::{Duration, Instant};

impl<T: Storage, R: Storage, const DEPTH: usize> Connection<T, R, DEPTH> {
    /// When to stop waiting, and which timeout expires then; `None` for never. Exact: a keepalive postpones the inactivity
    /// timeout, but not the total one.
    #[must_use]
    #[inline]
    pub fn poll_timeout(&self) -> Option<(Instant, Timeout)> {
        if !matches!(self.pipeline.state, State::Open) || self.pipeline.in_flight.is_empty() {
            return None;
        }
        let silent = self.last_activity.saturating_add(self.timeouts.inactivity);
        if !self.timeouts.inactivity.is_zero() && Deadline::at(silent) > self.pipeline.earliest_deadline {
            Some((silent, Timeout::Inactivity))
        } else if self.pipeline.earliest_deadline > Deadline::NEVER {
            Some((self.pipeline.earliest_deadline.moment(), Timeout::Total))
        } else {
            None
        }
    }

    /// The longest time to wait for an answer from now on, while a request is in flight: until
    /// [`poll_timeout`](Self::poll_timeout); `None` for no limit.
    ///
    /// ```
    /// # use owproto_core::Request;
    /// # use owproto_core::client::Connection;
    /// # use owproto_core::time::{Duration, Instant};
    /// let mut connection: Connection<_, _> = Connection::new([0; 64], [0; 64]);
    /// connection.request_within(&Request::nop(), Duration::from_secs(3), Instant::ZERO)?;
    /// assert_eq!(connection.time_left(Instant::from_millis(500)), Some(Duration::from_millis(1500)));
    /// # Ok::<(), owproto_core::client::SendError>(())
    /// ```
    #[must_use]
    #[inline(always)]
    pub fn time_left(&self, now: Instant) -> Option<Duration> {
        let inactivity = self.timeouts.inactivity;
        if inactivity.is_zero() || self.pipeline.earliest_deadline > Deadline::NEVER {
            return self.poll_timeout().map(|(at, _)| at.saturating_since(now));
        }
        Some(inactivity.saturating_sub(now.saturating_since(self.last_activity)))
    }

    /// Checks the timeouts. Nothing happens before [`poll_timeout`](Self::poll_timeout).
    ///
    /// # Errors
    /// [`ConnectionError::TimedOut`] from that moment on. The connection has failed then, because a late answer could be
    /// matched to another request.
    #[inline]
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), ConnectionError> {
        if let State::Failed(error) = self.pipeline.state {
            return Err(error);
        }
        match self.poll_timeout() {
            Some((at, timeout)) if now >= at => Err(self.pipeline.fail(ConnectionError::TimedOut(timeout))),
            _ => Ok(()),
        }
    }
}
