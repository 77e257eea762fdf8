use owproto_core::text::RomId;
use owproto_core::time::Instant;

use super::switch::Switch;
use super::thermometer::Thermometer;
use crate::master::wire::PullUp;

/// Whether a device is on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Presence {
    /// It is.
    #[default]
    Present,
    /// It was unplugged. When it comes back, it has been without power.
    Absent,
}

/// How a device gets its power.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Supply {
    /// By a line of its own.
    #[default]
    External,
    /// From the data line, which has to feed it while it works.
    Parasite,
}

/// A simulated device: what all have in common, the selection by a ROM command.
#[derive(Clone, Debug)]
pub struct Slave {
    rom: RomId,
    presence: Presence,
    kind: Kind,
    state: State,
    /// Bits of the state so far.
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
    /// Not spoken to until the next reset.
    Deaf,
    RomCommand,
    MatchRom,
    /// The bit, its complement, the direction.
    Search(u8),
    Function,
    Send(u8),
    Receive(u8),
    /// 0 until it is done.
    Busy,
}

/// What a device does after a function command, or after what it received.
pub(super) enum Then {
    Nothing,
    /// Sends so many bytes of its buffer.
    Send(u8),
    /// Takes so many bytes.
    Receive(u8),
    /// Says 0 until it is done.
    Work,
}

impl Slave {
    /// A DS18B20, DS1822 or DS18S20, as the family of the address says, around a temperature in sixteenths of a degree
    /// Celsius. It rises and falls by two degrees in about two minutes.
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
        Self { rom, presence: Presence::Present, kind, state: State::Deaf, bits: 0, buffer: [0; 9] }
    }

    /// With another supply.
    #[must_use]
    pub const fn with_supply(mut self, supply: Supply) -> Self {
        if let Kind::Thermometer(thermometer) = &mut self.kind {
            thermometer.supply = supply;
        }
        self
    }

    /// The address.
    #[must_use]
    pub const fn rom(&self) -> RomId {
        self.rom
    }

    /// Plugs it in or out.
    pub const fn set_presence(&mut self, presence: Presence) {
        self.presence = presence;
        self.state = State::Deaf;
        match &mut self.kind {
            Kind::Thermometer(thermometer) => thermometer.power_on(),
            Kind::Switch(switch) => *switch = Switch::new(),
        }
    }

    /// Sets the temperature around which a thermometer is, in sixteenths of a degree. Nothing happens to others.
    pub const fn set_temperature(&mut self, sixteenths: i16) {
        if let Kind::Thermometer(thermometer) = &mut self.kind {
            thermometer.base = sixteenths;
        }
    }

    /// What a thermometer would measure at this moment, at 12 bits; `None` for others.
    #[must_use]
    pub const fn temperature(&self, now: Instant) -> Option<i16> {
        match &self.kind {
            Kind::Thermometer(thermometer) => Some(thermometer.temperature(now)),
            Kind::Switch(_) => None,
        }
    }

    /// How many conversions a thermometer has begun.
    #[must_use]
    pub const fn conversions(&self) -> u32 {
        match &self.kind {
            Kind::Thermometer(thermometer) => thermometer.conversions,
            Kind::Switch(_) => 0,
        }
    }

    /// Alarm limits and configuration in the EEPROM of a thermometer; `None` for others.
    #[must_use]
    pub const fn eeprom(&self) -> Option<[u8; 3]> {
        match &self.kind {
            Kind::Thermometer(thermometer) => Some(thermometer.eeprom),
            Kind::Switch(_) => None,
        }
    }

    /// Which transistors of a switch conduct, A is bit 0; `None` for others.
    #[must_use]
    pub const fn conducting(&self) -> Option<u8> {
        match &self.kind {
            Kind::Switch(switch) => Some(switch.conducting()),
            Kind::Thermometer(_) => None,
        }
    }

    /// Pulls the inputs of a switch low, by a mask. Nothing happens to others.
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

    pub(super) const fn feed(&mut self, strength: PullUp) {
        if let Kind::Thermometer(thermometer) = &mut self.kind
            && matches!(strength, PullUp::Strong)
        {
            thermometer.is_fed = true;
        }
    }

    const fn enter(&mut self, state: State) {
        self.state = state;
        self.bits = 0;
    }

    /// The bit that it says in the slot that begins: `true` leaves the line alone.
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

    /// The bit of the master: `true` also where it reads.
    pub(super) fn after_slot(&mut self, written: bool, now: Instant) {
        let at = self.bits;
        match self.state {
            State::Deaf | State::Busy => {}
            State::Search(2) => {
                if bit(self.rom.as_bytes(), at) != written {
                    self.enter(State::Deaf);
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
                    self.enter(State::Deaf);
                } else if at >= 63 {
                    self.enter(State::Function);
                } else {
                    self.bits = at.wrapping_add(1);
                }
            }
            State::Send(len) => {
                self.bits = at.wrapping_add(1);
                if self.bits >= len.wrapping_mul(8) {
                    self.enter(State::Deaf);
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
        let then = match self.state {
            State::RomCommand => {
                let is_in_alarm =
                    matches!(&self.kind, Kind::Thermometer(thermometer) if thermometer.is_in_alarm);
                return self.enter(match command {
                    0xf0 => State::Search(0),
                    0xec if is_in_alarm => State::Search(0),
                    0x55 => State::MatchRom,
                    0xcc => State::Function,
                    _ => State::Deaf,
                });
            }
            State::Function => match &mut self.kind {
                Kind::Thermometer(thermometer) => thermometer.command(command, &mut self.buffer, now),
                Kind::Switch(switch) => switch.command(command, &mut self.buffer),
            },
            State::Receive(_) => match &mut self.kind {
                Kind::Thermometer(thermometer) => {
                    thermometer.write(&self.buffer);
                    Then::Nothing
                }
                Kind::Switch(switch) => switch.write(&mut self.buffer),
            },
            _ => Then::Nothing,
        };
        self.enter(match then {
            Then::Nothing => State::Deaf,
            Then::Send(len) => State::Send(len),
            Then::Receive(len) => State::Receive(len),
            Then::Work => State::Busy,
        });
    }
}

/// A bit of some bytes, the lowest of the first one first; 1 behind the last.
fn bit(bytes: &[u8], at: u8) -> bool {
    bytes.get(usize::from(at >> 3)).is_none_or(|byte| byte >> (at & 7) & 1 == 1)
}
