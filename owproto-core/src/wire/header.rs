use core::fmt;

use super::{Flags, MessageType, Version, word};

/// The length of a header in bytes.
pub const HEADER_LEN: usize = 24;

/// The six words at the beginning of every frame, request or reply.
///
/// Each word is a signed 32-bit integer in network byte order (owfs: `ow_message.h`):
///
/// | bytes | request | reply |
/// |------:|---------|-------|
/// | 0–3   | version | version, always 0 |
/// | 4–7   | bytes of payload, tokens not counted | bytes of payload; negative: keepalive, nothing follows |
/// | 8–11  | message type | return value: negative is an error |
/// | 12–15 | control flags | flags of the request, with persistence as granted |
/// | 16–19 | size, by message type | size, by message type |
/// | 20–23 | offset, by message type | offset, by message type |
///
/// ```
/// use owproto_core::wire::{Header, MessageType};
/// let nop = Header::request(MessageType::NOP);
/// assert_eq!(Header::from_bytes(&nop.to_bytes()), nop);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Header {
    /// Protocol version and number of tokens. 0 in replies and in the requests of plain clients.
    pub version: Version,
    /// Bytes of payload that follow. Tokens are not counted. In a reply −1 makes it a keepalive.
    pub payload: i32,
    /// The third word: the message type of a request, the return value of a reply.
    pub code: i32,
    /// The control flags.
    pub flags: Flags,
    /// READ: bytes requested or sent. WRITE: bytes of data, or bytes written. DIR entries: length of the path.
    pub size: i32,
    /// READ and WRITE: the first byte. Replies to DIR, DIRALL and DIRALLSLASH: the
    /// [directory flags](super::DirectoryFlags).
    pub offset: i32,
}

impl Header {
    /// The header of a keepalive, as owserver sends it: payload −1, all other words 0 (owfs: `ping.c`).
    pub const KEEPALIVE: Self =
        Self { version: Version::PLAIN, payload: -1, code: 0, flags: Flags::NONE, size: 0, offset: 0 };

    /// The header of a request without payload, flags, size and offset.
    #[must_use]
    pub const fn request(message_type: MessageType) -> Self {
        Self {
            version: Version::PLAIN,
            payload: 0,
            code: message_type.0,
            flags: Flags::NONE,
            size: 0,
            offset: 0,
        }
    }

    /// Reads the six words. Every pattern of 24 bytes is a header.
    #[must_use]
    pub const fn from_bytes(b: &[u8; HEADER_LEN]) -> Self {
        Self {
            version: Version(i32::from_be_bytes([b[0], b[1], b[2], b[3]])),
            payload: i32::from_be_bytes([b[4], b[5], b[6], b[7]]),
            code: i32::from_be_bytes([b[8], b[9], b[10], b[11]]),
            flags: Flags(u32::from_be_bytes([b[12], b[13], b[14], b[15]])),
            size: i32::from_be_bytes([b[16], b[17], b[18], b[19]]),
            offset: i32::from_be_bytes([b[20], b[21], b[22], b[23]]),
        }
    }

    /// Writes the six words; the inverse of [`from_bytes`](Self::from_bytes).
    #[must_use]
    pub const fn to_bytes(self) -> [u8; HEADER_LEN] {
        let v = self.version.0.to_be_bytes();
        let p = self.payload.to_be_bytes();
        let c = self.code.to_be_bytes();
        let f = self.flags.0.to_be_bytes();
        let s = self.size.to_be_bytes();
        let o = self.offset.to_be_bytes();
        [
            v[0], v[1], v[2], v[3], p[0], p[1], p[2], p[3], c[0], c[1], c[2], c[3], //
            f[0], f[1], f[2], f[3], s[0], s[1], s[2], s[3], o[0], o[1], o[2], o[3],
        ]
    }

    /// The third word of a request.
    #[must_use]
    pub const fn message_type(self) -> MessageType {
        MessageType(self.code)
    }

    /// Whether a reply with this header is a keepalive: its payload word is negative (owfs: `ow_server_message.c` tests for
    /// `< 0`, not for −1).
    #[must_use]
    #[inline]
    pub const fn is_keepalive(self) -> bool {
        self.payload < 0
    }

    /// Bytes of payload that follow; `None` if the word is negative.
    #[must_use]
    #[inline]
    pub const fn payload_len(self) -> Option<usize> {
        word::to_len(self.payload)
    }
}

/// Prints the header of a reply; with `{:#}` that of a request.
impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            write!(f, "{}", self.message_type())?;
        } else if self.is_keepalive() {
            return f.write_str("keepalive");
        } else {
            write!(f, "reply ret {}", self.code)?;
        }
        write!(
            f,
            " version {} payload {} flags {} size {} offset {}",
            self.version, self.payload, self.flags, self.size, self.offset
        )
    }
}

/// The bytes of a header. Aligned, so that its words can be loaded directly.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(align(4))]
pub(crate) struct HeaderBytes(pub(crate) [u8; HEADER_LEN]);

impl HeaderBytes {
    #[inline]
    pub(crate) const fn header(&self) -> Header {
        Header::from_bytes(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::*;

    #[test]
    fn a_header_prints_as_a_reply_or_as_a_request() {
        let header = Header {
            payload: 12,
            size: 8192,
            offset: 3,
            flags: Flags::TRIM,
            ..Header::request(MessageType::READ)
        };
        assert_eq!(format!("{header}"), "reply ret 2 version 0 payload 12 flags trim size 8192 offset 3");
        assert_eq!(format!("{header:#}"), "READ version 0 payload 12 flags trim size 8192 offset 3");
        assert_eq!(format!("{}", Header::KEEPALIVE), "keepalive");
        assert_eq!(format!("{:#}", Header::KEEPALIVE), "ERROR version 0 payload -1 flags 0 size 0 offset 0");
    }

    #[test]
    fn a_request_header_has_only_its_type() {
        let header = Header::request(MessageType::DIRALL);
        assert_eq!(header, Header { code: 7, ..Header::default() });
        assert_eq!(header.message_type(), MessageType::DIRALL);
    }

    #[test]
    fn words_are_in_network_byte_order() {
        let mut bytes = [0u8; HEADER_LEN];
        for (value, byte) in (1u8..).zip(&mut bytes) {
            *byte = value;
        }
        let header = Header::from_bytes(&bytes);
        assert_eq!(header.version, Version(0x0102_0304));
        assert_eq!(header.payload, 0x0506_0708);
        assert_eq!(header.code, 0x090a_0b0c);
        assert_eq!(header.flags, Flags(0x0d0e_0f10));
        assert_eq!(header.size, 0x1112_1314);
        assert_eq!(header.offset, 0x1516_1718);
        assert_eq!(header.to_bytes(), bytes);
    }

    #[test]
    fn every_negative_payload_is_a_keepalive() {
        assert!(Header::KEEPALIVE.is_keepalive());
        for payload in [-1, -2, i32::MIN] {
            let header = Header { payload, ..Header::default() };
            assert!(header.is_keepalive());
            assert_eq!(header.payload_len(), None);
        }
        assert!(!Header::default().is_keepalive());
        assert_eq!(Header { payload: i32::MAX, ..Header::default() }.payload_len(), Some(0x7fff_ffff));
    }
}
