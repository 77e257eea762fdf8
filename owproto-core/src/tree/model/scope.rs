use super::property::Property;
use crate::text::ValueType;

/// What a tree has besides devices and their values: a constant of its [`Bus`](crate::tree::Bus).
///
/// A server on a computer has all of it. Firmware with little flash leaves parts out: code for a part outside of the
/// scope is not linked. Such a part is not listed, and a path into it gets the answer for a path that does not exist.
/// Everything else is the same in every scope, byte for byte.
///
/// | part | what it is | bytes of flash, about |
/// |---|---|---|
/// | [`SETTINGS`](Self::SETTINGS) | `/settings` | 4800 |
/// | [`SYSTEM`](Self::SYSTEM) | `/system` | 800 |
/// | [`STATISTICS`](Self::STATISTICS) | `/statistics` | 3900 |
/// | [`INTERFACES`](Self::INTERFACES) | `/bus.N/interface` | 1800 |
/// | [`STRUCTURE`](Self::STRUCTURE) | `/structure` | 700 |
/// | [`SIMULTANEOUS`](Self::SIMULTANEOUS) | `simultaneous` and `thermostat` | 600 |
/// | [`DATES`](Self::DATES) | properties whose values are dates | 800 |
/// | [`WRITES`](Self::WRITES) | WRITE | 2900 |
///
/// (Code and constants for a Cortex-M3, optimized for size with LTO. With the server's connection and two families,
/// [`LEAST`](Self::LEAST) takes 14,600 bytes and [`FULL`](Self::FULL) 35,000.)
///
/// ```
/// use owproto_core::tree::Scope;
/// const SCOPE: Scope = Scope::LEAST.with(Scope::SYSTEM);
/// assert!(SCOPE.contains(Scope::SYSTEM) && !SCOPE.contains(Scope::SETTINGS));
/// assert_eq!(Scope::FULL.without(Scope::DATES).with(Scope::DATES), Scope::FULL);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Scope(u8);

impl Scope {
    /// Devices only: their directories, `/alarm`, `/uncached`, `/bus.N`.
    pub const LEAST: Self = Self(0);
    /// `/settings`: units, timeouts and the texts of return codes.
    pub const SETTINGS: Self = Self(0x01);
    /// `/system`: the version.
    pub const SYSTEM: Self = Self(0x02);
    /// `/statistics`. [`Tree::statistics`](crate::tree::Tree::statistics) has the counters in every scope.
    pub const STATISTICS: Self = Self(0x04);
    /// `/bus.N/interface`: name, address and version of the bus master.
    pub const INTERFACES: Self = Self(0x08);
    /// `/structure`: the names and types of properties, for clients that do not know the devices. Most clients know them.
    pub const STRUCTURE: Self = Self(0x10);
    /// `simultaneous`, which starts conversions on all devices, and `thermostat`.
    pub const SIMULTANEOUS: Self = Self(0x20);
    /// Properties of the type [`Date`](ValueType::Date). Devices without a clock have none.
    pub const DATES: Self = Self(0x40);
    /// WRITE. Without it the server is read-only, as with [`Permission::ReadOnly`](crate::tree::Permission::ReadOnly).
    pub const WRITES: Self = Self(0x80);
    /// All parts.
    pub const FULL: Self = Self(0xff);

    /// This scope and `other`.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This scope without `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether this scope has all parts of `other`.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether a property exists in this scope.
    pub(in crate::tree) fn includes(self, property: &Property) -> bool {
        self.contains(Self::DATES) || property.value_type != ValueType::Date
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_adds_parts_and_without_removes_them() {
        let two = Scope::LEAST.with(Scope::SYSTEM).with(Scope::DATES);
        assert!(two.contains(Scope::SYSTEM) && two.contains(Scope::DATES) && !two.contains(Scope::WRITES));
        assert_eq!(two.with(Scope::SYSTEM), two);
        assert_eq!(two.without(Scope::SYSTEM), Scope::DATES);
        assert_eq!(two.without(Scope::WRITES), two);
        assert!(!Scope::SYSTEM.contains(two) && Scope::FULL.contains(two) && two.contains(Scope::LEAST));
    }

    #[test]
    fn a_scope_without_dates_excludes_only_properties_that_are_dates() {
        let date = Property::read_write("date", ValueType::Date);
        let number = Property::read_write("udate", ValueType::Unsigned);
        assert!(Scope::FULL.includes(&date) && Scope::FULL.includes(&number));
        assert!(!Scope::FULL.without(Scope::DATES).includes(&date) && Scope::LEAST.includes(&number));
    }
}
