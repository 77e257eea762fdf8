use core::task::{Context, Poll, ready};

use owproto_core::ReturnCode;
use owproto_core::text::{RomId, Value};
use owproto_core::tree::{Access, Bus, Conversion, ConversionCommand, Operation, Refresh, Scope};

use super::device::CacheEntry;
use super::one_wire_bus::OneWireBus;
use super::property::DeviceProperty;
use super::state::{Alarms, Probe, SimultaneousConversion};
use super::task::Task;
use super::timers::Timer;
use crate::master::wire::Wire;

impl<W: Wire, const DEVICES: usize, const WAITERS: usize> Bus for OneWireBus<W, DEVICES, WAITERS> {
    /// Devices and simultaneous conversions, which a gateway with little flash has room for. To offer more, wrap this bus
    /// in a `Bus` with a larger scope.
    const SCOPE: Scope = Scope::LEAST.with(Scope::WRITES).with(Scope::SIMULTANEOUS);

    fn device(&mut self, bus: u16, n: usize, _: &mut Context<'_>) -> Poll<Result<Option<RomId>, ReturnCode>> {
        ready!(self.list_result())?;
        Poll::Ready(Ok(if bus == 0 { self.devices().nth(n) } else { None }))
    }

    fn find(&mut self, device: RomId, _: &mut Context<'_>) -> Poll<Result<Option<u16>, ReturnCode>> {
        ready!(self.list_result())?;
        if self.find_device(device).is_some() {
            if let Some(probe) = &mut self.probe
                && probe.device == device
            {
                probe.is_delivered = true;
                self.notify_rejected();
            }
            return Poll::Ready(Ok(Some(0)));
        }
        // It may have been connected since the last search.
        match &mut self.probe {
            Some(Probe { device: probed, outcome: Some(result), is_delivered }) if *probed == device => {
                let result = *result;
                *is_delivered = true;
                self.notify_rejected();
                Poll::Ready(result.map(|()| None))
            }
            Some(Probe { device: probed, outcome: None, .. }) if *probed == device => Poll::Pending,
            Some(Probe { is_delivered: false, .. }) => {
                self.has_rejected = true;
                Poll::Pending
            }
            probe => {
                *probe = Some(Probe::new(device));
                Poll::Pending
            }
        }
    }

    fn refresh(
        &mut self,
        what: Refresh,
        operation: Operation,
        _: &mut Context<'_>,
    ) -> Poll<Result<(), ReturnCode>> {
        match what {
            Refresh::Presence(device) => self.request_task(operation, Some(device), Task::Verify),
            _ => self.request_task(operation, None, Task::Search),
        }
    }

    fn is_in_alarm(&mut self, device: RomId, _: &mut Context<'_>) -> Poll<Result<bool, ReturnCode>> {
        match self.alarms {
            Alarms::Known(result) => Poll::Ready(
                result.map(|()| self.find_device(device).is_some_and(|device| device.is_in_alarm)),
            ),
            _ => {
                self.alarms = Alarms::Requested;
                Poll::Pending
            }
        }
    }

    fn read<'a>(
        &'a mut self,
        access: &Access<'_>,
        _: &'a mut [u8],
        _: &mut Context<'_>,
    ) -> Poll<Result<Value<'a>, ReturnCode>> {
        self.advance_time(access.now);
        let id = access.device;
        let Some(mut property) = DeviceProperty::find(id.family(), access.property.name) else {
            return Poll::Ready(Err(ReturnCode::OPERATION_NOT_SUPPORTED));
        };
        let requested = self.requested_task(access.operation);
        if matches!(property, DeviceProperty::Temperature(_)) && !access.is_uncached {
            // After a simultaneous conversion the results are there already (owfs: `ow_simultaneous.c`).
            let is_converted = self.is_converted(None, Conversion::Temperature);
            match (requested, self.simultaneous) {
                (None, SimultaneousConversion::Requested | SimultaneousConversion::Running) => {
                    return Poll::Pending;
                }
                (None, _) if is_converted => property = DeviceProperty::LatestTemperature,
                (Some(Task::Scratchpad), _) => property = DeviceProperty::LatestTemperature,
                _ => {}
            }
        }
        if let Some(task) = property.task(id) {
            let is_cached = |entry: CacheEntry| self.find_device(id).is_some_and(|device| device.has(entry));
            if access.is_uncached || requested.is_some() || !task.cache_entry().is_some_and(is_cached) {
                ready!(self.request_task(access.operation, Some(id), task))?;
            }
        }
        let device = self.find_device(id).ok_or(ReturnCode::NO_SUCH_ENTITY);
        Poll::Ready(device.and_then(|device| property.value(device, access)))
    }

    fn write(
        &mut self,
        access: &Access<'_>,
        value: Value<'_>,
        _: &mut Context<'_>,
    ) -> Poll<Result<(), ReturnCode>> {
        self.advance_time(access.now);
        let property = DeviceProperty::find(access.device.family(), access.property.name);
        let task = property
            .ok_or(ReturnCode::OPERATION_NOT_SUPPORTED)
            .and_then(|property| property.write_task(access.element, value));
        match task {
            Ok(task) => self.request_task(access.operation, Some(access.device), task),
            Err(code) => Poll::Ready(Err(code)),
        }
    }

    fn convert(
        &mut self,
        _: Option<u16>,
        what: Conversion,
        command: ConversionCommand,
        _: &mut Context<'_>,
    ) -> Poll<Result<(), ReturnCode>> {
        match (what, command) {
            // None of the supported devices measures voltages.
            (Conversion::Voltage, _) => Poll::Ready(Err(ReturnCode::OPERATION_NOT_SUPPORTED)),
            (Conversion::Temperature, ConversionCommand::Forget) => {
                self.timers.start(Timer::Converted, 0);
                Poll::Ready(Ok(()))
            }
            (Conversion::Temperature, ConversionCommand::Start) => match self.simultaneous {
                SimultaneousConversion::Requested | SimultaneousConversion::Running => Poll::Pending,
                SimultaneousConversion::Done(result) => Poll::Ready(result),
                SimultaneousConversion::Idle => {
                    self.simultaneous = SimultaneousConversion::Requested;
                    Poll::Pending
                }
            },
        }
    }

    fn is_converted(&self, _: Option<u16>, what: Conversion) -> bool {
        what == Conversion::Temperature && !self.timers.has_expired(Timer::Converted)
    }

    fn cancel(&mut self, operation: Operation) {
        // A task that was started continues: a device must not be left in the middle of a write.
        for slot in &mut self.waiters {
            if slot.as_ref().is_some_and(|waiter| waiter.operation == operation) {
                *slot = None;
                self.is_ready |= core::mem::take(&mut self.has_rejected);
            }
        }
    }

    fn interface_name(&self, _: u16) -> &str {
        "owproto-onewire"
    }
}

impl<W: Wire, const DEVICES: usize, const WAITERS: usize> OneWireBus<W, DEVICES, WAITERS> {
    /// The result of the last search for all devices, once there is one.
    fn list_result(&self) -> Poll<Result<(), ReturnCode>> {
        self.list_result.map_or(Poll::Pending, Poll::Ready)
    }
}
