use core::task::{Context, Poll};

use super::model::family::Family;
use super::model::property::{Element, Property};
use super::model::scope::Scope;
use crate::message::ReturnCode;
use crate::text::{Date, RomId, Value};
use crate::time::Instant;

/// The code for a value that a bus does not have, or has in another type than the table.
pub(super) const NO_VALUE: ReturnCode = ReturnCode::IO;

/// What a client reads or writes.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Access<'p> {
    /// The device. It was on the bus when the request started.
    pub device: RomId,
    /// The bus that the device was found on.
    pub bus: u16,
    /// The family of the device.
    pub family: &'static Family,
    /// The property.
    pub property: &'static Property,
    /// The element. Never [`Element::All`]: the tree reads and writes its elements one by one.
    pub element: Element<'p>,
    /// For bytes and text: the first byte to be read or written. 0 for other types.
    pub offset: usize,
    /// Whether the client wants a value from the device, and not from a cache.
    pub is_uncached: bool,
    /// The present time of the driver's clock.
    pub now: Instant,
    /// The same for all calls for one request, and different for each other request that is not answered yet.
    pub operation: Operation,
}

impl<'p> Access<'p> {
    /// An access to a cached value from offset 0 at time 0. The tree makes its own; this is for tests, and for a [`Bus`]
    /// that calls another one.
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

    /// Sets the offset.
    #[must_use]
    pub const fn with_offset(mut self, offset: usize) -> Self {
        self.offset = offset;
        self
    }

    /// Sets the bus.
    #[must_use]
    pub const fn with_bus(mut self, bus: u16) -> Self {
        self.bus = bus;
        self
    }
}

/// Identifies the request that a bus works for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Operation(pub(in crate::tree) u32);

/// A conversion that all devices of a bus can do simultaneously. owserver knows these two, and a [`Bus`] has to handle
/// both, so this is exhaustive.
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

/// What a [`Bus`] has to look up on the wire, because the client wants no cached answer.
///
/// A bus handles a variant that it does not know as [`Devices`](Self::Devices), which includes all others.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Refresh {
    /// Which devices are on the bus, and which of them are in alarm: a directory of devices will be listed.
    Devices,
    /// Whether this device is on the bus.
    Presence(RomId),
}

/// The devices of a server. Implement this for your sensors, and [`Tree`](super::Tree) makes an owserver of them.
///
/// A call may take as long as it needs: return [`Poll::Pending`], and the tree calls again once the [`Context`]'s waker
/// is used, or earlier. The server answers other clients in the meantime. The tree also repeats a call if there was no
/// room for the whole answer, so a read should have no side effect.
///
/// Temperatures are in degrees Celsius and pressures in mbar; the tree converts scales, renders text and applies
/// offsets. It also answers `address`, `alias`, `type` and the other [common properties](super::families::COMMON), so a
/// bus never receives these.
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
    /// What the tree has besides devices: everything by default. Parts outside of the scope are not linked, which saves
    /// flash.
    const SCOPE: Scope = Scope::FULL;

    /// The number of bus masters: `bus.0`, `bus.1` and so on.
    fn buses(&self) -> u16 {
        1
    }

    /// The `n`th device on a bus, from 0; `None` after the last. A listing calls this for 0, 1, 2 and so on.
    ///
    /// An error ends the listing after the devices before it.
    fn device(
        &mut self,
        bus: u16,
        n: usize,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<RomId>, ReturnCode>>;

    /// The bus that a device is on; `None` if it is on none. The default goes through all devices.
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

    /// Searches the bus again, for a listing or a PRESENCE below `/uncached` or with the uncached flag. The tree calls this
    /// until it is ready, once for such a request and before its other calls; reads and writes have
    /// [`Access::is_uncached`] instead. A bus that caches which devices are on it implements this.
    fn refresh(
        &mut self,
        _what: Refresh,
        _operation: Operation,
        _context: &mut Context<'_>,
    ) -> Poll<Result<(), ReturnCode>> {
        Poll::Ready(Ok(()))
    }

    /// Whether a device is in alarm, so that `/alarm` lists it.
    fn is_in_alarm(&mut self, _device: RomId, _context: &mut Context<'_>) -> Poll<Result<bool, ReturnCode>> {
        Poll::Ready(Ok(false))
    }

    /// Whether the directory of this device shows a property that only some models of its family have
    /// ([`Visibility::ByModel`](super::Visibility::ByModel)).
    fn is_visible(&self, _device: RomId, _property: &Property) -> bool {
        false
    }

    /// Reads a property: a value of its type, or the code for the client, such as [`ReturnCode::IO`].
    ///
    /// - An element of a bit field is a yes/no; its [`Element::Byte`] is an unsigned number with all of them.
    /// - Bytes start at [`offset`](Access::offset), and are at least as many as `scratch` has. Fewer are an error.
    /// - Text is always whole. The tree cuts it to the length of the property.
    ///
    /// `scratch` is memory for bytes or text that the bus makes for this call. Those that it already has can be borrowed
    /// from the bus instead.
    fn read<'a>(
        &'a mut self,
        access: &Access<'_>,
        scratch: &'a mut [u8],
        context: &mut Context<'_>,
    ) -> Poll<Result<Value<'a>, ReturnCode>>;

    /// Writes a property that is writable by its table. The value has its type, in degrees Celsius and mbar. Text and bytes
    /// start at [`offset`](Access::offset), and end within the length of the property.
    ///
    /// An `.ALL` is written element by element, each after the one before is done; that of a bit field is one number for
    /// its [`Element::Byte`]. The first error ends it.
    fn write(
        &mut self,
        _access: &Access<'_>,
        _value: Value<'_>,
        _context: &mut Context<'_>,
    ) -> Poll<Result<(), ReturnCode>> {
        Poll::Ready(Err(ReturnCode::OPERATION_NOT_SUPPORTED))
    }

    /// Starts a conversion on all devices of a bus, or of all buses (`None`), or forgets an earlier one. Only with
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

    /// Whether the values of such a conversion can still be read.
    fn is_converted(&self, _bus: Option<u16>, _what: Conversion) -> bool {
        false
    }

    /// The client of this request has disconnected: work for it may be given up.
    fn cancel(&mut self, _operation: Operation) {}

    /// The present date and time, for clients that write an empty date; `None` without a clock. Only with
    /// [`Scope::DATES`].
    fn clock(&self) -> Option<Date> {
        None
    }

    /// The kind of bus master: `bus.N/interface/settings/name`.
    fn interface_name(&self, _bus: u16) -> &str {
        "owproto"
    }

    /// The address of the bus master, such as a device file: `bus.N/interface/settings/address`. It is written to the
    /// start of `scratch`, or borrowed from the bus.
    fn interface_address<'a>(&'a self, _bus: u16, _scratch: &'a mut [u8]) -> &'a [u8] {
        b""
    }

    /// The number of this kind of bus master: `bus.N/interface/settings/version`.
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
mod tests;
