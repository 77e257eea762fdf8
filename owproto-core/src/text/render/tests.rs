use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::text::{Elements, ValueType};

#[test]
fn percent_g_agrees_with_glibc() {
    let mut count = 0;
    for line in include_str!("percent_g.txt").lines().filter(|line| !line.starts_with('#')) {
        let (bits, expected) = line.split_once(' ').unwrap();
        let number = f64::from_bits(u64::from_str_radix(bits, 16).unwrap());
        assert_eq!(percent_g(number), expected, "{number:e}");
        count += 1;
    }
    assert!(count > 500, "{count}");
}

#[test]
fn floats_render_as_observed() {
    // Observed, owserver 3.2p4.
    for (number, text) in [
        (4.1, "         4.1"),
        (0.000_123_456_789, " 0.000123457"),
        (-123_456_789.0, "-1.23457E+08"),
        (1013.25, "     1013.25"),
        (0.003_947_692_677, "  0.00394769"),
    ] {
        assert_eq!(Value::Float(number).render(Padding::Padded).unwrap().as_bytes(), text.as_bytes());
    }
}

#[test]
fn more_than_twelve_columns_are_an_error() {
    for padding in [Padding::Padded, Padding::Trimmed] {
        assert_eq!(Value::Float(-1.23456e-123).render(padding), Err(TooWide { columns: 13 }));
        assert_eq!(Value::Float(1.23456e-123).render(padding).unwrap().as_bytes(), b"1.23456E-123");
    }
}

#[test]
fn the_trim_flag_removes_padding() {
    assert_eq!(Padding::from_flags(Flags::NONE), Padding::Padded);
    assert_eq!(Padding::from_flags(Flags::TRIM | Flags::UNCACHED), Padding::Trimmed);
    let text = |value: Value<'static>, padding| Vec::from(value.render(padding).unwrap().as_bytes());
    assert_eq!(text(Value::Integer(i32::MIN), Padding::Padded), b" -2147483648");
    assert_eq!(text(Value::Unsigned(u32::MAX), Padding::Padded), b"  4294967295");
    assert_eq!(text(Value::Unsigned(44), Padding::Trimmed), b"44");
    assert_eq!(text(Value::YesNo(true), Padding::Padded), b"1");
    assert_eq!(text(Value::Text(b" a "), Padding::Trimmed), b" a ");
}

#[test]
fn the_longest_floats_are_encoded_in_full() {
    for (number, text) in [
        (-0.000_012_345_678_901_234_568, "-0.000012345678901234568"),
        (-1.234_567_890_123_456_7e-308, "-1.2345678901234567e-308"),
        (f64::MIN, "-1.7976931348623157e308"),
        (f64::from_bits(1), "5e-324"),
        (9_007_199_254_740_993.0, "9007199254740992"),
        (1e16, "1e16"),
        (0.0, "0"),
        (-0.0, "-0"),
        (f64::NEG_INFINITY, "-inf"),
    ] {
        assert_eq!(Value::Float(number).encode().as_bytes(), text.as_bytes());
    }
}

#[test]
fn lists_are_separated_by_commas_except_bytes() {
    let mut buffer = [0xa5; 12];
    let list = [Value::Integer(-1), Value::Text(b"ab"), Value::YesNo(false)];
    assert_eq!(encode_list(&list, &mut buffer), Ok(&b"-1,ab,0"[..]));
    assert_eq!(encode_list(&list, &mut buffer[..6]), Err(BufferTooSmall { needed: 7 }));
    assert_eq!(encode_list(&[Value::Bytes(b"ab"), Value::Bytes(b"cd")], &mut buffer), Ok(&b"abcd"[..]));
    assert_eq!(encode_list(&[], &mut []), Ok(&b""[..]));
    assert_eq!(Value::Float(1.5).encode_into(&mut buffer), Ok(&b"1.5"[..]));
    assert_eq!(Value::Text(b"abc").encode_into(&mut []), Err(BufferTooSmall { needed: 3 }));
}

/// Any value with its type. NaN is left out, so that values compare equal.
fn any_value(bytes: &[u8]) -> impl Strategy<Value = (ValueType, Value<'_>)> {
    prop_oneof![
        any::<i32>().prop_map(|n| (ValueType::Integer, Value::Integer(n))),
        any::<u32>().prop_map(|n| (ValueType::Unsigned, Value::Unsigned(n))),
        any::<u32>().prop_map(|n| (ValueType::BitField, Value::Unsigned(n))),
        any_float().prop_map(|n| (ValueType::Pressure, Value::Float(n))),
        any::<bool>().prop_map(|yes| (ValueType::YesNo, Value::YesNo(yes))),
        any_date().prop_map(|date| (ValueType::Date, Value::Date(date))),
        Just((ValueType::Text, Value::Text(bytes))),
        Just((ValueType::Alias, Value::Text(bytes))),
        Just((ValueType::Bytes, Value::Bytes(bytes))),
        Just((ValueType::Unknown, Value::Bytes(bytes))),
    ]
}

fn any_float() -> impl Strategy<Value = f64> {
    any::<u64>().prop_map(f64::from_bits).prop_filter("a number", |number| !number.is_nan())
}

fn any_date() -> impl Strategy<Value = Date> {
    let seconds = Date::MIN.to_unix_seconds()..=Date::MAX.to_unix_seconds();
    seconds.prop_map(|seconds| Date::from_unix_seconds(seconds).unwrap())
}

fn any_padding() -> impl Strategy<Value = Padding> {
    prop_oneof![Just(Padding::Padded), Just(Padding::Trimmed)]
}

const SOME_BYTES: &[u8] = b"  any \xff\0 bytes, as they are ";

#[test]
fn only_negative_numbers_have_a_minus() {
    for (number, text) in [(0, "0"), (1, "1"), (-1, "-1"), (i32::MIN, "-2147483648")] {
        assert_eq!(Value::Integer(number).render(Padding::Trimmed).unwrap().as_bytes(), text.as_bytes());
        assert_eq!(Value::Integer(number).encode().as_bytes(), text.as_bytes());
    }
}

#[test]
fn errors_name_the_required_length() {
    assert_eq!(std::format!("{}", TooWide { columns: 13 }), "a number has 12 columns, not 13");
    assert_eq!(std::format!("{}", BufferTooSmall { needed: 13 }), "the value needs 13 bytes");
}

proptest! {
    #[test]
    fn parsing_undoes_encoding((value_type, value) in any_value(SOME_BYTES)) {
        let text = value.encode();
        prop_assert_eq!(Value::parse(value_type, text.as_bytes()), Ok(value));
    }

    #[test]
    fn parsing_undoes_rendering((value_type, value) in any_value(SOME_BYTES), padding in any_padding()) {
        // A float keeps only six digits, see below.
        prop_assume!(!matches!(value, Value::Float(_)));
        let text = value.render(padding).unwrap();
        prop_assert_eq!(Value::parse(value_type, text.as_bytes()), Ok(value));
    }

    #[test]
    fn a_rendered_float_keeps_six_digits(number in any_float(), padding in any_padding()) {
        let Ok(text) = Value::Float(number).render(padding) else { return Ok(()) };
        if padding == Padding::Padded {
            prop_assert_eq!(text.as_bytes().len(), NUMBER_COLUMNS);
        }
        match Value::parse(ValueType::Float, text.as_bytes()) {
            Ok(Value::Float(parsed)) => {
                prop_assert!(parsed == number || (parsed - number).abs() <= number.abs() * 5.000_001e-6);
                let again = Value::Float(parsed).render(padding).unwrap();
                prop_assert_eq!(again.as_bytes(), text.as_bytes());
            }
            // Rounded to six digits it is above the largest float.
            error => prop_assert!(error.is_err() && number.abs() > 1.797_69e308),
        }
    }

    #[test]
    fn six_digits_survive_rendering(mantissa in -999_999i32..=999_999, exponent in -90i32..=90, padding in any_padding()) {
        let number: f64 = std::format!("{mantissa}e{exponent}").parse().unwrap();
        let text = Value::Float(number).render(padding).unwrap();
        prop_assert_eq!(Value::parse(ValueType::Float, text.as_bytes()), Ok(Value::Float(number)));
    }

    #[test]
    fn an_encoded_list_parses_to_the_same_values(numbers in proptest::collection::vec(any_float(), 0..9)) {
        let values: Vec<Value<'_>> = numbers.into_iter().map(Value::Float).collect();
        let mut buffer = [0xa5; 300];
        let list = encode_list(&values, &mut buffer).unwrap();
        let read: Result<Vec<Value<'_>>, _> = Elements::separated(ValueType::Float, list).collect();
        prop_assert_eq!(read, Ok(values));
    }
}
