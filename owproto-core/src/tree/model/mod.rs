//! What the tree is made of: paths, properties, families and scopes. Nothing here knows a table or a device.

pub(super) mod common;
pub(super) mod family;
pub(super) mod path;
pub(super) mod property;
pub(super) mod scope;
pub(super) mod segment;
