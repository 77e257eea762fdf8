use std::string::ToString;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;

#[test]
fn dates_and_unix_seconds_convert_both_ways() {
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
fn text_that_is_not_a_date_is_refused_with_its_position() {
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
fn names_in_any_case_and_days_with_a_leading_zero_are_parsed() {
    let date = "Fri Mar  2 04:00:00 2007".parse::<Date>().unwrap();
    assert_eq!("FRI mar 02 04:00:00 2007".parse(), Ok(date));
    assert_eq!(date.to_string(), "Fri Mar  2 04:00:00 2007");
}

#[test]
fn each_part_has_a_getter() {
    let date = Date::new(2024, 2, 29, 23, 58, 57).unwrap();
    assert_eq!((date.year(), date.month(), date.day()), (2024, 2, 29));
    assert_eq!((date.hour(), date.minute(), date.second()), (23, 58, 57));
    assert_eq!(date.weekday(), Weekday::Thursday);
    for (day, weekday) in (1..).zip(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]) {
        assert_eq!(Date::new(2024, 1, day, 0, 0, 0).unwrap().weekday().short_name(), weekday);
    }
}

#[test]
fn a_date_exists_up_to_the_last_day_of_its_month() {
    for (year, february) in [(2024, 29), (2023, 28), (2000, 29), (1900, 28), (2100, 28), (4, 29), (1, 28)] {
        let days = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        for (month, days) in (1..).zip(days) {
            assert!(Date::new(year, month, days, 0, 0, 0).is_some(), "{year} {month}");
            assert!(Date::new(year, month, days + 1, 0, 0, 0).is_none(), "{year} {month}");
        }
    }
    assert!(Date::new(2024, 0, 1, 0, 0, 0).is_none() && Date::new(2024, 13, 1, 0, 0, 0).is_none());
}

#[test]
fn each_error_says_what_is_wrong() {
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
fn serde_stores_a_date_as_text() {
    let date = Date::new(2007, 3, 23, 4, 0, 0).unwrap();
    assert_eq!(serde_json::to_string(&date).unwrap(), r#""Fri Mar 23 04:00:00 2007""#);
    assert_eq!(serde_json::from_str::<Date>(r#""Fri Mar 23 04:00:00 2007""#).unwrap(), date);
    let wrong = serde_json::from_str::<Date>("7").unwrap_err().to_string();
    assert!(wrong.contains("expected a date such as Fri Mar 23 04:00:00 2007"), "{wrong}");
}

#[cfg(feature = "arbitrary")]
#[test]
fn arbitrary_makes_a_date_of_any_bytes() {
    use arbitrary::{Arbitrary, Unstructured};
    // Five bytes hold the seconds of 9999 years.
    let (least, most) = Date::size_hint(0);
    assert_eq!((least, most), (5, Some(5)));
    for fill in [0, 1, 0x55, 0xff] {
        let bytes = std::vec![fill; least];
        let mut source = Unstructured::new(&bytes);
        let date = Date::arbitrary(&mut source).unwrap();
        assert!((Date::MIN..=Date::MAX).contains(&date));
        assert!(source.is_empty(), "it uses as many bytes as size_hint returns");
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
