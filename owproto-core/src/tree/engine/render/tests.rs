use super::*;
use crate::text::Date;
use crate::tree::tester::Tester;
use crate::wire::TemperatureScale;

#[test]
fn a_value_is_rendered_by_the_type_of_its_property() {
    let date = Date::new(2007, 3, 23, 4, 0, 0).unwrap();
    for (value_type, value, expected) in [
        (ValueType::Integer, Value::Integer(i32::MIN), Ok("-2147483648")),
        (ValueType::Integer, Value::Unsigned(0x7fff_ffff), Ok("2147483647")),
        (ValueType::Integer, Value::Unsigned(0x8000_0000), Err(NO_VALUE)),
        (ValueType::Integer, Value::Float(1.0), Err(NO_VALUE)),
        (ValueType::Unsigned, Value::Unsigned(u32::MAX), Ok("4294967295")),
        (ValueType::Unsigned, Value::Integer(7), Ok("7")),
        (ValueType::Unsigned, Value::Integer(0), Ok("0")),
        (ValueType::Unsigned, Value::Integer(-1), Err(NO_VALUE)),
        (ValueType::BitField, Value::Unsigned(5), Ok("5")),
        (ValueType::BitField, Value::YesNo(true), Err(NO_VALUE)),
        (ValueType::Float, Value::Float(0.5), Ok("0.5")),
        (ValueType::Float, Value::Integer(-3), Ok("-3")),
        (ValueType::Pressure, Value::Unsigned(1013), Ok("1013")),
        (ValueType::Temperature, Value::Integer(100), Ok("212")),
        (ValueType::TemperatureDifference, Value::Float(10.0), Ok("18")),
        (ValueType::Temperature, Value::Text(b"warm"), Err(NO_VALUE)),
        (ValueType::Float, Value::Float(-1.23456e-100), Err(ReturnCode::MESSAGE_SIZE)),
        (ValueType::YesNo, Value::YesNo(true), Ok("1")),
        (ValueType::YesNo, Value::YesNo(false), Ok("0")),
        (ValueType::YesNo, Value::Unsigned(1), Err(NO_VALUE)),
        (ValueType::Date, Value::Date(date), Ok("Fri Mar 23 04:00:00 2007")),
        (ValueType::Date, Value::Text(b"today"), Err(NO_VALUE)),
        (ValueType::Text, Value::Text(b"C2"), Ok("C2")),
        (ValueType::Alias, Value::Text(b"kitchen"), Ok("kitchen")),
        (ValueType::Text, Value::Float(1.0), Err(NO_VALUE)),
        (ValueType::Directory, Value::Text(b"aux"), Err(NO_VALUE)),
    ] {
        let flags = Flags::TRIM.with_temperature_scale(TemperatureScale::Fahrenheit);
        let mut rendered = RenderBuffer::new();
        let text = text_of::<Tester<'_>>(value_type, value, flags, &mut rendered);
        assert_eq!(text, expected.map(str::as_bytes).map_err(StopReason::from), "{value_type} {value:?}");
    }
}
