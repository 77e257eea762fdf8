//! Switches, couplers and potentiometers.

use super::table::*;

/// DS2405: a switch.
pub static FAMILY_05: Family = Family::new(0x05, "DS2405")
    .with_flags(ALARM)
    .with_properties(&[Property::read_write("PIO", YesNo).stable(), Property::read_only("sensed", YesNo)]);

/// DS2406: two switches and a memory. The TAI8570 (a barometer) and the T8A (a voltmeter) are made of it.
pub static FAMILY_12: Family = Family::new(0x12, "DS2406").with_flags(ALARM).with_properties(&[
    Property::read_write("PIO", BitField).stable().lettered(2),
    Property::read_only("T8A/volt", Float).numbered(8).by_model(),
    Property::read_only("TAI8570/C", Unsigned).fixed().numbered(6).hidden(),
    Property::read_only("TAI8570/D1", Unsigned).hidden(),
    Property::read_only("TAI8570/D2", Unsigned).hidden(),
    Property::read_only("TAI8570/DA5534/pressure", Pressure),
    Property::read_only("TAI8570/DA5534/temperature", Temperature),
    Property::read_only("TAI8570/DA5540/pressure", Pressure),
    Property::read_only("TAI8570/DA5540/temperature", Temperature),
    Property::read_only("TAI8570/pressure", Pressure),
    Property::read_only("TAI8570/sibling", Text).stable().with_len(16),
    Property::read_only("TAI8570/temperature", Temperature),
    Property::inaccessible("aux", Directory).with_len(8),
    Property::read_only("channels", Unsigned).stable(),
    Property::read_only("flipflop", BitField).lettered(2),
    Property::read_only("infobyte", Unsigned).hidden(),
    Property::read_write("latch", BitField).lettered(2),
    Property::read_write("memory", Bytes).with_len(128),
    Property::read_write("pages/page", Bytes).numbered(4).with_len(32),
    Property::read_only("power", YesNo),
    Property::read_only("sensed", BitField).lettered(2),
    Property::read_write("set_alarm", Unsigned).stable(),
]);

/// DS28E04: two switches and a memory.
pub static FAMILY_1C: Family =
    Family::new(0x1C, "DS28E04").with_flags(RESUME).with_flags(ALARM).with_flags(OVERDRIVE).with_properties(
        &[
            Property::read_write("PIO", BitField).stable().numbered(2),
            Property::read_write("latch", BitField).numbered(2),
            Property::read_write("memory", Bytes).with_len(550),
            Property::read_write("pages/page", Bytes).numbered(16).with_len(32),
            Property::read_only("polarity", YesNo),
            Property::read_write("por", YesNo),
            Property::read_only("power", YesNo),
            Property::read_only("sensed", BitField).numbered(2),
            Property::read_write("set_alarm", Unsigned).stable(),
        ],
    );

/// DS2409: a hub with two branches.
pub static FAMILY_1F: Family = Family::new(0x1F, "DS2409").with_properties(&[
    Property::inaccessible("aux", Directory).with_len(8),
    Property::read_write("branch", BitField).numbered(2),
    Property::write_only("clearevent", YesNo).stable(),
    Property::read_write("control", Unsigned).stable(),
    Property::write_only("discharge", YesNo).stable(),
    Property::read_only("event", BitField).numbered(2),
    Property::inaccessible("main", Directory).with_len(8),
    Property::read_only("sensed", BitField).numbered(2),
]);

/// DS2408: eight switches. The two displays (`LCD_H`, `LCD_M`) are driven by it.
pub static FAMILY_29: Family =
    Family::new(0x29, "DS2408").with_flags(RESUME).with_flags(ALARM).with_flags(OVERDRIVE).with_properties(
        &[
            Property::write_only("LCD_H/clear", YesNo).stable(),
            Property::write_only("LCD_H/home", YesNo).stable(),
            Property::write_only("LCD_H/message", Text).stable().with_len(128),
            Property::write_only("LCD_H/onoff", Unsigned).stable(),
            Property::write_only("LCD_H/redefchar", Bytes).stable().numbered(8).with_len(8),
            Property::write_only("LCD_H/redefchar_hex", Bytes).stable().numbered(8).with_len(8),
            Property::write_only("LCD_H/screen", Text).stable().with_len(128),
            Property::write_only("LCD_H/screenyx", Text).stable().with_len(128),
            Property::write_only("LCD_M/clear", YesNo).stable(),
            Property::write_only("LCD_M/home", YesNo).stable(),
            Property::write_only("LCD_M/message", Text).stable().with_len(128),
            Property::write_only("LCD_M/screen", Text).stable().with_len(128),
            Property::read_write("PIO", BitField).stable().numbered(8),
            Property::read_write("latch", BitField).numbered(8),
            Property::write_only("out_of_testmode", YesNo),
            Property::read_write("por", YesNo).stable(),
            Property::read_only("power", YesNo),
            Property::read_only("sensed", BitField).numbered(8),
            Property::read_write("set_alarm", Unsigned).stable(),
            Property::read_write("strobe", YesNo).stable(),
        ],
    );

/// DS2890: a potentiometer.
pub static FAMILY_2C: Family =
    Family::new(0x2C, "DS2890").with_flags(RESUME).with_flags(ALARM).with_flags(OVERDRIVE).with_properties(
        &[
            Property::read_write("chargepump", YesNo).stable(),
            Property::read_write("wiper", Unsigned).stable(),
        ],
    );

/// DS2413: two switches.
pub static FAMILY_3A: Family =
    Family::new(0x3A, "DS2413").with_flags(RESUME).with_flags(OVERDRIVE).with_properties(&[
        Property::read_write("PIO", BitField).lettered(2),
        Property::read_write("piostate", Unsigned).hidden(),
        Property::read_only("sensed", BitField).lettered(2),
    ]);
