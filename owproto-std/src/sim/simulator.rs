use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use owproto_core::text::{Date, RomId};
use owproto_core::tree::Tree;

use super::bus::SimulatedBus;
use super::device::Device;
use super::spec::{Spec, Which};
use super::state::State;
use crate::AliasMap;

/// Simulated devices, and the way to steer them while they are used. Clones are of the same devices.
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

/// The settings of a simulator.
#[derive(Clone, Debug)]
pub struct Builder {
    spec: Spec,
    seed: u64,
    latency: Duration,
    date: Option<Date>,
}

impl Builder {
    /// What addresses and values follow from; 1 by default.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How long all devices take to answer, at first.
    #[must_use]
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// The date at the start, for devices with clocks; the present one (UTC) by default.
    #[must_use]
    pub fn date(mut self, date: Date) -> Self {
        self.date = Some(date);
        self
    }

    /// Makes the devices. Their time begins now.
    #[must_use]
    pub fn build(self) -> Simulator {
        let now = || {
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            i64::try_from(since.as_secs()).unwrap_or_default()
        };
        let epoch = self.date.map_or_else(now, Date::to_unix_seconds);
        let mut state = State::new(self.spec.is_tester, self.seed, epoch, self.spec.buses.len());
        let mut aliases = Vec::new();
        // Addresses that were given come first, so that no made-up one is taken for them.
        let mut given: Vec<RomId> = Vec::new();
        for item in self.spec.buses.iter().flatten() {
            given.extend(match item.which {
                Which::Address(id) => Some(id),
                Which::Family(_) => None,
            });
        }
        for (bus, items) in (0..).zip(&self.spec.buses) {
            for item in items {
                for _ in 0..item.count {
                    let id = match item.which {
                        Which::Family(family) => state.add_family(bus, family, &given),
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
        state.look_around();
        Simulator {
            is_tester: state.is_tester,
            state: Arc::new(Mutex::new(state)),
            aliases: Arc::new(AliasMap::from_iter(aliases)),
        }
    }
}

impl Simulator {
    /// The devices of a spec, with settings.
    #[must_use]
    pub fn builder(spec: Spec) -> Builder {
        Builder { spec, seed: 1, latency: Duration::ZERO, date: None }
    }

    /// The devices of a spec.
    #[must_use]
    pub fn new(spec: Spec) -> Self {
        Self::builder(spec).build()
    }

    /// Its devices as a bus. Several are the same devices.
    #[must_use]
    pub fn bus(&self) -> SimulatedBus {
        SimulatedBus { state: self.state.clone(), is_tester: self.is_tester }
    }

    /// The aliases of the spec.
    #[must_use]
    pub fn aliases(&self) -> AliasMap {
        (*self.aliases).clone()
    }

    /// Its devices and aliases as the tree of an owserver.
    #[must_use]
    pub fn tree(&self) -> Tree<SimulatedBus, AliasMap> {
        Tree::new(self.bus()).with_aliases(self.aliases())
    }

    /// A device: by an alias of the spec, by its address in any spelling, or the first of a family, by two hexadecimal
    /// digits.
    #[must_use]
    pub fn device(&self, which: &str) -> Option<Device> {
        use owproto_core::tree::Aliases;
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

    /// All devices, those that are not there included, bus by bus.
    #[must_use]
    pub fn devices(&self) -> Vec<Device> {
        self.lock().devices().map(|device| Device::new(self.state.clone(), device.id)).collect()
    }

    /// Adds a device of a family to a bus. `None` if there is no such bus, or no more place on it.
    #[must_use = "a device that was added may be steered"]
    pub fn add(&self, bus: u16, family: u8) -> Option<Device> {
        let mut state = self.lock();
        let id = state.add_family(bus, family, &[])?;
        state.look_around();
        Some(Device::new(self.state.clone(), id))
    }

    /// How long it takes to find each device when a bus is listed.
    pub fn set_search_latency(&self, latency: Duration) {
        self.lock().search_latency = latency;
    }

    /// Stops its clock at a time since the start. Values stay as they are then, until the clock is moved again, and
    /// what takes time takes it on this clock.
    pub fn set_time(&self, since_start: Duration) {
        self.lock().set_time(since_start);
    }

    /// The time since the start.
    #[must_use]
    pub fn time(&self) -> Duration {
        self.lock().time()
    }

    /// How many requests were given up by their clients while a device was at work for them.
    #[must_use]
    pub fn cancelled(&self) -> u64 {
        self.lock().cancelled
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The [default spec](Spec::default).
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
