use crate::wire::word;

/// The header words of a reply that an [`Answer`](super::Answer) does not set by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ReplyHeader {
    /// Bytes of payload, to be [pushed](super::Answer::push) after the header; at most `i32::MAX`.
    pub payload: usize,
    /// The return word.
    pub ret: i32,
    /// The size word.
    pub size: i32,
    /// The offset word.
    pub offset: i32,
}

impl ReplyHeader {
    /// The header of a READ reply: return value, size and payload are equal. All words are 0 for an empty value (owfs:
    /// `read.c`).
    pub(crate) fn value(len: usize, offset: i32) -> Self {
        let size = word::from_len(len).unwrap_or(i32::MAX);
        Self { payload: len, ret: size, size, offset: if len == 0 { 0 } else { offset } }
    }

    /// The header of a DIR entry: the payload has a NUL that the size does not count (owfs: `dir.c`).
    pub(crate) fn entry(path_len: usize) -> Self {
        Self {
            payload: path_len.saturating_add(1),
            ret: 0,
            size: word::from_len(path_len).unwrap_or(i32::MAX),
            offset: 0,
        }
    }
}

/// Whether a frame is the last one of its answer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum LastFrame {
    /// More frames follow: this one is an entry of a DIR listing.
    No,
    /// The answer is complete after it.
    Yes,
}
