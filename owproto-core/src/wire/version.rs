use core::fmt;

use super::word;

/// The first word of a header.
///
/// In a request (owfs: `ow_message.h`):
///
/// | bits | mask | meaning |
/// |------|------|---------|
/// | 0–15 | `0x0000FFFF` | number of antiloop tokens after the payload, if bit 16 is set |
/// | 16 | `0x00010000` | the sender is an owserver: tokens follow |
/// | 17–24 | `0x01FE0000` | protocol number, 0 today |
/// | 25–31 | | unused |
///
/// owserver uses only bits 0 to 16. In replies the word is 0.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Version(pub i32);

impl Version {
    /// 0: the version of requests from clients, and of all replies.
    pub const PLAIN: Self = Self(0);

    const SERVER_BIT: i32 = 0x0001_0000;
    const COUNT_MASK: i32 = 0x0000_ffff;

    /// The version of a request from an owserver with `count` tokens.
    #[must_use]
    #[allow(clippy::cast_lossless)] // `From` is not const
    pub const fn with_tokens(count: u16) -> Self {
        Self(Self::SERVER_BIT | count as i32)
    }

    /// This word with the server bit and the number of tokens set, and all other bits unchanged.
    #[must_use]
    pub(crate) const fn with_token_count(self, count: u16) -> Self {
        Self(self.0 & !(Self::SERVER_BIT | Self::COUNT_MASK) | Self::with_tokens(count).0)
    }

    /// Whether an owserver sent this request, so that tokens follow.
    #[must_use]
    pub const fn is_server_message(self) -> bool {
        self.0 & Self::SERVER_BIT != 0
    }

    /// The number of tokens after the payload: 0 unless [`is_server_message`](Self::is_server_message).
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // masked to 16 bits
    pub const fn token_count(self) -> u16 {
        if self.is_server_message() { (self.0 & Self::COUNT_MASK) as u16 } else { 0 }
    }

    /// The protocol number in bits 17 to 24.
    #[must_use]
    #[allow(clippy::cast_possible_truncation)] // masked to 8 bits
    pub const fn protocol(self) -> u8 {
        ((word::to_bits(self.0) >> 17) & 0xff) as u8
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 & !(Self::SERVER_BIT | Self::COUNT_MASK) == 0 && self.is_server_message() {
            write!(f, "server+{}", self.token_count())
        } else {
            fmt::Display::fmt(&self.0, f)
        }
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_server_messages_have_tokens() {
        assert_eq!(Version(0x0000_0003).token_count(), 0);
        assert_eq!(Version(0x0001_0003).token_count(), 3);
        assert_eq!(Version::with_tokens(65535).token_count(), 65535);
        assert_eq!(Version(-1).token_count(), 65535);
        assert_eq!(Version::with_tokens(3), Version(0x0001_0003));
    }

    #[test]
    fn setting_the_count_keeps_all_other_bits() {
        assert_eq!(Version::PLAIN.with_token_count(2), Version(0x0001_0002));
        assert_eq!(Version(0x0203_ffff).with_token_count(1), Version(0x0203_0001));
        assert_eq!(Version(-1).with_token_count(0), Version(0xffff_0000u32.cast_signed()));
    }

    #[test]
    fn a_server_message_prints_its_number_of_tokens() {
        for (word, text) in [
            (0, "0"),
            (7, "7"),
            (0x0001_0000, "server+0"),
            (0x0001_0003, "server+3"),
            (0x0003_0003, "196611"),
            (-1, "-1"),
        ] {
            assert_eq!(std::format!("{}", Version(word)), text);
            assert_eq!(std::format!("{:?}", Version(word)), text);
        }
    }

    #[test]
    fn protocol_number_is_bits_17_to_24() {
        assert_eq!(Version(0x0002_0000).protocol(), 1);
        assert_eq!(Version(-1).protocol(), 255);
        assert_eq!(Version(0x0001_ffff).protocol(), 0);
        assert_eq!(Version(0x0200_0000).protocol(), 0);
    }
}
