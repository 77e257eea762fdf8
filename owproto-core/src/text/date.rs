use core::fmt;

use super::ascii::Ascii;

mod error;
mod parse;
#[cfg(test)]
mod tests;
mod weekday;

pub use error::DateError;
pub use parse::date;
pub use weekday::Weekday;

/// A date and time of day, written by owserver as the 24 characters of C's `asctime` without the newline.
///
/// ```text
/// Fri Mar 23 04:00:00 2007
/// Thu Jan  1 00:00:00 1970        the day is padded with a blank
/// ```
///
/// It is the local time *of the server*, and the text names no time zone (owfs: `ow_parseoutput.c`). Conversions here treat
/// it as UTC. The calendar is the Gregorian one for all years from 1 to 9999, without leap seconds.
///
/// ```
/// use owproto_core::text::{Date, Weekday};
/// let date: Date = "Fri Mar 23 04:00:00 2007".parse()?;
/// assert_eq!((date.year(), date.month(), date.day()), (2007, 3, 23));
/// assert_eq!(date.weekday(), Weekday::Friday);
/// assert_eq!(date.to_unix_seconds(), 1_174_622_400);
/// assert_eq!(date.to_string(), "Fri Mar 23 04:00:00 2007");
/// # Ok::<(), owproto_core::text::DateError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Date {
    /// `1 <= year <= 9999`
    year: u16,
    /// `1 <= month <= 12`
    month: u8,
    /// From 1 to the length of the month.
    day: u8,
    /// `hour <= 23`
    hour: u8,
    /// `minute <= 59`
    minute: u8,
    /// `second <= 59`
    second: u8,
}

impl Date {
    /// The length of the text in characters.
    pub const TEXT_LEN: usize = 24;

    /// The first second of year 1.
    pub const MIN: Self = Self { year: 1, month: 1, day: 1, hour: 0, minute: 0, second: 0 };

    /// The last second of year 9999.
    pub const MAX: Self = Self { year: 9999, month: 12, day: 31, hour: 23, minute: 59, second: 59 };

    /// A date and time; `None` if it does not exist.
    ///
    /// ```
    /// use owproto_core::text::Date;
    /// assert!(Date::new(2024, 2, 29, 12, 0, 0).is_some());
    /// assert!(Date::new(2023, 2, 29, 12, 0, 0).is_none());
    /// ```
    #[must_use]
    pub const fn new(year: u16, month: u8, day: u8, hour: u8, minute: u8, second: u8) -> Option<Self> {
        let in_range = year >= 1
            && year <= 9999
            && day >= 1
            && day <= days_in_month(year, month)
            && hour <= 23
            && minute <= 59
            && second <= 59;
        if in_range { Some(Self { year, month, day, hour, minute, second }) } else { None }
    }

    /// The date and time `seconds` after the start of 1970 in the same time zone; `None` outside the years 1 to 9999.
    #[must_use]
    pub fn from_unix_seconds(seconds: i64) -> Option<Self> {
        let days = u32::try_from(seconds.div_euclid(SECONDS_A_DAY).checked_add(EPOCH.into())?).ok()?;
        let of_day = u32::try_from(seconds.rem_euclid(SECONDS_A_DAY)).ok()?;
        let (year, month, day) = calendar_day(days)?;
        let (minutes, second) = (of_day.checked_div(60)?, of_day.checked_rem(60)?);
        let (hour, minute) = (minutes.checked_div(60)?, minutes.checked_rem(60)?);
        Self::new(
            year,
            month,
            day,
            u8::try_from(hour).ok()?,
            u8::try_from(minute).ok()?,
            u8::try_from(second).ok()?,
        )
    }

    /// Seconds since the start of 1970, treating the date as UTC.
    #[must_use]
    pub fn to_unix_seconds(self) -> i64 {
        let minutes = u32::from(self.hour).saturating_mul(60).saturating_add(self.minute.into());
        let seconds = minutes.saturating_mul(60).saturating_add(self.second.into());
        let days = i64::from(self.day_number()).saturating_sub(EPOCH.into());
        days.saturating_mul(SECONDS_A_DAY).saturating_add(seconds.into())
    }

    /// The 24 characters. Years below 1000 have leading zeros.
    #[must_use]
    pub fn to_ascii(self) -> Ascii<{ Date::TEXT_LEN }> {
        let mut text = Ascii::new();
        // All fits: each field has a fixed width.
        text.push_str(self.weekday().short_name());
        text.push(b' ');
        text.push_str(month_name(self.month));
        text.push(b' ');
        text.push_decimal(self.day.into(), 2, b' ');
        for (field, before) in [(self.hour, b' '), (self.minute, b':'), (self.second, b':')] {
            text.push(before);
            text.push_decimal(field.into(), 2, b'0');
        }
        text.push(b' ');
        text.push_decimal(self.year.into(), 4, b'0');
        text
    }

    /// The day of the week, computed from the date.
    #[must_use]
    pub fn weekday(self) -> Weekday {
        // Day 0 is a Wednesday.
        match self.day_number().checked_rem(7) {
            Some(0) => Weekday::Wednesday,
            Some(1) => Weekday::Thursday,
            Some(2) => Weekday::Friday,
            Some(3) => Weekday::Saturday,
            Some(4) => Weekday::Sunday,
            Some(5) => Weekday::Monday,
            _ => Weekday::Tuesday,
        }
    }

    /// The year, 1 to 9999.
    #[must_use]
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    #[must_use]
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, 1 to 31.
    #[must_use]
    pub const fn day(self) -> u8 {
        self.day
    }

    /// The hour, 0 to 23.
    #[must_use]
    pub const fn hour(self) -> u8 {
        self.hour
    }

    /// The minute, 0 to 59.
    #[must_use]
    pub const fn minute(self) -> u8 {
        self.minute
    }

    /// The second, 0 to 59.
    #[must_use]
    pub const fn second(self) -> u8 {
        self.second
    }

    /// Days since March 1 of year 0. Years begin in March here, so that a leap day is the last day of its year.
    #[allow(clippy::arithmetic_side_effects)] // the fields are in the ranges that the type guarantees
    fn day_number(self) -> u32 {
        let (year, month) = (u32::from(self.year), u32::from(self.month));
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + u32::from(self.day) - 1
    }
}

const SECONDS_A_DAY: i64 = 86_400;

/// January 1, 1970, as `Date::day_number` counts.
const EPOCH: u32 = 719_468;

/// Year, month and day of a day number; `None` if the year does not fit.
#[allow(clippy::arithmetic_side_effects)] // divisors are constants, factors are remainders of them
fn calendar_day(number: u32) -> Option<(u16, u8, u8)> {
    const DAYS_IN_400_YEARS: u32 = 146_097;
    let (era, day) = (number / DAYS_IN_400_YEARS, number % DAYS_IN_400_YEARS);
    // Removes the leap days, then divides into years of 365 days.
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (year * 365 + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = u16::try_from(era * 400 + year + carry).ok()?;
    Some((year, u8::try_from(month).ok()?, u8::try_from(day).ok()?))
}

/// 0 for a month that does not exist.
const fn days_in_month(year: u16, month: u8) -> u8 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 0,
    }
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn month_name(month: u8) -> &'static str {
    MONTHS.get(usize::from(month).wrapping_sub(1)).copied().unwrap_or_default()
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.to_ascii(), f)
    }
}

/// As text.
#[cfg(feature = "serde")]
impl serde::Serialize for Date {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.to_ascii().as_str())
    }
}

/// From text.
#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Date {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::serde_text::deserialize(deserializer, "a date such as Fri Mar 23 04:00:00 2007")
    }
}

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for Date {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        let seconds = u.int_in_range(Self::MIN.to_unix_seconds()..=Self::MAX.to_unix_seconds())?;
        Self::from_unix_seconds(seconds).ok_or(arbitrary::Error::IncorrectFormat)
    }

    fn size_hint(_: usize) -> (usize, Option<usize>) {
        (5, Some(5))
    }
}
