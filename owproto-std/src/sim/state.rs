use std::collections::{HashMap, VecDeque};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use owproto_core::ReturnCode;
use owproto_core::text::{Date, RomId};
use owproto_core::tree::{Family, Operation, families};

use super::curve::mix;
use super::device::{Alarm, Occurrence, Presence};
use super::sleepers::Sleepers;
use super::values::{Stored, memory_len};

/// All that a simulator knows.
pub(super) struct State {
    pub(super) is_tester: bool,
    pub(super) seed: u64,
    clock: Clock,
    /// The date at the start, in seconds since 1970.
    pub(super) epoch: i64,
    devices: Vec<Simulated>,
    by_id: HashMap<RomId, usize>,
    /// The devices of each bus.
    buses: Vec<Vec<usize>>,
    /// Those that are there, as it was when the bus was last looked at.
    present: Vec<Vec<usize>>,
    looked_at: Duration,
    /// The families of each bus, by the number of the device on it: the rule of the tester.
    pub(super) families: Vec<Vec<u8>>,
    pub(super) search_latency: Duration,
    /// Devices that are being searched for, and when they will be found.
    searches: HashMap<(u16, usize), Duration>,
    work: HashMap<Operation, Work>,
    /// The keys of `work`, oldest first.
    order: VecDeque<Operation>,
    pub(super) cancelled: u64,
    /// Until when conversions that were started for all devices can be read: temperature, voltage.
    pub(super) converted_until: [Option<Duration>; 2],
    sleepers: Sleepers,
    /// Who waits for a clock that stands still.
    waiting: Vec<(Duration, Waker)>,
}

#[derive(Clone, Copy)]
enum Clock {
    Running { since: Instant },
    Stopped { at: Duration },
}

/// A device.
pub(super) struct Simulated {
    pub(super) id: RomId,
    pub(super) bus: u16,
    pub(super) family: &'static Family,
    /// What its values follow from.
    pub(super) key: u64,
    pub(super) latency: Duration,
    pub(super) errors: Occurrence,
    pub(super) error_code: ReturnCode,
    pub(super) power_on: Occurrence,
    pub(super) presence: Presence,
    pub(super) alarm: Alarm,
    pub(super) requests: u64,
    /// What clients have written.
    pub(super) written: HashMap<(&'static str, u32), Stored>,
    /// What it was told to be.
    pub(super) fixed: HashMap<(&'static str, u32), Stored>,
    pub(super) memory: Vec<u8>,
    /// How far its clock was set.
    pub(super) clock_offset: i64,
    /// When its latches were last cleared.
    pub(super) latches_cleared: Duration,
}

/// What one request does to a device.
#[derive(Clone, Copy)]
struct Work {
    until: Duration,
    moment: Moment,
    fails: bool,
}

/// A moment in the life of a device, as one request sees it.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    pub(super) at: Duration,
    /// Whether temperatures are what they are before a first conversion.
    pub(super) is_power_on: bool,
}

/// How much work is remembered at least: what is done may be asked for again, because its answer did not fit.
const REMEMBERED: usize = 1024;

/// Between two looks at which devices are there. A listing that is made in one go, in whatever passes, sees the same
/// ones.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

impl State {
    pub(super) fn new(is_tester: bool, seed: u64, epoch: i64, buses: usize) -> Self {
        Self {
            is_tester,
            seed,
            clock: Clock::Running { since: Instant::now() },
            epoch,
            devices: Vec::new(),
            by_id: HashMap::new(),
            buses: vec![Vec::new(); buses],
            present: vec![Vec::new(); buses],
            looked_at: Duration::ZERO,
            families: vec![Vec::new(); buses],
            search_latency: Duration::ZERO,
            searches: HashMap::new(),
            work: HashMap::new(),
            order: VecDeque::new(),
            cancelled: 0,
            converted_until: [None; 2],
            sleepers: Sleepers::default(),
            waiting: Vec::new(),
        }
    }

    /// Adds a device with an address that is made up, and is none of those that are taken. `None` if the bus is not
    /// there or full.
    pub(super) fn add_family(&mut self, bus: u16, family: u8, taken: &[RomId]) -> Option<RomId> {
        let number = u16::try_from(self.families.get(usize::from(bus))?.len()).ok()?;
        let id = if self.is_tester {
            let [bus_low, bus_high] = bus.to_le_bytes();
            let [low, high] = number.to_le_bytes();
            RomId::new(family, [bus_low, bus_high, family, !family, low, high])
        } else {
            let place = u64::from(bus) << 32 | u64::from(number);
            let mut key = mix(mix(self.seed, place), family.into());
            loop {
                let [a, b, c, d, e, f, _, _] = key.to_le_bytes();
                let id = RomId::new(family, [a, b, c, d, e, f]);
                if !self.by_id.contains_key(&id) && !taken.contains(&id) {
                    break id;
                }
                key = mix(key, 1);
            }
        };
        self.add(bus, id);
        Some(id)
    }

    /// Adds a device.
    pub(super) fn add(&mut self, bus: u16, id: RomId) {
        let at = self.devices.len();
        let family = families::family(families::ALL, id.family());
        let key = id.to_bytes().iter().fold(self.seed, |key, byte| mix(key, (*byte).into()));
        self.devices.push(Simulated {
            id,
            bus,
            family,
            key,
            latency: Duration::ZERO,
            errors: Occurrence::Never,
            error_code: ReturnCode::IO,
            power_on: Occurrence::Never,
            presence: Presence::Present,
            alarm: Alarm::ByValue,
            requests: 0,
            written: HashMap::new(),
            fixed: HashMap::new(),
            memory: Simulated::fresh_memory(mix(key, 23), memory_len(family)),
            clock_offset: 0,
            latches_cleared: Duration::ZERO,
        });
        self.by_id.insert(id, at);
        if let Some(bus) = self.buses.get_mut(usize::from(bus)) {
            bus.push(at);
        }
        if let Some(families) = self.families.get_mut(usize::from(bus)) {
            families.push(id.family());
        }
    }

    pub(super) fn remove(&mut self, id: RomId) {
        if let Some(gone) = self.by_id.remove(&id) {
            self.buses.iter_mut().for_each(|bus| bus.retain(|at| *at != gone));
            self.look_around();
        }
    }

    pub(super) fn device(&self, id: RomId) -> Option<&Simulated> {
        self.devices.get(*self.by_id.get(&id)?)
    }

    pub(super) fn device_mut(&mut self, id: RomId) -> Option<&mut Simulated> {
        self.devices.get_mut(*self.by_id.get(&id)?)
    }

    /// All devices, present or not, in the order of the buses.
    pub(super) fn devices(&self) -> impl Iterator<Item = &Simulated> {
        self.buses.iter().flatten().filter_map(|at| self.devices.get(*at))
    }

    pub(super) fn buses(&self) -> u16 {
        u16::try_from(self.buses.len()).unwrap_or(u16::MAX)
    }

    /// The device with this address, if it is there.
    pub(super) fn present(&self, id: RomId) -> Option<&Simulated> {
        let at = self.time();
        self.device(id).filter(|device| device.presence.is_there(at))
    }

    /// Sees which devices are there at this moment.
    pub(super) fn look_around(&mut self) {
        let now = self.time();
        self.looked_at = now;
        for (bus, present) in self.buses.iter().zip(&mut self.present) {
            present.clear();
            let is_there =
                |at: &&usize| self.devices.get(**at).is_some_and(|device| device.presence.is_there(now));
            present.extend(bus.iter().filter(is_there));
        }
    }

    /// The `n`th device that is there.
    pub(super) fn nth(&mut self, bus: u16, n: usize, context: &mut Context<'_>) -> Poll<Option<RomId>> {
        let now = self.time();
        if n == 0 && now >= self.looked_at + LOOK_INTERVAL {
            self.look_around();
        }
        let found = self.present.get(usize::from(bus)).and_then(|present| present.get(n));
        let Some(device) = found.and_then(|at| self.devices.get(*at)) else {
            return Poll::Ready(None);
        };
        let id = device.id;
        if !self.search_latency.is_zero() {
            let found_at = *self.searches.entry((bus, n)).or_insert(now + self.search_latency);
            if now < found_at {
                self.wake_at(found_at, context.waker());
                return Poll::Pending;
            }
            self.searches.remove(&(bus, n));
        }
        Poll::Ready(Some(id))
    }

    /// Begins or continues what a request does to a device: waits as long as it takes, and says whether it fails.
    pub(super) fn advance(
        &mut self,
        operation: Operation,
        id: RomId,
        context: &mut Context<'_>,
    ) -> Poll<Result<Moment, ReturnCode>> {
        let now = self.time();
        let work = match self.work.get(&operation) {
            Some(work) => *work,
            None => {
                let Some(device) = self.device_mut(id).filter(|device| device.presence.is_there(now)) else {
                    return Poll::Ready(Err(ReturnCode::NO_SUCH_ENTITY));
                };
                device.requests += 1;
                let (n, key) = (device.requests, device.key);
                let until = now + device.latency;
                let is_power_on = device.power_on.happens(n, mix(key, 85));
                let fails = device.errors.happens(n, mix(key, 5));
                let work = Work { until, moment: Moment { at: until, is_power_on }, fails };
                self.remember(operation, work, now);
                work
            }
        };
        if now < work.until {
            self.wake_at(work.until, context.waker());
            return Poll::Pending;
        }
        // It may have gone meanwhile.
        let Some(device) = self.device(id).filter(|device| device.presence.is_there(now)) else {
            return Poll::Ready(Err(ReturnCode::NO_SUCH_ENTITY));
        };
        Poll::Ready(if work.fails { Err(device.error_code) } else { Ok(work.moment) })
    }

    fn remember(&mut self, operation: Operation, work: Work, now: Duration) {
        self.work.insert(operation, work);
        self.order.push_back(operation);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            match self.work.get(&oldest) {
                Some(work) if work.until > now => self.order.push_back(oldest),
                _ => drop(self.work.remove(&oldest)),
            }
        }
    }

    /// Gives up what a request had begun.
    pub(super) fn cancel(&mut self, operation: Operation) {
        let now = self.time();
        if let Some(work) = self.work.remove(&operation)
            && work.until > now
        {
            self.cancelled += 1;
        }
    }

    /// The time since the start.
    pub(super) fn time(&self) -> Duration {
        match self.clock {
            Clock::Running { since } => since.elapsed(),
            Clock::Stopped { at } => at,
        }
    }

    /// Stops the clock at a moment; what was waiting for that moment goes on.
    pub(super) fn set_time(&mut self, at: Duration) {
        self.clock = Clock::Stopped { at };
        self.look_around();
        let (due, waiting) =
            std::mem::take(&mut self.waiting).into_iter().partition(|(until, _)| *until <= at);
        self.waiting = waiting;
        for (_, waker) in due {
            waker.wake();
        }
    }

    /// The date at a moment, on a clock that nobody has set.
    pub(super) fn date(&self, at: Duration) -> Option<Date> {
        Date::from_unix_seconds(self.epoch.saturating_add_unsigned(at.as_secs()))
    }

    fn wake_at(&mut self, at: Duration, waker: &Waker) {
        match self.clock {
            Clock::Running { since } => self.sleepers.wake_at(since + at, waker),
            Clock::Stopped { .. } => self.waiting.push((at, waker.clone())),
        }
    }
}
