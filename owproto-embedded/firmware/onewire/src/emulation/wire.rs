use embedded_hal::digital::ErrorKind;
use owproto_core::time::Instant;

use super::slave::Slave;
use crate::master::wire::{PullUp, Wire};

/// The state of the line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Line {
    /// As it should be.
    #[default]
    Sound,
    /// Low, whatever anyone does.
    Shorted,
    /// Cut near the master: nobody is heard, and nobody hears.
    Cut,
}

/// Microseconds, from the DS18B20 data sheet, "AC Electrical Characteristics".
mod limits {
    pub(super) const RESET_LOW: u32 = 480;
    pub(super) const RESET_HIGH: u32 = 480;
    pub(super) const ZERO_LOW: core::ops::RangeInclusive<u32> = 60..=120;
    pub(super) const ONE_LOW: core::ops::RangeInclusive<u32> = 1..=15;
    /// A device holds the line low so long for a 0, at least.
    pub(super) const DATA_VALID: u32 = 15;
    /// A slot and the recovery behind it.
    pub(super) const SLOT: u32 = 61;
}

/// A wire with simulated devices.
///
/// `clock` tells the time of the program, in which conversions run.
#[derive(Clone, Debug)]
pub struct SimulatedWire<C, const SLAVES: usize> {
    clock: C,
    slaves: [Slave; SLAVES],
    line: Line,
    /// Microseconds on the line; wraps.
    time: u32,
    is_driven: bool,
    /// When the line was driven low for the last time.
    fell_at: u32,
    /// When the next edge may come.
    busy_until: u32,
    /// The line is held low in this span.
    held: (u32, u32),
    is_in_slot: bool,
    violations: u32,
    slots: u32,
    /// Bits read until one is turned around, and how many between that and the next.
    disturbance: Option<(u32, u32)>,
    /// A device that goes after so many more bits.
    departure: Option<(usize, u32)>,
}

impl<C: FnMut() -> Instant, const SLAVES: usize> SimulatedWire<C, SLAVES> {
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

    /// The devices, to be changed.
    pub const fn slaves_mut(&mut self) -> &mut [Slave; SLAVES] {
        &mut self.slaves
    }

    /// What the line is like from now on.
    pub const fn set_line(&mut self, line: Line) {
        self.line = line;
    }

    /// Turns a bit that the master reads around, after so many that it reads right; then again after each `every`, or
    /// never again if that is 0.
    pub const fn disturb(&mut self, after: u32, every: u32) {
        self.disturbance = Some((after, every));
    }

    /// No bit is turned around any more.
    pub const fn calm(&mut self) {
        self.disturbance = None;
    }

    /// Has a device go after so many bits on the line.
    pub const fn remove_after(&mut self, slave: usize, slots: u32) {
        self.departure = Some((slave, slots));
    }

    /// How often the master was outside the limits of the data sheet: a bit or a pause too short or too long.
    pub const fn violations(&self) -> u32 {
        self.violations
    }

    /// Microseconds that have passed on the line by the master's delays; begins again at 0 after about 70 minutes.
    pub const fn micros(&self) -> u32 {
        self.time
    }

    /// How many bits there were.
    pub const fn slots(&self) -> u32 {
        self.slots
    }

    fn violated(&mut self) {
        self.violations = self.violations.wrapping_add(1);
    }

    /// Whether the line has a span behind it, now.
    const fn is_within(&self, (from, until): (u32, u32)) -> bool {
        self.time.wrapping_sub(from) < until.wrapping_sub(from)
    }

    fn end_of_reset(&mut self) {
        let mut held: Option<(u32, u32)> = None;
        for (n, slave) in self.slaves.iter_mut().enumerate() {
            if !slave.is_connected() {
                continue;
            }
            slave.reset();
            // The limits of the presence pulse: some are early and short, some late and long.
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
                slave.set_presence(super::Presence::Absent);
            }
        }
    }
}

impl<C: FnMut() -> Instant, const SLAVES: usize> Wire for SimulatedWire<C, SLAVES> {
    fn drive_low(&mut self) -> Result<(), ErrorKind> {
        if self.is_driven {
            return Ok(());
        }
        self.is_driven = true;
        // A difference of more than half the range is a moment that has passed.
        if self.busy_until.wrapping_sub(self.time).cast_signed() > 0 {
            self.violated();
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
            self.violated();
        }
        // The line has to be high for a moment before the next one.
        let rested = self.time.wrapping_add(1);
        if rested.wrapping_sub(self.busy_until).cast_signed() > 0 {
            self.busy_until = rested;
        }
        self.end_of_slot(is_one);
        Ok(())
    }

    fn is_high(&mut self) -> Result<bool, ErrorKind> {
        if self.line == Line::Shorted {
            return Ok(false);
        }
        let mut level = !self.is_driven && !self.is_within(self.held);
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
            slave.feed(strength);
        }
        Ok(())
    }
}
