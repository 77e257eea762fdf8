//! Memories that are protected by passwords.

use super::table::*;

macro_rules! subkeys {
    ($($name:literal)+) => {
        &[$(
            Property::read_write(concat!($name, "/id"), Bytes).stable().sparse_letters().with_len(8),
            Property::write_only(concat!($name, "/password"), Bytes).stable().sparse_letters().with_len(8),
            Property::write_only(concat!($name, "/reset"), YesNo).stable().sparse_letters(),
            Property::read_write(concat!($name, "/secure_data"), Bytes).stable().sparse_letters().with_len(48),
        )+]
    };
}

static SUBKEYS: &[Property] = subkeys!["subkey0" "subkey1" "subkey2"];

/// DS1991: three memories (subkeys), each with a password.
pub static FAMILY_02: Family = Family::new(0x02, "DS1991").with_properties(SUBKEYS);

/// DS1425: the same as a DS1991.
pub static FAMILY_82: Family = Family::new(0x82, "DS1425").with_properties(SUBKEYS);
