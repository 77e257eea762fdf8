use super::{DecodeError, Direction};
use crate::storage::Storage;
use crate::wire::{HEADER_LEN, Header, Tokens, Version};

/// Where a stream stands: in a header, or in the body that a header announced. Everything that reads frames is built
/// on it.
#[derive(Clone, Debug)]
pub(crate) struct Framing {
    state: State,
    /// The header that is being taken, or the last one that was.
    head: Head,
    /// Bytes that the current part still lacks, the header or the body: `1 <= left <= HEADER_LEN` in a header.
    left: usize,
}

/// A header as it comes. Aligned, so that its words can be loaded at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(align(4))]
pub(crate) struct Head(pub(crate) [u8; HEADER_LEN]);

impl Head {
    #[inline]
    pub(crate) const fn header(&self) -> Header {
        Header::from_bytes(&self.0)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Head,
    Body,
    Failed(DecodeError),
}

/// What a header has to keep to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) direction: Direction,
    pub(crate) versions: Versions,
    /// The most bytes that a body may have.
    pub(crate) limit: usize,
    /// The most bytes of a body that can be stored.
    pub(crate) capacity: usize,
}

/// Which versions are taken in replies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Versions {
    Plain,
    Any,
}

/// What became of a header.
pub(crate) enum Taken {
    /// So many of its bytes are missing.
    NeedMore(usize),
    Keepalive,
    /// It is complete, and the body begins.
    Begun,
    /// It was complete before.
    Before,
}

impl Framing {
    pub(crate) const fn new() -> Self {
        Self { state: State::Head, head: Head([0; HEADER_LEN]), left: HEADER_LEN }
    }

    #[inline]
    pub(crate) const fn is_between_frames(&self) -> bool {
        matches!(self.state, State::Head) && self.left == HEADER_LEN
    }

    pub(crate) const fn error(&self) -> Option<DecodeError> {
        match self.state {
            State::Failed(error) => Some(error),
            _ => None,
        }
    }

    pub(crate) const fn reset(&mut self) {
        self.state = State::Head;
        self.left = HEADER_LEN;
    }

    /// Ends the stream, for a reason that its user found.
    pub(crate) const fn fail(&mut self, error: DecodeError) -> DecodeError {
        self.state = State::Failed(error);
        error
    }

    /// The header of the current body; of the last one, until bytes of the next came.
    #[inline]
    pub(crate) const fn head(&self) -> &Head {
        &self.head
    }

    /// Bytes of the body that have not been taken. Only within a body.
    #[inline]
    pub(crate) const fn left(&self) -> usize {
        self.left
    }

    /// A whole frame, if the input begins with one: header and body. It leaves no trace here, which is why this is faster
    /// than to take the one and then the other; small processors rather have less code.
    #[inline(always)]
    pub(crate) fn whole<'i>(&self, input: &mut &'i [u8], rules: Rules) -> Option<(Head, &'i [u8])> {
        if cfg!(not(target_pointer_width = "64")) || !self.is_between_frames() {
            return None;
        }
        let (head, behind) = input.split_first_chunk()?;
        // What is no frame is looked at again, as what comes in parts.
        let len = body_len(Header::from_bytes(head), rules).ok()??;
        let (body, rest) = behind.split_at_checked(len)?;
        *input = rest;
        Some((Head(*head), body))
    }

    /// Takes a header, unless the stream stands in a body.
    #[inline]
    pub(crate) fn take_head(&mut self, input: &mut &[u8], rules: Rules) -> Result<Taken, DecodeError> {
        match self.state {
            State::Failed(error) => return Err(error),
            State::Body => return Ok(Taken::Before),
            State::Head => {}
        }
        // A copy of a known length is faster; small processors rather have the code once.
        if cfg!(target_pointer_width = "64")
            && self.left == HEADER_LEN
            && let Some((head, rest)) = input.split_at_checked(HEADER_LEN)
        {
            self.head.0.copy_from_slice(head);
            *input = rest;
        } else {
            let have = HEADER_LEN.wrapping_sub(self.left);
            let taken = take_up_to(input, self.left);
            // Always true: no more was taken than is missing.
            let _ = self.head.0.put(have, taken);
            self.left = self.left.wrapping_sub(taken.len());
            if self.left > 0 {
                return Ok(Taken::NeedMore(self.left));
            }
            self.left = HEADER_LEN;
        }
        match body_len(self.head.header(), rules) {
            Ok(None) => Ok(Taken::Keepalive),
            Ok(Some(len)) => {
                self.state = State::Body;
                self.left = len;
                Ok(Taken::Begun)
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Takes up to `n` bytes of the body.
    #[inline]
    pub(crate) fn take_body<'i>(&mut self, input: &mut &'i [u8], n: usize) -> &'i [u8] {
        let taken = take_up_to(input, n.min(self.left));
        self.left = self.left.wrapping_sub(taken.len());
        taken
    }

    /// The body is complete: the next header follows.
    #[inline]
    pub(crate) const fn end_body(&mut self) {
        self.reset();
    }
}

/// Applies the rules to a header: the length of its body, or `None` for a keepalive.
#[inline(always)]
fn body_len(header: Header, rules: Rules) -> Result<Option<usize>, DecodeError> {
    if rules.direction == Direction::Replies {
        if header.version != Version::PLAIN && rules.versions == Versions::Plain {
            return Err(DecodeError::UnexpectedVersion { version: header.version });
        }
        if header.is_keepalive() {
            return Ok(None);
        }
    } else if header.payload < 0 {
        return Err(DecodeError::NegativePayload { payload: header.payload });
    }
    // More than can be addressed is more than any limit.
    let payload = header.payload_len().unwrap_or(usize::MAX);
    let len = payload.saturating_add(tokens_len(rules.direction, header));
    let announced = u32::try_from(len).unwrap_or(u32::MAX);
    if len > rules.limit {
        return Err(DecodeError::PayloadTooLarge { announced, limit: rules.limit });
    }
    if len > rules.capacity {
        return Err(DecodeError::StorageTooSmall { announced, capacity: rules.capacity });
    }
    Ok(Some(len))
}

/// Bytes of tokens that follow the payload.
#[inline]
pub(crate) fn tokens_len(direction: Direction, header: Header) -> usize {
    match direction {
        Direction::Replies => 0,
        Direction::Requests => Tokens::wire_len(header.version),
    }
}

/// Cuts at most `n` bytes off the front of `input`.
#[inline]
fn take_up_to<'i>(input: &mut &'i [u8], n: usize) -> &'i [u8] {
    let (taken, rest) = input.split_at(n.min(input.len()));
    *input = rest;
    taken
}
