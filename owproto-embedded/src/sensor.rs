use core::fmt;

use owproto_core::text::{Value, ValueError, ValueType, is_power_on_reading};
use owproto_core::wire::Flags;
use owproto_core::{RequestError, ServerError};

use crate::ReadError;

/// A property that is read again and again, and the type of its value.
///
/// ```
/// use owproto_embedded::Sensor;
/// use owproto_embedded::owproto_core::text::ValueType;
/// const SENSORS: [Sensor<'_>; 3] = [
///     Sensor::temperature("/28.000028D70100/temperature"),
///     Sensor::new("/26.000026D90200/humidity", ValueType::Float),
///     Sensor::new("/05.4AEC29CDBAAB/PIO", ValueType::YesNo),
/// ];
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Sensor<'p> {
    /// The path of the property.
    pub path: &'p [u8],
    /// What its value is: the first field of its record in `/structure`.
    pub value_type: ValueType,
}

impl<'p> Sensor<'p> {
    /// A property of any type.
    #[must_use]
    pub const fn new(path: &'p str, value_type: ValueType) -> Self {
        Self { path: path.as_bytes(), value_type }
    }

    /// A temperature.
    #[must_use]
    pub const fn temperature(path: &'p str) -> Self {
        Self::new(path, ValueType::Temperature)
    }

    /// What a read with these control flags said. The clients that wait do this by themselves; a polled one gives replies.
    ///
    /// # Errors
    /// [`ReadingError`]: the read's own, or what came is no value of the sensor's type.
    pub fn reading<'v>(
        &self,
        value: Result<&'v [u8], ReadError>,
        flags: Flags,
    ) -> Result<Reading<'v>, ReadingError> {
        let value = Value::parse(self.value_type, value?)?;
        let plausibility = match is_power_on_reading(self.path, &value, flags) {
            true => Plausibility::PowerOnValue,
            false => Plausibility::Measured,
        };
        Ok(Reading { value, plausibility })
    }
}

/// What a sensor said.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Reading<'v> {
    /// Its value.
    pub value: Value<'v>,
    /// Whether that is to be believed.
    pub plausibility: Plausibility,
}

/// Whether a value is likely to have been measured.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Plausibility {
    /// Nothing speaks against it.
    Measured,
    /// It is what this kind of thermometer holds from power-on until its first conversion, 85 °C: read it once more.
    /// See [`is_power_on_reading`].
    PowerOnValue,
}

/// Why one sensor among many gave no reading. The others are not affected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ReadingError {
    /// It cannot be asked for: its path has a NUL, or is longer than the buffer for requests. Nothing was sent for it.
    Request(RequestError),
    /// The server said no.
    Server(ServerError),
    /// What the server sent is no value of the sensor's type.
    Value(ValueError),
}

impl fmt::Display for ReadingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(error) => error.fmt(f),
            Self::Server(error) => error.fmt(f),
            Self::Value(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ReadingError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Request(error) => Some(error),
            Self::Server(error) => Some(error),
            Self::Value(error) => Some(error),
        }
    }
}

impl From<ReadError> for ReadingError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Request(error) => Self::Request(error),
            ReadError::Server(error) => Self::Server(error),
        }
    }
}

impl From<ValueError> for ReadingError {
    fn from(error: ValueError) -> Self {
        Self::Value(error)
    }
}
