//! Memories of all kinds.

use super::row::*;

/// DS1993.
pub static FAMILY_06: Family = Family::new(0x06, "06", "DS1993").properties(&[
    row("memory", Bytes, RW, VOLATILE).len(512),
    row("pages/page", Bytes, RW, VOLATILE).numbered(16).len(32),
]);

/// DS1992.
pub static FAMILY_08: Family = Family::new(0x08, "08", "DS1992").properties(&[
    row("memory", Bytes, RW, VOLATILE).len(128),
    row("pages/page", Bytes, RW, VOLATILE).numbered(4).len(32),
]);

/// DS2502.
pub static FAMILY_09: Family = Family::new(0x09, "09", "DS2502").properties(&[
    row("memory", Bytes, RW, VOLATILE).len(128),
    row("pages/page", Bytes, RW, VOLATILE).numbered(4).len(32),
]);

/// DS1995.
pub static FAMILY_0A: Family = Family::new(0x0A, "0A", "DS1995").flags(&[OVERDRIVE]).properties(&[
    row("memory", Bytes, RW, VOLATILE).len(2048),
    row("pages/page", Bytes, RW, VOLATILE).numbered(64).len(32),
]);

/// DS2505.
pub static FAMILY_0B: Family = Family::new(0x0B, "0B", "DS2505").properties(&[
    row("memory", Bytes, RW, VOLATILE).len(2048),
    row("pages/page", Bytes, RW, VOLATILE).numbered(64).len(32),
    row("status/page", Bytes, RW, STABLE).numbered(11).len(8),
]);

/// DS1996.
pub static FAMILY_0C: Family = Family::new(0x0C, "0C", "DS1996").flags(&[OVERDRIVE]).properties(&[
    row("memory", Bytes, RW, VOLATILE).len(8192),
    row("pages/page", Bytes, RW, VOLATILE).numbered(256).len(32),
]);

/// DS2506.
pub static FAMILY_0F: Family = Family::new(0x0F, "0F", "DS2506").flags(&[OVERDRIVE]).properties(&[
    row("memory", Bytes, RW, VOLATILE).len(8192),
    row("pages/page", Bytes, RW, VOLATILE).numbered(256).len(32),
    row("status/page", Bytes, RW, STABLE).numbered(11).len(32),
]);

/// DS2430A.
pub static FAMILY_14: Family = Family::new(0x14, "14", "DS2430A").properties(&[
    row("application", Bytes, RW, STABLE).len(8),
    row("memory", Bytes, RW, VOLATILE).len(32),
    row("status", Unsigned, RO, STABLE),
]);

/// DS1963S.
pub static FAMILY_18: Family = Family::new(0x18, "18", "DS1963S").flags(&[RESUME, OVERDRIVE]).properties(&[
    row("memory", Bytes, RW, VOLATILE).len(512),
    row("pages/count", Unsigned, RO, VOLATILE).numbered(16),
    row("pages/page", Bytes, RW, VOLATILE).numbered(16).len(32),
    row("pages/password", Bytes, WO, STABLE).len(8),
    row("password", Bytes, WO, STABLE).len(8),
]);

/// DS1963L.
pub static FAMILY_1A: Family = Family::new(0x1A, "1A", "DS1963L").flags(&[OVERDRIVE]).properties(&[
    row("memory", Bytes, RW, VOLATILE).len(512),
    row("pages/count", Unsigned, RO, VOLATILE).numbered(16),
    row("pages/page", Bytes, RW, VOLATILE).numbered(16).len(32),
]);

/// DS2433.
pub static FAMILY_23: Family = Family::new(0x23, "23", "DS2433").flags(&[OVERDRIVE]).properties(&[
    row("memory", Bytes, RW, VOLATILE).len(512),
    row("pages/page", Bytes, RW, VOLATILE).numbered(16).len(32),
]);

/// DS2431.
pub static FAMILY_2D: Family = Family::new(0x2D, "2D", "DS2431").flags(&[RESUME, OVERDRIVE]).properties(&[
    row("memory", Bytes, RW, VOLATILE).len(128),
    row("pages/page", Bytes, RW, VOLATILE).numbered(4).len(32),
]);

/// DS1977.
pub static FAMILY_37: Family = Family::new(0x37, "37", "DS1977").flags(&[RESUME, OVERDRIVE]).properties(&[
    row("memory", Bytes, RW, VOLATILE).len(32704),
    row("pages/page", Bytes, RW, VOLATILE).numbered(511).len(64),
    row("set_password/enabled", YesNo, RW, STABLE),
    row("set_password/full", Bytes, WO, STABLE).len(8),
    row("set_password/read", Bytes, WO, STABLE).len(8),
    row("use_password/full", Bytes, WO, STABLE).len(8),
    row("use_password/read", Bytes, WO, STABLE).len(8),
    row("version", Unsigned, RO, STABLE),
]);

/// DS28EC20.
pub static FAMILY_43: Family = Family::new(0x43, "43", "DS28EC20").flags(&[RESUME, OVERDRIVE]).properties(&[
    row("memory", Bytes, RW, VOLATILE).len(2560),
    row("pages/page", Bytes, RW, VOLATILE).numbered(80).len(32),
]);

/// DS1982U.
pub static FAMILY_89: Family = Family::new(0x89, "89", "DS1982U").properties(&[
    row("mac_e", Bytes, RO, STABLE).len(6),
    row("mac_fw", Bytes, RO, STABLE).len(8),
    row("memory", Bytes, RW, VOLATILE).len(128),
    row("pages/page", Bytes, RW, VOLATILE).numbered(4).len(32),
    row("project", Bytes, RO, STABLE).len(4),
]);

/// DS1985U.
pub static FAMILY_8B: Family = Family::new(0x8B, "8B", "DS1985U").properties(&[
    row("memory", Bytes, RW, VOLATILE).len(2048),
    row("pages/page", Bytes, RW, VOLATILE).numbered(64).len(32),
    row("status/page", Bytes, RW, STABLE).numbered(11).len(8),
]);

/// DS1986U.
pub static FAMILY_8F: Family = Family::new(0x8F, "8F", "DS1986U").flags(&[OVERDRIVE]).properties(&[
    row("memory", Bytes, RW, VOLATILE).len(8192),
    row("pages/page", Bytes, RW, VOLATILE).numbered(256).len(32),
    row("status/page", Bytes, RW, STABLE).numbered(11).len(32),
]);
