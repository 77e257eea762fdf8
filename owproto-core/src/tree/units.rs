//! Scales: what the flags of a request ask for, to and from degrees Celsius and mbar.

use crate::text::ValueType;
use crate::wire::{Flags, PressureScale, TemperatureScale};

/// A number of this type as the client wants it (owfs: `ow_temp.c`, `ow_pressure.c`).
pub(super) fn to_client(value_type: ValueType, number: f64, flags: Flags) -> f64 {
    let (factor, summands) = conversion(value_type, flags);
    summands.iter().fold(number * factor, |number, summand| number + summand)
}

/// A number of this type that the client wrote; the inverse of [`to_client`].
pub(super) fn from_client(value_type: ValueType, number: f64, flags: Flags) -> f64 {
    let (factor, summands) = conversion(value_type, flags);
    summands.iter().fold(number, |number, summand| number - summand) / factor
}

/// The factor from our scale to that of the client, and what is then added, one after the other as owserver does it. A
/// factor of 1 leaves every number as it is.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
fn conversion(value_type: ValueType, flags: Flags) -> (f64, &'static [f64]) {
    let (factor, summands): (f64, &'static [f64]) = match flags.temperature_scale() {
        TemperatureScale::Celsius => (1.0, &[]),
        TemperatureScale::Fahrenheit => (1.8, &[32.0]),
        TemperatureScale::Kelvin => (1.0, &[273.15]),
        TemperatureScale::Rankine => (1.8, &[32.0, 459.67]),
    };
    match value_type {
        ValueType::Temperature => (factor, summands),
        ValueType::TemperatureDifference => (factor, &[]),
        ValueType::Pressure => (per_millibar(flags), &[]),
        _ => (1.0, &[]),
    }
}

fn per_millibar(flags: Flags) -> f64 {
    match flags.pressure_scale() {
        PressureScale::Millibar => 1.0,
        PressureScale::Atmosphere => 0.000_986_923_169_31,
        PressureScale::MillimetreOfMercury => 0.750_061_561_3,
        PressureScale::InchOfMercury => 0.029_529_983_071,
        PressureScale::Psi => 0.014_503_773_801,
        PressureScale::Pascal => 100.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for scale in [
            TemperatureScale::Celsius,
            TemperatureScale::Fahrenheit,
            TemperatureScale::Kelvin,
            TemperatureScale::Rankine,
        ] {
            let flags = Flags::NONE.with_temperature_scale(scale);
            for value_type in [ValueType::Temperature, ValueType::TemperatureDifference] {
                let there = to_client(value_type, 21.5, flags);
                assert!((from_client(value_type, there, flags) - 21.5).abs() < 1e-9, "{scale} {value_type}");
            }
        }
        for bits in 0..8 {
            let flags = Flags(bits << 18);
            let there = to_client(ValueType::Pressure, 1013.25, flags);
            assert!((from_client(ValueType::Pressure, there, flags) - 1013.25).abs() < 1e-9, "{flags}");
        }
    }

    #[test]
    fn known_points() {
        let fahrenheit = Flags::NONE.with_temperature_scale(TemperatureScale::Fahrenheit);
        assert!((to_client(ValueType::Temperature, 100.0, fahrenheit) - 212.0).abs() < 1e-9);
        assert!((to_client(ValueType::TemperatureDifference, 10.0, fahrenheit) - 18.0).abs() < 1e-9);
        let atmosphere = Flags::NONE.with_pressure_scale(PressureScale::Atmosphere);
        assert!((to_client(ValueType::Pressure, 1013.25, atmosphere) - 1.0).abs() < 1e-6);
        assert!((to_client(ValueType::Float, 100.0, fahrenheit) - 100.0).abs() < f64::EPSILON);
    }
}
