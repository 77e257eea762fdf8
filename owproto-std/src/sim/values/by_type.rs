//! Values of properties that have no entry in [`by_name`](super::by_name): plausible ones of the right type.

use owproto_core::text::{ChangeRate, ValueType};
use owproto_core::tree::Property;

use crate::sim::device_state::DeviceState;
use crate::sim::generate::{in_steps, mix, mix_text, smooth, toggling};
use crate::sim::operations::Moment;
use crate::sim::stored::Stored;

impl DeviceState {
    pub(super) fn by_type(&self, property: &'static Property, n: u32, moment: Moment) -> Option<Stored> {
        let t = moment.at.as_secs_f64();
        let key = mix(mix_text(self.key, property.name), n.into());
        let is_moving = matches!(property.change, ChangeRate::Volatile | ChangeRate::EverySecond)
            && !property.access.is_writable();
        let is_fixed = property.change == ChangeRate::Fixed;
        Some(match property.value_type {
            ValueType::Unsigned if is_moving => {
                Stored::Unsigned((mix(key, 2) % 100) as u32 + (t / 10.0) as u32)
            }
            ValueType::Unsigned => Stored::Unsigned(if is_fixed { (key % 16) as u32 } else { 0 }),
            ValueType::Integer if is_moving => Stored::Integer(smooth(key, t, -50.0, 50.0) as i32),
            ValueType::Integer => Stored::Integer(0),
            ValueType::Float if is_moving => Stored::Float(in_steps(smooth(key, t, 0.0, 5.0), 0.001)),
            ValueType::Float => Stored::Float(0.0),
            ValueType::Temperature if is_moving => Stored::Float(self.measured(self.resolution(), moment)),
            ValueType::Temperature => Stored::Float(0.0),
            ValueType::TemperatureDifference => Stored::Float(0.5),
            ValueType::Pressure if is_moving => Stored::Float(in_steps(smooth(key, t, 985.0, 1035.0), 0.1)),
            ValueType::Pressure => Stored::Float(0.0),
            ValueType::YesNo | ValueType::BitField => Stored::YesNo(is_moving && toggling(key, t)),
            ValueType::Text | ValueType::Alias if property.access.is_writable() => Stored::Text(Vec::new()),
            ValueType::Text | ValueType::Alias => Stored::text(&format!("{:X}", key & 0xffff)),
            _ => return None,
        })
    }
}
