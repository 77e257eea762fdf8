use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use ::tokio::net::{TcpListener, TcpStream};
use ::tokio::time::{self, Instant};
use owproto_core::tree::{Aliases, Bus};
use tracing::{debug, info, warn};

use super::driver::Driver;
use super::shared::Shared;
use super::shutdown::Phase;
use super::statistics::count;

/// The pause after an error of `accept` that will not go away by itself, such as too many open files.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// The minimum time between two warnings.
const WARNING_INTERVAL: Duration = Duration::from_secs(1);

/// Accepts connections until the server shuts down.
pub(super) async fn accept<B, A>(shared: Arc<Shared<B, A>>, listener: TcpListener)
where
    B: Bus + Send + 'static,
    A: Aliases + Send + 'static,
{
    // A shutdown waits for this, however this task ends.
    struct ClosesOnDrop<B, A>(Arc<Shared<B, A>>);
    impl<B, A> Drop for ClosesOnDrop<B, A> {
        fn drop(&mut self) {
            self.0.control.shutdown.listener_closed();
        }
    }
    let shared = ClosesOnDrop(shared);
    let control = &shared.0.control;
    let mut warnings = RateLimit::default();
    while control.shutdown.phase() == Phase::Running {
        let mut begun = pin!(control.shutdown.begun());
        let accepted = poll_fn(|context| match begun.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => listener.poll_accept(context).map(Some),
        });
        let Some(accepted) = accepted.await else { continue };
        match accepted {
            Ok((stream, peer)) if control.admission.admit() => {
                spawn_driver(shared.0.clone(), stream, peer);
            }
            Ok((_, peer)) => {
                let refused = count(&control.counters.refused) + 1;
                let limit = control.settings.max_connections;
                if warnings.allows() {
                    warn!(%peer, limit, refused, "connection refused: too many are open");
                }
            }
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
                ) =>
            {
                debug!(%error, "a client disconnected before its connection was accepted");
            }
            Err(error) => {
                count(&control.counters.accept_errors);
                if warnings.allows() {
                    warn!(%error, "cannot accept connections");
                }
                let _ = time::timeout(RETRY_PAUSE, control.shutdown.begun()).await;
            }
        }
    }
    info!("stopped listening");
}

fn spawn_driver<B, A>(shared: Arc<Shared<B, A>>, stream: TcpStream, peer: SocketAddr)
where
    B: Bus + Send + 'static,
    A: Aliases + Send + 'static,
{
    count(&shared.control.counters.accepted);
    debug!(%peer, connections = shared.control.admission.open(), "accepted");
    ::tokio::spawn(Driver::new(shared, stream, peer));
}

/// Allows one warning per [`WARNING_INTERVAL`], so that a flood of clients does not flood the log.
#[derive(Default)]
struct RateLimit {
    last: Option<Instant>,
}

impl RateLimit {
    fn allows(&mut self) -> bool {
        let now = Instant::now();
        let is_due = self.last.is_none_or(|last| now.saturating_duration_since(last) >= WARNING_INTERVAL);
        if is_due {
            self.last = Some(now);
        }
        is_due
    }
}
