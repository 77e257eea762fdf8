use core::fmt;

/// Bits 16 and 17: the scale of temperatures.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum TemperatureScale {
    /// 0: degrees Celsius.
    #[default]
    Celsius = 0,
    /// 1: degrees Fahrenheit, 1.8 C + 32.
    Fahrenheit = 1,
    /// 2: Kelvin, C + 273.15.
    Kelvin = 2,
    /// 3: degrees Rankine, 1.8 C + 32 + 459.67.
    Rankine = 3,
}

impl TemperatureScale {
    const KELVIN: f64 = 273.15;
    const RANKINE: f64 = 459.67;

    /// Converts a temperature from degrees Celsius to this scale (owfs: `ow_temp.c`).
    #[must_use]
    pub fn from_celsius(self, celsius: f64) -> f64 {
        match self {
            Self::Celsius => celsius,
            Self::Fahrenheit => 1.8 * celsius + 32.0,
            Self::Kelvin => celsius + Self::KELVIN,
            Self::Rankine => 1.8 * celsius + 32.0 + Self::RANKINE,
        }
    }

    /// Converts a temperature from this scale to degrees Celsius.
    #[must_use]
    pub fn to_celsius(self, temperature: f64) -> f64 {
        match self {
            Self::Celsius => temperature,
            Self::Fahrenheit => (temperature - 32.0) / 1.8,
            Self::Kelvin => temperature - Self::KELVIN,
            Self::Rankine => (temperature - 32.0 - Self::RANKINE) / 1.8,
        }
    }
}

impl fmt::Display for TemperatureScale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Celsius => "Celsius",
            Self::Fahrenheit => "Fahrenheit",
            Self::Kelvin => "Kelvin",
            Self::Rankine => "Rankine",
        })
    }
}

/// Bits 18 to 20: the scale of pressures.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum PressureScale {
    /// 0: millibar (hectopascal).
    #[default]
    Millibar = 0,
    /// 1: standard atmosphere.
    Atmosphere = 1,
    /// 2: millimetre of mercury.
    MillimetreOfMercury = 2,
    /// 3: inch of mercury.
    InchOfMercury = 3,
    /// 4: pound-force per square inch.
    Psi = 4,
    /// 5: pascal.
    Pascal = 5,
}

impl PressureScale {
    /// All scales, in the order of their numbers.
    pub const ALL: [Self; 6] = [
        Self::Millibar,
        Self::Atmosphere,
        Self::MillimetreOfMercury,
        Self::InchOfMercury,
        Self::Psi,
        Self::Pascal,
    ];

    /// The symbol of the unit: `mbar`, `atm`, `mmHg`, `inHg`, `psi` or `Pa`.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Millibar => "mbar",
            Self::Atmosphere => "atm",
            Self::MillimetreOfMercury => "mmHg",
            Self::InchOfMercury => "inHg",
            Self::Psi => "psi",
            Self::Pascal => "Pa",
        }
    }
}

/// Prints the [symbol](PressureScale::symbol).
impl fmt::Display for PressureScale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.symbol())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temperatures_convert_from_and_to_celsius() {
        // Freezing and boiling water (owfs: `ow_temp.c`).
        for (scale, cold, hot) in [
            (TemperatureScale::Celsius, 0.0, 100.0),
            (TemperatureScale::Fahrenheit, 32.0, 212.0),
            (TemperatureScale::Kelvin, 273.15, 373.15),
            (TemperatureScale::Rankine, 491.67, 671.67),
        ] {
            for (celsius, converted) in [(0.0, cold), (100.0, hot)] {
                let (to, back) = (scale.from_celsius(celsius), scale.to_celsius(converted));
                assert!((to - converted).abs() < 1e-9, "{celsius} C is {to} {scale}");
                assert!((back - celsius).abs() < 1e-9, "{converted} {scale} is {back} C");
            }
        }
    }
}
