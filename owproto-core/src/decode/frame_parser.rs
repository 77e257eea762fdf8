use super::decoder::announced;
use super::{DecodeError, Decoder, Frame};
use crate::listing::{Entries, first_separator, last_separator};
use crate::storage::Storage;
use crate::wire::{HEADER_LEN, Header};

/// A decoder with storage for the body of one frame, or for one entry of a listing. Both directions, both kinds of
/// parser and the connections are built on it.
#[derive(Clone, Debug)]
pub(crate) struct FrameParser<S> {
    decoder: Decoder,
    limit: usize,
    storage: S,
    /// How much of the storage is filled: `0 <= stored <= storage.capacity()`.
    stored: usize,
    /// Whether a comma came behind what is stored, of which the next byte says whether it ends the entry.
    comma: bool,
    /// The header of the frame that is being taken.
    head: [u8; HEADER_LEN],
    /// Whether the storage has taken all of the body so far; only [`store_frame`](Self::store_frame) goes on where it
    /// has not.
    fits: bool,
}

pub(crate) enum Parsed<'a> {
    NeedMore(usize),
    Keepalive,
    /// A header and its body: payload, then tokens.
    Frame(&'a [u8; HEADER_LEN], &'a [u8]),
}

/// What became of a frame that is kept in the storage.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stored {
    NeedMore(usize),
    /// The frame is complete: [`FrameParser::stored_frame`]. Its body is empty if it did not fit.
    Complete,
}

pub(crate) enum ListEvent<'a> {
    NeedMore(usize),
    Keepalive,
    Entries(Entries<'a>),
    Reply(Header),
}

impl<S: Storage> FrameParser<S> {
    pub(crate) const fn new(decoder: Decoder, storage: S) -> Self {
        let limit = decoder.limit();
        Self { decoder, limit, storage, stored: 0, comma: false, head: [0; HEADER_LEN], fits: true }
    }

    pub(crate) const fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    const fn header(&self) -> Header {
        Header::from_bytes(&self.head)
    }

    pub(crate) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    pub(crate) fn set_any_version(&mut self) {
        self.decoder = self.decoder.clone().with_any_version();
    }

    /// Forgets what it has seen, for a new stream.
    pub(crate) const fn reset(&mut self) {
        self.decoder.reset();
        self.stored = 0;
        self.comma = false;
    }

    /// Forgets the last frame, and gives back memory above `keep` bytes. Not within a frame.
    pub(crate) fn shrink(&mut self, keep: usize) {
        self.stored = 0;
        self.storage.shrink(keep);
    }

    pub(crate) fn into_storage(self) -> S {
        self.storage
    }

    /// Takes one whole frame. It is borrowed from the input if it lies there whole, from the storage otherwise.
    #[inline]
    pub(crate) fn parse_frame<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i [u8],
    ) -> Result<Parsed<'a>, DecodeError> {
        let capacity = self.storage.capacity();
        // The same limit however the bytes come, so that the way they are cut never decides what is an error.
        self.decoder.set_limit(self.limit.min(capacity));
        let result = match self.decoder.decode_whole(input) {
            Ok(Some((head, body))) => return Ok(Parsed::Frame(head, body)),
            Ok(None) => {
                // By way of a copy, so that the caller's own slice can stay in registers.
                let mut rest = *input;
                let result = self.collect(&mut rest);
                *input = rest;
                result
            }
            Err(error) => Err(error),
        };
        match result {
            Ok(Collected::NeedMore(n)) => Ok(Parsed::NeedMore(n)),
            Ok(Collected::Keepalive) => Ok(Parsed::Keepalive),
            Ok(Collected::Frame) => Ok(Parsed::Frame(&self.head, self.storage.filled(self.stored))),
            Err(error) => Err(self.name_the_culprit(error)),
        }
    }

    fn collect(&mut self, input: &mut &[u8]) -> Result<Collected, DecodeError> {
        loop {
            match self.decoder.decode(input)? {
                Frame::NeedMore(n) => return Ok(Collected::NeedMore(n)),
                Frame::Keepalive => return Ok(Collected::Keepalive),
                Frame::End => return Ok(Collected::Frame),
                Frame::Head(header) => {
                    self.head = header.to_bytes();
                    self.stored = 0;
                }
                Frame::Payload(piece) | Frame::Tokens(piece) => {
                    if !self.storage.put(self.stored, piece) {
                        let error = DecodeError::StorageTooSmall {
                            announced: announced(self.decoder.direction(), self.header()),
                            capacity: self.stored,
                        };
                        return Err(self.decoder.fail(error));
                    }
                    self.stored = self.stored.saturating_add(piece.len());
                }
            }
        }
    }

    /// Takes one whole frame into the storage, so that it outlives the input.
    ///
    /// A body that the storage does not hold is read to its end and forgotten: the frame is then known by its header
    /// alone, and the stream goes on behind it.
    pub(crate) fn store_frame(&mut self, input: &mut &[u8]) -> Result<Stored, DecodeError> {
        self.decoder.set_limit(self.limit);
        loop {
            match self.decoder.decode(input)? {
                Frame::NeedMore(n) => return Ok(Stored::NeedMore(n)),
                Frame::End => return Ok(Stored::Complete),
                Frame::Keepalive => {}
                Frame::Head(header) => {
                    self.head = header.to_bytes();
                    self.stored = 0;
                    self.fits = true;
                }
                Frame::Payload(piece) | Frame::Tokens(piece) => {
                    self.fits = self.fits && self.storage.put(self.stored, piece);
                    self.stored = if self.fits { self.stored.saturating_add(piece.len()) } else { 0 };
                }
            }
        }
    }

    /// The header and the body that [`store_frame`](Self::store_frame) kept last.
    pub(crate) fn stored_frame(&self) -> (Header, &[u8]) {
        (self.header(), self.storage.filled(self.stored))
    }

    /// Tells the storage from the limit where a frame was too large for both.
    fn name_the_culprit(&mut self, error: DecodeError) -> DecodeError {
        match error {
            DecodeError::PayloadTooLarge { announced, limit } if limit < self.limit => {
                self.decoder.fail(DecodeError::StorageTooSmall { announced, capacity: limit })
            }
            other => other,
        }
    }

    /// Takes a reply whose payload is a comma list, entry by entry; its payload may have any length up to
    /// `list_limit`. The storage is used only for an entry that came in pieces.
    ///
    /// The payload of an error reply is left out.
    #[inline]
    pub(crate) fn parse_list<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i [u8],
        list_limit: usize,
    ) -> Result<ListEvent<'a>, DecodeError> {
        self.decoder.set_limit(list_limit);
        loop {
            let left = self.decoder.payload_left();
            if left > 0 && self.header().code >= 0 && !input.is_empty() {
                // Look before taking: what lies behind the end of an entry stays in the input.
                let available = input.get(..left).unwrap_or(input);
                let is_last = available.len() == left;
                if self.stored == 0 && !self.comma {
                    let end = if is_last { Some(left) } else { last_separator(available) };
                    if let Some(end) = end {
                        let piece = self.take_payload(input, end.saturating_add(1).min(left))?;
                        return Ok(ListEvent::Entries(Entries::list(piece.get(..end).unwrap_or(piece))));
                    }
                }
                if self.keep_piece(input, available, is_last)? {
                    let stored = core::mem::take(&mut self.stored);
                    return Ok(ListEvent::Entries(Entries::one(self.storage.filled(stored))));
                }
                continue;
            }
            match self.decoder.decode(input)? {
                Frame::NeedMore(n) => return Ok(ListEvent::NeedMore(n)),
                Frame::Keepalive => return Ok(ListEvent::Keepalive),
                Frame::End => return Ok(ListEvent::Reply(self.header())),
                Frame::Head(header) => {
                    self.head = header.to_bytes();
                    self.stored = 0;
                    self.comma = false;
                }
                Frame::Payload(_) | Frame::Tokens(_) => {}
            }
        }
    }

    /// Moves what belongs to an entry in pieces from the input to the storage. True if the entry is complete.
    fn keep_piece(
        &mut self,
        input: &mut &[u8],
        available: &[u8],
        is_last: bool,
    ) -> Result<bool, DecodeError> {
        if self.comma {
            self.comma = false;
            if available.first() == Some(&b'/') {
                return Ok(true);
            }
            self.store(b",")?;
        }
        let (piece, behind) = match first_separator(available) {
            Some(end) => available.split_at_checked(end).unwrap_or((available, &[])),
            None => (available, &[][..]),
        };
        let is_complete = is_last || !behind.is_empty();
        // Whether a comma at the very end separates or belongs to the entry is for the next byte to say.
        let kept = match piece.strip_suffix(b",") {
            Some(before) if !is_complete => {
                self.comma = true;
                before
            }
            _ => piece,
        };
        let separator = usize::from(!behind.is_empty());
        self.take_payload(input, piece.len().saturating_add(separator))?;
        self.store(kept)?;
        Ok(is_complete)
    }

    /// Takes `n` bytes of payload that are known to be there.
    #[inline]
    fn take_payload<'i>(&mut self, input: &mut &'i [u8], n: usize) -> Result<&'i [u8], DecodeError> {
        let (mut piece, rest) = input.split_at_checked(n).unwrap_or((input, &[]));
        *input = rest;
        match self.decoder.decode(&mut piece)? {
            Frame::Payload(piece) => Ok(piece),
            _ => Ok(&[]),
        }
    }

    fn store(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        if !self.storage.put(self.stored, bytes) {
            let capacity = self.storage.capacity();
            return Err(self.decoder.fail(DecodeError::EntryTooLong { capacity }));
        }
        self.stored = self.stored.saturating_add(bytes.len());
        Ok(())
    }
}

enum Collected {
    NeedMore(usize),
    Keepalive,
    Frame,
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    /// All entries of a list that comes cut at the given places, through storage of 16 bytes.
    fn entries(list: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
        let payload = i32::try_from(list.len()).unwrap();
        let bytes = [&Header { payload, ..Header::default() }.to_bytes()[..], list].concat();
        let mut parser = FrameParser::new(Decoder::replies(), [0xa5; 16]);
        let mut found = Vec::new();
        let mut start = 0;
        for &end in cuts.iter().chain([&bytes.len()]) {
            let mut input = &bytes[start..end];
            start = end;
            loop {
                match parser.parse_list(&mut input, 1000).unwrap() {
                    ListEvent::NeedMore(_) => break,
                    ListEvent::Entries(entries) => found.extend(entries.map(<[u8]>::to_vec)),
                    ListEvent::Keepalive => panic!("no keepalive was sent"),
                    ListEvent::Reply(_) => {
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
}
