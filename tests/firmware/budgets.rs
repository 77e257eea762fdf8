//! The budgets of the firmware's sizes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

/// `firmware/budgets.toml`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budgets {
    pub programs: BTreeMap<String, Program>,
    /// Bytes for each part and target.
    pub core: BTreeMap<String, BTreeMap<String, u64>>,
}

/// Bytes for a program.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    pub flash: u64,
    /// The additional flash, if Rust's library for the target was not built from source.
    pub ready_made_library: u64,
    pub ram: u64,
    pub stack: u64,
}

pub fn budgets() -> Budgets {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../owproto-embedded/firmware/budgets.toml");
    toml::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}
