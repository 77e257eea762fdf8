//! Simulated devices with computed values, as those of owserver's `--tester`.

use core::task::{Context, Poll};

use super::bus::{Access, Bus};
use super::model::property::Element;
use super::scratch::ScratchWriter;
use crate::message::ReturnCode;
use crate::text::{Date, RomId, Value, ValueType};

/// Buses of simulated devices. Their addresses and values are computed from the family, the number of the bus, and the
/// number of the device on it, as those of owserver's option `--tester`. Writes succeed and have no effect.
///
/// | value | rule |
/// |-------|------|
/// | address | family; bus number, two bytes, low first; family; 255 - family; device number, two bytes; CRC8 |
/// | integer, unsigned | family + bus number + device number + index |
/// | float, temperature, difference, pressure | a tenth of this |
/// | yes/no | the lowest bit of this |
/// | `.BYTE` | as unsigned, with an index of -2 |
/// | date | Fri Mar 23 04:00:00 2007 |
/// | text | the address as 16 hexadecimal digits, repeated |
/// | bytes | the address, repeated |
///
/// Properties that never change have the values that owserver has for them. (Observed, owserver 3.2p4.)
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

    /// The `n`th device of a bus, from 0; `None` after the last.
    #[must_use]
    pub fn id(&self, bus: u16, n: usize) -> Option<RomId> {
        let family = *self.families(bus).get(n)?;
        Some(RomId::new(family, id_bytes(family, bus, u16::try_from(n).ok()?)))
    }

    /// The number of a device on this bus; `None` if it is not on it.
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

/// Fri Mar 23 04:00:00 2007: all dates (observed).
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
                ScratchWriter::new(&mut digits).push_hex(&bytes);
                let len = usize::try_from(access.property.len).unwrap_or(usize::MAX);
                for (target, digit) in scratch.iter_mut().zip(digits.into_iter().cycle()) {
                    *target = digit;
                }
                Ok(Value::Text(scratch.get(..len).unwrap_or(scratch)))
            }
            ValueType::Bytes | ValueType::Unknown => {
                let first = access.offset.checked_rem(RomId::LEN).unwrap_or_default();
                for (target, byte) in scratch.iter_mut().zip(bytes.into_iter().cycle().skip(first)) {
                    *target = byte;
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
        let mut text = ScratchWriter::new(scratch);
        text.push(b"tester.");
        text.push_decimal(bus.into());
        text.finish()
    }

    fn interface_version(&self, _: u16) -> u32 {
        28
    }
}

/// The values of properties that never change. owserver does not compute these for simulated devices, but takes them from
/// its driver (observed).
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

/// The lowest and highest temperature of each type of thermocouple.
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
mod tests;
