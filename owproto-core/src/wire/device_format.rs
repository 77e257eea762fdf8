use core::fmt;

/// Bits 24 to 31: the spelling of ROM ids in listings. `f` is the family code, `i` the id, `c` the CRC8; a `d` in the name
/// stands for a dot.
///
/// Requests may use any of the six, independent of the flags.
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
    /// All formats, in the order of their numbers.
    pub const ALL: [Self; 6] = [Self::FdI, Self::Fi, Self::FdIdC, Self::FdIC, Self::FIdC, Self::FIC];

    /// The name in owserver's option `--format`.
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

    /// Whether the spelling includes the CRC8.
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
    use super::*;

    #[test]
    fn formats_have_the_names_of_owserver() {
        let names = DeviceFormat::ALL.map(DeviceFormat::name);
        assert_eq!(names, ["f.i", "fi", "f.i.c", "f.ic", "fi.c", "fic"]);
        for format in DeviceFormat::ALL {
            // The name has the form of the spelling.
            let name = format.name();
            assert_eq!(format.has_dot_after_family(), name.starts_with("f."), "{name}");
            assert_eq!(format.has_crc(), name.ends_with('c'), "{name}");
            assert_eq!(format.has_dot_before_crc(), name.ends_with(".c"), "{name}");
            assert_eq!(std::format!("{format:>6}"), std::format!("{name:>6}"));
        }
    }
}
