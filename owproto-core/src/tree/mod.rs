//! The tree of an owserver, without I/O: paths, devices and typed properties, rendering, listings, `/structure`.
//!
//! Whoever has sensors implements [`Bus`] for them; [`Tree`] does the rest, and a
//! [`server::Connection`](crate::server::Connection) carries it to clients.
//!
#![doc = include_str!("differences.md")]

mod alias;
mod bus;
mod dispatch;
mod entry;
pub mod families;
mod input;
mod input_date;
mod list;
mod own;
mod path;
mod property;
mod read;
pub mod tester;
mod units;
mod write;

pub use alias::{AliasTable, Aliases, MAX_ALIAS_LEN};
pub use bus::{Access, Bus, Operation, Simultaneous};
pub use dispatch::{Job, Permission, Support, Tree};
pub use own::{Settings, Statistics, System};
pub use path::{DeviceName, MAX_PATH_LEN, Place, Route};
pub use property::{Array, Element, Family, Node, Property, Visibility};
