//! Boards by Hobby Boards, and the LCD by Louis Swart.

use super::row::*;

/// Hobby Boards.
pub static FAMILY_EE: Family = Family::new(0xEE, "EE", "Hobby Boards").properties(&[
    row("UVI/UVI", Float, RO, VOLATILE).by_model(),
    row("UVI/UVI_offset", Float, RW, STABLE).by_model(),
    row("UVI/in_case", YesNo, RW, STABLE).by_model(),
    row("temperature", Temperature, RO, VOLATILE).by_model(),
    row("temperature_offset", TemperatureDifference, RW, STABLE).by_model(),
    row("type", Text, RO, VOLATILE).len(32),
    row("type_number", Unsigned, RO, STABLE),
    row("version", Text, RO, STABLE).len(7),
    row("version_number", Unsigned, RO, STABLE).hidden(),
]);

/// Hobby Boards.
pub static FAMILY_EF: Family = Family::new(0xEF, "EF", "Hobby Boards").properties(&[
    row("barometer/altitude", Integer, RW, VOLATILE).by_model(),
    row("barometer/config", Unsigned, RW, STABLE).by_model(),
    row("barometer/location", Text, RW, STABLE).len(21).by_model(),
    row("barometer/polling_available", Unsigned, RO, STABLE).by_model(),
    row("barometer/polling_frequency", Unsigned, RW, STABLE).by_model(),
    row("barometer/pressure", Pressure, RO, VOLATILE).by_model(),
    row("barometer/pressure_altitude", Integer, RO, VOLATILE).by_model(),
    row("barometer/reboot", YesNo, WO, STABLE).by_model(),
    row("barometer/reset", YesNo, WO, STABLE).by_model(),
    row("barometer/temperature", Temperature, RO, VOLATILE).by_model(),
    row("hub/branch", BitField, RW, STABLE).numbered(4).by_model(),
    row("hub/config", Unsigned, RW, VOLATILE).hidden(),
    row("hub/short", BitField, RO, STABLE).numbered(4).by_model(),
    row("humidity/config", Unsigned, RW, STABLE).by_model(),
    row("humidity/humidity_corrected", Float, RO, VOLATILE).by_model(),
    row("humidity/humidity_offset", Float, RW, VOLATILE).by_model(),
    row("humidity/humidity_raw", Float, RO, VOLATILE).by_model(),
    row("humidity/location", Text, RW, STABLE).len(21).by_model(),
    row("humidity/polling_available", Unsigned, RO, STABLE).by_model(),
    row("humidity/polling_frequency", Unsigned, RW, STABLE).by_model(),
    row("humidity/reboot", YesNo, WO, STABLE).by_model(),
    row("humidity/reset", YesNo, WO, STABLE).by_model(),
    row("humidity/temperature", Temperature, RO, VOLATILE).by_model(),
    row("moisture/calibrate/max", Unsigned, RW, STABLE).by_model(),
    row("moisture/calibrate/min", Unsigned, RW, STABLE).by_model(),
    row("moisture/calibrate/raw", Unsigned, RO, VOLATILE).numbered(4).by_model(),
    row("moisture/is_leaf", BitField, RW, VOLATILE).numbered(4).by_model(),
    row("moisture/is_moisture", BitField, RW, STABLE).numbered(4).by_model(),
    row("moisture/sensor", Integer, RO, VOLATILE).numbered(4).by_model(),
    row("multitemp/config", Unsigned, RO, STABLE).by_model(),
    row("multitemp/location", Text, RW, STABLE).len(21).by_model(),
    row("multitemp/polling_available", Unsigned, RO, STABLE).by_model(),
    row("multitemp/polling_frequency", Unsigned, RW, STABLE).by_model(),
    row("multitemp/reboot", YesNo, WO, STABLE).by_model(),
    row("multitemp/reset", YesNo, WO, STABLE).by_model(),
    row("multitemp/temperature", Temperature, RO, VOLATILE).numbered(6).by_model(),
    row("type", Text, RO, VOLATILE).len(32),
    row("type_number", Unsigned, RO, STABLE),
    row("version", Text, RO, VOLATILE).len(7),
    row("version_number", Unsigned, RO, STABLE).hidden(),
]);

/// LCD.
pub static FAMILY_FF: Family = Family::new(0xFF, "FF", "LCD").flags(&[ALARM]).properties(&[
    row("LCDon", YesNo, WO, STABLE),
    row("backlight", YesNo, WO, STABLE),
    row("counters", Unsigned, RO, VOLATILE).numbered(4),
    row("cumulative", Unsigned, RW, VOLATILE).numbered(4),
    row("data", Unsigned, RW, VOLATILE),
    row("gpio", BitField, RW, VOLATILE).numbered(4),
    row("line16", Text, WO, STABLE).numbered(4).len(16),
    row("line20", Text, WO, STABLE).numbered(4).len(20),
    row("line40", Text, WO, STABLE).numbered(2).len(40),
    row("memory", Bytes, RW, STABLE).len(112),
    row("register", Unsigned, RW, VOLATILE),
    row("screen16", Text, WO, STABLE).len(128),
    row("screen20", Text, WO, STABLE).len(128),
    row("screen40", Text, WO, STABLE).len(128),
    row("version", Text, RO, STABLE).len(16),
]);
