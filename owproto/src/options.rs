//! The options of all commands.

use std::time::Duration;

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use owproto_std::Address;
use owproto_std::owproto_core::wire::{DeviceFormat, Flags, PressureScale, TemperatureScale};
use owproto_std::sim::{Spec, SpecError};

use crate::failure::Failure;
use crate::parse::seconds;
use crate::server;

/// Options that can be given before or after the command.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Options of all commands")]
pub(crate) struct Options {
    /// Connect to this owserver: a host name, an IPv4 or IPv6 address, or a port of localhost [default: $OWSERVER, else
    /// localhost:4304].
    #[arg(short, long, global = true, value_name = "HOST[:PORT]", value_parser = server::address)]
    pub(crate) server: Option<Address>,

    /// Start an owserver with simulated devices in this process, and connect to it. SPEC lists the devices, see
    /// 'ow serve --help' [default: devices of many kinds].
    #[arg(long, global = true, value_name = "SPEC", num_args = 0..=1, require_equals = true,
          default_missing_value = "", value_parser = spec)]
    pub(crate) sim: Option<Spec>,

    /// Use degrees Celsius for temperatures (the default).
    #[arg(short = 'C', long, alias = "Celsius", global = true)]
    celsius: bool,

    /// Use degrees Fahrenheit.
    #[arg(short = 'F', long, alias = "Fahrenheit", global = true)]
    fahrenheit: bool,

    /// Use kelvins.
    #[arg(short = 'K', long, alias = "Kelvin", global = true)]
    kelvin: bool,

    /// Use degrees Rankine.
    #[arg(short = 'R', long, alias = "Rankine", global = true)]
    rankine: bool,

    /// Use this unit for pressures [default: mbar].
    #[arg(long, global = true, value_name = "UNIT", ignore_case = true)]
    pressure: Option<Pressure>,

    /// List device names in this format, where f is the family code, i the id and c the checksum [default: f.i].
    #[arg(short, long, global = true, value_name = "FORMAT", value_parser = format_parser(), ignore_case = true)]
    format: Option<DeviceFormat>,

    /// Read from the devices, not from the server's cache.
    #[arg(long, global = true)]
    uncached: bool,

    /// Omit the spaces in front of numbers.
    #[arg(long, global = true)]
    trim: bool,

    /// Wait at most this many seconds for each answer, or for all answers when many paths are read. 0 means no limit
    /// [default: 0].
    #[arg(long, global = true, value_name = "S", value_parser = seconds, allow_negative_numbers = true)]
    pub(crate) timeout: Option<Duration>,

    /// Give up when the server has been silent for this many seconds. While it works on an answer, it sends a sign of life
    /// every second. 0 means no limit [default: 2].
    #[arg(long, global = true, value_name = "S", value_parser = seconds, allow_negative_numbers = true)]
    pub(crate) inactivity: Option<Duration>,

    /// Open a new connection for each request.
    #[arg(long, global = true)]
    pub(crate) no_persistence: bool,

    /// Print JSON objects, one per line.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Print each frame that is sent or received to standard error.
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
}

impl Options {
    /// The control flags of all requests.
    ///
    /// # Errors
    /// [`Failure::Usage`] for more than one temperature scale. (clap does not notice one before and one after the command.)
    pub(crate) fn flags(&self) -> Result<Flags, Failure> {
        let scales = [
            (self.celsius, TemperatureScale::Celsius),
            (self.fahrenheit, TemperatureScale::Fahrenheit),
            (self.kelvin, TemperatureScale::Kelvin),
            (self.rankine, TemperatureScale::Rankine),
        ];
        let mut scales = scales.into_iter().filter_map(|(is_set, scale)| is_set.then_some(scale));
        let scale = scales.next().unwrap_or_default();
        if scales.next().is_some() {
            return Err(Failure::Usage("give only one of -C, -F, -K and -R".to_owned()));
        }
        let uncached = if self.uncached { Flags::UNCACHED } else { Flags::NONE };
        let trim = if self.trim { Flags::TRIM } else { Flags::NONE };
        Ok((uncached | trim)
            .with_temperature_scale(scale)
            .with_pressure_scale(self.pressure.map_or(PressureScale::Millibar, Pressure::scale))
            .with_device_format(self.format.unwrap_or_default()))
    }
}

/// A unit of pressure.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum Pressure {
    Mbar,
    Atm,
    Mmhg,
    Inhg,
    Psi,
    Pa,
}

impl Pressure {
    const fn scale(self) -> PressureScale {
        match self {
            Self::Mbar => PressureScale::Millibar,
            Self::Atm => PressureScale::Atmosphere,
            Self::Mmhg => PressureScale::MillimetreOfMercury,
            Self::Inhg => PressureScale::InchOfMercury,
            Self::Psi => PressureScale::Psi,
            Self::Pa => PressureScale::Pascal,
        }
    }
}

/// A parser for formats of device names, by the names that owserver gives them.
fn format_parser() -> impl TypedValueParser<Value = DeviceFormat> {
    let names = DeviceFormat::ALL.map(DeviceFormat::name);
    PossibleValuesParser::new(names).map(|name| {
        let is_named = |format: &DeviceFormat| format.name().eq_ignore_ascii_case(&name);
        DeviceFormat::ALL.into_iter().find(is_named).unwrap_or_default()
    })
}

/// Parses a list of simulated devices. An empty one stands for the default.
fn spec(text: &str) -> Result<Spec, String> {
    if text.is_empty() {
        Ok(Spec::default())
    } else {
        text.parse().map_err(|error: SpecError| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct OptionsOnly {
        #[command(flatten)]
        options: Options,
    }

    #[test]
    fn each_option_of_a_request_sets_its_flag() {
        let try_flags = |args: &[&str]| {
            let args = [&["ow"], args].concat();
            OptionsOnly::try_parse_from(args).ok().unwrap().options.flags()
        };
        let flags = |args: &[&str]| try_flags(args).unwrap();
        assert_eq!(flags(&[]), Flags::NONE);
        assert_eq!(flags(&["-F"]).bits(), 0x0001_0000);
        assert_eq!(flags(&["-K"]).bits(), 0x0002_0000);
        assert!(try_flags(&["-F", "-K"]).is_err());
        assert!(try_flags(&["-C", "-R"]).is_err());
        assert_eq!(flags(&["--Rankine"]).bits(), 0x0003_0000);
        assert_eq!(flags(&["--pressure", "mmHg"]).bits(), 0x0008_0000);
        assert_eq!(flags(&["-f", "fi.c", "--uncached", "--trim"]).bits(), 0x0400_0060);
    }
}
