//! Memories behind passwords.

use super::row::*;

macro_rules! subkeys {
    ($($name:literal)+) => {
        &[$(
            row(concat!($name, "/id"), Bytes, RW, STABLE).sparse_letters().len(8),
            row(concat!($name, "/password"), Bytes, WO, STABLE).sparse_letters().len(8),
            row(concat!($name, "/reset"), YesNo, WO, STABLE).sparse_letters(),
            row(concat!($name, "/secure_data"), Bytes, RW, STABLE).sparse_letters().len(48),
        )+]
    };
}

static SUBKEYS: &[Property] = subkeys!["subkey0" "subkey1" "subkey2"];

/// DS1991.
pub static FAMILY_02: Family = Family::new(0x02, "02", "DS1991").properties(SUBKEYS);

/// DS1425.
pub static FAMILY_82: Family = Family::new(0x82, "82", "DS1425").properties(SUBKEYS);
