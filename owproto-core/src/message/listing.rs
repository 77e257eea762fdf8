//! Functions for the paths of listed directories and of their entries.

/// Whether an entry is a directory, as far as its path tells; `None` if only the server knows.
///
/// For listings with DIR, which mark no directories: devices, buses and special directories are directories. Below a
/// device an entry may be a property or a subdirectory.
#[must_use]
pub fn is_directory(entry: &[u8]) -> Option<bool> {
    let mut names = entry.split(|&byte| byte == b'/').filter(|name| !name.is_empty());
    let first = names.find(|name| !is_prefix(name));
    if matches!(first, Some(b"structure" | b"alarm")) {
        // A family or a device directly below is a directory too.
        names.next();
    }
    // The root, a bus, a device or another special directory, after any prefixes, if nothing follows.
    if names.next().is_none() { Some(true) } else { None }
}

/// Whether a comma list of the directory at `path` cannot be split: each entry begins with the path, and a comma before a
/// slash in it looks like a separator. List such a directory with DIR.
#[must_use]
pub fn is_ambiguous(path: &[u8]) -> bool {
    path.ends_with(b",") || path.windows(2).any(|pair| pair == b",/")
}

fn is_prefix(name: &[u8]) -> bool {
    matches!(name, b"uncached" | b"unaliased" | b"text" | b"json") || name.starts_with(b"bus.")
}

/// Whether the server marked this entry of a DIRALLSLASH listing as a directory.
#[must_use]
pub fn has_slash(entry: &[u8]) -> bool {
    entry.ends_with(b"/")
}

/// The entry without the slash at its end.
#[must_use]
pub fn without_slash(entry: &[u8]) -> &[u8] {
    entry.strip_suffix(b"/").unwrap_or(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_below_a_name_that_ends_with_a_comma_are_ambiguous() {
        for (path, ambiguous) in
            [("/a,", true), ("/a,/b", true), ("/a,b/c", false), ("/", false), ("", false)]
        {
            assert_eq!(is_ambiguous(path.as_bytes()), ambiguous, "{path}");
        }
    }

    #[test]
    fn devices_buses_and_special_directories_are_known_by_their_path() {
        for path in [
            "/",
            "/uncached",
            "/bus.0",
            "/10.67C6697351FF",
            "/uncached/bus.1/cellar",
            "/alarm/10.67C6697351FF",
            "/settings",
            "/bus.0/interface",
            "/structure/10",
            "/simultaneous",
        ] {
            assert_eq!(is_directory(path.as_bytes()), Some(true), "{path}");
        }
        for path in [
            "/10.67C6697351FF/errata",
            "/settings/units",
            "/structure/10/address",
            "/bus.0/interface/settings",
        ] {
            assert_eq!(is_directory(path.as_bytes()), None, "{path}");
        }
    }

    #[test]
    fn a_slash_at_the_end_marks_a_directory() {
        for (entry, is_marked, without) in [
            ("/10.67C6697351FF/", true, "/10.67C6697351FF"),
            ("/a/b", false, "/a/b"),
            ("/", true, ""),
            ("", false, ""),
        ] {
            assert_eq!(has_slash(entry.as_bytes()), is_marked, "{entry}");
            assert_eq!(without_slash(entry.as_bytes()), without.as_bytes(), "{entry}");
        }
    }
}
