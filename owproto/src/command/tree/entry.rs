use owproto_std::owproto_core::ServerError;
use owproto_std::owproto_core::message::listing::{has_slash, without_slash};

/// The length of an array beyond which only its first elements are shown. The log of a data logger has thousands.
const LONG_ARRAY: usize = 16;

/// How many elements of a long array are shown.
const FIRST_ELEMENTS: usize = 4;

/// An entry of a directory.
pub(super) struct Entry {
    /// The path, without a slash at the end.
    pub(super) path: Vec<u8>,
    pub(super) is_directory: bool,
    /// The number of elements of an array that are not shown, and for which this entry stands; 0 for all other entries.
    pub(super) omitted: usize,
    /// The value, if it was read.
    pub(super) value: Option<Result<Vec<u8>, ServerError>>,
}

impl Entry {
    /// An entry of a listing in which directories have a slash.
    pub(super) fn new(entry: &[u8]) -> Self {
        Self { path: without_slash(entry).to_vec(), is_directory: has_slash(entry), omitted: 0, value: None }
    }

    pub(super) fn name(&self) -> &[u8] {
        last_name(&self.path)
    }
}

/// Replaces all but the first elements of each long array by one entry that counts them.
pub(super) fn shorten(entries: Vec<Entry>) -> Vec<Entry> {
    let mut shown: Vec<Entry> = Vec::with_capacity(entries.len());
    let mut rest = entries.into_iter().peekable();
    while let Some(first) = rest.next() {
        let Some(array) = array(&first).map(<[u8]>::to_vec) else {
            shown.push(first);
            continue;
        };
        let mut elements = vec![first];
        while let Some(element) = rest.next_if(|entry| self::array(entry) == Some(&array)) {
            elements.push(element);
        }
        let omitted = elements.len().saturating_sub(FIRST_ELEMENTS);
        if elements.len() > LONG_ARRAY {
            elements.truncate(FIRST_ELEMENTS);
            let path = [&array, ".…".as_bytes()].concat();
            elements.push(Entry { path, is_directory: false, omitted, value: None });
        }
        shown.append(&mut elements);
    }
    shown
}

/// The path of the array of which an entry is a numbered element.
fn array(entry: &Entry) -> Option<&[u8]> {
    let digits = entry.path.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let array = entry.path.get(..entry.path.len() - digits)?.strip_suffix(b".")?;
    if digits > 0 && !entry.is_directory { Some(array) } else { None }
}

/// Whether an entry of a bus, or of a coupler's branch, only repeats devices that are listed beside it.
pub(super) fn repeats_devices(directory: &[u8], name: &[u8]) -> bool {
    let directory = last_name(directory);
    let is_bus = directory.starts_with(b"bus.") || matches!(directory, b"main" | b"aux");
    is_bus && matches!(name, b"alarm" | b"simultaneous")
}

/// The names in a path.
pub(super) fn names(path: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    path.split(|&byte| byte == b'/').filter(|name| !name.is_empty())
}

pub(super) fn last_name(path: &[u8]) -> &[u8] {
    names(path).next_back().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::printable::printable;

    #[test]
    fn names_are_the_parts_of_a_path_between_slashes() {
        assert_eq!(last_name(b"/"), b"");
        assert_eq!(last_name(b"/settings/"), b"settings");
        assert_eq!(last_name(b"/a/b"), b"b");
        assert_eq!(names(b"/a//b/").count(), 2);
    }

    #[test]
    fn of_a_long_array_only_the_first_elements_are_shown() {
        let entry = |path: String| Entry {
            is_directory: path.ends_with('/'),
            path: path.into_bytes(),
            omitted: 0,
            value: None,
        };
        let names = |paths: Vec<String>| -> Vec<(String, usize)> {
            let shown = shorten(paths.into_iter().map(entry).collect());
            shown.iter().map(|entry| (printable(entry.name()).to_string(), entry.omitted)).collect()
        };
        let array =
            |name: &str, len: usize| (0..len).map(|n| format!("/1D.1/{name}.{n}")).collect::<Vec<_>>();
        assert_eq!(names(array("page", 16)).len(), 16);
        let mut paths = vec!["/1D.1/log.ALL".to_owned()];
        paths.extend(array("log", 17));
        paths.extend(array("short", 2));
        let expected = [
            ("log.ALL", 0),
            ("log.0", 0),
            ("log.1", 0),
            ("log.2", 0),
            ("log.3", 0),
            ("log.…", 13),
            ("short.0", 0),
            ("short.1", 0),
        ];
        assert!(names(paths).iter().map(|(name, omitted)| (name.as_str(), *omitted)).eq(expected));
        // Devices are not elements of an array, even if their names look so.
        let devices: Vec<_> = (0..20).map(|n| format!("/10.{n:012}/")).collect();
        assert_eq!(names(devices).len(), 20);
    }

    #[test]
    fn alarm_and_simultaneous_repeat_devices_only_in_a_bus() {
        assert!(repeats_devices(b"/bus.0", b"alarm"));
        assert!(repeats_devices(b"/1F.00001FE00100/main/", b"simultaneous"));
        assert!(!repeats_devices(b"/bus.0", b"interface"));
        assert!(!repeats_devices(b"/20.000020DF0500", b"alarm"));
        assert!(!repeats_devices(b"/", b"alarm"));
    }
}
