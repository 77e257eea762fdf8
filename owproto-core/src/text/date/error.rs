use core::fmt;

/// Why a text is not a date.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum DateError {
    /// The text has another form.
    Syntax {
        /// Index of the first part that does not fit; the length of the text if it is too short.
        position: usize,
    },
    /// No such date or time exists: February 30, 24:00, year 0.
    NoSuchDate,
    /// The weekday does not match the date.
    WrongWeekday,
}

impl fmt::Display for DateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { position } => write!(f, "not a date: unexpected at byte {position}"),
            Self::NoSuchDate => f.write_str("there is no such date or time"),
            Self::WrongWeekday => f.write_str("the date falls on another day of the week"),
        }
    }
}

impl core::error::Error for DateError {}
