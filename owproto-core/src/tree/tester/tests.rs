use std::string::ToString;

use super::*;
use crate::tree::families;

#[test]
fn a_device_has_the_address_that_owserver_gives_it() {
    // Observed, owserver 3.2p4: --tester=10,28 and a second bus.
    let one = Tester::new(&[0x10, 0x28]);
    let two = Tester::with_buses(&[&[0x10], &[0x28, 0x10]]);
    for (tester, bus, n, expected) in [
        (one, 0, 0, Some("10.000010EF0000")),
        (one, 0, 1, Some("28.000028D70100")),
        (one, 0, 2, None),
        (one, 1, 0, None),
        (two, 0, 0, Some("10.000010EF0000")),
        (two, 1, 0, Some("28.010028D70000")),
        (two, 1, 1, Some("10.010010EF0100")),
        (two, 2, 0, None),
    ] {
        assert_eq!(tester.id(bus, n).map(|id| id.to_string()).as_deref(), expected, "{bus} {n}");
    }
    assert_eq!((one.buses(), two.buses()), (1, 2));
}

/// Reads a property of the `n`th device of a bus, with this many bytes of scratch memory.
fn value_of(
    tester: &mut Tester<'_>,
    (bus, n): (u16, usize),
    name: &str,
    (element, offset): (Element<'_>, usize),
    room: usize,
) -> Result<std::string::String, ReturnCode> {
    let device = tester.id(bus, n).unwrap();
    let family = families::family(families::ALL, device.family());
    let property = family.property(name.as_bytes()).unwrap();
    let access = Access::new(device, bus, family, property, element).with_offset(offset);
    let mut scratch = std::vec![0; room];
    let mut context = Context::from_waker(core::task::Waker::noop());
    match tester.read(&access, &mut scratch, &mut context) {
        Poll::Ready(value) => value.map(|value| value.to_string()),
        Poll::Pending => panic!("a tester is always ready"),
    }
}

/// Reads a property of the first device of a family.
fn read(code: u8, name: &str, element: Element<'_>, offset: usize, room: usize) -> std::string::String {
    value_of(&mut Tester::new(&[code]), (0, 0), name, (element, offset), room).unwrap()
}

#[test]
fn a_number_is_the_sum_of_family_bus_device_and_index() {
    let buses: [&[u8]; 2] = [&[0x10], &[0x28, 0x29, 0x12, 0x1f, 0x24]];
    let mut tester = Tester::with_buses(&buses);
    for (place, name, element, expected) in [
        ((0, 0), "temperature", Element::Only, Ok("1.6")),
        ((1, 0), "temperature", Element::Only, Ok("4.1")),
        ((1, 0), "power", Element::Only, Ok("yes")),
        ((1, 1), "PIO", Element::Number(0), Ok("yes")),
        ((1, 1), "PIO", Element::Number(7), Ok("no")),
        ((1, 1), "PIO", Element::Byte, Ok("41")),
        ((1, 1), "set_alarm", Element::Only, Ok("43")),
        ((1, 2), "TAI8570/C", Element::Number(5), Ok("26")),
        ((1, 2), "TAI8570/pressure", Element::Only, Ok("2.1")),
        ((1, 3), "aux", Element::Only, Err(ReturnCode::IS_A_DIRECTORY)),
        ((1, 4), "date", Element::Only, Ok("Fri Mar 23 04:00:00 2007")),
    ] {
        let text = value_of(&mut tester, place, name, (element, 0), 32);
        assert_eq!(text, expected.map(std::string::String::from), "{name} {element:?}");
    }
}

#[test]
fn a_device_is_found_only_on_its_bus() {
    let buses: [&[u8]; 2] = [&[0x10], &[0x28, 0x10]];
    let mut tester = Tester::with_buses(&buses);
    let mut context = Context::from_waker(core::task::Waker::noop());
    for (bus, n) in [(0, 0), (1, 0), (1, 1)] {
        let device = tester.id(bus, n).unwrap();
        assert_eq!(tester.find(device, &mut context), Poll::Ready(Ok(Some(bus))));
        assert_eq!(tester.device(bus, n, &mut context), Poll::Ready(Ok(Some(device))));
    }
    for other in ["10.000010EF0100", "28.000028D70000", "10.010010EE0100", "10.112233445566"] {
        assert_eq!(tester.find(other.parse().unwrap(), &mut context), Poll::Ready(Ok(None)), "{other}");
    }
}

#[test]
fn a_fixed_property_has_the_value_of_owserver() {
    for (code, name, text) in [
        (0x10, "errata/die", "B6"),
        (0x22, "errata/die", "C2"),
        (0x28, "errata/die", "C2"),
        (0x21, "about/resolution", "0.5"),
        (0x21, "about/temphigh", "85"),
        (0x21, "about/templow", "-40"),
        (0x21, "histogram/elements", "63"),
        (0x21, "histogram/gap", "2"),
    ] {
        assert_eq!(read(code, name, Element::Only, 0, 32), text, "{code:02X} {name}");
    }
    assert_eq!(read(0x21, "histogram/temperature", Element::Number(3), 0, 32), "-34");
}

#[test]
fn a_thermocouple_has_the_range_of_its_type() {
    let mut seen = 0;
    for family in families::ALL {
        for property in family.properties.iter().filter(|property| property.name.contains("/range_")) {
            let text = read(family.code.unwrap(), property.name, Element::Only, 0, 32);
            let expected = match property.name {
                "typeB/range_low" => "0",
                "typeE/range_low" | "typeK/range_low" | "typeN/range_low" | "typeT/range_low" => "-270",
                "typeJ/range_low" => "-210",
                "typeR/range_low" | "typeS/range_low" => "-50",
                "typeB/range_high" => "1820",
                "typeE/range_high" => "1000",
                "typeJ/range_high" => "1200",
                "typeK/range_high" => "1370",
                "typeN/range_high" => "1300",
                "typeR/range_high" | "typeS/range_high" => "1760",
                "typeT/range_high" => "400",
                other => panic!("{other}"),
            };
            assert_eq!(text, expected, "{}", property.name);
            seen += 1;
        }
    }
    assert!(seen >= 16, "{seen}");
}

#[test]
fn text_and_bytes_are_the_repeated_address() {
    assert_eq!(read(0x28, "type", Element::Only, 0, 0), "");
    let id = Tester::new(&[0x12]).id(0, 0).unwrap().to_bytes();
    let digits: std::string::String = id.iter().map(|byte| std::format!("{byte:02X}")).collect();
    assert_eq!(read(0x12, "TAI8570/sibling", Element::Only, 0, 40), digits, "not longer than the property");
    assert_eq!(read(0x12, "TAI8570/sibling", Element::Only, 0, 3), digits[..3]);
    let long = read(0xed, "device", Element::Only, 0, 100);
    assert_eq!((long.len(), &long[..16]), (64, &long[16..32]));
    let pages = read(0x23, "memory", Element::Only, 3, 8);
    assert_eq!(pages.len(), 16);
    let id = Tester::new(&[0x23]).id(0, 0).unwrap().to_bytes();
    let expected: std::string::String = (3..11).map(|n| std::format!("{:02x}", id[n % 8])).collect();
    assert_eq!(pages, expected);
}
