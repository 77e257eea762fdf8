//! Degrees as floats, for processors without hardware for them.

use owproto_core::ReturnCode;
use owproto_core::text::Value;

/// The bits of a double's fraction.
const FRACTION: u64 = 52;

/// Converts sixteenths of a degree to degrees.
pub(super) fn celsius(sixteenths: i16) -> Value<'static> {
    // Subtracts 4 from the exponent, because a multiplication without hardware takes much flash.
    const SIXTEENTH: u64 = 4 << FRACTION;
    let bits = f64::from(sixteenths).to_bits();
    Value::Float(f64::from_bits(if sixteenths == 0 { bits } else { bits.wrapping_sub(SIXTEENTH) }))
}

/// The alarm limit for a number of degrees: a whole number, rounded towards zero (owfs: `ow_1820.c`).
pub(super) fn whole_degrees(degrees: f64) -> Result<i8, ReturnCode> {
    // Works on the bits of the number, because conversion and comparison without hardware take much flash.
    /// The exponent of 1.
    const ONE: u64 = 1023;
    /// The exponent, relative to 1, of all numbers from 128 to 256.
    const MAX_BITS: u64 = 7;
    let bits = degrees.to_bits();
    let exponent = bits >> FRACTION & 0x7ff;
    // Too great, or not a number.
    let places = (ONE + MAX_BITS).checked_sub(exponent).ok_or(ReturnCode::OUT_OF_RANGE)?;
    let leading = bits >> (FRACTION - MAX_BITS) & 0x7f | 0x80;
    let magnitude = if places > MAX_BITS { 0 } else { leading >> places };
    let magnitude = i16::try_from(magnitude).map_err(|_| ReturnCode::OUT_OF_RANGE)?;
    let whole = if degrees.is_sign_negative() { magnitude.wrapping_neg() } else { magnitude };
    i8::try_from(whole).map_err(|_| ReturnCode::OUT_OF_RANGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alarm_limits_are_rounded_towards_zero() {
        let cases = [
            (0.0, 0),
            (-0.0, 0),
            (f64::MIN_POSITIVE, 0),
            (0.999, 0),
            (-0.999, 0),
            (1.0, 1),
            (-1.5, -1),
            (25.9, 25),
            (-55.0, -55),
            (127.999, 127),
            (-128.999, -128),
        ];
        for (degrees, whole) in cases {
            assert_eq!(whole_degrees(degrees), Ok(whole), "{degrees}");
        }
        for tenths in -1289..1280_i16 {
            let degrees = f64::from(tenths) / 10.0;
            assert_eq!(whole_degrees(degrees).map(i16::from), Ok(tenths / 10), "{degrees}");
        }
        for degrees in
            [128.0, -129.0, 255.9, 256.0, 1e300, -1e300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN]
        {
            assert_eq!(whole_degrees(degrees), Err(ReturnCode::OUT_OF_RANGE), "{degrees}");
        }
    }
}
