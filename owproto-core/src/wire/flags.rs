use core::fmt;
use core::ops::{BitAnd, BitOr, BitOrAssign, Not};

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
/// Flags hold for one request; owserver remembers none of them on a connection. Its reply carries them unchanged,
/// bits without meaning included, except for the persistence bit, which says what was granted. A keepalive carries
/// 0 (observed, owserver 3.2p4).
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
    /// Asks to keep the connection after this reply; in a reply: granted. The only bit a server changes.
    pub const PERSISTENCE: Self = Self(0x0000_0004);
    /// Meant as "show aliases". owserver 3.2p4 shows them with and without it.
    pub const ALIAS: Self = Self(0x0000_0008);
    /// Meant as "do nothing that changes a device". owserver 3.2p4 does not look at it.
    pub const SAFEMODE: Self = Self(0x0000_0010);
    /// As if the path began with `/uncached`: read from the bus, not from the cache.
    pub const UNCACHED: Self = Self(0x0000_0020);
    /// Numbers without padding blanks.
    pub const TRIM: Self = Self(0x0000_0040);
    /// Marks ownet clients. owserver 3.2p4 does not look at it.
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

    /// The scale in which temperatures are sent and taken.
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

    /// The scale in which pressures are sent and taken. The numbers 6 and 7 act like mbar.
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

    /// How the server spells ROM ids in listings. Numbers above 5 act like `f.i`.
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

/// Names of the bits that are set, joined by `|`; what has no name as one hexadecimal number; `0` if nothing is set.
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
        let mut put = |f: &mut fmt::Formatter<'_>, name: fmt::Arguments<'_>| {
            f.write_str(separator)?;
            separator = "|";
            f.write_fmt(name)
        };
        for (flag, name) in SINGLE {
            if self.contains(flag) {
                rest = rest.without(flag);
                put(f, format_args!("{name}"))?;
            }
        }
        if self.temperature_scale() != TemperatureScale::Celsius {
            rest = rest.with_temperature_scale(TemperatureScale::Celsius);
            put(f, format_args!("{}", self.temperature_scale()))?;
        }
        if self.pressure_scale() != PressureScale::Millibar {
            rest = rest.with_pressure_scale(PressureScale::Millibar);
            put(f, format_args!("{}", self.pressure_scale()))?;
        }
        if self.device_format() != DeviceFormat::FdI {
            rest = rest.with_device_format(DeviceFormat::FdI);
            put(f, format_args!("{}", self.device_format()))?;
        }
        if rest != Self::NONE {
            put(f, format_args!("{:#x}", rest.0))?;
        }
        if *self == Self::NONE { f.write_str("0") } else { Ok(()) }
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flags({:#010x}: {self})", self.0)
    }
}

/// Bits 16 and 17: the scale of temperatures.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum TemperatureScale {
    /// 0: degrees Celsius.
    #[default]
    Celsius = 0,
    /// 1: degrees Fahrenheit, 1.8 C + 32.
    Fahrenheit = 1,
    /// 2: Kelvin, C + 273.15.
    Kelvin = 2,
    /// 3: degrees Rankine, 1.8 C + 32 + 459.67.
    Rankine = 3,
}

impl TemperatureScale {
    const KELVIN: f64 = 273.15;
    const RANKINE: f64 = 459.67;

    /// A temperature in degrees Celsius, on this scale (owfs: `ow_temp.c`).
    #[must_use]
    pub fn from_celsius(self, celsius: f64) -> f64 {
        match self {
            Self::Celsius => celsius,
            Self::Fahrenheit => 1.8 * celsius + 32.0,
            Self::Kelvin => celsius + Self::KELVIN,
            Self::Rankine => 1.8 * celsius + 32.0 + Self::RANKINE,
        }
    }

    /// The inverse of [`from_celsius`](Self::from_celsius).
    #[must_use]
    pub fn to_celsius(self, temperature: f64) -> f64 {
        match self {
            Self::Celsius => temperature,
            Self::Fahrenheit => (temperature - 32.0) / 1.8,
            Self::Kelvin => temperature - Self::KELVIN,
            Self::Rankine => (temperature - 32.0 - Self::RANKINE) / 1.8,
        }
    }
}

impl fmt::Display for TemperatureScale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Celsius => "Celsius",
            Self::Fahrenheit => "Fahrenheit",
            Self::Kelvin => "Kelvin",
            Self::Rankine => "Rankine",
        })
    }
}

/// Bits 18 to 20: the scale of pressures.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum PressureScale {
    /// 0: millibar (hectopascal).
    #[default]
    Millibar = 0,
    /// 1: standard atmosphere.
    Atmosphere = 1,
    /// 2: millimetre of mercury.
    MillimetreOfMercury = 2,
    /// 3: inch of mercury.
    InchOfMercury = 3,
    /// 4: pound-force per square inch.
    Psi = 4,
    /// 5: pascal.
    Pascal = 5,
}

impl PressureScale {
    /// All six, in the order of their numbers.
    pub const ALL: [Self; 6] = [
        Self::Millibar,
        Self::Atmosphere,
        Self::MillimetreOfMercury,
        Self::InchOfMercury,
        Self::Psi,
        Self::Pascal,
    ];

    /// The symbol of the unit: `mbar`, `atm`, `mmHg`, `inHg`, `psi` or `Pa`.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Millibar => "mbar",
            Self::Atmosphere => "atm",
            Self::MillimetreOfMercury => "mmHg",
            Self::InchOfMercury => "inHg",
            Self::Psi => "psi",
            Self::Pascal => "Pa",
        }
    }
}

/// The [symbol](PressureScale::symbol).
impl fmt::Display for PressureScale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.symbol())
    }
}

/// Bits 24 to 31: how a ROM id is spelled in listings. `f` is the family code, `i` the id, `c` the CRC8, and a `d`
/// in the name stands for a dot.
///
/// Requests may use any of the six, whatever the flags say.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum DeviceFormat {
    /// 0: `f.i`, as in `10.67C6697351FF`.
    #[default]
    FdI = 0,
    /// 1: `fi`, as in `1067C6697351FF`.
    Fi = 1,
    /// 2: `f.i.c`, as in `10.67C6697351FF.8D`.
    FdIdC = 2,
    /// 3: `f.ic`, as in `10.67C6697351FF8D`.
    FdIC = 3,
    /// 4: `fi.c`, as in `1067C6697351FF.8D`.
    FIdC = 4,
    /// 5: `fic`, as in `1067C6697351FF8D`.
    FIC = 5,
}

impl DeviceFormat {
    /// All six, in the order of their numbers.
    pub const ALL: [Self; 6] = [Self::FdI, Self::Fi, Self::FdIdC, Self::FdIC, Self::FIdC, Self::FIC];

    /// The name that owserver's option `--format` uses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FdI => "f.i",
            Self::Fi => "fi",
            Self::FdIdC => "f.i.c",
            Self::FdIC => "f.ic",
            Self::FIdC => "fi.c",
            Self::FIC => "fic",
        }
    }

    /// Whether there is a dot between family code and id.
    #[must_use]
    pub const fn has_dot_after_family(self) -> bool {
        matches!(self, Self::FdI | Self::FdIdC | Self::FdIC)
    }

    /// Whether the CRC8 is shown.
    #[must_use]
    pub const fn has_crc(self) -> bool {
        matches!(self, Self::FdIdC | Self::FdIC | Self::FIdC | Self::FIC)
    }

    /// Whether there is a dot before the CRC8.
    #[must_use]
    pub const fn has_dot_before_crc(self) -> bool {
        matches!(self, Self::FdIdC | Self::FIdC)
    }
}

impl fmt::Display for DeviceFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn typed_fields_change_only_their_own_bits() {
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
    fn numbers_without_meaning_act_like_the_default() {
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
    fn four_scales_meet_at_known_points() {
        // What owserver's tester gives for one temperature (owfs: `ow_temp.c`); water freezes and boils.
        for (scale, cold, hot) in [
            (TemperatureScale::Celsius, 0.0, 100.0),
            (TemperatureScale::Fahrenheit, 32.0, 212.0),
            (TemperatureScale::Kelvin, 273.15, 373.15),
            (TemperatureScale::Rankine, 491.67, 671.67),
        ] {
            for (celsius, there) in [(0.0, cold), (100.0, hot)] {
                let (to, back) = (scale.from_celsius(celsius), scale.to_celsius(there));
                assert!((to - there).abs() < 1e-9, "{celsius} C is {to} {scale}");
                assert!((back - celsius).abs() < 1e-9, "{there} {scale} is {back} C");
            }
        }
    }

    #[test]
    fn formats_have_the_names_of_owserver() {
        let names = DeviceFormat::ALL.map(DeviceFormat::name);
        assert_eq!(names, ["f.i", "fi", "f.i.c", "f.ic", "fi.c", "fic"]);
        for format in DeviceFormat::ALL {
            // The name is made as the spelling is.
            let name = format.name();
            assert_eq!(format.has_dot_after_family(), name.starts_with("f."), "{name}");
            assert_eq!(format.has_crc(), name.ends_with('c'), "{name}");
            assert_eq!(format.has_dot_before_crc(), name.ends_with(".c"), "{name}");
            assert_eq!(std::format!("{format:>6}"), std::format!("{name:>6}"));
        }
    }

    #[test]
    fn printing_names_every_bit() {
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
