//! What a client asks: requests as values, and their bytes.

use super::limits::{DEFAULT_READ_SIZE, MAX_BODY_LEN, MAX_PATH_LEN};
use super::request_error::RequestError;
use crate::bytes::{copy, find_nul, has_nul};
use crate::wire::{Flags, HEADER_LEN, Header, MessageType, Tokens, Version, word};

/// A request, valid by construction: what it says can be encoded, and owserver will not call it malformed.
///
/// (Except for [`raw`](Self::raw), which sends what it is told.) Requests borrow their path and data, are `Copy`,
/// and go out either as one piece with [`encode`](Self::encode) or as borrowed [`parts`](Self::parts) of a vectored
/// write; neither allocates.
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
    /// Complete: what changes the parts below changes it too.
    header: Header,
    path: &'a [u8],
    terminator: &'static [u8],
    data: &'a [u8],
    tokens: Tokens<'a>,
}

impl<'a> Request<'a> {
    /// The lengths are known to fit their words.
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

    /// Nothing asked: shows that a server is there.
    #[must_use]
    pub const fn nop() -> Self {
        Self::new(MessageType::NOP, &[], &[])
    }

    /// The value at `path`, as many as [`DEFAULT_READ_SIZE`] bytes.
    ///
    /// # Errors
    /// [`RequestError::PathContainsNul`], [`RequestError::PathTooLong`]; the same for all that take a path.
    #[inline(always)]
    pub fn read<P: AsRef<[u8]> + ?Sized>(path: &'a P) -> Result<Self, RequestError> {
        Ok(Self::with_path(MessageType::READ, path.as_ref())?
            .with_raw_size(word::from_bits(DEFAULT_READ_SIZE)))
    }

    /// Sets the value at `path` to `data`.
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

    /// The directory at `path`, one frame an entry.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn dir<P: AsRef<[u8]> + ?Sized>(path: &'a P) -> Result<Self, RequestError> {
        Self::with_path(MessageType::DIR, path.as_ref())
    }

    /// Whether `path` exists.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn presence<P: AsRef<[u8]> + ?Sized>(path: &'a P) -> Result<Self, RequestError> {
        Self::with_path(MessageType::PRESENCE, path.as_ref())
    }

    /// The directory at `path` as one comma list.
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

    /// A directory as one comma list, or the value of a property.
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

    /// Any message type with any payload, sent as it is: no NUL is added, size and offset are what
    /// [`with_raw_size`](Self::with_raw_size) and [`with_raw_offset`](Self::with_raw_offset) say, 0 otherwise.
    ///
    /// # Errors
    /// [`RequestError::BodyTooLarge`] only where the length of the payload does not fit its word (2 GiB); the limits
    /// of owserver are not applied.
    pub fn raw(message_type: MessageType, payload: &'a [u8]) -> Result<Self, RequestError> {
        match word::from_len(payload.len()) {
            Some(_) => Ok(Self::new(message_type, payload, &[])),
            None => Err(RequestError::BodyTooLarge { len: payload.len() }),
        }
    }

    /// With these control flags instead of none.
    #[must_use]
    pub const fn with_flags(mut self, flags: Flags) -> Self {
        self.header.flags = flags;
        self
    }

    /// With another number of bytes wanted: 1 to [`MAX_BODY_LEN`].
    ///
    /// # Errors
    /// [`RequestError::SizeOutOfRange`]: owserver answers other sizes with −90; or if this is not a READ, GET or
    /// GETSLASH, since for other types the word means something else.
    pub fn with_size(self, size: u32) -> Result<Self, RequestError> {
        let reads =
            matches!(self.message_type(), MessageType::READ | MessageType::GET | MessageType::GETSLASH);
        if !reads || size == 0 || size as usize > MAX_BODY_LEN {
            return Err(RequestError::SizeOutOfRange { size });
        }
        Ok(self.with_raw_size(word::from_bits(size)))
    }

    /// With another first byte: 0 to `i32::MAX`.
    ///
    /// # Errors
    /// [`RequestError::OffsetOutOfRange`].
    pub fn with_offset(self, offset: u32) -> Result<Self, RequestError> {
        match i32::try_from(offset) {
            Ok(offset) => Ok(self.with_raw_offset(offset)),
            Err(_) => Err(RequestError::OffsetOutOfRange { offset }),
        }
    }

    /// With this size word, whatever it means. In a WRITE it would contradict the data.
    #[must_use]
    pub const fn with_raw_size(mut self, size: i32) -> Self {
        self.header.size = size;
        self
    }

    /// With this offset word, whatever it means.
    #[must_use]
    pub const fn with_raw_offset(mut self, offset: i32) -> Self {
        self.header.offset = offset;
        self
    }

    /// With this version word. The server bit and the number of tokens are set from the tokens if there are any.
    #[must_use]
    pub fn with_raw_version(mut self, version: Version) -> Self {
        self.header.version =
            if self.tokens.is_empty() { version } else { version.and_tokens(self.tokens.count()) };
        self
    }

    /// With antiloop tokens, which makes it the message of a server.
    ///
    /// # Errors
    /// [`RequestError::BodyTooLarge`].
    pub fn with_tokens(mut self, tokens: Tokens<'a>) -> Result<Self, RequestError> {
        let version = self.header.version;
        if !(tokens.is_empty() && self.tokens.is_empty()) {
            self.header.version = version.and_tokens(tokens.count());
        }
        self.tokens = tokens;
        let len = self.encoded_len().saturating_sub(HEADER_LEN);
        if len > MAX_BODY_LEN { Err(RequestError::BodyTooLarge { len }) } else { Ok(self) }
    }

    /// What it asks for.
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

    /// The header that goes in front.
    #[must_use]
    #[inline]
    pub const fn header(&self) -> Header {
        self.header
    }

    /// Bytes that the request takes on the wire: header, payload and tokens.
    #[must_use]
    #[inline]
    pub fn encoded_len(&self) -> usize {
        // None of these lengths is near the end of its range: the payload fits its word, and tokens are 16 bits of number.
        let payload = self.header.payload_len().unwrap_or_default();
        payload.wrapping_add(self.tokens.as_bytes().len()).wrapping_add(HEADER_LEN)
    }

    /// The request as pieces for a vectored write: header, path, NUL, data, tokens. Some may be empty. The header
    /// is written into the caller's array.
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

    /// Writes the request to the front of `buffer` and gives that part of it.
    ///
    /// # Errors
    /// [`RequestError::BufferTooSmall`]; the buffer is then unchanged.
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

    /// Writes it to a place that has exactly its length.
    #[inline(always)]
    pub(crate) fn write_to(&self, place: &mut [u8]) {
        let mut header = [0; HEADER_LEN];
        let mut rest = place;
        for part in self.parts(&mut header) {
            let Some((room, behind)) = rest.split_at_mut_checked(part.len()) else { return };
            copy(room, part);
            rest = behind;
        }
    }
}

#[cold]
fn contains_nul(path: &[u8]) -> RequestError {
    RequestError::PathContainsNul { at: find_nul(path).unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_owserver_would_misread_are_refused() {
        assert_eq!(Request::read("/a\0b"), Err(RequestError::PathContainsNul { at: 2 }));
        let long = [b'a'; MAX_PATH_LEN + 1];
        assert_eq!(Request::presence(&long), Err(RequestError::PathTooLong { len: MAX_PATH_LEN + 1 }));
        let longest = Request::dir(&long[..MAX_PATH_LEN]).unwrap();
        assert_eq!(longest.header().payload, 4095);
    }

    #[test]
    fn sizes_and_offsets_have_limits() {
        let read = Request::read("/").unwrap();
        assert_eq!(read.header().size, 65536);
        assert_eq!(read.with_size(1).unwrap().header().size, 1);
        assert_eq!(read.with_size(100_050).unwrap().header().size, 100_050);
        for size in [0, 100_051, u32::MAX] {
            assert_eq!(read.with_size(size), Err(RequestError::SizeOutOfRange { size }));
        }
        assert!(Request::write("/", "x").unwrap().with_size(1).is_err());
        assert_eq!(read.with_offset(0x7fff_ffff).unwrap().header().offset, i32::MAX);
        assert!(read.with_offset(0x8000_0000).is_err());
    }

    #[test]
    fn bodies_have_a_limit() {
        let data = [0; MAX_BODY_LEN];
        assert!(Request::write("/", &data[..MAX_BODY_LEN - 2]).is_ok());
        assert_eq!(
            Request::write("/", &data[1..]),
            Err(RequestError::BodyTooLarge { len: MAX_BODY_LEN + 1 })
        );
        let tokens = [[7; 16]; 6253];
        let nop = Request::nop();
        assert!(nop.with_tokens(Tokens::new(&tokens).unwrap()).is_ok());
        let read = Request::read("/1").unwrap();
        assert!(read.with_tokens(Tokens::new(&tokens).unwrap()).is_err());
    }

    #[test]
    fn tokens_set_the_version_word() {
        let tokens = [[7; 16], [8; 16]];
        let request = Request::nop().with_tokens(Tokens::new(&tokens).unwrap()).unwrap();
        assert_eq!(request.header().version, Version::with_tokens(2));
        assert_eq!(request.header().payload, 0);
        assert_eq!(request.encoded_len(), 24 + 32);
        let odd = request.with_raw_version(Version(0x0400_0007));
        assert_eq!(odd.header().version, Version(0x0401_0002));
    }

    #[test]
    fn encoding_needs_exactly_its_length() {
        let request = Request::write("/p", "data").unwrap();
        let mut buffer = [0xa5; 24 + 2 + 1 + 4];
        let encoded = request.encode(&mut buffer).unwrap();
        assert_eq!(&encoded[24..], b"/p\0data");
        let needed = buffer.len();
        let mut short = [0xa5; 30];
        assert_eq!(request.encode(&mut short), Err(RequestError::BufferTooSmall { needed, available: 30 }));
        assert_eq!(short, [0xa5; 30]);
    }

    #[test]
    fn payload_and_tokens_have_one_limit() {
        // Observed: tokens_at_limit and tokens_over_limit.
        let tokens = std::vec![[7; 16]; 6254];
        let with = |count: usize| {
            let request = Request::read("/").unwrap();
            request.with_tokens(Tokens::new(&tokens[..count]).unwrap()).map(|request| request.encoded_len())
        };
        assert_eq!(with(6253), Ok(HEADER_LEN + MAX_BODY_LEN));
        assert_eq!(with(6254), Err(RequestError::BodyTooLarge { len: MAX_BODY_LEN + 16 }));
    }
}
