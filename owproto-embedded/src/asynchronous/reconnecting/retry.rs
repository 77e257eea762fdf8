//! Whether a call that failed is repeated, and when the client may connect again.

use embedded_hal_async::delay::DelayNs;
use embedded_nal_async::TcpConnect;
use owproto_core::Storage;
use owproto_core::client::{ConnectionError, Resend};
use owproto_core::time::Instant;

use super::ReconnectingClient;
use crate::Error;

/// How often a call is repeated because its connection had ended. Once is enough for a stale connection. A listing may
/// need another one, because it sends a second request if the server refuses DIRALL.
pub(super) const MAX_RETRIES: u32 = 2;

impl<N, D, C, S, R, B, const DEPTH: usize> ReconnectingClient<'_, N, D, C, S, R, B, DEPTH>
where
    N: TcpConnect,
    D: DelayNs,
    C: FnMut() -> Instant,
    S: Storage,
    R: Storage,
    B: AsMut<[u8]>,
{
    /// Records how a call ended. Returns whether it failed only because its connection was stale, so that it may be
    /// repeated.
    pub(super) fn record<V>(&mut self, result: &Result<V, Error<N::Error>>) -> bool {
        self.last_used = (self.client.clock)();
        let is_retryable = match result {
            Ok(_) | Err(Error::Server(_) | Error::Value(_) | Error::TooLong { .. }) => {
                self.failures = 0;
                false
            }
            Err(Error::Request(_) | Error::Send(_) | Error::Connect(_) | Error::ConnectTimedOut) => false,
            // The connection had ended in an orderly way, and nothing was sent.
            Err(Error::Ended) => true,
            Err(Error::Connection { resend, .. } | Error::Transport { resend, .. }) => {
                let is_stale = self.client.connection.error().is_some_and(ConnectionError::is_stale);
                if !is_stale {
                    self.record_failure();
                }
                is_stale && *resend == Resend::Safe
            }
        };
        // The network needs the socket for the next connection.
        if !self.client.is_open() {
            self.close();
        }
        is_retryable
    }

    /// Records that a connection could not be made, or was of no use.
    pub(super) fn record_failure(&mut self) {
        self.failures = self.failures.saturating_add(1);
        self.next_attempt = (self.client.clock)().saturating_add(self.backoff.delay_after(self.failures));
    }

    /// Records that the connection gave an answer.
    pub(super) fn record_success(&mut self) {
        self.failures = 0;
        self.next_attempt = Instant::ZERO;
    }
}

/// Whether the connection broke, for another reason than a timeout.
pub(super) fn is_broken<E>(error: &Error<E>) -> bool {
    matches!(error, Error::Connection { .. } | Error::Transport { .. }) && !error.is_timeout()
}
