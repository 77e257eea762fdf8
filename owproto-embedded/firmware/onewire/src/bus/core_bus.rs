use core::task::{Context, Poll, ready};

use owproto_core::ReturnCode;
use owproto_core::text::{RomId, Value};
use owproto_core::tree::{Access, Bus, Conversion, ConversionCommand, Element, Operation, Refresh, Scope};

use super::device::{Device, Kept};
use super::discovery::Probe;
use super::job::{Job, Progress, Setting, Waiting};
use super::timers::Time;
use super::{Alarms, OneWire, Simultaneous};
use crate::devices::switch::DS2413;
use crate::devices::thermometer::{self as thermometer, DS18S20, Die, Resolution};
use crate::master::wire::Wire;

/// What a property of a device asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Question {
    Temperature(Resolution),
    LatestTemperature,
    Scratchpad,
    Setting(Setting),
    Power,
    Die,
    Trim,
    IsTrimValid,
    IsTrimBlanket,
    PioState,
    Pio,
    Sensed,
}

impl Question {
    /// Those of a thermometer. Without a number it is the highest resolution (owfs: manual page DS18B20).
    const OF_THERMOMETER: &[(&str, Self)] = &[
        ("temperature", Self::Temperature(Resolution::Twelve)),
        ("temperature9", Self::Temperature(Resolution::Nine)),
        ("temperature10", Self::Temperature(Resolution::Ten)),
        ("temperature11", Self::Temperature(Resolution::Eleven)),
        ("temperature12", Self::Temperature(Resolution::Twelve)),
        ("fasttemp", Self::Temperature(Resolution::Nine)),
        ("latesttemp", Self::LatestTemperature),
        ("scratchpad", Self::Scratchpad),
        ("temphigh", Self::Setting(Setting::High)),
        ("templow", Self::Setting(Setting::Low)),
        ("tempres", Self::Setting(Setting::Configuration)),
        ("power", Self::Power),
        ("errata/die", Self::Die),
        ("errata/trim", Self::Trim),
        ("errata/trimvalid", Self::IsTrimValid),
        ("errata/trimblanket", Self::IsTrimBlanket),
    ];

    /// Those of a DS2413.
    const OF_SWITCH: &[(&str, Self)] =
        &[("PIO", Self::Pio), ("piostate", Self::PioState), ("sensed", Self::Sensed)];

    // From a table, which is smaller than comparisons that are written out.
    fn of(family: u8, name: &str) -> Option<Self> {
        let table = match family {
            DS2413 => Self::OF_SWITCH,
            family if thermometer::is_thermometer(family) => Self::OF_THERMOMETER,
            _ => return None,
        };
        let (_, question) = table.iter().find(|(property, _)| *property == name)?;
        Some(match question {
            // It has only one.
            Self::Temperature(_) if family == DS18S20 => Self::Temperature(Resolution::Twelve),
            question => *question,
        })
    }

    /// What has to be done for its answer; `None`: nothing, the address tells.
    fn job(self, device: RomId) -> Option<Job> {
        Some(match self {
            Self::Temperature(resolution) => Job::Temperature(resolution),
            Self::LatestTemperature | Self::Scratchpad => Job::Scratchpad,
            Self::Setting(_) => Job::Settings,
            Self::Power => Job::Power,
            Self::Die => return None,
            // The first revision has no such register (owfs: `ow_1820.c`).
            Self::IsTrimValid | Self::IsTrimBlanket if Die::of(device) == Die::B6 => return None,
            Self::Trim | Self::IsTrimValid | Self::IsTrimBlanket => Job::Trim,
            Self::PioState | Self::Pio | Self::Sensed => Job::Pio,
        })
    }

    /// The answer from what is remembered.
    fn value<'a>(self, device: &'a Device, access: &Access<'_>) -> Result<Value<'a>, ReturnCode> {
        let [high, low, configuration] = device.settings;
        let (family, die) = (device.id.family(), Die::of(device.id));
        Ok(match self {
            Self::Temperature(resolution) => celsius(device.temperature(resolution)),
            Self::LatestTemperature => celsius(device.scratchpad.temperature(family)),
            Self::Scratchpad => {
                Value::Bytes(device.scratchpad.bytes().get(access.offset..).unwrap_or_default())
            }
            Self::Setting(Setting::High) => Value::Float(f64::from(high.cast_signed())),
            Self::Setting(Setting::Low) => Value::Float(f64::from(low.cast_signed())),
            Self::Setting(Setting::Configuration) => {
                Value::Unsigned(Resolution::from_configuration(configuration).bits())
            }
            Self::Power => Value::YesNo(device.has_supply),
            Self::Die => Value::Text(die.name()),
            Self::Trim => Value::Unsigned(device.trim.value()),
            Self::IsTrimValid => Value::YesNo(die == Die::B6 || device.trim.is_valid()),
            Self::IsTrimBlanket if die == Die::B6 => return Err(ReturnCode::INVALID_VALUE),
            Self::IsTrimBlanket => Value::YesNo(device.trim.is_blanket()),
            Self::PioState => Value::Unsigned(device.pio.bits().into()),
            Self::Pio => channels(device.pio.conducting(), access.element),
            Self::Sensed => channels(device.pio.sensed(), access.element),
        })
    }

    /// What has to be done so that it becomes what a client wrote.
    fn write(self, element: Element<'_>, value: Value<'_>) -> Result<Job, ReturnCode> {
        match self {
            Self::Setting(Setting::Configuration) => {
                let Value::Unsigned(bits) = value else { return Err(ReturnCode::INVALID_VALUE) };
                let resolution = Resolution::from_bits(bits).ok_or(ReturnCode::INVALID_VALUE)?;
                Ok(Job::WriteSetting(Setting::Configuration, resolution.configuration()))
            }
            Self::Setting(setting) => {
                let degrees = value.as_f64().ok_or(ReturnCode::INVALID_VALUE)?;
                Ok(Job::WriteSetting(setting, whole_degrees(degrees)?.cast_unsigned()))
            }
            Self::Pio | Self::PioState => {
                let (mask, conducting) = match (element, value) {
                    (Element::Number(0), Value::YesNo(yes)) => (1, u8::from(yes)),
                    (Element::Number(_), Value::YesNo(yes)) => (2, u8::from(yes) << 1),
                    (_, Value::Unsigned(bits)) => (3, u8::try_from(bits & 3).unwrap_or_default()),
                    _ => return Err(ReturnCode::INVALID_VALUE),
                };
                Ok(Job::WritePio { mask, conducting })
            }
            // The trim of a device cannot be brought back once it was overwritten.
            _ => Err(ReturnCode::OPERATION_NOT_SUPPORTED),
        }
    }
}

/// Sixteenths of a degree as degrees.
fn celsius(sixteenths: i16) -> Value<'static> {
    // By the exponent: a multiplication is much code where there is no hardware for it.
    const SIXTEENTH: u64 = 4 << FRACTION;
    let bits = f64::from(sixteenths).to_bits();
    Value::Float(f64::from_bits(if sixteenths == 0 { bits } else { bits.wrapping_sub(SIXTEENTH) }))
}

/// One channel, or all of them as a number.
fn channels(bits: u8, element: Element<'_>) -> Value<'static> {
    match element {
        Element::Number(0) => Value::YesNo(bits & 1 != 0),
        Element::Number(_) => Value::YesNo(bits & 2 != 0),
        _ => Value::Unsigned(bits.into()),
    }
}

/// The bits of a double's fraction.
const FRACTION: u64 = 52;

/// An alarm limit is a whole number of degrees; the rest is cut off (owfs: `ow_1820.c`).
fn whole_degrees(degrees: f64) -> Result<i8, ReturnCode> {
    // From the parts of the number: the conversion and its comparisons are much code where there is no hardware for them.
    /// The exponent of 1.
    const ONE: u64 = 1023;
    /// All that is below 256.
    const MAX_BITS: u64 = 7;
    let bits = degrees.to_bits();
    let exponent = bits >> FRACTION & 0x7ff;
    // A number that is too great, or none.
    let places = (ONE + MAX_BITS).checked_sub(exponent).ok_or(ReturnCode::OUT_OF_RANGE)?;
    let leading = bits >> (FRACTION - MAX_BITS) & 0x7f | 0x80;
    let magnitude = if places > MAX_BITS { 0 } else { leading >> places };
    let magnitude = i16::try_from(magnitude).map_err(|_| ReturnCode::OUT_OF_RANGE)?;
    let whole = if degrees.is_sign_negative() { magnitude.wrapping_neg() } else { magnitude };
    i8::try_from(whole).map_err(|_| ReturnCode::OUT_OF_RANGE)
}

impl<W: Wire, const DEVICES: usize, const WAITING: usize> OneWire<W, DEVICES, WAITING> {
    /// Has a job done for an operation, and says what came of it, once.
    fn ask(&mut self, operation: Operation, device: Option<RomId>, job: Job) -> Poll<Result<(), ReturnCode>> {
        let new = Waiting { operation, device, job, progress: Progress::Queued };
        let mut free = None;
        for place in &mut self.waiting {
            match place {
                Some(waiting) if waiting.operation == operation => {
                    if waiting.device != device || waiting.job != job {
                        // An operation wants one thing at a time: what it wanted before is out of date.
                        *waiting = new;
                    } else if let Progress::Done(result) = waiting.progress {
                        *place = None;
                        self.make_room();
                        return Poll::Ready(result);
                    }
                    return Poll::Pending;
                }
                Some(_) => {}
                None => free = free.or(Some(place)),
            }
        }
        match free {
            Some(free) => *free = Some(new),
            None => self.is_crowded = true,
        }
        Poll::Pending
    }

    /// What an operation waits for.
    fn asked(&self, operation: Operation) -> Option<Job> {
        let mut waiting = self.waiting.iter().flatten();
        waiting.find(|waiting| waiting.operation == operation).map(|waiting| waiting.job)
    }

    /// Whether the list of devices can be used.
    fn list(&self) -> Poll<Result<(), ReturnCode>> {
        self.list.map_or(Poll::Pending, Poll::Ready)
    }
}

impl<W: Wire, const DEVICES: usize, const WAITING: usize> Bus for OneWire<W, DEVICES, WAITING> {
    /// Devices, and conversions on all of them: what a gateway with little flash has room for. A bus of one's own around
    /// this one may have more of it.
    const SCOPE: Scope = Scope::LEAST.with(Scope::WRITES).with(Scope::SIMULTANEOUS);

    fn device(&mut self, bus: u16, n: usize, _: &mut Context<'_>) -> Poll<Result<Option<RomId>, ReturnCode>> {
        ready!(self.list())?;
        Poll::Ready(Ok(if bus == 0 { self.devices().nth(n) } else { None }))
    }

    fn find(&mut self, device: RomId, _: &mut Context<'_>) -> Poll<Result<Option<u16>, ReturnCode>> {
        ready!(self.list())?;
        if self.listed(device).is_some() {
            if let Some(probe) = &mut self.probe
                && probe.device == device
            {
                probe.is_delivered = true;
                self.make_room();
            }
            return Poll::Ready(Ok(Some(0)));
        }
        // It may have come since the last search.
        match &mut self.probe {
            Some(Probe { device: probed, outcome: Some(result), is_delivered }) if *probed == device => {
                let result = *result;
                *is_delivered = true;
                self.make_room();
                Poll::Ready(result.map(|()| None))
            }
            Some(Probe { device: probed, outcome: None, .. }) if *probed == device => Poll::Pending,
            Some(Probe { is_delivered: false, .. }) => {
                self.is_crowded = true;
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
            Refresh::Presence(device) => self.ask(operation, Some(device), Job::Verify),
            _ => self.ask(operation, None, Job::Search),
        }
    }

    fn is_in_alarm(&mut self, device: RomId, _: &mut Context<'_>) -> Poll<Result<bool, ReturnCode>> {
        match self.alarms {
            Alarms::Known(result) => {
                Poll::Ready(result.map(|()| self.listed(device).is_some_and(|device| device.is_in_alarm)))
            }
            _ => {
                self.alarms = Alarms::Wanted;
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
        self.pass(access.now);
        let id = access.device;
        let Some(mut question) = Question::of(id.family(), access.property.name) else {
            return Poll::Ready(Err(ReturnCode::OPERATION_NOT_SUPPORTED));
        };
        let asked = self.asked(access.operation);
        if matches!(question, Question::Temperature(_)) && !access.is_uncached {
            // When all have converted, there is no need to do it again (owfs: `ow_simultaneous.c`).
            let is_converted = self.is_converted(None, Conversion::Temperature);
            match (asked, self.simultaneous) {
                (None, Simultaneous::Wanted | Simultaneous::Running) => return Poll::Pending,
                (None, _) if is_converted => question = Question::LatestTemperature,
                (Some(Job::Scratchpad), _) => question = Question::LatestTemperature,
                _ => {}
            }
        }
        if let Some(job) = question.job(id) {
            let is_known = |kept: Kept| self.listed(id).is_some_and(|device| device.has(kept));
            if access.is_uncached || asked.is_some() || !job.brings().is_some_and(is_known) {
                ready!(self.ask(access.operation, Some(id), job))?;
            }
        }
        let device = self.listed(id).ok_or(ReturnCode::NO_SUCH_ENTITY);
        Poll::Ready(device.and_then(|device| question.value(device, access)))
    }

    fn write(
        &mut self,
        access: &Access<'_>,
        value: Value<'_>,
        _: &mut Context<'_>,
    ) -> Poll<Result<(), ReturnCode>> {
        self.pass(access.now);
        let question = Question::of(access.device.family(), access.property.name);
        let job = question
            .ok_or(ReturnCode::OPERATION_NOT_SUPPORTED)
            .and_then(|question| question.write(access.element, value));
        match job {
            Ok(job) => self.ask(access.operation, Some(access.device), job),
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
            // No device here measures voltages.
            (Conversion::Voltage, _) => Poll::Ready(Err(ReturnCode::OPERATION_NOT_SUPPORTED)),
            (Conversion::Temperature, ConversionCommand::Forget) => {
                self.times.set(Time::Converted, 0);
                Poll::Ready(Ok(()))
            }
            (Conversion::Temperature, ConversionCommand::Start) => match self.simultaneous {
                Simultaneous::Wanted | Simultaneous::Running => Poll::Pending,
                Simultaneous::Done(result) => Poll::Ready(result),
                Simultaneous::Nothing => {
                    self.simultaneous = Simultaneous::Wanted;
                    Poll::Pending
                }
            },
        }
    }

    fn is_converted(&self, _: Option<u16>, what: Conversion) -> bool {
        what == Conversion::Temperature && !self.times.is_over(Time::Converted)
    }

    fn cancel(&mut self, operation: Operation) {
        // Work that was begun goes on: a device must not be left in the middle of a write.
        for place in &mut self.waiting {
            if place.as_ref().is_some_and(|waiting| waiting.operation == operation) {
                *place = None;
                self.is_settled |= core::mem::take(&mut self.is_crowded);
            }
        }
    }

    fn interface_name(&self, _: u16) -> &str {
        "owproto-onewire"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_are_cut_off() {
        let cases = [
            (0.0, 0),
            (-0.0, 0),
            (f64::MIN_POSITIVE, 0),
            (0.999, 0),
            (-0.999, 0),
            (1.0, 1),
            (-1.5, -1),
            (25.9, 25),
            (-55.0, -55),
            (127.999, 127),
            (-128.999, -128),
        ];
        for (degrees, whole) in cases {
            assert_eq!(whole_degrees(degrees), Ok(whole), "{degrees}");
        }
        for tenths in -1289..1280_i16 {
            let degrees = f64::from(tenths) / 10.0;
            assert_eq!(whole_degrees(degrees).map(i16::from), Ok(tenths / 10), "{degrees}");
        }
        for degrees in
            [128.0, -129.0, 255.9, 256.0, 1e300, -1e300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN]
        {
            assert_eq!(whole_degrees(degrees), Err(ReturnCode::OUT_OF_RANGE), "{degrees}");
        }
    }
}
