use crate::text::Value;
use crate::tree::bus::{Bus, Conversion};

/// The value of a property of `simultaneous`. owserver finds a single device by commands that a bus does not have here:
/// its address reads as zeros.
pub(in crate::tree) fn value<B: Bus>(bus: &B, number: Option<u16>, name: &str) -> Value<'static> {
    match (conversion(name), name) {
        (Some(conversion), _) => Value::YesNo(bus.is_converted(number, conversion)),
        (None, "single" | "single_ds2400") => Value::Text(b"000000000000000000"),
        _ => Value::YesNo(false),
    }
}

/// The conversion that a property of `simultaneous` starts.
pub(in crate::tree) fn conversion(name: &str) -> Option<Conversion> {
    match name {
        "temperature" => Some(Conversion::Temperature),
        "voltage" => Some(Conversion::Voltage),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::tester::Tester;

    #[test]
    fn two_properties_start_a_conversion() {
        assert_eq!(conversion("temperature"), Some(Conversion::Temperature));
        assert_eq!(conversion("voltage"), Some(Conversion::Voltage));
        assert_eq!(conversion("present"), None);
    }

    #[test]
    fn no_single_device_is_found_and_a_tester_converts_nothing() {
        let bus = Tester::new(&[0x10]);
        assert_eq!(value(&bus, None, "single"), Value::Text(b"000000000000000000"));
        assert_eq!(value(&bus, None, "temperature"), Value::YesNo(false));
        assert_eq!(value(&bus, None, "present"), Value::YesNo(false));
    }
}
