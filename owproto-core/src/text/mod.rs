//! Text in payloads: ROM ids, property values, records of `/structure`.
//!
//! A READ gives bytes whose meaning depends on the type of the property. If it is not known, the server's `/structure`
//! gives it, once for each property of a family:
//!
//! ```
//! use owproto_core::text::{Structure, Value, ValueType};
//!
//! // A read of /28.000028D70100/temperature gave this (observed, owserver 3.2p4).
//! let payload = b"         4.1";
//! assert_eq!(Value::parse(ValueType::Temperature, payload)?, Value::Float(4.1));
//!
//! // A read of /structure/28/temperature gives this record.
//! let record = Structure::parse(b"t,000000,000001,ro,000012,v,")?;
//! assert!(record.access.is_readable());
//! assert_eq!(record.value(payload)?.as_f64(), Some(4.1));
//!
//! // The same for an array, /20.000020DF0400/volt.ALL.
//! let record = Structure::parse(b"f,-000001,000004,ro,000051,v,")?;
//! for volt in record.elements(b"         3.6,         3.7,         3.8,         3.9") {
//!     assert!(volt?.as_f64().is_some_and(|volt| volt < 4.0));
//! }
//!
//! // The other direction: data for a WRITE.
//! assert_eq!(Value::Float(-12.5).encode().as_bytes(), b"-12.5");
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! Nothing here allocates: parsed text is borrowed, and rendered text is an [`Ascii`] of fixed capacity. The parsers take
//! bytes, because a server sends bytes. They never panic; typed errors give the position and the reason.

mod ascii;
#[cfg(test)]
pub(crate) mod captured;
mod crc8;
#[cfg_attr(not(feature = "nom"), allow(unreachable_pub, reason = "its parser is public with a feature"))]
mod date;
mod digit;
mod elements;
mod float;
mod parse_error;
mod power_on;
mod render;
#[cfg_attr(not(feature = "nom"), allow(unreachable_pub, reason = "its parser is public with a feature"))]
mod rom_id;
#[cfg(feature = "serde")]
mod serde_text;
#[cfg_attr(not(feature = "nom"), allow(unreachable_pub, reason = "its parser is public with a feature"))]
mod structure;
#[cfg_attr(not(feature = "nom"), allow(unreachable_pub, reason = "its parsers are public with a feature"))]
mod value;
mod value_type;

pub use ascii::Ascii;
pub(crate) use ascii::AsciiWriter;
pub use crc8::crc8;
pub use date::{Date, DateError, Weekday};
pub(crate) use digit::digit_value;
pub(crate) use elements::split_at_comma;
pub use elements::{Elements, list_element};
pub(crate) use float::{Base, BigUint, arithmetic, parse_float_prefix, split_sign};
pub use power_on::{is_power_on_reading, power_on_temperature};
pub use render::{BufferTooSmall, NUMBER_COLUMNS, Padding, TooWide, ValueText, encode_list, percent_g};
pub(crate) use render::{RenderBuffer, yes_no_text};
pub use rom_id::{RomId, RomIdError, RomIdText};
pub use structure::{AccessMode, ChangeRate, Index, Shape, Structure, StructureError, StructureErrorKind};
pub use value::{BitField, Value, ValueError, ValueErrorKind};
pub use value_type::ValueType;

/// The grammars of text as [nom](https://docs.rs/nom) parsers, for use inside other grammars (feature `nom`).
///
/// Each takes as much of the input as belongs to it, and leaves the rest to the caller. All are of nom's `complete` kind:
/// they never return [`nom::Err::Incomplete`].
///
/// ```
/// use owproto_core::text::{RomId, grammar};
/// use owproto_core::text::grammar::nom::{IResult, Parser, bytes::complete::tag, sequence::separated_pair};
///
/// // A line of /settings/alias/list.
/// fn line(input: &[u8]) -> IResult<&[u8], (RomId, &[u8])> {
///     separated_pair(grammar::rom_id, tag("="), |name| Ok((&b""[..], name))).parse(input)
/// }
/// let (_, (id, alias)) = line(b"28000028D70100D5=kitchen").unwrap();
/// assert_eq!((id.family(), alias), (0x28, &b"kitchen"[..]));
///
/// assert_eq!(grammar::rom_id::<()>(b"28.000028d70100/temperature").unwrap().0, b"/temperature");
/// assert_eq!(grammar::integer::<()>(b"-12,13"), Ok((&b",13"[..], -12)));
/// assert_eq!(grammar::float::<()>(b"1E+10,"), Ok((&b","[..], 1e10)));
/// assert_eq!(grammar::float::<()>(b"-INF"), Ok((&b""[..], f64::NEG_INFINITY)));
/// let (rest, date) = grammar::date::<()>(b"Fri Mar 23 04:00:00 2007,").unwrap();
/// assert_eq!((date.year(), rest), (2007, &b","[..]));
/// ```
#[cfg(feature = "nom")]
pub mod grammar {
    pub use nom;

    pub use super::date::date;
    pub use super::rom_id::rom_id;
    pub use super::structure::structure;
    pub use super::value::{float, integer, unsigned};
}
