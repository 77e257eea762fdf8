use core::fmt;
use core::slice;
use core::str::FromStr;

#[cfg(any(feature = "nom", test))]
use nom::{
    Err::Error,
    IResult,
    error::{ErrorKind, FromExternalError, ParseError},
};

use super::ascii::{Ascii, AsciiWriter};
use super::crc8::crc8;
use super::digit::digit_value;
use crate::wire::DeviceFormat;

/// The address of a 1-Wire device: eight bytes, of which the last is always the correct CRC8.
///
/// | byte | in bus order |
/// |------|--------------|
/// | 0 | family code |
/// | 1–6 | id, least significant byte first |
/// | 7 | [`crc8`] of bytes 0 to 6 |
///
/// As text it is upper case hexadecimal in the same order, in one of six spellings ([`DeviceFormat`]).
/// [`Display`](fmt::Display) writes `f.i`, owserver's default. Parsing accepts all six in either case and with a dot at the
/// end, as owserver does (owfs: `ow_parse_sn.c`; observed, owserver 3.2p4):
///
/// ```text
/// 2 hex digits, optional dot, 12 hex digits, optional dot, optionally 2 hex digits
/// ```
///
/// ```
/// use owproto_core::text::{RomId, RomIdError};
/// use owproto_core::wire::DeviceFormat;
///
/// let id: RomId = "1067c6697351ff.8d".parse()?;
/// assert_eq!(id.family(), 0x10);
/// assert_eq!(id.to_string(), "10.67C6697351FF");
/// assert_eq!(id.format(DeviceFormat::FdIdC).as_str(), "10.67C6697351FF.8D");
/// assert_eq!("10.67C6697351FF.8E".parse::<RomId>(), Err(RomIdError::Crc { found: 0x8e, computed: 0x8d }));
/// # Ok::<(), RomIdError>(())
/// ```
// Aligned, so that it is copied word by word.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(align(4))]
pub struct RomId([u8; RomId::LEN]);

impl RomId {
    /// The length of a ROM id in bytes.
    pub const LEN: usize = 8;
    /// The length of the longest spelling, `f.i.c`, in characters.
    pub const MAX_TEXT_LEN: usize = 18;

    /// The ROM id with this family code and id (least significant byte first). The CRC is computed.
    #[must_use]
    pub const fn new(family: u8, id: [u8; 6]) -> Self {
        let [a, b, c, d, e, f] = id;
        Self::with_crc([family, a, b, c, d, e, f, 0])
    }

    /// Replaces the last byte by the CRC of the others.
    const fn with_crc(mut bytes: [u8; Self::LEN]) -> Self {
        let [others @ .., crc] = &mut bytes;
        *crc = crc8(others);
        Self(bytes)
    }

    /// The ROM id of eight bytes in bus order.
    ///
    /// # Errors
    /// [`RomIdError::Crc`] if the last byte is not the CRC8 of the others. owserver cannot address such a device.
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Result<Self, RomIdError> {
        let [family, a, b, c, d, e, f, found] = bytes;
        let computed = crc8(&[family, a, b, c, d, e, f]);
        if found == computed { Ok(Self(bytes)) } else { Err(RomIdError::Crc { found, computed }) }
    }

    /// The ROM id of eight bytes in the order of `r_address`: CRC first, family code last.
    ///
    /// # Errors
    /// As [`from_bytes`](Self::from_bytes).
    pub const fn from_reversed(bytes: [u8; Self::LEN]) -> Result<Self, RomIdError> {
        let [crc, f, e, d, c, b, a, family] = bytes;
        Self::from_bytes([family, a, b, c, d, e, f, crc])
    }

    /// Parses text that consists of a ROM id: a path segment, or the value of `address`.
    ///
    /// # Errors
    /// [`RomIdError::Syntax`] if it has another form, [`RomIdError::Crc`] if its CRC is wrong.
    pub fn parse(text: &[u8]) -> Result<Self, RomIdError> {
        match scan(text)? {
            (id, len) if len == text.len() => Ok(id),
            (_, position) => Err(RomIdError::Syntax { position }),
        }
    }

    /// The device in a PRESENCE reply: the eight bytes of its payload.
    ///
    /// `None` for eight zeros, which mean that the path exists but is not a device, and for an empty payload, which old
    /// servers send (owfs: `data.c`; observed, owserver 3.2p4). `None` also for any other length and for a wrong CRC.
    ///
    /// Use the reply's [`payload`](crate::Reply::payload). Its [`data`](crate::Reply::data) is empty, because the size word
    /// of a PRESENCE reply is 0.
    ///
    /// ```
    /// use owproto_core::text::RomId;
    /// let id = RomId::from_presence(&[0x28, 0x00, 0x00, 0x28, 0xd7, 0x01, 0x00, 0xd5]);
    /// assert_eq!(id, Some(RomId::new(0x28, [0x00, 0x00, 0x28, 0xd7, 0x01, 0x00])));
    /// assert_eq!(RomId::from_presence(&[0; 8]), None);
    /// assert_eq!(RomId::from_presence(&[]), None);
    /// ```
    #[must_use]
    pub fn from_presence(payload: &[u8]) -> Option<Self> {
        if payload == [0; Self::LEN] { None } else { Self::try_from(payload).ok() }
    }

    /// Whether eight bytes are a ROM id: the last is the CRC8 of the others.
    #[must_use]
    pub const fn is_valid(bytes: &[u8; Self::LEN]) -> bool {
        crc8(bytes) == 0
    }

    /// The family code, which names the kind of device.
    #[must_use]
    pub const fn family(self) -> u8 {
        let [family, ..] = self.0;
        family
    }

    /// The six bytes between family code and CRC, least significant first.
    #[must_use]
    pub const fn id(self) -> [u8; 6] {
        let [_, id @ .., _] = self.0;
        id
    }

    /// The CRC8.
    #[must_use]
    pub const fn crc(self) -> u8 {
        let [.., crc] = self.0;
        crc
    }

    /// The eight bytes in bus order.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; Self::LEN] {
        self.0
    }

    /// The eight bytes in bus order, borrowed.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// The eight bytes in reverse order, as the property `r_address` shows them.
    #[must_use]
    pub const fn reversed(self) -> [u8; Self::LEN] {
        let [a, b, c, d, e, f, g, h] = self.0;
        [h, g, f, e, d, c, b, a]
    }

    /// The text in one of the six spellings: 14 to [`Self::MAX_TEXT_LEN`] characters.
    #[must_use]
    pub fn format(self, format: DeviceFormat) -> RomIdText {
        let mut text = RomIdText::new();
        self.write(&mut text.writer(), format);
        text
    }

    /// Appends the text of [`format`](Self::format).
    pub(crate) fn write(&self, text: &mut AsciiWriter<'_>, format: DeviceFormat) {
        let [family, id @ .., crc] = &self.0;
        text.push_hex(slice::from_ref(family));
        if format.has_dot_after_family() {
            text.push(b'.');
        }
        text.push_hex(id);
        if format.has_crc() {
            if format.has_dot_before_crc() {
                text.push(b'.');
            }
            text.push_hex(slice::from_ref(crc));
        }
    }
}

/// The text of a ROM id. Returned by [`RomId::format`].
pub type RomIdText = Ascii<{ RomId::MAX_TEXT_LEN }>;

/// A ROM id in any of the six spellings, in either case, with an optional dot at the end.
///
/// It takes as much as it can. What follows, such as `/`, `,` or `=`, is left to the caller.
///
/// # Errors
/// If no ROM id begins here; or a [`RomIdError`] as external error at the start of the ROM id, if its CRC is wrong. Both
/// are recoverable ([`nom::Err::Error`]).
#[cfg(any(feature = "nom", test))]
pub fn rom_id<'a, E>(input: &'a [u8]) -> IResult<&'a [u8], RomId, E>
where
    E: ParseError<&'a [u8]> + FromExternalError<&'a [u8], RomIdError>,
{
    match scan(input) {
        Ok((id, len)) => Ok((input.get(len..).unwrap_or_default(), id)),
        Err(RomIdError::Syntax { position }) => {
            Err(Error(E::from_error_kind(input.get(position..).unwrap_or_default(), ErrorKind::HexDigit)))
        }
        Err(error) => Err(Error(E::from_external_error(input, ErrorKind::MapRes, error))),
    }
}

/// The ROM id at the front of a text, and its length in bytes.
fn scan(text: &[u8]) -> Result<(RomId, usize), RomIdError> {
    let mut bytes = [0; RomId::LEN];
    let (mut at, mut position) = (0usize, 0);
    let mut has_crc = true;
    for (n, byte) in bytes.iter_mut().enumerate() {
        // After the family code, and after the id.
        if (n == 1 || n == 7) && text.get(at) == Some(&b'.') {
            at = at.wrapping_add(1);
        }
        if n == 1 {
            position = at;
        }
        let digit = |at| text.get(at).and_then(|byte| digit_value(*byte, 16));
        match (digit(at), digit(at.wrapping_add(1))) {
            (Some(high), Some(low)) => *byte = high << 4 | low,
            _ if n == 7 => {
                has_crc = false;
                break;
            }
            _ => return Err(RomIdError::Syntax { position }),
        }
        at = at.wrapping_add(2);
    }
    let id = RomId::with_crc(bytes);
    let [.., found] = bytes;
    if has_crc && found != id.crc() {
        return Err(RomIdError::Crc { found, computed: id.crc() });
    }
    Ok((id, at))
}

/// Prints the spelling `f.i`; [`RomId::format`] has the others.
impl fmt::Display for RomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.format(DeviceFormat::FdI), f)
    }
}

impl fmt::Debug for RomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RomId({self})")
    }
}

impl FromStr for RomId {
    type Err = RomIdError;

    fn from_str(text: &str) -> Result<Self, RomIdError> {
        Self::parse(text.as_bytes())
    }
}

/// From eight bytes in bus order, not from text.
impl TryFrom<&[u8]> for RomId {
    type Error = RomIdError;

    fn try_from(bytes: &[u8]) -> Result<Self, RomIdError> {
        let bytes = bytes.try_into().map_err(|_| RomIdError::Length { found: bytes.len() })?;
        Self::from_bytes(bytes)
    }
}

impl TryFrom<[u8; 8]> for RomId {
    type Error = RomIdError;

    fn try_from(bytes: [u8; 8]) -> Result<Self, RomIdError> {
        Self::from_bytes(bytes)
    }
}

impl From<RomId> for [u8; 8] {
    fn from(id: RomId) -> Self {
        id.0
    }
}

/// Why text or bytes are not a ROM id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum RomIdError {
    /// The text has another form.
    Syntax {
        /// Index of the first byte that does not fit; the length of the text if it is too short.
        position: usize,
    },
    /// The CRC8 is wrong.
    Crc {
        /// The CRC in the text or bytes.
        found: u8,
        /// The correct CRC.
        computed: u8,
    },
    /// The number of bytes is not eight.
    Length {
        /// The number of bytes.
        found: usize,
    },
}

impl fmt::Display for RomIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { position } => write!(f, "not a ROM id: unexpected at byte {position}"),
            Self::Crc { found, computed } => {
                write!(f, "CRC8 {found:02X} of the ROM id should be {computed:02X}")
            }
            Self::Length { found } => write!(f, "a ROM id has 8 bytes, not {found}"),
        }
    }
}

impl core::error::Error for RomIdError {}

#[cfg(feature = "defmt")]
impl defmt::Format for RomId {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::Format::format(&(*self).format(DeviceFormat::FdI), f);
    }
}

/// As text, `f.i`.
#[cfg(feature = "serde")]
impl serde::Serialize for RomId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.format(DeviceFormat::FdI).as_str())
    }
}

/// From text in any of the six spellings.
#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for RomId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::serde_text::deserialize(deserializer, "a ROM id such as 10.67C6697351FF")
    }
}

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for RomId {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(Self::new(u.arbitrary()?, u.arbitrary()?))
    }

    fn size_hint(_: usize) -> (usize, Option<usize>) {
        (7, Some(7))
    }
}

#[cfg(test)]
mod tests;
