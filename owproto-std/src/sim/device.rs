use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use owproto_core::ReturnCode;
use owproto_core::text::{RomId, Value, ValueType};
use owproto_core::tree::{Element, Family, Node, Property};

use super::curve::{mix, unit};
use super::state::{Simulated, State};
use super::values::Stored;

/// When something happens to requests for a device.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub enum Occurrence {
    /// Not at all.
    #[default]
    Never,
    /// Each time.
    Always,
    /// Each time this many requests have come: `Every(3)` is the third, the sixth and so on. `Every(0)` is never.
    Every(u32),
    /// With this probability, from 0 to 1. Which ones it are follows from the seed.
    Chance(f64),
}

impl Occurrence {
    /// Whether it happens to the `n`th request, from 1.
    pub(super) fn happens(self, n: u64, key: u64) -> bool {
        match self {
            Self::Never | Self::Every(0) => false,
            Self::Always => true,
            Self::Every(every) => n.is_multiple_of(every.into()),
            Self::Chance(chance) => unit(mix(key, n)) < chance,
        }
    }
}

/// When a device is on its bus.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Presence {
    /// At all times.
    #[default]
    Present,
    /// Never.
    Absent,
    /// It is there for a while, then it is not, again and again, from the start of the simulator on.
    Changing {
        /// How long it is there.
        present: Duration,
        /// How long it is not.
        absent: Duration,
    },
}

impl Presence {
    pub(super) fn is_there(self, at: Duration) -> bool {
        match self {
            Self::Present => true,
            Self::Absent => false,
            Self::Changing { present, absent } => {
                let period = present.saturating_add(absent).as_nanos();
                period == 0 || at.as_nanos() % period < present.as_nanos()
            }
        }
    }
}

/// Whether a device is in alarm.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Alarm {
    /// A thermometer, when its temperature is not between its `templow` and its `temphigh`.
    #[default]
    ByValue,
    /// Yes.
    On,
    /// No.
    Off,
}

/// A simulated device, to be steered. Clones are of the same device.
#[derive(Clone)]
pub struct Device {
    state: Arc<Mutex<State>>,
    id: RomId,
}

impl Device {
    pub(super) fn new(state: Arc<Mutex<State>>, id: RomId) -> Self {
        Self { state, id }
    }

    /// The ROM id of the device.
    #[must_use]
    pub const fn rom_id(&self) -> RomId {
        self.id
    }

    /// How long each of its answers takes. Above a second clients get keepalives.
    pub fn set_latency(&self, latency: Duration) {
        self.change(|device| device.latency = latency);
    }

    /// When requests for it fail, and with which code, such as [`ReturnCode::IO`].
    pub fn set_errors(&self, when: Occurrence, code: ReturnCode) {
        self.change(|device| (device.errors, device.error_code) = (when, code));
    }

    /// When its temperatures are 85 degrees Celsius, as before a first conversion.
    pub fn set_power_on(&self, when: Occurrence) {
        self.change(|device| device.power_on = when);
    }

    /// Whether it is there. When it is not, nothing finds it; what it keeps, it keeps.
    pub fn set_presence(&self, presence: Presence) {
        let mut state = self.lock();
        if let Some(device) = state.device_mut(self.id) {
            device.presence = presence;
            state.look_around();
        }
    }

    /// Whether it shows in `/alarm`.
    pub fn set_alarm(&self, alarm: Alarm) {
        self.change(|device| device.alarm = alarm);
    }

    /// Gives a property a value that it then keeps, whether clients can write it or not: `temperature`, `PIO.0`,
    /// `counter.A`. What depends on the value follows it.
    ///
    /// # Errors
    /// [`SetError`].
    pub fn set(&self, property: &str, value: Value<'_>) -> Result<(), SetError> {
        let mut state = self.lock();
        let device = state.device_mut(self.id).ok_or(SetError::NoDevice)?;
        let (found, element) = find(device.family, property)?;
        let wanted = match found.type_of(element) {
            ValueType::BitField => ValueType::Unsigned,
            other => other,
        };
        if !is_of_type(value, wanted) {
            return Err(SetError::Type { wanted });
        }
        device.fix(found, element, value);
        Ok(())
    }

    /// Has a property that was [set](Self::set) follow time again.
    ///
    /// # Errors
    /// [`SetError`].
    pub fn release(&self, property: &str) -> Result<(), SetError> {
        let mut state = self.lock();
        let device = state.device_mut(self.id).ok_or(SetError::NoDevice)?;
        let (found, element) = find(device.family, property)?;
        device.release(found, element);
        Ok(())
    }

    /// The value that a property has at this moment, for comparisons; `None` if it has none. It costs no time and never
    /// fails, whatever the switches say.
    #[must_use]
    pub fn value(&self, property: &str) -> Option<Reading> {
        let state = self.lock();
        let device = state.device(self.id)?;
        let (found, element) = find(device.family, property).ok()?;
        state.value_now(device, found, element).map(Reading)
    }

    /// How many requests it has had.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.lock().device(self.id).map_or(0, |device| device.requests)
    }

    /// Takes it away for ever.
    pub fn remove(self) {
        self.lock().remove(self.id);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Simulated)) {
        if let Some(device) = self.lock().device_mut(self.id) {
            change(device);
        }
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Device").field(&self.id).finish()
    }
}

/// A value of a simulated device.
#[derive(Clone, PartialEq, Debug)]
pub struct Reading(Stored);

impl Reading {
    /// The value.
    #[must_use]
    pub fn value(&self) -> Value<'_> {
        self.0.value()
    }
}

/// Why a simulated device does not take a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetError {
    /// The device was removed.
    #[error("the device was removed")]
    NoDevice,
    /// The family has no such property, or no such element of it. `.ALL` is not an element.
    #[error("the device has no such property")]
    NoProperty,
    /// The tree answers it, not the device: `address`, `alias`, `type` and the like.
    #[error("this property follows from the address, or is not the device's")]
    NotOfDevice,
    /// The value is of another type.
    #[error("the value is not of the type {wanted:?}")]
    Type {
        /// The type of the property.
        wanted: ValueType,
    },
}

fn find<'p>(family: &'static Family, path: &'p str) -> Result<(&'static Property, Element<'p>), SetError> {
    match family.find(path.as_bytes()) {
        Some(Node::Property(property, _))
            if family.common.iter().any(|common| std::ptr::eq(common, property)) =>
        {
            Err(SetError::NotOfDevice)
        }
        Some(Node::Property(_, Element::All)) | Some(Node::Directory(_)) | None => Err(SetError::NoProperty),
        Some(Node::Property(property, element)) => Ok((property, element)),
    }
}

fn is_of_type(value: Value<'_>, wanted: ValueType) -> bool {
    use ValueType as T;
    matches!(
        (value, wanted),
        (Value::Integer(_), T::Integer)
            | (Value::Unsigned(_), T::Unsigned)
            | (Value::Float(_), T::Float | T::Temperature | T::TemperatureDifference | T::Pressure)
            | (Value::YesNo(_), T::YesNo)
            | (Value::Date(_), T::Date)
            | (Value::Text(_), T::Text)
            | (Value::Bytes(_), T::Bytes | T::Unknown)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn occurrences() {
        let happened = |when: Occurrence| (1..=1000).filter(|n| when.happens(*n, 7)).count();
        assert_eq!(happened(Occurrence::Never), 0);
        assert_eq!(happened(Occurrence::Always), 1000);
        assert_eq!(happened(Occurrence::Every(0)), 0);
        assert_eq!(happened(Occurrence::Every(3)), 333);
        assert!((200..300).contains(&happened(Occurrence::Chance(0.25))));
        assert!(!Occurrence::Every(3).happens(2, 0) && Occurrence::Every(3).happens(3, 0));
    }

    #[test]
    fn presence_changes_in_its_rhythm() {
        let ms = Duration::from_millis;
        let presence = Presence::Changing { present: ms(30), absent: ms(70) };
        for (at, is_there) in [(0, true), (29, true), (30, false), (99, false), (100, true), (130, false)] {
            assert_eq!(presence.is_there(ms(at)), is_there, "{at}");
        }
        assert!(Presence::Changing { present: ms(0), absent: ms(0) }.is_there(ms(5)));
    }
}
