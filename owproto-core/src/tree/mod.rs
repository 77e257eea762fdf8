//! The tree of an owserver, without I/O: paths, devices and typed properties, their text, listings, `/structure`.
//!
//! Implement [`Bus`] for your sensors. [`Tree`] answers requests for them, and a
//! [`server::Connection`](crate::server::Connection) carries these to and from clients.
//!
//! | part | what it is |
//! |---|---|
//! | [`Tree`], [`Job`] | answers requests, in pieces that fit the connection's storage |
//! | [`Bus`], [`Access`] | the devices: which there are, and their values |
//! | [`families`], [`Family`], [`Property`] | tables of the properties of each family of devices, and how to write one |
//! | [`ParsedPath`] | a path |
//! | [`Scope`] | what a tree has besides devices; firmware leaves out what it has no flash for |
//! | [`Aliases`] | names for devices |
//! | [`Settings`], [`System`], [`Statistics`] | values of the server itself |
//! | [`tester`] | a bus with the devices and values of owserver's `--tester` |
//!
//! ```
//! use core::task::{Context, Poll, Waker};
//! use owproto_core::ReturnCode;
//! use owproto_core::server::{Connection, Step};
//! use owproto_core::text::{RomId, Value};
//! use owproto_core::time::Instant;
//! use owproto_core::tree::{Access, Bus, Job, Tree};
//!
//! struct MySensors;
//!
//! impl Bus for MySensors {
//!     fn device(&mut self, _: u16, n: usize, _: &mut Context<'_>) -> Poll<Result<Option<RomId>, ReturnCode>> {
//!         Poll::Ready(Ok([RomId::new(0x28, [1, 0, 0, 0, 0, 0])].get(n).copied()))
//!     }
//!     fn read<'a>(
//!         &'a mut self,
//!         access: &Access<'_>,
//!         _: &'a mut [u8],
//!         _: &mut Context<'_>,
//!     ) -> Poll<Result<Value<'a>, ReturnCode>> {
//!         Poll::Ready(match access.property.name {
//!             "temperature" => Ok(Value::Float(21.5)),
//!             _ => Err(ReturnCode::IO),
//!         })
//!     }
//! }
//!
//! /// What a driver does: `received` is from a socket, and the returned bytes are sent to it.
//! fn answer(tree: &mut Tree<MySensors>, mut received: &[u8]) -> Vec<u8> {
//!     let (mut connection, mut job) = (Connection::new([0; 512], [0; 512]), Job::new());
//!     let (mut sent, now) = (Vec::new(), Instant::ZERO);
//!     loop {
//!         match connection.step() {
//!             Step::Read if received.is_empty() => return sent,
//!             Step::Read => drop(connection.handle_input(&mut received, now)),
//!             Step::Answer => {
//!                 let mut context = Context::from_waker(Waker::noop());
//!                 let _ = tree.serve(&mut connection, &mut job, now, &mut context);
//!             }
//!             Step::Write => {
//!                 sent.extend_from_slice(connection.poll_transmit());
//!                 connection.handle_transmitted(usize::MAX, now);
//!             }
//!             Step::Close => return sent,
//!         }
//!     }
//! }
//! # use owproto_core::Request;
//! # let mut buffer = [0; 64];
//! # let mut tree = Tree::new(MySensors);
//! # let mut request = |request: Request<'_>| answer(&mut tree, request.encode(&mut buffer).unwrap());
//!
//! assert_eq!(&request(Request::read("/28.010000000000/temperature")?)[24..], b"        21.5");
//! assert_eq!(&request(Request::dirall("/")?)[24..], b"/28.010000000000\0");
//! # Ok::<(), owproto_core::RequestError>(())
//! ```
//!
#![doc = include_str!("differences.md")]

mod alias;
mod builtin;
mod bus;
mod engine;
pub mod families;
mod model;
mod scratch;
pub mod tester;
#[cfg(test)]
mod tests;

pub use alias::{AliasTable, Aliases, MAX_ALIAS_LEN};
pub use builtin::settings::Settings;
pub use builtin::statistics::Statistics;
pub use builtin::system::System;
pub use bus::{Access, Bus, Conversion, ConversionCommand, Operation, Refresh};
pub use engine::job::Job;
pub use engine::tree::{Permission, Support, Tree};
pub use model::family::{Family, Node};
pub use model::path::{BuiltinDirectory, DeviceName, MAX_TREE_PATH_LEN, ParsedPath, PathKind};
pub use model::property::{Array, Element, Property, Visibility};
pub use model::scope::Scope;
