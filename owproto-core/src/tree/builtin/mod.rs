//! Values that the tree itself knows: the address and alias of each device, `/settings`, `/system`, `/statistics`,
//! `/bus.N/interface` and `simultaneous`.

pub(super) mod common;
pub(super) mod interface;
pub(super) mod settings;
pub(super) mod simultaneous;
pub(super) mod statistics;
pub(super) mod system;
