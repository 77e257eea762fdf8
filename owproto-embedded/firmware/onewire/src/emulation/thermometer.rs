use owproto_core::text::crc8;
use owproto_core::time::{Duration, Instant};

use super::reaction::Reaction;
use crate::devices::thermometer::{self as device, DS18S20, Resolution};

/// How a device gets its power.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Supply {
    /// From a supply line.
    #[default]
    External,
    /// From the data line, which has to power it during conversions.
    Parasite,
}

/// The inside of a thermometer.
#[derive(Clone, Debug)]
pub(super) struct Thermometer {
    family: u8,
    pub(super) supply: Supply,
    /// The lowest temperature, in sixteenths of a degree.
    pub(super) base: i16,
    /// The result of the last conversion, as in the scratchpad.
    raw: [u8; 2],
    /// Byte 6 of the scratchpad.
    reserved: u8,
    settings: [u8; 3],
    pub(super) eeprom: [u8; 3],
    converting_until: Option<Instant>,
    /// The pull-up was strong since the conversion started.
    pub(super) is_powered: bool,
    pub(super) is_in_alarm: bool,
    pub(super) conversions: u32,
}

impl Thermometer {
    pub(super) const fn new(family: u8, base: i16) -> Self {
        // The factory setting: limits of 75 and 70 degrees, and 12 bits.
        let eeprom = [75, 70, 0x7f];
        let mut new = Self {
            family,
            supply: Supply::External,
            base,
            raw: [0; 2],
            reserved: 0,
            settings: eeprom,
            eeprom,
            converting_until: None,
            is_powered: false,
            is_in_alarm: false,
            conversions: 0,
        };
        new.power_on();
        new
    }

    /// The state after power-on: 85 degrees, and the settings of the EEPROM.
    pub(super) const fn power_on(&mut self) {
        self.raw = if self.family == DS18S20 { [0xaa, 0x00] } else { [0x50, 0x05] };
        self.reserved = 0x0c;
        self.settings = self.eeprom;
        self.converting_until = None;
        self.is_in_alarm = false;
    }

    /// The temperature that it would measure, in sixteenths of a degree.
    pub(super) const fn temperature(&self, now: Instant) -> i16 {
        // Rises for 64 units of 2²⁰ µs and falls for 64, by a sixteenth of a degree every two units.
        let seconds = now.as_micros() >> 20 & 127;
        let seconds = seconds as i16;
        let height = if seconds < 64 { seconds } else { 127i16.wrapping_sub(seconds) };
        self.base.wrapping_add(height >> 1)
    }

    fn resolution(&self) -> Resolution {
        let [_, _, configuration] = self.settings;
        if self.family == DS18S20 {
            Resolution::Twelve
        } else {
            Resolution::from_configuration(configuration)
        }
    }

    pub(super) fn is_converting(&self, now: Instant) -> bool {
        self.converting_until.is_some_and(|until| now < until)
    }

    /// Handles a falling edge: ends a conversion whose time is over. A conversion that the line should power fails.
    pub(super) fn on_edge(&mut self, now: Instant) {
        let Some(until) = self.converting_until else { return };
        if self.supply == Supply::Parasite && (now < until || !self.is_powered) {
            self.power_on();
        } else if now >= until {
            self.converting_until = None;
            self.finish_conversion(until);
        }
    }

    /// Stores the measurement in the scratchpad.
    fn finish_conversion(&mut self, at: Instant) {
        let sixteenths = self.temperature(at);
        let [high, low, _] = self.settings;
        let whole = sixteenths >> 4;
        self.is_in_alarm = whole >= i16::from(high.cast_signed()) || whole <= i16::from(low.cast_signed());
        if self.family == DS18S20 {
            // Half degrees, and the rest as a count of sixteenths (DS18S20 data sheet, equation 1).
            let shifted = sixteenths.wrapping_add(4);
            self.raw = (shifted >> 4).wrapping_mul(2).to_le_bytes();
            self.reserved = u8::try_from(16i16.wrapping_sub(shifted & 15)).unwrap_or_default();
        } else {
            let unused = match self.resolution() {
                Resolution::Nine => 7,
                Resolution::Ten => 3,
                Resolution::Eleven => 1,
                Resolution::Twelve => 0,
            };
            self.raw = (sixteenths & !unused).to_le_bytes();
            self.reserved = 0x10;
        }
    }

    fn scratchpad(&self) -> [u8; 9] {
        let ([low, high], [limit_high, limit_low, configuration]) = (self.raw, self.settings);
        let configuration = if self.family == DS18S20 { 0xff } else { configuration };
        let mut bytes = [low, high, limit_high, limit_low, configuration, 0xff, self.reserved, 0x10, 0];
        let [data @ .., _] = bytes;
        if let Some(last) = bytes.last_mut() {
            *last = crc8(&data);
        }
        bytes
    }

    pub(super) fn command(&mut self, command: u8, buffer: &mut [u8; 9], now: Instant) -> Reaction {
        let [trim_low, trim_high] = device::READ_TRIM;
        match command {
            device::CONVERT => {
                self.conversions = self.conversions.wrapping_add(1);
                self.is_powered = false;
                let micros = self.resolution().conversion_micros();
                self.converting_until = Some(now.saturating_add(Duration::from_micros(micros.into())));
                Reaction::Work
            }
            device::READ_SCRATCHPAD if self.is_converting(now) => Reaction::Work,
            device::READ_SCRATCHPAD => {
                *buffer = self.scratchpad();
                Reaction::Send(9)
            }
            device::WRITE_SCRATCHPAD => Reaction::Receive(if self.family == DS18S20 { 2 } else { 3 }),
            device::COPY_SCRATCHPAD => {
                self.eeprom = self.settings;
                Reaction::Nothing
            }
            device::RECALL => {
                self.settings = self.eeprom;
                Reaction::Nothing
            }
            device::READ_POWER_SUPPLY => {
                *buffer = [if self.supply == Supply::External { 0xff } else { 0 }; 9];
                Reaction::Send(1)
            }
            // The value that application note 247 gives for all devices.
            _ if command == trim_low => {
                *buffer = [0x9d; 9];
                Reaction::Send(1)
            }
            _ if command == trim_high => {
                *buffer = [0xbb; 9];
                Reaction::Send(1)
            }
            _ => Reaction::Nothing,
        }
    }

    /// Stores what was written to the scratchpad.
    pub(super) fn write(&mut self, buffer: &[u8; 9]) {
        let [high, low, configuration, ..] = *buffer;
        let [_, _, before] = self.settings;
        let is_fixed = self.family == DS18S20;
        // Only the bits of the resolution are writable.
        self.settings = [high, low, if is_fixed { before } else { configuration & 0x60 | 0x1f }];
    }
}
