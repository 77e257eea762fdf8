//! Text in payloads: ROM ids, property values, records of `/structure`.

mod ascii;
mod located;
mod rom_id;
#[cfg(feature = "serde")]
mod serde_text;

pub use ascii::Ascii;
pub use rom_id::{RomId, RomIdError, RomIdText, crc8};

/// The grammars as [nom](https://docs.rs/nom) parsers, for use inside other grammars.
pub mod grammar {
    pub use nom;

    pub use super::rom_id::rom_id;
}
