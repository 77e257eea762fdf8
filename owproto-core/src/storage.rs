//! Memory that the caller gives to a parser or a connection.

/// A byte buffer that is filled from the front.
///
/// Implemented by arrays, mutable slices, `heapless::Vec` (feature `heapless`) and `Vec` (feature `alloc`). The user of the
/// storage keeps the filled length, so an array needs no length of its own.
///
/// | storage | capacity | when it is full |
/// |---------|---------------|-----------------|
/// | `[u8; N]`, `&mut [u8]`, `heapless::Vec<u8, N>` | its length, N | a typed error, before any byte is stored |
/// | `Vec<u8>` | the limit of the parser | grows with the bytes that arrive, not with the length in a header |
pub trait Storage {
    /// The greatest number of bytes that it can hold.
    fn capacity(&self) -> usize;

    /// Stores `bytes` at position `at`, which is at most the filled length. The bytes after them are no longer filled.
    /// Returns false if `bytes` do not fit; the first `at` bytes are unchanged then.
    #[inline]
    #[must_use = "false means that the bytes were not stored"]
    fn put(&mut self, at: usize, bytes: &[u8]) -> bool {
        match self.space(at, bytes.len()) {
            Some(place) => {
                place.copy_from_slice(bytes);
                true
            }
            None => false,
        }
    }

    /// The place for `len` bytes at position `at`, to be written by the caller. As with [`put`](Self::put), the bytes after
    /// it are no longer filled. `None` if it does not fit.
    fn space(&mut self, at: usize, len: usize) -> Option<&mut [u8]>;

    /// The first `len` bytes, or all bytes if there are fewer.
    fn filled(&self, len: usize) -> &[u8];

    /// Drops the contents and frees memory above `keep` bytes. Storage of a fixed size does nothing.
    fn shrink(&mut self, _keep: usize) {}
}

#[inline]
fn space_in_slice(slice: &mut [u8], at: usize, len: usize) -> Option<&mut [u8]> {
    slice.get_mut(at..)?.get_mut(..len)
}

impl<const N: usize> Storage for [u8; N] {
    #[inline]
    fn capacity(&self) -> usize {
        N
    }

    #[inline]
    fn space(&mut self, at: usize, len: usize) -> Option<&mut [u8]> {
        space_in_slice(self, at, len)
    }

    #[inline]
    fn filled(&self, len: usize) -> &[u8] {
        self.get(..len).unwrap_or(self)
    }
}

impl Storage for &mut [u8] {
    #[inline]
    fn capacity(&self) -> usize {
        self.len()
    }

    #[inline]
    fn space(&mut self, at: usize, len: usize) -> Option<&mut [u8]> {
        space_in_slice(self, at, len)
    }

    #[inline]
    fn filled(&self, len: usize) -> &[u8] {
        self.get(..len).unwrap_or(self)
    }
}

#[cfg(feature = "heapless")]
impl<const N: usize, L: heapless::LenType> Storage for heapless::Vec<u8, N, L> {
    fn capacity(&self) -> usize {
        N
    }

    fn put(&mut self, at: usize, bytes: &[u8]) -> bool {
        self.truncate(at);
        self.len() == at && self.extend_from_slice(bytes).is_ok()
    }

    fn space(&mut self, at: usize, len: usize) -> Option<&mut [u8]> {
        self.truncate(at);
        if self.len() != at {
            return None;
        }
        self.resize(at.checked_add(len)?, 0).ok()?;
        self.get_mut(at..)
    }

    fn filled(&self, len: usize) -> &[u8] {
        self.get(..len).unwrap_or(self)
    }
}

#[cfg(feature = "alloc")]
impl Storage for alloc::vec::Vec<u8> {
    #[inline]
    fn capacity(&self) -> usize {
        usize::MAX
    }

    #[inline]
    fn put(&mut self, at: usize, bytes: &[u8]) -> bool {
        // Overwrites earlier contents, so that it grows only beyond its greatest length so far.
        if let Some(place) = space_in_slice(self, at, bytes.len()) {
            place.copy_from_slice(bytes);
            return true;
        }
        self.truncate(at);
        if self.len() != at || self.try_reserve(bytes.len()).is_err() {
            return false;
        }
        self.extend_from_slice(bytes);
        true
    }

    #[inline(always)]
    fn space(&mut self, at: usize, len: usize) -> Option<&mut [u8]> {
        let end = at.checked_add(len)?;
        if end > self.len() && !grow(self, at, end) {
            return None;
        }
        self.get_mut(at..end)
    }

    #[inline]
    fn filled(&self, len: usize) -> &[u8] {
        self.get(..len).unwrap_or(self)
    }

    #[inline]
    fn shrink(&mut self, keep: usize) {
        self.clear();
        self.shrink_to(keep);
    }
}

/// Extends a `Vec` to length `end`, unless that leaves a gap before `at` or memory is exhausted. Returns whether it did.
#[cfg(feature = "alloc")]
#[cold]
fn grow(storage: &mut alloc::vec::Vec<u8>, at: usize, end: usize) -> bool {
    let can = at <= storage.len() && storage.try_reserve(end.saturating_sub(storage.len())).is_ok();
    if can {
        storage.resize(end, 0);
    }
    can
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_storage(mut storage: impl Storage) {
        assert!(storage.put(0, b"abc"));
        assert!(storage.put(3, b"de"));
        assert_eq!(storage.filled(5), b"abcde");
        assert!(storage.put(1, b"xy"));
        assert_eq!(storage.filled(3), b"axy");
        assert!(storage.put(0, b""));
        if storage.capacity() == 6 {
            assert!(storage.put(0, b"123456"));
            assert!(!storage.put(0, b"1234567"));
            assert!(storage.put(0, b"123456"));
            assert!(!storage.put(6, b"7"));
        }
        assert!(storage.put(0, b"1"));
        storage.space(1, 3).unwrap().copy_from_slice(b"uvw");
        assert_eq!(storage.filled(4), b"1uvw");
        assert!(storage.capacity() > 6 || storage.space(4, 3).is_none());
        assert!(storage.space(10, 1).is_none() && storage.space(1, usize::MAX).is_none());
        assert!(!storage.put(10, b"a"), "a gap");
        assert!(storage.filled(usize::MAX).len() <= 6);
        storage.shrink(3);
        assert!(storage.put(0, b"abc"));
        assert_eq!(storage.filled(3), b"abc");
    }

    #[test]
    fn all_kinds_of_storage_behave_the_same() {
        check_storage([0xa5; 6]);
        check_storage([0xa5; 6].as_mut_slice());
        #[cfg(feature = "heapless")]
        check_storage(heapless::Vec::<u8, 6>::new());
        #[cfg(feature = "alloc")]
        check_storage(alloc::vec::Vec::new());
    }

    #[test]
    fn the_capacity_is_the_fixed_size_or_unlimited() {
        assert_eq!([0; 6].capacity(), 6);
        assert_eq!(Storage::capacity(&[0; 6].as_mut_slice()), 6);
        #[cfg(feature = "heapless")]
        assert_eq!(Storage::capacity(&heapless::Vec::<u8, 6>::new()), 6);
        #[cfg(feature = "alloc")]
        assert_eq!(Storage::capacity(&alloc::vec::Vec::new()), usize::MAX);
    }

    #[cfg(feature = "alloc")]
    #[test]
    fn a_vec_grows_without_gaps_and_frees_memory() {
        let mut storage = alloc::vec::Vec::new();
        assert_eq!(Storage::space(&mut storage, 1, 1), None, "a gap");
        Storage::space(&mut storage, 0, 3).unwrap().copy_from_slice(b"abc");
        Storage::space(&mut storage, 3, 2).unwrap().copy_from_slice(b"de");
        Storage::space(&mut storage, 4, 2).unwrap().copy_from_slice(b"fg");
        assert_eq!(Storage::space(&mut storage, 1, 2).map(|place| place.len()), Some(2));
        assert_eq!(storage.filled(6), b"abcdfg");
        assert_eq!(Storage::space(&mut storage, 6, usize::MAX - 7), None, "more memory than there is");
        assert_eq!(Storage::space(&mut storage, 8, 0), None, "a gap");
        storage.reserve(1000);
        Storage::shrink(&mut storage, 100);
        assert!(alloc::vec::Vec::capacity(&storage) < 1000 && storage.filled(6).is_empty());
    }
}
