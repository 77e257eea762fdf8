use core::task::Waker;

use super::*;
use crate::tree::families;

fn id(n: u8) -> RomId {
    RomId::new(0x28, [n, 0, 0, 0, 0, 0])
}

fn temperature(device: RomId) -> Access<'static> {
    let family = families::family(families::ALL, 0x28);
    let property = family.property(b"temperature").unwrap();
    Access { operation: Operation(7), ..Access::new(device, 0, family, property, Element::Only) }
}

/// Implements only the required methods: devices 1 to 3.
struct Minimal;

impl Bus for Minimal {
    fn device(&mut self, _: u16, n: usize, _: &mut Context<'_>) -> Poll<Result<Option<RomId>, ReturnCode>> {
        Poll::Ready(Ok([id(1), id(2), id(3)].get(n).copied()))
    }
    fn read<'a>(
        &'a mut self,
        _: &Access<'_>,
        _: &'a mut [u8],
        _: &mut Context<'_>,
    ) -> Poll<Result<Value<'a>, ReturnCode>> {
        Poll::Ready(Err(ReturnCode::IO))
    }
}

#[test]
fn default_methods_do_what_the_documentation_says() {
    let (mut bus, mut context) = (Minimal, Context::from_waker(Waker::noop()));
    let access = temperature(id(1));
    let ok = Poll::Ready(Ok(()));
    assert_eq!((Minimal::SCOPE, bus.buses(), bus.clock()), (Scope::FULL, 1, None));
    assert_eq!(
        (bus.interface_name(0), bus.interface_address(0, &mut []), bus.interface_version(0)),
        ("owproto", &b""[..], 0)
    );
    assert_eq!(bus.refresh(Refresh::Devices, Operation(7), &mut context), ok);
    assert_eq!(bus.is_in_alarm(id(1), &mut context), Poll::Ready(Ok(false)));
    assert!(!bus.is_visible(id(1), access.property));
    assert_eq!(
        bus.write(&access, Value::Float(1.0), &mut context),
        Poll::Ready(Err(ReturnCode::OPERATION_NOT_SUPPORTED))
    );
    assert_eq!(bus.convert(None, Conversion::Voltage, ConversionCommand::Start, &mut context), ok);
    assert!(!bus.is_converted(None, Conversion::Voltage));
}

/// Two buses: the second has device 9. It is not ready at first, and fails later.
struct TwoBuses {
    calls: usize,
}

impl Bus for TwoBuses {
    fn buses(&self) -> u16 {
        2
    }
    fn device(
        &mut self,
        bus: u16,
        n: usize,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<RomId>, ReturnCode>> {
        if bus == 0 {
            return Minimal.device(bus, n, context);
        }
        self.calls += 1;
        match (self.calls, n) {
            (1, _) => Poll::Pending,
            (_, 0) => Poll::Ready(Ok(Some(id(9)))),
            (..5, _) => Poll::Ready(Ok(None)),
            _ => Poll::Ready(Err(ReturnCode::BUS_NOT_RECONNECTED)),
        }
    }
    fn read<'a>(
        &'a mut self,
        _: &Access<'_>,
        _: &'a mut [u8],
        _: &mut Context<'_>,
    ) -> Poll<Result<Value<'a>, ReturnCode>> {
        Poll::Ready(Err(ReturnCode::IO))
    }
}

#[test]
fn a_device_is_found_on_any_bus() {
    let (mut bus, mut context) = (TwoBuses { calls: 0 }, Context::from_waker(Waker::noop()));
    for n in 1..4 {
        assert_eq!(bus.find(id(n), &mut context), Poll::Ready(Ok(Some(0))));
    }
    assert_eq!(bus.find(id(9), &mut context), Poll::Pending);
    assert_eq!(bus.find(id(9), &mut context), Poll::Ready(Ok(Some(1))));
    assert_eq!(bus.find(id(4), &mut context), Poll::Ready(Ok(None)));
    assert_eq!(bus.find(id(4), &mut context), Poll::Ready(Err(ReturnCode::BUS_NOT_RECONNECTED)));
}

/// Implements each method in another way than the default.
#[derive(Default)]
struct Overriding {
    written: bool,
    cancelled: Option<Operation>,
}

impl Bus for Overriding {
    const SCOPE: Scope = Scope::LEAST;
    fn buses(&self) -> u16 {
        3
    }
    fn device(&mut self, bus: u16, _: usize, _: &mut Context<'_>) -> Poll<Result<Option<RomId>, ReturnCode>> {
        Poll::Ready(Ok((bus == 2).then_some(id(9))))
    }
    fn find(&mut self, _: RomId, _: &mut Context<'_>) -> Poll<Result<Option<u16>, ReturnCode>> {
        Poll::Ready(Ok(Some(2)))
    }
    fn refresh(&mut self, what: Refresh, _: Operation, _: &mut Context<'_>) -> Poll<Result<(), ReturnCode>> {
        if what == Refresh::Devices { Poll::Pending } else { Poll::Ready(Err(ReturnCode::BUSY)) }
    }
    fn is_in_alarm(&mut self, device: RomId, _: &mut Context<'_>) -> Poll<Result<bool, ReturnCode>> {
        Poll::Ready(Ok(device == id(9)))
    }
    fn is_visible(&self, device: RomId, _: &Property) -> bool {
        device == id(9)
    }
    fn read<'a>(
        &'a mut self,
        access: &Access<'_>,
        _: &'a mut [u8],
        _: &mut Context<'_>,
    ) -> Poll<Result<Value<'a>, ReturnCode>> {
        Poll::Ready(Ok(Value::Unsigned(access.operation.0)))
    }
    fn write(&mut self, _: &Access<'_>, _: Value<'_>, _: &mut Context<'_>) -> Poll<Result<(), ReturnCode>> {
        self.written = true;
        Poll::Pending
    }
    fn convert(
        &mut self,
        bus: Option<u16>,
        what: Conversion,
        command: ConversionCommand,
        _: &mut Context<'_>,
    ) -> Poll<Result<(), ReturnCode>> {
        assert_eq!((bus, what, command), (Some(2), Conversion::Temperature, ConversionCommand::Start));
        Poll::Ready(Err(ReturnCode::BUSY))
    }
    fn is_converted(&self, bus: Option<u16>, what: Conversion) -> bool {
        (bus, what) == (Some(2), Conversion::Temperature)
    }
    fn cancel(&mut self, operation: Operation) {
        self.cancelled = Some(operation);
    }
    fn clock(&self) -> Option<Date> {
        Some(Date::MAX)
    }
    fn interface_name(&self, bus: u16) -> &str {
        if bus == 2 { "third" } else { "other" }
    }
    fn interface_address<'a>(&'a self, _: u16, scratch: &'a mut [u8]) -> &'a [u8] {
        scratch
    }
    fn interface_version(&self, bus: u16) -> u32 {
        bus.into()
    }
}

#[test]
fn a_borrowed_bus_behaves_as_the_bus() {
    fn call_each_method<B: Bus>(mut bus: B) {
        let mut context = Context::from_waker(Waker::noop());
        let access = temperature(id(9));
        assert_eq!((B::SCOPE, bus.buses(), bus.clock()), (Scope::LEAST, 3, Some(Date::MAX)));
        assert_eq!(
            (bus.interface_name(2), bus.interface_address(2, &mut [1, 2]), bus.interface_version(2)),
            ("third", &[1, 2][..], 2)
        );
        assert_eq!(bus.device(2, 0, &mut context), Poll::Ready(Ok(Some(id(9)))));
        assert_eq!(bus.device(1, 0, &mut context), Poll::Ready(Ok(None)));
        assert_eq!(bus.find(id(9), &mut context), Poll::Ready(Ok(Some(2))));
        assert_eq!(bus.refresh(Refresh::Devices, Operation(7), &mut context), Poll::Pending);
        let busy = Poll::Ready(Err(ReturnCode::BUSY));
        assert_eq!(bus.refresh(Refresh::Presence(id(9)), Operation(7), &mut context), busy);
        assert_eq!(bus.is_in_alarm(id(9), &mut context), Poll::Ready(Ok(true)));
        assert_eq!(bus.is_in_alarm(id(1), &mut context), Poll::Ready(Ok(false)));
        assert!(bus.is_visible(id(9), access.property) && !bus.is_visible(id(1), access.property));
        assert_eq!(bus.read(&access, &mut [], &mut context), Poll::Ready(Ok(Value::Unsigned(7))));
        assert_eq!(bus.write(&access, Value::Float(1.0), &mut context), Poll::Pending);
        assert_eq!(
            bus.convert(Some(2), Conversion::Temperature, ConversionCommand::Start, &mut context),
            busy
        );
        assert!(bus.is_converted(Some(2), Conversion::Temperature));
        assert!(!bus.is_converted(Some(1), Conversion::Temperature));
        bus.cancel(Operation(7));
    }
    let mut bus = Overriding::default();
    call_each_method(&mut bus);
    assert!(bus.written && bus.cancelled == Some(Operation(7)));
}
