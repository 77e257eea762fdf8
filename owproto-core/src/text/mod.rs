//! Text in payloads: ROM ids, property values, records of `/structure`.

mod ascii;
mod date;
mod elements;
mod located;
mod rom_id;
#[cfg(feature = "serde")]
mod serde_text;
mod value;
mod value_type;

pub use ascii::Ascii;
pub use date::{Date, DateError, Weekday};
pub use elements::{Elements, list_element};
pub use rom_id::{RomId, RomIdError, RomIdText, crc8};
pub use value::{BitField, Value, ValueError, ValueErrorKind};
pub use value_type::ValueType;

/// The grammars as [nom](https://docs.rs/nom) parsers, for use inside other grammars.
pub mod grammar {
    pub use nom;

    pub use super::date::date;
    pub use super::rom_id::rom_id;
    pub use super::value::{float, integer, unsigned};
}
