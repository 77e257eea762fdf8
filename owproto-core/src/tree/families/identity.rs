//! Devices that only have an address.

use super::row::*;

/// DS2401.
pub static FAMILY_01: Family = Family::new(0x01, "01", "DS2401");

/// DS1420.
pub static FAMILY_81: Family = Family::new(0x81, "81", "DS1420");

/// mRS001.
pub static FAMILY_A0: Family = Family::new(0xA0, "A0", "mRS001")
    .properties(&[row("RPM", Unsigned, RO, VOLATILE), row("reading", Unsigned, RO, VOLATILE).hidden()]);

/// mCM001.
pub static FAMILY_A2: Family = Family::new(0xA2, "A2", "mCM001")
    .properties(&[row("current", Float, RO, VOLATILE), row("reading", Unsigned, RO, VOLATILE).hidden()]);
