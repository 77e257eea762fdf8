//! Clocks and counters.

use super::table::*;

/// DS2404: a clock, counters and a memory.
pub static FAMILY_04: Family = Family::new(0x04, "DS2404").with_flags(ALARM).with_properties(&[
    Property::read_only("alarm", Unsigned),
    Property::read_write("auto", YesNo).stable(),
    Property::read_write("cycle", Unsigned).every_second(),
    Property::read_write("date", Date),
    Property::read_write("delay", YesNo).stable(),
    Property::read_write("interval/date", Date),
    Property::read_write("interval/udate", Unsigned).every_second(),
    Property::read_write("memory", Bytes).with_len(512),
    Property::read_write("pages/page", Bytes).numbered(16).with_len(32),
    Property::read_write("readonly/clock", YesNo).stable(),
    Property::read_write("readonly/cycle", YesNo).stable(),
    Property::read_write("readonly/interval", YesNo).stable(),
    Property::read_write("readonly/memory", YesNo).stable(),
    Property::read_write("running", YesNo).stable(),
    Property::read_write("set_alarm", Unsigned).stable(),
    Property::read_write("start", YesNo).stable(),
    Property::read_write("trigger/cycle", Unsigned).every_second(),
    Property::read_write("trigger/date", Date),
    Property::read_write("trigger/interval_date", Date),
    Property::read_write("trigger/interval_udate", Unsigned).every_second(),
    Property::read_write("trigger/udate", Unsigned).every_second(),
    Property::read_write("udate", Unsigned).every_second(),
]);

/// DS2423: a memory with two counters.
pub static FAMILY_1D: Family = Family::new(0x1D, "DS2423").with_flags(OVERDRIVE).with_properties(&[
    Property::read_only("counter", Unsigned).lettered(2),
    Property::read_only("counters", Unsigned).lettered(2).hidden(),
    Property::read_write("memory", Bytes).with_len(512),
    Property::read_write("mincount", Unsigned),
    Property::read_only("pages/count", Unsigned).numbered(16),
    Property::read_write("pages/page", Bytes).numbered(16).with_len(32),
]);

/// DS2415: a clock.
pub static FAMILY_24: Family = Family::new(0x24, "DS2415").with_properties(&[
    Property::read_write("ControlRegister", Unsigned).stable().hidden(),
    Property::read_write("date", Date),
    Property::read_write("running", YesNo),
    Property::read_write("udate", Unsigned).every_second(),
    Property::read_write("user", Unsigned),
]);

/// DS2417: a clock with a periodic interrupt.
pub static FAMILY_27: Family = Family::new(0x27, "DS2417").with_properties(&[
    Property::read_write("ControlRegister", Unsigned).stable().hidden(),
    Property::read_write("date", Date),
    Property::read_write("enable", YesNo),
    Property::read_write("interval", Integer),
    Property::read_write("itime", Integer),
    Property::read_write("running", YesNo),
    Property::read_write("udate", Unsigned).every_second(),
]);
