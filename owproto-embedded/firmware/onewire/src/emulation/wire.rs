use embedded_hal::digital::ErrorKind;
use owproto_core::time::Instant;

use super::slave::{Presence, Slave};
use crate::master::wire::{PullUp, Wire};

/// The state of the line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Line {
    /// It works.
    #[default]
    Sound,
    /// Permanently low.
    Shorted,
    /// Cut near the master: no signal passes in either direction.
    Cut,
}

/// Microseconds, from the DS18B20 data sheet, "AC Electrical Characteristics".
mod limits {
    pub(super) const RESET_LOW: u32 = 480;
    pub(super) const RESET_HIGH: u32 = 480;
    pub(super) const ZERO_LOW: core::ops::RangeInclusive<u32> = 60..=120;
    pub(super) const ONE_LOW: core::ops::RangeInclusive<u32> = 1..=15;
    /// A device that sends a 0 holds the line low for at least this long.
    pub(super) const DATA_VALID: u32 = 15;
    /// A slot and the recovery after it.
    pub(super) const SLOT: u32 = 61;
}

/// A wire with emulated devices.
///
/// Time on the line passes with the delays of the master. Conversions take their time on `clock`, which is the clock of
/// the program.
#[derive(Clone, Debug)]
pub struct EmulatedWire<C, const SLAVES: usize> {
    clock: C,
    slaves: [Slave; SLAVES],
    line: Line,
    /// Microseconds on the line; wraps.
    time: u32,
    is_driven: bool,
    /// When the line was driven low for the last time.
    fell_at: u32,
    /// When the next falling edge is allowed.
    busy_until: u32,
    /// When a device holds the line low: from and until.
    held: (u32, u32),
    is_in_slot: bool,
    violations: u32,
    slots: u32,
    /// How many bits are read correctly until one is inverted, and how many between that one and the next.
    disturbance: Option<(u32, u32)>,
    /// The index of a device that disconnects, and after how many more bits.
    departure: Option<(usize, u32)>,
}

impl<C: FnMut() -> Instant, const SLAVES: usize> EmulatedWire<C, SLAVES> {
    /// A wire with these devices.
    pub const fn new(clock: C, slaves: [Slave; SLAVES]) -> Self {
        Self {
            clock,
            slaves,
            line: Line::Sound,
            time: 0,
            is_driven: false,
            fell_at: 0,
            busy_until: 0,
            held: (0, 0),
            is_in_slot: false,
            violations: 0,
            slots: 0,
            disturbance: None,
            departure: None,
        }
    }

    /// The devices.
    pub const fn slaves(&self) -> &[Slave; SLAVES] {
        &self.slaves
    }

    /// The devices, mutably.
    pub const fn slaves_mut(&mut self) -> &mut [Slave; SLAVES] {
        &mut self.slaves
    }

    /// Sets the state of the line.
    pub const fn set_line(&mut self, line: Line) {
        self.line = line;
    }

    /// Inverts a bit that the master reads, after `after` correct ones; then every `every` bits, or never again if that
    /// is 0.
    pub const fn disturb(&mut self, after: u32, every: u32) {
        self.disturbance = Some((after, every));
    }

    /// Stops inverting bits.
    pub const fn stop_disturbing(&mut self) {
        self.disturbance = None;
    }

    /// Disconnects the device with this index after this many bits on the line.
    pub const fn remove_after(&mut self, slave: usize, slots: u32) {
        self.departure = Some((slave, slots));
    }

    /// How often the master violated the limits of the data sheet: a bit or a pause was too short or too long.
    pub const fn violations(&self) -> u32 {
        self.violations
    }

    /// Microseconds that have passed on the line. Continues at 0 after about 70 minutes.
    pub const fn micros(&self) -> u32 {
        self.time
    }

    /// How many bits were transferred.
    pub const fn slots(&self) -> u32 {
        self.slots
    }

    fn count_violation(&mut self) {
        self.violations = self.violations.wrapping_add(1);
    }

    /// Whether the current time is within this span.
    const fn is_now_within(&self, (from, until): (u32, u32)) -> bool {
        self.time.wrapping_sub(from) < until.wrapping_sub(from)
    }

    fn end_of_reset(&mut self) {
        let mut held: Option<(u32, u32)> = None;
        for (n, slave) in self.slaves.iter_mut().enumerate() {
            if !slave.is_connected() {
                continue;
            }
            slave.reset();
            // Both limits of the presence pulse: early and short, or late and long.
            let (from, until) = if n % 2 == 0 { (15, 75) } else { (60, 300) };
            held = Some(held.map_or((from, until), |held| (held.0.min(from), held.1.max(until))));
        }
        let (from, until) = held.unwrap_or_default();
        self.held = (self.time.wrapping_add(from), self.time.wrapping_add(until));
        self.busy_until = self.time.wrapping_add(limits::RESET_HIGH);
        self.is_in_slot = false;
    }

    fn end_of_slot(&mut self, bit: bool) {
        let now = (self.clock)();
        self.slots = self.slots.wrapping_add(1);
        for slave in self.slaves.iter_mut().filter(|slave| slave.is_connected()) {
            slave.after_slot(bit, now);
        }
        if let Some((slave, slots)) = self.departure {
            self.departure = slots.checked_sub(1).map(|slots| (slave, slots));
            if self.departure.is_none()
                && let Some(slave) = self.slaves.get_mut(slave)
            {
                slave.set_presence(Presence::Absent);
            }
        }
    }
}

impl<C: FnMut() -> Instant, const SLAVES: usize> Wire for EmulatedWire<C, SLAVES> {
    fn drive_low(&mut self) -> Result<(), ErrorKind> {
        if self.is_driven {
            return Ok(());
        }
        self.is_driven = true;
        // Times wrap: a difference of more than half the range means the past.
        if self.busy_until.wrapping_sub(self.time).cast_signed() > 0 {
            self.count_violation();
        }
        self.fell_at = self.time;
        self.busy_until = self.time.wrapping_add(limits::SLOT);
        self.is_in_slot = true;
        let now = (self.clock)();
        let mut is_held = false;
        for slave in self.slaves.iter_mut().filter(|slave| slave.is_connected()) {
            is_held |= !slave.before_slot(now);
        }
        let held_for = if is_held && self.line == Line::Sound { limits::DATA_VALID } else { 0 };
        self.held = (self.time, self.time.wrapping_add(held_for));
        Ok(())
    }

    fn release(&mut self) -> Result<(), ErrorKind> {
        if !self.is_driven {
            return Ok(());
        }
        self.is_driven = false;
        if self.line == Line::Cut {
            self.held = (0, 0);
            return Ok(());
        }
        let low = self.time.wrapping_sub(self.fell_at);
        if low >= limits::RESET_LOW {
            self.end_of_reset();
            return Ok(());
        }
        let is_one = low <= *limits::ONE_LOW.end();
        if !limits::ONE_LOW.contains(&low) && !limits::ZERO_LOW.contains(&low) {
            self.count_violation();
        }
        // The line has to be high for at least 1 µs before the next slot.
        let recovered = self.time.wrapping_add(1);
        if recovered.wrapping_sub(self.busy_until).cast_signed() > 0 {
            self.busy_until = recovered;
        }
        self.end_of_slot(is_one);
        Ok(())
    }

    fn is_high(&mut self) -> Result<bool, ErrorKind> {
        if self.line == Line::Shorted {
            return Ok(false);
        }
        let mut level = !self.is_driven && !self.is_now_within(self.held);
        if self.is_in_slot
            && let Some((left, every)) = self.disturbance
        {
            self.disturbance = match left.checked_sub(1) {
                Some(left) => Some((left, every)),
                None => {
                    level = !level;
                    (every > 0).then(|| (every.saturating_sub(1), every))
                }
            };
        }
        Ok(level)
    }

    fn delay_us(&mut self, micros: u32) {
        self.time = self.time.wrapping_add(micros);
    }

    fn pull_up(&mut self, strength: PullUp) -> Result<(), ErrorKind> {
        for slave in &mut self.slaves {
            slave.power(strength);
        }
        Ok(())
    }
}
