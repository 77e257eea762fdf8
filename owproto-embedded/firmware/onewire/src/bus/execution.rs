//! The tasks, phase by phase.

use owproto_core::text::RomId;

use super::device::{self, CacheEntry};
use super::one_wire_bus::OneWireBus;
use super::state::{Activity, SimultaneousConversion};
use super::task::{Phase, Task};
use super::timers::{COMMAND_TIME, Timer, Timers};
use crate::devices::switch::{self, PioState};
use crate::devices::thermometer::{self, Resolution, Scratchpad, Trim};
use crate::master::fault::Fault;
use crate::master::wire::{PullUp, Wire};

/// How often a search or a phase is attempted (owfs: `ow_read.c`).
pub(super) const MAX_ATTEMPTS: u8 = 3;

/// What follows a phase.
enum Next {
    Phase(Phase),
    /// The device converts; the result is read later.
    Converting,
    Done,
}

impl<W: Wire, const DEVICES: usize, const WAITERS: usize> OneWireBus<W, DEVICES, WAITERS> {
    /// Continues the current task after one of its transactions.
    pub(super) fn end_transaction(&mut self, result: Result<(), Fault>) {
        let next = result.and_then(|()| self.after_phase());
        let Activity::Task(running) = &mut self.activity else { return };
        let (device, task) = (running.device, running.task);
        match next {
            Ok(Next::Phase(phase)) => return running.begin(phase),
            Ok(Next::Converting) => {}
            Ok(Next::Done) => self.complete(device, task, Ok(())),
            Err(fault) => {
                self.counters.faults = self.counters.faults.wrapping_add(1);
                self.attempts = self.attempts.saturating_add(1);
                if self.attempts < MAX_ATTEMPTS {
                    return running.begin(match running.phase {
                        Phase::ReadResult if fault == Fault::PowerLost => Phase::CheckResolution,
                        Phase::VerifyScratchpad => Phase::WriteScratchpad,
                        phase => phase,
                    });
                }
                self.give_up(device, task, fault);
            }
        }
        self.activity = Activity::Idle;
    }

    /// Ends a task after too many attempts.
    fn give_up(&mut self, device: Option<RomId>, task: Task, fault: Fault) {
        let code = fault.return_code();
        match device {
            None => self.end_simultaneous(Err(code)),
            Some(id) => {
                if let Some(device) = self.find_device_mut(id) {
                    device.invalidate_all();
                }
                self.complete(device, task, Err(code));
            }
        }
        if matches!(fault, Fault::NoPresence | Fault::NoAnswer | Fault::Short) {
            // The device seems to be absent, and others may be, too.
            self.timers.start(Timer::List, 0);
        }
    }

    /// What follows the current phase, which has succeeded.
    fn after_phase(&mut self) -> Result<Next, Fault> {
        // Fields instead of methods, which would borrow all of `self`.
        let Activity::Task(running) = &mut self.activity else { return Ok(Next::Done) };
        let Some(id) = running.device else { return Ok(self.after_phase_of_all()) };
        let device = device::find_mut(&mut self.devices, id).ok_or(Fault::NoAnswer)?;
        let data = running.transaction.data();
        let [first, ..] = *data;
        let family = id.family();
        let scratchpad = match running.phase {
            Phase::CheckResolution | Phase::ReadResult | Phase::ReadScratchpad | Phase::VerifyScratchpad => {
                Scratchpad::parse(data)?
            }
            _ => Scratchpad::default(),
        };
        let settings = scratchpad.settings();
        let [high, low, configuration] = settings;
        // Only the phases of a temperature use it.
        let wanted = if let Task::Temperature(wanted) = running.task { wanted } else { Resolution::Twelve };
        Ok(match running.phase {
            Phase::ReadPower => {
                device.has_supply = first & 1 == 1;
                device.keep(CacheEntry::Power);
                running.pull_up = if device.has_supply { PullUp::Weak } else { PullUp::Strong };
                Next::Phase(match running.task {
                    // An absent device seems to have a supply: read something that it cannot answer.
                    Task::Power => Phase::ReadScratchpad,
                    task => task.first_phase(true),
                })
            }
            Phase::CheckResolution if scratchpad.resolution(family) == wanted => Next::Phase(Phase::Convert),
            Phase::CheckResolution => {
                running.bytes = [high, low, wanted.configuration()];
                Next::Phase(Phase::SetResolution)
            }
            Phase::SetResolution => Next::Phase(Phase::Convert),
            Phase::Convert => {
                let micros = wanted.conversion_micros().saturating_add(COMMAND_TIME);
                device.converting = Some(wanted);
                device.busy_micros = micros;
                device.attempts = self.attempts;
                device.invalidate_temperatures();
                self.counters.conversions = self.counters.conversions.wrapping_add(1);
                power_device(&mut self.is_powering, &mut self.timers, running.pull_up, micros);
                Next::Converting
            }
            Phase::ReadResult => {
                if scratchpad.is_power_on(family) || scratchpad.resolution(family) < wanted {
                    return Err(Fault::PowerLost);
                }
                device.keep_scratchpad(scratchpad);
                device.keep_temperature(wanted, scratchpad.temperature(family));
                Next::Done
            }
            Phase::Recall => Next::Phase(Phase::ReadScratchpad),
            Phase::ReadScratchpad => {
                device.keep_scratchpad(scratchpad);
                match running.task {
                    Task::WriteSetting(setting, value) => {
                        running.bytes = setting.replace(settings, value);
                        return Ok(Next::Phase(Phase::WriteScratchpad));
                    }
                    Task::Settings => {
                        device.settings = settings;
                        device.keep(CacheEntry::Settings);
                    }
                    Task::Trim => device.keep(CacheEntry::Trim),
                    _ => {}
                }
                Next::Done
            }
            Phase::WriteScratchpad => Next::Phase(Phase::VerifyScratchpad),
            Phase::VerifyScratchpad => {
                let [wanted_high, wanted_low, wanted] = running.bytes;
                // Only the bits of the resolution are writable.
                let is_configured = family == thermometer::DS18S20 || (configuration ^ wanted) & 0x60 == 0;
                if (high, low) != (wanted_high, wanted_low) || !is_configured {
                    return Err(Fault::Refused);
                }
                Next::Phase(Phase::CopyScratchpad)
            }
            Phase::CopyScratchpad => {
                device.invalidate(CacheEntry::Settings);
                device.invalidate(CacheEntry::Scratchpad);
                let micros = thermometer::COPY_MICROS.saturating_add(COMMAND_TIME);
                device.busy_micros = micros;
                power_device(&mut self.is_powering, &mut self.timers, running.pull_up, micros);
                Next::Done
            }
            Phase::ReadTrimLow => {
                device.trim = Trim([first, 0]);
                Next::Phase(Phase::ReadTrimHigh)
            }
            Phase::ReadTrimHigh => {
                let Trim([low, _]) = device.trim;
                device.trim = Trim([low, first]);
                // An absent device reads as ones, which could be a trim: read something that it cannot answer.
                Next::Phase(Phase::ReadScratchpad)
            }
            Phase::ReadPio => {
                let state = PioState::parse(first)?;
                device.pio = state;
                device.keep(CacheEntry::Pio);
                let Task::WritePio { mask, conducting } = running.task else { return Ok(Next::Done) };
                running.bytes = switch::latches(state.conducting() & !mask | conducting & mask);
                Next::Phase(Phase::WritePio)
            }
            Phase::WritePio => {
                device.invalidate(CacheEntry::Pio);
                match first {
                    switch::CONFIRMED => Next::Done,
                    0xff => return Err(Fault::NoAnswer),
                    _ => return Err(Fault::Refused),
                }
            }
            Phase::ReadPowerOfAll | Phase::ConvertAll => Next::Done,
        })
    }

    /// What follows the current phase of a simultaneous conversion, which has succeeded.
    fn after_phase_of_all(&mut self) -> Next {
        let Activity::Task(running) = &mut self.activity else { return Next::Done };
        if running.phase == Phase::ReadPowerOfAll {
            let [first, ..] = running.transaction.data();
            // One device without a supply is enough to read 0.
            running.pull_up = if first & 1 == 1 { PullUp::Weak } else { PullUp::Strong };
            return Next::Phase(Phase::ConvertAll);
        }
        // Each converts at its own resolution; wait for the longest.
        let micros = Resolution::Twelve.conversion_micros().saturating_add(COMMAND_TIME);
        for device in self.devices.iter_mut().flatten() {
            device.invalidate_temperatures();
            if thermometer::is_thermometer(device.id.family()) {
                device.busy_micros = micros;
            }
        }
        self.counters.conversions = self.counters.conversions.wrapping_add(1);
        self.simultaneous = SimultaneousConversion::Running;
        self.timers.start(Timer::Simultaneous, micros);
        power_device(&mut self.is_powering, &mut self.timers, running.pull_up, micros);
        Next::Converting
    }
}

/// Keeps the wire free while it powers a device.
fn power_device(is_powering: &mut bool, timers: &mut Timers, pull_up: PullUp, micros: u32) {
    if pull_up == PullUp::Strong {
        *is_powering = true;
        timers.start(Timer::PowerDelivery, micros);
    }
}
