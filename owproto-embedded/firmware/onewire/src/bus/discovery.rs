//! Searches, and the list of devices.

use owproto_core::ReturnCode;
use owproto_core::text::RomId;

use super::device::Device;
use super::execution::MAX_ATTEMPTS;
use super::one_wire_bus::OneWireBus;
use super::search::{Found, Participants, Search};
use super::state::{Activity, Alarms, SearchPurpose};
use super::task::Task;
use super::timers::{SEARCH_RETRY, Timer, UNCLAIMED_RESULT, lifetime};
use super::waiter::{TaskProgress, Waiter};
use crate::master::fault::Fault;
use crate::master::wire::Wire;

impl<W: Wire, const DEVICES: usize, const WAITERS: usize> OneWireBus<W, DEVICES, WAITERS> {
    /// Starts a search.
    pub(super) fn begin_search(&mut self, purpose: SearchPurpose) {
        let search = match purpose {
            SearchPurpose::List => {
                self.counters.unlisted = 0;
                for device in self.devices.iter_mut().flatten() {
                    device.was_found = false;
                }
                Search::new(Participants::All)
            }
            SearchPurpose::Alarms => {
                for device in self.devices.iter_mut().flatten() {
                    device.is_in_alarm = false;
                }
                Search::new(Participants::InAlarm)
            }
            SearchPurpose::Probe(device) | SearchPurpose::Verify(device) => Search::verification(device),
        };
        self.activity = Activity::Search(search, purpose);
    }

    /// Handles the result of a step of the current search.
    pub(super) fn handle_found(&mut self, found: Result<Found, Fault>, purpose: SearchPurpose) {
        match found {
            Ok(Found::Nothing) => {}
            Ok(Found::Device(id)) => match purpose {
                SearchPurpose::List => {
                    if self.insert(id).is_err() {
                        self.counters.unlisted = self.counters.unlisted.wrapping_add(1);
                    }
                }
                SearchPurpose::Alarms => {
                    if let Some(device) = self.find_device_mut(id) {
                        device.is_in_alarm = true;
                    }
                }
                SearchPurpose::Probe(_) | SearchPurpose::Verify(_) => {
                    let result = self.insert(id);
                    self.end_search(purpose, result);
                }
            },
            Ok(Found::End) => self.end_of_devices(purpose),
            Err(fault) => {
                self.counters.faults = self.counters.faults.wrapping_add(1);
                self.attempts = self.attempts.saturating_add(1);
                if self.attempts < MAX_ATTEMPTS {
                    self.begin_search(purpose);
                } else {
                    self.end_search(purpose, Err(search_code(fault)));
                }
            }
        }
    }

    /// Handles the end of the devices. If one is missing, searches a second time, because a disturbed bit also hides a
    /// device.
    fn end_of_devices(&mut self, purpose: SearchPurpose) {
        let is_missing = match purpose {
            SearchPurpose::List => self.devices.iter().flatten().any(|device| !device.was_found),
            SearchPurpose::Alarms => false,
            SearchPurpose::Probe(_) | SearchPurpose::Verify(_) => true,
        };
        if is_missing && self.attempts == 0 {
            self.attempts = 1;
            match purpose {
                // Devices that were found need not be found again.
                SearchPurpose::List => {
                    self.counters.unlisted = 0;
                    self.activity = Activity::Search(Search::new(Participants::All), purpose);
                }
                _ => self.begin_search(purpose),
            }
            return;
        }
        if let SearchPurpose::Verify(id) = purpose {
            self.remove(id);
        }
        self.end_search(purpose, Ok(()));
    }

    /// Adds a device that was found to the list.
    fn insert(&mut self, id: RomId) -> Result<(), ReturnCode> {
        if let Some(device) = self.find_device_mut(id) {
            device.was_found = true;
            return Ok(());
        }
        let free = self.devices.iter_mut().find(|slot| slot.is_none()).ok_or(ReturnCode::NO_BUFFERS)?;
        *free = Some(Device::new(id));
        Ok(())
    }

    /// Removes a device from the list. Requests that wait for it get an error.
    fn remove(&mut self, id: RomId) {
        for slot in &mut self.devices {
            if slot.as_ref().is_some_and(|device| device.id == id) {
                *slot = None;
            }
        }
        for waiter in self.waiters.iter_mut().flatten() {
            let is_open = !matches!(waiter.progress, TaskProgress::Done(_)) && waiter.task != Task::Verify;
            if is_open && waiter.device == Some(id) {
                waiter.progress = TaskProgress::Done(Err(ReturnCode::NO_SUCH_ENTITY));
                self.is_ready = true;
            }
        }
    }

    /// Ends the current search, and stores its result.
    fn end_search(&mut self, purpose: SearchPurpose, result: Result<(), ReturnCode>) {
        self.activity = Activity::Idle;
        self.counters.searches = self.counters.searches.wrapping_add(1);
        match purpose {
            SearchPurpose::List => {
                let mut is_removed = false;
                while result.is_ok()
                    && let Some(gone) = self.devices.iter().flatten().find(|device| !device.was_found)
                {
                    self.remove(gone.id);
                    is_removed = true;
                }
                if is_removed && self.counters.unlisted > 0 {
                    // Devices that did not fit into the list may do so now.
                    self.attempts = 0;
                    return self.begin_search(purpose);
                }
                let micros = if result.is_ok() { lifetime::DIRECTORY } else { SEARCH_RETRY };
                self.timers.start(Timer::List, micros);
                self.is_ready |= self.list_result != Some(result);
                self.list_result = Some(result);
                let waits_for_list =
                    |waiter: &Waiter| waiter.task == Task::Search && waiter.progress == TaskProgress::Started;
                if self.waiters.iter().flatten().any(waits_for_list) {
                    // A request for an update of the list also wants the current alarms.
                    self.alarms = Alarms::Unknown;
                    self.timers.start(Timer::Alarms, 0);
                    self.complete(None, Task::Search, result);
                }
            }
            SearchPurpose::Alarms => {
                let micros = if result.is_ok() { lifetime::VOLATILE } else { UNCLAIMED_RESULT };
                self.alarms = Alarms::Known(result);
                self.timers.start(Timer::Alarms, micros);
                self.is_ready = true;
            }
            SearchPurpose::Probe(_) => {
                if let Some(probe) = &mut self.probe {
                    probe.outcome = Some(result);
                }
                self.timers.start(Timer::Probe, UNCLAIMED_RESULT);
                self.is_ready = true;
            }
            SearchPurpose::Verify(id) => self.complete(Some(id), Task::Verify, result),
        }
    }
}

/// The return code for a fault of a search. A search addresses no particular device, so that silence is a fault of the
/// wire.
const fn search_code(fault: Fault) -> ReturnCode {
    match fault {
        Fault::NoPresence | Fault::NoAnswer => ReturnCode::IO,
        _ => fault.return_code(),
    }
}
