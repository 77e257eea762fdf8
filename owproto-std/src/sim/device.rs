use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use owproto_core::ReturnCode;
use owproto_core::text::{RomId, Value, ValueType};
use owproto_core::tree::{Element, Family, Node, Property};

use super::device_state::DeviceState;
use super::faults::{Alarm, Occurrence, Presence};
use super::state::State;
use super::stored::Stored;

/// A simulated device, for a test to control. All clones control the same device.
#[derive(Clone)]
pub struct Device {
    state: Arc<Mutex<State>>,
    id: RomId,
}

impl Device {
    pub(super) fn new(state: Arc<Mutex<State>>, id: RomId) -> Self {
        Self { state, id }
    }

    /// Its ROM id.
    #[must_use]
    pub const fn rom_id(&self) -> RomId {
        self.id
    }

    /// Sets how long each of its answers takes, 0 by default. From a second on, clients get keepalives.
    pub fn set_latency(&self, latency: Duration) {
        self.change(|device| device.latency = latency);
    }

    /// Sets which requests to it fail, none by default, and with which code, such as [`ReturnCode::IO`].
    pub fn set_errors(&self, which: Occurrence, code: ReturnCode) {
        self.change(|device| (device.errors, device.error_code) = (which, code));
    }

    /// Sets which requests read temperatures of 85 degrees Celsius, as from a thermometer that has not measured since power
    /// was switched on; none by default.
    pub fn set_power_on(&self, which: Occurrence) {
        self.change(|device| device.power_on = which);
    }

    /// Sets when it is present on its bus, always by default. An absent device keeps its values.
    pub fn set_presence(&self, presence: Presence) {
        let mut state = self.lock();
        if let Some(device) = state.device_mut(self.id) {
            device.presence = presence;
            state.scan();
        }
    }

    /// Sets whether it is in alarm, and so listed in `/alarm`.
    pub fn set_alarm(&self, alarm: Alarm) {
        self.change(|device| device.alarm = alarm);
    }

    /// Fixes the value of a property or element, such as `temperature`, `PIO.0` or `counter.A`, whether clients can write it
    /// or not. Values that depend on it follow.
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
        device.fix(found, element, Stored::new(value));
        Ok(())
    }

    /// Undoes [`set`](Self::set): the value changes with time again.
    ///
    /// # Errors
    /// [`SetError`].
    pub fn release(&self, property: &str) -> Result<(), SetError> {
        let mut state = self.lock();
        let device = state.device_mut(self.id).ok_or(SetError::NoDevice)?;
        let (found, element) = find(device.family, property)?;
        device.unfix(found, element);
        Ok(())
    }

    /// The present value of a property or element, for comparisons; `None` if it has none. Latency and faults do not apply.
    #[must_use]
    pub fn value(&self, property: &str) -> Option<Reading> {
        let state = self.lock();
        let device = state.device(self.id)?;
        let (found, element) = find(device.family, property).ok()?;
        state.value_now(device, found, element).map(Reading)
    }

    /// The number of requests to it so far.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.lock().device(self.id).map_or(0, |device| device.requests)
    }

    /// Removes it from the simulator.
    pub fn remove(self) {
        self.lock().remove(self.id);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut DeviceState)) {
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

/// A value read from a simulated device.
#[derive(Clone, PartialEq, Debug)]
pub struct Reading(Stored);

impl Reading {
    /// The value.
    #[must_use]
    pub fn value(&self) -> Value<'_> {
        self.0.value()
    }
}

/// Why a value cannot be [set](Device::set).
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetError {
    /// The device was removed.
    #[error("the device was removed")]
    NoDevice,
    /// The family has no such property or element, or the property is a directory. `.ALL` cannot be set.
    #[error("the device has no such property")]
    NoProperty,
    /// The property, such as `address`, `alias` or `type`, follows from the address or belongs to the server.
    #[error("the property is not a value of the device")]
    NotOfDevice,
    /// The value has another type than the property.
    #[error("the value must have the type {wanted:?}")]
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
