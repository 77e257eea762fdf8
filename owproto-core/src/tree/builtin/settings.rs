use crate::message::{ReturnCode, UNASSIGNED};
use crate::text::Value;
use crate::tree::bus::NO_VALUE;
use crate::tree::model::property::Element;
use crate::tree::scratch::ScratchWriter;
use crate::wire::{PressureScale, TemperatureScale};

/// The values of `/settings`. Clients can change all of them; only `unaliased` has an effect on this server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Settings {
    /// `timeout/...` except `uncached`, in seconds, in the order of [`TIMEOUT_NAMES`].
    timeouts: [u32; TIMEOUT_NAMES.len()],
    /// `timeout/uncached`
    pub uncached: bool,
    /// `alias/unaliased`: listings have addresses, even where a device has an alias.
    pub unaliased: bool,
    /// `units/temperature_scale`. Values are in the scale of each request's flags, not in this one.
    pub temperature_scale: TemperatureScale,
    /// `units/pressure_scale`. Values are in the scale of each request's flags, not in this one.
    pub pressure_scale: PressureScale,
}

const TIMEOUT_NAMES: [&str; 11] =
    ["directory", "ftp", "ha7", "network", "presence", "serial", "server", "stable", "usb", "volatile", "w1"];

impl Settings {
    /// What owserver 3.2p4 starts with (observed).
    pub const DEFAULT: Self = Self {
        timeouts: [60, 900, 60, 1, 120, 5, 10, 300, 5, 15, 30],
        uncached: false,
        unaliased: false,
        temperature_scale: TemperatureScale::Celsius,
        pressure_scale: PressureScale::Millibar,
    };

    /// `timeout/NAME` in seconds, for a name such as `volatile`; `None` if there is no timeout with this name.
    ///
    /// ```
    /// # use owproto_core::tree::Settings;
    /// assert_eq!(Settings::DEFAULT.timeout("volatile"), Some(15));
    /// ```
    #[must_use]
    pub fn timeout(&self, name: &str) -> Option<u32> {
        self.timeouts.get(timeout_index(name)?).copied()
    }

    /// As [`timeout`](Self::timeout), to be changed.
    pub fn timeout_mut(&mut self, name: &str) -> Option<&mut u32> {
        self.timeouts.get_mut(timeout_index(name)?)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
fn timeout_index(name: &str) -> Option<usize> {
    TIMEOUT_NAMES.iter().position(|known| *known == name)
}

/// The value of a property of `/settings` other than `alias/list`.
pub(in crate::tree) fn value<'a>(
    settings: &Settings,
    name: &str,
    element: Element<'_>,
    scratch: &'a mut [u8],
) -> Result<Value<'a>, ReturnCode> {
    Ok(match name {
        "alias/unaliased" => Value::YesNo(settings.unaliased),
        "timeout/uncached" => Value::YesNo(settings.uncached),
        "units/temperature_scale" => Value::Text(temperature_letter(settings.temperature_scale)),
        "units/pressure_scale" => Value::Text(settings.pressure_scale.symbol().as_bytes()),
        "return_codes/text" => {
            let Element::Number(code) = element else { return Err(NO_VALUE) };
            let text = ReturnCode::from_code(code).owserver_text();
            match text.as_static() {
                Some(text) => Value::Text(text.as_bytes()),
                None => {
                    let mut text = ScratchWriter::new(scratch);
                    text.push(UNASSIGNED.as_bytes());
                    text.push_decimal(code);
                    Value::Text(text.finish())
                }
            }
        }
        _ => Value::Unsigned(
            name.strip_prefix("timeout/").and_then(|name| settings.timeout(name)).ok_or(NO_VALUE)?,
        ),
    })
}

/// Writes a property of `/settings`.
pub(in crate::tree) fn write(
    settings: &mut Settings,
    name: &str,
    value: Value<'_>,
) -> Result<(), ReturnCode> {
    match (name, value) {
        ("alias/unaliased", Value::YesNo(yes)) => settings.unaliased = yes,
        ("timeout/uncached", Value::YesNo(yes)) => settings.uncached = yes,
        ("units/temperature_scale", Value::Text(text)) => {
            // An empty text changes nothing (observed, owserver 3.2p4).
            if let Some(first) = text.first() {
                settings.temperature_scale = temperature_scale(*first).ok_or(ReturnCode::INVALID_VALUE)?;
            }
        }
        ("units/pressure_scale", Value::Text(text)) => {
            settings.pressure_scale = pressure_scale(text).ok_or(ReturnCode::INVALID_VALUE)?;
        }
        (_, Value::Unsigned(seconds)) => {
            let timeout = name.strip_prefix("timeout/").and_then(|name| settings.timeout_mut(name));
            *timeout.ok_or(NO_VALUE)? = seconds;
        }
        _ => return Err(NO_VALUE),
    }
    Ok(())
}

const TEMPERATURE_LETTERS: [(TemperatureScale, &[u8]); 4] = [
    (TemperatureScale::Celsius, b"C"),
    (TemperatureScale::Fahrenheit, b"F"),
    (TemperatureScale::Kelvin, b"K"),
    (TemperatureScale::Rankine, b"R"),
];

fn temperature_letter(scale: TemperatureScale) -> &'static [u8] {
    TEMPERATURE_LETTERS.iter().find(|(known, _)| *known == scale).map_or(b"", |(_, letter)| letter)
}

fn temperature_scale(letter: u8) -> Option<TemperatureScale> {
    TEMPERATURE_LETTERS
        .iter()
        .find(|(_, known)| known.eq_ignore_ascii_case(&[letter]))
        .map(|(scale, _)| *scale)
}

/// The scale whose symbol a text starts with, in upper or lower case (observed, owserver 3.2p4).
fn pressure_scale(text: &[u8]) -> Option<PressureScale> {
    PressureScale::ALL.into_iter().find(|scale| {
        let symbol = scale.symbol().as_bytes();
        text.get(..symbol.len()).is_some_and(|start| start.eq_ignore_ascii_case(symbol))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_is_written_by_the_start_of_its_name() {
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
            assert_eq!(write(&mut settings, name, Value::Text(text.as_bytes())).is_ok(), is_right, "{text}");
        }
        assert_eq!(settings.temperature_scale, TemperatureScale::Kelvin);
        assert_eq!(settings.pressure_scale, PressureScale::Psi);
        for scale in PressureScale::ALL {
            assert_eq!(pressure_scale(scale.symbol().as_bytes()), Some(scale));
        }
        for (scale, letter) in TEMPERATURE_LETTERS {
            assert_eq!((temperature_letter(scale), temperature_scale(letter[0])), (letter, Some(scale)));
        }
    }

    #[test]
    fn a_written_setting_is_read_again() {
        let mut settings = Settings::default();
        for name in ["alias/unaliased", "timeout/uncached"] {
            assert_eq!(value(&settings, name, Element::Only, &mut []), Ok(Value::YesNo(false)));
            write(&mut settings, name, Value::YesNo(true)).unwrap();
            assert_eq!(value(&settings, name, Element::Only, &mut []), Ok(Value::YesNo(true)));
        }
        assert!(settings.unaliased && settings.uncached);
        write(&mut settings, "timeout/volatile", Value::Unsigned(7)).unwrap();
        assert_eq!(value(&settings, "timeout/volatile", Element::Only, &mut []), Ok(Value::Unsigned(7)));
        assert_eq!(settings.timeouts, [60, 900, 60, 1, 120, 5, 10, 300, 5, 7, 30]);
        for name in ["timeout/else", "volatile"] {
            assert_eq!(write(&mut settings, name, Value::Unsigned(7)), Err(NO_VALUE));
            assert_eq!(value(&settings, name, Element::Only, &mut []), Err(NO_VALUE));
        }
    }

    #[test]
    fn a_timeout_is_known_by_its_name() {
        let mut settings = Settings::DEFAULT;
        *settings.timeout_mut("w1").unwrap() = 31;
        assert_eq!((settings.timeout("w1"), settings.timeout("directory")), (Some(31), Some(60)));
        assert_eq!((settings.timeout("uncached"), settings.timeout_mut("")), (None, None));
    }
}
