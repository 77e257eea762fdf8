//! Dates as clients write them: what C's `strptime` accepts.

use crate::message::ReturnCode;
use crate::text::{Date, Weekday};

/// Parses a date as a client writes it. An empty text, one character, or a line end is `now`; otherwise it is one of
///
/// ```text
/// 12:27:02 Fri Mar 23 2007
/// Mar 23 2007 12:27:02
/// Fri Mar 23 2007 12:27:02
/// Fri Mar 23 12:27:02 2007
/// 03/23/07 12:27:02
/// ```
///
/// Names can be whole or three letters long, in upper or lower case. Between the fields there can be any number of
/// blanks, numbers need no leading zeros, and the rest of the text is ignored (owfs: `ow_parseinput.c` with C's
/// `strptime`). The day of the week is not checked, and days past the end of a month belong to the next one. Times are
/// those of the server's clock.
///
/// # Errors
/// [`ReturnCode::INVALID_VALUE`], also for `now` without a clock.
pub(super) fn parse(text: &[u8], now: Option<Date>) -> Result<Date, ReturnCode> {
    if text.len() < 2 || matches!(text.first(), None | Some(b'\0' | b'\n')) {
        return now.ok_or(ReturnCode::INVALID_VALUE);
    }
    use Field::{Day, Month, MonthName, ShortYear, Slash, Time, WeekdayName, Year};
    const FORMATS: [&[Field]; 5] = [
        &[Time, WeekdayName, MonthName, Day, Year],
        &[MonthName, Day, Year, Time],
        &[WeekdayName, MonthName, Day, Year, Time],
        &[WeekdayName, MonthName, Day, Time, Year],
        &[Month, Slash, Day, Slash, ShortYear, Time],
    ];
    FORMATS.iter().find_map(|format| Parts::parse(text, format)).ok_or(ReturnCode::INVALID_VALUE)
}

#[derive(Clone, Copy)]
enum Field {
    Time,
    WeekdayName,
    MonthName,
    Month,
    Day,
    Year,
    ShortYear,
    Slash,
}

struct Parts<'t> {
    rest: &'t [u8],
    year: u16,
    month: u8,
    day: u8,
    time: (u8, u8, u8),
}

const MONTHS: [&[u8]; 12] = [
    b"january",
    b"february",
    b"march",
    b"april",
    b"may",
    b"june",
    b"july",
    b"august",
    b"september",
    b"october",
    b"november",
    b"december",
];

const WEEKDAYS: [&[u8]; 7] =
    [b"sunday", b"monday", b"tuesday", b"wednesday", b"thursday", b"friday", b"saturday"];

impl<'t> Parts<'t> {
    fn parse(text: &'t [u8], format: &[Field]) -> Option<Date> {
        let mut parts = Parts { rest: text, year: 0, month: 0, day: 0, time: (0, 0, 0) };
        for field in format {
            parts.rest = parts.rest.trim_ascii_start();
            parts.take(*field)?;
        }
        parts.date()
    }

    fn take(&mut self, field: Field) -> Option<()> {
        match field {
            Field::Time => {
                let hour = self.number(2, 0, 23)?;
                self.byte(b':')?;
                let minute = self.number(2, 0, 59)?;
                self.byte(b':')?;
                // C accepts leap seconds. Here they are the second before.
                let second = self.number(2, 0, 61)?.min(59);
                self.time =
                    (u8::try_from(hour).ok()?, u8::try_from(minute).ok()?, u8::try_from(second).ok()?);
            }
            Field::WeekdayName => {
                self.name(&WEEKDAYS)?;
            }
            Field::MonthName => self.month = u8::try_from(self.name(&MONTHS)?.checked_add(1)?).ok()?,
            Field::Month => self.month = u8::try_from(self.number(2, 1, 12)?).ok()?,
            Field::Day => self.day = u8::try_from(self.number(2, 1, 31)?).ok()?,
            Field::Year => self.year = self.number(4, 1, 9999)?,
            Field::ShortYear => {
                let year = self.number(2, 0, 99)?;
                self.year = year.checked_add(if year < 69 { 2000 } else { 1900 })?;
            }
            Field::Slash => self.byte(b'/')?,
        }
        Some(())
    }

    fn byte(&mut self, byte: u8) -> Option<()> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        (*first == byte).then_some(())
    }

    /// A number in the range from `least` to `most`, of at most this many digits, after blanks. Ends before a digit that
    /// would make it greater than `most`.
    fn number(&mut self, digits: usize, least: u16, most: u16) -> Option<u16> {
        self.rest = self.rest.trim_ascii_start();
        let mut number = None;
        for _ in 0..digits {
            let Some((digit, rest)) = self.rest.split_first() else { break };
            if !digit.is_ascii_digit() {
                break;
            }
            let longer =
                number.unwrap_or(0u16).checked_mul(10)?.checked_add(digit.wrapping_sub(b'0').into())?;
            if longer > most {
                break;
            }
            number = Some(longer);
            self.rest = rest;
        }
        number.filter(|number| *number >= least)
    }

    /// A whole name, or its first three letters. Returns its index.
    fn name(&mut self, names: &[&[u8]]) -> Option<usize> {
        let starts_with =
            |name: &[u8]| self.rest.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
        let (at, len) = names.iter().enumerate().find_map(|(at, name)| {
            [*name, name.get(..3)?].iter().find(|name| starts_with(name)).map(|name| (at, name.len()))
        })?;
        self.rest = self.rest.get(len..)?;
        Some(at)
    }

    fn date(&self) -> Option<Date> {
        let (hour, minute, second) = self.time;
        let first = Date::new(self.year, self.month, 1, hour, minute, second)?.to_unix_seconds();
        let days = i64::from(self.day).checked_sub(1)?;
        Date::from_unix_seconds(first.checked_add(days.checked_mul(86_400)?)?)
    }
}

const _: () = assert!(Weekday::ALL.len() == WEEKDAYS.len());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_has_one_of_five_formats() {
        let noon = Date::new(2007, 3, 23, 12, 27, 2).unwrap();
        for text in [
            "12:27:02 Fri Mar 23 2007",
            "Mar 23 2007 12:27:02",
            "march 23 2007 12:27:02 and more",
            "Fri Mar 23 2007 12:27:02",
            "friday MARCH 23 2007 12:27:2",
            "Fri Mar 23 12:27:02 2007",
            "03/23/07 12:27:02",
            "  3/23/07   12:27:02",
        ] {
            assert_eq!(parse(text.as_bytes(), None), Ok(noon), "{text:?}");
        }
        assert_eq!(parse(b"Feb 31 2007 00:00:00", None), Ok(Date::new(2007, 3, 3, 0, 0, 0).unwrap()));
    }

    #[test]
    fn an_empty_text_is_now() {
        let now = Date::new(2021, 1, 1, 0, 0, 0);
        for text in ["", "1", "\n", "\nxxxx", "\0xx"] {
            assert_eq!(parse(text.as_bytes(), now), now.ok_or(ReturnCode::INVALID_VALUE), "{text:?}");
            assert_eq!(parse(text.as_bytes(), None), Err(ReturnCode::INVALID_VALUE), "{text:?}");
        }
    }

    #[test]
    fn a_date_in_another_format_is_refused() {
        for text in [
            "2021-01-01",
            "99/99/07 12:00:00",
            "Mar 23 2007",
            "12:27:02",
            "Mxx 23 2007 12:27:02",
            "Mar 32 2007 1:1:1",
            "Mar 23 2007 25:00:00",
            "Mar 23 0 12:00:00",
        ] {
            assert_eq!(parse(text.as_bytes(), None), Err(ReturnCode::INVALID_VALUE), "{text:?}");
        }
    }

    #[test]
    fn two_characters_are_neither_now_nor_a_date() {
        assert_eq!(parse(b"12", Date::new(2021, 1, 1, 0, 0, 0)), Err(ReturnCode::INVALID_VALUE));
    }

    #[test]
    fn a_year_of_two_digits_is_from_1969_on() {
        // As C's strptime has it.
        for (text, year) in [("69", 1969), ("99", 1999), ("00", 2000), ("68", 2068)] {
            let text = std::format!("03/23/{text} 12:27:02");
            assert_eq!(
                parse(text.as_bytes(), None),
                Ok(Date::new(year, 3, 23, 12, 27, 2).unwrap()),
                "{text}"
            );
        }
    }
}
