//! What devices measure: temperatures, pins, alarms. Several properties show the same quantity.

use std::time::Duration;

use owproto_core::text::crc8;

use crate::sim::device_state::DeviceState;
use crate::sim::faults::Alarm;
use crate::sim::generate::{in_steps, mix, smooth, toggles, toggling, unit};
use crate::sim::operations::Moment;
use crate::sim::stored::Stored;

/// The default limits of thermometers in degrees Celsius; beyond them they are in alarm.
pub(super) const HIGH: f64 = 40.0;
pub(super) const LOW: f64 = -10.0;

impl DeviceState {
    /// The temperature around the device, in degrees Celsius.
    pub(super) fn temperature(&self, seconds: f64) -> f64 {
        self.kept_float("temperature", 0).unwrap_or_else(|| {
            let low = 2.0 + 16.0 * unit(mix(self.key, 100));
            smooth(mix(self.key, 101), seconds, low, low + 8.0)
        })
    }

    /// The temperature as a thermometer with the given resolution in degrees measures it.
    pub(super) fn measured(&self, resolution: f64, moment: Moment) -> f64 {
        if moment.is_power_on {
            85.0
        } else {
            in_steps(self.temperature(moment.at.as_secs_f64()), resolution)
        }
    }

    /// The resolution of the thermometer in degrees.
    pub(super) fn resolution(&self) -> f64 {
        match (self.family.name, self.kept("tempres", 0)) {
            ("21", _) => 0.5,
            ("1E" | "26" | "A6", _) => 0.03125,
            (_, Some(Stored::Unsigned(9))) => 0.5,
            (_, Some(Stored::Unsigned(10))) => 0.25,
            (_, Some(Stored::Unsigned(11))) => 0.125,
            _ => 0.0625,
        }
    }

    /// The voltage at an input, which several properties show.
    pub(super) fn voltage(&self, n: u32, seconds: f64) -> f64 {
        let input = mix(self.key, u64::from(n) + 300);
        self.kept_float("volt", n).unwrap_or_else(|| smooth(input, seconds, 0.2, 4.9))
    }

    /// Whether an output pulls its pin low.
    pub(super) fn output(&self, n: u32) -> bool {
        self.kept_bool("PIO", n).unwrap_or(false)
    }

    /// Whether a pin is high: low while its own output is on, otherwise as the signal from outside.
    pub(super) fn sensed(&self, n: u32, seconds: f64) -> bool {
        let outside = mix(self.key, u64::from(n) + 200);
        self.kept_bool("sensed", n).unwrap_or_else(|| !self.output(n) && toggling(outside, seconds))
    }

    /// Whether a pin has changed since the latches were cleared.
    pub(super) fn latch(&self, n: u32, seconds: f64) -> bool {
        let outside = mix(self.key, u64::from(n) + 200);
        self.kept_bool("latch", n).unwrap_or_else(|| {
            toggles(outside, self.latches_cleared.as_secs_f64()) != toggles(outside, seconds)
        })
    }

    /// The scratchpad of a thermometer, according to its data sheet.
    pub(super) fn scratchpad(&self, moment: Moment) -> Vec<u8> {
        let limit = |name, default: f64| self.kept_float(name, 0).unwrap_or(default) as i8 as u8;
        let (high, low) = (limit("temphigh", HIGH), limit("templow", LOW));
        let celsius = self.measured(0.0625, moment);
        let mut bytes = if self.family.name == "10" {
            let half_degrees = (celsius * 2.0).round() as i16;
            // Temperature = half degrees, truncated, - 0.25 + (16 - count) / 16.
            let count = (16.0 * (f64::from(half_degrees >> 1) - 0.25 + 1.0 - celsius)).clamp(0.0, 15.0) as u8;
            let [first, second] = half_degrees.to_le_bytes();
            vec![first, second, high, low, 0xff, 0xff, count, 0x10]
        } else {
            let [first, second] = ((celsius * 16.0).round() as i16).to_le_bytes();
            let configuration = match self.resolution() {
                0.5 => 0x1f,
                0.25 => 0x3f,
                0.125 => 0x5f,
                _ => 0x7f,
            };
            vec![first, second, high, low, configuration, 0xff, 0x0c, 0x10]
        };
        bytes.push(crc8(&bytes));
        bytes
    }

    /// Whether the device is in alarm at a moment.
    pub(in crate::sim) fn is_in_alarm(&self, at: Duration) -> bool {
        match self.alarm {
            Alarm::On => true,
            Alarm::Off => false,
            Alarm::ByValue => {
                let has_limits = self.family.property(b"temphigh").is_some();
                let temperature = self.temperature(at.as_secs_f64());
                let high = self.kept_float("temphigh", 0).unwrap_or(HIGH);
                let low = self.kept_float("templow", 0).unwrap_or(LOW);
                has_limits && !(low < temperature && temperature < high)
            }
        }
    }
}
