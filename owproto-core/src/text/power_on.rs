use super::{RomId, Value};
use crate::wire::Flags;

/// The temperature in degrees Celsius that thermometers of a family report from power-on until their first conversion;
/// `None` for other families.
///
/// 85 °C for DS18S20 (10), DS1822 (22), DS18B20 (28), DS1825 (3B) and DS28EA00 (42), by their data sheets: the
/// temperature register is `0x0550` (DS18S20: `0x00AA`) after power-on. MAX31850 and MAX31851 share family 3B, but no
/// power-on value is documented for them.
#[must_use]
pub const fn power_on_temperature(family: u8) -> Option<f64> {
    match family {
        0x10 | 0x22 | 0x28 | 0x3B | 0x42 => Some(POWER_ON_TEMPERATURE),
        _ => None,
    }
}

/// Whether a value is the one that a thermometer reports from power-on until its first conversion, and so probably not a
/// measurement: 85 °C, in the scale of the request's flags.
///
/// A thermometer reports it after losing power between conversion and reading, which is common with parasitic power. Read it
/// again. owserver passes the value on (owfs: `ow_1820.c`). A real temperature of 85 °C looks the same; its neighbours,
/// 84.94 and 85.06 °C, do not.
///
/// This applies to `temperature`, `temperature9` to `temperature12`, `fasttemp` and `latesttemp` of the families with a
/// [`power_on_temperature`]. The last two segments of `path` name the device and the property. A device named by an alias
/// is assumed to be of such a family.
///
/// ```
/// use owproto_core::text::{Value, ValueType, is_power_on_reading};
/// use owproto_core::wire::{Flags, TemperatureScale};
///
/// let path = "/28.000028D70100/temperature";
/// let value = Value::parse(ValueType::Temperature, b"          85")?;
/// assert!(is_power_on_reading(path, &value, Flags::NONE));
/// assert!(!is_power_on_reading(path, &value, Flags::NONE.with_temperature_scale(TemperatureScale::Fahrenheit)));
/// assert!(!is_power_on_reading("/28.000028D70100/temphigh", &value, Flags::NONE));
/// # Ok::<(), owproto_core::text::ValueError>(())
/// ```
#[must_use]
pub fn is_power_on_reading<P: AsRef<[u8]> + ?Sized>(path: &P, value: &Value<'_>, flags: Flags) -> bool {
    let Value::Float(number) = *value else { return false };
    let mut segments = path.as_ref().rsplit(|&byte| byte == b'/');
    let (Some(property), Some(device)) = (segments.next(), segments.next()) else { return false };
    let celsius = match RomId::parse(device) {
        Ok(id) => power_on_temperature(id.family()),
        Err(_) if device.is_empty() => None,
        Err(_) => Some(POWER_ON_TEMPERATURE),
    };
    let expected = celsius.map(|celsius| flags.temperature_scale().from_celsius(celsius));
    is_measured(property)
        && expected.is_some_and(|expected| number > expected - TOLERANCE && number < expected + TOLERANCE)
}

const POWER_ON_TEMPERATURE: f64 = 85.0;

/// The tolerance. owserver prints six digits, and the finest step of a thermometer is 1/16 °C.
const TOLERANCE: f64 = 0.01;

/// Whether the property is a measured temperature.
fn is_measured(property: &[u8]) -> bool {
    [
        "temperature",
        "temperature9",
        "temperature10",
        "temperature11",
        "temperature12",
        "fasttemp",
        "latesttemp",
    ]
    .iter()
    .any(|name| property.eq_ignore_ascii_case(name.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::ValueType;
    use crate::wire::TemperatureScale;

    #[test]
    fn the_power_on_value_is_recognized_in_each_scale() {
        for (scale, text) in [
            (TemperatureScale::Celsius, &b"          85"[..]),
            (TemperatureScale::Fahrenheit, b"         185"),
            (TemperatureScale::Kelvin, b"      358.15"),
            (TemperatureScale::Rankine, b"      644.67"),
        ] {
            let value = Value::parse(ValueType::Temperature, text).unwrap();
            for other in [
                TemperatureScale::Celsius,
                TemperatureScale::Fahrenheit,
                TemperatureScale::Kelvin,
                TemperatureScale::Rankine,
            ] {
                let flags = Flags::UNCACHED.with_temperature_scale(other);
                let found = is_power_on_reading("/28.000028D70100/temperature", &value, flags);
                assert_eq!(found, scale == other, "{scale} as {other}");
            }
        }
    }

    #[test]
    fn values_one_step_away_are_measurements() {
        for number in [84.9375, 85.0625, 84.5, 85.5, -85.0, f64::NAN, f64::INFINITY] {
            let value = Value::Float(number);
            assert!(!is_power_on_reading("/28.000028D70100/temperature", &value, Flags::NONE), "{number}");
        }
        // In degrees Fahrenheit the steps are 0.1125 apart.
        let fahrenheit = Flags::NONE.with_temperature_scale(TemperatureScale::Fahrenheit);
        for number in [184.888, 185.113] {
            let value = Value::Float(number);
            assert!(!is_power_on_reading("/28.000028D70100/temperature", &value, fahrenheit), "{number}");
        }
    }

    #[test]
    fn only_temperatures_of_certain_families_have_a_power_on_value() {
        for (path, expected) in [
            ("/28.000028D70100/temperature", true),
            ("/10.000010EF0000/temperature", true),
            ("/22.000022DD0000/temperature", true),
            ("/3B.00003BC40000/temperature", true),
            ("/42.000042BD0000/temperature", true),
            ("28.000028D70100/temperature", true),
            ("/uncached/bus.0/28000028D70100/latesttemp", true),
            ("/28.000028D70100/fasttemp", true),
            ("/28.000028D70100/temperature12", true),
            ("/28.000028D70100/Temperature", true),
            ("/kitchen/temperature", true),
            ("/28.000028D70100/temperature13", false),
            ("/28.000028D70100/temphigh", false),
            ("/28.000028D70100/templow", false),
            ("/3B.00003BC40000/thermocouple", false),
            ("/26.000026D90200/temperature", false),
            ("/1D.00001DE20000/temperature", false),
            ("/temperature", false),
            ("temperature", false),
            ("/28.000028D70100/temperature/", false),
            ("", false),
        ] {
            assert_eq!(is_power_on_reading(path, &Value::Float(85.0), Flags::NONE), expected, "{path}");
        }
        assert!(!is_power_on_reading("/28.000028D70100/temperature", &Value::Integer(85), Flags::NONE));
    }
}
