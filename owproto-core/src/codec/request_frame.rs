use crate::bytes::until_nul;
use crate::message::{Request, RequestError};
use crate::wire::{Header, MessageType, Tokens, Version, word};

/// A request as received. Only the number of its bytes was checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RequestFrame<'a> {
    /// The header.
    pub header: Header,
    /// The payload: a path, and for a WRITE the data after it.
    pub payload: &'a [u8],
    /// The antiloop tokens.
    pub tokens: Tokens<'a>,
}

impl<'a> RequestFrame<'a> {
    pub(crate) fn new(header: Header, body: &'a [u8]) -> Self {
        let payload_len = header.payload_len().unwrap_or_default();
        let (payload, tokens) = body.split_at_checked(payload_len).unwrap_or((body, &[]));
        Self { header, payload, tokens: Tokens::from_bytes(tokens) }
    }

    /// Whether payload and tokens were dropped, because they did not fit the storage of the
    /// [`server::Connection`](crate::server::Connection) that received the request. Only its header is valid then.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        Some(self.payload.len()) != self.header.payload_len()
            || self.tokens.count() != self.header.version.token_count()
    }

    /// The message type.
    #[must_use]
    pub const fn message_type(&self) -> MessageType {
        self.header.message_type()
    }

    /// The path: the bytes before the first NUL of the payload, or of its path part in a WRITE (owfs: `from_client.c`).
    /// `None` if [`data`](Self::data) is `None`.
    #[must_use]
    pub fn path(&self) -> Option<&'a [u8]> {
        Some(until_nul(self.split()?.0))
    }

    /// The data of a WRITE: the last `size` bytes of the payload. Empty for all other types.
    ///
    /// `None` for a malformed WRITE, whose size is negative or leaves no byte for the path. The server closes the connection
    /// without a reply. (owserver 3.2p4 closes it if the size is too large, and crashes if it is negative.)
    #[must_use]
    pub fn data(&self) -> Option<&'a [u8]> {
        Some(self.split()?.1)
    }

    fn split(&self) -> Option<(&'a [u8], &'a [u8])> {
        if self.message_type() != MessageType::WRITE || self.payload.is_empty() {
            return Some((self.payload, &[]));
        }
        let path_len = self.payload.len().checked_sub(word::to_len(self.header.size)?)?;
        if path_len == 0 { None } else { self.payload.split_at_checked(path_len) }
    }

    /// The same request for forwarding, with all words, bits and bytes unchanged.
    ///
    /// # Errors
    /// [`RequestError::BodyTooLarge`] if it was received with a limit above
    /// [`MAX_BODY_LEN`](crate::message::MAX_BODY_LEN).
    pub fn to_request(&self) -> Result<Request<'a>, RequestError> {
        Request::raw(self.message_type(), self.payload)?
            .with_raw_version(self.header.version)
            .with_flags(self.header.flags)
            .with_raw_size(self.header.size)
            .with_raw_offset(self.header.offset)
            .with_tokens(self.tokens)
    }

    /// The version word.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.header.version
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(size: i32, payload: &[u8]) -> RequestFrame<'_> {
        let header = Header { size, ..Header::request(MessageType::WRITE) };
        RequestFrame { header, payload, tokens: Tokens::NONE }
    }

    #[test]
    fn the_data_of_a_write_are_the_last_bytes_of_its_payload() {
        let frame = write(3, b"/p\0abc");
        assert_eq!((frame.path(), frame.data()), (Some(&b"/p"[..]), Some(&b"abc"[..])));
        let frame = write(2, b"/p\0abc");
        assert_eq!((frame.path(), frame.data()), (Some(&b"/p"[..]), Some(&b"bc"[..])));
        let frame = write(3, b"/pabc");
        assert_eq!((frame.path(), frame.data()), (Some(&b"/p"[..]), Some(&b"abc"[..])));
    }

    #[test]
    fn a_write_without_bytes_for_a_path_is_malformed() {
        for size in [6, 7, i32::MAX, -1, -30000, i32::MIN] {
            assert_eq!(write(size, b"/p\0abc").path(), None, "size {size}");
            assert_eq!(write(size, b"/p\0abc").data(), None, "size {size}");
        }
    }
}
