//! What the bus does next.

use owproto_core::ReturnCode;
use owproto_core::time::{Duration, Instant};

use super::device::{self, CacheEntry, Device};
use super::one_wire_bus::{OneWireBus, Step};
use super::state::{Activity, Alarms, Probe, SearchPurpose, SimultaneousConversion};
use super::task::{Phase, RunningTask, Task};
use super::timers::{Timer, Timers, UNCLAIMED_RESULT, lifetime};
use super::waiter::{TaskProgress, Waiter};
use crate::master::wire::{PullUp, Wire};

impl<W: Wire, const DEVICES: usize, const WAITERS: usize> OneWireBus<W, DEVICES, WAITERS> {
    /// Works on the wire for about 1 ms at most.
    // Neither this nor `wake_at` is inlined into the caller: flash is scarce, and there are not enough registers for both.
    #[inline(never)]
    pub fn step(&mut self, now: Instant) -> Step {
        self.advance_time(now);
        if matches!(self.activity, Activity::Idle) {
            self.start_next();
        }
        let worked = match &mut self.activity {
            Activity::Idle => Step::Idle,
            Activity::Search(search, purpose) => {
                let (found, purpose) = (search.step(&mut self.master), *purpose);
                self.handle_found(found, purpose);
                Step::Worked
            }
            Activity::Task(running) => {
                match running.transaction.step(&mut self.master) {
                    Ok(false) => {}
                    result => self.end_transaction(result.map(drop)),
                }
                Step::Worked
            }
        };
        if core::mem::take(&mut self.is_ready) { Step::Ready } else { worked }
    }

    /// When [`step`](Self::step) has work if no request arrives before. Immediately, if this is not later than the last
    /// step.
    #[must_use]
    #[inline(never)]
    pub fn wake_at(&self) -> Instant {
        if self.is_ready || !matches!(self.activity, Activity::Idle) {
            return self.now;
        }
        let can_convert_all =
            self.simultaneous == SimultaneousConversion::Requested && self.all_devices_are_free();
        let has_open_probe = self.probe.as_ref().is_some_and(|probe| probe.outcome.is_none());
        let mut left = if can_convert_all || has_open_probe || self.alarms == Alarms::Requested {
            0
        } else {
            // Expired results have to be dropped in time, because some requests do not pass the current time.
            self.timers.next_expiry()
        };
        for device in self.devices.iter().flatten() {
            // A simultaneous conversion waits for the devices that are busy.
            let is_awaited = self.simultaneous == SimultaneousConversion::Requested && device.busy_micros > 0;
            if device.converting.is_some() || is_awaited {
                left = left.min(device.busy_micros);
            }
        }
        let is_queued = |waiter: &&Waiter| waiter.progress == TaskProgress::Queued;
        for waiter in self.waiters.iter().flatten().filter(is_queued) {
            if is_held_back(waiter.task, self.simultaneous) {
                continue;
            }
            left = left.min(match waiter.device.and_then(|id| self.find_device(id)) {
                Some(device) if waiter.task != Task::Verify => device.busy_micros,
                _ => 0,
            });
        }
        // While the line powers a device, nothing else can be done.
        let left = left.max(self.timers.micros_left(Timer::PowerDelivery));
        self.now.saturating_add(Duration::from_micros(left.into()))
    }

    /// Sets the current time, and drops what has expired.
    #[inline(never)]
    pub(super) fn advance_time(&mut self, now: Instant) {
        let passed = u32::try_from(now.saturating_since(self.now).as_micros()).unwrap_or(u32::MAX);
        if passed == 0 {
            return;
        }
        self.now = now;
        count_down(&mut self.timers, &mut self.devices, passed);
        if self.timers.has_expired(Timer::Simultaneous) {
            match self.simultaneous {
                SimultaneousConversion::Running => self.end_simultaneous(Ok(())),
                SimultaneousConversion::Done(_) => self.simultaneous = SimultaneousConversion::Idle,
                _ => {}
            }
        }
        if self.timers.has_expired(Timer::Probe)
            && self.probe.as_ref().is_some_and(|probe| probe.outcome.is_some())
        {
            self.probe = None;
            // Even if no request has received this result, others may wait for their probe.
            self.notify_rejected();
        }
        if self.timers.has_expired(Timer::Alarms) && matches!(self.alarms, Alarms::Known(_)) {
            self.alarms = Alarms::Unknown;
        }
    }

    /// Starts the next activity, if the wire is free.
    fn start_next(&mut self) {
        if !self.timers.has_expired(Timer::PowerDelivery) {
            return;
        }
        if core::mem::take(&mut self.is_powering) {
            // If the pin fails here, it fails again in the next activity.
            let _ = self.master.pull_up(PullUp::Weak);
        }
        self.attempts = 0;
        self.choose();
    }

    /// Chooses and starts an activity, now that the wire is free.
    fn choose(&mut self) {
        let has_converted = |device: &&mut Device| device.converting.is_some() && device.busy_micros == 0;
        if let Some(device) = self.devices.iter_mut().flatten().find(has_converted)
            && let Some(resolution) = device.converting.take()
        {
            self.attempts = device.attempts;
            let task = Task::Temperature(resolution);
            self.activity = Activity::Task(RunningTask::new(Some(device), task, Phase::ReadResult));
            return;
        }
        let waits_for_list =
            |waiter: &&mut Waiter| waiter.task == Task::Search && waiter.progress == TaskProgress::Queued;
        let mut is_list_needed = self.timers.has_expired(Timer::List);
        for waiter in self.waiters.iter_mut().flatten().filter(waits_for_list) {
            waiter.progress = TaskProgress::Started;
            is_list_needed = true;
        }
        if is_list_needed {
            return self.begin_search(SearchPurpose::List);
        }
        if self.alarms == Alarms::Requested {
            return self.begin_search(SearchPurpose::Alarms);
        }
        if let Some(Probe { device, outcome: None, .. }) = self.probe {
            return self.begin_search(SearchPurpose::Probe(device));
        }
        if self.simultaneous == SimultaneousConversion::Requested && self.all_devices_are_free() {
            self.activity = Activity::Task(RunningTask::new(None, Task::ConvertAll, Phase::ReadPowerOfAll));
            return;
        }
        for n in 0..WAITERS {
            let index = self.next_waiter.wrapping_add(n).checked_rem(WAITERS).unwrap_or_default();
            let Some(waiter) = self.waiters.get_mut(index).and_then(Option::as_mut) else { continue };
            let Waiter { device: Some(id), task, progress: TaskProgress::Queued, .. } = *waiter else {
                continue;
            };
            if task == Task::Verify {
                waiter.progress = TaskProgress::Started;
                self.next_waiter = index.wrapping_add(1);
                return self.begin_search(SearchPurpose::Verify(id));
            }
            if is_held_back(task, self.simultaneous) {
                continue;
            }
            let Some(device) = device::find(&self.devices, id) else {
                waiter.progress = TaskProgress::Done(Err(ReturnCode::NO_SUCH_ENTITY));
                self.is_ready = true;
                continue;
            };
            if !device.is_free() {
                continue;
            }
            waiter.progress = TaskProgress::Started;
            self.next_waiter = index.wrapping_add(1);
            let phase = task.first_phase(device.has(CacheEntry::Power));
            self.activity = Activity::Task(RunningTask::new(Some(device), task, phase));
            return;
        }
    }

    fn all_devices_are_free(&self) -> bool {
        self.devices.iter().flatten().all(Device::is_free)
    }

    /// Ends the simultaneous conversion.
    pub(super) fn end_simultaneous(&mut self, result: Result<(), ReturnCode>) {
        self.simultaneous = SimultaneousConversion::Done(result);
        self.timers.start(Timer::Simultaneous, UNCLAIMED_RESULT);
        self.is_ready = true;
        if result.is_ok() {
            self.timers.start(Timer::Converted, lifetime::VOLATILE);
            for device in self.devices.iter_mut().flatten() {
                device.invalidate_temperatures();
            }
        }
    }
}

/// Whether a task has to wait for the simultaneous conversion, which otherwise might never find all devices free.
fn is_held_back(task: Task, simultaneous: SimultaneousConversion) -> bool {
    matches!(task, Task::Temperature(_)) && simultaneous == SimultaneousConversion::Requested
}

/// Lets time pass for the timers and the devices.
// Not inlined, and not generic over the number of devices, because flash is scarce.
#[inline(never)]
fn count_down(timers: &mut Timers, devices: &mut [Option<Device>], passed: u32) {
    timers.count_down(passed);
    for device in devices.iter_mut().flatten() {
        device.count_down(passed);
    }
}
