use super::decode_error::DecodeError;
use super::direction::Direction;
use crate::storage::Storage;
use crate::wire::{HEADER_LEN, Header, HeaderBytes, Tokens, Version};

/// The position in a stream of frames: in a header, or in the body that a header announced. All decoders and parsers are
/// built on it.
#[derive(Clone, Debug)]
pub(crate) struct Framing {
    state: State,
    /// The header that is being received, or the last complete one.
    header: HeaderBytes,
    /// Bytes that the current part still lacks, header or body: `1 <= missing <= HEADER_LEN` in a header.
    missing: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    InHeader,
    InBody,
    Failed(DecodeError),
}

/// The limits that a header has to observe.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) direction: Direction,
    pub(crate) versions: Versions,
    /// The longest body, in bytes.
    pub(crate) limit: usize,
    /// The longest body that can be stored, in bytes.
    pub(crate) capacity: usize,
}

/// The accepted versions of replies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Versions {
    /// Only [`Version::PLAIN`].
    Plain,
    Any,
}

/// What [`Framing::take_header`] found.
pub(crate) enum HeaderEvent {
    /// The header lacks this number of bytes.
    NeedMore(usize),
    Keepalive,
    /// The header is complete now; its body follows.
    Complete,
    /// The header was complete before; the stream is in its body.
    InBody,
}

impl Framing {
    pub(crate) const fn new() -> Self {
        Self { state: State::InHeader, header: HeaderBytes([0; HEADER_LEN]), missing: HEADER_LEN }
    }

    #[inline]
    pub(crate) const fn is_between_frames(&self) -> bool {
        matches!(self.state, State::InHeader) && self.missing == HEADER_LEN
    }

    pub(crate) const fn error(&self) -> Option<DecodeError> {
        match self.state {
            State::Failed(error) => Some(error),
            _ => None,
        }
    }

    pub(crate) const fn reset(&mut self) {
        self.state = State::InHeader;
        self.missing = HEADER_LEN;
    }

    /// Ends the stream because of an error that the caller found.
    pub(crate) const fn fail(&mut self, error: DecodeError) -> DecodeError {
        self.state = State::Failed(error);
        error
    }

    /// The header of the current body. After the body it stays the same until bytes of the next header arrive.
    #[inline]
    pub(crate) const fn header(&self) -> &HeaderBytes {
        &self.header
    }

    /// Bytes of the body that were not taken yet. Meaningful only within a body.
    #[inline]
    pub(crate) const fn missing(&self) -> usize {
        self.missing
    }

    /// Takes a complete frame, header and body, from the front of the input; `None` if there is none.
    ///
    /// It does not change the state, so it is faster than taking the header and then the body. On targets of less than 64
    /// bits it is always `None`, which saves code.
    #[inline(always)]
    pub(crate) fn take_whole_frame<'i>(
        &self,
        input: &mut &'i [u8],
        rules: Rules,
    ) -> Option<(HeaderBytes, &'i [u8])> {
        if cfg!(not(target_pointer_width = "64")) || !self.is_between_frames() {
            return None;
        }
        let (header, after_header) = input.split_first_chunk()?;
        // `take_header` reports errors and keepalives.
        let len = body_len(Header::from_bytes(header), rules).ok()??;
        let (body, rest) = after_header.split_at_checked(len)?;
        *input = rest;
        Some((HeaderBytes(*header), body))
    }

    /// Takes a header, unless the stream is in a body.
    #[inline]
    pub(crate) fn take_header(
        &mut self,
        input: &mut &[u8],
        rules: Rules,
    ) -> Result<HeaderEvent, DecodeError> {
        match self.state {
            State::Failed(error) => return Err(error),
            State::InBody => return Ok(HeaderEvent::InBody),
            State::InHeader => {}
        }
        // A copy of constant length is faster. Smaller targets use the general code, to have it only once.
        if cfg!(target_pointer_width = "64")
            && self.missing == HEADER_LEN
            && let Some((header, rest)) = input.split_at_checked(HEADER_LEN)
        {
            self.header.0.copy_from_slice(header);
            *input = rest;
        } else {
            let have = HEADER_LEN.wrapping_sub(self.missing);
            let taken = take_up_to(input, self.missing);
            // Always true: at most the missing bytes were taken.
            let _ = self.header.0.put(have, taken);
            self.missing = self.missing.wrapping_sub(taken.len());
            if self.missing > 0 {
                return Ok(HeaderEvent::NeedMore(self.missing));
            }
            self.missing = HEADER_LEN;
        }
        match body_len(self.header.header(), rules) {
            Ok(None) => Ok(HeaderEvent::Keepalive),
            Ok(Some(len)) => {
                self.state = State::InBody;
                self.missing = len;
                Ok(HeaderEvent::Complete)
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Takes up to `n` bytes of the body.
    #[inline]
    pub(crate) fn take_body<'i>(&mut self, input: &mut &'i [u8], n: usize) -> &'i [u8] {
        let taken = take_up_to(input, n.min(self.missing));
        self.missing = self.missing.wrapping_sub(taken.len());
        taken
    }

    /// Ends the body: the next header follows.
    #[inline]
    pub(crate) const fn end_body(&mut self) {
        self.reset();
    }
}

/// Applies the rules to a header. Returns the length of its body, or `None` for a keepalive.
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
    // A length that does not fit `usize` is above any limit.
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

/// The length in bytes of the tokens after the payload.
#[inline]
pub(crate) fn tokens_len(direction: Direction, header: Header) -> usize {
    match direction {
        Direction::Replies => 0,
        Direction::Requests => Tokens::wire_len(header.version),
    }
}

/// Splits at most `n` bytes off the front of `input`.
#[inline]
fn take_up_to<'i>(input: &mut &'i [u8], n: usize) -> &'i [u8] {
    let (taken, rest) = input.split_at(n.min(input.len()));
    *input = rest;
    taken
}
