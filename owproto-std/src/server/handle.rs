use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use ::tokio::net::TcpListener;
use ::tokio::time;
use owproto_core::tree::{Aliases, Bus, Tree};
use tracing::{info, warn};

use super::listener;
use super::settings::Settings;
use super::shared::{Control, Shared};
use super::shutdown::Phase;
use super::statistics::Statistics;

/// A running owserver. Dropping it stops it immediately; [`shutdown`](Self::shutdown) lets it finish the answers in
/// progress.
///
/// `B` is the bus and `A` the type of the aliases of the tree that it serves. [`Builder`](super::Builder) starts one.
pub struct Server<B, A = ()> {
    shared: Arc<Shared<B, A>>,
    handle: Handle,
}

/// Remote control of a server. All clones control the same server; none of them keeps it running.
#[derive(Clone)]
pub struct Handle {
    control: Arc<dyn HasControl>,
    address: SocketAddr,
}

/// Hides the types of bus and aliases from a [`Handle`].
trait HasControl: Send + Sync {
    fn control(&self) -> &Control;
}

impl<B: Send, A: Send> HasControl for Shared<B, A> {
    fn control(&self) -> &Control {
        &self.control
    }
}

impl<B, A> Server<B, A>
where
    B: Bus + Send + 'static,
    A: Aliases + Send + 'static,
{
    pub(super) fn serve(listener: TcpListener, settings: Settings, tree: Tree<B, A>) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new(settings, tree));
        let handle = Handle { control: shared.clone(), address };
        info!(%address, "listening");
        ::tokio::spawn(listener::accept(shared.clone(), listener));
        Ok(Self { shared, handle })
    }
}

impl<B, A> Server<B, A> {
    /// The address on which it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.handle.address
    }

    /// A remote control for it.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Its counters since the start.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.handle.statistics()
    }

    /// Calls a function with the tree: its bus, aliases and settings. While the function runs, no client gets an answer.
    pub fn with_tree<T>(&self, function: impl FnOnce(&mut Tree<B, A>) -> T) -> T {
        function(&mut self.shared.tree())
    }

    /// Shuts it down; see [`Handle::shutdown`].
    pub async fn shutdown(self) {
        self.handle.shutdown().await;
    }

    /// Waits until a [`Handle`] has stopped it.
    pub async fn stopped(&self) {
        self.handle.stopped().await;
    }
}

impl<B, A> Drop for Server<B, A> {
    fn drop(&mut self) {
        self.shared.control.shutdown.enter(Phase::Aborting);
    }
}

impl<B, A> fmt::Debug for Server<B, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("address", &self.local_addr()).finish_non_exhaustive()
    }
}

impl Handle {
    /// The address on which the server listens, or listened before it stopped.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The server's counters since the start.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.control().statistics()
    }

    /// Shuts the server down and waits until it has stopped: it stops listening, closes idle connections, and finishes the
    /// answers in progress. After the [grace period](super::Builder::shutdown_grace) it closes the remaining connections.
    pub async fn shutdown(&self) {
        let control = self.control();
        control.shutdown.enter(Phase::Finishing);
        if time::timeout(control.settings.shutdown_grace, control.stopped()).await.is_err() {
            let connections = self.statistics().connections;
            warn!(address = %self.address, connections, "the grace period is over: closing the remaining connections");
            control.shutdown.enter(Phase::Aborting);
            control.stopped().await;
        }
    }

    /// Stops the server immediately; answers in progress are dropped.
    pub fn stop(&self) {
        self.control().shutdown.enter(Phase::Aborting);
    }

    /// Waits until the server has stopped.
    pub async fn stopped(&self) {
        self.control().stopped().await;
    }

    fn control(&self) -> &Control {
        self.control.control()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("address", &self.address).finish_non_exhaustive()
    }
}
