use core::str::FromStr;

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while_m_n};
use nom::combinator::{map, map_opt, map_res};
use nom::error::{FromExternalError, ParseError};
use nom::sequence::preceded;
use nom::{IResult, Parser};

use super::{Date, DateError, MONTHS, Weekday};
use crate::text::parse_error::parse_whole;

impl Date {
    /// Parses exactly the 24 characters that owserver writes.
    ///
    /// Names may be in any case, and the day may have a blank or a zero in front. A weekday that does not match the date is
    /// an error: servers compute it, so such a text was damaged.
    ///
    /// # Errors
    /// [`DateError`].
    pub fn parse(text: &[u8]) -> Result<Self, DateError> {
        parse_whole(text, date).map_err(|(position, reason)| reason.unwrap_or(DateError::Syntax { position }))
    }
}

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        Self::parse(text.as_bytes())
    }
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
    let day = preceded(tag(&b" "[..]), alt((preceded(tag(&b" "[..]), digits(1)), digits(2))));
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

/// Three letters in any case; returns their index in `names`.
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
