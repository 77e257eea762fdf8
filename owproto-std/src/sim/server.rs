use std::io;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use owproto_core::ReturnCode;
use owproto_core::text::RomId;
use owproto_core::tree::Aliases;

use super::{SimulatedBus, Simulator, Spec};
use crate::{AliasMap, server};

/// An owserver of simulated devices, in a thread of its own. It stops when it is dropped.
///
/// It listens on a free port of the loopback interface, unless told otherwise. See the [module](super) for an example.
#[derive(Debug)]
pub struct Server {
    simulator: Simulator,
    server: server::Server<SimulatedBus, AliasMap>,
    thread: Option<JoinHandle<()>>,
}

/// The settings of a simulated owserver.
#[derive(Clone, Debug)]
pub struct Builder {
    simulator: Simulator,
    server: server::Builder,
}

impl Builder {
    /// Changes the settings of the server: where it listens, its limits.
    ///
    /// ```
    /// use owproto_std::sim;
    /// let builder = sim::Server::builder(sim::Simulator::default());
    /// let server = builder.server(|server| server.max_connections(3)).start()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn server(mut self, settings: impl FnOnce(server::Builder) -> server::Builder) -> Self {
        self.server = settings(self.server);
        self
    }

    /// Starts it. It can be used when this returns.
    ///
    /// # Errors
    /// Those of listening, and of starting a thread.
    pub fn start(self) -> io::Result<Server> {
        let Self { simulator, server } = self;
        let tree = simulator.tree();
        let (sender, started) = mpsc::sync_channel(1);
        let run = move || {
            let runtime = match ::tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(sender.send(Err(error))),
            };
            runtime.block_on(async move {
                match server.start(tree).await {
                    Ok(server) => {
                        let handle = server.handle();
                        if sender.send(Ok(server)).is_ok() {
                            handle.stopped().await;
                        }
                    }
                    Err(error) => drop(sender.send(Err(error))),
                }
            });
        };
        let thread = thread::Builder::new().name("owproto server".into()).spawn(run)?;
        let server = started.recv().map_err(|_| io::Error::other("the server's thread has ended"))??;
        Ok(Server { simulator, server, thread: Some(thread) })
    }
}

impl Server {
    /// Starts an owserver with the devices of a spec.
    ///
    /// # Errors
    /// As [`Builder::start`].
    pub fn start(spec: Spec) -> io::Result<Self> {
        Self::builder(Simulator::new(spec)).start()
    }

    /// The settings of an owserver with simulated devices.
    #[must_use]
    pub fn builder(simulator: Simulator) -> Builder {
        Builder { simulator, server: server::Builder::new().port(0) }
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.server.local_addr()
    }

    /// Its devices.
    #[must_use]
    pub fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    /// What it has done so far.
    #[must_use]
    pub fn statistics(&self) -> server::Statistics {
        self.server.statistics()
    }

    /// Gives a device an alias; an empty one takes it away.
    ///
    /// # Errors
    /// Nothing is refused now.
    pub fn set_alias(&self, device: RomId, alias: impl AsRef<[u8]>) -> Result<(), ReturnCode> {
        self.server.with_tree(|tree| tree.aliases_mut().set(device, alias.as_ref()))
    }

    /// Waits until a [handle](server::Handle) has stopped it.
    pub fn wait(mut self) {
        self.join();
    }

    /// A remote control for its server.
    #[must_use]
    pub fn handle(&self) -> server::Handle {
        self.server.handle()
    }

    fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            // It has nothing to say; if it panicked, that was printed.
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.server.handle().stop();
        self.join();
    }
}
