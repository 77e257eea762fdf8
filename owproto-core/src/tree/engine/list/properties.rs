use core::cmp::Ordering;

use super::cursor::Cursor;
use super::entry::Entry;
use crate::text::{RomId, ValueType};
use crate::tree::alias::Aliases;
use crate::tree::bus::Bus;
use crate::tree::engine::stop::StopReason;
use crate::tree::engine::target::Owner;
use crate::tree::engine::tree::Tree;
use crate::tree::model::family::Family;
use crate::tree::model::property::{Array, Property, Visibility};

impl<B: Bus, A: Aliases> Tree<B, A> {
    /// The next entry of a directory of properties: properties and subdirectories, sorted by name.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(super) fn next_property(
        &self,
        cursor: &mut Cursor,
        (owner, family, prefix): (Owner, &'static Family, &'static [u8]),
        device: Option<(RomId, u16)>,
        entry: &mut Entry,
    ) -> Result<(), StopReason> {
        loop {
            let before = *cursor;
            let property = take_property(family, cursor).ok_or(StopReason::END_OF_LIST)?;
            let name = property.name.as_bytes();
            let rest = match prefix {
                [] => Some(name),
                _ => name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix(b"/")),
            };
            let Some(rest) = rest.filter(|_| self.is_visible(device, property)) else { continue };
            let Some(slash) = rest.iter().position(|byte| *byte == b'/') else {
                entry.name = rest;
                entry.is_directory = property.value_type == ValueType::Directory;
                let elements =
                    if owner == Owner::Structure { 1 } else { property.elements().unwrap_or_default() };
                if add_index(property, before.element, elements, entry) {
                    *cursor = Cursor { element: before.element.wrapping_add(1), ..before };
                }
                return Ok(());
            };
            // A subdirectory is listed once, if one of its properties is visible.
            let up_to_slash = name.len().wrapping_sub(rest.len()).wrapping_add(slash).wrapping_add(1);
            let start = name.get(..up_to_slash).unwrap_or_default();
            let mut after = *cursor;
            while take_property(family, &mut after)
                .is_some_and(|other| other.name.as_bytes().starts_with(start))
            {
                *cursor = after;
            }
            entry.set_directory(rest.get(..slash).unwrap_or_default());
            return Ok(());
        }
    }

    fn is_visible(&self, device: Option<(RomId, u16)>, property: &Property) -> bool {
        B::SCOPE.includes(property)
            && match (property.visibility, device) {
                (Visibility::Always, _) => true,
                (Visibility::Hidden, _) => false,
                (Visibility::ByModel, Some((id, _))) => self.bus.is_visible(id, property),
                (Visibility::ByModel, None) => true,
            }
    }
}

/// The property at the cursor; moves the cursor past it. Common properties and those of the family are merged in one
/// order. One of the family replaces the common one with the same name.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
fn take_property(family: &'static Family, cursor: &mut Cursor) -> Option<&'static Property> {
    let common = family.common.get(usize::from(cursor.first));
    let own = family.properties.get(cursor.second);
    let order = match (common, own) {
        (Some(common), Some(own)) => common.name.as_bytes().cmp(own.name.as_bytes()),
        (Some(_), None) => Ordering::Less,
        (None, _) => Ordering::Greater,
    };
    cursor.element = 0;
    if order.is_le() {
        cursor.first = cursor.first.wrapping_add(1);
    }
    if order.is_ge() {
        cursor.second = cursor.second.wrapping_add(1);
    }
    if order.is_ge() { own } else { common }
}

/// Adds the `n`th index to the name of an array: `.BYTE`, `.ALL`, and then those of its elements. Returns whether there
/// are more.
fn add_index(property: &Property, n: u32, elements: u32, entry: &mut Entry) -> bool {
    let before_elements = if property.has_byte() { 2 } else { 1 };
    let number = n.checked_sub(before_elements);
    let (suffix, number): (&[u8], _) = match property.array {
        Array::Scalar => return false,
        Array::SparseNumbers => (b".000", None),
        Array::SparseLetters => (b".xxx", None),
        Array::Numbered(_) | Array::Lettered(_) if number.is_some() => (b"", number),
        _ if n.wrapping_add(1) < before_elements => (b".BYTE", None),
        _ => (b".ALL", None),
    };
    entry.suffix = suffix;
    if let Some(number) = number {
        let mut index = entry.generated.writer();
        index.push(b'.');
        if matches!(property.array, Array::Lettered(_)) {
            // At most 26 elements.
            let [number, ..] = number.to_le_bytes();
            index.push(b'A'.wrapping_add(number));
        } else {
            index.push_decimal(number, 0, b' ');
        }
    }
    property.elements().is_some() && n.wrapping_add(1) < before_elements.wrapping_add(elements)
}
