//! Values of properties whose meaning is known by their names.

use owproto_core::text::ChangeRate;
use owproto_core::tree::Property;

use super::measured::{HIGH, LOW};
use crate::sim::device_state::DeviceState;
use crate::sim::generate::{in_steps, mix, mix_text, smooth, unit};
use crate::sim::operations::Moment;
use crate::sim::stored::Stored;

impl DeviceState {
    pub(super) fn by_name(&self, property: &'static Property, n: u32, moment: Moment) -> Option<Stored> {
        use Stored::{Float, Unsigned, YesNo};
        let t = moment.at.as_secs_f64();
        let key = mix(mix_text(self.key, property.name), n.into());
        let family = self.family.name;
        let curve = |low, high, step| Float(in_steps(smooth(key, t, low, high), step));
        let voltage = |high: f64, step| Float(in_steps(self.voltage(n, t).min(high), step));
        let samples = (t / 600.0) as u32 + 1;
        let directory = property.name.split_once('/').map_or("", |(directory, _)| directory);
        let name = property.name.rsplit_once('/').map_or(property.name, |(_, name)| name);
        Some(match (directory, name) {
            ("", "temperature" | "latesttemp" | "temperature12") => {
                Float(self.measured(self.resolution(), moment))
            }
            ("", "temperature11") => Float(self.measured(0.125, moment)),
            ("", "temperature10") => Float(self.measured(0.25, moment)),
            ("", "temperature9" | "fasttemp") => Float(self.measured(0.5, moment)),
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
            // Most samples are near the present temperature.
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
}
