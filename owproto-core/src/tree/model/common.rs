use super::property::Property;
use crate::text::ValueType::{Alias, Text, YesNo};

/// The properties that each device of a known family has. The tree answers them itself, without the bus.
pub static COMMON: &[Property] = &[
    ADDRESS,
    ALIAS,
    CRC8,
    FAMILY,
    ID,
    LOCATOR,
    PRESENT,
    REVERSED_ADDRESS,
    REVERSED_ID,
    REVERSED_LOCATOR,
    TYPE,
];

/// The properties of a device whose family is unknown (observed, owserver 3.2p4).
pub(in crate::tree) static ADDRESS_ONLY: &[Property] =
    &[ADDRESS, CRC8, FAMILY, ID, PRESENT, REVERSED_ADDRESS, REVERSED_ID];

const ADDRESS: Property = Property::read_only("address", Text).with_len(16).fixed();
const ALIAS: Property = Property::read_write("alias", Alias).with_len(256).fixed();
const CRC8: Property = Property::read_only("crc8", Text).with_len(2).fixed();
const FAMILY: Property = Property::read_only("family", Text).with_len(2).fixed();
const ID: Property = Property::read_only("id", Text).with_len(12).fixed();
const LOCATOR: Property = Property::read_only("locator", Text).with_len(16).fixed();
const PRESENT: Property = Property::read_only("present", YesNo).hidden();
const REVERSED_ADDRESS: Property = Property::read_only("r_address", Text).with_len(16).fixed();
const REVERSED_ID: Property = Property::read_only("r_id", Text).with_len(12).fixed();
const REVERSED_LOCATOR: Property = Property::read_only("r_locator", Text).with_len(16).fixed();
const TYPE: Property = Property::read_only("type", Text).with_len(32).fixed();
