//! The [common properties](COMMON) of a device.

use crate::text::{RomId, Value};
use crate::tree::alias::Aliases;
use crate::tree::model::common::COMMON;
use crate::tree::model::family::Family;
use crate::tree::model::property::Property;
use crate::tree::scratch::ScratchWriter;

/// Where the value of a common property comes from.
#[derive(Clone, Copy)]
enum Source {
    Alias,
    TypeName,
    Presence,
    /// These bytes of the address, in hexadecimal digits.
    Address(u8, u8),
    /// These bytes of the reversed address, in hexadecimal digits.
    ReversedAddress(u8, u8),
}

/// The sources of [`COMMON`], in its order.
static SOURCES: [Source; COMMON.len()] = [
    Source::Address(0, 8),         // address
    Source::Alias,                 // alias
    Source::Address(7, 8),         // crc8
    Source::Address(0, 1),         // family
    Source::Address(1, 7),         // id
    Source::Address(0, 8),         // locator
    Source::Presence,              // present
    Source::ReversedAddress(0, 8), // r_address
    Source::ReversedAddress(1, 7), // r_id
    Source::ReversedAddress(0, 8), // r_locator
    Source::TypeName,              // type
];

/// Whether this is one of the common properties of the family.
pub(in crate::tree) fn is_common(family: &'static Family, property: &Property) -> bool {
    family.common.as_ptr_range().contains(&core::ptr::from_ref(property))
}

/// The value of a common property of a device.
pub(in crate::tree) fn value<'a, A: Aliases>(
    device: RomId,
    family: &'static Family,
    property: &Property,
    aliases: &'a A,
    scratch: &'a mut [u8],
) -> Option<Value<'a>> {
    let (address, reversed) = (device.to_bytes(), device.reversed());
    let position = COMMON.iter().position(|known| known.name == property.name)?;
    let bytes = match SOURCES.get(position)? {
        Source::Alias => return Some(Value::Text(aliases.of(device).unwrap_or_default())),
        Source::TypeName => return Some(Value::Text(family.type_name.as_bytes())),
        Source::Presence => return Some(Value::YesNo(true)),
        Source::Address(from, to) => address.get(usize::from(*from)..usize::from(*to)),
        Source::ReversedAddress(from, to) => reversed.get(usize::from(*from)..usize::from(*to)),
    };
    let mut text = ScratchWriter::new(scratch);
    text.push_hex(bytes?);
    Some(Value::Text(text.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::alias::AliasTable;

    #[test]
    fn each_common_property_has_its_part_of_the_address() {
        static FAMILY: Family = Family::new(0x28, "DS18B20");
        let device: RomId = "28.0123456789AB".parse().unwrap();
        let mut aliases = AliasTable::<1>::new();
        aliases.set(device, b"kitchen").unwrap();
        let crc8 = std::format!("{:02X}", device.to_bytes()[7]);
        let address = std::format!("280123456789AB{crc8}");
        let reversed = std::format!("{crc8}AB8967452301{}", "28");
        for (name, expected) in [
            ("address", &address[..]),
            ("alias", "kitchen"),
            ("crc8", &crc8),
            ("family", "28"),
            ("id", "0123456789AB"),
            ("locator", &address),
            ("r_address", &reversed),
            ("r_id", "AB8967452301"),
            ("r_locator", &reversed),
            ("type", "DS18B20"),
        ] {
            let property = FAMILY.property(name.as_bytes()).unwrap();
            assert!(is_common(&FAMILY, property));
            let mut scratch = [0; 16];
            let value = value(device, &FAMILY, property, &aliases, &mut scratch);
            assert_eq!(value, Some(Value::Text(expected.as_bytes())), "{name}");
        }
    }
}
