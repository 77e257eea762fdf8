use core::fmt;
use core::ops::{BitAnd, BitOr, BitOrAssign, Not};

use super::device_format::DeviceFormat;
use super::scales::{PressureScale, TemperatureScale};

/// The control flags: the fourth word of a header (owfs: `ow_parsedname.h`).
///
/// | bits | mask | |
/// |------|------|-|
/// | 1 | `0x00000002` | [`BUS_LIST`](Self::BUS_LIST) |
/// | 2 | `0x00000004` | [`PERSISTENCE`](Self::PERSISTENCE) |
/// | 3 | `0x00000008` | [`ALIAS`](Self::ALIAS) |
/// | 4 | `0x00000010` | [`SAFEMODE`](Self::SAFEMODE) |
/// | 5 | `0x00000020` | [`UNCACHED`](Self::UNCACHED) |
/// | 6 | `0x00000040` | [`TRIM`](Self::TRIM) |
/// | 8 | `0x00000100` | [`OWNET`](Self::OWNET) |
/// | 16–17 | `0x00030000` | [`TemperatureScale`] |
/// | 18–20 | `0x001C0000` | [`PressureScale`] |
/// | 24–31 | `0xFF000000` | [`DeviceFormat`] |
///
/// Flags apply to one request; owserver does not remember them for the connection. Its reply repeats them, unknown bits
/// included, except for the persistence bit, which shows whether persistence was granted. The flags of a keepalive are 0
/// (observed, owserver 3.2p4).
///
/// ```
/// use owproto_core::wire::{Flags, TemperatureScale};
/// let flags = Flags::UNCACHED.with_temperature_scale(TemperatureScale::Fahrenheit);
/// assert_eq!(flags.bits(), 0x0001_0020);
/// assert_eq!(flags.to_string(), "uncached|Fahrenheit");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Flags(pub u32);

impl Flags {
    /// No bit set: Celsius, mbar, `f.i`, padded numbers, no persistence.
    pub const NONE: Self = Self(0);
    /// Listings of the root and of `/uncached` also show buses and special directories.
    pub const BUS_LIST: Self = Self(0x0000_0002);
    /// In a request: keep the connection after the reply. In a reply: granted. The only bit that a server changes.
    pub const PERSISTENCE: Self = Self(0x0000_0004);
    /// Meant as "show aliases". owserver 3.2p4 shows aliases with or without it.
    pub const ALIAS: Self = Self(0x0000_0008);
    /// Meant as "do not change any device". owserver 3.2p4 ignores it.
    pub const SAFEMODE: Self = Self(0x0000_0010);
    /// Read from the bus, not from the cache, as if the path began with `/uncached`.
    pub const UNCACHED: Self = Self(0x0000_0020);
    /// Numbers without padding blanks.
    pub const TRIM: Self = Self(0x0000_0040);
    /// Marks ownet clients. owserver 3.2p4 ignores it.
    pub const OWNET: Self = Self(0x0000_0100);

    const TEMPERATURE_MASK: u32 = 0x0003_0000;
    const PRESSURE_MASK: u32 = 0x001c_0000;
    const FORMAT_MASK: u32 = 0xff00_0000;

    /// The word as an unsigned number.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether all bits of `other` are set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// With the bits of `other` set too.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// With the bits of `other` cleared.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The scale of temperatures, read and written.
    #[must_use]
    pub const fn temperature_scale(self) -> TemperatureScale {
        match self.0 & Self::TEMPERATURE_MASK {
            0x0001_0000 => TemperatureScale::Fahrenheit,
            0x0002_0000 => TemperatureScale::Kelvin,
            0x0003_0000 => TemperatureScale::Rankine,
            _ => TemperatureScale::Celsius,
        }
    }

    /// With another temperature scale.
    #[must_use]
    pub const fn with_temperature_scale(self, scale: TemperatureScale) -> Self {
        Self(self.0 & !Self::TEMPERATURE_MASK | (scale as u32) << 16)
    }

    /// The scale of pressures, read and written. The numbers 6 and 7 mean mbar, as in owserver.
    #[must_use]
    pub const fn pressure_scale(self) -> PressureScale {
        match (self.0 & Self::PRESSURE_MASK) >> 18 {
            1 => PressureScale::Atmosphere,
            2 => PressureScale::MillimetreOfMercury,
            3 => PressureScale::InchOfMercury,
            4 => PressureScale::Psi,
            5 => PressureScale::Pascal,
            _ => PressureScale::Millibar,
        }
    }

    /// With another pressure scale.
    #[must_use]
    pub const fn with_pressure_scale(self, scale: PressureScale) -> Self {
        Self(self.0 & !Self::PRESSURE_MASK | (scale as u32) << 18)
    }

    /// The spelling of ROM ids in listings. Numbers above 5 mean `f.i`, as in owserver.
    #[must_use]
    pub const fn device_format(self) -> DeviceFormat {
        match self.0 >> 24 {
            1 => DeviceFormat::Fi,
            2 => DeviceFormat::FdIdC,
            3 => DeviceFormat::FdIC,
            4 => DeviceFormat::FIdC,
            5 => DeviceFormat::FIC,
            _ => DeviceFormat::FdI,
        }
    }

    /// With another device format.
    #[must_use]
    pub const fn with_device_format(self, format: DeviceFormat) -> Self {
        Self(self.0 & !Self::FORMAT_MASK | (format as u32) << 24)
    }
}

impl BitOr for Flags {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Flags {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl BitAnd for Flags {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl Not for Flags {
    type Output = Self;
    fn not(self) -> Self {
        Self(!self.0)
    }
}

/// Prints the names of the bits that are set, joined by `|`, and bits without a name as one hexadecimal number; `0` if no
/// bit is set.
impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SINGLE: [(Flags, &str); 7] = [
            (Flags::BUS_LIST, "bus list"),
            (Flags::PERSISTENCE, "persistence"),
            (Flags::ALIAS, "alias"),
            (Flags::SAFEMODE, "safemode"),
            (Flags::UNCACHED, "uncached"),
            (Flags::TRIM, "trim"),
            (Flags::OWNET, "ownet"),
        ];
        let mut rest = *self;
        let mut separator = "";
        let mut write_item = |f: &mut fmt::Formatter<'_>, name: fmt::Arguments<'_>| {
            f.write_str(separator)?;
            separator = "|";
            f.write_fmt(name)
        };
        for (flag, name) in SINGLE {
            if self.contains(flag) {
                rest = rest.without(flag);
                write_item(f, format_args!("{name}"))?;
            }
        }
        if self.temperature_scale() != TemperatureScale::Celsius {
            rest = rest.with_temperature_scale(TemperatureScale::Celsius);
            write_item(f, format_args!("{}", self.temperature_scale()))?;
        }
        if self.pressure_scale() != PressureScale::Millibar {
            rest = rest.with_pressure_scale(PressureScale::Millibar);
            write_item(f, format_args!("{}", self.pressure_scale()))?;
        }
        if self.device_format() != DeviceFormat::FdI {
            rest = rest.with_device_format(DeviceFormat::FdI);
            write_item(f, format_args!("{}", self.device_format()))?;
        }
        if rest != Self::NONE {
            write_item(f, format_args!("{:#x}", rest.0))?;
        }
        if *self == Self::NONE { f.write_str("0") } else { Ok(()) }
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flags({:#010x}: {self})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn a_scale_or_format_changes_only_its_own_bits() {
        for start in [0, u32::MAX, 0xa5a5_a5a5] {
            let flags = Flags(start);
            for scale in [
                TemperatureScale::Celsius,
                TemperatureScale::Fahrenheit,
                TemperatureScale::Kelvin,
                TemperatureScale::Rankine,
            ] {
                let changed = flags.with_temperature_scale(scale);
                assert_eq!(changed.temperature_scale(), scale);
                assert_eq!((changed.0 ^ start) & !0x0003_0000, 0);
            }
            for scale in PressureScale::ALL {
                let changed = flags.with_pressure_scale(scale);
                assert_eq!(changed.pressure_scale(), scale);
                assert_eq!((changed.0 ^ start) & !0x001c_0000, 0);
            }
            for format in DeviceFormat::ALL {
                let changed = flags.with_device_format(format);
                assert_eq!(changed.device_format(), format);
                assert_eq!((changed.0 ^ start) & !0xff00_0000, 0);
            }
        }
    }

    #[test]
    fn unknown_numbers_mean_the_default() {
        assert_eq!(Flags(6 << 18).pressure_scale(), PressureScale::Millibar);
        assert_eq!(Flags(7 << 18).pressure_scale(), PressureScale::Millibar);
        assert_eq!(Flags(0x0600_0000).device_format(), DeviceFormat::FdI);
        assert_eq!(Flags(0xff00_0000).device_format(), DeviceFormat::FdI);
    }

    #[test]
    fn flags_are_a_set_of_bits() {
        let (a, b) = (Flags(0b0110), Flags(0b0011));
        assert_eq!((a | b, a & b), (Flags(0b0111), Flags(0b0010)));
        assert_eq!((a.with(b), a.without(b)), (Flags(0b0111), Flags(0b0100)));
        assert_eq!(!a, Flags(0xffff_fff9));
        let mut both = a;
        both |= b;
        assert_eq!((both, both.bits()), (a | b, 0b0111));
        assert!(both.contains(a) && both.contains(Flags::NONE));
        assert!(!a.contains(b), "one bit of two is not enough");
    }

    #[test]
    fn every_bit_is_printed() {
        assert_eq!(Flags::NONE.to_string(), "0");
        assert_eq!(Flags(0x17e).to_string(), "bus list|persistence|alias|safemode|uncached|trim|ownet");
        let temperatures = [1, 2, 3].map(|number| Flags(number << 16).to_string());
        assert_eq!(temperatures, ["Fahrenheit", "Kelvin", "Rankine"]);
        let pressures = [1, 2, 3, 4, 5].map(|number| Flags(number << 18).to_string());
        assert_eq!(pressures, ["atm", "mmHg", "inHg", "psi", "Pa"]);
        assert_eq!(TemperatureScale::Celsius.to_string(), "Celsius");
        assert_eq!(PressureScale::Millibar.to_string(), "mbar");
        assert_eq!(std::format!("{:?}", Flags::TRIM), "Flags(0x00000040: trim)");
        assert_eq!(Flags(0x104).to_string(), "persistence|ownet");
        assert_eq!(Flags(0x0516_0060).to_string(), "uncached|trim|Kelvin|Pa|fic");
        assert_eq!(Flags(0x8000_0081).to_string(), "0x80000081");
        assert_eq!(Flags(6 << 18).to_string(), "0x180000");
    }
}
