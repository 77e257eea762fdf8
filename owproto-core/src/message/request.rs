use super::limits::{DEFAULT_READ_SIZE, MAX_BODY_LEN, MAX_PATH_LEN};
use super::request_error::RequestError;
use crate::bytes::{copy, find_nul, has_nul};
use crate::wire::{Flags, HEADER_LEN, Header, MessageType, Tokens, Version, word};

/// A request, valid by construction: it can be encoded, and owserver accepts it as well-formed. Only [`raw`](Self::raw)
/// requests are not checked.
///
/// Requests borrow their path and data, and are `Copy`. Send them in one piece with [`encode`](Self::encode), or as
/// [`parts`](Self::parts) of a vectored write. Neither allocates.
///
/// ```
/// use owproto_core::Request;
/// use owproto_core::wire::{Flags, TemperatureScale};
///
/// let request = Request::read("/10.67C6697351FF/temperature")?
///     .with_flags(Flags::PERSISTENCE.with_temperature_scale(TemperatureScale::Kelvin));
/// let mut buffer = [0; 64];
/// let bytes = request.encode(&mut buffer)?;
/// assert_eq!(bytes.len(), 24 + 28 + 1);
/// # Ok::<(), owproto_core::RequestError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Request<'a> {
    /// Always up to date with the fields below.
    header: Header,
    path: &'a [u8],
    terminator: &'static [u8],
    data: &'a [u8],
    tokens: Tokens<'a>,
}

impl<'a> Request<'a> {
    /// The lengths of path and terminator must fit their words.
    #[inline]
    const fn new(message_type: MessageType, path: &'a [u8], terminator: &'static [u8]) -> Self {
        let payload = match word::from_len(path.len().wrapping_add(terminator.len())) {
            Some(payload) => payload,
            None => i32::MAX,
        };
        let header = Header { payload, ..Header::request(message_type) };
        Self { header, path, terminator, data: &[], tokens: Tokens::NONE }
    }

    #[inline(always)]
    fn with_path(message_type: MessageType, path: &'a [u8]) -> Result<Self, RequestError> {
        if path.len() > MAX_PATH_LEN {
            return Err(RequestError::PathTooLong { len: path.len() });
        }
        if has_nul(path) {
            return Err(contains_nul(path));
        }
        Ok(Self::new(message_type, path, b"\0"))
    }

    /// An empty request (NOP). Its reply shows that the server works.
    #[must_use]
    pub const fn nop() -> Self {
        Self::new(MessageType::NOP, &[], &[])
    }

    /// Reads the value at `path`, up to [`DEFAULT_READ_SIZE`] bytes.
    ///
    /// # Errors
    /// [`RequestError::PathContainsNul`], [`RequestError::PathTooLong`]; the same for all constructors with a path.
    #[inline(always)]
    pub fn read<P: AsRef<[u8]> + ?Sized>(path: &'a P) -> Result<Self, RequestError> {
        Ok(Self::with_path(MessageType::READ, path.as_ref())?
            .with_raw_size(word::from_bits(DEFAULT_READ_SIZE)))
    }

    /// Writes `data` to `path`.
    ///
    /// # Errors
    /// As [`read`](Self::read), and [`RequestError::BodyTooLarge`].
    pub fn write<P, D>(path: &'a P, data: &'a D) -> Result<Self, RequestError>
    where
        P: AsRef<[u8]> + ?Sized,
        D: AsRef<[u8]> + ?Sized,
    {
        let data = data.as_ref();
        let mut request = Self { data, ..Self::with_path(MessageType::WRITE, path.as_ref())? };
        let len = request.path.len().saturating_add(1).saturating_add(data.len());
        match (word::from_len(len), word::from_len(data.len())) {
            (Some(payload), Some(size)) if len <= MAX_BODY_LEN => {
                (request.header.payload, request.header.size) = (payload, size);
                Ok(request)
            }
            _ => Err(RequestError::BodyTooLarge { len }),
        }
    }

    /// Lists the directory at `path`, with one reply frame for each entry.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn dir<P: AsRef<[u8]> + ?Sized>(path: &'a P) -> Result<Self, RequestError> {
        Self::with_path(MessageType::DIR, path.as_ref())
    }

    /// Checks whether `path` exists.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn presence<P: AsRef<[u8]> + ?Sized>(path: &'a P) -> Result<Self, RequestError> {
        Self::with_path(MessageType::PRESENCE, path.as_ref())
    }

    /// Lists the directory at `path` as one comma list.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn dirall<P: AsRef<[u8]> + ?Sized>(path: &'a P) -> Result<Self, RequestError> {
        Self::with_path(MessageType::DIRALL, path.as_ref())
    }

    /// As [`dirall`](Self::dirall), with a slash after each entry that is a directory.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn dirallslash<P: AsRef<[u8]> + ?Sized>(path: &'a P) -> Result<Self, RequestError> {
        Self::with_path(MessageType::DIRALLSLASH, path.as_ref())
    }

    /// Lists a directory as one comma list, or reads a property.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn get<P: AsRef<[u8]> + ?Sized>(path: &'a P) -> Result<Self, RequestError> {
        Ok(Self::with_path(MessageType::GET, path.as_ref())?
            .with_raw_size(word::from_bits(DEFAULT_READ_SIZE)))
    }

    /// As [`get`](Self::get), with a slash after each entry that is a directory.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn getslash<P: AsRef<[u8]> + ?Sized>(path: &'a P) -> Result<Self, RequestError> {
        let mut request = Self::get(path)?;
        request.header.code = MessageType::GETSLASH.0;
        Ok(request)
    }

    /// Any message type with any payload, unchanged and without a NUL added. Size and offset are 0 unless set with
    /// [`with_raw_size`](Self::with_raw_size) and [`with_raw_offset`](Self::with_raw_offset).
    ///
    /// # Errors
    /// [`RequestError::BodyTooLarge`] if the length of the payload does not fit its word (2 GiB). owserver's limits are not
    /// applied.
    pub fn raw(message_type: MessageType, payload: &'a [u8]) -> Result<Self, RequestError> {
        match word::from_len(payload.len()) {
            Some(_) => Ok(Self::new(message_type, payload, &[])),
            None => Err(RequestError::BodyTooLarge { len: payload.len() }),
        }
    }

    /// With these control flags.
    #[must_use]
    pub const fn with_flags(mut self, flags: Flags) -> Self {
        self.header.flags = flags;
        self
    }

    /// With another size for the answer to a READ, GET or GETSLASH: 1 to [`MAX_BODY_LEN`] bytes.
    ///
    /// # Errors
    /// [`RequestError::SizeOutOfRange`] for any other size, which owserver answers with −90, and for other message types,
    /// where the word has another meaning.
    pub fn with_size(self, size: u32) -> Result<Self, RequestError> {
        let reads =
            matches!(self.message_type(), MessageType::READ | MessageType::GET | MessageType::GETSLASH);
        if !reads || size == 0 || size as usize > MAX_BODY_LEN {
            return Err(RequestError::SizeOutOfRange { size });
        }
        Ok(self.with_raw_size(word::from_bits(size)))
    }

    /// With the position of the first byte, 0 to `i32::MAX`.
    ///
    /// # Errors
    /// [`RequestError::OffsetOutOfRange`].
    pub fn with_offset(self, offset: u32) -> Result<Self, RequestError> {
        match i32::try_from(offset) {
            Ok(offset) => Ok(self.with_raw_offset(offset)),
            Err(_) => Err(RequestError::OffsetOutOfRange { offset }),
        }
    }

    /// With this size word, unchecked. In a WRITE it would contradict the data.
    #[must_use]
    pub const fn with_raw_size(mut self, size: i32) -> Self {
        self.header.size = size;
        self
    }

    /// With this offset word, unchecked.
    #[must_use]
    pub const fn with_raw_offset(mut self, offset: i32) -> Self {
        self.header.offset = offset;
        self
    }

    /// With this version word. If there are tokens, the server bit and the number of tokens are set from them.
    #[must_use]
    pub fn with_raw_version(mut self, version: Version) -> Self {
        self.header.version =
            if self.tokens.is_empty() { version } else { version.with_token_count(self.tokens.count()) };
        self
    }

    /// With antiloop tokens, as in requests that a server forwards.
    ///
    /// # Errors
    /// [`RequestError::BodyTooLarge`].
    pub fn with_tokens(mut self, tokens: Tokens<'a>) -> Result<Self, RequestError> {
        let version = self.header.version;
        if !(tokens.is_empty() && self.tokens.is_empty()) {
            self.header.version = version.with_token_count(tokens.count());
        }
        self.tokens = tokens;
        let len = self.encoded_len().saturating_sub(HEADER_LEN);
        if len > MAX_BODY_LEN { Err(RequestError::BodyTooLarge { len }) } else { Ok(self) }
    }

    /// The message type.
    #[must_use]
    pub const fn message_type(&self) -> MessageType {
        self.header.message_type()
    }

    /// The control flags.
    #[must_use]
    pub const fn flags(&self) -> Flags {
        self.header.flags
    }

    /// The path, or the whole payload of a [`raw`](Self::raw) request.
    #[must_use]
    pub const fn path(&self) -> &'a [u8] {
        self.path
    }

    /// The data of a WRITE; empty otherwise.
    #[must_use]
    pub const fn data(&self) -> &'a [u8] {
        self.data
    }

    /// The antiloop tokens.
    #[must_use]
    pub const fn tokens(&self) -> Tokens<'a> {
        self.tokens
    }

    /// The header.
    #[must_use]
    #[inline]
    pub const fn header(&self) -> Header {
        self.header
    }

    /// The length of the encoded request in bytes: header, payload and tokens.
    #[must_use]
    #[inline]
    pub fn encoded_len(&self) -> usize {
        // The sum cannot overflow: the payload fits its word, and there are at most 65,535 tokens.
        let payload = self.header.payload_len().unwrap_or_default();
        payload.wrapping_add(self.tokens.as_bytes().len()).wrapping_add(HEADER_LEN)
    }

    /// The request in parts for a vectored write: header, path, NUL, data, tokens. Parts may be empty. The header is written
    /// into the caller's array.
    ///
    /// ```
    /// # use owproto_core::Request;
    /// let mut header = [0; 24];
    /// let request = Request::write("/28.000028D70100/alias", "cellar")?;
    /// assert_eq!(request.parts(&mut header)[1..4], [&b"/28.000028D70100/alias"[..], b"\0", b"cellar"]);
    /// # Ok::<(), owproto_core::RequestError>(())
    /// ```
    #[inline]
    pub fn parts<'p>(&self, header: &'p mut [u8; HEADER_LEN]) -> [&'p [u8]; 5]
    where
        'a: 'p,
    {
        *header = self.header().to_bytes();
        [header, self.path, self.terminator, self.data, self.tokens.as_bytes()]
    }

    /// Writes the request to the front of `buffer`, and returns that part.
    ///
    /// # Errors
    /// [`RequestError::BufferTooSmall`]. The buffer is unchanged then.
    #[inline]
    pub fn encode<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b [u8], RequestError> {
        let needed = self.encoded_len();
        let available = buffer.len();
        let Some(place) = buffer.get_mut(..needed) else {
            return Err(RequestError::BufferTooSmall { needed, available });
        };
        self.write_to(place);
        Ok(place)
    }

    /// Writes the request to a `place` of exactly its length.
    #[inline(always)]
    pub(crate) fn write_to(&self, place: &mut [u8]) {
        let mut header = [0; HEADER_LEN];
        let mut rest = place;
        for part in self.parts(&mut header) {
            let Some((place, after)) = rest.split_at_mut_checked(part.len()) else { return };
            copy(place, part);
            rest = after;
        }
    }
}

#[cold]
fn contains_nul(path: &[u8]) -> RequestError {
    RequestError::PathContainsNul { at: find_nul(path).unwrap_or_default() }
}

#[cfg(test)]
mod tests;
