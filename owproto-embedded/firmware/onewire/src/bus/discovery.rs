use owproto_core::ReturnCode;
use owproto_core::text::RomId;

use super::device::Device;
use super::job::{Job, Progress};
use super::timers::{CLAIM, SEARCH_AGAIN, Time, keep};
use super::{Alarms, OneWire, TRIES, Work};
use crate::bus::search::{Found, Participants, Search};
use crate::master::Fault;
use crate::master::wire::Wire;

/// What a search is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Purpose {
    /// Makes the list of devices anew.
    List,
    /// Finds those in alarm.
    Alarms,
    /// A device that is not in the list, for [`Probe`].
    Probe(RomId),
    /// A device, for an operation that waits.
    Verify(RomId),
}

/// A device that is not in the list, and that somebody has asked for. There is room for one; others wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probe {
    pub(super) device: RomId,
    /// What came of it. It is kept for those who asked ([`Time::Probe`]).
    pub(super) outcome: Option<Result<(), ReturnCode>>,
    /// Whether somebody had the answer.
    pub(super) is_delivered: bool,
}

impl Probe {
    pub(super) const fn new(device: RomId) -> Self {
        Self { device, outcome: None, is_delivered: false }
    }
}

impl<W: Wire, const DEVICES: usize, const WAITING: usize> OneWire<W, DEVICES, WAITING> {
    pub(super) fn begin_search(&mut self, purpose: Purpose) {
        let search = match purpose {
            Purpose::List => {
                self.counters.unlisted = 0;
                for device in self.devices.iter_mut().flatten() {
                    device.is_seen = false;
                }
                Search::new(Participants::All)
            }
            Purpose::Alarms => {
                for device in self.devices.iter_mut().flatten() {
                    device.is_in_alarm = false;
                }
                Search::new(Participants::InAlarm)
            }
            Purpose::Probe(device) | Purpose::Verify(device) => Search::verification(device),
        };
        self.work = Work::Search(search, purpose);
    }

    /// Takes what a step of the search under way has found.
    pub(super) fn take_found(&mut self, found: Result<Found, Fault>, purpose: Purpose) {
        match found {
            Ok(Found::Nothing) => {}
            Ok(Found::Device(id)) => match purpose {
                Purpose::List => {
                    if self.insert(id).is_err() {
                        self.counters.unlisted = self.counters.unlisted.wrapping_add(1);
                    }
                }
                Purpose::Alarms => {
                    if let Some(device) = self.listed_mut(id) {
                        device.is_in_alarm = true;
                    }
                }
                Purpose::Probe(_) | Purpose::Verify(_) => {
                    let result = self.insert(id);
                    self.end_search(purpose, result);
                }
            },
            Ok(Found::End) => self.end_of_devices(purpose),
            Err(fault) => {
                self.counters.faults = self.counters.faults.wrapping_add(1);
                self.tries = self.tries.saturating_add(1);
                if self.tries < TRIES {
                    self.begin_search(purpose);
                } else {
                    self.end_search(purpose, Err(search_code(fault)));
                }
            }
        }
    }

    /// There are no more. A device that was not found is looked for twice: a disturbed bit hides it as well.
    fn end_of_devices(&mut self, purpose: Purpose) {
        let is_missing = match purpose {
            Purpose::List => self.devices.iter().flatten().any(|device| !device.is_seen),
            Purpose::Alarms => false,
            Purpose::Probe(_) | Purpose::Verify(_) => true,
        };
        if is_missing && self.tries == 0 {
            self.tries = 1;
            match purpose {
                // What was seen stays so.
                Purpose::List => {
                    self.counters.unlisted = 0;
                    self.work = Work::Search(Search::new(Participants::All), purpose);
                }
                _ => self.begin_search(purpose),
            }
            return;
        }
        if let Purpose::Verify(id) = purpose {
            self.remove(id);
        }
        self.end_search(purpose, Ok(()));
    }

    /// Puts a device that was found into the list.
    fn insert(&mut self, id: RomId) -> Result<(), ReturnCode> {
        if let Some(device) = self.listed_mut(id) {
            device.is_seen = true;
            return Ok(());
        }
        let free = self.devices.iter_mut().find(|place| place.is_none()).ok_or(ReturnCode::NO_BUFFERS)?;
        *free = Some(Device::new(id));
        Ok(())
    }

    /// Takes a device from the list. Those who wait for it wait in vain.
    fn remove(&mut self, id: RomId) {
        for place in &mut self.devices {
            if place.as_ref().is_some_and(|device| device.id == id) {
                *place = None;
            }
        }
        for waiting in self.waiting.iter_mut().flatten() {
            let is_open = !matches!(waiting.progress, Progress::Done(_)) && waiting.job != Job::Verify;
            if is_open && waiting.device == Some(id) {
                waiting.progress = Progress::Done(Err(ReturnCode::NO_SUCH_ENTITY));
                self.is_settled = true;
            }
        }
    }

    fn end_search(&mut self, purpose: Purpose, result: Result<(), ReturnCode>) {
        self.work = Work::Nothing;
        self.counters.searches = self.counters.searches.wrapping_add(1);
        match purpose {
            Purpose::List => {
                let mut is_removed = false;
                while result.is_ok()
                    && let Some(gone) = self.devices.iter().flatten().find(|device| !device.is_seen)
                {
                    self.remove(gone.id);
                    is_removed = true;
                }
                if is_removed && self.counters.unlisted > 0 {
                    // Those that had no place may have one now.
                    self.tries = 0;
                    return self.begin_search(purpose);
                }
                let pause = if result.is_ok() { keep::DIRECTORY } else { SEARCH_AGAIN };
                self.times.set(Time::List, pause);
                self.is_settled |= self.list != Some(result);
                self.list = Some(result);
                let begun = |waiting: &super::Waiting| {
                    waiting.job == Job::Search && waiting.progress == Progress::Begun
                };
                if self.waiting.iter().flatten().any(begun) {
                    // It was wanted anew: who is in alarm as well.
                    self.alarms = Alarms::Unknown;
                    self.times.set(Time::Alarms, 0);
                    self.settle(None, Job::Search, result);
                }
            }
            Purpose::Alarms => {
                let time = if result.is_ok() { keep::VOLATILE } else { CLAIM };
                self.alarms = Alarms::Known(result);
                self.times.set(Time::Alarms, time);
                self.is_settled = true;
            }
            Purpose::Probe(_) => {
                if let Some(probe) = &mut self.probe {
                    probe.outcome = Some(result);
                }
                self.times.set(Time::Probe, CLAIM);
                self.is_settled = true;
            }
            Purpose::Verify(id) => self.settle(Some(id), Job::Verify, result),
        }
    }
}

/// A search speaks to no device in particular: that all fell silent is trouble on the wire.
const fn search_code(fault: Fault) -> ReturnCode {
    match fault {
        Fault::NoPresence | Fault::NoAnswer => ReturnCode::IO,
        _ => fault.return_code(),
    }
}
