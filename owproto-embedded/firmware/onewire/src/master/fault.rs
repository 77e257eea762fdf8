use core::fmt;

use embedded_hal::digital::ErrorKind;
use owproto_core::ReturnCode;

/// What went wrong on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// The line is low although no device should hold it.
    Short,
    /// No device answered the reset.
    NoPresence,
    /// The selected device does not answer: only ones were read.
    NoAnswer,
    /// The CRC or the complement of received data is wrong.
    Garbled,
    /// A device did not confirm what was written, or holds something else.
    Refused,
    /// A thermometer lost its power during a conversion.
    PowerLost,
    /// The pin failed.
    Pin(ErrorKind),
}

impl Fault {
    /// The return code for clients of owserver.
    ///
    /// | fault | code |
    /// |---|---|
    /// | [`Short`](Self::Short) | 44, "Bus - bus short" |
    /// | [`NoPresence`](Self::NoPresence), [`NoAnswer`](Self::NoAnswer) | [`NO_SUCH_ENTITY`](ReturnCode::NO_SUCH_ENTITY) |
    /// | others | [`IO`](ReturnCode::IO) |
    #[must_use]
    pub const fn return_code(self) -> ReturnCode {
        match self {
            Self::Short => ReturnCode::from_code(44),
            Self::NoPresence | Self::NoAnswer => ReturnCode::NO_SUCH_ENTITY,
            _ => ReturnCode::IO,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Short => "the line is shorted",
            Self::NoPresence => "no device on the line",
            Self::NoAnswer => "the device does not answer",
            Self::Garbled => "the device sent invalid data",
            Self::Refused => "the device did not confirm what was written",
            Self::PowerLost => "the thermometer lost its power",
            Self::Pin(_) => "the pin failed",
        })
    }
}

impl core::error::Error for Fault {}

impl From<ErrorKind> for Fault {
    fn from(kind: ErrorKind) -> Self {
        Self::Pin(kind)
    }
}
