use owproto_core::text::RomId;

use super::device::{self, Kept};
use super::job::{Job, Phase};
use super::timers::{STEP, Time, Times};
use super::{OneWire, Simultaneous, TRIES, Work};
use crate::devices::switch::{self, PioState};
use crate::devices::thermometer::{self as thermometer, Resolution, Scratchpad, Trim};
use crate::master::Fault;
use crate::master::wire::{PullUp, Wire};

/// What comes after a phase.
enum Next {
    Phase(Phase),
    /// The device converts. The result is read later.
    Converting,
    Done,
}

impl<W: Wire, const DEVICES: usize, const WAITING: usize> OneWire<W, DEVICES, WAITING> {
    /// A transaction of the job under way came to its end.
    pub(super) fn end_transaction(&mut self, result: Result<(), Fault>) {
        let next = result.and_then(|()| self.after_phase());
        let Work::Job(running) = &mut self.work else { return };
        let (device, job) = (running.device, running.job);
        match next {
            Ok(Next::Phase(phase)) => return running.begin(phase),
            Ok(Next::Converting) => {}
            Ok(Next::Done) => self.settle(device, job, Ok(())),
            Err(fault) => {
                self.counters.faults = self.counters.faults.wrapping_add(1);
                self.tries = self.tries.saturating_add(1);
                if self.tries < TRIES {
                    return running.begin(match running.phase {
                        Phase::Result if fault == Fault::PowerLost => Phase::Check,
                        Phase::Compare => Phase::Write,
                        phase => phase,
                    });
                }
                self.give_up(device, job, fault);
            }
        }
        self.work = Work::Nothing;
    }

    /// It went wrong too often.
    fn give_up(&mut self, device: Option<RomId>, job: Job, fault: Fault) {
        let code = fault.return_code();
        match device {
            None => self.end_simultaneous(Err(code)),
            Some(id) => {
                if let Some(device) = self.listed_mut(id) {
                    device.forget_all();
                }
                self.settle(device, job, Err(code));
            }
        }
        if matches!(fault, Fault::NoPresence | Fault::NoAnswer | Fault::Short) {
            // It seems to be gone, and others may be, too.
            self.times.set(Time::List, 0);
        }
    }

    /// A phase of a job went well.
    fn after_phase(&mut self) -> Result<Next, Fault> {
        // Not by methods, which would take all of `self`.
        let Work::Job(running) = &mut self.work else { return Ok(Next::Done) };
        let Some(id) = running.device else { return Ok(self.after_phase_of_all()) };
        let device = device::find_mut(&mut self.devices, id).ok_or(Fault::NoAnswer)?;
        let data = running.transaction.data();
        let [first, ..] = *data;
        let family = id.family();
        let scratchpad = match running.phase {
            Phase::Check | Phase::Result | Phase::Read | Phase::Compare => Scratchpad::parse(data)?,
            _ => Scratchpad::default(),
        };
        let settings = scratchpad.settings();
        let [high, low, configuration] = settings;
        // Phases of a temperature alone ask for it.
        let wanted = if let Job::Temperature(wanted) = running.job { wanted } else { Resolution::Twelve };
        Ok(match running.phase {
            Phase::Power => {
                device.has_supply = first & 1 == 1;
                device.keep(Kept::Power);
                running.pull_up = if device.has_supply { PullUp::Weak } else { PullUp::Strong };
                Next::Phase(match running.job {
                    // A device that is not there seems to have a supply.
                    Job::Power => Phase::Read,
                    job => job.first_phase(true),
                })
            }
            Phase::Check if scratchpad.resolution(family) == wanted => Next::Phase(Phase::Convert),
            Phase::Check => {
                running.bytes = [high, low, wanted.configuration()];
                Next::Phase(Phase::Configure)
            }
            Phase::Configure => Next::Phase(Phase::Convert),
            Phase::Convert => {
                let micros = wanted.conversion_micros().saturating_add(STEP);
                device.converting = Some(wanted);
                device.busy = micros;
                device.tries = self.tries;
                device.forget_temperatures();
                self.counters.conversions = self.counters.conversions.wrapping_add(1);
                feed(&mut self.is_fed, &mut self.times, running.pull_up, micros);
                Next::Converting
            }
            Phase::Result => {
                if scratchpad.is_power_on(family) || scratchpad.resolution(family) < wanted {
                    return Err(Fault::PowerLost);
                }
                device.keep_scratchpad(scratchpad);
                device.keep_temperature(wanted, scratchpad.temperature(family));
                Next::Done
            }
            Phase::Recall => Next::Phase(Phase::Read),
            Phase::Read => {
                device.keep_scratchpad(scratchpad);
                match running.job {
                    Job::WriteSetting(setting, value) => {
                        running.bytes = setting.put(settings, value);
                        return Ok(Next::Phase(Phase::Write));
                    }
                    Job::Settings => {
                        device.settings = settings;
                        device.keep(Kept::Settings);
                    }
                    Job::Trim => device.keep(Kept::Trim),
                    _ => {}
                }
                Next::Done
            }
            Phase::Write => Next::Phase(Phase::Compare),
            Phase::Compare => {
                let [wanted_high, wanted_low, wanted] = running.bytes;
                // Only the bits of the resolution can be written.
                let is_configured = family == thermometer::DS18S20 || (configuration ^ wanted) & 0x60 == 0;
                if (high, low) != (wanted_high, wanted_low) || !is_configured {
                    return Err(Fault::Refused);
                }
                Next::Phase(Phase::Copy)
            }
            Phase::Copy => {
                device.forget(Kept::Settings);
                device.forget(Kept::Scratchpad);
                let micros = thermometer::COPY_MICROS.saturating_add(STEP);
                device.busy = micros;
                feed(&mut self.is_fed, &mut self.times, running.pull_up, micros);
                Next::Done
            }
            Phase::TrimLow => {
                device.trim = Trim([first, 0]);
                Next::Phase(Phase::TrimHigh)
            }
            Phase::TrimHigh => {
                let Trim([low, _]) = device.trim;
                device.trim = Trim([low, first]);
                // A device that is not there says ones, which could be a trim.
                Next::Phase(Phase::Read)
            }
            Phase::PioRead => {
                let state = PioState::parse(first)?;
                device.pio = state;
                device.keep(Kept::Pio);
                let Job::WritePio { mask, conducting } = running.job else { return Ok(Next::Done) };
                running.bytes = switch::latches(state.conducting() & !mask | conducting & mask);
                Next::Phase(Phase::PioWrite)
            }
            Phase::PioWrite => {
                device.forget(Kept::Pio);
                match first {
                    switch::CONFIRMED => Next::Done,
                    0xff => return Err(Fault::NoAnswer),
                    _ => return Err(Fault::Refused),
                }
            }
            Phase::PowerOfAll | Phase::ConvertAll => Next::Done,
        })
    }

    /// A phase of the conversion of all went well.
    fn after_phase_of_all(&mut self) -> Next {
        let Work::Job(running) = &mut self.work else { return Next::Done };
        if running.phase == Phase::PowerOfAll {
            let [first, ..] = running.transaction.data();
            // One without a supply is enough to say 0.
            running.pull_up = if first & 1 == 1 { PullUp::Weak } else { PullUp::Strong };
            return Next::Phase(Phase::ConvertAll);
        }
        // Each converts as it is set up; the longest time does for all.
        let micros = Resolution::Twelve.conversion_micros().saturating_add(STEP);
        for device in self.devices.iter_mut().flatten() {
            device.forget_temperatures();
            if thermometer::is_thermometer(device.id.family()) {
                device.busy = micros;
            }
        }
        self.counters.conversions = self.counters.conversions.wrapping_add(1);
        self.simultaneous = Simultaneous::Running;
        self.times.set(Time::Simultaneous, micros);
        feed(&mut self.is_fed, &mut self.times, running.pull_up, micros);
        Next::Converting
    }
}

/// Leaves the wire alone while it feeds a device.
fn feed(is_fed: &mut bool, times: &mut Times, pull_up: PullUp, micros: u32) {
    if pull_up == PullUp::Strong {
        *is_fed = true;
        times.set(Time::Fed, micros);
    }
}
