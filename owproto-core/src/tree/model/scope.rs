use crate::text::ValueType;
use crate::tree::model::property::Property;

/// What a tree has besides devices and their values: a [`Bus`](super::Bus) says it, once and for all.
///
/// A server on a computer has all of it. A small microcontroller may want the flash for something else: what is not in
/// the scope is not linked. It is not listed either, and a path that leads there is answered as one that does not exist.
/// Devices and all else are the same in every scope, byte for byte.
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
/// (Code and constants for a Cortex-M3, optimized for size with LTO; [`LEAST`](Self::LEAST) with the server's connection
/// and two families takes 14,600, [`FULL`](Self::FULL) 35,000.)
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
    /// Devices and nothing else: their directories, `/alarm`, `/uncached`, `/bus.N`.
    pub const LEAST: Self = Self(0);
    /// `/settings`: the units, timeouts and texts of return codes that clients may look at.
    pub const SETTINGS: Self = Self(0x01);
    /// `/system`: the version.
    pub const SYSTEM: Self = Self(0x02);
    /// `/statistics`. What is counted can be had from [`Tree::statistics`](super::Tree::statistics) in any case.
    pub const STATISTICS: Self = Self(0x04);
    /// `/bus.N/interface`: name, address and version of the bus master.
    pub const INTERFACES: Self = Self(0x08);
    /// `/structure`: what properties there are, and of which types. Clients that do not know the devices ask for it;
    /// most do know them.
    pub const STRUCTURE: Self = Self(0x10);
    /// `simultaneous`, which starts conversions on all devices at once, and `thermostat`.
    pub const SIMULTANEOUS: Self = Self(0x20);
    /// Properties of the type [`Date`](ValueType::Date). Devices without a clock have none.
    pub const DATES: Self = Self(0x40);
    /// WRITE. Without it the server is read-only, as with [`Permission::ReadOnly`](super::Permission::ReadOnly).
    pub const WRITES: Self = Self(0x80);
    /// Everything.
    pub const FULL: Self = Self(0xff);

    /// This and `other`.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This, but for `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether all of `other` is in this.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether a property is in this.
    pub(in crate::tree) fn has(self, property: &Property) -> bool {
        self.contains(Self::DATES) || property.value_type != ValueType::Date
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::families;

    #[test]
    fn parts_are_added_and_left_out() {
        let two = Scope::LEAST.with(Scope::SYSTEM).with(Scope::DATES);
        assert!(two.contains(Scope::SYSTEM) && two.contains(Scope::DATES) && !two.contains(Scope::WRITES));
        assert_eq!(two.with(Scope::SYSTEM), two);
        assert_eq!(two.without(Scope::SYSTEM), Scope::DATES);
        assert_eq!(two.without(Scope::WRITES), two);
        assert!(!Scope::SYSTEM.contains(two) && Scope::FULL.contains(two) && two.contains(Scope::LEAST));
    }

    #[test]
    fn without_dates_only_properties_that_are_dates_are_missing() {
        let clock = families::family(families::ALL, 0x24);
        let (date, number) = (clock.property(b"date").unwrap(), clock.property(b"udate").unwrap());
        assert!(Scope::FULL.has(date) && Scope::FULL.has(number));
        assert!(!Scope::FULL.without(Scope::DATES).has(date) && Scope::LEAST.has(number));
    }
}
