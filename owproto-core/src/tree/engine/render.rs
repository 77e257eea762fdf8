use super::stop::StopReason;
use super::units;
use crate::message::ReturnCode;
use crate::text::{Padding, RenderBuffer, Value, ValueType, arithmetic, yes_no_text};
use crate::tree::bus::{Bus, NO_VALUE};
use crate::tree::model::scope::Scope;
use crate::wire::Flags;

/// The text of a value of this type, in the scale and the width of the flags.
pub(super) fn text_of<'a, B: Bus>(
    value_type: ValueType,
    value: Value<'a>,
    flags: Flags,
    rendered: &'a mut RenderBuffer,
) -> Result<&'a [u8], StopReason> {
    let padding = Padding::from_flags(flags);
    let text: Option<&[u8]> = match value_type {
        ValueType::Integer | ValueType::Unsigned | ValueType::BitField => {
            let (is_negative, magnitude) = integer(value).ok_or(NO_VALUE)?;
            let is_out_of_range = if value_type == ValueType::Integer {
                magnitude > i32::MAX.unsigned_abs() && !is_negative
            } else {
                is_negative
            };
            if is_out_of_range { None } else { Some(rendered.integer(is_negative, magnitude, padding)) }
        }
        ValueType::Float
        | ValueType::Temperature
        | ValueType::TemperatureDifference
        | ValueType::Pressure => {
            let number = match value {
                Value::Float(number) => number,
                _ => {
                    let (is_negative, magnitude) = integer(value).ok_or(NO_VALUE)?;
                    arithmetic::from_integer(is_negative, magnitude)
                }
            };
            let text = rendered.float(units::to_client(value_type, number, flags), padding);
            Some(text.map_err(|_| ReturnCode::MESSAGE_SIZE)?)
        }
        ValueType::YesNo => value.as_bool().map(yes_no_text),
        ValueType::Date if B::SCOPE.contains(Scope::DATES) => value.as_date().map(|date| rendered.date(date)),
        ValueType::Text | ValueType::Alias | ValueType::Bytes | ValueType::Unknown => value.as_bytes(),
        ValueType::Date | ValueType::Directory => None,
    };
    Ok(text.ok_or(NO_VALUE)?)
}

/// An integer as its sign (true: negative) and its magnitude.
fn integer(value: Value<'_>) -> Option<(bool, u32)> {
    match value {
        Value::Integer(number) => Some((number < 0, number.unsigned_abs())),
        Value::Unsigned(number) => Some((false, number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
