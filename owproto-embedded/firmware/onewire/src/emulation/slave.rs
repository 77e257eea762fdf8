use owproto_core::text::RomId;
use owproto_core::time::Instant;

use super::reaction::Reaction;
use super::switch::Switch;
use super::thermometer::{Supply, Thermometer};
use crate::master::wire::PullUp;

/// Whether a device is connected to the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Presence {
    /// It is connected.
    #[default]
    Present,
    /// It is disconnected. When it is connected again, it has been without power.
    Absent,
}

/// An emulated device. This part is common to all families: the selection by a ROM command.
#[derive(Clone, Debug)]
pub struct Slave {
    rom: RomId,
    presence: Presence,
    kind: Kind,
    state: State,
    /// Bits of the current state so far.
    bits: u8,
    buffer: [u8; 9],
}

#[derive(Clone, Debug)]
enum Kind {
    Thermometer(Thermometer),
    Switch(Switch),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Not selected; waits for the next reset.
    Deselected,
    RomCommand,
    MatchRom,
    /// Sends a bit, sends its complement, or receives the direction.
    Search(u8),
    Function,
    Send(u8),
    Receive(u8),
    /// Sends zeros until it is done.
    Busy,
}

impl Slave {
    /// A DS18B20, DS1822 or DS18S20, according to the family code. Its temperature is at least this number of sixteenths of
    /// a degree Celsius; it rises by up to two degrees and falls again, within about two minutes.
    #[must_use]
    pub const fn thermometer(rom: RomId, sixteenths: i16) -> Self {
        Self::new(rom, Kind::Thermometer(Thermometer::new(rom.family(), sixteenths)))
    }

    /// A DS2413 whose inputs are high unless its transistors conduct.
    #[must_use]
    pub const fn switch(rom: RomId) -> Self {
        Self::new(rom, Kind::Switch(Switch::new()))
    }

    const fn new(rom: RomId, kind: Kind) -> Self {
        Self { rom, presence: Presence::Present, kind, state: State::Deselected, bits: 0, buffer: [0; 9] }
    }

    /// Sets how it gets its power; from a supply line by default.
    #[must_use]
    pub const fn with_supply(mut self, supply: Supply) -> Self {
        if let Kind::Thermometer(thermometer) = &mut self.kind {
            thermometer.supply = supply;
        }
        self
    }

    /// The ROM id.
    #[must_use]
    pub const fn rom(&self) -> RomId {
        self.rom
    }

    /// Connects or disconnects it.
    pub const fn set_presence(&mut self, presence: Presence) {
        self.presence = presence;
        self.state = State::Deselected;
        match &mut self.kind {
            Kind::Thermometer(thermometer) => thermometer.power_on(),
            Kind::Switch(switch) => *switch = Switch::new(),
        }
    }

    /// Sets the lowest temperature of a thermometer, in sixteenths of a degree. Does nothing to other devices.
    pub const fn set_temperature(&mut self, sixteenths: i16) {
        if let Kind::Thermometer(thermometer) = &mut self.kind {
            thermometer.base = sixteenths;
        }
    }

    /// What a thermometer would measure now, with 12 bits; `None` for other devices.
    #[must_use]
    pub const fn temperature(&self, now: Instant) -> Option<i16> {
        match &self.kind {
            Kind::Thermometer(thermometer) => Some(thermometer.temperature(now)),
            Kind::Switch(_) => None,
        }
    }

    /// How many conversions a thermometer has started; 0 for other devices.
    #[must_use]
    pub const fn conversions(&self) -> u32 {
        match &self.kind {
            Kind::Thermometer(thermometer) => thermometer.conversions,
            Kind::Switch(_) => 0,
        }
    }

    /// Alarm limits and configuration in the EEPROM of a thermometer; `None` for other devices.
    #[must_use]
    pub const fn eeprom(&self) -> Option<[u8; 3]> {
        match &self.kind {
            Kind::Thermometer(thermometer) => Some(thermometer.eeprom),
            Kind::Switch(_) => None,
        }
    }

    /// Which transistors of a switch conduct; A is bit 0. `None` for other devices.
    #[must_use]
    pub const fn conducting(&self) -> Option<u8> {
        match &self.kind {
            Kind::Switch(switch) => Some(switch.conducting()),
            Kind::Thermometer(_) => None,
        }
    }

    /// Pulls the inputs in the mask low, from outside of a switch; A is bit 0. Does nothing to other devices.
    pub const fn set_grounded(&mut self, mask: u8) {
        if let Kind::Switch(switch) = &mut self.kind {
            switch.grounded = mask;
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        self.presence == Presence::Present
    }

    pub(super) const fn reset(&mut self) {
        self.enter(State::RomCommand);
    }

    /// Handles a change of the pull-up.
    pub(super) const fn power(&mut self, strength: PullUp) {
        if let Kind::Thermometer(thermometer) = &mut self.kind
            && matches!(strength, PullUp::Strong)
        {
            thermometer.is_powered = true;
        }
    }

    const fn enter(&mut self, state: State) {
        self.state = state;
        self.bits = 0;
    }

    /// The bit that it sends in the slot that begins; for a 1 it leaves the line alone.
    pub(super) fn before_slot(&mut self, now: Instant) -> bool {
        if let Kind::Thermometer(thermometer) = &mut self.kind {
            thermometer.on_edge(now);
        }
        match self.state {
            State::Search(0) => bit(self.rom.as_bytes(), self.bits),
            State::Search(1) => !bit(self.rom.as_bytes(), self.bits),
            State::Send(_) => bit(&self.buffer, self.bits),
            State::Busy => match &self.kind {
                Kind::Thermometer(thermometer) => !thermometer.is_converting(now),
                Kind::Switch(_) => true,
            },
            _ => true,
        }
    }

    /// Handles the bit of the master, which is 1 if the master reads.
    pub(super) fn after_slot(&mut self, written: bool, now: Instant) {
        let at = self.bits;
        match self.state {
            State::Deselected | State::Busy => {}
            State::Search(2) => {
                if bit(self.rom.as_bytes(), at) != written {
                    self.enter(State::Deselected);
                } else if at >= 63 {
                    self.enter(State::Function);
                } else {
                    self.state = State::Search(0);
                    self.bits = at.wrapping_add(1);
                }
            }
            State::Search(part) => self.state = State::Search(part.wrapping_add(1)),
            State::MatchRom => {
                if bit(self.rom.as_bytes(), at) != written {
                    self.enter(State::Deselected);
                } else if at >= 63 {
                    self.enter(State::Function);
                } else {
                    self.bits = at.wrapping_add(1);
                }
            }
            State::Send(len) => {
                self.bits = at.wrapping_add(1);
                if self.bits >= len.wrapping_mul(8) {
                    self.enter(State::Deselected);
                }
            }
            State::RomCommand | State::Function | State::Receive(_) => {
                let len = if let State::Receive(len) = self.state { len } else { 1 };
                if let Some(byte) = self.buffer.get_mut(usize::from(at >> 3)) {
                    *byte = *byte >> 1 | u8::from(written) << 7;
                }
                self.bits = at.wrapping_add(1);
                if self.bits >= len.wrapping_mul(8) {
                    self.received(now);
                }
            }
        }
    }

    fn received(&mut self, now: Instant) {
        let [command, ..] = self.buffer;
        let reaction = match self.state {
            State::RomCommand => {
                let is_in_alarm =
                    matches!(&self.kind, Kind::Thermometer(thermometer) if thermometer.is_in_alarm);
                return self.enter(match command {
                    0xf0 => State::Search(0),
                    0xec if is_in_alarm => State::Search(0),
                    0x55 => State::MatchRom,
                    0xcc => State::Function,
                    _ => State::Deselected,
                });
            }
            State::Function => match &mut self.kind {
                Kind::Thermometer(thermometer) => thermometer.command(command, &mut self.buffer, now),
                Kind::Switch(switch) => switch.command(command, &mut self.buffer),
            },
            State::Receive(_) => match &mut self.kind {
                Kind::Thermometer(thermometer) => {
                    thermometer.write(&self.buffer);
                    Reaction::Nothing
                }
                Kind::Switch(switch) => switch.write(&mut self.buffer),
            },
            _ => Reaction::Nothing,
        };
        self.enter(match reaction {
            Reaction::Nothing => State::Deselected,
            Reaction::Send(len) => State::Send(len),
            Reaction::Receive(len) => State::Receive(len),
            Reaction::Work => State::Busy,
        });
    }
}

/// A bit of some bytes, least significant bit first; 1 after the last byte.
fn bit(bytes: &[u8], at: u8) -> bool {
    bytes.get(usize::from(at >> 3)).is_none_or(|byte| byte >> (at & 7) & 1 == 1)
}
