//! Battery monitors.

use super::table::*;

macro_rules! thermocouples {
    ($($name:literal)+) => {
        &[$(
            Property::read_only(concat!($name, "/range_high"), Temperature).fixed(),
            Property::read_only(concat!($name, "/range_low"), Temperature).fixed(),
            Property::read_only(concat!($name, "/temperature"), Temperature),
        )+]
    };
}

/// A chip with a current sensor can measure a thermocouple instead: what its voltage means for each type.
const THERMOCOUPLES: &[Property] =
    thermocouples!["typeB" "typeE" "typeJ" "typeK" "typeN" "typeR" "typeS" "typeT"];

/// DS2436: a battery monitor.
pub static FAMILY_1B: Family = Family::new(0x1B, "DS2436").with_properties(&[
    Property::read_only("counter/cycles", Unsigned).stable(),
    Property::write_only("counter/increment", YesNo),
    Property::write_only("counter/reset", YesNo),
    Property::read_write("pages/page", Bytes).stable().numbered(3).with_len(32),
    Property::read_only("temperature", Temperature),
    Property::read_only("volts", Float),
]);

/// DS2770: a battery monitor that controls charging.
pub static FAMILY_2E: Family = Family::new(0x2E, "DS2770").with_properties(joined![
    &[
        Property::read_write("amphours", Float),
        Property::write_only("charge", YesNo).stable(),
        Property::read_write("cini", YesNo).stable(),
        Property::read_write("cstat0", YesNo).stable(),
        Property::read_write("cstat1", YesNo).stable(),
        Property::read_write("ctype", YesNo).stable(),
        Property::read_only("current", Float),
        Property::read_write("currentbias", Float),
        Property::read_write("defaultpmod", YesNo).stable(),
        Property::read_write("lock", YesNo).stable().numbered(3),
        Property::read_write("memory", Bytes).with_len(256),
        Property::read_write("pages/page", Bytes).numbered(3).with_len(16),
        Property::read_write("pmod", YesNo).stable(),
        Property::write_only("refresh", YesNo).stable(),
        Property::read_only("temperature", Temperature),
        Property::read_write("timer", Float),
    ],
    THERMOCOUPLES,
    &[
        Property::read_write("vbias", Float).stable(),
        Property::read_only("vis", Float),
        Property::read_only("volt", Float),
        Property::read_write("volthours", Float),
    ],
]);

/// DS2760: a battery monitor. The WS603 (a weather station) is made of it.
pub static FAMILY_30: Family = Family::new(0x30, "DS2760").with_properties(joined![
    &[
        Property::write_only("PIO", YesNo),
        Property::write_only("WS603/LED/control", Unsigned).stable().numbered(4),
        Property::read_only("WS603/LED/model", Unsigned),
        Property::read_only("WS603/LED/status", Unsigned),
        Property::read_write("WS603/calibration/direction", Unsigned),
        Property::read_write("WS603/calibration/wind_speed", Unsigned),
        Property::read_only("WS603/data_string", Bytes).with_len(5).hidden(),
        Property::read_only("WS603/direction", Unsigned),
        Property::read_only("WS603/light/intensity", Unsigned),
        Property::read_only("WS603/light/threshold", Unsigned),
        Property::read_only("WS603/param_string", Bytes).stable().with_len(5).hidden(),
        Property::read_only("WS603/temperature", Temperature),
        Property::read_only("WS603/volt", Unsigned),
        Property::read_only("WS603/wind_speed", Float),
        Property::read_write("amphours", Float),
        Property::read_write("cc", YesNo),
        Property::read_write("ce", YesNo),
        Property::read_write("coc", YesNo),
        Property::read_only("current", Float),
        Property::read_write("currentbias", Float),
        Property::read_write("dc", YesNo),
        Property::read_write("de", YesNo),
        Property::read_write("defaultpmod", YesNo).stable(),
        Property::read_write("defaultswen", YesNo).stable(),
        Property::read_write("doc", YesNo),
        Property::read_write("lock", YesNo).stable().numbered(2),
        Property::read_write("memory", Bytes).with_len(256),
        Property::read_only("mstr", YesNo),
        Property::read_write("ov", YesNo),
        Property::read_write("pages/page", Bytes).numbered(2).with_len(16),
        Property::read_only("pmod", YesNo).stable(),
        Property::read_write("ps", YesNo),
        Property::read_only("sensed", YesNo),
        Property::read_only("swen", YesNo).stable(),
        Property::read_only("temperature", Temperature),
    ],
    THERMOCOUPLES,
    &[
        Property::read_write("uv", YesNo),
        Property::read_write("vbias", Float).stable(),
        Property::read_only("vis", Float),
        Property::read_only("volt", Float),
        Property::read_write("volthours", Float),
    ],
]);

/// DS2720: a battery monitor.
pub static FAMILY_31: Family = Family::new(0x31, "DS2720").with_properties(&[
    Property::read_write("cc", YesNo),
    Property::read_write("ce", YesNo),
    Property::read_write("dc", YesNo),
    Property::read_write("de", YesNo),
    Property::read_write("doc", YesNo),
    Property::read_write("lock", YesNo).stable().numbered(2),
    Property::read_write("memory", Bytes).with_len(256),
    Property::read_write("ot", YesNo),
    Property::read_write("ov", YesNo),
    Property::read_write("pages/page", Bytes).numbered(2).with_len(4),
    Property::read_write("psf", YesNo),
    Property::read_write("uv", YesNo),
]);

/// DS2780: a battery monitor.
pub static FAMILY_32: Family = Family::new(0x32, "DS2780").with_properties(joined![
    &[
        Property::write_only("PIO", YesNo),
        Property::read_write("aef", YesNo),
        Property::read_write("chgtf", YesNo),
        Property::read_write("dc", YesNo),
        Property::read_write("learnf", YesNo),
        Property::read_write("lock", YesNo).stable().numbered(2),
        Property::read_write("memory", Bytes).with_len(256),
        Property::read_write("nben", YesNo),
        Property::read_write("pages/page", Bytes).numbered(2).with_len(16),
        Property::read_write("pmod", YesNo),
        Property::read_write("porf", YesNo),
        Property::read_write("rnaop", YesNo),
        Property::read_write("sef", YesNo),
        Property::read_only("sensed", YesNo),
        Property::read_only("temperature", Temperature),
    ],
    THERMOCOUPLES,
    &[
        Property::read_write("uven", YesNo),
        Property::read_write("uvf", YesNo),
        Property::read_write("vbias", Float).stable(),
        Property::read_only("vis", Float),
        Property::read_only("vis_avg", Float),
        Property::read_only("volt", Float),
        Property::read_write("volthours", Float),
    ],
]);

/// DS2755: a battery monitor.
pub static FAMILY_35: Family = Family::new(0x35, "DS2755").with_flags(ALARM).with_properties(joined![
    &[
        Property::write_only("PIO", YesNo),
        Property::read_write("alarm_set", Float),
        Property::read_write("defaultpmod", YesNo).stable(),
        Property::read_write("ios", YesNo).stable(),
        Property::read_write("lock", YesNo).stable().numbered(3),
        Property::read_write("memory", Bytes).with_len(256),
        Property::read_write("ovd", YesNo).stable(),
        Property::read_write("pages/page", Bytes).numbered(3).with_len(32),
        Property::read_only("pie0", YesNo).stable(),
        Property::read_only("pie1", YesNo).stable(),
        Property::read_only("pmod", YesNo).stable(),
        Property::read_write("por", YesNo).stable(),
        Property::read_only("rnaop", YesNo).stable(),
        Property::read_only("sensed", YesNo),
        Property::read_only("temperature", Temperature),
    ],
    THERMOCOUPLES,
    &[
        Property::read_write("uben", YesNo).stable(),
        Property::read_write("uven", YesNo).stable(),
        Property::read_write("vbias", Float).stable(),
        Property::read_only("vis", Float),
        Property::read_only("vis_avg", Float),
        Property::read_only("volt", Float),
        Property::read_write("volthours", Float),
    ],
]);

/// DS2740: a coulomb counter.
pub static FAMILY_36: Family = Family::new(0x36, "DS2740").with_properties(&[
    Property::read_write("PIO", YesNo),
    Property::read_write("memory", Bytes).with_len(256),
    Property::read_write("smod", YesNo),
    Property::read_only("vis", Float),
    Property::read_only("vis_B", Float),
    Property::read_write("volthours", Float),
]);

/// DS2781: a battery monitor.
pub static FAMILY_3D: Family = Family::new(0x3D, "DS2781").with_properties(joined![
    &[
        Property::write_only("PIO", YesNo),
        Property::read_write("aef", YesNo),
        Property::read_write("lock", YesNo).stable().numbered(2),
        Property::read_write("memory", Bytes).with_len(256),
        Property::read_write("pages/page", Bytes).numbered(2).with_len(16),
        Property::read_write("pmod", YesNo),
        Property::read_write("porf", YesNo),
        Property::read_write("sef", YesNo),
        Property::read_only("sensed", YesNo),
        Property::read_only("temperature", Temperature),
    ],
    THERMOCOUPLES,
    &[
        Property::read_write("uven", YesNo),
        Property::read_write("uvf", YesNo),
        Property::read_write("vbias", Float).stable(),
        Property::read_only("vis", Float),
        Property::read_only("vis_avg", Float),
        Property::read_write("vis_offset", Float),
        Property::read_only("volt", Float),
        Property::read_write("volthours", Float),
    ],
]);

/// DS2751: a battery monitor.
pub static FAMILY_51: Family = Family::new(0x51, "DS2751").with_properties(joined![
    &[
        Property::write_only("PIO", YesNo),
        Property::read_write("amphours", Float),
        Property::read_only("current", Float),
        Property::read_write("currentbias", Float),
        Property::read_write("defaultpmod", YesNo).stable(),
        Property::read_write("lock", YesNo).stable().numbered(2),
        Property::read_write("memory", Bytes).with_len(256),
        Property::read_write("pages/page", Bytes).numbered(2).with_len(16),
        Property::read_only("pmod", YesNo).stable(),
        Property::read_write("por", YesNo).stable(),
        Property::read_only("sensed", YesNo),
        Property::read_only("temperature", Temperature),
    ],
    THERMOCOUPLES,
    &[
        Property::read_write("uven", YesNo).stable(),
        Property::read_write("vbias", Float).stable(),
        Property::read_only("vis", Float),
        Property::read_only("volt", Float),
        Property::read_write("volthours", Float),
    ],
]);
