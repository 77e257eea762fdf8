use core::task::{Context, Poll};

use super::property::{Element, Family, Property};
use super::scope::Scope;
use crate::return_code::ReturnCode;
use crate::text::{Date, RomId, Value};
use crate::time::Instant;

/// What a read or a write is about.
#[derive(Clone, Copy, Debug)]
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

/// Names the work that one request makes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Operation(pub(super) u32);

/// What is started on all devices at once.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Simultaneous {
    /// `simultaneous/temperature`
    Temperature,
    /// `simultaneous/voltage`
    Voltage,
}

/// What a client wants to know from the bus, and not from what a [`Bus`] remembers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Renewal {
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
    fn renew(
        &mut self,
        _what: Renewal,
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
    fn shows(&self, _device: RomId, _property: &Property) -> bool {
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

    /// Starts a conversion on all devices of a bus, or of all buses; `start` false is a client that wrote 0. Only with
    /// [`Scope::SIMULTANEOUS`].
    fn convert(
        &mut self,
        _bus: Option<u16>,
        _what: Simultaneous,
        _start: bool,
        _context: &mut Context<'_>,
    ) -> Poll<Result<(), ReturnCode>> {
        Poll::Ready(Ok(()))
    }

    /// Whether such a conversion is still good to be read.
    fn is_converted(&self, _bus: Option<u16>, _what: Simultaneous) -> bool {
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
    fn name(&self, _bus: u16) -> &str {
        "owproto"
    }

    /// Where the bus master is: `bus.N/interface/settings/address`. Written to the front of `scratch`, or given from
    /// elsewhere.
    fn address<'a>(&'a self, _bus: u16, _scratch: &'a mut [u8]) -> &'a [u8] {
        b""
    }

    /// The number of the kind of bus master: `bus.N/interface/settings/version`.
    fn version(&self, _bus: u16) -> u32 {
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
    fn renew(
        &mut self,
        what: Renewal,
        operation: Operation,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), ReturnCode>> {
        (**self).renew(what, operation, context)
    }
    fn is_in_alarm(&mut self, device: RomId, context: &mut Context<'_>) -> Poll<Result<bool, ReturnCode>> {
        (**self).is_in_alarm(device, context)
    }
    fn shows(&self, device: RomId, property: &Property) -> bool {
        (**self).shows(device, property)
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
        what: Simultaneous,
        start: bool,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), ReturnCode>> {
        (**self).convert(bus, what, start, context)
    }
    fn is_converted(&self, bus: Option<u16>, what: Simultaneous) -> bool {
        (**self).is_converted(bus, what)
    }
    fn cancel(&mut self, operation: Operation) {
        (**self).cancel(operation);
    }
    fn clock(&self) -> Option<Date> {
        (**self).clock()
    }
    fn name(&self, bus: u16) -> &str {
        (**self).name(bus)
    }
    fn address<'a>(&'a self, bus: u16, scratch: &'a mut [u8]) -> &'a [u8] {
        (**self).address(bus, scratch)
    }
    fn version(&self, bus: u16) -> u32 {
        (**self).version(bus)
    }
}
