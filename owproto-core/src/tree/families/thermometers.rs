//! Thermometers.

use super::table::*;

/// The last properties of a thermometer whose resolution can be set.
const RESOLUTIONS: &[Property] = &[
    Property::read_only("temperature", Temperature),
    Property::read_only("temperature10", Temperature),
    Property::read_only("temperature11", Temperature),
    Property::read_only("temperature12", Temperature),
    Property::read_only("temperature9", Temperature),
    Property::read_write("temphigh", Temperature).stable(),
    Property::read_write("templow", Temperature).stable(),
    Property::read_write("tempres", Unsigned).stable(),
];

/// A DS1822 and a DS18B20 have the same properties.
static RESOLVED: &[Property] = joined![
    &[
        Property::read_only("errata/die", Text).fixed().with_len(2),
        Property::read_write("errata/trim", Unsigned),
        Property::read_write("errata/trimblanket", YesNo),
        Property::read_only("errata/trimvalid", YesNo),
        Property::read_only("fasttemp", Temperature),
        Property::read_only("latesttemp", Temperature),
        Property::read_only("power", YesNo),
        Property::read_only("scratchpad", Bytes).with_len(9),
    ],
    RESOLUTIONS,
];

/// DS18S20: a thermometer. Its resolution is fixed, so the properties for other resolutions are hidden.
pub static FAMILY_10: Family =
    Family::new(0x10, "DS18S20").with_flags(ALARM).with_flags(SIMULTANEOUS_TEMPERATURE).with_properties(&[
        Property::read_only("errata/die", Text).fixed().with_len(2),
        Property::read_write("errata/trim", Unsigned),
        Property::read_write("errata/trimblanket", YesNo),
        Property::read_only("errata/trimvalid", YesNo),
        Property::read_only("fasttemp", Temperature).hidden(),
        Property::read_only("latesttemp", Temperature),
        Property::read_only("power", YesNo),
        Property::read_only("scratchpad", Bytes).with_len(9),
        Property::read_only("temperature", Temperature),
        Property::read_only("temperature10", Temperature).hidden(),
        Property::read_only("temperature11", Temperature).hidden(),
        Property::read_only("temperature12", Temperature).hidden(),
        Property::read_only("temperature9", Temperature).hidden(),
        Property::read_write("temphigh", Temperature).stable(),
        Property::read_write("templow", Temperature).stable(),
    ]);

/// DS1822: a thermometer.
pub static FAMILY_22: Family = Family::new(0x22, "DS1822")
    .with_flags(ALARM)
    .with_flags(SIMULTANEOUS_TEMPERATURE)
    .with_properties(RESOLVED);

/// DS18B20: a thermometer.
pub static FAMILY_28: Family = Family::new(0x28, "DS18B20")
    .with_flags(ALARM)
    .with_flags(SIMULTANEOUS_TEMPERATURE)
    .with_properties(RESOLVED);

/// DS1825: a thermometer, and the MAX31850, which measures a thermocouple.
pub static FAMILY_3B: Family =
    Family::new(0x3B, "DS1825").with_flags(ALARM).with_flags(SIMULTANEOUS_TEMPERATURE).with_properties(&[
        Property::read_only("fasttemp", Temperature).by_model(),
        Property::read_only("fault", YesNo),
        Property::read_only("flagfield", Unsigned).hidden(),
        Property::read_only("ground_short", YesNo),
        Property::read_only("latesttemp", Temperature),
        Property::read_write("memory", Bytes).with_len(128).by_model(),
        Property::read_only("open_circuit", YesNo),
        Property::read_write("pages/page", Bytes).numbered(16).with_len(8).by_model(),
        Property::read_only("power", YesNo),
        Property::read_only("prog_addr", Unsigned).stable(),
        Property::read_only("scratchpad", Bytes).with_len(9),
        Property::read_only("temperature", Temperature),
        Property::read_only("temperature10", Temperature).by_model(),
        Property::read_only("temperature11", Temperature).by_model(),
        Property::read_only("temperature12", Temperature),
        Property::read_only("temperature9", Temperature).by_model(),
        Property::read_write("temphigh", Temperature).stable().by_model(),
        Property::read_write("templow", Temperature).stable().by_model(),
        Property::read_write("tempres", Unsigned).stable(),
        Property::read_only("thermocouple", Temperature),
        Property::read_only("vdd_short", YesNo),
    ]);

/// DS28EA00: a thermometer with two switches.
pub static FAMILY_42: Family = Family::new(0x42, "DS28EA00")
    .with_flags(ALARM)
    .with_flags(CHAIN)
    .with_flags(SIMULTANEOUS_TEMPERATURE)
    .with_properties(joined![
        &[
            Property::read_write("PIO", BitField).lettered(2),
            Property::read_only("fasttemp", Temperature),
            Property::read_write("latch", BitField).lettered(2),
            Property::read_only("latesttemp", Temperature),
            Property::read_only("piostate", Unsigned).hidden(),
            Property::read_only("power", YesNo),
            Property::read_only("sensed", BitField).lettered(2),
        ],
        RESOLUTIONS
    ]);
