//! A bus that keeps its contract, immediately or slowly, or that breaks it.

use std::task::{Context, Poll};

use owproto_core::ReturnCode;
use owproto_core::text::{Date, RomId, Value};
use owproto_core::tree::tester::Tester;
use owproto_core::tree::{Access, Bus, Conversion, ConversionCommand, Operation, Property};

use crate::Input;

/// How a bus behaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Manner {
    /// It is ready immediately.
    Prompt,
    /// It is ready, but sometimes only at a second call.
    Slow,
    /// It follows its script to the end: wrong types, other devices than before, any error.
    Wild,
}

/// The tester bus, with a script for other behaviour.
pub(super) struct Scripted<'s> {
    tester: Tester<'s>,
    manner: Manner,
    script: Input<'s>,
    was_pending: bool,
    /// Cancelled operations, for which no further call is allowed.
    cancelled: Vec<Operation>,
    /// The last operation since the last request.
    at_work_for: Option<Operation>,
    buses: u16,
}

/// The behaviour of the script in a call.
enum Whim {
    Wait,
    Fail(ReturnCode),
    Lie,
    Obey,
}

/// Longer than any buffer.
static LONG: [u8; 600] = [b'x'; 600];

impl<'s> Scripted<'s> {
    pub(super) fn new(families: &'s [u8], manner: Manner, script: &'s [u8]) -> Self {
        let tester = Tester::new(families);
        Self {
            tester,
            manner,
            script: Input(script),
            was_pending: false,
            cancelled: Vec::new(),
            at_work_for: None,
            buses: 1,
        }
    }

    /// Whether an operation is pending, since the last call of this.
    pub(super) fn was_pending(&mut self) -> bool {
        std::mem::take(&mut self.was_pending)
    }

    /// Forgets the last operation: a new request begins.
    pub(super) fn forget(&mut self) {
        self.cancelled.clear();
        self.at_work_for = None;
    }

    /// Whether the last operation has ended or was cancelled.
    pub(super) fn was_cancelled_or_done(&self) -> bool {
        self.at_work_for.is_none_or(|operation| self.cancelled.contains(&operation))
    }

    fn whim(&mut self) -> Whim {
        let byte = match self.manner {
            Manner::Prompt => 0,
            Manner::Slow => self.script.byte() & 1,
            Manner::Wild => self.script.byte(),
        };
        match byte {
            1..64 => {
                self.was_pending = true;
                Whim::Wait
            }
            // "Good" is among the codes.
            64..96 => Whim::Fail(ReturnCode::from_code(self.script.byte().into())),
            96..192 => Whim::Lie,
            _ => Whim::Obey,
        }
    }

    fn is_not_cancelled(&self, operation: Operation) {
        assert!(!self.cancelled.contains(&operation), "{operation:?} was cancelled");
    }

    fn lie(&mut self) -> Value<'s> {
        let kind = self.script.byte();
        match kind % 8 {
            0 => Value::Integer(self.script.long().cast_signed()),
            1 => Value::Unsigned(self.script.long()),
            2 => Value::Float(f64::from_bits(u64::from(self.script.long()) << 32)),
            3 => Value::YesNo(kind & 8 == 0),
            4 => match Date::from_unix_seconds(i64::from(self.script.long())) {
                Some(date) => Value::Date(date),
                None => Value::Integer(0),
            },
            5 => Value::Text(self.bytes()),
            6 => Value::Bytes(self.bytes()),
            _ => Value::Text(&LONG),
        }
    }

    fn bytes(&mut self) -> &'s [u8] {
        let len = usize::from(self.script.byte());
        self.script.take(len)
    }
}

impl Bus for Scripted<'_> {
    fn buses(&self) -> u16 {
        self.buses
    }

    fn device(
        &mut self,
        bus: u16,
        n: usize,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<RomId>, ReturnCode>> {
        match self.whim() {
            Whim::Wait => Poll::Pending,
            Whim::Fail(code) => Poll::Ready(Err(code)),
            Whim::Lie => {
                let family = self.script.byte();
                self.buses = u16::from(family % 4);
                let id: Option<[u8; 6]> = self.script.take(6).try_into().ok();
                Poll::Ready(Ok(id.map(|id| RomId::new(family, id))))
            }
            Whim::Obey => self.tester.device(bus, n, context),
        }
    }

    fn is_in_alarm(&mut self, device: RomId, _: &mut Context<'_>) -> Poll<Result<bool, ReturnCode>> {
        match self.whim() {
            Whim::Wait => Poll::Pending,
            Whim::Fail(code) => Poll::Ready(Err(code)),
            Whim::Lie => Poll::Ready(Ok(self.script.byte() & 1 == 0)),
            Whim::Obey => Poll::Ready(Ok(device.family() & 1 == 0)),
        }
    }

    fn is_visible(&self, device: RomId, property: &Property) -> bool {
        (usize::from(device.family()) + property.name.len()) & 1 == 0
    }

    fn read<'a>(
        &'a mut self,
        access: &Access<'_>,
        scratch: &'a mut [u8],
        context: &mut Context<'_>,
    ) -> Poll<Result<Value<'a>, ReturnCode>> {
        self.is_not_cancelled(access.operation);
        self.at_work_for = Some(access.operation);
        match self.whim() {
            Whim::Wait => Poll::Pending,
            Whim::Fail(code) => Poll::Ready(Err(code)),
            Whim::Lie => Poll::Ready(Ok(self.lie())),
            Whim::Obey => self.tester.read(access, scratch, context),
        }
    }

    fn write(
        &mut self,
        access: &Access<'_>,
        value: Value<'_>,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), ReturnCode>> {
        self.is_not_cancelled(access.operation);
        self.at_work_for = Some(access.operation);
        match self.whim() {
            Whim::Wait => Poll::Pending,
            Whim::Fail(code) => Poll::Ready(Err(code)),
            Whim::Lie | Whim::Obey => self.tester.write(access, value, context),
        }
    }

    fn convert(
        &mut self,
        _: Option<u16>,
        _: Conversion,
        _: ConversionCommand,
        _: &mut Context<'_>,
    ) -> Poll<Result<(), ReturnCode>> {
        match self.whim() {
            Whim::Wait => Poll::Pending,
            Whim::Fail(code) => Poll::Ready(Err(code)),
            Whim::Lie | Whim::Obey => Poll::Ready(Ok(())),
        }
    }

    fn cancel(&mut self, operation: Operation) {
        self.is_not_cancelled(operation);
        self.cancelled.push(operation);
    }

    fn clock(&self) -> Option<Date> {
        self.tester.clock()
    }

    fn interface_name(&self, bus: u16) -> &str {
        match self.manner {
            Manner::Wild => std::str::from_utf8(&LONG).unwrap(),
            _ => self.tester.interface_name(bus),
        }
    }

    fn interface_address<'a>(&'a self, bus: u16, scratch: &'a mut [u8]) -> &'a [u8] {
        match self.manner {
            Manner::Wild => &LONG,
            _ => self.tester.interface_address(bus, scratch),
        }
    }
}
