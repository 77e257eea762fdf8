use core::num::NonZeroI32;
use core::task::Poll;

use crate::message::ReturnCode;
use crate::server::Answer;
use crate::storage::Storage;

/// How far an answer is that is made of items: the entries of a list, the elements of an array, the values of a WRITE.
///
/// A reply says how long it is before its first byte, and nothing here can hold a long one. So its items are gone
/// through twice: once to be counted, once to be sent. That both agree is checked before anything is sent that would
/// stand in the wrong place.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::tree) struct Progress {
    /// Items that were passed.
    pub(in crate::tree) item: u32,
    /// Where the next item begins in the whole.
    pub(in crate::tree) at: usize,
    /// Where the next byte that is pushed stands in the whole.
    pub(in crate::tree) position: usize,
    /// Bytes of the whole, once they are known and the frame was begun.
    pub(in crate::tree) full: Option<usize>,
}

impl Progress {
    pub(in crate::tree) const NEW: Self = Self { item: 0, at: 0, position: 0, full: None };

    /// Goes over a part of the whole. With an answer, what of it was not pushed before is, as far as there is room.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(in crate::tree) fn pass<T: Storage>(&mut self, part: &[u8], answer: Option<&mut Answer<'_, T>>) {
        if let Some(answer) = answer
            && let Some(skip) = self.position.checked_sub(self.at)
        {
            let pushed = answer.push(part.get(skip..).unwrap_or_default());
            self.position = self.position.wrapping_add(pushed);
        }
        self.at = self.at.wrapping_add(part.len());
    }

    /// Whether all that was passed was pushed, too.
    pub(in crate::tree) const fn is_pushed(&self) -> bool {
        self.position >= self.at
    }
}

/// Why there is nothing more to do at this moment: an error's return word, which is negative, or one of the constants. A
/// number, so that results are small.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::tree) struct Stop(NonZeroI32);

impl Stop {
    /// The bus is not ready.
    pub(in crate::tree) const PENDING: Self = Self::new(1);
    /// The transmit storage is full.
    pub(in crate::tree) const NO_ROOM: Self = Self::new(2);
    /// The answer cannot be finished.
    pub(in crate::tree) const BROKEN: Self = Self::new(3);

    /// There is no other entry.
    pub(in crate::tree) const END: Self = Self::new(4);

    const fn new(word: i32) -> Self {
        match NonZeroI32::new(word) {
            Some(word) => Self(word),
            // A bus that fails with "good" has failed.
            None => Self::new(ReturnCode::IO.to_ret()),
        }
    }

    /// The code that the answer is, if it is one.
    pub(in crate::tree) const fn code(self) -> Option<ReturnCode> {
        if self.0.is_negative() { Some(ReturnCode::from_ret(self.0.get())) } else { None }
    }
}

impl From<ReturnCode> for Stop {
    fn from(code: ReturnCode) -> Self {
        Self::new(code.to_ret())
    }
}

/// What a bus says that may not be ready.
pub(in crate::tree) fn done<T>(poll: Poll<Result<T, ReturnCode>>) -> Result<T, Stop> {
    match poll {
        Poll::Ready(Ok(value)) => Ok(value),
        Poll::Ready(Err(code)) => Err(failed(code)),
        Poll::Pending => Err(Stop::PENDING),
    }
}

/// An error that is not known before.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
pub(in crate::tree) fn failed(code: ReturnCode) -> Stop {
    code.into()
}

/// Whether a frame was begun.
pub(in crate::tree) fn begun(has_room: bool) -> Result<(), Stop> {
    if has_room { Ok(()) } else { Err(Stop::NO_ROOM) }
}
