use owproto_core::ReturnCode;
use owproto_core::text::{RomId, Value};
use owproto_core::tree::{Access, Element};

use super::degrees::{celsius, whole_degrees};
use super::device::Device;
use super::task::{Setting, Task};
use crate::devices::switch::DS2413;
use crate::devices::thermometer::{self, DS18S20, Die, Resolution};

/// A property of a device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum DeviceProperty {
    Temperature(Resolution),
    LatestTemperature,
    Scratchpad,
    Setting(Setting),
    Power,
    Die,
    Trim,
    IsTrimValid,
    IsTrimBlanket,
    PioState,
    Pio,
    Sensed,
}

impl DeviceProperty {
    /// The properties of a thermometer. `temperature` has the highest resolution (owfs: manual page DS18B20).
    const OF_THERMOMETER: &[(&str, Self)] = &[
        ("temperature", Self::Temperature(Resolution::Twelve)),
        ("temperature9", Self::Temperature(Resolution::Nine)),
        ("temperature10", Self::Temperature(Resolution::Ten)),
        ("temperature11", Self::Temperature(Resolution::Eleven)),
        ("temperature12", Self::Temperature(Resolution::Twelve)),
        ("fasttemp", Self::Temperature(Resolution::Nine)),
        ("latesttemp", Self::LatestTemperature),
        ("scratchpad", Self::Scratchpad),
        ("temphigh", Self::Setting(Setting::High)),
        ("templow", Self::Setting(Setting::Low)),
        ("tempres", Self::Setting(Setting::Configuration)),
        ("power", Self::Power),
        ("errata/die", Self::Die),
        ("errata/trim", Self::Trim),
        ("errata/trimvalid", Self::IsTrimValid),
        ("errata/trimblanket", Self::IsTrimBlanket),
    ];

    /// The properties of a DS2413.
    const OF_SWITCH: &[(&str, Self)] =
        &[("PIO", Self::Pio), ("piostate", Self::PioState), ("sensed", Self::Sensed)];

    /// The property with this name.
    // A table needs less flash than a `match`.
    pub(super) fn find(family: u8, name: &str) -> Option<Self> {
        let table = match family {
            DS2413 => Self::OF_SWITCH,
            family if thermometer::is_thermometer(family) => Self::OF_THERMOMETER,
            _ => return None,
        };
        let (_, property) = table.iter().find(|(entry, _)| *entry == name)?;
        Some(match property {
            // This family has only one resolution.
            Self::Temperature(_) if family == DS18S20 => Self::Temperature(Resolution::Twelve),
            property => *property,
        })
    }

    /// The task that reads it; `None` if the ROM id determines its value.
    pub(super) fn task(self, device: RomId) -> Option<Task> {
        Some(match self {
            Self::Temperature(resolution) => Task::Temperature(resolution),
            Self::LatestTemperature | Self::Scratchpad => Task::Scratchpad,
            Self::Setting(_) => Task::Settings,
            Self::Power => Task::Power,
            Self::Die => return None,
            // The first revision has no such register (owfs: `ow_1820.c`).
            Self::IsTrimValid | Self::IsTrimBlanket if Die::of(device) == Die::B6 => return None,
            Self::Trim | Self::IsTrimValid | Self::IsTrimBlanket => Task::Trim,
            Self::PioState | Self::Pio | Self::Sensed => Task::Pio,
        })
    }

    /// The value, from the cached values of the device.
    pub(super) fn value<'a>(self, device: &'a Device, access: &Access<'_>) -> Result<Value<'a>, ReturnCode> {
        let [high, low, configuration] = device.settings;
        let (family, die) = (device.id.family(), Die::of(device.id));
        Ok(match self {
            Self::Temperature(resolution) => celsius(device.temperature(resolution)),
            Self::LatestTemperature => celsius(device.scratchpad.temperature(family)),
            Self::Scratchpad => {
                Value::Bytes(device.scratchpad.bytes().get(access.offset..).unwrap_or_default())
            }
            Self::Setting(Setting::High) => Value::Float(f64::from(high.cast_signed())),
            Self::Setting(Setting::Low) => Value::Float(f64::from(low.cast_signed())),
            Self::Setting(Setting::Configuration) => {
                Value::Unsigned(Resolution::from_configuration(configuration).bits())
            }
            Self::Power => Value::YesNo(device.has_supply),
            Self::Die => Value::Text(die.name()),
            Self::Trim => Value::Unsigned(device.trim.value()),
            Self::IsTrimValid => Value::YesNo(die == Die::B6 || device.trim.is_valid()),
            Self::IsTrimBlanket if die == Die::B6 => return Err(ReturnCode::INVALID_VALUE),
            Self::IsTrimBlanket => Value::YesNo(device.trim.is_blanket()),
            Self::PioState => Value::Unsigned(device.pio.bits().into()),
            Self::Pio => channels(device.pio.conducting(), access.element),
            Self::Sensed => channels(device.pio.sensed(), access.element),
        })
    }

    /// The task that writes `value` to it.
    pub(super) fn write_task(self, element: Element<'_>, value: Value<'_>) -> Result<Task, ReturnCode> {
        match self {
            Self::Setting(Setting::Configuration) => {
                let Value::Unsigned(bits) = value else { return Err(ReturnCode::INVALID_VALUE) };
                let resolution = Resolution::from_bits(bits).ok_or(ReturnCode::INVALID_VALUE)?;
                Ok(Task::WriteSetting(Setting::Configuration, resolution.configuration()))
            }
            Self::Setting(setting) => {
                let degrees = value.as_f64().ok_or(ReturnCode::INVALID_VALUE)?;
                Ok(Task::WriteSetting(setting, whole_degrees(degrees)?.cast_unsigned()))
            }
            Self::Pio | Self::PioState => {
                let (mask, conducting) = match (element, value) {
                    (Element::Number(0), Value::YesNo(yes)) => (1, u8::from(yes)),
                    (Element::Number(_), Value::YesNo(yes)) => (2, u8::from(yes) << 1),
                    (_, Value::Unsigned(bits)) => (3, u8::try_from(bits & 3).unwrap_or_default()),
                    _ => return Err(ReturnCode::INVALID_VALUE),
                };
                Ok(Task::WritePio { mask, conducting })
            }
            // Writing the trim is not supported, because an overwritten trim cannot be restored.
            _ => Err(ReturnCode::OPERATION_NOT_SUPPORTED),
        }
    }
}

/// The state of one channel, or of all as a number.
fn channels(bits: u8, element: Element<'_>) -> Value<'static> {
    match element {
        Element::Number(0) => Value::YesNo(bits & 1 != 0),
        Element::Number(_) => Value::YesNo(bits & 2 != 0),
        _ => Value::Unsigned(bits.into()),
    }
}
