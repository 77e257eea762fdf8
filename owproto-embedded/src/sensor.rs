use core::fmt;

use owproto_core::client::SendError;
use owproto_core::text::{Value, ValueError, ValueType, is_power_on_reading};
use owproto_core::wire::Flags;
use owproto_core::{RequestError, ServerError};

use crate::ReadError;

/// The path of a property and the type of its value, for a client's `read_sensors`.
///
/// ```
/// use owproto_embedded::Sensor;
/// use owproto_embedded::owproto_core::text::ValueType;
///
/// const SENSORS: [Sensor<'_>; 3] = [
///     Sensor::temperature("/28.000028D70100/temperature"),
///     Sensor::new("/26.000026D90200/humidity", ValueType::Float),
///     Sensor::new("/05.4AEC29CDBAAB/PIO", ValueType::YesNo),
/// ];
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Sensor<'p> {
    /// The path of the property.
    pub path: &'p [u8],
    /// The type of its value, which is the first field of its record in `/structure`.
    pub value_type: ValueType,
}

impl<'p> Sensor<'p> {
    /// A property whose value has this type.
    #[must_use]
    pub const fn new(path: &'p str, value_type: ValueType) -> Self {
        Self::from_bytes(path.as_bytes(), value_type)
    }

    /// As [`new`](Self::new), for a path that is not UTF-8: an alias may contain any byte.
    #[must_use]
    pub const fn from_bytes(path: &'p [u8], value_type: ValueType) -> Self {
        Self { path, value_type }
    }

    /// A property whose value is a temperature.
    #[must_use]
    pub const fn temperature(path: &'p str) -> Self {
        Self::new(path, ValueType::Temperature)
    }

    /// Parses the value that was read with these control flags. The blocking and asynchronous clients do this by
    /// themselves. The client for smoltcp returns replies, whose data goes in here.
    ///
    /// # Errors
    /// [`ReadingError`]: the error of the read, or the value is not of the sensor's type.
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

/// A value of a sensor.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Reading<'v> {
    /// The value.
    pub value: Value<'v>,
    /// Whether the value is likely to be a measurement.
    pub plausibility: Plausibility,
}

/// Whether a value is likely to be a measurement.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Plausibility {
    /// Nothing indicates the contrary.
    Measured,
    /// 85 °C, which this kind of thermometer holds from power-on until its first conversion: read it again.
    /// See [`is_power_on_reading`].
    PowerOnValue,
}

/// Why one sensor of several has no reading. It does not affect the others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ReadingError {
    /// The path contains a NUL. Nothing was sent for it.
    Request(RequestError),
    /// The request does not fit the connection's buffer for requests. Nothing was sent for it.
    Send(SendError),
    /// The server answered with an error.
    Server(ServerError),
    /// The value is not of the sensor's type.
    Value(ValueError),
}

impl fmt::Display for ReadingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(error) => error.fmt(f),
            Self::Send(error) => error.fmt(f),
            Self::Server(error) => error.fmt(f),
            Self::Value(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ReadingError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Request(error) => Some(error),
            Self::Send(error) => Some(error),
            Self::Server(error) => Some(error),
            Self::Value(error) => Some(error),
        }
    }
}

impl From<ReadError> for ReadingError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Request(error) => Self::Request(error),
            ReadError::Send(error) => Self::Send(error),
            ReadError::Server(error) => Self::Server(error),
        }
    }
}

impl From<ValueError> for ReadingError {
    fn from(error: ValueError) -> Self {
        Self::Value(error)
    }
}
