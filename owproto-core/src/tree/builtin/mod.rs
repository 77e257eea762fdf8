//! What the tree knows by itself: the parts of an address, settings, the system, statistics, interfaces.

use crate::message::{ReturnCode, UNASSIGNED};
use crate::text::{AsciiWriter, RomId, Value};
use crate::tree::alias::{self, Aliases};
use crate::tree::bus::{Bus, Conversion};
use crate::tree::families::COMMON;
use crate::tree::model::property::{Element, Family, NOT_THERE, Property};
use crate::wire::{PressureScale, TemperatureScale};

/// What `/settings` holds. Clients may change all of it; `unaliased` is the only one that has an effect here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Settings {
    /// `timeout/...` but for `uncached`, in seconds, in the order of their names: directory, ftp, ha7, network,
    /// presence, serial, server, stable, usb, volatile, w1.
    pub timeouts: [u32; 11],
    /// `timeout/uncached`
    pub uncached: bool,
    /// `alias/unaliased`: listings show addresses although there are aliases.
    pub unaliased: bool,
    /// `units/temperature_scale`. The flags of a request decide, not this.
    pub temperature_scale: TemperatureScale,
    /// `units/pressure_scale`. The flags of a request decide, not this.
    pub pressure_scale: PressureScale,
}

impl Settings {
    /// What owserver 3.2p4 starts with (observed).
    pub const DEFAULT: Self = Self {
        timeouts: [60, 900, 60, 1, 120, 5, 10, 300, 5, 15, 30],
        uncached: false,
        unaliased: false,
        temperature_scale: TemperatureScale::Celsius,
        pressure_scale: PressureScale::Millibar,
    };

    /// The names of [`timeouts`](Self::timeouts).
    pub const TIMEOUT_NAMES: [&str; 11] = [
        "directory",
        "ftp",
        "ha7",
        "network",
        "presence",
        "serial",
        "server",
        "stable",
        "usb",
        "volatile",
        "w1",
    ];
}

impl Default for Settings {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What `/system` tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct System {
    /// `configuration/version`
    pub version: &'static str,
    /// `process/pid`
    pub process_id: u32,
    /// `process/pidfile`
    pub pid_file: &'static str,
}

impl System {
    /// The version of this crate, and no process.
    pub const DEFAULT: Self =
        Self { version: concat!("owproto-", env!("CARGO_PKG_VERSION")), process_id: 0, pid_file: "" };

    /// With another version.
    #[must_use]
    pub const fn with_version(mut self, version: &'static str) -> Self {
        self.version = version;
        self
    }

    /// With the number of a process.
    #[must_use]
    pub const fn with_process_id(mut self, process_id: u32) -> Self {
        self.process_id = process_id;
        self
    }

    /// With the path of a file that holds the number of the process.
    #[must_use]
    pub const fn with_pid_file(mut self, pid_file: &'static str) -> Self {
        self.pid_file = pid_file;
        self
    }
}

impl Default for System {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What was counted; the part of `/statistics` that is not always 0. Counters begin again at 0 when they are full.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Statistics {
    /// `read/calls`: values that were asked for.
    pub reads: u32,
    /// `read/success`
    pub reads_answered: u32,
    /// `read/bytes`
    pub bytes_read: u32,
    /// `write/calls`
    pub writes: u32,
    /// `write/success`
    pub writes_done: u32,
    /// `write/bytes`
    pub bytes_written: u32,
    /// `directory/device/calls`: directories that were asked for.
    pub listings: u32,
    /// `directory/device/entries`
    pub entries: u32,
}

impl Statistics {
    fn by_name(&self, name: &str) -> u32 {
        match name {
            "read/calls" => self.reads,
            "read/success" => self.reads_answered,
            "read/bytes" => self.bytes_read,
            "write/calls" => self.writes,
            "write/success" => self.writes_done,
            "write/bytes" => self.bytes_written,
            "directory/device/calls" => self.listings,
            "directory/device/entries" => self.entries,
            _ => 0,
        }
    }
}

/// Adds to a counter.
pub(in crate::tree) fn count(counter: &mut u32, n: usize) {
    *counter = counter.wrapping_add(u32::try_from(n).unwrap_or(u32::MAX));
}

/// Text that is made in memory that somebody else gave.
pub(in crate::tree) struct Made<'s> {
    bytes: &'s mut [u8],
    len: usize,
}

impl<'s> Made<'s> {
    pub(in crate::tree) fn new(bytes: &'s mut [u8]) -> Self {
        Self { bytes, len: 0 }
    }

    /// Appends what fits.
    pub(in crate::tree) fn push(&mut self, bytes: &[u8]) {
        self.writer().push_bytes(bytes);
    }

    pub(in crate::tree) fn push_hex(&mut self, bytes: &[u8]) {
        self.writer().push_hex(bytes);
    }

    pub(in crate::tree) fn push_decimal(&mut self, number: u32) {
        self.writer().push_decimal(number, 0, b'0');
    }

    fn writer(&mut self) -> AsciiWriter<'_> {
        AsciiWriter::new(self.bytes, &mut self.len)
    }

    pub(in crate::tree) fn finish(self) -> &'s [u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// Whether a property of a device is one that the tree answers.
pub(in crate::tree) fn is_common(family: &'static Family, property: &Property) -> bool {
    family.common.as_ptr_range().contains(&core::ptr::from_ref(property))
}

/// What a property says of a device.
#[derive(Clone, Copy)]
enum Part {
    Alias,
    Type,
    Present,
    /// These bytes of its address, in hexadecimal digits.
    Bytes(u8, u8),
    /// These bytes of its address, which is reversed before.
    Reversed(u8, u8),
}

/// What those of [`COMMON`] say, in their order.
static COMMON_PARTS: [Part; COMMON.len()] = [
    Part::Bytes(0, 8),    // address
    Part::Alias,          // alias
    Part::Bytes(7, 8),    // crc8
    Part::Bytes(0, 1),    // family
    Part::Bytes(1, 7),    // id
    Part::Bytes(0, 8),    // locator
    Part::Present,        // present
    Part::Reversed(0, 8), // r_address
    Part::Reversed(1, 7), // r_id
    Part::Bytes(0, 8),    // r_locator
    Part::Type,           // type
];

/// What a common property says of a device.
pub(in crate::tree) fn of_device<'a, A: Aliases>(
    device: RomId,
    family: &'static Family,
    property: &Property,
    aliases: &'a A,
    scratch: &'a mut [u8],
) -> Option<Value<'a>> {
    let (bytes, reversed) = (device.to_bytes(), device.reversed());
    let place = COMMON.iter().position(|known| known.name == property.name)?;
    let part = match COMMON_PARTS.get(place)? {
        Part::Alias => return Some(Value::Text(aliases.of(device).unwrap_or_default())),
        Part::Type => return Some(Value::Text(family.type_name.as_bytes())),
        Part::Present => return Some(Value::YesNo(true)),
        Part::Bytes(from, to) => bytes.get(usize::from(*from)..usize::from(*to)),
        Part::Reversed(from, to) => reversed.get(usize::from(*from)..usize::from(*to)),
    };
    let mut made = Made::new(scratch);
    made.push_hex(part?);
    Some(Value::Text(made.finish()))
}

/// A value of `/settings`, but for `alias/list`.
pub(in crate::tree) fn setting<'a>(
    settings: &Settings,
    name: &str,
    element: Element<'_>,
    scratch: &'a mut [u8],
) -> Result<Value<'a>, ReturnCode> {
    Ok(match name {
        "alias/unaliased" => Value::YesNo(settings.unaliased),
        "timeout/uncached" => Value::YesNo(settings.uncached),
        "units/temperature_scale" => Value::Text(letter(settings.temperature_scale)),
        "units/pressure_scale" => Value::Text(settings.pressure_scale.symbol().as_bytes()),
        "return_codes/text" => {
            let Element::Number(code) = element else { return Err(NOT_THERE) };
            let text = ReturnCode::from_code(code).owserver_text();
            match text.as_static() {
                Some(text) => Value::Text(text.as_bytes()),
                None => {
                    let mut made = Made::new(scratch);
                    made.push(UNASSIGNED.as_bytes());
                    made.push_decimal(code);
                    Value::Text(made.finish())
                }
            }
        }
        _ => Value::Unsigned(*timeout(&mut { *settings }.timeouts, name).ok_or(NOT_THERE)?),
    })
}

/// Writes to `/settings`.
pub(in crate::tree) fn set(settings: &mut Settings, name: &str, value: Value<'_>) -> Result<(), ReturnCode> {
    match (name, value) {
        ("alias/unaliased", Value::YesNo(yes)) => settings.unaliased = yes,
        ("timeout/uncached", Value::YesNo(yes)) => settings.uncached = yes,
        ("units/temperature_scale", Value::Text(text)) => {
            // Nothing written changes nothing (observed, owserver 3.2p4).
            if let Some(first) = text.first() {
                settings.temperature_scale = scale_of(*first).ok_or(ReturnCode::INVALID_VALUE)?;
            }
        }
        ("units/pressure_scale", Value::Text(text)) => {
            settings.pressure_scale = pressure_of(text).ok_or(ReturnCode::INVALID_VALUE)?;
        }
        (_, Value::Unsigned(seconds)) => *timeout(&mut settings.timeouts, name).ok_or(NOT_THERE)? = seconds,
        _ => return Err(NOT_THERE),
    }
    Ok(())
}

fn timeout<'t>(timeouts: &'t mut [u32; 11], name: &str) -> Option<&'t mut u32> {
    let name = name.strip_prefix("timeout/")?;
    let at = Settings::TIMEOUT_NAMES.iter().position(|known| *known == name)?;
    timeouts.get_mut(at)
}

const SCALES: [(TemperatureScale, &[u8]); 4] = [
    (TemperatureScale::Celsius, b"C"),
    (TemperatureScale::Fahrenheit, b"F"),
    (TemperatureScale::Kelvin, b"K"),
    (TemperatureScale::Rankine, b"R"),
];

fn letter(scale: TemperatureScale) -> &'static [u8] {
    SCALES.iter().find(|(known, _)| *known == scale).map_or(b"", |(_, letter)| letter)
}

fn scale_of(letter: u8) -> Option<TemperatureScale> {
    SCALES.iter().find(|(_, known)| known.eq_ignore_ascii_case(&[letter])).map(|(scale, _)| *scale)
}

/// The scale whose name a text begins with, in any case (observed, owserver 3.2p4).
fn pressure_of(text: &[u8]) -> Option<PressureScale> {
    PressureScale::ALL.into_iter().find(|scale| {
        let name = scale.symbol().as_bytes();
        text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
    })
}

/// A value of `/system`.
pub(in crate::tree) fn system<B: Bus>(system: &System, bus: &B, name: &str) -> Value<'static> {
    match name {
        "configuration/version" => Value::Text(system.version.as_bytes()),
        "configuration/trim" => Value::YesNo(false),
        "process/pid" => Value::Unsigned(system.process_id),
        "process/pidfile" => Value::Text(system.pid_file.as_bytes()),
        "connections/count_current_buses" => Value::Unsigned(bus.buses().into()),
        // What owserver can be built with and this is without: USB, I2C, parallel port, zeroconf.
        _ => Value::Unsigned(0),
    }
}

/// A value of `/statistics`.
pub(in crate::tree) fn statistic(statistics: &Statistics, name: &str) -> Value<'static> {
    Value::Unsigned(statistics.by_name(name))
}

/// A value of `/bus.N/interface`.
pub(in crate::tree) fn interface<'a, B: Bus>(
    bus: &'a B,
    number: u16,
    name: &str,
    scratch: &'a mut [u8],
) -> Value<'a> {
    match name {
        "settings/name" => Value::Text(bus.interface_name(number).as_bytes()),
        "settings/address" => Value::Text(bus.interface_address(number, scratch)),
        "settings/version" => Value::Unsigned(bus.interface_version(number)),
        "settings/ds2404_found" => Value::YesNo(true),
        "settings/overdrive" | "settings/reconnect" => Value::YesNo(false),
        "settings/simulated/temphigh" => Value::Float(100.0),
        "settings/simulated/templow" | "statistics/bus_time" => Value::Float(0.0),
        _ => Value::Unsigned(0),
    }
}

/// A value of `/simultaneous`. The search for a single device, which owserver does by other commands than the
/// search for all, finds none here.
pub(in crate::tree) fn simultaneous<B: Bus>(bus: &B, number: Option<u16>, name: &str) -> Value<'static> {
    match (conversion(name), name) {
        (Some(what), _) => Value::YesNo(bus.is_converted(number, what)),
        (None, "single" | "single_ds2400") => Value::Text(b"000000000000000000"),
        _ => Value::YesNo(false),
    }
}

/// The conversion that a property of `/simultaneous` starts.
pub(in crate::tree) fn conversion(name: &str) -> Option<Conversion> {
    match name {
        "temperature" => Some(Conversion::Temperature),
        "voltage" => Some(Conversion::Voltage),
        _ => None,
    }
}

/// Sets the alias of a device to what a client wrote.
pub(in crate::tree) fn set_alias<A: Aliases>(
    aliases: &mut A,
    device: RomId,
    data: &[u8],
) -> Result<(), ReturnCode> {
    if A::CAPACITY == 0 {
        return if data.iter().all(u8::is_ascii_whitespace) {
            Ok(())
        } else {
            Err(ReturnCode::OPERATION_NOT_SUPPORTED)
        };
    }
    aliases.set(device, alias::check(data)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::tester::Tester;

    #[test]
    fn the_system_is_what_it_was_told() {
        let told = System { version: "1.2.3", process_id: 42, pid_file: "/run/pid" };
        let bus = Tester::with_buses(&[&[0x10], &[0x28]]);
        for (name, value) in [
            ("configuration/version", Value::Text(b"1.2.3")),
            ("configuration/trim", Value::YesNo(false)),
            ("process/pid", Value::Unsigned(42)),
            ("process/pidfile", Value::Text(b"/run/pid")),
            ("connections/count_current_buses", Value::Unsigned(2)),
            ("connections/usb", Value::Unsigned(0)),
        ] {
            assert_eq!(system(&told, &bus, name), value, "{name}");
        }
    }

    #[test]
    fn two_properties_start_a_conversion() {
        assert_eq!(conversion("temperature"), Some(Conversion::Temperature));
        assert_eq!(conversion("voltage"), Some(Conversion::Voltage));
        assert_eq!(conversion("present"), None);
    }

    #[test]
    fn scales_are_told_by_the_beginning_of_their_name() {
        let mut settings = Settings::default();
        for (name, text, is_right) in [
            ("units/temperature_scale", "kelvin", true),
            ("units/temperature_scale", "", true),
            ("units/temperature_scale", "x", false),
            ("units/pressure_scale", "PSI and more", true),
            ("units/pressure_scale", "ps", false),
            ("units/pressure_scale", "", false),
            ("units/else", "psi", false),
        ] {
            assert_eq!(set(&mut settings, name, Value::Text(text.as_bytes())).is_ok(), is_right, "{text}");
        }
        assert_eq!(settings.temperature_scale, TemperatureScale::Kelvin);
        assert_eq!(settings.pressure_scale, PressureScale::Psi);
        for scale in PressureScale::ALL {
            assert_eq!(pressure_of(scale.symbol().as_bytes()), Some(scale));
        }
        for (scale, first) in SCALES {
            assert_eq!((letter(scale), scale_of(first[0])), (first, Some(scale)));
        }
    }

    #[test]
    fn each_counter_has_its_name() {
        let statistics = Statistics {
            reads: 1,
            reads_answered: 2,
            bytes_read: 3,
            writes: 4,
            writes_done: 5,
            bytes_written: 6,
            listings: 7,
            entries: 8,
        };
        for (name, number) in [
            ("read/calls", 1),
            ("read/success", 2),
            ("read/bytes", 3),
            ("write/calls", 4),
            ("write/success", 5),
            ("write/bytes", 6),
            ("directory/device/calls", 7),
            ("directory/device/entries", 8),
            ("cache/flips", 0),
        ] {
            assert_eq!(statistic(&statistics, name), Value::Unsigned(number), "{name}");
        }
        let mut counter = u32::MAX;
        count(&mut counter, 3);
        assert_eq!(counter, 2, "it begins again when it is full");
    }

    #[test]
    fn settings_that_are_yes_or_no_can_be_changed() {
        let mut settings = Settings::default();
        for name in ["alias/unaliased", "timeout/uncached"] {
            assert_eq!(setting(&settings, name, Element::Only, &mut []), Ok(Value::YesNo(false)));
            set(&mut settings, name, Value::YesNo(true)).unwrap();
            assert_eq!(setting(&settings, name, Element::Only, &mut []), Ok(Value::YesNo(true)));
        }
        assert!(settings.unaliased && settings.uncached);
        set(&mut settings, "timeout/volatile", Value::Unsigned(7)).unwrap();
        assert_eq!(settings.timeouts, [60, 900, 60, 1, 120, 5, 10, 300, 5, 7, 30]);
        assert!(set(&mut settings, "timeout/else", Value::Unsigned(7)).is_err());
    }

    #[test]
    fn the_interface_is_that_of_a_simulated_bus() {
        // Observed, owserver 3.2p4 with --tester.
        let bus = Tester::new(&[0x10]);
        for (name, value) in [
            ("settings/name", Value::Text(b"Simulated-Computed")),
            ("settings/address", Value::Text(b"tester.0")),
            ("settings/version", Value::Unsigned(28)),
            ("settings/ds2404_found", Value::YesNo(true)),
            ("settings/overdrive", Value::YesNo(false)),
            ("settings/reconnect", Value::YesNo(false)),
            ("settings/simulated/temphigh", Value::Float(100.0)),
            ("settings/simulated/templow", Value::Float(0.0)),
            ("statistics/bus_time", Value::Float(0.0)),
            ("statistics/else", Value::Unsigned(0)),
        ] {
            assert_eq!(interface(&bus, 0, name, &mut [0; 32]), value, "{name}");
        }
        assert_eq!(simultaneous(&bus, None, "single"), Value::Text(b"000000000000000000"));
        assert_eq!(simultaneous(&bus, None, "temperature"), Value::YesNo(false));
        assert_eq!(simultaneous(&bus, None, "present"), Value::YesNo(false));
    }
}
