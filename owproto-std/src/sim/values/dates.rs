//! Clocks and dates.

use std::time::Duration;

use owproto_core::text::{Date, ValueType};
use owproto_core::tree::Property;

use crate::sim::device_state::DeviceState;
use crate::sim::operations::Moment;
use crate::sim::stored::Stored;

/// The directory of a date, such as `clock/` of `clock/date` and `clock/udate`, which show the same moment. `None` if the
/// property is not one of these two.
pub(super) fn directory_of_date(property: &Property) -> Option<&'static str> {
    let name = property.name;
    // `set_alarm/date` is a yes or no.
    if !matches!(property.value_type, ValueType::Date | ValueType::Unsigned) {
        return None;
    }
    let directory = name.strip_suffix("udate").or_else(|| name.strip_suffix("date"))?;
    (directory.is_empty() || directory.ends_with('/')).then_some(directory)
}

impl DeviceState {
    /// The value of a property that is a date or a number of seconds since 1970. `None` if it is neither, `Some(None)` if
    /// it cannot show the moment.
    pub(super) fn date(&self, property: &'static Property, n: u32, moment: Moment) -> Option<Option<Stored>> {
        let is_date = property.value_type == ValueType::Date;
        let directory = match directory_of_date(property) {
            Some(directory) => directory,
            // Other dates, such as `overtemp/end`.
            None if is_date => property.name.split_inclusive('/').next().unwrap_or_default(),
            None => return None,
        };
        let seconds = self.seconds(directory, n, moment.at);
        Some(match is_date {
            true => Date::from_unix_seconds(seconds).map(Stored::Date),
            false => Some(Stored::Unsigned(u32::try_from(seconds).unwrap_or_default())),
        })
    }

    /// A moment of the device, in seconds since 1970.
    fn seconds(&self, directory: &'static str, n: u32, at: Duration) -> i64 {
        if let Some(Stored::Unsigned(seconds)) = self.kept(directory, n) {
            return (*seconds).into();
        }
        match directory {
            "" | "clock/" => self.start_date + at.as_secs() as i64 + self.clock_offset,
            "log/" => self.start_date + self.clock_offset + 600 * i64::from(n),
            _ => self.start_date + self.clock_offset + 60 * i64::from(n),
        }
    }

    /// Writes the moment of a directory, at the time `at`.
    pub(super) fn put_seconds(&mut self, directory: &'static str, n: u32, seconds: i64, at: Duration) {
        match directory {
            "" | "clock/" => self.clock_offset = seconds - (self.start_date + at.as_secs() as i64),
            _ => {
                let seconds = u32::try_from(seconds).unwrap_or_default();
                self.written.insert((directory, n), Stored::Unsigned(seconds));
            }
        }
    }
}
