//! Boards by Hobby Boards, and the LCD by Louis Swart.

use super::table::*;

/// Hobby Boards: a UV sensor.
pub static FAMILY_EE: Family = Family::new(0xEE, "Hobby Boards").with_properties(&[
    Property::read_only("UVI/UVI", Float).by_model(),
    Property::read_write("UVI/UVI_offset", Float).stable().by_model(),
    Property::read_write("UVI/in_case", YesNo).stable().by_model(),
    Property::read_only("temperature", Temperature).by_model(),
    Property::read_write("temperature_offset", TemperatureDifference).stable().by_model(),
    Property::read_only("type", Text).with_len(32),
    Property::read_only("type_number", Unsigned).stable(),
    Property::read_only("version", Text).stable().with_len(7),
    Property::read_only("version_number", Unsigned).stable().hidden(),
]);

/// Hobby Boards: a barometer, a hub, and sensors of humidity, moisture and temperature.
pub static FAMILY_EF: Family = Family::new(0xEF, "Hobby Boards").with_properties(&[
    Property::read_write("barometer/altitude", Integer).by_model(),
    Property::read_write("barometer/config", Unsigned).stable().by_model(),
    Property::read_write("barometer/location", Text).stable().with_len(21).by_model(),
    Property::read_only("barometer/polling_available", Unsigned).stable().by_model(),
    Property::read_write("barometer/polling_frequency", Unsigned).stable().by_model(),
    Property::read_only("barometer/pressure", Pressure).by_model(),
    Property::read_only("barometer/pressure_altitude", Integer).by_model(),
    Property::write_only("barometer/reboot", YesNo).stable().by_model(),
    Property::write_only("barometer/reset", YesNo).stable().by_model(),
    Property::read_only("barometer/temperature", Temperature).by_model(),
    Property::read_write("hub/branch", BitField).stable().numbered(4).by_model(),
    Property::read_write("hub/config", Unsigned).hidden(),
    Property::read_only("hub/short", BitField).stable().numbered(4).by_model(),
    Property::read_write("humidity/config", Unsigned).stable().by_model(),
    Property::read_only("humidity/humidity_corrected", Float).by_model(),
    Property::read_write("humidity/humidity_offset", Float).by_model(),
    Property::read_only("humidity/humidity_raw", Float).by_model(),
    Property::read_write("humidity/location", Text).stable().with_len(21).by_model(),
    Property::read_only("humidity/polling_available", Unsigned).stable().by_model(),
    Property::read_write("humidity/polling_frequency", Unsigned).stable().by_model(),
    Property::write_only("humidity/reboot", YesNo).stable().by_model(),
    Property::write_only("humidity/reset", YesNo).stable().by_model(),
    Property::read_only("humidity/temperature", Temperature).by_model(),
    Property::read_write("moisture/calibrate/max", Unsigned).stable().by_model(),
    Property::read_write("moisture/calibrate/min", Unsigned).stable().by_model(),
    Property::read_only("moisture/calibrate/raw", Unsigned).numbered(4).by_model(),
    Property::read_write("moisture/is_leaf", BitField).numbered(4).by_model(),
    Property::read_write("moisture/is_moisture", BitField).stable().numbered(4).by_model(),
    Property::read_only("moisture/sensor", Integer).numbered(4).by_model(),
    Property::read_only("multitemp/config", Unsigned).stable().by_model(),
    Property::read_write("multitemp/location", Text).stable().with_len(21).by_model(),
    Property::read_only("multitemp/polling_available", Unsigned).stable().by_model(),
    Property::read_write("multitemp/polling_frequency", Unsigned).stable().by_model(),
    Property::write_only("multitemp/reboot", YesNo).stable().by_model(),
    Property::write_only("multitemp/reset", YesNo).stable().by_model(),
    Property::read_only("multitemp/temperature", Temperature).numbered(6).by_model(),
    Property::read_only("type", Text).with_len(32),
    Property::read_only("type_number", Unsigned).stable(),
    Property::read_only("version", Text).with_len(7),
    Property::read_only("version_number", Unsigned).stable().hidden(),
]);

/// The LCD by Louis Swart.
pub static FAMILY_FF: Family = Family::new(0xFF, "LCD").with_flags(ALARM).with_properties(&[
    Property::write_only("LCDon", YesNo).stable(),
    Property::write_only("backlight", YesNo).stable(),
    Property::read_only("counters", Unsigned).numbered(4),
    Property::read_write("cumulative", Unsigned).numbered(4),
    Property::read_write("data", Unsigned),
    Property::read_write("gpio", BitField).numbered(4),
    Property::write_only("line16", Text).stable().numbered(4).with_len(16),
    Property::write_only("line20", Text).stable().numbered(4).with_len(20),
    Property::write_only("line40", Text).stable().numbered(2).with_len(40),
    Property::read_write("memory", Bytes).stable().with_len(112),
    Property::read_write("register", Unsigned),
    Property::write_only("screen16", Text).stable().with_len(128),
    Property::write_only("screen20", Text).stable().with_len(128),
    Property::write_only("screen40", Text).stable().with_len(128),
    Property::read_only("version", Text).stable().with_len(16),
]);
