//! Converters of voltages, and what is built with them.

use super::row::*;

/// DS2437.
pub static FAMILY_1E: Family =
    Family::new(0x1E, "1E", "DS2437").flags(&[SIMULTANEOUS_VOLTAGE, SIMULTANEOUS_TEMPERATURE]).properties(&[
        row("CA", YesNo, RW, STABLE),
        row("EE", YesNo, RW, STABLE),
        row("IAD", YesNo, RW, STABLE),
        row("VAD", Float, RO, VOLATILE),
        row("VDD", Float, RO, VOLATILE),
        row("date", Date, RW, VOLATILE),
        row("disconnect/date", Date, RW, VOLATILE),
        row("disconnect/udate", Unsigned, RW, VOLATILE),
        row("endcharge/date", Date, RW, VOLATILE),
        row("endcharge/udate", Unsigned, RW, VOLATILE),
        row("latesttemp", Temperature, RO, VOLATILE),
        row("pages/page", Bytes, RW, STABLE).numbered(8).len(8),
        row("temperature", Temperature, RO, VOLATILE),
        row("udate", Unsigned, RW, EVERY_SECOND),
        row("vis", Float, RO, VOLATILE),
    ]);

/// DS2450.
pub static FAMILY_20: Family =
    Family::new(0x20, "20", "DS2450").flags(&[ALARM, OVERDRIVE, SIMULTANEOUS_VOLTAGE]).properties(&[
        row("8bit/latestvolt", Float, RO, VOLATILE).lettered(4),
        row("8bit/latestvolt2", Float, RO, VOLATILE).lettered(4),
        row("8bit/volt", Float, RO, VOLATILE).lettered(4),
        row("8bit/volt2", Float, RO, VOLATILE).lettered(4),
        row("CO2/Vdd", YesNo, RO, VOLATILE),
        row("CO2/ppm", Unsigned, RO, VOLATILE),
        row("CO2/status", Float, RO, VOLATILE),
        row("PIO", YesNo, RW, STABLE).lettered(4),
        row("alarm/high", YesNo, RW, VOLATILE).lettered(4),
        row("alarm/low", YesNo, RW, VOLATILE).lettered(4),
        row("latestvolt", Float, RO, VOLATILE).lettered(4),
        row("latestvolt2", Float, RO, VOLATILE).lettered(4),
        row("memory", Bytes, RW, VOLATILE).len(32),
        row("pages/page", Bytes, RW, VOLATILE).numbered(4).len(8),
        row("power", YesNo, RW, STABLE),
        row("set_alarm/high", YesNo, RW, STABLE).lettered(4),
        row("set_alarm/low", YesNo, RW, STABLE).lettered(4),
        row("set_alarm/unset", YesNo, WO, STABLE),
        row("set_alarm/volt2high", Float, RW, STABLE).lettered(4),
        row("set_alarm/volt2low", Float, RW, STABLE).lettered(4),
        row("set_alarm/volthigh", Float, RW, STABLE).lettered(4),
        row("set_alarm/voltlow", Float, RW, STABLE).lettered(4),
        row("volt", Float, RO, VOLATILE).lettered(4),
        row("volt2", Float, RO, VOLATILE).lettered(4),
    ]);

/// What a DS2438 has, under either of its family codes.
const DS2438: &[Property] = &[
    row("B1-R1-A/gain", Pressure, RW, STABLE),
    row("B1-R1-A/offset", Pressure, RW, STABLE),
    row("B1-R1-A/pressure", Pressure, RO, VOLATILE),
    row("CA", YesNo, RW, STABLE),
    row("DATANAB/humidity", Float, RO, VOLATILE).by_model(),
    row("DATANAB/reset", YesNo, WO, STABLE).by_model(),
    row("EE", YesNo, RW, STABLE),
    row("HIH3600/humidity", Float, RO, VOLATILE),
    row("HIH4000/humidity", Float, RO, VOLATILE),
    row("HIH5030/humidity", Float, RO, VOLATILE),
    row("HTM1735/humidity", Float, RO, VOLATILE),
    row("IAD", YesNo, RW, STABLE),
    row("MultiSensor/type", Text, RO, STABLE).len(12),
    row("S3-R1-A/current", Float, RO, VOLATILE),
    row("S3-R1-A/gain", Float, RW, STABLE),
    row("S3-R1-A/illuminance", Float, RO, VOLATILE),
    row("VAD", Float, RO, VOLATILE),
    row("VDD", Float, RO, VOLATILE),
    row("date", Date, RW, VOLATILE),
    row("disconnect/date", Date, RW, VOLATILE),
    row("disconnect/udate", Unsigned, RW, VOLATILE),
    row("endcharge/date", Date, RW, VOLATILE),
    row("endcharge/udate", Unsigned, RW, VOLATILE),
    row("humidity", Float, RO, VOLATILE),
    row("latesttemp", Temperature, RO, VOLATILE),
    row("offset", Unsigned, RW, STABLE),
    row("pages/page", Bytes, RW, STABLE).numbered(8).len(8),
    row("temperature", Temperature, RO, VOLATILE),
    row("udate", Unsigned, RW, EVERY_SECOND),
    row("vis", Float, RO, VOLATILE),
];

/// DS2438.
pub static FAMILY_26: Family = Family::new(0x26, "26", "DS2438")
    .flags(&[SIMULTANEOUS_VOLTAGE, SIMULTANEOUS_TEMPERATURE])
    .properties(DS2438);

/// DS2438.
pub static FAMILY_A6: Family = Family::new(0xA6, "A6", "DS2438")
    .flags(&[SIMULTANEOUS_VOLTAGE, SIMULTANEOUS_TEMPERATURE])
    .properties(DS2438);
