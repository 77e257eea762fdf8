//! Tables of the properties of each family of devices.
//!
//! Listings, the parsing of paths and writes, and `/structure` all use these tables. Their content is what owserver 3.2p4
//! reports under `/structure` and in the directories of simulated devices (observed). Registers that owserver uses
//! internally and lists nowhere are left out.
//!
//! A program for a microcontroller names the families that it has ([`Tree::with_families`](super::Tree::with_families));
//! the tables of others are not linked.
//!
//! # A family of your own
//!
//! A table is a constant, built by [`Family::new`] and [`Property`](super::Property). Mistakes, such as properties that
//! are not sorted, are compile errors. Family codes are given by the makers of chips: take one that none of your other
//! devices has, and remember that a code stands for the one that differs in bit 7, too.
//!
//! ```
//! use owproto_core::text::ValueType::{Text, Unsigned};
//! use owproto_core::tree::families::{self, FAMILY_28};
//! use owproto_core::tree::{Family, Property};
//! use owproto_core::wire::DirectoryFlags;
//!
//! /// A sensor of carbon dioxide.
//! static CO2_SENSOR: Family = Family::new(0xC0, "CO2 sensor")
//!     .with_flags(DirectoryFlags::ALARM)
//!     .with_properties(&[
//!         Property::read_only("firmware", Text).with_len(8).fixed(),
//!         Property::read_only("ppm", Unsigned),
//!         Property::read_write("set_alarm/ppm_high", Unsigned).stable(),
//!     ]);
//!
//! /// For `Tree::with_families`.
//! static FAMILIES: &[&Family] = &[&FAMILY_28, &CO2_SENSOR];
//!
//! let family = families::family(FAMILIES, 0xC0);
//! assert_eq!((family.name, family.type_name), ("C0", "CO2 sensor"));
//! assert!(family.property(b"set_alarm/ppm_high").is_some_and(|limit| limit.access.is_writable()));
//! ```
//!
//! The example `own_family` serves such a sensor.

mod batteries;
mod builtin;
mod clocks;
mod converters;
mod embedded_data_systems;
mod hobby_boards;
mod identity;
mod keys;
mod loggers;
mod memories;
mod slaves;
mod switches;
mod table;
mod thermometers;

pub use batteries::{
    FAMILY_1B, FAMILY_2E, FAMILY_3D, FAMILY_30, FAMILY_31, FAMILY_32, FAMILY_35, FAMILY_36, FAMILY_51,
};
pub use builtin::{INTERFACE, SETTINGS, SIMULTANEOUS, STATISTICS, SYSTEM, THERMOSTAT};
pub use clocks::{FAMILY_1D, FAMILY_04, FAMILY_24, FAMILY_27};
pub use converters::{FAMILY_1E, FAMILY_20, FAMILY_26, FAMILY_A6};
pub use embedded_data_systems::FAMILY_7E;
pub use hobby_boards::{FAMILY_EE, FAMILY_EF, FAMILY_FF};
pub use identity::{FAMILY_01, FAMILY_81, FAMILY_A0, FAMILY_A2, UNKNOWN};
pub use keys::{FAMILY_02, FAMILY_82};
pub use loggers::{FAMILY_21, FAMILY_41};
pub use memories::{
    FAMILY_0A, FAMILY_0B, FAMILY_0C, FAMILY_0F, FAMILY_1A, FAMILY_2D, FAMILY_06, FAMILY_08, FAMILY_8B,
    FAMILY_8F, FAMILY_09, FAMILY_14, FAMILY_18, FAMILY_23, FAMILY_37, FAMILY_43, FAMILY_89,
};
pub use slaves::{FAMILY_A5, FAMILY_B2, FAMILY_DD, FAMILY_ED, FAMILY_FC, FAMILY_FE};
pub use switches::{FAMILY_1C, FAMILY_1F, FAMILY_2C, FAMILY_3A, FAMILY_05, FAMILY_12, FAMILY_29};
pub use thermometers::{FAMILY_3B, FAMILY_10, FAMILY_22, FAMILY_28, FAMILY_42};

pub use super::model::common::COMMON;
use super::model::family::Family;

/// All families that owserver 3.2p4 has a driver for, sorted by code.
pub static ALL: &[&Family] = &[
    &FAMILY_01, &FAMILY_02, &FAMILY_04, &FAMILY_05, &FAMILY_06, &FAMILY_08, &FAMILY_09, &FAMILY_0A,
    &FAMILY_0B, &FAMILY_0C, &FAMILY_0F, &FAMILY_10, &FAMILY_12, &FAMILY_14, &FAMILY_18, &FAMILY_1A,
    &FAMILY_1B, &FAMILY_1C, &FAMILY_1D, &FAMILY_1E, &FAMILY_1F, &FAMILY_20, &FAMILY_21, &FAMILY_22,
    &FAMILY_23, &FAMILY_24, &FAMILY_26, &FAMILY_27, &FAMILY_28, &FAMILY_29, &FAMILY_2C, &FAMILY_2D,
    &FAMILY_2E, &FAMILY_30, &FAMILY_31, &FAMILY_32, &FAMILY_35, &FAMILY_36, &FAMILY_37, &FAMILY_3A,
    &FAMILY_3B, &FAMILY_3D, &FAMILY_41, &FAMILY_42, &FAMILY_43, &FAMILY_51, &FAMILY_7E, &FAMILY_81,
    &FAMILY_82, &FAMILY_89, &FAMILY_8B, &FAMILY_8F, &FAMILY_A0, &FAMILY_A2, &FAMILY_A5, &FAMILY_A6,
    &FAMILY_B2, &FAMILY_DD, &FAMILY_ED, &FAMILY_EE, &FAMILY_EF, &FAMILY_FC, &FAMILY_FE, &FAMILY_FF,
];

/// Finds the table for a family code: the one with this code, else the one whose code differs only in bit 7, else
/// [`UNKNOWN`] (owfs: `ow_tree.c`; observed, owserver 3.2p4: 90 gets the table of 10).
#[must_use]
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
pub fn family(among: &'static [&'static Family], code: u8) -> &'static Family {
    let mut found = &UNKNOWN;
    for family in among {
        if let Some(known) = family.code
            && (known ^ code) & 0x7f == 0
        {
            found = family;
            if known == code {
                break;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests;
