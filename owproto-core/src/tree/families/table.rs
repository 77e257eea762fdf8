//! What the tables import, and how several parts become one table.

pub(super) use crate::text::ValueType::*;
pub(super) use crate::tree::model::family::Family;
pub(super) use crate::tree::model::property::Property;
use crate::wire::DirectoryFlags;

pub(super) const RESUME: DirectoryFlags = DirectoryFlags::RESUME;
pub(super) const ALARM: DirectoryFlags = DirectoryFlags::ALARM;
pub(super) const OVERDRIVE: DirectoryFlags = DirectoryFlags::OVERDRIVE;
pub(super) const CHAIN: DirectoryFlags = DirectoryFlags::CHAIN;
pub(super) const SIMULTANEOUS_VOLTAGE: DirectoryFlags = DirectoryFlags::SIMULTANEOUS_VOLTAGE;
pub(super) const SIMULTANEOUS_TEMPERATURE: DirectoryFlags = DirectoryFlags::SIMULTANEOUS_TEMPERATURE;

/// One table of several parts, for properties that more than one family has.
macro_rules! joined {
    ($($part:expr),+ $(,)?) => {{
        const PARTS: &[&[Property]] = &[$($part),+];
        const JOINED: [Property; total_len(PARTS)] = join(PARTS);
        &JOINED
    }};
}
pub(super) use joined;

pub(super) const fn total_len(mut parts: &[&[Property]]) -> usize {
    let mut len = 0_usize;
    while let [part, others @ ..] = parts {
        len = len.wrapping_add(part.len());
        parts = others;
    }
    len
}

/// The properties of all parts, of which there are `N`.
pub(super) const fn join<const N: usize>(mut parts: &[&[Property]]) -> [Property; N] {
    let mut joined = [Property::inaccessible("", Text); N];
    let mut free: &mut [Property] = &mut joined;
    while let [part, others @ ..] = parts {
        let mut part = *part;
        while let [property, rest @ ..] = part {
            let Some((first, free_after)) = free.split_first_mut() else { return joined };
            *first = *property;
            (part, free) = (rest, free_after);
        }
        parts = others;
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_become_one_table_in_their_order() {
        let [first, second, third] = ["a", "b", "c"].map(|name| Property::read_only(name, Float));
        let parts: &[&[Property]] = &[&[first, second], &[], &[third]];
        assert_eq!((total_len(parts), total_len(&[])), (3, 0));
        assert_eq!(join::<3>(parts), [first, second, third]);
    }
}
