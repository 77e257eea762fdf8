//! Floats as text, and calculation with them, where the processor has no floats of 64 bits.
//!
//! The standard library's conversions take 25 KB of a microcontroller's program; these take less than 2 KB. All are exact:
//! they work with [ratios](ratio::Ratio) of integers of any length, and round to the nearest float, ties to even.

pub(crate) mod arithmetic;
mod big_uint;
mod digits;
mod parse;
mod ratio;
#[cfg(test)]
mod tests;

pub(crate) use big_uint::BigUint;
pub(super) use digits::{digits_of, shortest_digits_of, significant_len};
pub(super) use parse::parse_decimal;
pub(crate) use parse::{Base, parse_float_prefix, split_sign};
