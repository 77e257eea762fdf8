use core::fmt;

/// The type of a request: the third word of its header.
///
/// The numbers 0 to 10 have names (owfs: `ow_message.h`). owserver answers any other number with −42, "not supported".
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct MessageType(pub i32);

impl MessageType {
    /// 0: not a request. The answer is always −42.
    pub const ERROR: Self = Self(0);
    /// 1: an empty request. Its reply shows that the server works.
    pub const NOP: Self = Self(1);
    /// 2: read a property.
    pub const READ: Self = Self(2);
    /// 3: write a property.
    pub const WRITE: Self = Self(3);
    /// 4: list a directory, with one frame for each entry.
    pub const DIR: Self = Self(4);
    /// 5: obsolete. The answer is always −42.
    pub const SIZE: Self = Self(5);
    /// 6: check whether a path exists, and get the ROM id of its device.
    pub const PRESENCE: Self = Self(6);
    /// 7: list a directory as one comma list.
    pub const DIRALL: Self = Self(7);
    /// 8: DIRALL of a directory, READ of a property.
    pub const GET: Self = Self(8);
    /// 9: DIRALL with a slash after each entry that is a directory.
    pub const DIRALLSLASH: Self = Self(9);
    /// 10: DIRALLSLASH of a directory, READ of a property.
    pub const GETSLASH: Self = Self(10);

    /// The name of the type in owserver's own spelling; `None` for a number without one.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::ERROR => "ERROR",
            Self::NOP => "NOP",
            Self::READ => "READ",
            Self::WRITE => "WRITE",
            Self::DIR => "DIR",
            Self::SIZE => "SIZE",
            Self::PRESENCE => "PRESENCE",
            Self::DIRALL => "DIRALL",
            Self::GET => "GET",
            Self::DIRALLSLASH => "DIRALLSLASH",
            Self::GETSLASH => "GETSLASH",
            _ => return None,
        })
    }

    /// Whether the server may carry out the request twice without harm.
    ///
    /// True for all named types but WRITE: a write may start a conversion, count or switch something, so it must not happen
    /// twice by accident. False for numbers without a name.
    #[must_use]
    pub const fn is_idempotent(self) -> bool {
        !matches!(self, Self::WRITE) && self.0 >= 0 && self.0 <= Self::GETSLASH.0
    }
}

impl fmt::Display for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => write!(f, "type {}", self.0),
        }
    }
}

impl fmt::Debug for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_eleven_numbers_have_a_name() {
        let named = (-100..=100).filter(|&n| MessageType(n).name().is_some());
        assert!(named.eq(0..=10));
    }

    #[test]
    fn names_are_those_of_owserver() {
        let names = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(|n| std::format!("{}", MessageType(n)));
        assert_eq!(
            names,
            [
                "ERROR",
                "NOP",
                "READ",
                "WRITE",
                "DIR",
                "SIZE",
                "PRESENCE",
                "DIRALL",
                "GET",
                "DIRALLSLASH",
                "GETSLASH"
            ]
        );
        assert_eq!(std::format!("{:?} {:5}|", MessageType(-7), MessageType::NOP), "type -7 NOP  |");
    }

    #[test]
    fn all_named_types_but_write_are_idempotent() {
        let unsafe_types = (-2..13).filter(|&n| !MessageType(n).is_idempotent());
        assert!(unsafe_types.eq([-2, -1, 3, 11, 12]));
    }
}
