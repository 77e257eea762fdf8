//! Times that run down. They are microseconds that are left, in 32 bits: half as much code and memory as moments of 64,
//! of which there are many, and they cannot be taken for times to come when the counter of a long-lived gateway ends.

use super::device::Device;

/// Times that values are remembered (owfs: `globals.c`).
pub(super) mod keep {
    /// What changes by itself; also how long a conversion of all counts, and who is in alarm.
    pub(in crate::bus) const VOLATILE: u32 = 15_000_000;
    /// What changes when it is written.
    pub(in crate::bus) const STABLE: u32 = 300_000_000;
    /// Which devices there are.
    pub(in crate::bus) const DIRECTORY: u32 = 60_000_000;
}

/// How soon the list is tried again after a search that failed.
pub(super) const SEARCH_AGAIN: u32 = 5_000_000;
/// How long an answer waits for those who asked without saying who they are.
pub(super) const CLAIM: u32 = 1_000_000;
/// The step that sends a command takes some time itself.
pub(super) const STEP: u32 = 2_000;

/// What ends when its time is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Time {
    /// The list of devices is good.
    List,
    /// It is known who is in alarm.
    Alarms,
    /// The outcome of the probe waits for those who asked.
    Probe,
    /// All convert, or the outcome waits for those who asked.
    Simultaneous,
    /// Temperatures of a conversion of all can be read.
    Converted,
    /// The line feeds a device.
    Fed,
}

/// Microseconds that are left, by [`Time`]; 0: it is over, or was never begun.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times([u32; 6]);

impl Times {
    pub(super) const NONE: Self = Self([0; 6]);

    pub(super) fn left(&self, time: Time) -> u32 {
        self.0.get(time as usize).copied().unwrap_or_default()
    }

    pub(super) fn is_over(&self, time: Time) -> bool {
        self.left(time) == 0
    }

    pub(super) fn set(&mut self, time: Time, micros: u32) {
        if let Some(left) = self.0.get_mut(time as usize) {
            *left = micros;
        }
    }

    /// What is left of the first that ends, of those that end by themselves.
    pub(super) fn first(&self) -> u32 {
        let [list, others @ .., _fed] = self.0;
        others.into_iter().filter(|left| *left > 0).fold(list, u32::min)
    }
}

/// Lets time pass, for the bus and for its devices.
#[inline(never)]
pub(super) fn run_down(times: &mut Times, devices: &mut [Option<Device>], passed: u32) {
    let run_down = |left: &mut u32| *left = left.saturating_sub(passed);
    times.0.iter_mut().for_each(run_down);
    for device in devices.iter_mut().flatten() {
        run_down(&mut device.busy);
        device.left.iter_mut().for_each(run_down);
    }
}
