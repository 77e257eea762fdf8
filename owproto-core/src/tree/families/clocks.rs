//! Clocks and counters.

use super::row::*;

/// DS2404.
pub static FAMILY_04: Family = Family::new(0x04, "04", "DS2404").flags(&[ALARM]).properties(&[
    row("alarm", Unsigned, RO, VOLATILE),
    row("auto", YesNo, RW, STABLE),
    row("cycle", Unsigned, RW, EVERY_SECOND),
    row("date", Date, RW, VOLATILE),
    row("delay", YesNo, RW, STABLE),
    row("interval/date", Date, RW, VOLATILE),
    row("interval/udate", Unsigned, RW, EVERY_SECOND),
    row("memory", Bytes, RW, VOLATILE).len(512),
    row("pages/page", Bytes, RW, VOLATILE).numbered(16).len(32),
    row("readonly/clock", YesNo, RW, STABLE),
    row("readonly/cycle", YesNo, RW, STABLE),
    row("readonly/interval", YesNo, RW, STABLE),
    row("readonly/memory", YesNo, RW, STABLE),
    row("running", YesNo, RW, STABLE),
    row("set_alarm", Unsigned, RW, STABLE),
    row("start", YesNo, RW, STABLE),
    row("trigger/cycle", Unsigned, RW, EVERY_SECOND),
    row("trigger/date", Date, RW, VOLATILE),
    row("trigger/interval_date", Date, RW, VOLATILE),
    row("trigger/interval_udate", Unsigned, RW, EVERY_SECOND),
    row("trigger/udate", Unsigned, RW, EVERY_SECOND),
    row("udate", Unsigned, RW, EVERY_SECOND),
]);

/// DS2423.
pub static FAMILY_1D: Family = Family::new(0x1D, "1D", "DS2423").flags(&[OVERDRIVE]).properties(&[
    row("counter", Unsigned, RO, VOLATILE).lettered(2),
    row("counters", Unsigned, RO, VOLATILE).lettered(2).hidden(),
    row("memory", Bytes, RW, VOLATILE).len(512),
    row("mincount", Unsigned, RW, VOLATILE),
    row("pages/count", Unsigned, RO, VOLATILE).numbered(16),
    row("pages/page", Bytes, RW, VOLATILE).numbered(16).len(32),
]);

/// DS2415.
pub static FAMILY_24: Family = Family::new(0x24, "24", "DS2415").properties(&[
    row("ControlRegister", Unsigned, RW, STABLE).hidden(),
    row("date", Date, RW, VOLATILE),
    row("running", YesNo, RW, VOLATILE),
    row("udate", Unsigned, RW, EVERY_SECOND),
    row("user", Unsigned, RW, VOLATILE),
]);

/// DS2417.
pub static FAMILY_27: Family = Family::new(0x27, "27", "DS2417").properties(&[
    row("ControlRegister", Unsigned, RW, STABLE).hidden(),
    row("date", Date, RW, VOLATILE),
    row("enable", YesNo, RW, VOLATILE),
    row("interval", Integer, RW, VOLATILE),
    row("itime", Integer, RW, VOLATILE),
    row("running", YesNo, RW, VOLATILE),
    row("udate", Unsigned, RW, EVERY_SECOND),
]);
