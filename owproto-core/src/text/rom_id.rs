use core::fmt;
use core::slice;
use core::str::FromStr;

use nom::Err::Error;
use nom::IResult;
use nom::error::{ErrorKind, FromExternalError, ParseError};

use super::ascii::{Ascii, End};
use super::number::digit_of;
use crate::wire::DeviceFormat;

/// The Dallas/Maxim CRC8 of 1-Wire: x⁸ + x⁵ + x⁴ + 1, least significant bit first, start value 0.
///
/// Over a whole ROM id, CRC included, it is 0 (owfs: `ow_crc.c`). Bit by bit: a table would be 256 bytes of flash.
///
/// ```
/// use owproto_core::text::crc8;
/// assert_eq!(crc8(&[0x28, 0x00, 0x00, 0x28, 0xd7, 0x01, 0x00]), 0xd5);
/// assert_eq!(crc8(&[0x28, 0x00, 0x00, 0x28, 0xd7, 0x01, 0x00, 0xd5]), 0);
/// ```
#[must_use]
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
pub const fn crc8(bytes: &[u8]) -> u8 {
    let mut crc = 0u8;
    let mut rest = bytes;
    while let [byte, tail @ ..] = rest {
        crc ^= *byte;
        let mut bit = 0u8;
        while bit < 8 {
            crc = if crc & 1 == 0 { crc >> 1 } else { crc >> 1 ^ 0x8c };
            bit = bit.wrapping_add(1);
        }
        rest = tail;
    }
    crc
}

/// The address of a 1-Wire device: eight bytes, the last of them always the right CRC8.
///
/// | byte | in bus order |
/// |------|--------------|
/// | 0 | family code |
/// | 1–6 | id, least significant byte first |
/// | 7 | [`crc8`] of the seven before |
///
/// As text it is upper case hexadecimal in the same order, in one of six spellings ([`DeviceFormat`]).
/// [`Display`](fmt::Display) writes `f.i`, owserver's default. Parsing takes all six in either case, as owserver
/// does, and a dot at the end (owfs: `ow_parse_sn.c`; observed, owserver 3.2p4):
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
// Aligned, so that it is copied as words.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(align(4))]
pub struct RomId([u8; RomId::LEN]);

impl RomId {
    /// Bytes of a ROM id.
    pub const LEN: usize = 8;
    /// Characters of the longest spelling, `f.i.c`.
    pub const MAX_TEXT_LEN: usize = 18;

    /// The device of this family with this id (least significant byte first); the CRC is computed.
    #[must_use]
    pub const fn new(family: u8, id: [u8; 6]) -> Self {
        let [a, b, c, d, e, f] = id;
        Self::with_crc([family, a, b, c, d, e, f, 0])
    }

    /// The last byte is replaced by the CRC of the others.
    const fn with_crc(mut bytes: [u8; Self::LEN]) -> Self {
        let [others @ .., crc] = &mut bytes;
        *crc = crc8(others);
        Self(bytes)
    }

    /// Takes eight bytes in bus order.
    ///
    /// # Errors
    /// [`RomIdError::Crc`] if the last byte is not the CRC8 of the others. owserver cannot address such a device.
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Result<Self, RomIdError> {
        let [family, a, b, c, d, e, f, found] = bytes;
        let computed = crc8(&[family, a, b, c, d, e, f]);
        if found == computed { Ok(Self(bytes)) } else { Err(RomIdError::Crc { found, computed }) }
    }

    /// Takes eight bytes in the order of `r_address`: CRC first, family code last.
    ///
    /// # Errors
    /// As [`from_bytes`](Self::from_bytes).
    pub const fn from_reversed(bytes: [u8; Self::LEN]) -> Result<Self, RomIdError> {
        let [crc, f, e, d, c, b, a, family] = bytes;
        Self::from_bytes([family, a, b, c, d, e, f, crc])
    }

    /// Parses text that is a ROM id and nothing else: a path segment, the value of `address`.
    ///
    /// # Errors
    /// [`RomIdError::Syntax`] if it does not look like one, [`RomIdError::Crc`] if it does and its CRC is wrong.
    pub fn parse(text: &[u8]) -> Result<Self, RomIdError> {
        match scan(text)? {
            (id, len) if len == text.len() => Ok(id),
            (_, position) => Err(RomIdError::Syntax { position }),
        }
    }

    /// The device that a PRESENCE reply speaks of: its eight bytes of payload.
    ///
    /// `None` if there is none. The path then exists but is no device (eight zeros), or the server is an old one
    /// that sends no address (no bytes) (owfs: `data.c`; observed, owserver 3.2p4). Any other length, and a wrong
    /// CRC, is no device either.
    ///
    /// Hand in the *payload*: the size word of a PRESENCE reply is 0, so what a size-minded reader takes for its
    /// data is empty.
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

    /// Whether eight bytes are a ROM id: whether the last is the CRC8 of the others.
    #[must_use]
    pub const fn is_valid(bytes: &[u8; Self::LEN]) -> bool {
        crc8(bytes) == 0
    }

    /// The family code: the kind of device.
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

    /// The eight bytes from the last to the first, as the property `r_address` shows them.
    #[must_use]
    pub const fn reversed(self) -> [u8; Self::LEN] {
        let [a, b, c, d, e, f, g, h] = self.0;
        [h, g, f, e, d, c, b, a]
    }

    /// The text in one of the six spellings: 14 to [`Self::MAX_TEXT_LEN`] characters.
    #[must_use]
    pub fn format(self, format: DeviceFormat) -> RomIdText {
        let mut text = RomIdText::new();
        self.write(&mut text.end(), format);
        text
    }

    /// Appends what [`format`](Self::format) gives.
    pub(crate) fn write(&self, text: &mut End<'_>, format: DeviceFormat) {
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

/// The text of a ROM id; made by [`RomId::format`].
pub type RomIdText = Ascii<{ RomId::MAX_TEXT_LEN }>;

/// A ROM id in any of the six spellings, in either case, with an optional dot at the end.
///
/// It takes as much as it can. What follows, such as `/`, `,` or `=`, is left to the caller.
///
/// # Errors
/// If no ROM id begins here; or a [`RomIdError`] as external error at the start of the ROM id, if its CRC is wrong. Both
/// are recoverable ([`nom::Err::Error`]).
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

/// The ROM id at the beginning of a text, and how many bytes it takes there.
fn scan(text: &[u8]) -> Result<(RomId, usize), RomIdError> {
    let mut bytes = [0; RomId::LEN];
    let (mut at, mut position) = (0usize, 0);
    let mut has_crc = true;
    for (n, byte) in bytes.iter_mut().enumerate() {
        // Behind the family code, and behind the id.
        if (n == 1 || n == 7) && text.get(at) == Some(&b'.') {
            at = at.wrapping_add(1);
        }
        if n == 1 {
            position = at;
        }
        let digit = |at| text.get(at).and_then(|byte| digit_of(*byte, 16));
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

/// In the spelling `f.i`; [`RomId::format`] has the others.
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

/// Eight bytes in bus order, not text.
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

/// Why something is not a ROM id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum RomIdError {
    /// The text does not look like one.
    Syntax {
        /// Index of the first byte that does not fit; the length of the text if it is too short.
        position: usize,
    },
    /// It looks like one, but for its CRC8.
    Crc {
        /// The CRC that is there.
        found: u8,
        /// The CRC that belongs there.
        computed: u8,
    },
    /// Not eight bytes.
    Length {
        /// How many there are.
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
mod tests {
    use std::string::ToString;
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    const EXAMPLE: RomId = RomId::new(0x10, [0x67, 0xc6, 0x69, 0x73, 0x51, 0xff]);

    #[test]
    fn crc_has_known_values() {
        // The table in owfs begins like this.
        assert_eq!([0u8, 1, 2, 3].map(|byte| crc8(&[byte])), [0x00, 0x5e, 0xbc, 0xe2]);
        assert_eq!(crc8(&[]), 0);
        assert_eq!(crc8(&[0x10, 0, 0, 0x10, 0xef, 0, 0]), 0x5b);
        assert_eq!(EXAMPLE.crc(), 0x8d);
    }

    #[test]
    fn six_formats() {
        let texts = DeviceFormat::ALL.map(|format| EXAMPLE.format(format));
        assert_eq!(
            texts.each_ref().map(Ascii::as_str),
            [
                "10.67C6697351FF",
                "1067C6697351FF",
                "10.67C6697351FF.8D",
                "10.67C6697351FF8D",
                "1067C6697351FF.8D",
                "1067C6697351FF8D"
            ]
        );
        for text in texts {
            assert_eq!(text.as_str().parse(), Ok(EXAMPLE));
            assert_eq!(text.as_str().to_lowercase().parse(), Ok(EXAMPLE));
        }
        assert_eq!("10.67C6697351FF.".parse(), Ok(EXAMPLE));
        assert_eq!("1067C6697351FF.".parse(), Ok(EXAMPLE));
    }

    #[test]
    fn syntax_and_crc_are_different_errors() {
        for (text, position) in [
            ("", 0),
            ("1", 0),
            ("10", 2),
            ("10.", 3),
            ("10..67C6697351FF", 3),
            ("10.67C6697351F", 3),
            ("10.67C6697351FG", 3),
            ("10.67C6697351FF8", 15),
            ("10.67C6697351FF..8D", 16),
            ("10.67C6697351FF.8", 16),
            ("10.67C6697351FF.8D.", 18),
            ("10.67C6697351FF8D00", 17),
            (" 10.67C6697351FF", 0),
            ("10.67C6697351FF/", 15),
        ] {
            assert_eq!(text.parse::<RomId>(), Err(RomIdError::Syntax { position }), "{text}");
        }
        assert_eq!(
            "10.000010EF0000.5C".parse::<RomId>(),
            Err(RomIdError::Crc { found: 0x5c, computed: 0x5b })
        );
    }

    #[test]
    fn bytes_are_checked() {
        let mut bytes = EXAMPLE.to_bytes();
        assert_eq!(RomId::try_from(&bytes[..]), Ok(EXAMPLE));
        assert_eq!(RomId::try_from(&bytes[..7]), Err(RomIdError::Length { found: 7 }));
        assert!(RomId::is_valid(&bytes));
        bytes[3] ^= 1;
        assert!(!RomId::is_valid(&bytes));
        assert!(matches!(RomId::from_bytes(bytes), Err(RomIdError::Crc { found: 0x8d, .. })));
        assert_eq!(RomId::from_presence(&bytes), None);
    }

    #[test]
    fn reversed_is_r_address() {
        // Observed, owserver 3.2p4: r_address of 10.000010EF0000.
        let id = RomId::new(0x10, [0, 0, 0x10, 0xef, 0, 0]);
        assert_eq!(id.reversed(), [0x5b, 0, 0, 0xef, 0x10, 0, 0, 0x10]);
        assert_eq!(RomId::from_reversed(id.reversed()), Ok(id));
    }

    #[test]
    fn printing_pads() {
        assert_eq!(std::format!("{EXAMPLE:>17}"), "  10.67C6697351FF");
        assert_eq!(std::format!("{EXAMPLE:?}"), "RomId(10.67C6697351FF)");
        assert_eq!(
            RomIdError::Crc { found: 0x5c, computed: 0x0b }.to_string(),
            "CRC8 5C of the ROM id should be 0B"
        );
    }

    #[cfg(feature = "serde")]
    #[test]
    fn stored_as_text() {
        assert_eq!(serde_json::to_string(&EXAMPLE).unwrap(), r#""10.67C6697351FF""#);
        assert_eq!(serde_json::from_str::<RomId>(r#""1067c6697351ff8d""#).unwrap(), EXAMPLE);
        assert!(serde_json::from_str::<RomId>(r#""1067c6697351ff8e""#).is_err());
    }

    #[test]
    fn bytes_come_back() {
        let bytes = [0x10, 0x67, 0xc6, 0x69, 0x73, 0x51, 0xff, 0x8d];
        assert_eq!(RomId::try_from(bytes), Ok(EXAMPLE));
        assert_eq!(<[u8; 8]>::from(EXAMPLE), bytes);
        assert_eq!(
            (EXAMPLE.family(), EXAMPLE.id(), EXAMPLE.as_bytes()),
            (0x10, [0x67, 0xc6, 0x69, 0x73, 0x51, 0xff], &bytes)
        );
    }

    #[test]
    fn errors_say_what_is_wrong() {
        assert_eq!(RomIdError::Syntax { position: 3 }.to_string(), "not a ROM id: unexpected at byte 3");
        assert_eq!(RomIdError::Length { found: 7 }.to_string(), "a ROM id has 8 bytes, not 7");
    }

    #[cfg(feature = "serde")]
    #[test]
    fn something_else_is_refused_with_an_example() {
        let wrong = serde_json::from_str::<RomId>("7").unwrap_err().to_string();
        assert!(wrong.contains("expected a ROM id such as 10.67C6697351FF"), "{wrong}");
    }

    #[cfg(feature = "arbitrary")]
    #[test]
    fn seven_bytes_make_an_id() {
        use arbitrary::{Arbitrary, Unstructured};
        let bytes = [0x10, 0x67, 0xc6, 0x69, 0x73, 0x51, 0xff];
        let mut source = Unstructured::new(&bytes);
        let id = RomId::arbitrary(&mut source).unwrap();
        assert!(RomId::is_valid(id.as_bytes()) && source.is_empty());
        assert_ne!(Ok(id), RomId::arbitrary(&mut Unstructured::new(&[0; 7])));
        assert_eq!(RomId::size_hint(0), (7, Some(7)));
    }

    proptest! {
        #[test]
        fn every_id_survives_every_format(family: u8, id: [u8; 6], rest in "([/,=.].*)?") {
            let rom_id = RomId::new(family, id);
            prop_assert!(RomId::is_valid(rom_id.as_bytes()));
            prop_assert_eq!(RomId::from_bytes(rom_id.to_bytes()), Ok(rom_id));
            for format in DeviceFormat::ALL {
                let text = rom_id.format(format);
                prop_assert_eq!(RomId::parse(text.as_bytes()), Ok(rom_id));
                // Without a CRC a dot that follows belongs to the ROM id.
                if format.has_crc() || !rest.starts_with('.') {
                    let mut longer = Vec::from(text.as_bytes());
                    longer.extend_from_slice(rest.as_bytes());
                    prop_assert_eq!(rom_id_rest(&longer), Some((rest.as_bytes(), rom_id)));
                }
            }
        }

        #[test]
        fn any_bytes_are_parsed_or_refused(bytes: Vec<u8>) {
            let _ = RomId::parse(&bytes);
            let _ = RomId::from_presence(&bytes);
            if let Some((rest, id)) = rom_id_rest(&bytes) {
                prop_assert!(bytes.ends_with(rest));
                prop_assert_eq!(RomId::parse(&bytes[..bytes.len() - rest.len()]), Ok(id));
            }
        }

        #[test]
        fn almost_an_id_is_parsed_or_refused(text in "[0-9a-fA-F]{1,3}\\.?[0-9a-fA-F]{11,13}\\.?[0-9a-fA-F]{0,3}\\.?") {
            match text.parse::<RomId>() {
                Ok(id) => prop_assert_eq!(id.to_string().parse(), Ok(id)),
                Err(RomIdError::Syntax { position }) => prop_assert!(position <= text.len()),
                Err(RomIdError::Crc { found, computed }) => prop_assert_ne!(found, computed),
                Err(RomIdError::Length { .. }) => prop_assert!(false, "text has no length"),
            }
        }
    }

    fn rom_id_rest(input: &[u8]) -> Option<(&[u8], RomId)> {
        rom_id::<()>(input).ok()
    }
}
