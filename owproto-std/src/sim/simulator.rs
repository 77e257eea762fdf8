use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use owproto_core::text::{Date, RomId};
use owproto_core::tree::{Aliases, Tree};

use super::bus::SimulatedBus;
use super::device::Device;
use super::spec::{Spec, Which};
use super::state::State;
use crate::AliasMap;

/// Simulated devices, and the controls for a test. All clones share the same devices.
///
/// ```
/// use std::time::Duration;
/// use owproto_std::sim::Simulator;
///
/// let simulator = Simulator::builder("28,1D".parse()?).seed(7).build();
/// simulator.set_time(Duration::from_secs(60));
/// let before = simulator.device("1D").unwrap().value("counter.A");
/// simulator.set_time(Duration::from_secs(3600));
/// assert_ne!(simulator.device("1D").unwrap().value("counter.A"), before);
///
/// // The devices of an owserver, with their aliases.
/// let tree = simulator.tree();
/// # Ok::<(), owproto_std::sim::SpecError>(())
/// ```
#[derive(Clone)]
pub struct Simulator {
    state: Arc<Mutex<State>>,
    aliases: Arc<AliasMap>,
    is_tester: bool,
}

/// The settings of a [`Simulator`].
#[derive(Clone, Debug)]
pub struct Builder {
    spec: Spec,
    seed: u64,
    latency: Duration,
    date: Option<Date>,
}

impl Builder {
    /// Sets the number from which addresses and values are generated, 1 by default.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the initial latency of all devices, 0 by default; see [`Device::set_latency`].
    #[must_use]
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Sets the date at the start, which devices with clocks show; by default the current date (UTC).
    #[must_use]
    pub fn date(mut self, date: Date) -> Self {
        self.date = Some(date);
        self
    }

    /// Creates the devices. Their time starts now.
    #[must_use]
    pub fn build(self) -> Simulator {
        let now = || {
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            i64::try_from(since.as_secs()).unwrap_or_default()
        };
        let start_date = self.date.map_or_else(now, Date::to_unix_seconds);
        let mut state = State::new(self.spec.is_tester, self.seed, start_date, self.spec.buses.len());
        let mut aliases = Vec::new();
        // Addresses in the spec, which generated ones must not repeat.
        let mut reserved: Vec<RomId> = Vec::new();
        for item in self.spec.buses.iter().flatten() {
            reserved.extend(match item.which {
                Which::Address(id) => Some(id),
                Which::Family(_) => None,
            });
        }
        for (bus, items) in (0..).zip(&self.spec.buses) {
            for item in items {
                for _ in 0..item.count {
                    let id = match item.which {
                        Which::Family(family) => state.add_family(bus, family, &reserved),
                        Which::Address(id) => {
                            state.add(bus, id);
                            Some(id)
                        }
                    };
                    aliases.extend(id.zip(item.alias.as_deref()));
                }
            }
        }
        let ids: Vec<RomId> = state.devices().map(|device| device.id).collect();
        for id in ids {
            if let Some(device) = state.device_mut(id) {
                device.latency = self.latency;
            }
        }
        state.scan();
        Simulator {
            is_tester: state.is_tester,
            state: Arc::new(Mutex::new(state)),
            aliases: Arc::new(AliasMap::from_iter(aliases)),
        }
    }
}

impl Simulator {
    /// The settings of a simulator with the devices of a spec.
    #[must_use]
    pub fn builder(spec: Spec) -> Builder {
        Builder { spec, seed: 1, latency: Duration::ZERO, date: None }
    }

    /// A simulator with the devices of a spec.
    #[must_use]
    pub fn new(spec: Spec) -> Self {
        Self::builder(spec).build()
    }

    /// Its devices as a bus. All buses of a simulator share the same devices.
    #[must_use]
    pub fn bus(&self) -> SimulatedBus {
        SimulatedBus { state: self.state.clone(), is_tester: self.is_tester }
    }

    /// A copy of the aliases of the spec.
    #[must_use]
    pub fn aliases(&self) -> AliasMap {
        (*self.aliases).clone()
    }

    /// Its devices and aliases as the tree of an owserver.
    #[must_use]
    pub fn tree(&self) -> Tree<SimulatedBus, AliasMap> {
        Tree::new(self.bus()).with_aliases(self.aliases())
    }

    /// A device by an alias of the spec, by its address in any notation, or by its family in two hexadecimal digits; the
    /// first device of a family is returned.
    #[must_use]
    pub fn device(&self, which: &str) -> Option<Device> {
        let state = self.lock();
        let id = self.aliases.device(which.as_bytes()).or_else(|| RomId::parse(which.as_bytes()).ok());
        let id = match id {
            Some(id) => state.device(id)?.id,
            None => {
                let family = (which.len() == 2).then(|| u8::from_str_radix(which, 16).ok())??;
                state.devices().find(|device| device.id.family() == family)?.id
            }
        };
        Some(Device::new(self.state.clone(), id))
    }

    /// All devices, bus by bus, including those that are absent.
    #[must_use]
    pub fn devices(&self) -> Vec<Device> {
        self.lock().devices().map(|device| Device::new(self.state.clone(), device.id)).collect()
    }

    /// Adds a device of a family to a bus. `None` if the bus does not exist or is full.
    #[must_use = "the device that was added can be controlled through it"]
    pub fn add(&self, bus: u16, family: u8) -> Option<Device> {
        let mut state = self.lock();
        let id = state.add_family(bus, family, &[])?;
        state.scan();
        Some(Device::new(self.state.clone(), id))
    }

    /// Sets how long it takes to find each device when a bus is listed, 0 by default.
    pub fn set_search_latency(&self, latency: Duration) {
        self.lock().search_latency = latency;
    }

    /// Stops the clock at a time since the start. Values, latencies and presence then follow this clock, until the next
    /// call.
    pub fn set_time(&self, since_start: Duration) {
        self.lock().set_time(since_start);
    }

    /// The time since the start.
    #[must_use]
    pub fn time(&self) -> Duration {
        self.lock().clock.now()
    }

    /// The number of requests whose clients disconnected while a device was at work for them.
    #[must_use]
    pub fn cancelled(&self) -> u64 {
        self.lock().operations.cancelled()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A simulator with the [default spec](Spec::default).
impl Default for Simulator {
    fn default() -> Self {
        Self::new(Spec::default())
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator").field("devices", &self.devices()).finish_non_exhaustive()
    }
}
