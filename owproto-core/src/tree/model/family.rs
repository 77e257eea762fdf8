use super::common::COMMON;
use super::property::{Element, Property};
use crate::text::ValueType;
use crate::wire::DirectoryFlags;

/// A kind of device: the properties in its directory. The [built-in directories](super::path::BuiltinDirectory) of the
/// server are described in the same way.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Family {
    /// The family code; `None` for a built-in directory.
    pub code: Option<u8>,
    /// The name in `/structure`: the code as two upper case hexadecimal digits, or the name of the directory.
    pub name: &'static str,
    /// The value of the property `type`: the chip, as a rule.
    pub type_name: &'static str,
    /// What its devices can do, as a listing reports it.
    pub flags: DirectoryFlags,
    /// The properties that its devices share with those of other families, sorted by name.
    pub common: &'static [Property],
    /// The properties of this family, sorted by name. One with the name of a common property replaces that.
    pub properties: &'static [Property],
}

/// What a path names within a family: there are directories and properties, so this is exhaustive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Node<'p> {
    /// The directory of the family, named "", or a subdirectory, without slashes at its ends.
    Directory(&'static str),
    /// A property.
    Property(&'static Property, Element<'p>),
}

impl Family {
    /// A family with the [common properties](crate::tree::families::COMMON) and no others.
    #[must_use]
    pub const fn new(code: u8, type_name: &'static str) -> Self {
        Self { code: Some(code), type_name, common: COMMON, ..Self::named(hexadecimal(code)) }
    }

    /// A directory without properties that is not a family of devices.
    pub(in crate::tree) const fn named(name: &'static str) -> Self {
        Self { code: None, name, type_name: "", flags: DirectoryFlags(0), common: &[], properties: &[] }
    }

    /// Adds to what its devices can do.
    #[must_use]
    pub const fn with_flags(self, flags: DirectoryFlags) -> Self {
        Self { flags: DirectoryFlags(self.flags.0 | flags.0), ..self }
    }

    /// Other properties that its devices share with those of other families.
    pub(in crate::tree) const fn with_common(self, common: &'static [Property]) -> Self {
        check(common);
        Self { common, ..self }
    }

    /// The properties of this family, sorted by name in the order of bytes: upper case comes before lower case.
    ///
    /// # Panics
    /// In a `static` or a constant these are compile errors:
    ///
    /// - The table is not sorted, or has a name twice.
    /// - A name is empty, has a dot, starts or ends with a slash, or is the name of a subdirectory, too.
    /// - A property has a type without a fixed length, such as text or bytes, and no [length](Property::with_len).
    #[must_use]
    pub const fn with_properties(self, properties: &'static [Property]) -> Self {
        check(properties);
        Self { properties, ..self }
    }

    /// What the rest of a path, below the directory of this family, names; `None` if there is no such directory or
    /// property. A directory may end with a slash.
    #[must_use]
    pub fn find<'p>(&self, rest: &'p [u8]) -> Option<Node<'p>> {
        let body = rest.strip_suffix(b"/").unwrap_or(rest);
        if rest.is_empty() {
            return Some(Node::Directory(""));
        }
        let (name, index) = match body.iter().position(|&byte| byte == b'.') {
            Some(dot) => (body.get(..dot)?, Some(body.get(dot.saturating_add(1)..)?)),
            None => (body, None),
        };
        let has_index = index.is_some();
        let own = first_in(self.properties, name, has_index);
        let property = own.or_else(|| first_in(self.common, name, has_index))?;
        if property.name.len() > name.len() {
            return property.name.get(..name.len()).map(Node::Directory);
        }
        let element = property.element(index)?;
        let is_branch = property.value_type == ValueType::Directory;
        (body.len() == rest.len() || is_branch).then_some(Node::Property(property, element))
    }

    /// The property with this name: one of the family, or else a common one.
    #[must_use]
    pub fn property(&self, name: &[u8]) -> Option<&'static Property> {
        let own = self.properties.binary_search_by(|property| property.name.as_bytes().cmp(name));
        match own {
            Ok(at) => self.properties.get(at),
            Err(_) => self.common.iter().find(|property| property.name.as_bytes() == name),
        }
    }
}

/// The property with this name, or the first one in the subdirectory with this name, which has no index. No name is that
/// of a property and of a subdirectory.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
fn first_in(properties: &'static [Property], name: &[u8], has_index: bool) -> Option<&'static Property> {
    properties.iter().find(|property| match property.name.as_bytes().strip_prefix(name) {
        Some([]) => true,
        Some([b'/', ..]) => !has_index,
        _ => false,
    })
}

/// Checks a table while the program is compiled.
const fn check(mut properties: &[Property]) {
    let mut last = "";
    while let [property, others @ ..] = properties {
        let (name, last_name) = (property.name.as_bytes(), last.as_bytes());
        assert!(
            is_less(last_name, name),
            "properties have to be sorted by name, and each name is there once"
        );
        assert!(is_name(name), "the name of a property has no dot, and no slash at its ends");
        assert!(!is_in_directory(name, last_name), "a subdirectory has the name of a property");
        assert!(property.len > 0, "a property of this type needs a length");
        (last, properties) = (property.name, others);
    }
}

/// Whether a text comes before another one, in the order of bytes.
const fn is_less(mut text: &[u8], mut other: &[u8]) -> bool {
    while let ([byte, text_rest @ ..], [other_byte, other_rest @ ..]) = (text, other) {
        if *byte != *other_byte {
            return *byte < *other_byte;
        }
        (text, other) = (text_rest, other_rest);
    }
    text.len() < other.len()
}

const fn is_name(mut name: &[u8]) -> bool {
    if matches!(name, [b'/', ..] | [.., b'/']) {
        return false;
    }
    while let [byte, rest @ ..] = name {
        if *byte == b'.' {
            return false;
        }
        name = rest;
    }
    true
}

/// Whether a name starts with another one and a slash.
const fn is_in_directory(mut name: &[u8], mut directory: &[u8]) -> bool {
    if directory.is_empty() {
        return false;
    }
    while let ([byte, name_rest @ ..], [other, directory_rest @ ..]) = (name, directory) {
        if *byte != *other {
            return false;
        }
        (name, directory) = (name_rest, directory_rest);
    }
    directory.is_empty() && matches!(name, [b'/', ..])
}

/// A family code as two upper case hexadecimal digits. Each has a constant of its own, so that only those of used
/// families are linked.
#[allow(clippy::indexing_slicing, reason = "the halves of a byte are below 16")]
const fn hexadecimal(code: u8) -> &'static str {
    macro_rules! row {
        ($high:literal: $($low:literal)+) => { [$(concat!($high, $low)),+] };
    }
    macro_rules! table {
        ($($high:literal)+) => {
            [$(row!($high: "0" "1" "2" "3" "4" "5" "6" "7" "8" "9" "A" "B" "C" "D" "E" "F")),+]
        };
    }
    const NAMES: [[&str; 16]; 16] = table!("0" "1" "2" "3" "4" "5" "6" "7" "8" "9" "A" "B" "C" "D" "E" "F");
    NAMES[(code >> 4) as usize][(code & 0x0f) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Property = Property::read_only("a", ValueType::Float);
    const B: Property = Property { name: "b", ..A };

    #[test]
    fn a_new_family_has_the_common_properties_only() {
        let family = Family::new(0x42, "DS28EA00");
        assert_eq!((family.code, family.name, family.type_name), (Some(0x42), "42", "DS28EA00"));
        assert_eq!((family.flags, family.common.len(), family.properties), (DirectoryFlags(0), 11, &[][..]));
        let directory = Family::named("settings");
        assert_eq!((directory.code, directory.name, directory.common.len()), (None, "settings", 0));
    }

    #[test]
    fn a_family_has_what_its_builder_was_given() {
        static PROPERTIES: [Property; 2] = [A, B];
        let family = Family::new(0x42, "")
            .with_flags(DirectoryFlags::ALARM)
            .with_flags(DirectoryFlags::CHAIN)
            .with_common(&PROPERTIES[1..])
            .with_properties(&PROPERTIES);
        assert_eq!(family.flags, DirectoryFlags(0x2002));
        assert_eq!((family.common, family.properties), (&PROPERTIES[1..], &PROPERTIES[..]));
    }

    #[test]
    fn the_name_of_a_family_is_its_code_in_hexadecimal() {
        for code in 0..=0xff {
            assert_eq!(hexadecimal(code), std::format!("{code:02X}"));
        }
    }

    #[test]
    #[should_panic(expected = "sorted by name")]
    fn a_table_that_is_not_sorted_is_refused() {
        check(&[B, A]);
    }

    #[test]
    #[should_panic(expected = "each name is there once")]
    fn a_table_with_a_name_twice_is_refused() {
        check(&[A, A]);
    }

    #[test]
    #[should_panic(expected = "needs a length")]
    fn a_text_without_a_length_is_refused() {
        check(&[Property::read_only("a", ValueType::Text)]);
    }

    #[test]
    #[should_panic(expected = "has the name of a property")]
    fn a_property_with_the_name_of_a_subdirectory_is_refused() {
        check(&[A, Property { name: "a/b", ..A }]);
    }

    #[test]
    fn names_have_no_dot_and_no_slash_at_their_ends() {
        check(&[
            A,
            Property { name: "ab", ..A },
            Property { name: "b/c", ..A },
            Property { name: "b/d", ..A },
        ]);
        assert!(is_name(b"pages/page") && is_name(b"1shot"));
        assert!(!is_name(b"PIO.A") && !is_name(b"/a") && !is_name(b"a/") && !is_name(b"/"));
        assert!(!is_less(b"", b""), "an empty name is not sorted");
    }
}
