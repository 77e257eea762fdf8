//! Compared with the standard library's conversions.

use std::format;
use std::string::String;

use proptest::prelude::*;

use super::digits::{digits_by_ratio, digits_in_128_bits, digits_of, shortest_digits_of};
use super::parse::parse_decimal;
use super::ratio::mantissa_and_exponent;

fn assert_parsed_as_std(text: &str) {
    let expected: f64 = text.parse().unwrap();
    assert_eq!(parse_decimal(text.as_bytes()).to_bits(), expected.to_bits(), "{text}");
}

/// The first `len` digits and the exponent, by the standard library.
fn std_digits(number: f64, len: usize) -> (String, i32) {
    let text = format!("{number:.*e}", len - 1);
    let (digits, exponent) = text.split_once('e').unwrap();
    (digits.replace('.', ""), exponent.parse().unwrap())
}

/// The first `len` digits and the exponent, by this module.
fn our_digits(number: f64, len: usize) -> (String, i32) {
    let mut digits = [0; 17];
    let exponent = digits_of(number, &mut digits[..len]);
    (digits[..len].iter().map(|digit| char::from(b'0' + digit)).collect(), exponent)
}

#[test]
fn floats_at_their_limits_are_parsed_and_written_as_by_the_standard_library() {
    for text in [
        "0",
        "-0",
        "0.0e5",
        "1",
        "-1.5",
        ".5",
        "5.",
        "1e23",
        "9007199254740993",
        "9007199254740993.0000001",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "1.7976931348623159e308",
        "1e309",
        "1e99999999999",
        "2.2250738585072014e-308",
        "2.2250738585072011e-308",
        "4.9406564584124654e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "1e-400",
        "1e-99999999999",
        "500000000000000000000000000000000000e-359",
        "0000000000000000000000000000000000000000000001.25",
        "0.000000000000000000000000000000000000000000000000000000000000000000001e60",
        "123456789012345678901234567890",
        "100000000000000000000000000000000000000000000000000000000000000000",
        "0e999999999999",
        "+12.5",
    ] {
        assert_parsed_as_std(text);
    }
    for number in [f64::MIN_POSITIVE, f64::from_bits(1), f64::MAX, 1.0, 9.999_995, 999_999.5, 0.5, 1e23] {
        for len in 1..=17 {
            assert_eq!(our_digits(number, len), std_digits(number, len), "{number:e} {len}");
        }
    }
}

#[test]
fn digits_far_after_the_point_break_ties() {
    // 2^53 + 1 is halfway between 2^53 and 2^53 + 2.
    let zeros = "0".repeat(60);
    for (tail, expected) in
        [("", 9_007_199_254_740_992.0), ("1", 9_007_199_254_740_994.0), ("10", 9_007_199_254_740_994.0)]
    {
        let text = format!("9007199254740993.{zeros}{tail}");
        assert!((parse_decimal(text.as_bytes()) - expected).abs() < 0.5, "{text}");
    }
}

/// Whether the conversion in 128 bits takes the number, and gives the digits that the exact one gives.
fn fast_digits_agree(number: f64, len: usize) -> bool {
    let (mantissa, exponent) = mantissa_and_exponent(number);
    let (mut fast, mut exact) = ([0; 17], [0; 17]);
    let decimal_exponent = digits_by_ratio(mantissa, exponent, &mut exact[..len]);
    digits_in_128_bits(mantissa, exponent, &mut fast[..len]) == Some(decimal_exponent) && fast == exact
}

#[test]
fn common_numbers_are_converted_in_128_bits() {
    for (number, least, most) in [
        (4.1, 1, 17),
        (1e-3, 1, 17),
        (1.1e-14, 1, 6),
        (4_503_599_627_370_495.5, 16, 17),
        (999_999.5, 6, 17),
        (9.999_995, 1, 17),
        (99.999_95, 2, 17),
        // Ties: to the even digit below, and above.
        (12.5, 2, 17),
        (13.5, 2, 17),
        (0.000_122_070_312_5, 6, 6),
        (1e15, 16, 17),
        (524_288.5, 6, 17),
    ] {
        for len in least..=most {
            assert!(fast_digits_agree(number, len), "{number:e} {len}");
        }
    }
    let mut digits = [0; 17];
    for (number, len) in [
        (4_503_599_627_370_496.0, 17),
        (9.9e-4, 17),
        (9.9e-15, 6),
        (10.5, 1),
        (f64::MAX, 17),
        (f64::from_bits(1), 1),
    ] {
        let (mantissa, exponent) = mantissa_and_exponent(number);
        assert_eq!(digits_in_128_bits(mantissa, exponent, &mut digits[..len]), None, "{number:e} {len}");
    }
}

proptest! {
    #[test]
    fn digits_in_128_bits_are_the_exact_ones(thousandths in 1..100_000_000u32, halvings in 0..12, len in 9..=17usize) {
        prop_assert!(fast_digits_agree(f64::from(thousandths) / 1000.0, len.max(12)));
        prop_assert!(fast_digits_agree(f64::from(thousandths) / f64::from(1 << halvings), len));
        let six = f64::from(thousandths % 1_000_000) + 0.5;
        prop_assert!(fast_digits_agree(six / f64::from(1 << halvings), 6));
    }

    #[test]
    fn parsed_floats_are_those_of_the_standard_library(bits: u64, digits in "[0-9]{1,30}(\\.[0-9]{0,30})?", exponent in -340..320) {
        let number = f64::from_bits(bits);
        if number.is_finite() {
            assert_parsed_as_std(&format!("{number:e}"));
            assert_parsed_as_std(&format!("{number:.25e}"));
        }
        if digits.trim_start_matches(['0', '.']).len() <= 40 {
            assert_parsed_as_std(&format!("{digits}e{exponent}"));
        }
    }

    #[test]
    fn written_digits_are_those_of_the_standard_library(bits: u64, is_subnormal: bool, len in 1..=17usize) {
        let number = f64::from_bits(bits & if is_subnormal { u64::MAX >> 12 } else { u64::MAX >> 1 });
        if number.is_finite() && number > 0.0 {
            prop_assert_eq!(our_digits(number, len), std_digits(number, len));
            let mut digits = [0; 17];
            let (len, exponent) = shortest_digits_of(number, &mut digits);
            let text: String = digits[..len].iter().map(|digit| char::from(b'0' + digit)).collect();
            prop_assert_eq!((&text, exponent), (&std_digits(number, len).0, std_digits(number, len).1));
            prop_assert_eq!(parse_decimal(format!("{text}e{}", exponent + 1 - i32::try_from(len).unwrap()).as_bytes()), number);
            // Of two equally near candidates the standard library may choose the other one.
            let by_std = format!("{number:e}").split_once('e').unwrap().0.replace('.', "");
            prop_assert_eq!(by_std.len(), len);
        }
    }
}
