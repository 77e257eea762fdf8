//! Timers that count down. Each holds the microseconds that are left, in 32 bits. There are many of them: times in 64
//! bits would need twice the code and memory.

/// How long values are cached, in microseconds (owfs: `globals.c`).
pub(super) mod lifetime {
    /// Values that change by themselves. Also how long a simultaneous conversion and the devices in alarm are valid.
    pub(in crate::bus) const VOLATILE: u32 = 15_000_000;
    /// Values that change when they are written.
    pub(in crate::bus) const STABLE: u32 = 300_000_000;
    /// The list of devices.
    pub(in crate::bus) const DIRECTORY: u32 = 60_000_000;
}

/// The time until the list is updated again after a search that failed.
pub(super) const SEARCH_RETRY: u32 = 5_000_000;
/// How long a result is kept for requests that cannot be recognized when they poll for it.
pub(super) const UNCLAIMED_RESULT: u32 = 1_000_000;
/// A margin for the step that sends the command of a conversion or of a copy.
pub(super) const COMMAND_TIME: u32 = 2_000;

/// What a timer is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Timer {
    /// The list of devices is valid.
    List,
    /// It is known which devices are in alarm.
    Alarms,
    /// The result of the probe is kept.
    Probe,
    /// The simultaneous conversion runs, or its result is kept.
    Simultaneous,
    /// Temperatures of the last simultaneous conversion are valid.
    Converted,
    /// The line powers a device.
    PowerDelivery,
}

/// The microseconds that are left, by [`Timer`]; 0 if the timer has expired or was never started.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timers([u32; 6]);

impl Timers {
    pub(super) const EXPIRED: Self = Self([0; 6]);

    pub(super) fn micros_left(&self, timer: Timer) -> u32 {
        self.0.get(timer as usize).copied().unwrap_or_default()
    }

    pub(super) fn has_expired(&self, timer: Timer) -> bool {
        self.micros_left(timer) == 0
    }

    pub(super) fn start(&mut self, timer: Timer, micros: u32) {
        if let Some(left) = self.0.get_mut(timer as usize) {
            *left = micros;
        }
    }

    pub(super) fn count_down(&mut self, passed: u32) {
        for left in &mut self.0 {
            *left = left.saturating_sub(passed);
        }
    }

    /// The microseconds until the next timer expires, without the power delivery. The list counts even if it has expired.
    pub(super) fn next_expiry(&self) -> u32 {
        let [list, others @ .., _power_delivery] = self.0;
        others.into_iter().filter(|left| *left > 0).fold(list, u32::min)
    }
}
