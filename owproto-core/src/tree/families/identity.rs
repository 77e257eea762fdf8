//! Devices with an address and hardly anything else.

use super::table::*;
use crate::tree::model::common::ADDRESS_ONLY;

/// A device whose family is unknown (observed, owserver 3.2p4).
pub static UNKNOWN: Family = Family::named("unknown").with_flags(RESUME).with_common(ADDRESS_ONLY);

/// DS2401: an address only.
pub static FAMILY_01: Family = Family::new(0x01, "DS2401");

/// DS1420: an address only.
pub static FAMILY_81: Family = Family::new(0x81, "DS1420");

/// mRS001: a rotation sensor.
pub static FAMILY_A0: Family = Family::new(0xA0, "mRS001").with_properties(&[
    Property::read_only("RPM", Unsigned),
    Property::read_only("reading", Unsigned).hidden(),
]);

/// mCM001: a meter for alternating current.
pub static FAMILY_A2: Family = Family::new(0xA2, "mCM001").with_properties(&[
    Property::read_only("current", Float),
    Property::read_only("reading", Unsigned).hidden(),
]);
