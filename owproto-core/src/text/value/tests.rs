use std::string::ToString;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;

fn error(position: usize, kind: ValueErrorKind) -> Result<Value<'static>, ValueError> {
    Err(ValueError { position, kind })
}

#[test]
fn integers_are_parsed_or_refused_with_a_position() {
    let parse = |text| Value::parse(ValueType::Integer, text);
    for (text, number) in [
        (&b"         239"[..], 239),
        (b"239", 239),
        (b"-2147483648", i32::MIN),
        (b" 2147483647 ", i32::MAX),
        (b"+7", 7),
        (b"-0", 0),
        (b"0000000000000000000007\n", 7),
    ] {
        assert_eq!(parse(text), Ok(Value::Integer(number)));
    }
    assert_eq!(parse(b""), error(0, ValueErrorKind::Empty));
    assert_eq!(parse(b"   "), error(3, ValueErrorKind::Empty));
    assert_eq!(parse(b"  x"), error(2, ValueErrorKind::Syntax));
    assert_eq!(parse(b"  -"), error(3, ValueErrorKind::Syntax));
    assert_eq!(parse(b" 12x "), error(3, ValueErrorKind::Syntax));
    assert_eq!(parse(b"1 2"), error(1, ValueErrorKind::Syntax));
    assert_eq!(parse(b" 2147483648"), error(1, ValueErrorKind::OutOfRange));
    assert_eq!(parse(b"-2147483649"), error(0, ValueErrorKind::OutOfRange));
    assert_eq!(parse(b"99999999999"), error(0, ValueErrorKind::OutOfRange));
}

#[test]
fn unsigned_numbers_are_parsed_or_refused_with_a_position() {
    for value_type in [ValueType::Unsigned, ValueType::BitField] {
        let parse = |text| Value::parse(value_type, text);
        assert_eq!(parse(b"          36"), Ok(Value::Unsigned(36)));
        assert_eq!(parse(b"  4294967295"), Ok(Value::Unsigned(u32::MAX)));
        assert_eq!(parse(b"-0"), Ok(Value::Unsigned(0)));
        assert_eq!(parse(b"4294967296"), error(0, ValueErrorKind::OutOfRange));
        assert_eq!(parse(b" -5"), error(1, ValueErrorKind::OutOfRange));
        assert_eq!(parse(b"0x5"), error(1, ValueErrorKind::Syntax));
    }
}

#[test]
fn floats_are_parsed_or_refused_with_a_position() {
    let parse = |text| Value::parse(ValueType::Temperature, text);
    for (text, number) in [
        (&b"         3.6"[..], 3.6),
        (b"-1.23457E+08", -1.23457e8),
        (b"1E+10", 1e10),
        (b" 0.000123457", 0.000_123_457),
        (b".5", 0.5),
        (b"5.", 5.0),
        (b"+5e0", 5.0),
        (b"1e-400", 0.0),
        (b"         INF", f64::INFINITY),
        (b"-Inf", f64::NEG_INFINITY),
        (b"infinity", f64::INFINITY),
    ] {
        assert_eq!(parse(text), Ok(Value::Float(number)));
    }
    for text in [&b"         NAN"[..], b"nan", b"-NaN"] {
        assert!(matches!(parse(text), Ok(Value::Float(number)) if number.is_nan()));
    }
    assert_eq!(parse(b" 1e400"), error(1, ValueErrorKind::OutOfRange));
    assert_eq!(parse(b"-1e400"), error(0, ValueErrorKind::OutOfRange));
    assert_eq!(parse(b"        "), error(8, ValueErrorKind::Empty));
    assert_eq!(parse(b" 1.5 C"), error(4, ValueErrorKind::Syntax));
    assert_eq!(parse(b"1,5"), error(1, ValueErrorKind::Syntax));
    assert_eq!(parse(b"1E"), error(1, ValueErrorKind::Syntax));
    assert_eq!(parse(b"."), error(0, ValueErrorKind::Syntax));
    assert_eq!(parse(b"infin"), error(3, ValueErrorKind::Syntax));
    assert_eq!(parse(b"0x10"), error(1, ValueErrorKind::Syntax));
}

#[test]
fn yes_and_no_are_1_and_0() {
    let parse = |text| Value::parse(ValueType::YesNo, text);
    assert_eq!(parse(b"1"), Ok(Value::YesNo(true)));
    assert_eq!(parse(b" 0 "), Ok(Value::YesNo(false)));
    assert_eq!(parse(b""), error(0, ValueErrorKind::Empty));
    assert_eq!(parse(b"2"), error(0, ValueErrorKind::Syntax));
    assert_eq!(parse(b"10"), error(1, ValueErrorKind::Syntax));
}

#[test]
fn dates_are_parsed_or_refused_with_a_position() {
    let parse = |text| Value::parse(ValueType::Date, text);
    let date = Date::new(2007, 3, 23, 4, 0, 0).unwrap();
    assert_eq!(parse(b"Fri Mar 23 04:00:00 2007"), Ok(Value::Date(date)));
    assert_eq!(parse(b" Fri Mar 23 04:00:00 2007\n"), Ok(Value::Date(date)));
    assert_eq!(parse(b" Fri Mar 23 04:00;00 2007"), error(17, ValueErrorKind::Syntax));
    let wrong = parse(b"Sat Mar 23 04:00:00 2007");
    assert_eq!(wrong, error(0, ValueErrorKind::Date(DateError::WrongWeekday)));
    assert!(core::error::Error::source(&wrong.unwrap_err()).is_some());
}

#[test]
fn text_and_bytes_are_not_changed() {
    for value_type in [ValueType::Text, ValueType::Alias] {
        assert_eq!(Value::parse(value_type, b" a\xff "), Ok(Value::Text(b" a\xff ")));
        assert_eq!(Value::parse(value_type, b""), Ok(Value::Text(b"")));
    }
    for value_type in [ValueType::Bytes, ValueType::Unknown] {
        assert_eq!(Value::parse(value_type, b"\0 "), Ok(Value::Bytes(b"\0 ")));
    }
    assert_eq!(Value::parse(ValueType::Directory, b"x"), error(0, ValueErrorKind::Directory));
}

#[test]
fn bits_from_32_on_do_not_exist() {
    let bits = BitField(0x8000_0001);
    assert!(bits.get(0) && bits.get(31));
    assert!(!bits.get(1) && !bits.get(32) && !bits.get(u32::MAX));
    assert_eq!(bits.with(32, true).with(0, false), BitField(0x8000_0000));
}

#[test]
fn values_and_errors_print_for_people() {
    assert_eq!(Value::Text(b"k\xc3\xbcche\xff").to_string(), "küche\u{fffd}");
    assert_eq!(Value::Bytes(&[0x00, 0xab]).to_string(), "00ab");
    assert_eq!(Value::Float(39.38).to_string(), "39.38");
    assert_eq!(
        ValueError { position: 3, kind: ValueErrorKind::Syntax }.to_string(),
        "not a value of this type: unexpected at byte 3"
    );
}

#[test]
fn a_getter_returns_only_values_of_its_kind() {
    let date = Date::new(2007, 3, 23, 4, 0, 0).unwrap();
    for value in [
        Value::Integer(-7),
        Value::Unsigned(7),
        Value::Float(0.5),
        Value::YesNo(true),
        Value::Date(date),
        Value::Text(b"abc"),
        Value::Bytes(b"abc"),
    ] {
        let (number, bits, bytes, text) = match value {
            Value::Integer(_) => (Some(-7.0), None, None, None),
            Value::Unsigned(_) => (Some(7.0), Some(BitField(7)), None, None),
            Value::Float(_) => (Some(0.5), None, None, None),
            Value::Text(bytes) => (None, None, Some(bytes), Some("abc")),
            Value::Bytes(bytes) => (None, None, Some(bytes), None),
            Value::YesNo(_) | Value::Date(_) => (None, None, None, None),
        };
        assert_eq!((value.as_f64(), value.as_bit_field()), (number, bits), "{value:?}");
        assert_eq!((value.as_bytes(), value.as_str()), (bytes, text), "{value:?}");
        assert_eq!(value.as_bool(), matches!(value, Value::YesNo(_)).then_some(true));
        assert_eq!(value.as_date(), matches!(value, Value::Date(_)).then_some(date));
    }
    assert_eq!(Value::Text(b"\xff").as_str(), None);
}

#[test]
fn a_bit_that_is_set_stays_set() {
    assert_eq!(BitField(0b101).with(2, true), BitField(0b101));
    assert_eq!(BitField(0b101).with(1, false), BitField(0b101));
}

proptest! {
    #[test]
    fn any_bytes_are_parsed_or_refused(bytes: Vec<u8>) {
        for &value_type in ValueType::ALL {
            if let Err(error) = Value::parse(value_type, &bytes) {
                prop_assert!(error.position <= bytes.len());
            }
        }
    }

    #[test]
    fn floats_agree_with_the_standard_library(text in "[+-]?([0-9]{0,4}\\.?[0-9]{0,4}([eE][+-]?[0-9]{0,3})?|[iI][nN][fF](inity)?|nan)") {
        match (Value::parse(ValueType::Float, text.as_bytes()), text.parse::<f64>()) {
            (Ok(Value::Float(ours)), Ok(theirs)) => prop_assert_eq!(ours.to_bits(), theirs.to_bits()),
            (Err(_), Err(_)) => {}
            (Err(error), Ok(theirs)) => {
                prop_assert_eq!(error.kind, ValueErrorKind::OutOfRange);
                prop_assert!(theirs.is_infinite());
            }
            other => prop_assert!(false, "{text} {other:?}"),
        }
    }

    #[test]
    fn integers_agree_with_the_standard_library(text in "[+-]?[0-9]{0,12}") {
        let parsed = Value::parse(ValueType::Integer, text.as_bytes()).ok();
        prop_assert_eq!(parsed, text.parse().ok().map(Value::Integer));
    }

    #[test]
    fn a_parser_leaves_the_rest_of_the_input(number: i32, rest in "[ ,/a-z]?.*") {
        prop_assume!(!rest.starts_with(|c: char| c.is_ascii_digit()));
        let text = std::format!("{number}{rest}");
        prop_assert_eq!(integer::<()>(text.as_bytes()), Ok((rest.as_bytes(), number)));
    }
}
