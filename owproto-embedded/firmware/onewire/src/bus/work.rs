use owproto_core::time::Instant;

use super::device::{self, Device, Kept};
use super::job::{Job, Phase, Running};
use super::{OneWire, STEP, Simultaneous, TRIES, Work, keep};
use crate::master::Fault;
use crate::switch::{self, PioState};
use crate::thermometer::{self as thermometer, Resolution, Scratchpad, Trim};
use crate::wire::{PullUp, Wire};

/// What comes after a phase.
enum Next {
    Phase(Phase),
    /// The device converts. The result is read later.
    Converting,
    Done,
}

impl<W: Wire, const DEVICES: usize, const WAITING: usize> OneWire<W, DEVICES, WAITING> {
    /// Does a piece of a job.
    pub(super) fn run(&mut self, mut running: Running) {
        let next = match running.transaction.step(&mut self.master) {
            Ok(false) => {
                self.work = Work::Job(running);
                return;
            }
            Ok(true) if running.device.is_none() => self.after_phase_of_all(&mut running),
            Ok(true) => self.after_phase(&mut running),
            Err(fault) => Err(fault),
        };
        match next {
            Ok(Next::Phase(phase)) => {
                running.begin(phase);
                self.work = Work::Job(running);
            }
            Ok(Next::Converting) => {}
            Ok(Next::Done) => self.settle(running.device, running.job, Ok(())),
            Err(fault) => self.try_again(running, fault),
        }
    }

    /// A phase went wrong.
    fn try_again(&mut self, mut running: Running, fault: Fault) {
        self.counters.faults = self.counters.faults.wrapping_add(1);
        self.tries = self.tries.saturating_add(1);
        if self.tries < TRIES {
            running.begin(match running.phase {
                Phase::Result if fault == Fault::PowerLost => Phase::Check,
                Phase::Compare => Phase::Write,
                phase => phase,
            });
            self.work = Work::Job(running);
            return;
        }
        let code = fault.return_code();
        match running.device {
            None => self.end_simultaneous(Err(code)),
            Some(id) => {
                if let Some(device) = self.listed_mut(id) {
                    device.forget_all();
                }
                self.settle(running.device, running.job, Err(code));
            }
        }
        if matches!(fault, Fault::NoPresence | Fault::NoAnswer | Fault::Short) {
            // It seems to be gone, and others may be, too.
            self.next_search = self.now;
        }
    }

    /// A phase of a job for one device went well.
    fn after_phase(&mut self, running: &mut Running) -> Result<Next, Fault> {
        let now = self.now;
        let data = running.transaction.data();
        let [first, ..] = data;
        let Some(device) = running.device.and_then(|id| {
            // Not `listed_mut`, which takes all of `self`.
            device::find_mut(&mut self.devices, id)
        }) else {
            return Err(Fault::NoAnswer);
        };
        let family = device.id.family();
        Ok(match running.phase {
            Phase::Power => {
                device.has_supply = first & 1 == 1;
                device.keep(Kept::Power, now.after(keep::VOLATILE));
                running.pull_up = if device.has_supply { PullUp::Weak } else { PullUp::Strong };
                Next::Phase(match running.job {
                    Job::Temperature(_) => Phase::Check,
                    Job::WriteSetting(..) => Phase::Recall,
                    // A device that is not there seems to have a supply.
                    _ => Phase::Read,
                })
            }
            Phase::Check => {
                let scratchpad = Scratchpad::parse(data)?;
                let Job::Temperature(wanted) = running.job else { return Ok(Next::Done) };
                if scratchpad.resolution(family) == wanted {
                    return Ok(Next::Phase(Phase::Convert));
                }
                let [high, low, _] = scratchpad.settings();
                running.bytes = [high, low, wanted.configuration()];
                Next::Phase(Phase::Configure)
            }
            Phase::Configure => Next::Phase(Phase::Convert),
            Phase::Convert => {
                let Job::Temperature(wanted) = running.job else { return Ok(Next::Done) };
                let until = now.after(STEP).after(wanted.conversion_time());
                device.converting = Some(wanted);
                device.busy_until = until;
                device.tries = self.tries;
                device.forget_temperatures();
                self.counters.conversions = self.counters.conversions.wrapping_add(1);
                self.feed(running.pull_up, until);
                Next::Converting
            }
            Phase::Result => {
                let scratchpad = Scratchpad::parse(data)?;
                let Job::Temperature(wanted) = running.job else { return Ok(Next::Done) };
                if scratchpad.is_power_on(family) || scratchpad.resolution(family) < wanted {
                    return Err(Fault::PowerLost);
                }
                keep_scratchpad(device, scratchpad, now);
                device.keep_temperature(wanted, scratchpad.temperature(family), now.after(keep::VOLATILE));
                Next::Done
            }
            Phase::Recall => Next::Phase(Phase::Read),
            Phase::Read => {
                let scratchpad = Scratchpad::parse(data)?;
                keep_scratchpad(device, scratchpad, now);
                match running.job {
                    Job::WriteSetting(setting, value) => {
                        running.bytes = setting.put(scratchpad.settings(), value);
                        return Ok(Next::Phase(Phase::Write));
                    }
                    Job::Settings => {
                        device.settings = scratchpad.settings();
                        device.keep(Kept::Settings, now.after(keep::STABLE));
                    }
                    Job::Trim => device.keep(Kept::Trim, now.after(keep::VOLATILE)),
                    _ => {}
                }
                Next::Done
            }
            Phase::Write => Next::Phase(Phase::Compare),
            Phase::Compare => {
                let scratchpad = Scratchpad::parse(data)?;
                let [high, low, configuration] = scratchpad.settings();
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
                let until = now.after(STEP).after(thermometer::COPY_TIME);
                device.busy_until = until;
                self.feed(running.pull_up, until);
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
                device.keep(Kept::Pio, now.after(keep::VOLATILE));
                let Job::WritePio { mask, conducting } = running.job else { return Ok(Next::Done) };
                running.bytes = [state.conducting() & !mask | conducting & mask, 0, 0];
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
    fn after_phase_of_all(&mut self, running: &mut Running) -> Result<Next, Fault> {
        if running.phase == Phase::PowerOfAll {
            let [first, ..] = running.transaction.data();
            // One without a supply is enough to say 0.
            running.pull_up = if first & 1 == 1 { PullUp::Weak } else { PullUp::Strong };
            return Ok(Next::Phase(Phase::ConvertAll));
        }
        // Each converts as it is set up; the longest time does for all.
        let until = self.now.after(STEP).after(Resolution::Twelve.conversion_time());
        for device in self.devices.iter_mut().flatten() {
            device.forget_temperatures();
            if thermometer::is_thermometer(device.id.family()) {
                device.busy_until = until;
            }
        }
        self.counters.conversions = self.counters.conversions.wrapping_add(1);
        self.simultaneous = Simultaneous::Running(until);
        self.feed(running.pull_up, until);
        Ok(Next::Converting)
    }

    /// Leaves the wire alone while it feeds a device.
    fn feed(&mut self, pull_up: PullUp, until: Instant) {
        if pull_up == PullUp::Strong {
            self.fed_until = Some(until);
        }
    }
}

fn keep_scratchpad(device: &mut Device, scratchpad: Scratchpad, now: Instant) {
    device.scratchpad = scratchpad;
    device.keep(Kept::Scratchpad, now.after(keep::VOLATILE));
}
