use std::io;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use owproto_core::ReturnCode;
use owproto_core::text::RomId;
use owproto_core::tree::Aliases;

use super::bus::SimulatedBus;
use super::simulator::Simulator;
use super::spec::Spec;
use crate::{AliasMap, server};

/// An owserver with simulated devices, in a separate thread. Dropping it stops it.
///
/// By default it listens on a free port of the loopback interface. The [module](super) has an example.
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
    /// Changes the settings of the server, such as its address and its limits.
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

    /// Starts the server. When this returns, it accepts connections.
    ///
    /// # Errors
    /// The address cannot be bound, or the thread cannot be started.
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

    /// The settings of an owserver with the devices of a simulator.
    #[must_use]
    pub fn builder(simulator: Simulator) -> Builder {
        Builder { simulator, server: server::Builder::new().port(0) }
    }

    /// The address on which it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.server.local_addr()
    }

    /// Its devices.
    #[must_use]
    pub fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    /// The server's counters since the start.
    #[must_use]
    pub fn statistics(&self) -> server::Statistics {
        self.server.statistics()
    }

    /// Sets the alias of a device; an empty one removes it.
    ///
    /// # Errors
    /// None at present.
    pub fn set_alias(&self, device: RomId, alias: impl AsRef<[u8]>) -> Result<(), ReturnCode> {
        self.server.with_tree(|tree| tree.aliases_mut().set(device, alias.as_ref()))
    }

    /// Waits until a [handle](server::Handle) has stopped it.
    pub fn wait(mut self) {
        self.join();
    }

    /// A remote control for the server.
    #[must_use]
    pub fn handle(&self) -> server::Handle {
        self.server.handle()
    }

    fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            // It returns nothing; a panic was printed when it happened.
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
