//! The values of simulated devices.
//!
//! A value is, in this order: what a test has set, what a client has written, what the property means ([`by_name`]), or what
//! its type allows ([`by_type`]). Bytes and dates are stored separately, because several
//! properties show the same ones.

mod by_name;
mod by_type;
mod bytes;
mod dates;
mod measured;
pub(super) mod tester;
mod write;

use owproto_core::text::ValueType;
use owproto_core::tree::{Element, Property};

use super::device_state::DeviceState;
use super::operations::Moment;
use super::stored::{Found, Stored};

impl DeviceState {
    /// The value of an element. Not for the tester, whose values are in [`tester`].
    pub(super) fn value<'s>(
        &'s self,
        property: &'static Property,
        element: Element<'_>,
        moment: Moment,
    ) -> Option<Found<'s>> {
        if element == Element::Byte {
            let bits = bits(property, |n| match self.value(property, Element::Number(n), moment) {
                Some(Found::Value(Stored::YesNo(yes))) => yes,
                _ => false,
            });
            return Some(Found::Value(Stored::Unsigned(bits)));
        }
        let n = number(element);
        if property.value_type == ValueType::Bytes || property.value_type == ValueType::Unknown {
            let is_thermometer = matches!(self.family.name, "10" | "22" | "28" | "3B" | "42");
            if property.name == "scratchpad" && is_thermometer {
                return Some(Found::Value(Stored::Bytes(self.scratchpad(moment))));
            }
            return Some(self.bytes(property, element));
        }
        if let Some(date) = self.date(property, n, moment) {
            return date.map(Found::Value);
        }
        let value = match self.kept(property.name, n) {
            Some(kept) => kept.clone(),
            None => self.by_name(property, n, moment).or_else(|| self.by_type(property, n, moment))?,
        };
        Some(Found::Value(value))
    }

    /// The value that a test has set for an element. It hides every other value of the element.
    pub(super) fn fixed_value(&self, property: &'static Property, element: Element<'_>) -> Option<Found<'_>> {
        if element == Element::Byte {
            return None;
        }
        let fixed = self.fixed.get(&(property.name, number(element)))?;
        Some(Found::Value(fixed.clone()))
    }

    /// Sets the value of an element for a test, until [`unfix`](Self::unfix).
    pub(super) fn fix(&mut self, property: &'static Property, element: Element<'_>, value: Stored) {
        match (element, value) {
            (Element::Byte, Stored::Unsigned(bits)) => {
                for n in 0..property.elements().unwrap_or_default().min(32) {
                    self.fixed.insert((property.name, n), Stored::YesNo(bits >> n & 1 == 1));
                }
            }
            (_, Stored::Bytes(bytes)) => self.put_bytes(property, element, 0, &bytes),
            (_, value) => drop(self.fixed.insert((property.name, number(element)), value)),
        }
    }

    /// Undoes [`fix`](Self::fix).
    pub(super) fn unfix(&mut self, property: &'static Property, element: Element<'_>) {
        match element {
            Element::Byte => self.fixed.retain(|(name, _), _| *name != property.name),
            _ => drop(self.fixed.remove(&(property.name, number(element)))),
        }
    }

    /// The value that a test has set or a client has written.
    fn kept(&self, name: &'static str, n: u32) -> Option<&Stored> {
        self.fixed.get(&(name, n)).or_else(|| self.written.get(&(name, n)))
    }

    fn kept_bool(&self, name: &'static str, n: u32) -> Option<bool> {
        match self.kept(name, n) {
            Some(Stored::YesNo(yes)) => Some(*yes),
            _ => None,
        }
    }

    fn kept_float(&self, name: &'static str, n: u32) -> Option<f64> {
        match self.kept(name, n) {
            Some(Stored::Float(number)) => Some(*number),
            _ => None,
        }
    }
}

/// The number of an element; 0 for a property that is not an array.
fn number(element: Element<'_>) -> u32 {
    match element {
        Element::Number(number) => number,
        Element::Named(name) => name.iter().fold(0, |sum: u32, byte| sum.wrapping_mul(31) + u32::from(*byte)),
        Element::Only | Element::All | Element::Byte => 0,
    }
}

/// The bits of a bit field, from the values of its elements.
fn bits(property: &Property, element: impl Fn(u32) -> bool) -> u32 {
    (0..property.elements().unwrap_or_default().min(32))
        .filter(|n| element(*n))
        .fold(0, |bits, n| bits | 1 << n)
}
