use core::num::NonZeroI32;
use core::task::Poll;

use crate::message::ReturnCode;

/// Why a step of an answer stops: an error's return word, which is negative, or one of the positive constants. It is a
/// number, so that results are small.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct StopReason(NonZeroI32);

impl StopReason {
    /// The bus is not ready.
    pub(super) const PENDING: Self = Self::new(1);
    /// The transmit storage is full.
    pub(super) const BUFFER_FULL: Self = Self::new(2);
    /// The answer cannot be completed.
    pub(super) const ABORT: Self = Self::new(3);
    /// There are no more entries.
    pub(super) const END_OF_LIST: Self = Self::new(4);

    const fn new(word: i32) -> Self {
        match NonZeroI32::new(word) {
            Some(word) => Self(word),
            // A bus that returns "good" as an error has failed.
            None => Self::new(ReturnCode::IO.to_ret()),
        }
    }

    /// The code of an error; `None` for the constants.
    pub(super) const fn code(self) -> Option<ReturnCode> {
        if self.0.is_negative() { Some(ReturnCode::from_ret(self.0.get())) } else { None }
    }
}

impl From<ReturnCode> for StopReason {
    fn from(code: ReturnCode) -> Self {
        Self::new(code.to_ret())
    }
}

/// The result of a bus, if it is ready.
pub(super) fn ready<T>(poll: Poll<Result<T, ReturnCode>>) -> Result<T, StopReason> {
    match poll {
        Poll::Ready(Ok(value)) => Ok(value),
        Poll::Ready(Err(code)) => Err(error(code)),
        Poll::Pending => Err(StopReason::PENDING),
    }
}

/// An error whose code is not a constant: compiled once.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
pub(super) fn error(code: ReturnCode) -> StopReason {
    code.into()
}

/// Stops unless there is room.
pub(super) fn require_room(has_room: bool) -> Result<(), StopReason> {
    if has_room { Ok(()) } else { Err(StopReason::BUFFER_FULL) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_keeps_its_code_and_the_constants_have_none() {
        assert_eq!(StopReason::from(ReturnCode::BUSY).code(), Some(ReturnCode::BUSY));
        assert_eq!(StopReason::from(ReturnCode::GOOD).code(), Some(ReturnCode::IO));
        for constant in
            [StopReason::PENDING, StopReason::BUFFER_FULL, StopReason::ABORT, StopReason::END_OF_LIST]
        {
            assert_eq!(constant.code(), None);
        }
    }
}
