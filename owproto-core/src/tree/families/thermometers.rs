//! Thermometers.

use super::row::*;

/// What those have whose resolution can be set.
const RESOLUTIONS: &[Property] = &[
    row("temperature", Temperature, RO, VOLATILE),
    row("temperature10", Temperature, RO, VOLATILE),
    row("temperature11", Temperature, RO, VOLATILE),
    row("temperature12", Temperature, RO, VOLATILE),
    row("temperature9", Temperature, RO, VOLATILE),
    row("temphigh", Temperature, RW, STABLE),
    row("templow", Temperature, RW, STABLE),
    row("tempres", Unsigned, RW, STABLE),
];

/// Those whose resolution can be set.
static RESOLVED: &[Property] = rows![
    &[
        row("errata/die", Text, RO, FIXED).len(2),
        row("errata/trim", Unsigned, RW, VOLATILE),
        row("errata/trimblanket", YesNo, RW, VOLATILE),
        row("errata/trimvalid", YesNo, RO, VOLATILE),
        row("fasttemp", Temperature, RO, VOLATILE),
        row("latesttemp", Temperature, RO, VOLATILE),
        row("power", YesNo, RO, VOLATILE),
        row("scratchpad", Bytes, RO, VOLATILE).len(9),
    ],
    RESOLUTIONS,
];

/// DS18S20.
pub static FAMILY_10: Family =
    Family::new(0x10, "10", "DS18S20").flags(&[ALARM, SIMULTANEOUS_TEMPERATURE]).properties(&[
        row("errata/die", Text, RO, FIXED).len(2),
        row("errata/trim", Unsigned, RW, VOLATILE),
        row("errata/trimblanket", YesNo, RW, VOLATILE),
        row("errata/trimvalid", YesNo, RO, VOLATILE),
        row("fasttemp", Temperature, RO, VOLATILE).hidden(),
        row("latesttemp", Temperature, RO, VOLATILE),
        row("power", YesNo, RO, VOLATILE),
        row("scratchpad", Bytes, RO, VOLATILE).len(9),
        row("temperature", Temperature, RO, VOLATILE),
        row("temperature10", Temperature, RO, VOLATILE).hidden(),
        row("temperature11", Temperature, RO, VOLATILE).hidden(),
        row("temperature12", Temperature, RO, VOLATILE).hidden(),
        row("temperature9", Temperature, RO, VOLATILE).hidden(),
        row("temphigh", Temperature, RW, STABLE),
        row("templow", Temperature, RW, STABLE),
    ]);

/// DS1822.
pub static FAMILY_22: Family =
    Family::new(0x22, "22", "DS1822").flags(&[ALARM, SIMULTANEOUS_TEMPERATURE]).properties(RESOLVED);

/// DS18B20.
pub static FAMILY_28: Family =
    Family::new(0x28, "28", "DS18B20").flags(&[ALARM, SIMULTANEOUS_TEMPERATURE]).properties(RESOLVED);

/// DS1825.
pub static FAMILY_3B: Family =
    Family::new(0x3B, "3B", "DS1825").flags(&[ALARM, SIMULTANEOUS_TEMPERATURE]).properties(&[
        row("fasttemp", Temperature, RO, VOLATILE).by_model(),
        row("fault", YesNo, RO, VOLATILE),
        row("flagfield", Unsigned, RO, VOLATILE).hidden(),
        row("ground_short", YesNo, RO, VOLATILE),
        row("latesttemp", Temperature, RO, VOLATILE),
        row("memory", Bytes, RW, VOLATILE).len(128).by_model(),
        row("open_circuit", YesNo, RO, VOLATILE),
        row("pages/page", Bytes, RW, VOLATILE).numbered(16).len(8).by_model(),
        row("power", YesNo, RO, VOLATILE),
        row("prog_addr", Unsigned, RO, STABLE),
        row("scratchpad", Bytes, RO, VOLATILE).len(9),
        row("temperature", Temperature, RO, VOLATILE),
        row("temperature10", Temperature, RO, VOLATILE).by_model(),
        row("temperature11", Temperature, RO, VOLATILE).by_model(),
        row("temperature12", Temperature, RO, VOLATILE),
        row("temperature9", Temperature, RO, VOLATILE).by_model(),
        row("temphigh", Temperature, RW, STABLE).by_model(),
        row("templow", Temperature, RW, STABLE).by_model(),
        row("tempres", Unsigned, RW, STABLE),
        row("thermocouple", Temperature, RO, VOLATILE),
        row("vdd_short", YesNo, RO, VOLATILE),
    ]);

/// DS28EA00.
pub static FAMILY_42: Family =
    Family::new(0x42, "42", "DS28EA00").flags(&[ALARM, CHAIN, SIMULTANEOUS_TEMPERATURE]).properties(rows![
        &[
            row("PIO", BitField, RW, VOLATILE).lettered(2),
            row("fasttemp", Temperature, RO, VOLATILE),
            row("latch", BitField, RW, VOLATILE).lettered(2),
            row("latesttemp", Temperature, RO, VOLATILE),
            row("piostate", Unsigned, RO, VOLATILE).hidden(),
            row("power", YesNo, RO, VOLATILE),
            row("sensed", BitField, RO, VOLATILE).lettered(2),
        ],
        RESOLUTIONS
    ]);
