use super::decode_error::DecodeError;
use super::direction::Direction;
use super::framing::{Framing, HeaderEvent, Rules, Versions};
use crate::message::{Entries, first_separator, last_separator};
use crate::storage::Storage;
use crate::wire::{Header, HeaderBytes};

/// Parses frames, with storage for the body of one frame or for one entry of a listing. The public parsers and the
/// connections of both directions are built on it.
#[derive(Clone, Debug)]
#[repr(C)]
pub(crate) struct FrameParser<S> {
    framing: Framing,
    limit: usize,
    /// Bytes in the storage: `0 <= stored <= storage.capacity()`.
    stored: usize,
    /// Whether the storage could not take all of the body. Only [`store_frame`](Self::store_frame) continues then.
    is_cut: bool,
    versions: Versions,
    storage: S,
}

/// How to parse the payload of a reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PayloadMode {
    /// As a whole.
    Whole,
    /// As a comma list of at most `limit` bytes, entry by entry. The payload of an error is dropped.
    List { limit: usize },
}

/// What [`FrameParser::parse`] found.
pub(crate) enum Parsed<'a> {
    NeedMore(usize),
    Keepalive,
    Entries(Entries<'a>),
    /// A header and its body: payload, then tokens. The body of a list is empty here, its entries were returned before.
    Frame(&'a HeaderBytes, &'a [u8]),
}

/// What [`FrameParser::store_frame`] did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stored {
    NeedMore(usize),
    /// The frame is complete: [`FrameParser::stored_frame`]. Its body is empty if it did not fit.
    Complete,
}

impl<S: Storage> FrameParser<S> {
    pub(crate) const fn new(limit: usize, storage: S) -> Self {
        Self { framing: Framing::new(), versions: Versions::Plain, limit, storage, stored: 0, is_cut: false }
    }

    pub(crate) const fn is_between_frames(&self) -> bool {
        self.framing.is_between_frames()
    }

    pub(crate) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    pub(crate) fn set_any_version(&mut self) {
        self.versions = Versions::Any;
    }

    /// Starts a new stream.
    pub(crate) const fn reset(&mut self) {
        self.framing.reset();
        self.stored = 0;
    }

    /// Drops the last frame and frees storage above `keep` bytes. Must not be called within a frame.
    pub(crate) fn shrink(&mut self, keep: usize) {
        self.stored = 0;
        self.storage.shrink(keep);
    }

    pub(crate) fn into_storage(self) -> S {
        self.storage
    }

    /// Takes a whole frame, or entries of a comma list. They are borrowed from the input if they are entirely in it, else
    /// from the storage.
    ///
    /// The limits are the same in both cases, so how the input is split never decides whether there is an error.
    #[inline]
    pub(crate) fn parse<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i [u8],
        direction: Direction,
        mode: PayloadMode,
    ) -> Result<Parsed<'a>, DecodeError> {
        let (limit, capacity) = match mode {
            PayloadMode::Whole => (self.limit, self.storage.capacity()),
            PayloadMode::List { limit } => (limit, usize::MAX),
        };
        let rules = Rules { direction, versions: self.versions, limit, capacity };
        match self.framing.take_header(input, rules)? {
            HeaderEvent::NeedMore(n) => return Ok(Parsed::NeedMore(n)),
            HeaderEvent::Keepalive => return Ok(Parsed::Keepalive),
            HeaderEvent::Complete => self.stored = 0,
            HeaderEvent::InBody => {}
        }
        let missing = self.framing.missing();
        if mode != PayloadMode::Whole && missing > 0 && self.framing.header().header().code >= 0 {
            let available = input.get(..missing).unwrap_or(input);
            if self.stored == 0 {
                // Bytes after the last complete entry stay in the input.
                let is_last = available.len() == missing;
                if let Some(end) = if is_last { Some(missing) } else { last_separator(available) } {
                    let piece = self.framing.take_body(input, end.saturating_add(1));
                    return Ok(Parsed::Entries(Entries::list(piece.get(..end).unwrap_or(piece))));
                }
            }
            return Ok(match self.store_entry(input, available)? {
                Some(len) => Parsed::Entries(Entries::one(self.storage.filled(len))),
                None => Parsed::NeedMore(self.framing.missing()),
            });
        }
        let piece = self.framing.take_body(input, missing);
        let mut body = piece;
        if mode != PayloadMode::Whole {
            body = &[];
        } else if piece.len() < missing || self.stored > 0 {
            self.store(piece)?;
            body = self.storage.filled(self.stored);
        }
        if piece.len() < missing {
            return Ok(Parsed::NeedMore(self.framing.missing()));
        }
        self.framing.end_body();
        Ok(Parsed::Frame(self.framing.header(), body))
    }

    /// Takes a complete frame from the front of the input; `None` if there is none. [`parse`](Self::parse) gives the same,
    /// but is slower.
    #[inline(always)]
    pub(crate) fn take_whole_frame<'i>(
        &self,
        input: &mut &'i [u8],
        direction: Direction,
    ) -> Option<(HeaderBytes, &'i [u8])> {
        let (limit, capacity) = (self.limit, self.storage.capacity());
        self.framing.take_whole_frame(input, Rules { direction, versions: self.versions, limit, capacity })
    }

    /// Takes the entries of complete DIR frames from the front of the input; `None` if there are none.
    ///
    /// [`parse`](Self::parse) takes them one by one, which is slower. On targets of less than 64 bits this is always `None`,
    /// which saves code.
    #[inline]
    pub(crate) fn take_entry_frames<'i>(&mut self, input: &mut &'i [u8]) -> Option<Entries<'i>> {
        if cfg!(not(target_pointer_width = "64")) || !self.framing.is_between_frames() {
            return None;
        }
        let (entries, len) = Entries::frames(input, self.limit.min(self.storage.capacity()))?;
        *input = input.get(len..).unwrap_or_default();
        Some(entries)
    }

    /// Moves bytes of an incomplete entry from the input to the storage. Returns its length once it is complete.
    fn store_entry(&mut self, input: &mut &[u8], available: &[u8]) -> Result<Option<usize>, DecodeError> {
        // The byte after a comma decides whether it is a separator.
        if available.first() == Some(&b'/') && self.storage.filled(self.stored).last() == Some(&b',') {
            return Ok(core::mem::take(&mut self.stored).checked_sub(1));
        }
        let end = first_separator(available);
        let piece = available.get(..end.unwrap_or(available.len())).unwrap_or(available);
        self.store(piece)?;
        self.framing.take_body(input, piece.len().saturating_add(1));
        if end.is_none() && self.framing.missing() > 0 {
            return Ok(None);
        }
        Ok(Some(core::mem::take(&mut self.stored)))
    }

    fn store(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        if !self.storage.put(self.stored, bytes) {
            return Err(self.framing.fail(DecodeError::EntryTooLong { capacity: self.storage.capacity() }));
        }
        self.stored = self.stored.wrapping_add(bytes.len());
        Ok(())
    }

    /// Takes a whole request into the storage, so that it outlives the input.
    ///
    /// A body that does not fit the storage is read to its end and dropped: then only the header of the frame is known, and
    /// the stream continues after it.
    pub(crate) fn store_frame(&mut self, input: &mut &[u8]) -> Result<Stored, DecodeError> {
        let (direction, versions, limit) = (Direction::Requests, self.versions, self.limit);
        match self.framing.take_header(input, Rules { direction, versions, limit, capacity: usize::MAX })? {
            HeaderEvent::NeedMore(n) => return Ok(Stored::NeedMore(n)),
            HeaderEvent::Complete => (self.stored, self.is_cut) = (0, false),
            HeaderEvent::InBody | HeaderEvent::Keepalive => {}
        }
        let missing = self.framing.missing();
        let piece = self.framing.take_body(input, missing);
        self.is_cut = self.is_cut || !self.storage.put(self.stored, piece);
        self.stored = if self.is_cut { 0 } else { self.stored.saturating_add(piece.len()) };
        if piece.len() < missing {
            return Ok(Stored::NeedMore(self.framing.missing()));
        }
        self.framing.end_body();
        Ok(Stored::Complete)
    }

    /// The header and the body of the last frame that [`store_frame`](Self::store_frame) completed.
    pub(crate) fn stored_frame(&self) -> (Header, &[u8]) {
        (self.framing.header().header(), self.storage.filled(self.stored))
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::wire::HEADER_LEN;

    /// All entries of a list that arrives in pieces, split at `cuts`, through storage of 16 bytes.
    fn entries(list: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
        let payload = i32::try_from(list.len()).unwrap();
        let bytes = [&Header { payload, ..Header::default() }.to_bytes()[..], list].concat();
        let mut parser = FrameParser::new(16, [0xa5; 16]);
        let mut found = Vec::new();
        let mut start = 0;
        for &end in cuts.iter().chain([&bytes.len()]) {
            let mut input = &bytes[start..end];
            start = end;
            loop {
                match parser.parse(&mut input, Direction::Replies, PayloadMode::List { limit: 1000 }).unwrap()
                {
                    Parsed::NeedMore(_) => break,
                    Parsed::Entries(entries) => found.extend(entries.map(<[u8]>::to_vec)),
                    Parsed::Keepalive => panic!("no keepalive was sent"),
                    Parsed::Frame(..) => {
                        assert!(input.is_empty() && start == bytes.len());
                        return found;
                    }
                }
            }
        }
        panic!("no end");
    }

    #[test]
    fn splitting_a_list_does_not_change_its_entries() {
        for list in [&b"/ab,/c,d,/e,,/,f/,/g\0"[..], b"/a", b"/a,", b"\0", b",", b"/a,/b,\0\0/c"] {
            let whole = entries(list, &[]);
            assert!(whole.iter().map(Vec::as_slice).eq(Entries::list(list)), "{list:?}");
            let end = HEADER_LEN + list.len();
            for first in 0..=end {
                for second in first..=end {
                    assert_eq!(
                        entries(list, &[first, second]),
                        whole,
                        "{list:?} cut at {first} and {second}"
                    );
                }
            }
            assert_eq!(entries(list, &(0..end).collect::<Vec<_>>()), whole, "{list:?} byte by byte");
        }
    }

    #[cfg(feature = "alloc")]
    #[test]
    fn shrinking_frees_the_memory_of_a_frame() {
        let mut buffer = [0; 200];
        let path = [b'a'; 150];
        let bytes = crate::Request::read(&path).unwrap().encode(&mut buffer).unwrap();
        let mut parser = FrameParser::new(1000, Vec::new());
        assert_eq!(parser.store_frame(&mut &bytes[..]), Ok(Stored::Complete));
        assert_eq!(parser.stored_frame().1.len(), 151);
        parser.shrink(10);
        assert_eq!(parser.stored_frame().1, b"");
        assert!(parser.into_storage().capacity() <= 10);
    }
}
