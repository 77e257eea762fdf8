//! Memories, and other bytes.

use std::ops::Range;

use owproto_core::tree::{Element, Property};

use super::number;
use crate::sim::device_state::DeviceState;
use crate::sim::generate::{self, mix, mix_text};
use crate::sim::stored::{Found, Stored};

/// Where the bytes of an element are kept.
enum Location {
    /// In the memory of the device, which several properties show.
    Memory(Range<usize>),
    /// With the values of this element alone.
    Own,
}

fn location(property: &Property, element: Element<'_>) -> Location {
    let len = property.len as usize;
    match property.name {
        "memory" => Location::Memory(0..len),
        "pages/page" => {
            let start = number(element) as usize * len;
            Location::Memory(start..start + len)
        }
        _ => Location::Own,
    }
}

impl DeviceState {
    /// The bytes of an element.
    pub(super) fn bytes(&self, property: &'static Property, element: Element<'_>) -> Found<'_> {
        match location(property, element) {
            Location::Memory(range) => Found::Memory(self.memory.get(range).unwrap_or_default()),
            Location::Own => match self.written.get(&(property.name, number(element))) {
                Some(Stored::Bytes(bytes)) => Found::Memory(bytes),
                _ => Found::Value(Stored::Bytes(self.initial_bytes(property, element))),
            },
        }
    }

    /// Writes the bytes of an element from `offset` on, as many as fit.
    pub(super) fn put_bytes(
        &mut self,
        property: &'static Property,
        element: Element<'_>,
        offset: usize,
        bytes: &[u8],
    ) {
        let kept = match location(property, element) {
            Location::Memory(range) => self.memory.get_mut(range).unwrap_or_default(),
            Location::Own => {
                let initial = self.initial_bytes(property, element);
                let kept = self.written.entry((property.name, number(element)));
                match kept.or_insert(Stored::Bytes(initial)) {
                    Stored::Bytes(kept) => kept.as_mut_slice(),
                    _ => return,
                }
            }
        };
        let Some(kept) = kept.get_mut(offset..) else { return };
        let len = kept.len().min(bytes.len());
        kept[..len].copy_from_slice(&bytes[..len]);
    }

    /// The bytes of an element outside of the memory, before anything is written.
    fn initial_bytes(&self, property: &Property, element: Element<'_>) -> Vec<u8> {
        let key = mix(mix_text(self.key, property.name), number(element).into());
        generate::bytes(key, property.len as usize)
    }
}
