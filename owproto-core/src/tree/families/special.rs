//! What stands in the place of a device without being one.

use super::row::*;

/// Commands to all devices at once.
pub static SIMULTANEOUS: Family = Family::pseudo("simultaneous").properties(&[
    row("iblss", YesNo, RW, VOLATILE),
    row("present", YesNo, RO, VOLATILE),
    row("present_ds2400", YesNo, RO, VOLATILE),
    row("single", Text, RO, VOLATILE).len(18),
    row("single_ds2400", Text, RO, VOLATILE).len(18),
    row("temperature", YesNo, RW, VOLATILE),
    row("voltage", YesNo, RW, VOLATILE),
]);

/// The thermostat of a DS1620 without an address; owserver lists and describes it, nothing can be read.
pub static THERMOSTAT: Family = Family::pseudo("thermostat").properties(&[
    row("1shot", YesNo, RW, STABLE),
    row("polarity", YesNo, RW, STABLE),
    row("temperature", Temperature, RO, VOLATILE),
    row("temphigh", Temperature, RW, STABLE),
    row("temphighflag", YesNo, RW, STABLE),
    row("templow", Temperature, RW, STABLE),
    row("templowflag", YesNo, RW, STABLE),
    row("thermostatmode", YesNo, RW, STABLE),
    row("type", Text, RO, FIXED).len(32),
]);
