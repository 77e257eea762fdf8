use std::collections::HashMap;
use std::task::{Context, Poll};
use std::time::Duration;

use owproto_core::ReturnCode;
use owproto_core::text::{ChangeRate, Date, RomId, Value, ValueType};
use owproto_core::tree::{Element, Operation, Property};

use super::clock::Clock;
use super::device_state::DeviceState;
use super::generate::mix;
use super::operations::{Moment, Operations, Outcome};
use super::stored::{Found, Stored};
use super::values::tester;

/// The state of a simulator: its devices, their buses and its clock.
pub(super) struct State {
    pub(super) is_tester: bool,
    seed: u64,
    pub(super) clock: Clock,
    /// The date at the start, in seconds since 1970.
    start_date: i64,
    devices: Vec<DeviceState>,
    /// Indices in `devices`.
    by_id: HashMap<RomId, usize>,
    /// The devices of each bus, as indices in `devices`.
    buses: Vec<Vec<usize>>,
    /// The devices of each bus that were present at the last scan.
    present: Vec<Vec<usize>>,
    scanned_at: Duration,
    /// The families of each bus in the order of its devices; the values of the tester follow from them.
    families: Vec<Vec<u8>>,
    pub(super) search_latency: Duration,
    /// Devices that are being searched for, by bus and number, and when they will be found.
    searches: HashMap<(u16, usize), Duration>,
    pub(super) operations: Operations,
    /// Until when conversions that were started for all devices can be read: temperature, voltage.
    pub(super) converted_until: [Option<Duration>; 2],
}

/// The minimum time between two scans. A listing that takes several calls shows one scan.
const SCAN_INTERVAL: Duration = Duration::from_millis(20);

impl State {
    pub(super) fn new(is_tester: bool, seed: u64, start_date: i64, buses: usize) -> Self {
        Self {
            is_tester,
            seed,
            clock: Clock::new(),
            start_date,
            devices: Vec::new(),
            by_id: HashMap::new(),
            buses: vec![Vec::new(); buses],
            present: vec![Vec::new(); buses],
            scanned_at: Duration::ZERO,
            families: vec![Vec::new(); buses],
            search_latency: Duration::ZERO,
            searches: HashMap::new(),
            operations: Operations::default(),
            converted_until: [None; 2],
        }
    }

    /// Adds a device with a generated address that is not in `reserved`. `None` if the bus does not exist or is full.
    pub(super) fn add_family(&mut self, bus: u16, family: u8, reserved: &[RomId]) -> Option<RomId> {
        let number = u16::try_from(self.families.get(usize::from(bus))?.len()).ok()?;
        let id = if self.is_tester {
            let [bus_low, bus_high] = bus.to_le_bytes();
            let [low, high] = number.to_le_bytes();
            RomId::new(family, [bus_low, bus_high, family, !family, low, high])
        } else {
            let position = u64::from(bus) << 32 | u64::from(number);
            let mut key = mix(mix(self.seed, position), family.into());
            loop {
                let [a, b, c, d, e, f, _, _] = key.to_le_bytes();
                let id = RomId::new(family, [a, b, c, d, e, f]);
                if !self.by_id.contains_key(&id) && !reserved.contains(&id) {
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
        let index = self.devices.len();
        self.devices.push(DeviceState::new(id, bus, self.seed, self.start_date));
        self.by_id.insert(id, index);
        if let Some(bus) = self.buses.get_mut(usize::from(bus)) {
            bus.push(index);
        }
        if let Some(families) = self.families.get_mut(usize::from(bus)) {
            families.push(id.family());
        }
    }

    pub(super) fn remove(&mut self, id: RomId) {
        if let Some(removed) = self.by_id.remove(&id) {
            self.buses.iter_mut().for_each(|bus| bus.retain(|index| *index != removed));
            self.scan();
        }
    }

    pub(super) fn device(&self, id: RomId) -> Option<&DeviceState> {
        self.devices.get(*self.by_id.get(&id)?)
    }

    pub(super) fn device_mut(&mut self, id: RomId) -> Option<&mut DeviceState> {
        self.devices.get_mut(*self.by_id.get(&id)?)
    }

    /// All devices, present or not, bus by bus.
    pub(super) fn devices(&self) -> impl Iterator<Item = &DeviceState> {
        self.buses.iter().flatten().filter_map(|index| self.devices.get(*index))
    }

    pub(super) fn buses(&self) -> u16 {
        u16::try_from(self.buses.len()).unwrap_or(u16::MAX)
    }

    /// The device with this address, if it is present.
    pub(super) fn present(&self, id: RomId) -> Option<&DeviceState> {
        let now = self.clock.now();
        self.device(id).filter(|device| device.presence.is_present(now))
    }

    /// Updates the lists of present devices.
    pub(super) fn scan(&mut self) {
        let now = self.clock.now();
        self.scanned_at = now;
        for (bus, present) in self.buses.iter().zip(&mut self.present) {
            present.clear();
            let is_present = |index: &&usize| {
                self.devices.get(**index).is_some_and(|device| device.presence.is_present(now))
            };
            present.extend(bus.iter().filter(is_present));
        }
    }

    /// The `n`th present device of a bus.
    pub(super) fn nth(&mut self, bus: u16, n: usize, context: &mut Context<'_>) -> Poll<Option<RomId>> {
        let now = self.clock.now();
        if n == 0 && now >= self.scanned_at + SCAN_INTERVAL {
            self.scan();
        }
        let found = self.present.get(usize::from(bus)).and_then(|present| present.get(n));
        let Some(device) = found.and_then(|index| self.devices.get(*index)) else {
            return Poll::Ready(None);
        };
        let id = device.id;
        if !self.search_latency.is_zero() {
            let found_at = *self.searches.entry((bus, n)).or_insert(now + self.search_latency);
            if now < found_at {
                self.clock.wake_at(found_at, context.waker());
                return Poll::Pending;
            }
            self.searches.remove(&(bus, n));
        }
        Poll::Ready(Some(id))
    }

    /// Starts or continues a request to a device: waits for its latency, then returns the moment to which the values belong,
    /// or the error of a fault.
    pub(super) fn advance(
        &mut self,
        operation: Operation,
        id: RomId,
        element: Element<'_>,
        context: &mut Context<'_>,
    ) -> Poll<Result<Moment, ReturnCode>> {
        let now = self.clock.now();
        // A single element of a device without faults: nothing has to be remembered.
        if element == Element::Only
            && let Some(device) = self.device_mut(id)
            && device.is_faultless()
        {
            device.requests += 1;
            return Poll::Ready(Ok(Moment { at: now, is_power_on: false }));
        }
        let outcome = match self.operations.get(operation) {
            Some(outcome) => outcome,
            None => {
                let Some(device) = self.device_mut(id).filter(|device| device.presence.is_present(now))
                else {
                    return Poll::Ready(Err(ReturnCode::NO_SUCH_ENTITY));
                };
                device.requests += 1;
                let (n, key) = (device.requests, device.key);
                let ready_at = now + device.latency;
                let is_power_on = device.power_on.affects(n, mix(key, 85));
                let fails = device.errors.affects(n, mix(key, 5));
                let outcome = Outcome { ready_at, moment: Moment { at: ready_at, is_power_on }, fails };
                self.operations.insert(operation, outcome, now);
                outcome
            }
        };
        if now < outcome.ready_at {
            self.clock.wake_at(outcome.ready_at, context.waker());
            return Poll::Pending;
        }
        // The device may have become absent since.
        let Some(device) = self.device(id).filter(|device| device.presence.is_present(now)) else {
            return Poll::Ready(Err(ReturnCode::NO_SUCH_ENTITY));
        };
        Poll::Ready(if outcome.fails { Err(device.error_code) } else { Ok(outcome.moment) })
    }

    /// Gives up a request.
    pub(super) fn cancel(&mut self, operation: Operation) {
        self.operations.cancel(operation, self.clock.now());
    }

    /// Stops the clock at a time, and wakes the requests that are ready then.
    pub(super) fn set_time(&mut self, at: Duration) {
        self.clock.stop_at(at);
        self.scan();
        self.clock.wake_due();
    }

    /// The date now, on a clock that no client has set.
    pub(super) fn date(&self) -> Option<Date> {
        Date::from_unix_seconds(self.start_date.saturating_add_unsigned(self.clock.now().as_secs()))
    }

    /// Reads the value of an element for a request.
    pub(super) fn read<'a>(
        &self,
        device: &DeviceState,
        property: &'static Property,
        element: Element<'_>,
        offset: usize,
        moment: Moment,
        scratch: &'a mut [u8],
    ) -> Result<Value<'a>, ReturnCode> {
        let is_measured =
            property.value_type == ValueType::Temperature && property.change == ChangeRate::Volatile;
        let found = match device.fixed_value(property, element) {
            None if !self.is_tester => device.value(property, element, moment),
            None if moment.is_power_on && is_measured && element != Element::Byte => {
                Some(Found::Value(Stored::Float(85.0)))
            }
            None => return tester::value(&self.families, device, property, element, offset, scratch),
            fixed => fixed,
        };
        found.and_then(|found| found.copy_to(offset, scratch)).ok_or(ReturnCode::IO)
    }

    /// The value of an element now, without latency and faults.
    pub(super) fn value_now(
        &self,
        device: &DeviceState,
        property: &'static Property,
        element: Element<'_>,
    ) -> Option<Stored> {
        if let Some(fixed) = device.fixed_value(property, element) {
            return Some(fixed.into_stored());
        }
        if self.is_tester {
            let mut scratch = vec![0; property.len.max(1) as usize];
            let value = tester::value(&self.families, device, property, element, 0, &mut scratch);
            return value.ok().map(Stored::new);
        }
        let moment = Moment { at: self.clock.now(), is_power_on: false };
        device.value(property, element, moment).map(Found::into_stored)
    }
}
