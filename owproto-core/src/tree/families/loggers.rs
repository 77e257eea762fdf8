//! Loggers of temperature and humidity.

use super::table::*;

/// DS1921: a logger of temperatures.
pub static FAMILY_21: Family = Family::new(0x21, "DS1921")
    .with_flags(ALARM)
    .with_flags(OVERDRIVE)
    .with_flags(SIMULTANEOUS_TEMPERATURE)
    .with_properties(&[
        Property::read_write("ControlRegister", Unsigned).stable().hidden(),
        Property::read_only("about/measuring", YesNo),
        Property::read_only("about/resolution", TemperatureDifference).fixed(),
        Property::read_only("about/samples", Unsigned),
        Property::read_only("about/temphigh", Temperature).fixed(),
        Property::read_only("about/templow", Temperature).fixed(),
        Property::read_only("about/version", Text).stable().with_len(11),
        Property::read_write("alarm_dow", Unsigned).stable(),
        Property::read_write("alarm_hour", Unsigned).stable(),
        Property::read_write("alarm_minute", Unsigned).stable(),
        Property::read_write("alarm_second", Unsigned).stable(),
        Property::read_write("alarm_state", Unsigned).stable(),
        Property::read_write("alarm_trigger", Unsigned).stable(),
        Property::read_write("clock/date", Date).every_second(),
        Property::read_write("clock/running", YesNo),
        Property::read_write("clock/udate", Unsigned).every_second(),
        Property::read_only("histogram/counts", Unsigned).numbered(63),
        Property::read_only("histogram/elements", Unsigned).fixed(),
        Property::read_only("histogram/gap", TemperatureDifference).fixed(),
        Property::read_only("histogram/temperature", Temperature).fixed().numbered(63),
        Property::read_only("log/date", Date).numbered(2048),
        Property::read_only("log/elements", Unsigned),
        Property::read_only("log/temperature", Temperature).numbered(2048),
        Property::read_only("log/udate", Unsigned).numbered(2048),
        Property::read_write("memory", Bytes).with_len(512),
        Property::write_only("mission/clear", YesNo),
        Property::read_only("mission/date", Date),
        Property::read_write("mission/delay", Unsigned),
        Property::write_only("mission/easystart", Unsigned).stable(),
        Property::read_write("mission/enable", YesNo),
        Property::read_write("mission/frequency", Unsigned),
        Property::read_write("mission/rollover", YesNo),
        Property::read_write("mission/running", YesNo),
        Property::read_only("mission/samples", Unsigned),
        Property::read_only("mission/sampling", YesNo),
        Property::read_write("mission/temphigh", YesNo),
        Property::read_write("mission/templow", YesNo),
        Property::read_write("mission/timer", YesNo).hidden(),
        Property::read_only("mission/udate", Unsigned),
        Property::read_only("overtemp/count", Unsigned).numbered(12),
        Property::read_only("overtemp/date", Date).numbered(12),
        Property::read_only("overtemp/elements", Unsigned),
        Property::read_only("overtemp/end", Date).numbered(12),
        Property::read_write("overtemp/temperature", Temperature).stable(),
        Property::read_only("overtemp/udate", Unsigned).numbered(12),
        Property::read_write("pages/page", Bytes).numbered(16).with_len(32),
        Property::read_write("set_alarm/date", YesNo),
        Property::read_write("set_alarm/temphigh", YesNo),
        Property::read_write("set_alarm/templow", YesNo),
        Property::inaccessible("set_alarm/trigger", YesNo),
        Property::read_only("temperature", Temperature),
        Property::read_only("undertemp/count", Unsigned).numbered(12),
        Property::read_only("undertemp/date", Date).numbered(12),
        Property::read_only("undertemp/elements", Unsigned),
        Property::read_only("undertemp/end", Date).numbered(12),
        Property::read_write("undertemp/temperature", Temperature).stable(),
        Property::read_only("undertemp/udate", Unsigned).numbered(12),
    ]);

/// DS1923: a logger of temperature and humidity.
pub static FAMILY_41: Family = Family::new(0x41, "DS1923")
    .with_flags(RESUME)
    .with_flags(ALARM)
    .with_flags(OVERDRIVE)
    .with_flags(SIMULTANEOUS_TEMPERATURE)
    .with_properties(&[
        Property::read_write("clock/date", Date).every_second(),
        Property::read_write("clock/running", YesNo).stable(),
        Property::read_write("clock/udate", Unsigned).every_second(),
        Property::read_only("humidity", Float),
        Property::read_write("mission/delay", Unsigned),
        Property::read_write("mission/rollover", YesNo).stable(),
        Property::read_write("mission/running", YesNo),
        Property::read_only("mission/samplinghumidity", YesNo),
        Property::read_only("mission/samplingtemp", YesNo),
        Property::read_write("pages/page", Bytes).numbered(18).with_len(32),
        Property::read_only("temperature", Temperature),
    ]);
