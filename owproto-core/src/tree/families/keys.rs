//! Memories behind passwords.

use super::row::*;

/// DS1991.
pub static FAMILY_02: Family = Family::new(0x02, "02", "DS1991").properties(&[
    row("subkey0/id", Bytes, RW, STABLE).sparse_letters().len(8),
    row("subkey0/password", Bytes, WO, STABLE).sparse_letters().len(8),
    row("subkey0/reset", YesNo, WO, STABLE).sparse_letters(),
    row("subkey0/secure_data", Bytes, RW, STABLE).sparse_letters().len(48),
    row("subkey1/id", Bytes, RW, STABLE).sparse_letters().len(8),
    row("subkey1/password", Bytes, WO, STABLE).sparse_letters().len(8),
    row("subkey1/reset", YesNo, WO, STABLE).sparse_letters(),
    row("subkey1/secure_data", Bytes, RW, STABLE).sparse_letters().len(48),
    row("subkey2/id", Bytes, RW, STABLE).sparse_letters().len(8),
    row("subkey2/password", Bytes, WO, STABLE).sparse_letters().len(8),
    row("subkey2/reset", YesNo, WO, STABLE).sparse_letters(),
    row("subkey2/secure_data", Bytes, RW, STABLE).sparse_letters().len(48),
]);

/// DS1425.
pub static FAMILY_82: Family = Family::new(0x82, "82", "DS1425").properties(&[
    row("subkey0/id", Bytes, RW, STABLE).sparse_letters().len(8),
    row("subkey0/password", Bytes, WO, STABLE).sparse_letters().len(8),
    row("subkey0/reset", YesNo, WO, STABLE).sparse_letters(),
    row("subkey0/secure_data", Bytes, RW, STABLE).sparse_letters().len(48),
    row("subkey1/id", Bytes, RW, STABLE).sparse_letters().len(8),
    row("subkey1/password", Bytes, WO, STABLE).sparse_letters().len(8),
    row("subkey1/reset", YesNo, WO, STABLE).sparse_letters(),
    row("subkey1/secure_data", Bytes, RW, STABLE).sparse_letters().len(48),
    row("subkey2/id", Bytes, RW, STABLE).sparse_letters().len(8),
    row("subkey2/password", Bytes, WO, STABLE).sparse_letters().len(8),
    row("subkey2/reset", YesNo, WO, STABLE).sparse_letters(),
    row("subkey2/secure_data", Bytes, RW, STABLE).sparse_letters().len(48),
]);
