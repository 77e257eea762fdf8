//! Battery monitors.

use super::row::*;

macro_rules! thermocouples {
    ($($name:literal)+) => {
        &[$(
            row(concat!($name, "/range_high"), Temperature, RO, FIXED),
            row(concat!($name, "/range_low"), Temperature, RO, FIXED),
            row(concat!($name, "/temperature"), Temperature, RO, VOLATILE),
        )+]
    };
}

/// What the chips with a current sensor make of its voltage, if it is that of a thermocouple.
const THERMOCOUPLES: &[Property] =
    thermocouples!["typeB" "typeE" "typeJ" "typeK" "typeN" "typeR" "typeS" "typeT"];

/// DS2436.
pub static FAMILY_1B: Family = Family::new(0x1B, "1B", "DS2436").properties(&[
    row("counter/cycles", Unsigned, RO, STABLE),
    row("counter/increment", YesNo, WO, VOLATILE),
    row("counter/reset", YesNo, WO, VOLATILE),
    row("pages/page", Bytes, RW, STABLE).numbered(3).len(32),
    row("temperature", Temperature, RO, VOLATILE),
    row("volts", Float, RO, VOLATILE),
]);

/// DS2770.
pub static FAMILY_2E: Family = Family::new(0x2E, "2E", "DS2770").properties(rows![
    &[
        row("amphours", Float, RW, VOLATILE),
        row("charge", YesNo, WO, STABLE),
        row("cini", YesNo, RW, STABLE),
        row("cstat0", YesNo, RW, STABLE),
        row("cstat1", YesNo, RW, STABLE),
        row("ctype", YesNo, RW, STABLE),
        row("current", Float, RO, VOLATILE),
        row("currentbias", Float, RW, VOLATILE),
        row("defaultpmod", YesNo, RW, STABLE),
        row("lock", YesNo, RW, STABLE).numbered(3),
        row("memory", Bytes, RW, VOLATILE).len(256),
        row("pages/page", Bytes, RW, VOLATILE).numbered(3).len(16),
        row("pmod", YesNo, RW, STABLE),
        row("refresh", YesNo, WO, STABLE),
        row("temperature", Temperature, RO, VOLATILE),
        row("timer", Float, RW, VOLATILE),
    ],
    THERMOCOUPLES,
    &[
        row("vbias", Float, RW, STABLE),
        row("vis", Float, RO, VOLATILE),
        row("volt", Float, RO, VOLATILE),
        row("volthours", Float, RW, VOLATILE),
    ],
]);

/// DS2760.
pub static FAMILY_30: Family = Family::new(0x30, "30", "DS2760").properties(rows![
    &[
        row("PIO", YesNo, WO, VOLATILE),
        row("WS603/LED/control", Unsigned, WO, STABLE).numbered(4),
        row("WS603/LED/model", Unsigned, RO, VOLATILE),
        row("WS603/LED/status", Unsigned, RO, VOLATILE),
        row("WS603/calibration/direction", Unsigned, RW, VOLATILE),
        row("WS603/calibration/wind_speed", Unsigned, RW, VOLATILE),
        row("WS603/data_string", Bytes, RO, VOLATILE).len(5).hidden(),
        row("WS603/direction", Unsigned, RO, VOLATILE),
        row("WS603/light/intensity", Unsigned, RO, VOLATILE),
        row("WS603/light/threshold", Unsigned, RO, VOLATILE),
        row("WS603/param_string", Bytes, RO, STABLE).len(5).hidden(),
        row("WS603/temperature", Temperature, RO, VOLATILE),
        row("WS603/volt", Unsigned, RO, VOLATILE),
        row("WS603/wind_speed", Float, RO, VOLATILE),
        row("amphours", Float, RW, VOLATILE),
        row("cc", YesNo, RW, VOLATILE),
        row("ce", YesNo, RW, VOLATILE),
        row("coc", YesNo, RW, VOLATILE),
        row("current", Float, RO, VOLATILE),
        row("currentbias", Float, RW, VOLATILE),
        row("dc", YesNo, RW, VOLATILE),
        row("de", YesNo, RW, VOLATILE),
        row("defaultpmod", YesNo, RW, STABLE),
        row("defaultswen", YesNo, RW, STABLE),
        row("doc", YesNo, RW, VOLATILE),
        row("lock", YesNo, RW, STABLE).numbered(2),
        row("memory", Bytes, RW, VOLATILE).len(256),
        row("mstr", YesNo, RO, VOLATILE),
        row("ov", YesNo, RW, VOLATILE),
        row("pages/page", Bytes, RW, VOLATILE).numbered(2).len(16),
        row("pmod", YesNo, RO, STABLE),
        row("ps", YesNo, RW, VOLATILE),
        row("sensed", YesNo, RO, VOLATILE),
        row("swen", YesNo, RO, STABLE),
        row("temperature", Temperature, RO, VOLATILE),
    ],
    THERMOCOUPLES,
    &[
        row("uv", YesNo, RW, VOLATILE),
        row("vbias", Float, RW, STABLE),
        row("vis", Float, RO, VOLATILE),
        row("volt", Float, RO, VOLATILE),
        row("volthours", Float, RW, VOLATILE),
    ],
]);

/// DS2720.
pub static FAMILY_31: Family = Family::new(0x31, "31", "DS2720").properties(&[
    row("cc", YesNo, RW, VOLATILE),
    row("ce", YesNo, RW, VOLATILE),
    row("dc", YesNo, RW, VOLATILE),
    row("de", YesNo, RW, VOLATILE),
    row("doc", YesNo, RW, VOLATILE),
    row("lock", YesNo, RW, STABLE).numbered(2),
    row("memory", Bytes, RW, VOLATILE).len(256),
    row("ot", YesNo, RW, VOLATILE),
    row("ov", YesNo, RW, VOLATILE),
    row("pages/page", Bytes, RW, VOLATILE).numbered(2).len(4),
    row("psf", YesNo, RW, VOLATILE),
    row("uv", YesNo, RW, VOLATILE),
]);

/// DS2780.
pub static FAMILY_32: Family = Family::new(0x32, "32", "DS2780").properties(rows![
    &[
        row("PIO", YesNo, WO, VOLATILE),
        row("aef", YesNo, RW, VOLATILE),
        row("chgtf", YesNo, RW, VOLATILE),
        row("dc", YesNo, RW, VOLATILE),
        row("learnf", YesNo, RW, VOLATILE),
        row("lock", YesNo, RW, STABLE).numbered(2),
        row("memory", Bytes, RW, VOLATILE).len(256),
        row("nben", YesNo, RW, VOLATILE),
        row("pages/page", Bytes, RW, VOLATILE).numbered(2).len(16),
        row("pmod", YesNo, RW, VOLATILE),
        row("porf", YesNo, RW, VOLATILE),
        row("rnaop", YesNo, RW, VOLATILE),
        row("sef", YesNo, RW, VOLATILE),
        row("sensed", YesNo, RO, VOLATILE),
        row("temperature", Temperature, RO, VOLATILE),
    ],
    THERMOCOUPLES,
    &[
        row("uven", YesNo, RW, VOLATILE),
        row("uvf", YesNo, RW, VOLATILE),
        row("vbias", Float, RW, STABLE),
        row("vis", Float, RO, VOLATILE),
        row("vis_avg", Float, RO, VOLATILE),
        row("volt", Float, RO, VOLATILE),
        row("volthours", Float, RW, VOLATILE),
    ],
]);

/// DS2755.
pub static FAMILY_35: Family = Family::new(0x35, "35", "DS2755").flags(&[ALARM]).properties(rows![
    &[
        row("PIO", YesNo, WO, VOLATILE),
        row("alarm_set", Float, RW, VOLATILE),
        row("defaultpmod", YesNo, RW, STABLE),
        row("ios", YesNo, RW, STABLE),
        row("lock", YesNo, RW, STABLE).numbered(3),
        row("memory", Bytes, RW, VOLATILE).len(256),
        row("ovd", YesNo, RW, STABLE),
        row("pages/page", Bytes, RW, VOLATILE).numbered(3).len(32),
        row("pie0", YesNo, RO, STABLE),
        row("pie1", YesNo, RO, STABLE),
        row("pmod", YesNo, RO, STABLE),
        row("por", YesNo, RW, STABLE),
        row("rnaop", YesNo, RO, STABLE),
        row("sensed", YesNo, RO, VOLATILE),
        row("temperature", Temperature, RO, VOLATILE),
    ],
    THERMOCOUPLES,
    &[
        row("uben", YesNo, RW, STABLE),
        row("uven", YesNo, RW, STABLE),
        row("vbias", Float, RW, STABLE),
        row("vis", Float, RO, VOLATILE),
        row("vis_avg", Float, RO, VOLATILE),
        row("volt", Float, RO, VOLATILE),
        row("volthours", Float, RW, VOLATILE),
    ],
]);

/// DS2740.
pub static FAMILY_36: Family = Family::new(0x36, "36", "DS2740").properties(&[
    row("PIO", YesNo, RW, VOLATILE),
    row("memory", Bytes, RW, VOLATILE).len(256),
    row("smod", YesNo, RW, VOLATILE),
    row("vis", Float, RO, VOLATILE),
    row("vis_B", Float, RO, VOLATILE),
    row("volthours", Float, RW, VOLATILE),
]);

/// DS2781.
pub static FAMILY_3D: Family = Family::new(0x3D, "3D", "DS2781").properties(rows![
    &[
        row("PIO", YesNo, WO, VOLATILE),
        row("aef", YesNo, RW, VOLATILE),
        row("lock", YesNo, RW, STABLE).numbered(2),
        row("memory", Bytes, RW, VOLATILE).len(256),
        row("pages/page", Bytes, RW, VOLATILE).numbered(2).len(16),
        row("pmod", YesNo, RW, VOLATILE),
        row("porf", YesNo, RW, VOLATILE),
        row("sef", YesNo, RW, VOLATILE),
        row("sensed", YesNo, RO, VOLATILE),
        row("temperature", Temperature, RO, VOLATILE),
    ],
    THERMOCOUPLES,
    &[
        row("uven", YesNo, RW, VOLATILE),
        row("uvf", YesNo, RW, VOLATILE),
        row("vbias", Float, RW, STABLE),
        row("vis", Float, RO, VOLATILE),
        row("vis_avg", Float, RO, VOLATILE),
        row("vis_offset", Float, RW, VOLATILE),
        row("volt", Float, RO, VOLATILE),
        row("volthours", Float, RW, VOLATILE),
    ],
]);

/// DS2751.
pub static FAMILY_51: Family = Family::new(0x51, "51", "DS2751").properties(rows![
    &[
        row("PIO", YesNo, WO, VOLATILE),
        row("amphours", Float, RW, VOLATILE),
        row("current", Float, RO, VOLATILE),
        row("currentbias", Float, RW, VOLATILE),
        row("defaultpmod", YesNo, RW, STABLE),
        row("lock", YesNo, RW, STABLE).numbered(2),
        row("memory", Bytes, RW, VOLATILE).len(256),
        row("pages/page", Bytes, RW, VOLATILE).numbered(2).len(16),
        row("pmod", YesNo, RO, STABLE),
        row("por", YesNo, RW, STABLE),
        row("sensed", YesNo, RO, VOLATILE),
        row("temperature", Temperature, RO, VOLATILE),
    ],
    THERMOCOUPLES,
    &[
        row("uven", YesNo, RW, STABLE),
        row("vbias", Float, RW, STABLE),
        row("vis", Float, RO, VOLATILE),
        row("volt", Float, RO, VOLATILE),
        row("volthours", Float, RW, VOLATILE),
    ],
]);
