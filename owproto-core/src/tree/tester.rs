//! Simulated devices with computed values: the same rule as owserver's `--tester`.

use core::task::{Context, Poll};

use crate::message::ReturnCode;
use crate::text::{Date, RomId, Value, ValueType, hex_digit};
use crate::tree::builtin::Made;
use crate::tree::bus::{Access, Bus};
use crate::tree::model::property::Element;

/// A bus of simulated devices whose addresses and values follow from their family, their bus and their place on it,
/// as they do on the bus that owserver's option `--tester` makes. What is written is taken and forgotten.
///
/// | value | rule |
/// |-------|------|
/// | address | family; bus number, two bytes, low first; family; 255 - family; device number, two bytes; CRC8 |
/// | integer, unsigned | family + bus number + device number + index |
/// | float, temperature, difference, pressure | a tenth of it |
/// | yes/no | its lowest bit |
/// | `.BYTE` | as unsigned, with an index of -2 |
/// | date | Fri Mar 23 04:00:00 2007 |
/// | text | the address, as 16 hexadecimal digits, again and again |
/// | bytes | the address, again and again |
///
/// Properties that never change have the value that owserver has for them. (Observed, owserver 3.2p4.)
///
/// ```
/// use owproto_core::tree::tester::Tester;
/// assert_eq!(Tester::new(&[0x10, 0x28]).id(0, 1).unwrap().to_string(), "28.000028D70100");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Tester<'f> {
    /// The families of the devices on each bus.
    buses: Buses<'f>,
}

#[derive(Clone, Copy, Debug)]
enum Buses<'f> {
    One(&'f [u8]),
    Several(&'f [&'f [u8]]),
}

impl<'f> Tester<'f> {
    /// One bus, with a device for each of these family codes.
    #[must_use]
    pub const fn new(families: &'f [u8]) -> Self {
        Self { buses: Buses::One(families) }
    }

    /// Several buses, with a device for each of these family codes.
    #[must_use]
    pub const fn with_buses(buses: &'f [&'f [u8]]) -> Self {
        Self { buses: Buses::Several(buses) }
    }

    fn families(&self, bus: u16) -> &'f [u8] {
        match self.buses {
            Buses::One(families) if bus == 0 => families,
            Buses::One(_) => &[],
            Buses::Several(buses) => buses.get(usize::from(bus)).copied().unwrap_or_default(),
        }
    }

    /// The `n`th device of a bus; `None` behind the last.
    #[must_use]
    pub fn id(&self, bus: u16, n: usize) -> Option<RomId> {
        let family = *self.families(bus).get(n)?;
        Some(RomId::new(family, id_bytes(family, bus, u16::try_from(n).ok()?)))
    }

    /// The number of a device on its bus, if it is there.
    fn number(&self, bus: u16, device: RomId) -> Option<u16> {
        let [.., low, high] = device.id();
        let number = u16::from_le_bytes([low, high]);
        (self.id(bus, number.into()) == Some(device)).then_some(number)
    }
}

/// Two bytes of the bus number, the family and its complement, two bytes of the device number.
const fn id_bytes(family: u8, bus: u16, number: u16) -> [u8; 6] {
    let [bus_low, bus_high] = bus.to_le_bytes();
    let [low, high] = number.to_le_bytes();
    [bus_low, bus_high, family, !family, low, high]
}

/// Fri Mar 23 04:00:00 2007, the date of everything (observed).
const DATE: Option<Date> = Date::new(2007, 3, 23, 4, 0, 0);

impl Bus for Tester<'_> {
    fn buses(&self) -> u16 {
        match self.buses {
            Buses::One(_) => 1,
            Buses::Several(buses) => u16::try_from(buses.len()).unwrap_or(u16::MAX),
        }
    }

    fn device(&mut self, bus: u16, n: usize, _: &mut Context<'_>) -> Poll<Result<Option<RomId>, ReturnCode>> {
        Poll::Ready(Ok(self.id(bus, n)))
    }

    fn find(&mut self, device: RomId, _: &mut Context<'_>) -> Poll<Result<Option<u16>, ReturnCode>> {
        Poll::Ready(Ok((0..self.buses()).find(|bus| self.number(*bus, device).is_some())))
    }

    fn read<'a>(
        &'a mut self,
        access: &Access<'_>,
        scratch: &'a mut [u8],
        _: &mut Context<'_>,
    ) -> Poll<Result<Value<'a>, ReturnCode>> {
        let Some(number) = self.number(access.bus, access.device) else {
            return Poll::Ready(Err(ReturnCode::NO_SUCH_ENTITY));
        };
        if let Some(value) = constant(access) {
            return Poll::Ready(Ok(value));
        }
        let index: i64 = match access.element {
            Element::Number(index) => index.into(),
            Element::Byte => -2,
            Element::Only | Element::All | Element::Named(_) => 0,
        };
        let sum = i64::from(access.device.family())
            .saturating_add(access.bus.into())
            .saturating_add(number.into())
            .saturating_add(index);
        let bytes = access.device.to_bytes();
        Poll::Ready(match access.property.type_of(access.element) {
            ValueType::Integer => {
                i32::try_from(sum).map(Value::Integer).map_err(|_| ReturnCode::OUT_OF_RANGE)
            }
            ValueType::Unsigned | ValueType::BitField => {
                u32::try_from(sum).map(Value::Unsigned).map_err(|_| ReturnCode::OUT_OF_RANGE)
            }
            ValueType::Float
            | ValueType::Temperature
            | ValueType::TemperatureDifference
            | ValueType::Pressure => {
                let sum = i32::try_from(sum).map_err(|_| ReturnCode::OUT_OF_RANGE);
                sum.map(|sum| Value::Float(f64::from(sum) / 10.0))
            }
            ValueType::YesNo => Ok(Value::YesNo(sum & 1 == 1)),
            ValueType::Date => DATE.map(Value::Date).ok_or(ReturnCode::IO),
            ValueType::Text | ValueType::Alias => {
                let mut digits = [0; 2 * RomId::LEN];
                for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
                    *pair = [hex_digit(byte >> 4), hex_digit(byte & 0x0f)];
                }
                let len = usize::try_from(access.property.len).unwrap_or(usize::MAX);
                for (place, digit) in scratch.iter_mut().zip(digits.into_iter().cycle()) {
                    *place = digit;
                }
                Ok(Value::Text(scratch.get(..len).unwrap_or(scratch)))
            }
            ValueType::Bytes | ValueType::Unknown => {
                let first = access.offset.checked_rem(RomId::LEN).unwrap_or_default();
                for (place, byte) in scratch.iter_mut().zip(bytes.into_iter().cycle().skip(first)) {
                    *place = byte;
                }
                Ok(Value::Bytes(scratch))
            }
            ValueType::Directory => Err(ReturnCode::IS_A_DIRECTORY),
        })
    }

    fn write(&mut self, _: &Access<'_>, _: Value<'_>, _: &mut Context<'_>) -> Poll<Result<(), ReturnCode>> {
        Poll::Ready(Ok(()))
    }

    fn clock(&self) -> Option<Date> {
        DATE
    }

    fn interface_name(&self, _: u16) -> &str {
        "Simulated-Computed"
    }

    fn interface_address<'a>(&'a self, bus: u16, scratch: &'a mut [u8]) -> &'a [u8] {
        let mut made = Made::new(scratch);
        made.push(b"tester.");
        made.push_decimal(bus.into());
        made.finish()
    }

    fn interface_version(&self, _: u16) -> u32 {
        28
    }
}

/// Values of properties that never change: owserver does not compute them for simulated devices, but asks its driver
/// (observed).
fn constant(access: &Access<'_>) -> Option<Value<'static>> {
    let name = access.property.name;
    Some(match access.family.name {
        "10" if name == "errata/die" => Value::Text(b"B6"),
        "22" | "28" if name == "errata/die" => Value::Text(b"C2"),
        "21" => match (name, access.element) {
            ("about/resolution", _) => Value::Float(0.5),
            ("about/temphigh", _) => Value::Float(85.0),
            ("about/templow", _) => Value::Float(-40.0),
            ("histogram/elements", _) => Value::Unsigned(63),
            ("histogram/gap", _) => Value::Float(2.0),
            ("histogram/temperature", Element::Number(n)) => Value::Float(-40.0 + 2.0 * f64::from(n)),
            _ => return None,
        },
        _ => {
            let (kind, limit) = name.strip_prefix("type")?.split_once("/range_")?;
            let (_, low, high) = THERMOCOUPLES.iter().find(|(known, _, _)| *known == kind)?;
            match limit {
                "low" => Value::Float(*low),
                "high" => Value::Float(*high),
                _ => return None,
            }
        }
    })
}

/// The temperatures that thermocouples of each type can measure.
const THERMOCOUPLES: [(&str, f64, f64); 8] = [
    ("B", 0.0, 1820.0),
    ("E", -270.0, 1000.0),
    ("J", -210.0, 1200.0),
    ("K", -270.0, 1370.0),
    ("N", -270.0, 1300.0),
    ("R", -50.0, 1760.0),
    ("S", -50.0, 1760.0),
    ("T", -270.0, 400.0),
];

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn addresses_are_those_of_owserver() {
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

    /// What the `n`th device of a bus says.
    fn said(
        tester: &mut Tester<'_>,
        (bus, n): (u16, usize),
        name: &str,
        (element, offset): (Element<'_>, usize),
        room: usize,
    ) -> Result<std::string::String, ReturnCode> {
        let device = tester.id(bus, n).unwrap();
        let family = crate::tree::families::family(crate::tree::families::ALL, device.family());
        let property = family.property(name.as_bytes()).unwrap();
        let access = Access {
            device,
            bus,
            family,
            property,
            element,
            offset,
            is_uncached: false,
            now: crate::time::Instant::ZERO,
            operation: crate::tree::bus::Operation::default(),
        };
        let mut scratch = std::vec![0; room];
        let mut context = Context::from_waker(core::task::Waker::noop());
        match tester.read(&access, &mut scratch, &mut context) {
            Poll::Ready(said) => said.map(|value| value.to_string()),
            Poll::Pending => panic!("a tester is always ready"),
        }
    }

    /// What the first device of a family says.
    fn read(code: u8, name: &str, element: Element<'_>, offset: usize, room: usize) -> std::string::String {
        said(&mut Tester::new(&[code]), (0, 0), name, (element, offset), room).unwrap()
    }

    #[test]
    fn numbers_are_the_sum_of_family_bus_device_and_index() {
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
            let text = said(&mut tester, place, name, (element, 0), 32);
            assert_eq!(text, expected.map(std::string::String::from), "{name} {element:?}");
        }
    }

    #[test]
    fn a_device_is_found_on_its_bus_alone() {
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
    fn what_never_changes_is_what_owserver_has_for_it() {
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
    fn thermocouples_have_the_ranges_of_their_types() {
        let mut seen = 0;
        for family in crate::tree::families::ALL {
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
    fn text_and_bytes_are_the_address_again_and_again() {
        assert_eq!(read(0x28, "type", Element::Only, 0, 0), "");
        let id = Tester::new(&[0x12]).id(0, 0).unwrap().to_bytes();
        let digits: std::string::String = id.iter().map(|byte| std::format!("{byte:02X}")).collect();
        assert_eq!(
            read(0x12, "TAI8570/sibling", Element::Only, 0, 40),
            digits,
            "no more than the property has"
        );
        assert_eq!(read(0x12, "TAI8570/sibling", Element::Only, 0, 3), digits[..3]);
        let long = read(0xed, "device", Element::Only, 0, 100);
        assert_eq!((long.len(), &long[..16]), (64, &long[16..32]));
        let pages = read(0x23, "memory", Element::Only, 3, 8);
        assert_eq!(pages.len(), 16);
        let id = Tester::new(&[0x23]).id(0, 0).unwrap().to_bytes();
        let expected: std::string::String = (3..11).map(|n| std::format!("{:02x}", id[n % 8])).collect();
        assert_eq!(pages, expected);
    }
}
