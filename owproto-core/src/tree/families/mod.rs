//! What each family of devices offers: tables, one for each family.
//!
//! Listings, the parsing of paths and writes, and `/structure` all come from them. They say what owserver 3.2p4 says
//! of itself under `/structure` and in the directories of simulated devices (observed). Registers that owserver
//! needs inside and shows nowhere are left out.
//!
//! A program for a microcontroller names the families it has ([`Tree::with_families`](super::Tree::with_families)),
//! and the tables of others take no room in it.

mod row;

mod batteries;
mod clocks;
mod common;
mod converters;
mod embedded_data_systems;
mod hobby_boards;
mod identity;
mod keys;
mod loggers;
mod memories;
mod sections;
mod slaves;
mod special;
mod switches;
mod thermometers;

pub use batteries::{
    FAMILY_1B, FAMILY_2E, FAMILY_3D, FAMILY_30, FAMILY_31, FAMILY_32, FAMILY_35, FAMILY_36, FAMILY_51,
};
pub use clocks::{FAMILY_1D, FAMILY_04, FAMILY_24, FAMILY_27};
pub use common::{COMMON, UNKNOWN};
pub use converters::{FAMILY_1E, FAMILY_20, FAMILY_26, FAMILY_A6};
pub use embedded_data_systems::FAMILY_7E;
pub use hobby_boards::{FAMILY_EE, FAMILY_EF, FAMILY_FF};
pub use identity::{FAMILY_01, FAMILY_81, FAMILY_A0, FAMILY_A2};
pub use keys::{FAMILY_02, FAMILY_82};
pub use loggers::{FAMILY_21, FAMILY_41};
pub use memories::{
    FAMILY_0A, FAMILY_0B, FAMILY_0C, FAMILY_0F, FAMILY_1A, FAMILY_2D, FAMILY_06, FAMILY_08, FAMILY_8B,
    FAMILY_8F, FAMILY_09, FAMILY_14, FAMILY_18, FAMILY_23, FAMILY_37, FAMILY_43, FAMILY_89,
};
pub use sections::{INTERFACE, SETTINGS, STATISTICS, SYSTEM};
pub use slaves::{FAMILY_A5, FAMILY_B2, FAMILY_DD, FAMILY_ED, FAMILY_FC, FAMILY_FE};
pub use special::{SIMULTANEOUS, THERMOSTAT};
pub use switches::{FAMILY_1C, FAMILY_1F, FAMILY_2C, FAMILY_3A, FAMILY_05, FAMILY_12, FAMILY_29};
pub use thermometers::{FAMILY_3B, FAMILY_10, FAMILY_22, FAMILY_28, FAMILY_42};

use crate::tree::model::property::Family;

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

/// The table for a family code among those given: the one with this code, or the one whose code differs in bit 7
/// only, or [`UNKNOWN`] (owfs: `ow_tree.c`; observed, owserver 3.2p4: 90 is taken for 10).
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
