//! Conversion between the scales of a request's flags, and degrees Celsius and mbar.

use crate::text::{ValueType, arithmetic};
use crate::wire::{Flags, TemperatureScale};

/// Converts a value of this type to the scale of the flags (owfs: `ow_temp.c`, `ow_pressure.c`).
pub(super) fn to_client(value_type: ValueType, number: f64, flags: Flags) -> f64 {
    let (factor, summands) = conversion(value_type, flags);
    let number = factor.map_or(number, |factor| arithmetic::multiply(number, *factor));
    summands.iter().fold(number, |number, summand| arithmetic::add(number, *summand))
}

/// The inverse of [`to_client`].
pub(super) fn from_client(value_type: ValueType, number: f64, flags: Flags) -> f64 {
    let (factor, summands) = conversion(value_type, flags);
    let number = summands.iter().fold(number, |number, summand| arithmetic::add(number, -summand));
    factor.map_or(number, |factor| arithmetic::divide(number, *factor))
}

/// The factor from our scale to that of the client, unless it is 1, and the summands, which are added one by one as in
/// owserver.
fn conversion(value_type: ValueType, flags: Flags) -> (Option<&'static f64>, &'static [f64]) {
    let (factor, summands): (Option<&f64>, &[f64]) = match flags.temperature_scale() {
        TemperatureScale::Celsius => (None, &[]),
        TemperatureScale::Fahrenheit => (Some(&1.8), &[32.0]),
        TemperatureScale::Kelvin => (None, &[273.15]),
        TemperatureScale::Rankine => (Some(&1.8), &[32.0, 459.67]),
    };
    match value_type {
        ValueType::Temperature => (factor, summands),
        ValueType::TemperatureDifference => (factor, &[]),
        // The first scale is mbar, which needs no factor.
        ValueType::Pressure => {
            let scale = usize::from(flags.pressure_scale() as u8);
            (PER_MILLIBAR.get(scale.wrapping_sub(1)), &[])
        }
        _ => (None, &[]),
    }
}

/// Atmosphere, mmHg, inHg, psi and Pa.
static PER_MILLIBAR: [f64; 5] =
    [0.000_986_923_169_31, 0.750_061_561_3, 0.029_529_983_071, 0.014_503_773_801, 100.0];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::PressureScale;

    #[test]
    fn a_value_is_the_same_after_both_conversions() {
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
    fn known_values_are_converted() {
        let fahrenheit = Flags::NONE.with_temperature_scale(TemperatureScale::Fahrenheit);
        assert!((to_client(ValueType::Temperature, 100.0, fahrenheit) - 212.0).abs() < 1e-9);
        assert!((to_client(ValueType::TemperatureDifference, 10.0, fahrenheit) - 18.0).abs() < 1e-9);
        let atmosphere = Flags::NONE.with_pressure_scale(PressureScale::Atmosphere);
        assert!((to_client(ValueType::Pressure, 1013.25, atmosphere) - 1.0).abs() < 1e-6);
        assert!((to_client(ValueType::Float, 100.0, fahrenheit) - 100.0).abs() < f64::EPSILON);
    }
}
