use core::fmt;
use core::str::FromStr;

use nom::bytes::complete::{tag, take_while_m_n};
use nom::combinator::{map, map_opt, map_res};
use nom::error::{FromExternalError, ParseError};
use nom::sequence::preceded;
use nom::{IResult, Parser};

use super::ascii::Ascii;
use super::located;

/// A date and time of day as owserver writes it: the 24 characters of C's `asctime`, no newline.
///
/// ```text
/// Fri Mar 23 04:00:00 2007
/// Thu Jan  1 00:00:00 1970        the day is padded with a blank
/// ```
///
/// It is the wall clock *of the server*: no text says the time zone (owfs: `ow_parseoutput.c`). Conversions here
/// count as if it were UTC. Years 1 to 9999 of the Gregorian calendar, also before there was one; no leap seconds.
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
    /// Characters of the text.
    pub const TEXT_LEN: usize = 24;

    /// The first second of year 1.
    pub const MIN: Self = Self { year: 1, month: 1, day: 1, hour: 0, minute: 0, second: 0 };

    /// The last second of year 9999.
    pub const MAX: Self = Self { year: 9999, month: 12, day: 31, hour: 23, minute: 59, second: 59 };

    /// A date and time; `None` if no calendar or clock shows it.
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

    /// The moment that is `seconds` after the start of 1970, both on the same clock; `None` outside the years 1 to
    /// 9999.
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

    /// Seconds since the start of 1970, as if the date were UTC.
    #[must_use]
    pub fn to_unix_seconds(self) -> i64 {
        let minutes = u32::from(self.hour).saturating_mul(60).saturating_add(self.minute.into());
        let seconds = minutes.saturating_mul(60).saturating_add(self.second.into());
        let days = i64::from(self.day_number()).saturating_sub(EPOCH.into());
        days.saturating_mul(SECONDS_A_DAY).saturating_add(seconds.into())
    }

    /// Parses exactly the 24 characters that owserver writes.
    ///
    /// Names are taken in any case, and the day with a blank or a zero in front. A weekday that is not that of the
    /// date is an error: no server computes one, so the text was damaged on its way.
    ///
    /// # Errors
    /// [`DateError`].
    pub fn parse(text: &[u8]) -> Result<Self, DateError> {
        located::whole(text, date)
            .map_err(|(position, reason)| reason.unwrap_or(DateError::Syntax { position }))
    }

    /// The 24 characters. Years below 1000 have leading zeros.
    #[must_use]
    pub fn to_ascii(self) -> Ascii<{ Date::TEXT_LEN }> {
        let mut text = Ascii::new();
        // Fits: every field has its width.
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
        // Day 0 of `day_number` was a Wednesday.
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

    /// Days since March 1 of year 0. Years begin in March here, so that the day of a leap year comes last.
    #[allow(clippy::arithmetic_side_effects)] // year at most 9999, month and day as the type says
    fn day_number(self) -> u32 {
        let (year, month) = (u32::from(self.year), u32::from(self.month));
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + u32::from(self.day) - 1
    }
}

const SECONDS_A_DAY: i64 = 86_400;

/// January 1, 1970, as `Date::day_number` counts.
const EPOCH: u32 = 719_468;

/// Year, month and day of a day number; `None` above what a year can say.
#[allow(clippy::arithmetic_side_effects)] // divisors are constants, factors are below the divisor before
fn calendar_day(number: u32) -> Option<(u16, u8, u8)> {
    const DAYS_IN_400_YEARS: u32 = 146_097;
    let (era, day) = (number / DAYS_IN_400_YEARS, number % DAYS_IN_400_YEARS);
    // Whole years of 365 days, after the leap days are taken out.
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (year * 365 + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = u16::try_from(era * 400 + year + carry).ok()?;
    Some((year, u8::try_from(month).ok()?, u8::try_from(day).ok()?))
}

/// 0 for a month that there is not.
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

/// A date: exactly the 24 characters that [`Date::parse`] takes.
///
/// # Errors
/// If no date begins here; or a [`DateError`] as external error, if there is no such date.
pub fn date<'a, E>(input: &'a [u8]) -> IResult<&'a [u8], Date, E>
where
    E: ParseError<&'a [u8]> + FromExternalError<&'a [u8], DateError>,
{
    let after = |text: &'static [u8], width| preceded(tag(text), digits(width));
    let day = preceded(tag(&b" "[..]), nom::branch::alt((preceded(tag(&b" "[..]), digits(1)), digits(2))));
    let month = preceded(tag(&b" "[..]), name(MONTHS));
    map_res(
        (
            name(Weekday::ALL.map(Weekday::short_name)),
            month,
            day,
            after(b" ", 2),
            after(b":", 2),
            after(b":", 2),
            after(b" ", 4),
        ),
        |(weekday, month, day, hour, minute, second, year)| {
            let small = |number| u8::try_from(number).unwrap_or(u8::MAX);
            let month = small(month).saturating_add(1);
            let date = Date::new(year, month, small(day), small(hour), small(minute), small(second))
                .ok_or(DateError::NoSuchDate)?;
            if date.weekday() as u16 == weekday { Ok(date) } else { Err(DateError::WrongWeekday) }
        },
    )
    .parse(input)
}

/// Three letters in any case; their place among `names`.
fn name<'a, const N: usize, E: ParseError<&'a [u8]>>(
    names: [&'static str; N],
) -> impl Parser<&'a [u8], Output = u16, Error = E> {
    map_opt(take_while_m_n(3, 3, |byte: u8| byte.is_ascii_alphabetic()), move |text: &[u8]| {
        (0..).zip(names).find(|(_, name)| name.as_bytes().eq_ignore_ascii_case(text)).map(|(place, _)| place)
    })
}

/// A number of exactly `width` digits, at most four.
fn digits<'a, E: ParseError<&'a [u8]>>(width: usize) -> impl Parser<&'a [u8], Output = u16, Error = E> {
    map(take_while_m_n(width, width, |byte: u8| byte.is_ascii_digit()), |text: &[u8]| {
        text.iter().fold(0u16, |number, &digit| {
            number.saturating_mul(10).saturating_add(digit.saturating_sub(b'0').into())
        })
    })
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.to_ascii(), f)
    }
}

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        Self::parse(text.as_bytes())
    }
}

/// A day of the week.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Weekday {
    /// `Sun`
    Sunday,
    /// `Mon`
    Monday,
    /// `Tue`
    Tuesday,
    /// `Wed`
    Wednesday,
    /// `Thu`
    Thursday,
    /// `Fri`
    Friday,
    /// `Sat`
    Saturday,
}

impl Weekday {
    /// All seven, from Sunday.
    pub const ALL: [Self; 7] = [
        Self::Sunday,
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
    ];

    /// The three letters that stand in a date.
    #[must_use]
    pub const fn short_name(self) -> &'static str {
        match self {
            Self::Sunday => "Sun",
            Self::Monday => "Mon",
            Self::Tuesday => "Tue",
            Self::Wednesday => "Wed",
            Self::Thursday => "Thu",
            Self::Friday => "Fri",
            Self::Saturday => "Sat",
        }
    }
}

/// Why a text is not a date.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum DateError {
    /// It does not look like one.
    Syntax {
        /// Index of the first part that does not fit; the length of the text if it is too short.
        position: usize,
    },
    /// A number is beyond the calendar or the clock: February 30, 24:00, year 0.
    NoSuchDate,
    /// The date falls on another day of the week.
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

#[cfg(test)]
mod tests {
    use std::string::ToString;
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_moments() {
        for (seconds, text) in [
            (0, "Thu Jan  1 00:00:00 1970"),
            (-1, "Wed Dec 31 23:59:59 1969"),
            (951_782_399, "Mon Feb 28 23:59:59 2000"),
            (951_782_400, "Tue Feb 29 00:00:00 2000"),
            (1_174_622_400, "Fri Mar 23 04:00:00 2007"),
            (4_107_542_399, "Sun Feb 28 23:59:59 2100"),
            (4_107_542_400, "Mon Mar  1 00:00:00 2100"),
            (2_147_483_648, "Tue Jan 19 03:14:08 2038"),
            (-62_135_596_800, "Mon Jan  1 00:00:00 0001"),
            (253_402_300_799, "Fri Dec 31 23:59:59 9999"),
        ] {
            let date = Date::from_unix_seconds(seconds).unwrap();
            assert_eq!(date.to_string(), text);
            assert_eq!(date.to_unix_seconds(), seconds);
            assert_eq!(text.parse(), Ok(date));
        }
        for seconds in [-62_135_596_801, 253_402_300_800, i64::MIN, i64::MAX] {
            assert_eq!(Date::from_unix_seconds(seconds), None);
        }
        assert_eq!(Date::MIN.to_unix_seconds(), -62_135_596_800);
        assert_eq!(Date::MAX.to_unix_seconds(), 253_402_300_799);
    }

    #[test]
    fn every_day_follows_the_day_before() {
        let mut day = Date::MIN;
        let mut weekday = (0..).zip(Weekday::ALL).find(|(_, day)| *day == Weekday::Monday).unwrap().0;
        let mut seconds = day.to_unix_seconds();
        let mut count = 0;
        while let Some(next) = Date::from_unix_seconds(seconds + SECONDS_A_DAY) {
            let same_month = (day.year, day.month) == (next.year, next.month);
            assert!(if same_month { next.day == day.day + 1 } else { next.day == 1 }, "{day} {next}");
            weekday = (weekday + 1) % 7;
            assert_eq!(next.weekday(), Weekday::ALL[weekday], "{next}");
            seconds += SECONDS_A_DAY;
            assert_eq!(next.to_unix_seconds(), seconds);
            day = next;
            count += 1;
        }
        assert_eq!(count, 3_652_058);
    }

    #[test]
    fn what_is_not_a_date() {
        for (text, position) in [
            ("", 0),
            ("Fry Mar 23 04:00:00 2007", 0),
            ("Fri Mai 23 04:00:00 2007", 4),
            ("Fri Mar 3 04:00:00 2007", 8),
            ("Fri Mar 23 4:00:00 2007", 11),
            ("Fri Mar 23 04:00:00 207", 20),
            ("Fri Mar 23 04:00:00 20070", 24),
            ("Fri Mar 23 04:00:00 2007\n", 24),
        ] {
            assert_eq!(text.parse::<Date>(), Err(DateError::Syntax { position }), "{text}");
        }
        for text in [
            "Fri Mar 32 04:00:00 2007",
            "Fri Mar  0 04:00:00 2007",
            "Fri Feb 29 04:00:00 2007",
            "Fri Mar 23 24:00:00 2007",
            "Fri Mar 23 04:60:00 2007",
            "Fri Mar 23 04:00:60 2007",
            "Fri Mar 23 04:00:00 0000",
        ] {
            assert_eq!(text.parse::<Date>(), Err(DateError::NoSuchDate), "{text}");
        }
        assert_eq!("Thu Mar 23 04:00:00 2007".parse::<Date>(), Err(DateError::WrongWeekday));
    }

    #[test]
    fn case_and_a_leading_zero_do_not_matter() {
        let date = "Fri Mar  2 04:00:00 2007".parse::<Date>().unwrap();
        assert_eq!("FRI mar 02 04:00:00 2007".parse(), Ok(date));
        assert_eq!(date.to_string(), "Fri Mar  2 04:00:00 2007");
    }

    #[test]
    fn each_part_can_be_asked_for() {
        let date = Date::new(2024, 2, 29, 23, 58, 57).unwrap();
        assert_eq!((date.year(), date.month(), date.day()), (2024, 2, 29));
        assert_eq!((date.hour(), date.minute(), date.second()), (23, 58, 57));
        assert_eq!(date.weekday(), Weekday::Thursday);
        for (day, weekday) in (1..).zip(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]) {
            assert_eq!(Date::new(2024, 1, day, 0, 0, 0).unwrap().weekday().short_name(), weekday);
        }
    }

    #[test]
    fn each_month_has_its_days() {
        for (year, february) in [(2024, 29), (2023, 28), (2000, 29), (1900, 28), (2100, 28), (4, 29), (1, 28)]
        {
            let days = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
            for (month, days) in (1..).zip(days) {
                assert!(Date::new(year, month, days, 0, 0, 0).is_some(), "{year} {month}");
                assert!(Date::new(year, month, days + 1, 0, 0, 0).is_none(), "{year} {month}");
            }
        }
        assert!(Date::new(2024, 0, 1, 0, 0, 0).is_none() && Date::new(2024, 13, 1, 0, 0, 0).is_none());
    }

    #[test]
    fn errors_say_what_is_wrong() {
        for (text, expected) in [
            ("Fri", "not a date: unexpected at byte 3"),
            ("Fri Feb 30 04:00:00 2007", "there is no such date or time"),
            ("Thu Mar 23 04:00:00 2007", "the date falls on another day of the week"),
        ] {
            assert_eq!(text.parse::<Date>().unwrap_err().to_string(), expected);
        }
    }

    #[cfg(feature = "serde")]
    #[test]
    fn stored_as_text() {
        let date = Date::new(2007, 3, 23, 4, 0, 0).unwrap();
        assert_eq!(serde_json::to_string(&date).unwrap(), r#""Fri Mar 23 04:00:00 2007""#);
        assert_eq!(serde_json::from_str::<Date>(r#""Fri Mar 23 04:00:00 2007""#).unwrap(), date);
        let wrong = serde_json::from_str::<Date>("7").unwrap_err().to_string();
        assert!(wrong.contains("expected a date such as Fri Mar 23 04:00:00 2007"), "{wrong}");
    }

    #[cfg(feature = "arbitrary")]
    #[test]
    fn any_bytes_make_a_date() {
        use arbitrary::{Arbitrary, Unstructured};
        // So many hold all seconds of 9999 years.
        let (least, most) = Date::size_hint(0);
        assert_eq!((least, most), (5, Some(5)));
        for fill in [0, 1, 0x55, 0xff] {
            let bytes = std::vec![fill; least];
            let mut source = Unstructured::new(&bytes);
            let date = Date::arbitrary(&mut source).unwrap();
            assert!((Date::MIN..=Date::MAX).contains(&date));
            assert!(source.is_empty(), "it takes as much as it says");
        }
        assert_ne!(
            Date::arbitrary(&mut Unstructured::new(&[1; 5])),
            Date::arbitrary(&mut Unstructured::new(&[2; 5]))
        );
    }

    proptest! {
        #[test]
        fn parsing_undoes_printing(seconds in -62_135_596_800i64..=253_402_300_799) {
            let date = Date::from_unix_seconds(seconds).unwrap();
            prop_assert_eq!(date.to_unix_seconds(), seconds);
            let text = date.to_ascii();
            prop_assert_eq!(text.len(), Date::TEXT_LEN);
            prop_assert_eq!(Date::parse(text.as_bytes()), Ok(date));
        }

        #[test]
        fn any_bytes_are_parsed_or_refused(bytes: Vec<u8>) {
            let _ = Date::parse(&bytes);
        }

        #[test]
        fn almost_a_date_is_parsed_or_refused(text in "(Fri|Sat) (Feb|Mar) [ 0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} [0-9]{3,5}") {
            if let Ok(date) = text.parse::<Date>() {
                prop_assert_eq!(date.to_string().parse(), Ok(date));
            }
        }
    }
}
