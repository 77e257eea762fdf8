use super::framing::{Framing, Head, Rules, Taken, Versions};
use super::{DecodeError, Direction};
use crate::message::{Entries, first_separator, last_separator};
use crate::storage::Storage;
use crate::wire::Header;

/// Frames with storage for the body of one, or for one entry of a listing. Both directions, both kinds of parser and
/// the connections are built on it.
#[derive(Clone, Debug)]
#[repr(C)]
pub(crate) struct FrameParser<S> {
    framing: Framing,
    limit: usize,
    /// How much of the storage is filled: `0 <= stored <= storage.capacity()`.
    stored: usize,
    /// Whether the storage did not take all of the body; only [`store_frame`](Self::store_frame) goes on then.
    is_cut: bool,
    versions: Versions,
    storage: S,
}

/// How the payload of a reply is to be looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// As a whole.
    Whole,
    /// As a comma list, entry by entry; it may have any length up to this limit. The payload of an error is left out.
    List { limit: usize },
}

pub(crate) enum Parsed<'a> {
    NeedMore(usize),
    Keepalive,
    Entries(Entries<'a>),
    /// A header and its body: payload, then tokens. The body of a list was given before, as entries.
    Frame(&'a Head, &'a [u8]),
}

/// What became of a frame that is kept in the storage.
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

    /// Forgets what it has seen, for a new stream.
    pub(crate) const fn reset(&mut self) {
        self.framing.reset();
        self.stored = 0;
    }

    /// Forgets the last frame, and gives back memory above `keep` bytes. Not within a frame.
    pub(crate) fn shrink(&mut self, keep: usize) {
        self.stored = 0;
        self.storage.shrink(keep);
    }

    pub(crate) fn into_storage(self) -> S {
        self.storage
    }

    /// Takes one whole frame, or entries of a comma list. They are borrowed from the input if they lie there whole,
    /// from the storage otherwise.
    ///
    /// The same limits hold however the bytes come, so that the way they are cut never decides what is an error.
    #[inline]
    pub(crate) fn parse<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i [u8],
        direction: Direction,
        shape: Shape,
    ) -> Result<Parsed<'a>, DecodeError> {
        let (limit, capacity) = match shape {
            Shape::Whole => (self.limit, self.storage.capacity()),
            Shape::List { limit } => (limit, usize::MAX),
        };
        let rules = Rules { direction, versions: self.versions, limit, capacity };
        match self.framing.take_head(input, rules)? {
            Taken::NeedMore(n) => return Ok(Parsed::NeedMore(n)),
            Taken::Keepalive => return Ok(Parsed::Keepalive),
            Taken::Begun => self.stored = 0,
            Taken::Before => {}
        }
        let left = self.framing.left();
        if shape != Shape::Whole && left > 0 && self.framing.head().header().code >= 0 {
            let available = input.get(..left).unwrap_or(input);
            if self.stored == 0 {
                // What lies behind the end of the last whole entry stays in the input.
                let is_last = available.len() == left;
                if let Some(end) = if is_last { Some(left) } else { last_separator(available) } {
                    let piece = self.framing.take_body(input, end.saturating_add(1));
                    return Ok(Parsed::Entries(Entries::list(piece.get(..end).unwrap_or(piece))));
                }
            }
            return Ok(match self.keep_piece(input, available)? {
                Some(len) => Parsed::Entries(Entries::one(self.storage.filled(len))),
                None => Parsed::NeedMore(self.framing.left()),
            });
        }
        let piece = self.framing.take_body(input, left);
        let mut body = piece;
        if shape != Shape::Whole {
            body = &[];
        } else if piece.len() < left || self.stored > 0 {
            self.store(piece)?;
            body = self.storage.filled(self.stored);
        }
        if piece.len() < left {
            return Ok(Parsed::NeedMore(self.framing.left()));
        }
        self.framing.end_body();
        Ok(Parsed::Frame(self.framing.head(), body))
    }

    /// A frame that lies whole at the front of the input, which is moved behind it. To [`parse`](Self::parse) it is the
    /// same, and slower.
    #[inline(always)]
    pub(crate) fn whole_frame<'i>(
        &self,
        input: &mut &'i [u8],
        direction: Direction,
    ) -> Option<(Head, &'i [u8])> {
        let (limit, capacity) = (self.limit, self.storage.capacity());
        self.framing.whole(input, Rules { direction, versions: self.versions, limit, capacity })
    }

    /// Takes the entries of whole DIR frames, if such frames are next. To take them one by one is the same, and slower;
    /// so small processors, which rather have less code, do.
    #[inline]
    pub(crate) fn entry_frames<'i>(&mut self, input: &mut &'i [u8]) -> Option<Entries<'i>> {
        if cfg!(not(target_pointer_width = "64")) || !self.framing.is_between_frames() {
            return None;
        }
        let (entries, len) = Entries::frames(input, self.limit.min(self.storage.capacity()))?;
        *input = input.get(len..).unwrap_or_default();
        Some(entries)
    }

    /// Moves what belongs to an entry in pieces from the input to the storage. Gives its length if it is complete.
    fn keep_piece(&mut self, input: &mut &[u8], available: &[u8]) -> Result<Option<usize>, DecodeError> {
        // Whether a comma at the end of what was stored belongs to the entry is for the next byte to say.
        if available.first() == Some(&b'/') && self.storage.filled(self.stored).last() == Some(&b',') {
            return Ok(core::mem::take(&mut self.stored).checked_sub(1));
        }
        let end = first_separator(available);
        let piece = available.get(..end.unwrap_or(available.len())).unwrap_or(available);
        self.store(piece)?;
        self.framing.take_body(input, piece.len().saturating_add(1));
        if end.is_none() && self.framing.left() > 0 {
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

    /// Takes one whole request into the storage, so that it outlives the input.
    ///
    /// A body that the storage does not hold is read to its end and forgotten: the frame is then known by its header
    /// alone, and the stream goes on behind it.
    pub(crate) fn store_frame(&mut self, input: &mut &[u8]) -> Result<Stored, DecodeError> {
        let (direction, versions, limit) = (Direction::Requests, self.versions, self.limit);
        match self.framing.take_head(input, Rules { direction, versions, limit, capacity: usize::MAX })? {
            Taken::NeedMore(n) => return Ok(Stored::NeedMore(n)),
            Taken::Begun => (self.stored, self.is_cut) = (0, false),
            Taken::Before | Taken::Keepalive => {}
        }
        let left = self.framing.left();
        let piece = self.framing.take_body(input, left);
        self.is_cut = self.is_cut || !self.storage.put(self.stored, piece);
        self.stored = if self.is_cut { 0 } else { self.stored.saturating_add(piece.len()) };
        if piece.len() < left {
            return Ok(Stored::NeedMore(self.framing.left()));
        }
        self.framing.end_body();
        Ok(Stored::Complete)
    }

    /// The header and the body that [`store_frame`](Self::store_frame) kept last.
    pub(crate) fn stored_frame(&self) -> (Header, &[u8]) {
        (self.framing.head().header(), self.storage.filled(self.stored))
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::wire::HEADER_LEN;

    /// All entries of a list that comes cut at the given places, through storage of 16 bytes.
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
                match parser.parse(&mut input, Direction::Replies, Shape::List { limit: 1000 }).unwrap() {
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
    fn a_list_gives_the_same_entries_however_it_is_cut() {
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
    fn memory_of_a_frame_is_given_back() {
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
