//! The words in which the tables are written.

use core::num::NonZeroU16;

pub(super) use crate::text::ValueType::*;
pub(super) use crate::text::{AccessMode, ChangeRate, ValueType};
pub(super) use crate::tree::model::property::{Array, Family, Property, Visibility};
pub(super) use crate::wire::DirectoryFlags;

pub(super) const RO: AccessMode = AccessMode::ReadOnly;
pub(super) const RW: AccessMode = AccessMode::ReadWrite;
pub(super) const WO: AccessMode = AccessMode::WriteOnly;
pub(super) const OO: AccessMode = AccessMode::Neither;

pub(super) const FIXED: ChangeRate = ChangeRate::Fixed;
pub(super) const STABLE: ChangeRate = ChangeRate::Stable;
pub(super) const VOLATILE: ChangeRate = ChangeRate::Volatile;
pub(super) const EVERY_SECOND: ChangeRate = ChangeRate::EverySecond;

pub(super) const RESUME: DirectoryFlags = DirectoryFlags::RESUME;
pub(super) const ALARM: DirectoryFlags = DirectoryFlags::ALARM;
pub(super) const OVERDRIVE: DirectoryFlags = DirectoryFlags::OVERDRIVE;
pub(super) const CHAIN: DirectoryFlags = DirectoryFlags::CHAIN;
pub(super) const SIMULTANEOUS_VOLTAGE: DirectoryFlags = DirectoryFlags::SIMULTANEOUS_VOLTAGE;
pub(super) const SIMULTANEOUS_TEMPERATURE: DirectoryFlags = DirectoryFlags::SIMULTANEOUS_TEMPERATURE;

/// A property that is no array, and always visible.
pub(super) const fn row(
    name: &'static str,
    value_type: ValueType,
    access: AccessMode,
    change: ChangeRate,
) -> Property {
    let element = match value_type {
        ValueType::BitField => ValueType::YesNo,
        other => other,
    };
    let len = match element.rendered_len() {
        Some(len) => len,
        None => 0,
    };
    Property { name, value_type, array: Array::Scalar, access, len, change, visibility: Visibility::Always }
}

/// One table of several parts, for rows that more than one family has.
macro_rules! rows {
    ($($part:expr),+ $(,)?) => {{
        const PARTS: &[&[Property]] = &[$($part),+];
        const ROWS: [Property; count(PARTS)] = join(PARTS);
        &ROWS
    }};
}
pub(super) use rows;

pub(super) const fn count(mut parts: &[&[Property]]) -> usize {
    let mut count = 0_usize;
    while let [part, others @ ..] = parts {
        count = count.wrapping_add(part.len());
        parts = others;
    }
    count
}

/// The rows of all parts. There are `N` of them.
pub(super) const fn join<const N: usize>(mut parts: &[&[Property]]) -> [Property; N] {
    let mut rows = [row("", ValueType::Text, OO, FIXED); N];
    let mut free: &mut [Property] = &mut rows;
    while let [part, others @ ..] = parts {
        let mut part = *part;
        while let [row, more @ ..] = part {
            let Some((place, places)) = free.split_first_mut() else { return rows };
            *place = *row;
            (part, free) = (more, places);
        }
        parts = others;
    }
    rows
}

impl Property {
    pub(super) const fn numbered(self, elements: u16) -> Self {
        match NonZeroU16::new(elements) {
            Some(elements) => Self { array: Array::Numbered(elements), ..self },
            None => self,
        }
    }

    pub(super) const fn lettered(self, elements: u16) -> Self {
        match NonZeroU16::new(elements) {
            Some(elements) => Self { array: Array::Lettered(elements), ..self },
            None => self,
        }
    }

    pub(super) const fn sparse_numbers(self) -> Self {
        Self { array: Array::SparseNumbers, ..self }
    }

    pub(super) const fn sparse_letters(self) -> Self {
        Self { array: Array::SparseLetters, ..self }
    }

    pub(super) const fn len(self, len: u32) -> Self {
        Self { len, ..self }
    }

    pub(super) const fn by_model(self) -> Self {
        Self { visibility: Visibility::ByModel, ..self }
    }

    pub(super) const fn hidden(self) -> Self {
        Self { visibility: Visibility::Hidden, ..self }
    }
}

impl Family {
    pub(super) const fn new(code: u8, name: &'static str, type_name: &'static str) -> Self {
        Self {
            code: Some(code),
            name,
            type_name,
            flags: DirectoryFlags(0),
            common: super::common::COMMON,
            properties: &[],
        }
    }

    pub(super) const fn pseudo(name: &'static str) -> Self {
        Self { code: None, name, type_name: "", flags: DirectoryFlags(0), common: &[], properties: &[] }
    }

    pub(super) const fn flags(self, flags: &[DirectoryFlags]) -> Self {
        let mut all = 0;
        let mut rest = flags;
        while let [flag, tail @ ..] = rest {
            all |= flag.0;
            rest = tail;
        }
        Self { flags: DirectoryFlags(all), ..self }
    }

    pub(super) const fn common(self, common: &'static [Property]) -> Self {
        Self { common, ..self }
    }

    pub(super) const fn properties(self, properties: &'static [Property]) -> Self {
        Self { properties, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Property = row("a", Text, RO, FIXED);

    #[test]
    fn a_word_changes_what_it_names() {
        let size = |elements: u16| core::num::NonZeroU16::new(elements).unwrap();
        assert_eq!((FIRST.array, FIRST.visibility, FIRST.len), (Array::Scalar, Visibility::Always, 0));
        assert_eq!(FIRST.numbered(3), Property { array: Array::Numbered(size(3)), ..FIRST });
        assert_eq!(FIRST.lettered(2), Property { array: Array::Lettered(size(2)), ..FIRST });
        assert_eq!(FIRST.numbered(0), FIRST);
        assert_eq!(FIRST.sparse_numbers(), Property { array: Array::SparseNumbers, ..FIRST });
        assert_eq!(FIRST.sparse_letters(), Property { array: Array::SparseLetters, ..FIRST });
        assert_eq!(FIRST.len(7), Property { len: 7, ..FIRST });
        assert_eq!(FIRST.by_model(), Property { visibility: Visibility::ByModel, ..FIRST });
        assert_eq!(FIRST.hidden(), Property { visibility: Visibility::Hidden, ..FIRST });
        assert_eq!((row("a", BitField, RW, STABLE).len, row("a", Float, RW, STABLE).len), (1, 12));
    }

    #[test]
    fn a_family_has_what_it_was_given() {
        let family = Family::new(0x42, "42", "DS28EA00");
        assert_eq!((family.code, family.name, family.type_name), (Some(0x42), "42", "DS28EA00"));
        assert_eq!((family.flags, family.common.len()), (DirectoryFlags(0), 11));
        let family = family.flags(&[ALARM, CHAIN]).common(&[FIRST]).properties(&[FIRST, FIRST]);
        assert_eq!(family.flags, DirectoryFlags(0x2002));
        assert_eq!((family.common, family.properties), (&[FIRST][..], &[FIRST, FIRST][..]));
        let pseudo = Family::pseudo("settings");
        assert_eq!((pseudo.code, pseudo.name, pseudo.common.len()), (None, "settings", 0));
    }

    #[test]
    fn parts_become_one_table() {
        let (second, third) = (Property { name: "b", ..FIRST }, Property { name: "c", ..FIRST });
        let parts: &[&[Property]] = &[&[FIRST, second], &[], &[third]];
        assert_eq!((count(parts), count(&[])), (3, 0));
        assert_eq!(join::<3>(parts), [FIRST, second, third]);
    }
}
