//! Memories of all kinds.

use super::table::*;

/// DS1993: a memory of 512 bytes.
pub static FAMILY_06: Family = Family::new(0x06, "DS1993").with_properties(&[
    Property::read_write("memory", Bytes).with_len(512),
    Property::read_write("pages/page", Bytes).numbered(16).with_len(32),
]);

/// DS1992: a memory of 128 bytes.
pub static FAMILY_08: Family = Family::new(0x08, "DS1992").with_properties(&[
    Property::read_write("memory", Bytes).with_len(128),
    Property::read_write("pages/page", Bytes).numbered(4).with_len(32),
]);

/// DS2502: an EPROM of 128 bytes.
pub static FAMILY_09: Family = Family::new(0x09, "DS2502").with_properties(&[
    Property::read_write("memory", Bytes).with_len(128),
    Property::read_write("pages/page", Bytes).numbered(4).with_len(32),
]);

/// DS1995: a memory of 2 KB.
pub static FAMILY_0A: Family = Family::new(0x0A, "DS1995").with_flags(OVERDRIVE).with_properties(&[
    Property::read_write("memory", Bytes).with_len(2048),
    Property::read_write("pages/page", Bytes).numbered(64).with_len(32),
]);

/// DS2505: an EPROM of 2 KB.
pub static FAMILY_0B: Family = Family::new(0x0B, "DS2505").with_properties(&[
    Property::read_write("memory", Bytes).with_len(2048),
    Property::read_write("pages/page", Bytes).numbered(64).with_len(32),
    Property::read_write("status/page", Bytes).stable().numbered(11).with_len(8),
]);

/// DS1996: a memory of 8 KB.
pub static FAMILY_0C: Family = Family::new(0x0C, "DS1996").with_flags(OVERDRIVE).with_properties(&[
    Property::read_write("memory", Bytes).with_len(8192),
    Property::read_write("pages/page", Bytes).numbered(256).with_len(32),
]);

/// DS2506: an EPROM of 8 KB.
pub static FAMILY_0F: Family = Family::new(0x0F, "DS2506").with_flags(OVERDRIVE).with_properties(&[
    Property::read_write("memory", Bytes).with_len(8192),
    Property::read_write("pages/page", Bytes).numbered(256).with_len(32),
    Property::read_write("status/page", Bytes).stable().numbered(11).with_len(32),
]);

/// DS2430A: an EEPROM of 32 bytes.
pub static FAMILY_14: Family = Family::new(0x14, "DS2430A").with_properties(&[
    Property::read_write("application", Bytes).stable().with_len(8),
    Property::read_write("memory", Bytes).with_len(32),
    Property::read_only("status", Unsigned).stable(),
]);

/// DS1963S: a memory of 512 bytes with secrets.
pub static FAMILY_18: Family =
    Family::new(0x18, "DS1963S").with_flags(RESUME).with_flags(OVERDRIVE).with_properties(&[
        Property::read_write("memory", Bytes).with_len(512),
        Property::read_only("pages/count", Unsigned).numbered(16),
        Property::read_write("pages/page", Bytes).numbered(16).with_len(32),
        Property::write_only("pages/password", Bytes).stable().with_len(8),
        Property::write_only("password", Bytes).stable().with_len(8),
    ]);

/// DS1963L: a memory of 512 bytes that counts writes.
pub static FAMILY_1A: Family = Family::new(0x1A, "DS1963L").with_flags(OVERDRIVE).with_properties(&[
    Property::read_write("memory", Bytes).with_len(512),
    Property::read_only("pages/count", Unsigned).numbered(16),
    Property::read_write("pages/page", Bytes).numbered(16).with_len(32),
]);

/// DS2433: an EEPROM of 512 bytes.
pub static FAMILY_23: Family = Family::new(0x23, "DS2433").with_flags(OVERDRIVE).with_properties(&[
    Property::read_write("memory", Bytes).with_len(512),
    Property::read_write("pages/page", Bytes).numbered(16).with_len(32),
]);

/// DS2431: an EEPROM of 128 bytes.
pub static FAMILY_2D: Family =
    Family::new(0x2D, "DS2431").with_flags(RESUME).with_flags(OVERDRIVE).with_properties(&[
        Property::read_write("memory", Bytes).with_len(128),
        Property::read_write("pages/page", Bytes).numbered(4).with_len(32),
    ]);

/// DS1977: a memory of 32 KB with passwords.
pub static FAMILY_37: Family =
    Family::new(0x37, "DS1977").with_flags(RESUME).with_flags(OVERDRIVE).with_properties(&[
        Property::read_write("memory", Bytes).with_len(32704),
        Property::read_write("pages/page", Bytes).numbered(511).with_len(64),
        Property::read_write("set_password/enabled", YesNo).stable(),
        Property::write_only("set_password/full", Bytes).stable().with_len(8),
        Property::write_only("set_password/read", Bytes).stable().with_len(8),
        Property::write_only("use_password/full", Bytes).stable().with_len(8),
        Property::write_only("use_password/read", Bytes).stable().with_len(8),
        Property::read_only("version", Unsigned).stable(),
    ]);

/// DS28EC20: an EEPROM of 2560 bytes.
pub static FAMILY_43: Family =
    Family::new(0x43, "DS28EC20").with_flags(RESUME).with_flags(OVERDRIVE).with_properties(&[
        Property::read_write("memory", Bytes).with_len(2560),
        Property::read_write("pages/page", Bytes).numbered(80).with_len(32),
    ]);

/// DS1982U: an EPROM of 128 bytes with an Ethernet address.
pub static FAMILY_89: Family = Family::new(0x89, "DS1982U").with_properties(&[
    Property::read_only("mac_e", Bytes).stable().with_len(6),
    Property::read_only("mac_fw", Bytes).stable().with_len(8),
    Property::read_write("memory", Bytes).with_len(128),
    Property::read_write("pages/page", Bytes).numbered(4).with_len(32),
    Property::read_only("project", Bytes).stable().with_len(4),
]);

/// DS1985U: an EPROM of 2 KB.
pub static FAMILY_8B: Family = Family::new(0x8B, "DS1985U").with_properties(&[
    Property::read_write("memory", Bytes).with_len(2048),
    Property::read_write("pages/page", Bytes).numbered(64).with_len(32),
    Property::read_write("status/page", Bytes).stable().numbered(11).with_len(8),
]);

/// DS1986U: an EPROM of 8 KB.
pub static FAMILY_8F: Family = Family::new(0x8F, "DS1986U").with_flags(OVERDRIVE).with_properties(&[
    Property::read_write("memory", Bytes).with_len(8192),
    Property::read_write("pages/page", Bytes).numbered(256).with_len(32),
    Property::read_write("status/page", Bytes).stable().numbered(11).with_len(32),
]);
