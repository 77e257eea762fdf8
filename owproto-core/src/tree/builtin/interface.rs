use crate::text::Value;
use crate::tree::bus::Bus;

/// The value of a property of `/bus.N/interface`.
pub(in crate::tree) fn value<'a, B: Bus>(
    bus: &'a B,
    number: u16,
    name: &str,
    scratch: &'a mut [u8],
) -> Value<'a> {
    match name {
        "settings/name" => Value::Text(bus.interface_name(number).as_bytes()),
        "settings/address" => Value::Text(bus.interface_address(number, scratch)),
        "settings/version" => Value::Unsigned(bus.interface_version(number)),
        "settings/ds2404_found" => Value::YesNo(true),
        "settings/overdrive" | "settings/reconnect" => Value::YesNo(false),
        "settings/simulated/temphigh" => Value::Float(100.0),
        "settings/simulated/templow" | "statistics/bus_time" => Value::Float(0.0),
        _ => Value::Unsigned(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::tester::Tester;

    #[test]
    fn a_tester_has_the_interface_of_a_simulated_bus() {
        // Observed, owserver 3.2p4 with --tester.
        let bus = Tester::new(&[0x10]);
        for (name, expected) in [
            ("settings/name", Value::Text(b"Simulated-Computed")),
            ("settings/address", Value::Text(b"tester.0")),
            ("settings/version", Value::Unsigned(28)),
            ("settings/ds2404_found", Value::YesNo(true)),
            ("settings/overdrive", Value::YesNo(false)),
            ("settings/reconnect", Value::YesNo(false)),
            ("settings/simulated/temphigh", Value::Float(100.0)),
            ("settings/simulated/templow", Value::Float(0.0)),
            ("statistics/bus_time", Value::Float(0.0)),
            ("statistics/else", Value::Unsigned(0)),
        ] {
            assert_eq!(value(&bus, 0, name, &mut [0; 32]), expected, "{name}");
        }
    }
}
