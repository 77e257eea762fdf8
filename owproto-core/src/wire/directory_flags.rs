use core::fmt;

/// What the devices of a listed directory can do: the offset word of the reply that ends the listing (owfs:
/// `ow_device.h`).
///
/// It is the OR over the device *types* listed, 0 for a directory without devices. owserver 3.2p4 loses bits when it has
/// several buses, so a bit that is not set proves nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct DirectoryFlags(pub u32);

impl DirectoryFlags {
    /// A device supports the RESUME command.
    pub const RESUME: Self = Self(0x0001);
    /// A device can be in alarm.
    pub const ALARM: Self = Self(0x0002);
    /// A device supports overdrive speed.
    pub const OVERDRIVE: Self = Self(0x0004);
    /// A device supports the CHAIN command.
    pub const CHAIN: Self = Self(0x2000);
    /// A device takes part in simultaneous voltage conversion.
    pub const SIMULTANEOUS_VOLTAGE: Self = Self(0x4000);
    /// A device takes part in simultaneous temperature conversion.
    pub const SIMULTANEOUS_TEMPERATURE: Self = Self(0x8000);

    /// Whether all bits of `other` are set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// The word in hexadecimal.
impl fmt::Display for DirectoryFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#06x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directory_flags_are_a_set_of_bits() {
        let both = DirectoryFlags(0xc000);
        assert!(both.contains(DirectoryFlags::SIMULTANEOUS_VOLTAGE) && both.contains(both));
        assert!(!DirectoryFlags::SIMULTANEOUS_VOLTAGE.contains(both), "one bit of two is not enough");
        assert!(!both.contains(DirectoryFlags::ALARM) && both.contains(DirectoryFlags::default()));
        assert_eq!(std::format!("{} {}", both, DirectoryFlags::ALARM), "0xc000 0x0002");
    }
}
