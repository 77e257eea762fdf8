//! The values that a WRITE has: text that C's `strtol`, `strtod` and `strptime` accept (owfs: `ow_parseinput.c`;
//! observed, owserver 3.2p4).
//!
//! | type | accepted | otherwise |
//! |------|-------|------|
//! | integer, unsigned, `.BYTE` | blanks, a sign, digits; the rest is ignored; cut to 32 bits | no digits -22; beyond 64 bits -34 |
//! | float and the scaled types | as `strtod`: decimal, hexadecimal, `inf`, `nan`; the rest is ignored | -22; too large or too small for a float -34 |
//! | yes/no | a number, 0 is no; or a word that starts with `y`, `n`, `on`, `off` in upper or lower case | -22; blanks only -14 |
//! | date | see [`date::parse`] | -22 |
//! | `.ALL` of these | one for each element, separated by commas; the rest after the last number is ignored | -22 |

mod date;
mod numbers;

use self::numbers::{float, signed, unsigned, yes_no};
use super::units;
use crate::message::ReturnCode;
use crate::text::{Date, Value, ValueType, split_at_comma};
use crate::tree::bus::Bus;
use crate::tree::model::property::{Element, Property};
use crate::tree::model::scope::Scope;
use crate::wire::Flags;

/// The data of a WRITE. Its values are parsed when they are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct WriteInput<'d> {
    property: &'static Property,
    element: Element<'d>,
    data: &'d [u8],
    flags: Flags,
    now: Option<Date>,
    /// The number of values in the data: the elements of `.ALL`, or one.
    parts: u32,
    /// Whether the values are the bits of one number.
    is_bits: bool,
    /// The number of bytes that are written: the size word of the reply.
    pub(super) accepted: usize,
}

impl<'d> WriteInput<'d> {
    /// The data that was written to an element.
    pub(super) fn new(
        property: &'static Property,
        element: Element<'d>,
        data: &'d [u8],
        flags: Flags,
        now: Option<Date>,
    ) -> Self {
        let is_all = element == Element::All;
        let parts = if is_all { property.elements().unwrap_or_default() } else { 1 };
        let is_bits = is_all && property.has_byte();
        Self { property, element, data, flags, now, parts, is_bits, accepted: data.len() }
    }

    /// Checks the data against the type of the property.
    pub(super) fn check<B: Bus>(&mut self, offset: i32) -> Result<(), ReturnCode> {
        let is_all = self.element == Element::All;
        if is_all && offset != 0 {
            return Err(ReturnCode::INVALID_VALUE);
        }
        match self.property.value_type {
            ValueType::Bytes if is_all => {
                let whole = usize::try_from(self.property.len_of(self.element)).unwrap_or(usize::MAX);
                if self.data.len() != whole {
                    return Err(ReturnCode::INVALID_VALUE);
                }
            }
            ValueType::Text | ValueType::Alias | ValueType::Bytes if !is_all => {
                let len = usize::try_from(self.property.len).unwrap_or(usize::MAX);
                // A negative offset is a huge one.
                let room = usize::try_from(offset).map_or(0, |offset| len.saturating_sub(offset));
                self.data = self.data.get(..room).unwrap_or(self.data);
                self.accepted = self.data.len();
            }
            _ => {
                for n in 0..self.parts {
                    if let Err(code) = self.part_value::<B>(n) {
                        return Err(if is_all { ReturnCode::INVALID_VALUE } else { code });
                    }
                }
            }
        }
        Ok(())
    }

    /// The number of values that are written one after the other: the elements of `.ALL`, or one. The elements of a bit
    /// field are written as one number.
    pub(super) const fn values(&self) -> u32 {
        if self.is_bits { 1 } else { self.parts }
    }

    /// The element that the `n`th of the [`values`](Self::values) is written to.
    pub(super) fn element(&self, n: u32) -> Element<'d> {
        match self.element {
            Element::All if self.is_bits => Element::Byte,
            Element::All => Element::Number(n),
            element => element,
        }
    }

    /// The `n`th of the [`values`](Self::values).
    pub(super) fn value<B: Bus>(&self, n: u32) -> Result<Value<'d>, ReturnCode> {
        if !self.is_bits {
            return self.part_value::<B>(n);
        }
        let mut bits = 0u32;
        // The highest bit is the first one.
        for bit in (0..self.parts.min(u32::BITS)).rev() {
            bits = bits << 1 | u32::from(self.part_value::<B>(bit)?.as_bool() == Some(true));
        }
        Ok(Value::Unsigned(bits))
    }

    /// The value for element `n` of an `.ALL`, or the only value.
    fn part_value<B: Bus>(&self, n: u32) -> Result<Value<'d>, ReturnCode> {
        let value_type = self.property.type_of(self.element);
        let data = match self.element {
            Element::All => self.part(n, value_type)?,
            _ => self.data,
        };
        Ok(match value_type {
            ValueType::Integer => Value::Integer(signed(data)?),
            ValueType::Unsigned | ValueType::BitField => Value::Unsigned(unsigned(data)?),
            ValueType::Float
            | ValueType::Temperature
            | ValueType::TemperatureDifference
            | ValueType::Pressure => Value::Float(units::from_client(value_type, float(data)?, self.flags)),
            ValueType::YesNo => Value::YesNo(yes_no(data)?),
            ValueType::Date if B::SCOPE.contains(Scope::DATES) => Value::Date(date::parse(data, self.now)?),
            ValueType::Text | ValueType::Alias => Value::Text(data),
            ValueType::Bytes => Value::Bytes(data),
            ValueType::Date | ValueType::Directory | ValueType::Unknown => {
                return Err(ReturnCode::NO_SUCH_ENTITY);
            }
        })
    }

    /// The part of the data for element `n` of an `.ALL`.
    fn part(&self, n: u32, value_type: ValueType) -> Result<&'d [u8], ReturnCode> {
        let len = usize::try_from(self.property.len).unwrap_or(usize::MAX);
        if value_type == ValueType::Bytes {
            let from = usize::try_from(n).unwrap_or(usize::MAX).saturating_mul(len);
            return self.data.get(from..from.saturating_add(len)).ok_or(ReturnCode::INVALID_VALUE);
        }
        let mut part = self.data;
        for _ in 0..n {
            (_, part) = split_at_comma(part).ok_or(ReturnCode::INVALID_VALUE)?;
        }
        // Further commas belong to the last element.
        let is_last = n.wrapping_add(1) == self.parts;
        if !is_last && let Some((before, _)) = split_at_comma(part) {
            part = before;
        }
        Ok(match value_type {
            ValueType::Text | ValueType::Alias => part.get(..len).unwrap_or(part),
            _ => part,
        })
    }
}

#[cfg(test)]
mod tests;
