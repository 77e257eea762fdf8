use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use owproto_core::ReturnCode;
use owproto_core::text::{Date, RomId, Value};
use owproto_core::tree::tester::Tester;
use owproto_core::tree::{Access, Bus, Conversion, ConversionCommand, Operation, Property};

use super::device_state::DeviceState;
use super::faults::Alarm;
use super::state::State;

/// The devices of a [`Simulator`](super::Simulator) as a bus for a [`Tree`](owproto_core::tree::Tree).
pub struct SimulatedBus {
    pub(super) state: Arc<Mutex<State>>,
    pub(super) is_tester: bool,
}

/// How long the result of a conversion that was started for all devices can be read (owfs: `globals.c`, the timeout of
/// volatile values).
const CONVERSION_LIFETIME: Duration = Duration::from_secs(15);

impl SimulatedBus {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bus for SimulatedBus {
    fn buses(&self) -> u16 {
        self.lock().buses()
    }

    fn device(
        &mut self,
        bus: u16,
        n: usize,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<RomId>, ReturnCode>> {
        self.lock().nth(bus, n, context).map(Ok)
    }

    fn find(&mut self, device: RomId, _: &mut Context<'_>) -> Poll<Result<Option<u16>, ReturnCode>> {
        Poll::Ready(Ok(self.lock().present(device).map(|device| device.bus)))
    }

    fn is_in_alarm(&mut self, device: RomId, _: &mut Context<'_>) -> Poll<Result<bool, ReturnCode>> {
        let state = self.lock();
        let now = state.clock.now();
        let is_in_alarm = |device: &DeviceState| match device.alarm {
            // The tester has no alarms.
            Alarm::ByValue if self.is_tester => false,
            _ => device.is_in_alarm(now),
        };
        Poll::Ready(Ok(state.present(device).is_some_and(is_in_alarm)))
    }

    fn is_visible(&self, _: RomId, property: &Property) -> bool {
        // Family 3B is simulated as a DS1825, which has these. Devices of other families are the plain models, as on
        // owserver's simulated buses.
        !self.is_tester
            && ["temperature9", "temperature10", "temperature11", "temphigh", "templow"]
                .contains(&property.name)
    }

    fn read<'a>(
        &'a mut self,
        access: &Access<'_>,
        scratch: &'a mut [u8],
        context: &mut Context<'_>,
    ) -> Poll<Result<Value<'a>, ReturnCode>> {
        let mut state = self.lock();
        let moment = match ready!(state.advance(access.operation, access.device, access.element, context)) {
            Ok(moment) => moment,
            Err(code) => return Poll::Ready(Err(code)),
        };
        let Some(device) = state.device(access.device) else {
            return Poll::Ready(Err(ReturnCode::NO_SUCH_ENTITY));
        };
        Poll::Ready(state.read(device, access.property, access.element, access.offset, moment, scratch))
    }

    fn write(
        &mut self,
        access: &Access<'_>,
        value: Value<'_>,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), ReturnCode>> {
        let mut state = self.lock();
        let moment = match ready!(state.advance(access.operation, access.device, access.element, context)) {
            Ok(moment) => moment,
            Err(code) => return Poll::Ready(Err(code)),
        };
        // The tester accepts every value, and keeps none.
        if !self.is_tester
            && let Some(device) = state.device_mut(access.device)
        {
            device.write(access, value, moment);
        }
        Poll::Ready(Ok(()))
    }

    fn convert(
        &mut self,
        _: Option<u16>,
        what: Conversion,
        command: ConversionCommand,
        _: &mut Context<'_>,
    ) -> Poll<Result<(), ReturnCode>> {
        let mut state = self.lock();
        let until = (command == ConversionCommand::Start).then(|| state.clock.now() + CONVERSION_LIFETIME);
        if !self.is_tester {
            state.converted_until[index(what)] = until;
        }
        Poll::Ready(Ok(()))
    }

    fn is_converted(&self, _: Option<u16>, what: Conversion) -> bool {
        let state = self.lock();
        state.converted_until[index(what)].is_some_and(|until| state.clock.now() < until)
    }

    fn cancel(&mut self, operation: Operation) {
        self.lock().cancel(operation);
    }

    fn clock(&self) -> Option<Date> {
        if self.is_tester { Tester::new(&[]).clock() } else { self.lock().date() }
    }

    fn interface_name(&self, _: u16) -> &str {
        if self.is_tester { "Simulated-Computed" } else { "Simulated" }
    }

    fn interface_address<'a>(&'a self, bus: u16, scratch: &'a mut [u8]) -> &'a [u8] {
        if self.is_tester {
            let len = Tester::new(&[]).interface_address(bus, scratch).len();
            return scratch.get(..len).unwrap_or_default();
        }
        let text = format!("simulator.{bus}");
        let len = text.len().min(scratch.len());
        scratch[..len].copy_from_slice(&text.as_bytes()[..len]);
        &scratch[..len]
    }

    fn interface_version(&self, bus: u16) -> u32 {
        Tester::new(&[]).interface_version(bus)
    }
}

/// The index in [`State::converted_until`].
const fn index(what: Conversion) -> usize {
    match what {
        Conversion::Temperature => 0,
        Conversion::Voltage => 1,
    }
}
