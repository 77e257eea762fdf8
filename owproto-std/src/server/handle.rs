use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use ::tokio::net::{TcpListener, TcpStream};
use ::tokio::time::{self, Instant};
use owproto_core::tree::{Aliases, Bus, Tree};
use tracing::{debug, info, warn};

use super::builder::{Builder, Settings};
use super::control::{Control, Shared, Stopping};
use super::driver::Driver;
use super::statistics::{Statistics, count};

/// A running owserver. Dropping it stops it at once; [`shutdown`](Self::shutdown) lets it finish what is under way.
///
/// `B` is the bus, and `A` are the aliases, of the tree that it serves.
pub struct Server<B, A = ()> {
    shared: Arc<Shared<B, A>>,
    handle: Handle,
}

/// A server's remote control. Clones are of the same server; none of them keeps it running.
#[derive(Clone)]
pub struct Handle {
    control: Arc<dyn HasControl>,
    address: SocketAddr,
}

/// Hides from a [`Handle`] what is served.
trait HasControl: Send + Sync {
    fn control(&self) -> &Control;
}

impl<B: Send, A: Send> HasControl for Shared<B, A> {
    fn control(&self) -> &Control {
        &self.control
    }
}

impl Server<(), ()> {
    /// The settings of a server.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::new()
    }
}

impl<B, A> Server<B, A>
where
    B: Bus + Send + 'static,
    A: Aliases + Send + 'static,
{
    pub(super) fn serve(listener: TcpListener, settings: Settings, tree: Tree<B, A>) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { control: Control::new(settings), tree: Mutex::new(tree) });
        let handle = Handle { control: shared.clone(), address };
        info!(%address, "listening");
        ::tokio::spawn(accept(shared.clone(), listener));
        Ok(Self { shared, handle })
    }
}

impl<B, A> Server<B, A> {
    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.handle.address
    }

    /// A remote control for it.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// What it has done so far.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.handle.statistics()
    }

    /// Gives the tree to a function, with its bus, its aliases and its settings. No client is answered meanwhile.
    pub fn with_tree<T>(&self, function: impl FnOnce(&mut Tree<B, A>) -> T) -> T {
        function(&mut self.shared.tree.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Shuts it down. See [`Handle::shutdown`].
    pub async fn shutdown(self) {
        self.handle.shutdown().await;
    }

    /// Waits until it has stopped, which it does when a [`Handle`] says so.
    pub async fn stopped(&self) {
        self.handle.stopped().await;
    }
}

impl<B, A> Drop for Server<B, A> {
    fn drop(&mut self) {
        self.shared.control.stop(Stopping::Now);
    }
}

impl<B, A> fmt::Debug for Server<B, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("address", &self.local_addr()).finish_non_exhaustive()
    }
}

impl Handle {
    /// Where the server listens, or did.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// What it has done so far.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.control.control().statistics()
    }

    /// Shuts the server down, and waits for that: it stops listening, closes idle connections, and finishes the answers
    /// that are under way. What is not finished after the [grace](Builder::shutdown_grace) is cut off.
    pub async fn shutdown(&self) {
        let control = self.control.control();
        control.stop(Stopping::Finishing);
        if time::timeout(control.settings.shutdown_grace, control.end()).await.is_err() {
            let connections = self.statistics().connections;
            warn!(address = %self.address, connections, "cutting off what is not finished");
            control.stop(Stopping::Now);
            control.end().await;
        }
    }

    /// Stops the server at once; what is under way is dropped.
    pub fn stop(&self) {
        self.control.control().stop(Stopping::Now);
    }

    /// Waits until the server has stopped.
    pub async fn stopped(&self) {
        self.control.control().end().await;
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("address", &self.address).finish_non_exhaustive()
    }
}

/// After an error of `accept` that will not be better at once.
const PAUSE: Duration = Duration::from_millis(50);

/// Between two warnings of the same sort.
const WARNING_INTERVAL: Duration = Duration::from_secs(1);

async fn accept<B, A>(shared: Arc<Shared<B, A>>, listener: TcpListener)
where
    B: Bus + Send + 'static,
    A: Aliases + Send + 'static,
{
    // Whatever ends this task, somebody may wait for its end.
    struct Closed<B, A>(Arc<Shared<B, A>>);
    impl<B, A> Drop for Closed<B, A> {
        fn drop(&mut self) {
            self.0.control.close();
        }
    }
    let closed = Closed(shared);
    let control = &closed.0.control;
    let mut warnings = Warnings::default();
    while control.stopping() == Stopping::No {
        let mut stopped = pin!(control.stopped.notified());
        let accepted = poll_fn(|context| match stopped.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => listener.poll_accept(context).map(Some),
        });
        let Some(accepted) = accepted.await else { continue };
        match accepted {
            Ok((stream, peer)) if control.enter() => begin(closed.0.clone(), stream, peer),
            Ok((_, peer)) => {
                let refused = count(&control.counters.refused) + 1;
                let limit = control.settings.max_connections;
                if warnings.is_due() {
                    warn!(%peer, limit, refused, "too many connections: refused");
                }
            }
            // The client has gone away already.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
                ) =>
            {
                debug!(%error, "a connection was gone before it was accepted");
            }
            Err(error) => {
                count(&control.counters.accept_errors);
                if warnings.is_due() {
                    warn!(%error, "no connections can be accepted");
                }
                let _ = time::timeout(PAUSE, control.stopped.notified()).await;
            }
        }
    }
    info!("not listening any more");
}

fn begin<B, A>(shared: Arc<Shared<B, A>>, stream: TcpStream, peer: SocketAddr)
where
    B: Bus + Send + 'static,
    A: Aliases + Send + 'static,
{
    count(&shared.control.counters.accepted);
    debug!(%peer, connections = shared.control.counters.connections.load(Ordering::Relaxed), "accepted");
    ::tokio::spawn(Driver::new(shared, stream, peer));
}

/// Not more than a warning a second, however many clients come.
#[derive(Default)]
struct Warnings {
    last: Option<Instant>,
}

impl Warnings {
    fn is_due(&mut self) -> bool {
        let now = Instant::now();
        let is_due = self.last.is_none_or(|last| now.saturating_duration_since(last) >= WARNING_INTERVAL);
        if is_due {
            self.last = Some(now);
        }
        is_due
    }
}
