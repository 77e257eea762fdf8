//! What simulated devices measure and keep.

use std::task::{Context, Poll, Waker};
use std::time::Duration;

use owproto_core::ReturnCode;
use owproto_core::text::{ChangeRate, Date, Value, ValueType, crc8};
use owproto_core::tree::tester::Tester;
use owproto_core::tree::{Access, Bus, Element, Property};

use super::curve::{in_steps, mix, mix_text, smooth, toggles, toggling, unit};
use super::device::Alarm;
use super::state::{Moment, Simulated, State};

/// A value that is kept.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Stored {
    Integer(i32),
    Unsigned(u32),
    Float(f64),
    YesNo(bool),
    Date(Date),
    Text(Vec<u8>),
    Bytes(Vec<u8>),
}

/// A value that is kept by a device, or made.
pub(super) enum Found<'s> {
    Memory(&'s [u8]),
    Made(Stored),
}

impl Stored {
    pub(super) fn new(value: Value<'_>) -> Self {
        match value {
            Value::Integer(number) => Self::Integer(number),
            Value::Unsigned(number) => Self::Unsigned(number),
            Value::Float(number) => Self::Float(number),
            Value::YesNo(yes) => Self::YesNo(yes),
            Value::Date(date) => Self::Date(date),
            Value::Text(text) => Self::Text(text.to_vec()),
            Value::Bytes(bytes) => Self::Bytes(bytes.to_vec()),
            other => Self::Text(other.encode().as_bytes().to_vec()),
        }
    }

    pub(super) fn value(&self) -> Value<'_> {
        match self {
            Self::Integer(number) => Value::Integer(*number),
            Self::Unsigned(number) => Value::Unsigned(*number),
            Self::Float(number) => Value::Float(*number),
            Self::YesNo(yes) => Value::YesNo(*yes),
            Self::Date(date) => Value::Date(*date),
            Self::Text(text) => Value::Text(text),
            Self::Bytes(bytes) => Value::Bytes(bytes),
        }
    }

    fn text(text: &str) -> Self {
        Self::Text(text.as_bytes().to_vec())
    }
}

impl Found<'_> {
    /// The value, bytes from `offset` on in the memory that is given.
    pub(super) fn copy_to<'a>(&self, offset: usize, scratch: &'a mut [u8]) -> Option<Value<'a>> {
        let value = match self {
            Self::Memory(bytes) => Value::Bytes(bytes),
            Self::Made(stored) => stored.value(),
        };
        Some(match value {
            Value::Text(text) => Value::Text(put(text, scratch)),
            Value::Bytes(bytes) => Value::Bytes(put(bytes.get(offset..)?, scratch)),
            Value::Integer(number) => Value::Integer(number),
            Value::Unsigned(number) => Value::Unsigned(number),
            Value::Float(number) => Value::Float(number),
            Value::YesNo(yes) => Value::YesNo(yes),
            Value::Date(date) => Value::Date(date),
            // No device holds another kind.
            _ => return None,
        })
    }

    fn into_stored(self) -> Stored {
        match self {
            Self::Memory(bytes) => Stored::Bytes(bytes.to_vec()),
            Self::Made(stored) => stored,
        }
    }
}

/// Copies as much as fits; gives the copy.
fn put<'a>(bytes: &[u8], scratch: &'a mut [u8]) -> &'a [u8] {
    let len = bytes.len().min(scratch.len());
    let place = scratch.get_mut(..len).unwrap_or_default();
    place.copy_from_slice(bytes.get(..len).unwrap_or_default());
    place
}

/// The number of an element, and of what is no array.
fn number(element: Element<'_>) -> u32 {
    match element {
        Element::Number(number) => number,
        Element::Named(name) => name.iter().fold(0, |sum: u32, byte| sum.wrapping_mul(31) + u32::from(*byte)),
        Element::Only | Element::All | Element::Byte => 0,
    }
}

/// The bits of a field, from the values of its elements.
fn bits(property: &Property, element: impl Fn(u32) -> bool) -> u32 {
    (0..property.elements().unwrap_or_default().min(32))
        .filter(|n| element(*n))
        .fold(0, |bits, n| bits | 1 << n)
}

/// The directory of a date: `clock/` of `clock/date` and of `clock/udate`, which are the same moment.
fn directory_of_date(property: &Property) -> Option<&'static str> {
    let name = property.name;
    // `set_alarm/date` says whether, not when.
    if !matches!(property.value_type, ValueType::Date | ValueType::Unsigned) {
        return None;
    }
    let directory = name.strip_suffix("udate").or_else(|| name.strip_suffix("date"))?;
    (directory.is_empty() || directory.ends_with('/')).then_some(directory)
}

/// Where bytes are kept.
enum Place {
    /// In the memory of the device.
    Memory(std::ops::Range<usize>),
    /// By themselves.
    Apart,
}

fn place(property: &Property, element: Element<'_>) -> Place {
    let len = property.len as usize;
    match property.name {
        "memory" => Place::Memory(0..len),
        "pages/page" => {
            let start = number(element) as usize * len;
            Place::Memory(start..start + len)
        }
        _ => Place::Apart,
    }
}

/// How many bytes of memory a family has: as a whole, or by pages.
pub(super) fn memory_len(family: &owproto_core::tree::Family) -> usize {
    let whole = family.property(b"memory").map_or(0, |memory| memory.len);
    let pages =
        family.property(b"pages/page").map_or(0, |page| page.len * page.elements().unwrap_or_default());
    whole.max(pages) as usize
}

impl Simulated {
    /// The bytes of a memory before anything was written.
    pub(super) fn fresh_memory(key: u64, len: usize) -> Vec<u8> {
        (0..len).map(|at| mix(key, at as u64).to_le_bytes()[0]).collect()
    }

    /// Has an element keep a value, whatever time does.
    pub(super) fn fix(&mut self, property: &'static Property, element: Element<'_>, value: Value<'_>) {
        match (element, value) {
            (Element::Byte, Value::Unsigned(bits)) => {
                for n in 0..property.elements().unwrap_or_default().min(32) {
                    self.fixed.insert((property.name, n), Stored::YesNo(bits >> n & 1 == 1));
                }
            }
            (_, Value::Bytes(bytes)) => self.put_bytes(property, element, 0, bytes),
            _ => drop(self.fixed.insert((property.name, number(element)), Stored::new(value))),
        }
    }

    /// Undoes [`fix`](Self::fix).
    pub(super) fn release(&mut self, property: &'static Property, element: Element<'_>) {
        match element {
            Element::Byte => self.fixed.retain(|(name, _), _| *name != property.name),
            _ => drop(self.fixed.remove(&(property.name, number(element)))),
        }
    }

    fn put_bytes(&mut self, property: &'static Property, element: Element<'_>, offset: usize, bytes: &[u8]) {
        let kept = match place(property, element) {
            Place::Memory(range) => self.memory.get_mut(range).unwrap_or_default(),
            Place::Apart => {
                let len = property.len as usize;
                let key = mix(mix_text(self.key, property.name), number(element).into());
                let kept = self
                    .written
                    .entry((property.name, number(element)))
                    .or_insert_with(|| Stored::Bytes(Self::fresh_memory(key, len)));
                match kept {
                    Stored::Bytes(kept) => kept.as_mut_slice(),
                    _ => return,
                }
            }
        };
        let Some(kept) = kept.get_mut(offset..) else { return };
        let len = kept.len().min(bytes.len());
        kept[..len].copy_from_slice(&bytes[..len]);
    }

    fn bytes<'s>(&'s self, property: &'static Property, element: Element<'_>) -> Found<'s> {
        match place(property, element) {
            Place::Memory(range) => Found::Memory(self.memory.get(range).unwrap_or_default()),
            Place::Apart => match self.written.get(&(property.name, number(element))) {
                Some(Stored::Bytes(bytes)) => Found::Memory(bytes),
                _ => {
                    let key = mix(mix_text(self.key, property.name), number(element).into());
                    Found::Made(Stored::Bytes(Self::fresh_memory(key, property.len as usize)))
                }
            },
        }
    }

    /// What a property was told to be, or what a client has written.
    fn kept(&self, name: &'static str, n: u32) -> Option<&Stored> {
        self.fixed.get(&(name, n)).or_else(|| self.written.get(&(name, n)))
    }

    fn kept_bool(&self, name: &'static str, n: u32) -> Option<bool> {
        match self.kept(name, n) {
            Some(Stored::YesNo(yes)) => Some(*yes),
            _ => None,
        }
    }

    fn kept_float(&self, name: &'static str, n: u32) -> Option<f64> {
        match self.kept(name, n) {
            Some(Stored::Float(number)) => Some(*number),
            _ => None,
        }
    }

    /// The temperature around the device, in degrees Celsius.
    fn temperature(&self, seconds: f64) -> f64 {
        self.kept_float("temperature", 0).unwrap_or_else(|| {
            let low = 2.0 + 16.0 * unit(mix(self.key, 100));
            smooth(mix(self.key, 101), seconds, low, low + 8.0)
        })
    }

    /// The temperature as a thermometer with steps of so many degrees says it.
    fn measured(&self, seconds: f64, step: f64, moment: Moment) -> f64 {
        if moment.is_power_on { 85.0 } else { in_steps(self.temperature(seconds), step) }
    }

    /// The finest step of the thermometer.
    fn step(&self) -> f64 {
        match (self.family.name, self.kept("tempres", 0)) {
            ("21", _) => 0.5,
            ("1E" | "26" | "A6", _) => 0.03125,
            (_, Some(Stored::Unsigned(9))) => 0.5,
            (_, Some(Stored::Unsigned(10))) => 0.25,
            (_, Some(Stored::Unsigned(11))) => 0.125,
            _ => 0.0625,
        }
    }

    /// Whether an output pulls its pin down.
    fn output(&self, n: u32) -> bool {
        self.kept_bool("PIO", n).unwrap_or(false)
    }

    /// Whether a pin is high: not when its own output is on, else as the world outside has it.
    fn sensed(&self, n: u32, seconds: f64) -> bool {
        let outside = mix(self.key, u64::from(n) + 200);
        self.kept_bool("sensed", n).unwrap_or_else(|| !self.output(n) && toggling(outside, seconds))
    }

    /// Whether a pin has changed since the latches were cleared.
    fn latch(&self, n: u32, seconds: f64) -> bool {
        let outside = mix(self.key, u64::from(n) + 200);
        self.kept_bool("latch", n).unwrap_or_else(|| {
            toggles(outside, self.latches_cleared.as_secs_f64()) != toggles(outside, seconds)
        })
    }

    /// The scratchpad of a thermometer, as its data sheet has it.
    fn scratchpad(&self, seconds: f64, moment: Moment) -> Vec<u8> {
        let limit = |name, default: f64| self.kept_float(name, 0).unwrap_or(default) as i8 as u8;
        let (high, low) = (limit("temphigh", HIGH), limit("templow", LOW));
        let celsius = self.measured(seconds, 0.0625, moment);
        let mut bytes = if self.family.name == "10" {
            let half_degrees = (celsius * 2.0).round() as i16;
            // Temperature = half degrees, truncated, - 0.25 + (16 - count) / 16.
            let count = (16.0 * (f64::from(half_degrees >> 1) - 0.25 + 1.0 - celsius)).clamp(0.0, 15.0) as u8;
            let [first, second] = half_degrees.to_le_bytes();
            vec![first, second, high, low, 0xff, 0xff, count, 0x10]
        } else {
            let [first, second] = ((celsius * 16.0).round() as i16).to_le_bytes();
            let resolution = match self.step() {
                0.5 => 0x1f,
                0.25 => 0x3f,
                0.125 => 0x5f,
                _ => 0x7f,
            };
            vec![first, second, high, low, resolution, 0xff, 0x0c, 0x10]
        };
        bytes.push(crc8(&bytes));
        bytes
    }

    /// What has a meaning of its own.
    fn known(&self, property: &'static Property, n: u32, moment: Moment) -> Option<Stored> {
        use Stored::{Float, Unsigned, YesNo};
        let t = moment.at.as_secs_f64();
        let key = mix(mix_text(self.key, property.name), n.into());
        let family = self.family.name;
        let curve = |low, high, step| Float(in_steps(smooth(key, t, low, high), step));
        let voltage = |high: f64, step| {
            // The same input, however it is read.
            let input = mix(self.key, u64::from(n) + 300);
            let volts = self.kept_float("volt", n).unwrap_or_else(|| smooth(input, t, 0.2, 4.9));
            Float(in_steps(volts.min(high), step))
        };
        let samples = (t / 600.0) as u32 + 1;
        let directory = property.name.split_once('/').map_or("", |(directory, _)| directory);
        let name = property.name.rsplit_once('/').map_or(property.name, |(_, name)| name);
        Some(match (directory, name) {
            ("", "temperature" | "latesttemp" | "temperature12") => {
                Float(self.measured(t, self.step(), moment))
            }
            ("", "temperature11") => Float(self.measured(t, 0.125, moment)),
            ("", "temperature10") => Float(self.measured(t, 0.25, moment)),
            ("", "temperature9" | "fasttemp") => Float(self.measured(t, 0.5, moment)),
            ("", "thermocouple") => curve(60.0, 180.0, 0.25),
            ("", "tempres") => Unsigned(12),
            ("", "temphigh") => Float(HIGH),
            ("", "templow") => Float(LOW),
            ("errata", "die") => Stored::text(if family == "10" { "B6" } else { "C2" }),
            ("errata", "trimvalid") => YesNo(true),
            ("errata", _) => return None,
            (_, "power") if property.change == ChangeRate::Volatile => YesNo(true),
            (_, "humidity") => curve(35.0, 70.0, 0.1),
            (_, "pressure") => curve(985.0, 1035.0, 0.1),
            (_, "temperature") if directory == "TAI8570" => Float(in_steps(self.temperature(t), 0.1)),
            ("", "VDD") => curve(4.95, 5.05, 0.01),
            ("", "VAD") => curve(0.8, 3.2, 0.01),
            ("", "vis") => curve(-0.02, 0.02, 0.000_244_1),
            ("", "volt" | "latestvolt") => voltage(5.12, 5.12 / 65536.0),
            ("", "volt2" | "latestvolt2") => voltage(2.56, 2.56 / 65536.0),
            ("8bit", "volt" | "latestvolt") => voltage(5.12, 5.12 / 256.0),
            ("8bit", "volt2" | "latestvolt2") => voltage(2.56, 2.56 / 256.0),
            ("CO2", "ppm") => Unsigned(smooth(key, t, 420.0, 1400.0) as u32),
            ("CO2", "Vdd") => YesNo(true),
            ("alarm", "high" | "low") => YesNo(false),
            (_, "volthigh" | "volt2high") => Float(if name == "volthigh" { 5.12 } else { 2.56 }),
            ("", "counter") | ("pages", "count") => {
                let each = 1.0 + 9.0 * unit(key);
                Unsigned((mix(key, 1) % 10_000) as u32 + (t / each) as u32)
            }
            ("", "channels") => Unsigned(2),
            ("", "PIO" | "flipflop") => YesNo(self.output(n)),
            ("", "sensed") => YesNo(self.sensed(n, t)),
            ("", "latch") => YesNo(self.latch(n, t)),
            ("MultiSensor", "type") => Stored::text("MS-T"),
            ("about", "resolution") => Float(0.5),
            ("about", "temphigh") => Float(85.0),
            ("about", "templow") => Float(-40.0),
            ("about", "version") => Stored::text("DS1921G-F5"),
            ("about" | "mission", "samples") => Unsigned(samples),
            ("log", "elements") => Unsigned(samples.min(2048)),
            ("log", "temperature") => Float(in_steps(self.temperature(f64::from(n) * 600.0), 0.5)),
            ("about", "measuring") | ("mission", "sampling") => YesNo(false),
            ("mission", "running") | ("clock", "running") | ("", "running") => YesNo(true),
            ("mission", "frequency") => Unsigned(10),
            // Most samples are near the temperature of now.
            ("histogram", "counts") => {
                let away = (self.temperature(t) - (-40.0 + 2.0 * f64::from(n))).abs();
                Unsigned((f64::from(samples) / (1.0 + away * away)) as u32)
            }
            ("histogram", "elements") => Unsigned(63),
            ("histogram", "gap") => Float(2.0),
            ("histogram", "temperature") => Float(-40.0 + 2.0 * f64::from(n)),
            ("overtemp" | "undertemp", "elements" | "count") => Unsigned(0),
            ("overtemp", "temperature") => Float(HIGH),
            ("undertemp", "temperature") => Float(LOW),
            _ => return None,
        })
    }

    /// What it is by its type and by how it changes.
    fn by_type(&self, property: &'static Property, n: u32, moment: Moment) -> Option<Stored> {
        let t = moment.at.as_secs_f64();
        let key = mix(mix_text(self.key, property.name), n.into());
        let is_moving = matches!(property.change, ChangeRate::Volatile | ChangeRate::EverySecond)
            && !property.access.is_writable();
        let is_fixed = property.change == ChangeRate::Fixed;
        Some(match property.value_type {
            ValueType::Unsigned if is_moving => {
                Stored::Unsigned((mix(key, 2) % 100) as u32 + (t / 10.0) as u32)
            }
            ValueType::Unsigned => Stored::Unsigned(if is_fixed { (key % 16) as u32 } else { 0 }),
            ValueType::Integer if is_moving => Stored::Integer(smooth(key, t, -50.0, 50.0) as i32),
            ValueType::Integer => Stored::Integer(0),
            ValueType::Float if is_moving => Stored::Float(in_steps(smooth(key, t, 0.0, 5.0), 0.001)),
            ValueType::Float => Stored::Float(0.0),
            ValueType::Temperature if is_moving => Stored::Float(self.measured(t, self.step(), moment)),
            ValueType::Temperature => Stored::Float(0.0),
            ValueType::TemperatureDifference => Stored::Float(0.5),
            ValueType::Pressure if is_moving => Stored::Float(in_steps(smooth(key, t, 985.0, 1035.0), 0.1)),
            ValueType::Pressure => Stored::Float(0.0),
            ValueType::YesNo | ValueType::BitField => Stored::YesNo(is_moving && toggling(key, t)),
            ValueType::Text | ValueType::Alias if property.access.is_writable() => Stored::Text(Vec::new()),
            ValueType::Text | ValueType::Alias => Stored::text(&format!("{:X}", key & 0xffff)),
            _ => return None,
        })
    }
}

/// Where thermometers begin to be in alarm, unless they were told otherwise.
const HIGH: f64 = 40.0;
const LOW: f64 = -10.0;

impl State {
    /// What an element is by a switch, whatever the device measures.
    pub(super) fn switched<'s>(
        &self,
        device: &'s Simulated,
        property: &'static Property,
        element: Element<'_>,
        moment: Moment,
    ) -> Option<Found<'s>> {
        if element == Element::Byte {
            return None;
        }
        if let Some(fixed) = device.fixed.get(&(property.name, number(element))) {
            return Some(Found::Made(fixed.clone()));
        }
        let is_measured =
            property.value_type == ValueType::Temperature && property.change == ChangeRate::Volatile;
        (moment.is_power_on && is_measured && self.is_tester).then_some(Found::Made(Stored::Float(85.0)))
    }

    /// The value of an element, but for the tester.
    pub(super) fn value<'s>(
        &self,
        device: &'s Simulated,
        property: &'static Property,
        element: Element<'_>,
        moment: Moment,
    ) -> Option<Found<'s>> {
        let made = |stored| Some(Found::Made(stored));
        if element == Element::Byte {
            let bits = bits(property, |n| match self.value(device, property, Element::Number(n), moment) {
                Some(Found::Made(Stored::YesNo(yes))) => yes,
                _ => false,
            });
            return made(Stored::Unsigned(bits));
        }
        let n = number(element);
        if property.value_type == ValueType::Bytes || property.value_type == ValueType::Unknown {
            let is_thermometer = matches!(device.family.name, "10" | "22" | "28" | "3B" | "42");
            if property.name == "scratchpad" && is_thermometer {
                return made(Stored::Bytes(device.scratchpad(moment.at.as_secs_f64(), moment)));
            }
            return Some(device.bytes(property, element));
        }
        let directory = match property.value_type {
            // `overtemp/end`, and whatever else is a date.
            ValueType::Date => Some(property.name.split_inclusive('/').next().unwrap_or_default()),
            _ => None,
        };
        if let Some(directory) = directory_of_date(property).or(directory) {
            let seconds = self.seconds(device, directory, n, moment.at);
            return match property.value_type {
                ValueType::Date => made(Stored::Date(Date::from_unix_seconds(seconds)?)),
                _ => made(Stored::Unsigned(u32::try_from(seconds).unwrap_or_default())),
            };
        }
        match device.kept(property.name, n) {
            Some(kept) => made(kept.clone()),
            None => made(device.known(property, n, moment).or_else(|| device.by_type(property, n, moment))?),
        }
    }

    /// A date of a device, in seconds since 1970.
    fn seconds(&self, device: &Simulated, directory: &'static str, n: u32, at: Duration) -> i64 {
        if let Some(Stored::Unsigned(seconds)) = device.kept(directory, n) {
            return (*seconds).into();
        }
        match directory {
            "" | "clock/" => self.epoch + at.as_secs() as i64 + device.clock_offset,
            "log/" => self.epoch + device.clock_offset + 600 * i64::from(n),
            _ => self.epoch + device.clock_offset + 60 * i64::from(n),
        }
    }

    /// Whether a device is in alarm.
    pub(super) fn is_in_alarm(&self, device: &Simulated) -> bool {
        match device.alarm {
            Alarm::On => true,
            Alarm::Off => false,
            Alarm::ByValue if self.is_tester => false,
            Alarm::ByValue => {
                let has_limits = device.family.property(b"temphigh").is_some();
                let temperature = device.temperature(self.time().as_secs_f64());
                let high = device.kept_float("temphigh", 0).unwrap_or(HIGH);
                let low = device.kept_float("templow", 0).unwrap_or(LOW);
                has_limits && !(low < temperature && temperature < high)
            }
        }
    }

    /// Keeps what a client writes.
    pub(super) fn write(&mut self, access: &Access<'_>, value: Value<'_>, moment: Moment) {
        let clock = self.epoch + moment.at.as_secs() as i64;
        let Some(device) = self.device_mut(access.device) else { return };
        let property = access.property;
        let n = number(access.element);
        if property.name == "latch" {
            // Whatever is written clears them all.
            device.latches_cleared = moment.at;
            return;
        }
        if let Some(directory) = directory_of_date(property) {
            let seconds = match value {
                Value::Date(date) => date.to_unix_seconds(),
                Value::Unsigned(seconds) => seconds.into(),
                _ => return,
            };
            match directory {
                "" | "clock/" => device.clock_offset = seconds - clock,
                _ => {
                    let seconds = u32::try_from(seconds).unwrap_or_default();
                    device.written.insert((directory, n), Stored::Unsigned(seconds));
                }
            }
            return;
        }
        match (access.element, value) {
            (Element::Byte, Value::Unsigned(bits)) => {
                for n in 0..property.elements().unwrap_or_default().min(32) {
                    device.written.insert((property.name, n), Stored::YesNo(bits >> n & 1 == 1));
                }
            }
            (element, Value::Bytes(bytes)) => device.put_bytes(property, element, access.offset, bytes),
            (_, Value::Text(text)) => {
                let kept = device.written.entry((property.name, n)).or_insert(Stored::Text(Vec::new()));
                if let Stored::Text(kept) = kept {
                    kept.resize(access.offset, b' ');
                    kept.extend_from_slice(text);
                }
            }
            (_, value) => drop(device.written.insert((property.name, n), Stored::new(value))),
        }
    }

    /// What owserver's `--tester` would say.
    pub(super) fn tester_value<'a>(
        &self,
        device: &Simulated,
        property: &'static Property,
        element: Element<'_>,
        offset: usize,
        scratch: &'a mut [u8],
    ) -> Result<Value<'a>, ReturnCode> {
        let access = Access::new(device.id, device.bus, device.family, property, element).with_offset(offset);
        // What it gives is borrowed from it, or from the memory that it gets.
        let (mut on_stack, mut on_heap) = ([0; 512], Vec::new());
        let made = match on_stack.get_mut(..scratch.len()) {
            Some(made) => made,
            None => {
                on_heap.resize(scratch.len(), 0);
                &mut on_heap
            }
        };
        let buses: Vec<&[u8]>;
        let mut tester = match &self.families[..] {
            [families] => Tester::new(families),
            all => {
                buses = all.iter().map(Vec::as_slice).collect();
                Tester::with_buses(&buses)
            }
        };
        let mut context = Context::from_waker(Waker::noop());
        match tester.read(&access, made, &mut context) {
            // It never is not ready.
            Poll::Pending => Err(ReturnCode::IO),
            Poll::Ready(Err(code)) => Err(code),
            Poll::Ready(Ok(value)) => {
                Found::Made(Stored::new(value)).copy_to(0, scratch).ok_or(ReturnCode::IO)
            }
        }
    }

    /// The value that an element has now.
    pub(super) fn value_now(
        &self,
        device: &Simulated,
        property: &'static Property,
        element: Element<'_>,
    ) -> Option<Stored> {
        let moment = Moment { at: self.time(), is_power_on: false };
        if let Some(found) = self.switched(device, property, element, moment) {
            return Some(found.into_stored());
        }
        if self.is_tester {
            let mut scratch = vec![0; property.len.max(1) as usize];
            return self.tester_value(device, property, element, 0, &mut scratch).ok().map(Stored::new);
        }
        self.value(device, property, element, moment).map(Found::into_stored)
    }
}
