//! The thermometers DS18B20, DS1822 and DS18S20: their commands, scratchpad and revisions.

use owproto_core::text::{RomId, crc8};

use crate::master::fault::Fault;

/// Family codes.
pub(crate) const DS18S20: u8 = 0x10;
pub(crate) const DS1822: u8 = 0x22;
pub(crate) const DS18B20: u8 = 0x28;

/// Function commands (DS18B20 data sheet).
pub(crate) const CONVERT: u8 = 0x44;
pub(crate) const WRITE_SCRATCHPAD: u8 = 0x4e;
pub(crate) const READ_SCRATCHPAD: u8 = 0xbe;
pub(crate) const COPY_SCRATCHPAD: u8 = 0x48;
pub(crate) const RECALL: u8 = 0xb8;
pub(crate) const READ_POWER_SUPPLY: u8 = 0xb4;
/// Read the two bytes of the trim register of old dies (Maxim application note 247).
pub(crate) const READ_TRIM: [u8; 2] = [0x93, 0x68];

/// The longest time of a copy to the EEPROM, in microseconds.
pub(crate) const COPY_MICROS: u32 = 10_000;

/// Whether a family is one of these thermometers.
pub(crate) const fn is_thermometer(family: u8) -> bool {
    matches!(family, DS18S20 | DS1822 | DS18B20)
}

/// How many bits a temperature has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Resolution {
    Nine,
    Ten,
    Eleven,
    Twelve,
}

impl Resolution {
    pub(crate) const fn from_bits(bits: u32) -> Option<Self> {
        Some(match bits {
            9 => Self::Nine,
            10 => Self::Ten,
            11 => Self::Eleven,
            12 => Self::Twelve,
            _ => return None,
        })
    }

    /// How many bits more than nine.
    const fn bits_above_nine(self) -> u8 {
        self as u8
    }

    pub(crate) const fn bits(self) -> u32 {
        9_u32.saturating_add(self as u32)
    }

    /// The configuration register for this resolution.
    pub(crate) const fn configuration(self) -> u8 {
        self.bits_above_nine() << 5 | 0x1f
    }

    pub(crate) const fn from_configuration(byte: u8) -> Self {
        match byte >> 5 & 3 {
            0 => Self::Nine,
            1 => Self::Ten,
            2 => Self::Eleven,
            _ => Self::Twelve,
        }
    }

    /// The bits of a temperature that are significant.
    const fn mask(self) -> i16 {
        !(7 >> self.bits_above_nine())
    }

    /// The longest time of a conversion in microseconds, which doubles with each bit (DS18B20 data sheet, table 2).
    pub(crate) const fn conversion_micros(self) -> u32 {
        93_750 << self.bits_above_nine()
    }
}

/// The nine bytes of a scratchpad whose CRC is correct.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Scratchpad([u8; 9]);

impl Scratchpad {
    pub(crate) fn parse(bytes: &[u8; 9]) -> Result<Self, Fault> {
        let is_all = |value: u8| bytes.iter().all(|byte| *byte == value);
        if is_all(0xff) {
            Err(Fault::NoAnswer)
        } else if is_all(0) || crc8(bytes) != 0 {
            // Zeros have a correct CRC, but come from a busy device or a low line.
            Err(Fault::Garbled)
        } else {
            Ok(Self(*bytes))
        }
    }

    pub(crate) const fn bytes(&self) -> &[u8; 9] {
        &self.0
    }

    /// The high and the low alarm limit, and the configuration.
    pub(crate) const fn settings(&self) -> [u8; 3] {
        let [_, _, high, low, configuration, ..] = self.0;
        [high, low, configuration]
    }

    pub(crate) const fn resolution(&self, family: u8) -> Resolution {
        let [_, _, configuration] = self.settings();
        if family == DS18S20 { Resolution::Twelve } else { Resolution::from_configuration(configuration) }
    }

    /// Whether it is the scratchpad before the first conversion: 85 °C, with a value of the reserved byte that it does not
    /// have after a conversion to 85 °C. A DS18S20 does not show the difference.
    pub(crate) const fn is_power_on(&self, family: u8) -> bool {
        let [low, high, _, _, _, _, reserved, ..] = self.0;
        family != DS18S20 && low == 0x50 && high == 0x05 && reserved == 0x0c
    }

    /// The temperature in sixteenths of a degree Celsius.
    pub(crate) fn temperature(&self, family: u8) -> i16 {
        let [low, high, _, _, _, _, remain, per_degree, _] = self.0;
        let raw = i16::from_le_bytes([low, high]);
        if family != DS18S20 {
            return raw & self.resolution(family).mask();
        }
        // Half degrees; the counters give the rest (DS18S20 data sheet, equation 1).
        let degrees = (raw >> 1).wrapping_mul(16);
        let part = u16::from(remain).wrapping_mul(16).checked_div(per_degree.into());
        match part.and_then(|part| i16::try_from(part).ok()) {
            Some(part) => degrees.wrapping_add(12).wrapping_sub(part),
            None => raw.wrapping_mul(8),
        }
    }
}

/// The revision of a thermometer's die.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Die {
    B6,
    B7,
    C2,
}

impl Die {
    /// The revision according to the ROM id: later revisions have greater serial numbers (owfs: `ow_1820.c`).
    #[inline(never)]
    pub(crate) fn of(device: RomId) -> Self {
        let (b7, c2) = match device.family() {
            DS18S20 => (0x0008_0059_1d20, 0x0008_0080_8860),
            DS1822 => (0x0000_0008_978a, 0x0000_000c_b81a),
            _ => (0x0000_0054_5010, 0x0000_0066_2b50),
        };
        // Without family code and CRC.
        let serial_number = u64::from_le_bytes(device.to_bytes()) >> 8 & 0xffff_ffff_ffff;
        if serial_number > c2 {
            Self::C2
        } else if serial_number > b7 {
            Self::B7
        } else {
            Self::B6
        }
    }

    pub(crate) const fn name(self) -> &'static [u8] {
        match self {
            Self::B6 => b"B6",
            Self::B7 => b"B7",
            Self::C2 => b"C2",
        }
    }
}

/// The trim register of an old die.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Trim(pub(crate) [u8; 2]);

impl Trim {
    pub(crate) fn value(self) -> u32 {
        u16::from_le_bytes(self.0).into()
    }

    /// Whether it looks like a value from the factory (owfs: `ow_1820.c`).
    pub(crate) const fn is_valid(self) -> bool {
        let [low, high] = self.0;
        matches!(low & 7, 3 | 5) && high == 0xbb
    }

    /// Whether it is the value that application note 247 gives for all devices.
    pub(crate) fn is_blanket(self) -> bool {
        self.0 == [0x9d, 0xbb]
    }
}
