//! Properties that most devices have. The tree answers them itself; no bus is asked.

use super::row::*;

/// Those of every family that has a driver.
pub static COMMON: &[Property] = &[
    row("address", Text, RO, FIXED).len(16),
    row("alias", Alias, RW, FIXED).len(256),
    row("crc8", Text, RO, FIXED).len(2),
    row("family", Text, RO, FIXED).len(2),
    row("id", Text, RO, FIXED).len(12),
    row("locator", Text, RO, FIXED).len(16),
    row("present", YesNo, RO, VOLATILE).hidden(),
    row("r_address", Text, RO, FIXED).len(16),
    row("r_id", Text, RO, FIXED).len(12),
    row("r_locator", Text, RO, FIXED).len(16),
    row("type", Text, RO, FIXED).len(32),
];

/// Those of a device whose family nobody knows (observed, owserver 3.2p4).
static ADDRESS_ONLY: &[Property] = &[
    row("address", Text, RO, FIXED).len(16),
    row("crc8", Text, RO, FIXED).len(2),
    row("family", Text, RO, FIXED).len(2),
    row("id", Text, RO, FIXED).len(12),
    row("present", YesNo, RO, VOLATILE).hidden(),
    row("r_address", Text, RO, FIXED).len(16),
    row("r_id", Text, RO, FIXED).len(12),
];

/// A device whose family nobody knows.
pub static UNKNOWN: Family = Family::pseudo("unknown").flags(&[RESUME]).common(ADDRESS_ONLY);
