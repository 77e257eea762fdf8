//! Voltage inputs, and sensors that are made of them.

use super::table::*;

/// DS2437: a battery monitor.
pub static FAMILY_1E: Family = Family::new(0x1E, "DS2437")
    .with_flags(SIMULTANEOUS_VOLTAGE)
    .with_flags(SIMULTANEOUS_TEMPERATURE)
    .with_properties(&[
        Property::read_write("CA", YesNo).stable(),
        Property::read_write("EE", YesNo).stable(),
        Property::read_write("IAD", YesNo).stable(),
        Property::read_only("VAD", Float),
        Property::read_only("VDD", Float),
        Property::read_write("date", Date),
        Property::read_write("disconnect/date", Date),
        Property::read_write("disconnect/udate", Unsigned),
        Property::read_write("endcharge/date", Date),
        Property::read_write("endcharge/udate", Unsigned),
        Property::read_only("latesttemp", Temperature),
        Property::read_write("pages/page", Bytes).stable().numbered(8).with_len(8),
        Property::read_only("temperature", Temperature),
        Property::read_write("udate", Unsigned).every_second(),
        Property::read_only("vis", Float),
    ]);

/// DS2450: four voltage inputs. The `CO2` sensor is made of it.
pub static FAMILY_20: Family = Family::new(0x20, "DS2450")
    .with_flags(ALARM)
    .with_flags(OVERDRIVE)
    .with_flags(SIMULTANEOUS_VOLTAGE)
    .with_properties(&[
        Property::read_only("8bit/latestvolt", Float).lettered(4),
        Property::read_only("8bit/latestvolt2", Float).lettered(4),
        Property::read_only("8bit/volt", Float).lettered(4),
        Property::read_only("8bit/volt2", Float).lettered(4),
        Property::read_only("CO2/Vdd", YesNo),
        Property::read_only("CO2/ppm", Unsigned),
        Property::read_only("CO2/status", Float),
        Property::read_write("PIO", YesNo).stable().lettered(4),
        Property::read_write("alarm/high", YesNo).lettered(4),
        Property::read_write("alarm/low", YesNo).lettered(4),
        Property::read_only("latestvolt", Float).lettered(4),
        Property::read_only("latestvolt2", Float).lettered(4),
        Property::read_write("memory", Bytes).with_len(32),
        Property::read_write("pages/page", Bytes).numbered(4).with_len(8),
        Property::read_write("power", YesNo).stable(),
        Property::read_write("set_alarm/high", YesNo).stable().lettered(4),
        Property::read_write("set_alarm/low", YesNo).stable().lettered(4),
        Property::write_only("set_alarm/unset", YesNo).stable(),
        Property::read_write("set_alarm/volt2high", Float).stable().lettered(4),
        Property::read_write("set_alarm/volt2low", Float).stable().lettered(4),
        Property::read_write("set_alarm/volthigh", Float).stable().lettered(4),
        Property::read_write("set_alarm/voltlow", Float).stable().lettered(4),
        Property::read_only("volt", Float).lettered(4),
        Property::read_only("volt2", Float).lettered(4),
    ]);

/// A DS2438 has one of two family codes.
const DS2438: &[Property] = &[
    Property::read_write("B1-R1-A/gain", Pressure).stable(),
    Property::read_write("B1-R1-A/offset", Pressure).stable(),
    Property::read_only("B1-R1-A/pressure", Pressure),
    Property::read_write("CA", YesNo).stable(),
    Property::read_only("DATANAB/humidity", Float).by_model(),
    Property::write_only("DATANAB/reset", YesNo).stable().by_model(),
    Property::read_write("EE", YesNo).stable(),
    Property::read_only("HIH3600/humidity", Float),
    Property::read_only("HIH4000/humidity", Float),
    Property::read_only("HIH5030/humidity", Float),
    Property::read_only("HTM1735/humidity", Float),
    Property::read_write("IAD", YesNo).stable(),
    Property::read_only("MultiSensor/type", Text).stable().with_len(12),
    Property::read_only("S3-R1-A/current", Float),
    Property::read_write("S3-R1-A/gain", Float).stable(),
    Property::read_only("S3-R1-A/illuminance", Float),
    Property::read_only("VAD", Float),
    Property::read_only("VDD", Float),
    Property::read_write("date", Date),
    Property::read_write("disconnect/date", Date),
    Property::read_write("disconnect/udate", Unsigned),
    Property::read_write("endcharge/date", Date),
    Property::read_write("endcharge/udate", Unsigned),
    Property::read_only("humidity", Float),
    Property::read_only("latesttemp", Temperature),
    Property::read_write("offset", Unsigned).stable(),
    Property::read_write("pages/page", Bytes).stable().numbered(8).with_len(8),
    Property::read_only("temperature", Temperature),
    Property::read_write("udate", Unsigned).every_second(),
    Property::read_only("vis", Float),
];

/// DS2438: a battery monitor, and the sensors that are made of it.
pub static FAMILY_26: Family = Family::new(0x26, "DS2438")
    .with_flags(SIMULTANEOUS_VOLTAGE)
    .with_flags(SIMULTANEOUS_TEMPERATURE)
    .with_properties(DS2438);

/// DS2438: the same chip under another family code.
pub static FAMILY_A6: Family = Family::new(0xA6, "DS2438")
    .with_flags(SIMULTANEOUS_VOLTAGE)
    .with_flags(SIMULTANEOUS_TEMPERATURE)
    .with_properties(DS2438);
