//! Switches, couplers and potentiometers.

use super::row::*;

/// DS2405.
pub static FAMILY_05: Family = Family::new(0x05, "05", "DS2405")
    .flags(&[ALARM])
    .properties(&[row("PIO", YesNo, RW, STABLE), row("sensed", YesNo, RO, VOLATILE)]);

/// DS2406.
pub static FAMILY_12: Family = Family::new(0x12, "12", "DS2406").flags(&[ALARM]).properties(&[
    row("PIO", BitField, RW, STABLE).lettered(2),
    row("T8A/volt", Float, RO, VOLATILE).numbered(8).by_model(),
    row("TAI8570/C", Unsigned, RO, FIXED).numbered(6).hidden(),
    row("TAI8570/D1", Unsigned, RO, VOLATILE).hidden(),
    row("TAI8570/D2", Unsigned, RO, VOLATILE).hidden(),
    row("TAI8570/DA5534/pressure", Pressure, RO, VOLATILE),
    row("TAI8570/DA5534/temperature", Temperature, RO, VOLATILE),
    row("TAI8570/DA5540/pressure", Pressure, RO, VOLATILE),
    row("TAI8570/DA5540/temperature", Temperature, RO, VOLATILE),
    row("TAI8570/pressure", Pressure, RO, VOLATILE),
    row("TAI8570/sibling", Text, RO, STABLE).len(16),
    row("TAI8570/temperature", Temperature, RO, VOLATILE),
    row("aux", Directory, OO, VOLATILE).len(8),
    row("channels", Unsigned, RO, STABLE),
    row("flipflop", BitField, RO, VOLATILE).lettered(2),
    row("infobyte", Unsigned, RO, VOLATILE).hidden(),
    row("latch", BitField, RW, VOLATILE).lettered(2),
    row("memory", Bytes, RW, VOLATILE).len(128),
    row("pages/page", Bytes, RW, VOLATILE).numbered(4).len(32),
    row("power", YesNo, RO, VOLATILE),
    row("sensed", BitField, RO, VOLATILE).lettered(2),
    row("set_alarm", Unsigned, RW, STABLE),
]);

/// DS28E04.
pub static FAMILY_1C: Family =
    Family::new(0x1C, "1C", "DS28E04").flags(&[RESUME, ALARM, OVERDRIVE]).properties(&[
        row("PIO", BitField, RW, STABLE).numbered(2),
        row("latch", BitField, RW, VOLATILE).numbered(2),
        row("memory", Bytes, RW, VOLATILE).len(550),
        row("pages/page", Bytes, RW, VOLATILE).numbered(16).len(32),
        row("polarity", YesNo, RO, VOLATILE),
        row("por", YesNo, RW, VOLATILE),
        row("power", YesNo, RO, VOLATILE),
        row("sensed", BitField, RO, VOLATILE).numbered(2),
        row("set_alarm", Unsigned, RW, STABLE),
    ]);

/// DS2409.
pub static FAMILY_1F: Family = Family::new(0x1F, "1F", "DS2409").properties(&[
    row("aux", Directory, OO, VOLATILE).len(8),
    row("branch", BitField, RW, VOLATILE).numbered(2),
    row("clearevent", YesNo, WO, STABLE),
    row("control", Unsigned, RW, STABLE),
    row("discharge", YesNo, WO, STABLE),
    row("event", BitField, RO, VOLATILE).numbered(2),
    row("main", Directory, OO, VOLATILE).len(8),
    row("sensed", BitField, RO, VOLATILE).numbered(2),
]);

/// DS2408.
pub static FAMILY_29: Family =
    Family::new(0x29, "29", "DS2408").flags(&[RESUME, ALARM, OVERDRIVE]).properties(&[
        row("LCD_H/clear", YesNo, WO, STABLE),
        row("LCD_H/home", YesNo, WO, STABLE),
        row("LCD_H/message", Text, WO, STABLE).len(128),
        row("LCD_H/onoff", Unsigned, WO, STABLE),
        row("LCD_H/redefchar", Bytes, WO, STABLE).numbered(8).len(8),
        row("LCD_H/redefchar_hex", Bytes, WO, STABLE).numbered(8).len(8),
        row("LCD_H/screen", Text, WO, STABLE).len(128),
        row("LCD_H/screenyx", Text, WO, STABLE).len(128),
        row("LCD_M/clear", YesNo, WO, STABLE),
        row("LCD_M/home", YesNo, WO, STABLE),
        row("LCD_M/message", Text, WO, STABLE).len(128),
        row("LCD_M/screen", Text, WO, STABLE).len(128),
        row("PIO", BitField, RW, STABLE).numbered(8),
        row("latch", BitField, RW, VOLATILE).numbered(8),
        row("out_of_testmode", YesNo, WO, VOLATILE),
        row("por", YesNo, RW, STABLE),
        row("power", YesNo, RO, VOLATILE),
        row("sensed", BitField, RO, VOLATILE).numbered(8),
        row("set_alarm", Unsigned, RW, STABLE),
        row("strobe", YesNo, RW, STABLE),
    ]);

/// DS2890.
pub static FAMILY_2C: Family = Family::new(0x2C, "2C", "DS2890")
    .flags(&[RESUME, ALARM, OVERDRIVE])
    .properties(&[row("chargepump", YesNo, RW, STABLE), row("wiper", Unsigned, RW, STABLE)]);

/// DS2413.
pub static FAMILY_3A: Family = Family::new(0x3A, "3A", "DS2413").flags(&[RESUME, OVERDRIVE]).properties(&[
    row("PIO", BitField, RW, VOLATILE).lettered(2),
    row("piostate", Unsigned, RW, VOLATILE).hidden(),
    row("sensed", BitField, RO, VOLATILE).lettered(2),
]);
