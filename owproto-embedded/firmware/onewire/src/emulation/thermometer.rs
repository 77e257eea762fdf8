use owproto_core::text::crc8;
use owproto_core::time::{Duration, Instant};

use super::slave::{Supply, Then};
use crate::devices::thermometer::{self as commands, DS18S20, Resolution};

/// What is inside a thermometer.
#[derive(Clone, Debug)]
pub(super) struct Thermometer {
    family: u8,
    pub(super) supply: Supply,
    /// In sixteenths of a degree.
    pub(super) base: i16,
    /// The result of the last conversion, as it stands in the scratchpad.
    raw: [u8; 2],
    /// Byte 6 of the scratchpad.
    reserved: u8,
    settings: [u8; 3],
    pub(super) eeprom: [u8; 3],
    converting_until: Option<Instant>,
    /// Whether the line has fed it since the conversion began.
    pub(super) is_fed: bool,
    pub(super) is_in_alarm: bool,
    pub(super) conversions: u32,
}

impl Thermometer {
    pub(super) const fn new(family: u8, base: i16) -> Self {
        // Limits of 75 and 70 degrees and 12 bits: what the factory writes.
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
            is_fed: false,
            is_in_alarm: false,
            conversions: 0,
        };
        new.power_on();
        new
    }

    /// 85 degrees, and the settings of the EEPROM.
    pub(super) const fn power_on(&mut self) {
        self.raw = if self.family == DS18S20 { [0xaa, 0x00] } else { [0x50, 0x05] };
        self.reserved = 0x0c;
        self.settings = self.eeprom;
        self.converting_until = None;
        self.is_in_alarm = false;
    }

    pub(super) const fn temperature(&self, now: Instant) -> i16 {
        // About seconds: 64 up, 64 down, each a thirty-second part of two degrees.
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

    /// The line goes low: a conversion that has ended is seen now, and one that is fed by the line suffers.
    pub(super) fn on_edge(&mut self, now: Instant) {
        let Some(until) = self.converting_until else { return };
        if self.supply == Supply::Parasite && (now < until || !self.is_fed) {
            self.power_on();
        } else if now >= until {
            self.converting_until = None;
            self.take(until);
        }
    }

    /// What is measured goes into the scratchpad.
    fn take(&mut self, at: Instant) {
        let sixteenths = self.temperature(at);
        let [high, low, _] = self.settings;
        let whole = sixteenths >> 4;
        self.is_in_alarm = whole >= i16::from(high.cast_signed()) || whole <= i16::from(low.cast_signed());
        if self.family == DS18S20 {
            // Half degrees, and the rest as a count of sixteenths down from the next quarter.
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

    pub(super) fn command(&mut self, command: u8, buffer: &mut [u8; 9], now: Instant) -> Then {
        let [trim_low, trim_high] = commands::READ_TRIM;
        match command {
            commands::CONVERT => {
                self.conversions = self.conversions.wrapping_add(1);
                self.is_fed = false;
                let micros = self.resolution().conversion_micros();
                self.converting_until = Some(now.saturating_add(Duration::from_micros(micros.into())));
                Then::Work
            }
            commands::READ_SCRATCHPAD if self.is_converting(now) => Then::Work,
            commands::READ_SCRATCHPAD => {
                *buffer = self.scratchpad();
                Then::Send(9)
            }
            commands::WRITE_SCRATCHPAD => Then::Receive(if self.family == DS18S20 { 2 } else { 3 }),
            commands::COPY_SCRATCHPAD => {
                self.eeprom = self.settings;
                Then::Nothing
            }
            commands::RECALL => {
                self.settings = self.eeprom;
                Then::Nothing
            }
            commands::READ_POWER_SUPPLY => {
                *buffer = [if self.supply == Supply::External { 0xff } else { 0 }; 9];
                Then::Send(1)
            }
            // The value that application note 247 gives for all.
            _ if command == trim_low => {
                *buffer = [0x9d; 9];
                Then::Send(1)
            }
            _ if command == trim_high => {
                *buffer = [0xbb; 9];
                Then::Send(1)
            }
            _ => Then::Nothing,
        }
    }

    /// Takes what was written to the scratchpad.
    pub(super) fn write(&mut self, buffer: &[u8; 9]) {
        let [high, low, configuration, ..] = *buffer;
        let [_, _, before] = self.settings;
        let is_fixed = self.family == DS18S20;
        // Only the bits of the resolution can be written.
        self.settings = [high, low, if is_fixed { before } else { configuration & 0x60 | 0x1f }];
    }
}
