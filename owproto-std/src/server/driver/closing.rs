//! The close of a connection: what is counted and logged, and how the client gets its last answer.

use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use owproto_core::server::{End, Timeout};
use owproto_core::time::Duration;
use owproto_core::tree::{Aliases, Bus};
use tracing::{debug, info};

use super::{Driver, Lingering, READ_LEN};
use crate::server::shutdown::Phase;
use crate::server::statistics::count;

/// How long, and for how many bytes, the server reads after it has closed its sending side. A close with unread bytes makes
/// TCP send a reset, which may overtake the last answer.
const LINGER_TIME: Duration = Duration::from_secs(1);
const LINGER_LEN: usize = 256 << 10;

impl<B: Bus, A: Aliases> Driver<B, A> {
    /// Closes the sending side, then lingers. Ready when the socket can be closed.
    pub(super) fn poll_close(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let end = self.connection.end().unwrap_or(End::TransportFailed);
        self.record(end);
        self.release_request();
        if end.is_unread() || self.connection.is_half_closed() {
            return Poll::Ready(());
        }
        self.release_memory(0);
        match Pin::new(&mut self.stream).poll_shutdown(context) {
            Poll::Ready(Ok(())) => {}
            _ => return Poll::Ready(()),
        }
        let until = self.control().clock.now().saturating_add(LINGER_TIME);
        self.poll_linger(Lingering { until, bytes_left: LINGER_LEN }, context)
    }

    /// Reads and discards what the client still sends. Ready when the client has closed, or a limit is reached.
    pub(super) fn poll_linger(&mut self, mut lingering: Lingering, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let mut space = [const { MaybeUninit::uninit() }; READ_LEN];
            let mut buffer = ReadBuf::uninit(&mut space);
            match Pin::new(&mut self.stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    lingering.bytes_left = lingering.bytes_left.saturating_sub(buffer.filled().len());
                    if lingering.bytes_left == 0 {
                        return Poll::Ready(());
                    }
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => {
                    self.lingering = Some(lingering);
                    // A shutdown does not wait for it.
                    return match self.control().shutdown.phase() {
                        Phase::Running => self.poll_timer(lingering.until, context),
                        _ => Poll::Ready(()),
                    };
                }
            }
        }
    }

    /// Counts and logs the end of the connection.
    fn record(&self, end: End) {
        let counters = &self.control().counters;
        let peer = self.peer;
        match end {
            End::Malformed(_) | End::MalformedWrite { .. } => {
                count(&counters.malformed);
                info!(%peer, %end, "request refused, connection closed");
            }
            End::Loop => {
                count(&counters.loops);
                info!(%peer, %end, "request refused, connection closed");
            }
            End::TimedOut(Timeout::IdleHigh) => {
                count(&counters.idle_closed);
                debug!(%peer, %end, "connection closed");
            }
            End::TimedOut(_) => {
                count(&counters.timed_out);
                info!(%peer, %end, "connection closed");
            }
            // The driver closed it: during a shutdown, or as here after the shorter idle timeout.
            End::Closed if self.control().shutdown.phase() == Phase::Running => {
                count(&counters.idle_closed);
                debug!(%peer, "connection closed: the client was idle while many connections are persistent");
            }
            End::TransportFailed => {
                count(&counters.lost);
                debug!(%peer, %end, "connection closed");
            }
            End::Answered | End::ClientClosed | End::Closed => debug!(%peer, %end, "connection closed"),
            _ => info!(%peer, %end, "connection closed"),
        }
    }
}
