//! What is specific to the devices: commands, and the meaning of their answers. One file for each group of families.

pub(crate) mod switch;
pub(crate) mod thermometer;
