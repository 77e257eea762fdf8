use core::fmt;

use super::entries::Entries;
use super::return_code::{ReturnCode, ServerError};
use crate::bytes;
use crate::wire::{DirectoryFlags, Flags, Header, HeaderBytes, word};

/// A reply: its header and its payload.
///
/// | request | on success |
/// |---|---|
/// | NOP | no payload |
/// | READ | the value; `ret` = `size` = bytes of payload |
/// | WRITE | no payload; `size` bytes were written |
/// | PRESENCE | the 8 bytes of the ROM id as payload, zeros if the path is not a device; `size` is 0; old servers sent no payload |
/// | DIR | a frame for each entry, with its path, then one without payload that ends the listing |
/// | DIRALL, DIRALLSLASH | a comma list |
///
/// (owfs: `data.c`, `read.c`, `dir.c`, `dirall.c`; observed, owserver 3.2p4.)
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Reply<'a> {
    /// As received: copying bytes is faster than decoding all words.
    header: HeaderBytes,
    payload: &'a [u8],
}

impl<'a> Reply<'a> {
    /// The reply with this header and payload.
    #[must_use]
    #[inline]
    pub const fn new(header: Header, payload: &'a [u8]) -> Self {
        Self::from_parts(HeaderBytes(header.to_bytes()), payload)
    }

    #[inline]
    pub(crate) const fn from_parts(header: HeaderBytes, payload: &'a [u8]) -> Self {
        Self { header, payload }
    }

    /// The header.
    #[must_use]
    #[inline]
    pub const fn header(&self) -> Header {
        self.header.header()
    }

    /// The return value: negative for an error.
    #[must_use]
    pub const fn ret(&self) -> i32 {
        self.header().code
    }

    /// The return code: owserver's number for an error, or 0.
    #[must_use]
    pub const fn return_code(&self) -> ReturnCode {
        ReturnCode::from_ret(self.header().code)
    }

    /// The flags of the request, with the persistence bit as granted.
    #[must_use]
    pub const fn flags(&self) -> Flags {
        self.header().flags
    }

    /// Whether the server keeps the connection open. Valid only for the last reply of an answer.
    #[must_use]
    pub const fn is_persistent(&self) -> bool {
        self.header().flags.contains(Flags::PERSISTENCE)
    }

    /// The size word. For a WRITE the number of bytes written.
    #[must_use]
    pub const fn size(&self) -> i32 {
        self.header().size
    }

    /// The offset word.
    #[must_use]
    pub const fn offset(&self) -> i32 {
        self.header().offset
    }

    /// All bytes after the header.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// The payload up to the size word, as in pyownet: without the NUL that ends a path or a list. Empty for PRESENCE, where
    /// owserver sends a size of 0.
    #[must_use]
    #[inline]
    pub fn data(&self) -> &'a [u8] {
        word::to_len(self.header().size).and_then(|size| self.payload.get(..size)).unwrap_or(self.payload)
    }

    /// Copies as much of [`data`](Self::data) as fits to the front of a buffer. Returns the number of bytes copied.
    ///
    /// ```
    /// # use owproto_core::Reply;
    /// # use owproto_core::wire::Header;
    /// let mut buffer = [0; 4];
    /// let reply = Reply::new(Header { payload: 5, size: 5, ..Header::default() }, b"12.25");
    /// assert_eq!((reply.copy_data(&mut buffer), &buffer), (4, b"12.2"));
    /// ```
    #[inline]
    pub fn copy_data(&self, buffer: &mut [u8]) -> usize {
        let data = self.data();
        let len = data.len().min(buffer.len());
        if let (Some(place), Some(data)) = (buffer.get_mut(..len), data.get(..len)) {
            bytes::copy_value(place, data);
        }
        len
    }

    /// The entries in the payload of a DIRALL or DIRALLSLASH reply.
    #[must_use]
    pub const fn entries(&self) -> Entries<'a> {
        Entries::list(self.payload)
    }

    /// The directory flags in the last reply to a DIR, DIRALL or DIRALLSLASH.
    #[must_use]
    pub const fn directory_flags(&self) -> DirectoryFlags {
        DirectoryFlags(word::to_bits(self.header().offset))
    }

    /// This reply, or the error that the server returned.
    ///
    /// # Errors
    /// [`ServerError`] if `ret` is negative.
    #[inline]
    pub const fn into_result(self) -> Result<Self, ServerError> {
        match ServerError::new(ReturnCode::from_ret(self.header().code)) {
            Some(error) => Err(error),
            None => Ok(self),
        }
    }
}

impl fmt::Debug for Reply<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("header", &self.header()).field("payload", &self.payload).finish()
    }
}

impl fmt::Display for Reply<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.header(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_the_payload_up_to_its_size() {
        let header = Header { payload: 3, size: 2, ..Header::default() };
        assert_eq!(Reply::new(header, b"ab\0").data(), b"ab");
        let presence = Header { payload: 8, size: 0, ..Header::default() };
        let reply = Reply::new(presence, b"12345678");
        assert_eq!((reply.data(), reply.payload()), (&b""[..], &b"12345678"[..]));
        for size in [9, -1, i32::MAX] {
            assert_eq!(Reply::new(Header { size, ..presence }, b"12345678").data(), b"12345678");
        }
    }

    #[test]
    fn each_getter_returns_its_word() {
        let header = Header {
            payload: 3,
            code: -21,
            flags: Flags(0x0001_0004),
            size: 2,
            offset: 0x18,
            ..Header::default()
        };
        let reply = Reply::new(header, b"/a,/b");
        assert_eq!((reply.header(), reply.payload()), (header, &b"/a,/b"[..]));
        assert_eq!((reply.ret(), reply.return_code()), (-21, ReturnCode::IS_A_DIRECTORY));
        assert_eq!((reply.flags(), reply.size(), reply.offset()), (Flags(0x0001_0004), 2, 0x18));
        assert_eq!(reply.directory_flags(), DirectoryFlags(0x18));
        assert!(reply.is_persistent());
        assert!(!Reply::new(Header { flags: Flags(!4), ..header }, b"").is_persistent());
        assert!(reply.entries().eq([&b"/a"[..], b"/b"]));
    }

    #[test]
    fn a_reply_prints_as_its_header() {
        let reply = Reply::new(Header { payload: 1, size: 1, ..Header::default() }, b"1");
        assert_eq!(std::format!("{reply}"), "reply ret 0 version 0 payload 1 flags 0 size 1 offset 0");
        assert!(std::format!("{reply:?}").ends_with("payload: [49] }"), "{reply:?}");
    }

    #[test]
    fn a_negative_return_value_is_an_error() {
        let reply = |code| Reply::new(Header { code, ..Header::default() }, b"");
        assert!(reply(0).into_result().is_ok());
        assert!(reply(i32::MAX).into_result().is_ok());
        assert!(reply(-42).into_result().is_err_and(|error| error.code().is_not_supported()));
        assert!(reply(i32::MIN).into_result().is_err());
    }

    #[test]
    fn copying_stops_at_the_end_of_the_buffer() {
        let reply = Reply::new(Header { payload: 5, size: 4, ..Header::default() }, b"12.25");
        for (room, len) in [(0, 0), (3, 3), (4, 4), (8, 4)] {
            let mut buffer = [b'x'; 8];
            assert_eq!(reply.copy_data(&mut buffer[..room]), len);
            assert!(
                buffer[..len] == b"12.2"[..len] && buffer[len..].iter().all(|&byte| byte == b'x'),
                "{room}"
            );
        }
    }
}
