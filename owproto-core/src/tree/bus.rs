use core::task::{Context, Poll};

use crate::message::ReturnCode;
use crate::text::{Date, RomId, Value};
use crate::time::Instant;
use crate::tree::model::property::{Element, Family, Property};
use crate::tree::model::scope::Scope;

/// What a read or a write is about.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Access<'p> {
    /// The device. It was found on the bus when the request began.
    pub device: RomId,
    /// The bus that it was found on.
    pub bus: u16,
    /// The table of its family.
    pub family: &'static Family,
    /// The property.
    pub property: &'static Property,
    /// The element: the only one, a number, a name, or [`Element::Byte`]. Never [`Element::All`], which is taken apart
    /// before.
    pub element: Element<'p>,
    /// For bytes and text: the first one wanted, or to be written. 0 for other types.
    pub offset: usize,
    /// Whether the client wants no value from a cache.
    pub is_uncached: bool,
    /// The time of now, as the driver sees it.
    pub now: Instant,
    /// The same for all calls that a request makes, and different from those of other requests that are under way.
    pub operation: Operation,
}

impl<'p> Access<'p> {
    /// An access from the first byte on, to what may come from a cache, at time 0. A tree makes its own; this is for a
    /// [`Bus`] that uses another one, and for tests.
    #[must_use]
    pub const fn new(
        device: RomId,
        bus: u16,
        family: &'static Family,
        property: &'static Property,
        element: Element<'p>,
    ) -> Self {
        Self {
            device,
            bus,
            family,
            property,
            element,
            offset: 0,
            is_uncached: false,
            now: Instant::ZERO,
            operation: Operation(0),
        }
    }

    /// The same from this byte on.
    #[must_use]
    pub const fn with_offset(mut self, offset: usize) -> Self {
        self.offset = offset;
        self
    }

    /// The same on another bus.
    #[must_use]
    pub const fn with_bus(mut self, bus: u16) -> Self {
        self.bus = bus;
        self
    }
}

/// Names the work that one request makes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Operation(pub(super) u32);

/// A conversion that all devices of a bus can do simultaneously. owserver has these two, so a [`Bus`] matches both.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Conversion {
    /// `simultaneous/temperature`
    Temperature,
    /// `simultaneous/voltage`
    Voltage,
}

/// What a client writes to `simultaneous/temperature` or `simultaneous/voltage`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ConversionCommand {
    /// 1: start a conversion.
    Start,
    /// 0: the values of an earlier conversion are out of date.
    Forget,
}

/// What a client wants to know from the bus, and not from what a [`Bus`] remembers.
///
/// A bus handles a variant that it does not know as [`Devices`](Self::Devices), which includes all others.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Refresh {
    /// Which devices there are, and which of them are in alarm: a directory of devices is about to be listed.
    Devices,
    /// Whether this device is there.
    Presence(RomId),
}

/// The devices of a server: implement this, and [`Tree`](super::Tree) makes an owserver of it.
///
/// What is slow may take as long as it needs: it says [`Poll::Pending`], and is called again when the [`Context`]'s
/// waker was used, or when the driver looks again anyway. Until then other clients are served. The same call may also
/// come again because the answer did not fit at once, so a read should have no effect of its own.
///
/// Temperatures are in degrees Celsius and pressures in mbar; scales, formats and offsets are done elsewhere. What is
/// `address`, `id`, `family`, `crc8`, `type`, `alias` and the like never arrives here.
///
/// ```
/// use core::task::{Context, Poll};
/// use owproto_core::ReturnCode;
/// use owproto_core::text::{RomId, Value};
/// use owproto_core::tree::{Access, Bus};
///
/// struct Cellar {
///     thermometer: RomId,
///     celsius: f64,
/// }
///
/// impl Bus for Cellar {
///     fn device(
///         &mut self,
///         _bus: u16,
///         n: usize,
///         _: &mut Context<'_>,
///     ) -> Poll<Result<Option<RomId>, ReturnCode>> {
///         Poll::Ready(Ok([self.thermometer].get(n).copied()))
///     }
///
///     fn read<'a>(
///         &'a mut self,
///         access: &Access<'_>,
///         _: &'a mut [u8],
///         _: &mut Context<'_>,
///     ) -> Poll<Result<Value<'a>, ReturnCode>> {
///         Poll::Ready(match access.property.name {
///             "temperature" => Ok(Value::Float(self.celsius)),
///             _ => Err(ReturnCode::IO),
///         })
///     }
/// }
/// ```
pub trait Bus {
    /// What the tree has besides devices. What is not in it is not linked, which is for firmware that has no room; all
    /// by default.
    const SCOPE: Scope = Scope::FULL;

    /// How many bus masters there are: `bus.0`, `bus.1` and so on.
    fn buses(&self) -> u16 {
        1
    }

    /// The `n`th device on a bus, from 0; `None` behind the last. Listings ask in this order, and one after the other.
    ///
    /// An error ends a listing, after the devices that came before it.
    fn device(
        &mut self,
        bus: u16,
        n: usize,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<RomId>, ReturnCode>>;

    /// The bus that a device is on; `None` if it is on none. Looks at all devices, unless it is written anew.
    fn find(&mut self, device: RomId, context: &mut Context<'_>) -> Poll<Result<Option<u16>, ReturnCode>> {
        for bus in 0..self.buses() {
            let mut n = 0usize;
            loop {
                match self.device(bus, n, context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Err(code)) => return Poll::Ready(Err(code)),
                    Poll::Ready(Ok(Some(found))) if found == device => return Poll::Ready(Ok(Some(bus))),
                    Poll::Ready(Ok(Some(_))) => n = n.saturating_add(1),
                    Poll::Ready(Ok(None)) => break,
                }
            }
        }
        Poll::Ready(Ok(None))
    }

    /// Looks at the bus anew: a listing or a PRESENCE below `/uncached`, or with the uncached flag. Comes once for such
    /// a request, before its other calls; reads and writes have [`Access::is_uncached`] instead. For a bus that
    /// remembers which devices there are.
    fn refresh(
        &mut self,
        _what: Refresh,
        _operation: Operation,
        _context: &mut Context<'_>,
    ) -> Poll<Result<(), ReturnCode>> {
        Poll::Ready(Ok(()))
    }

    /// Whether a device is in alarm: those that are show in `/alarm`.
    fn is_in_alarm(&mut self, _device: RomId, _context: &mut Context<'_>) -> Poll<Result<bool, ReturnCode>> {
        Poll::Ready(Ok(false))
    }

    /// Whether a property that only some models of a family have shows in the directory of this one
    /// ([`Visibility::ByModel`](super::Visibility::ByModel)).
    fn is_visible(&self, _device: RomId, _property: &Property) -> bool {
        false
    }

    /// Reads a property: a value of its type, or a code that goes to the client, such as [`ReturnCode::IO`].
    ///
    /// - An element of a bit field is a yes/no, and its [`Element::Byte`] an unsigned number with all of them.
    /// - Bytes are wanted from [`offset`](Access::offset) on, as many as `scratch` holds, or more. Fewer than that is
    ///   taken for an error.
    /// - Text is wanted whole. What is longer than the property's length is cut.
    ///
    /// `scratch` is memory for bytes or text that are made at this moment; what lies somewhere can be given from there.
    fn read<'a>(
        &'a mut self,
        access: &Access<'_>,
        scratch: &'a mut [u8],
        context: &mut Context<'_>,
    ) -> Poll<Result<Value<'a>, ReturnCode>>;

    /// Writes a property that the table calls writable. The value is of its type, in degrees Celsius and mbar. Text and
    /// bytes go to [`offset`](Access::offset), and fit.
    ///
    /// An `.ALL` comes element by element, and the next only after the one before was written; that of a bit field
    /// comes as one number for its [`Element::Byte`]. The first error ends it.
    fn write(
        &mut self,
        _access: &Access<'_>,
        _value: Value<'_>,
        _context: &mut Context<'_>,
    ) -> Poll<Result<(), ReturnCode>> {
        Poll::Ready(Err(ReturnCode::OPERATION_NOT_SUPPORTED))
    }

    /// Starts a conversion on all devices of a bus, or of all buses, or forgets an earlier one. Only with
    /// [`Scope::SIMULTANEOUS`].
    fn convert(
        &mut self,
        _bus: Option<u16>,
        _what: Conversion,
        _command: ConversionCommand,
        _context: &mut Context<'_>,
    ) -> Poll<Result<(), ReturnCode>> {
        Poll::Ready(Ok(()))
    }

    /// Whether such a conversion is still good to be read.
    fn is_converted(&self, _bus: Option<u16>, _what: Conversion) -> bool {
        false
    }

    /// The request that this work was done for has lost its client. What was begun for it may be given up.
    fn cancel(&mut self, _operation: Operation) {}

    /// The date and time of now, for clients that write an empty date; `None` if nobody knows. Only with
    /// [`Scope::DATES`].
    fn clock(&self) -> Option<Date> {
        None
    }

    /// The kind of bus master: `bus.N/interface/settings/name`.
    fn interface_name(&self, _bus: u16) -> &str {
        "owproto"
    }

    /// Where the bus master is: `bus.N/interface/settings/address`. Written to the front of `scratch`, or given from
    /// elsewhere.
    fn interface_address<'a>(&'a self, _bus: u16, _scratch: &'a mut [u8]) -> &'a [u8] {
        b""
    }

    /// The number of the kind of bus master: `bus.N/interface/settings/version`.
    fn interface_version(&self, _bus: u16) -> u32 {
        0
    }
}

impl<B: Bus + ?Sized> Bus for &mut B {
    const SCOPE: Scope = B::SCOPE;

    fn buses(&self) -> u16 {
        (**self).buses()
    }
    fn device(
        &mut self,
        bus: u16,
        n: usize,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<RomId>, ReturnCode>> {
        (**self).device(bus, n, context)
    }
    fn find(&mut self, device: RomId, context: &mut Context<'_>) -> Poll<Result<Option<u16>, ReturnCode>> {
        (**self).find(device, context)
    }
    fn refresh(
        &mut self,
        what: Refresh,
        operation: Operation,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), ReturnCode>> {
        (**self).refresh(what, operation, context)
    }
    fn is_in_alarm(&mut self, device: RomId, context: &mut Context<'_>) -> Poll<Result<bool, ReturnCode>> {
        (**self).is_in_alarm(device, context)
    }
    fn is_visible(&self, device: RomId, property: &Property) -> bool {
        (**self).is_visible(device, property)
    }
    fn read<'a>(
        &'a mut self,
        access: &Access<'_>,
        scratch: &'a mut [u8],
        context: &mut Context<'_>,
    ) -> Poll<Result<Value<'a>, ReturnCode>> {
        (**self).read(access, scratch, context)
    }
    fn write(
        &mut self,
        access: &Access<'_>,
        value: Value<'_>,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), ReturnCode>> {
        (**self).write(access, value, context)
    }
    fn convert(
        &mut self,
        bus: Option<u16>,
        what: Conversion,
        command: ConversionCommand,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), ReturnCode>> {
        (**self).convert(bus, what, command, context)
    }
    fn is_converted(&self, bus: Option<u16>, what: Conversion) -> bool {
        (**self).is_converted(bus, what)
    }
    fn cancel(&mut self, operation: Operation) {
        (**self).cancel(operation);
    }
    fn clock(&self) -> Option<Date> {
        (**self).clock()
    }
    fn interface_name(&self, bus: u16) -> &str {
        (**self).interface_name(bus)
    }
    fn interface_address<'a>(&'a self, bus: u16, scratch: &'a mut [u8]) -> &'a [u8] {
        (**self).interface_address(bus, scratch)
    }
    fn interface_version(&self, bus: u16) -> u32 {
        (**self).interface_version(bus)
    }
}

#[cfg(test)]
mod tests {
    use core::task::Waker;

    use super::*;
    use crate::tree::families;

    fn id(n: u8) -> RomId {
        RomId::new(0x28, [n, 0, 0, 0, 0, 0])
    }

    fn temperature(device: RomId) -> Access<'static> {
        let family = families::family(families::ALL, 0x28);
        Access {
            device,
            bus: 0,
            family,
            property: family.property(b"temperature").unwrap(),
            element: Element::Only,
            offset: 0,
            is_uncached: false,
            now: Instant::ZERO,
            operation: Operation(7),
        }
    }

    /// What has to be written, and nothing else: devices 1 to 3, one after the other.
    struct Least;

    impl Bus for Least {
        fn device(
            &mut self,
            _: u16,
            n: usize,
            _: &mut Context<'_>,
        ) -> Poll<Result<Option<RomId>, ReturnCode>> {
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
    fn what_is_not_written_is_as_the_documentation_says() {
        let (mut bus, mut context) = (Least, Context::from_waker(Waker::noop()));
        let access = temperature(id(1));
        let ok = Poll::Ready(Ok(()));
        assert_eq!((Least::SCOPE, bus.buses(), bus.clock()), (Scope::FULL, 1, None));
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

    /// Two buses: the second has device 9, answers late, and then fails.
    struct Two {
        calls: usize,
    }

    impl Bus for Two {
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
                return Least.device(bus, n, context);
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
    fn a_device_is_looked_for_on_all_buses() {
        let (mut bus, mut context) = (Two { calls: 0 }, Context::from_waker(Waker::noop()));
        for n in 1..4 {
            assert_eq!(bus.find(id(n), &mut context), Poll::Ready(Ok(Some(0))));
        }
        assert_eq!(bus.find(id(9), &mut context), Poll::Pending);
        assert_eq!(bus.find(id(9), &mut context), Poll::Ready(Ok(Some(1))));
        assert_eq!(bus.find(id(4), &mut context), Poll::Ready(Ok(None)));
        assert_eq!(bus.find(id(4), &mut context), Poll::Ready(Err(ReturnCode::BUS_NOT_RECONNECTED)));
    }

    /// Answers everything in another way than a bus that writes nothing.
    #[derive(Default)]
    struct Own {
        written: bool,
        cancelled: Option<Operation>,
    }

    impl Bus for Own {
        const SCOPE: Scope = Scope::LEAST;
        fn buses(&self) -> u16 {
            3
        }
        fn device(
            &mut self,
            bus: u16,
            _: usize,
            _: &mut Context<'_>,
        ) -> Poll<Result<Option<RomId>, ReturnCode>> {
            Poll::Ready(Ok((bus == 2).then_some(id(9))))
        }
        fn find(&mut self, _: RomId, _: &mut Context<'_>) -> Poll<Result<Option<u16>, ReturnCode>> {
            Poll::Ready(Ok(Some(2)))
        }
        fn refresh(
            &mut self,
            what: Refresh,
            _: Operation,
            _: &mut Context<'_>,
        ) -> Poll<Result<(), ReturnCode>> {
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
        fn write(
            &mut self,
            _: &Access<'_>,
            _: Value<'_>,
            _: &mut Context<'_>,
        ) -> Poll<Result<(), ReturnCode>> {
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
    fn a_borrowed_bus_is_the_bus() {
        fn ask<B: Bus>(mut bus: B) {
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
        let mut bus = Own::default();
        ask(&mut bus);
        assert!(bus.written && bus.cancelled == Some(Operation(7)));
    }
}
