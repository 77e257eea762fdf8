use core::fmt;

/// The type of a property's values: the first field of its record in `/structure`. More types may be added.
///
/// | letter | type | a READ gives | [`Value`](super::Value) |
/// |--------|------|--------------|---------|
/// | `i` | [`Integer`](Self::Integer) | 12 columns | `Integer` |
/// | `u` | [`Unsigned`](Self::Unsigned) | 12 columns | `Unsigned` |
/// | `f` `t` `g` `p` | [`Float`](Self::Float), [`Temperature`](Self::Temperature), [`TemperatureDifference`](Self::TemperatureDifference), [`Pressure`](Self::Pressure) | 12 columns | `Float` |
/// | `y` | [`YesNo`](Self::YesNo) | `0` or `1` | `YesNo` |
/// | `y` | [`BitField`](Self::BitField) | 12 columns | `Unsigned` |
/// | `d` | [`Date`](Self::Date) | 24 characters | `Date` |
/// | `a` `l` | [`Text`](Self::Text), [`Alias`](Self::Alias) | text | `Text` |
/// | `b` | [`Bytes`](Self::Bytes) | bytes | `Bytes` |
/// | `D` | [`Directory`](Self::Directory) | an error, -21 | |
/// | `?` | [`Unknown`](Self::Unknown) | | `Bytes` |
///
/// (owfs: `ow_read.c`, `ow_filetype.h`; observed, owserver 3.2p4.)
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub enum ValueType {
    /// A signed number of 32 bits.
    Integer,
    /// An unsigned number of 32 bits.
    Unsigned,
    /// A number without a scale.
    Float,
    /// A temperature, in the scale of the control flags.
    Temperature,
    /// A difference of temperatures, in the scale of the control flags.
    TemperatureDifference,
    /// A pressure, in the scale of the control flags.
    Pressure,
    /// Yes or no; also an element of a bit field, single or in its `.ALL`.
    YesNo,
    /// The `.BYTE` of an array of yes/no: all elements as one unsigned number, element 0 in the lowest bit.
    ///
    /// Its letter is that of [`YesNo`](Self::YesNo); only the index in the record tells them apart.
    BitField,
    /// A date and time of day.
    Date,
    /// Text, usually ASCII.
    Text,
    /// The alias of a device: any bytes but NUL and `/`.
    Alias,
    /// Bytes of a memory.
    Bytes,
    /// A branch, such as `main` of a DS2409. It cannot be read.
    Directory,
    /// The server does not know the type.
    Unknown,
}

impl ValueType {
    /// All types, in the order above.
    pub const ALL: &'static [Self] = &[
        Self::Integer,
        Self::Unsigned,
        Self::Float,
        Self::Temperature,
        Self::TemperatureDifference,
        Self::Pressure,
        Self::YesNo,
        Self::BitField,
        Self::Date,
        Self::Text,
        Self::Alias,
        Self::Bytes,
        Self::Directory,
        Self::Unknown,
    ];

    /// The letter in `/structure`.
    #[must_use]
    pub const fn letter(self) -> u8 {
        match self {
            Self::Integer => b'i',
            Self::Unsigned => b'u',
            Self::Float => b'f',
            Self::Temperature => b't',
            Self::TemperatureDifference => b'g',
            Self::Pressure => b'p',
            Self::YesNo | Self::BitField => b'y',
            Self::Date => b'd',
            Self::Text => b'a',
            Self::Alias => b'l',
            Self::Bytes => b'b',
            Self::Directory => b'D',
            Self::Unknown => b'?',
        }
    }

    /// The type with this letter; `y` gives [`YesNo`](Self::YesNo). `None` for a letter that owserver does not use.
    #[must_use]
    pub const fn from_letter(letter: u8) -> Option<Self> {
        Some(match letter {
            b'i' => Self::Integer,
            b'u' => Self::Unsigned,
            b'f' => Self::Float,
            b't' => Self::Temperature,
            b'g' => Self::TemperatureDifference,
            b'p' => Self::Pressure,
            b'y' => Self::YesNo,
            b'd' => Self::Date,
            b'a' => Self::Text,
            b'l' => Self::Alias,
            b'b' => Self::Bytes,
            b'D' => Self::Directory,
            b'?' => Self::Unknown,
            _ => return None,
        })
    }

    /// The length in bytes of an untrimmed value: 12 for numbers, 1 for yes/no, 24 for dates. `None` for types where each
    /// property has its own length (field 5 of its record).
    #[must_use]
    pub const fn rendered_len(self) -> Option<u32> {
        match self {
            Self::Integer
            | Self::Unsigned
            | Self::Float
            | Self::Temperature
            | Self::TemperatureDifference
            | Self::Pressure
            | Self::BitField => Some(12),
            Self::YesNo => Some(1),
            Self::Date => Some(24),
            Self::Text | Self::Alias | Self::Bytes | Self::Directory | Self::Unknown => None,
        }
    }

    /// The length in bytes of `.ALL` for `elements` elements of `element` bytes, with a comma between two elements unless
    /// they are bytes (owfs: `ow_filelength.c`). A READ of `.ALL` has to ask for at least this size. Saturates.
    ///
    /// ```
    /// use owproto_core::text::ValueType;
    /// assert_eq!(ValueType::Float.array_len(12, 4), 51);
    /// assert_eq!(ValueType::Bytes.array_len(32, 4), 128);
    /// ```
    #[must_use]
    pub const fn array_len(self, element: u32, elements: u32) -> u32 {
        match self {
            Self::Bytes => element.saturating_mul(elements),
            _ => element.saturating_add(1).saturating_mul(elements).saturating_sub(1),
        }
    }
}

/// Prints words: `temperature difference`.
impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Integer => "integer",
            Self::Unsigned => "unsigned",
            Self::Float => "float",
            Self::Temperature => "temperature",
            Self::TemperatureDifference => "temperature difference",
            Self::Pressure => "pressure",
            Self::YesNo => "yes/no",
            Self::BitField => "bit field",
            Self::Date => "date",
            Self::Text => "text",
            Self::Alias => "alias",
            Self::Bytes => "bytes",
            Self::Directory => "directory",
            Self::Unknown => "unknown",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_found_by_its_letter() {
        for &value_type in ValueType::ALL {
            let expected = if value_type == ValueType::BitField { ValueType::YesNo } else { value_type };
            assert_eq!(ValueType::from_letter(value_type.letter()), Some(expected));
        }
        assert_eq!((0..=u8::MAX).filter(|&letter| ValueType::from_letter(letter).is_some()).count(), 13);
    }
}
