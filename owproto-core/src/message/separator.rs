//! Where a comma list is split into entries.
//!
//! Entries are absolute paths, and no name contains a slash. So a comma separates two entries exactly if a slash follows
//! it; any other comma belongs to an alias. A NUL ends the list, or separates too.

use crate::bytes::find_nul_or;

/// The position of the first separator.
#[inline]
pub(crate) fn first_separator(list: &[u8]) -> Option<usize> {
    find_nul_or(list, b',', |at| is_separator(list, at))
}

/// The position of the last separator.
pub(crate) fn last_separator(list: &[u8]) -> Option<usize> {
    (0..list.len()).rev().find(|&at| is_separator(list, at))
}

#[inline]
fn is_separator(list: &[u8], at: usize) -> bool {
    match list.get(at) {
        Some(0) => true,
        Some(b',') => list.get(at.saturating_add(1)) == Some(&b'/'),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_separates_only_before_a_slash() {
        assert_eq!(first_separator(b"/a,b,/c"), Some(4));
        assert_eq!(first_separator(b"/a,b"), None);
        assert_eq!(first_separator(b"/a\0,/b"), Some(2));
        assert_eq!(last_separator(b"/a,/b,c"), Some(2));
        assert_eq!(last_separator(b"/a,/b,"), Some(2));
        assert_eq!(last_separator(b"/a,b"), None);
    }
}
