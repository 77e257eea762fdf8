//! What devices are sent and what they answer, one file for a group of families.

pub(crate) mod switch;
pub(crate) mod thermometer;
