//! Words and headers survive encoding and decoding.

use owproto_core::wire::{DeviceFormat, Flags, HEADER_LEN, Header, PressureScale, TemperatureScale, Version};
use proptest::prelude::*;

use crate::generate::{cases, header};

const TEMPERATURES: [TemperatureScale; 4] = [
    TemperatureScale::Celsius,
    TemperatureScale::Fahrenheit,
    TemperatureScale::Kelvin,
    TemperatureScale::Rankine,
];

const PRESSURES: [PressureScale; 6] = [
    PressureScale::Millibar,
    PressureScale::Atmosphere,
    PressureScale::MillimetreOfMercury,
    PressureScale::InchOfMercury,
    PressureScale::Psi,
    PressureScale::Pascal,
];

const FORMATS: [DeviceFormat; 6] = [
    DeviceFormat::FdI,
    DeviceFormat::Fi,
    DeviceFormat::FdIdC,
    DeviceFormat::FdIC,
    DeviceFormat::FIdC,
    DeviceFormat::FIC,
];

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn every_24_bytes_are_a_header(bytes: [u8; HEADER_LEN]) {
        prop_assert_eq!(Header::from_bytes(&bytes).to_bytes(), bytes);
    }

    #[test]
    fn headers_survive_encoding_and_decoding(header in header()) {
        let bytes = header.to_bytes();
        prop_assert_eq!(Header::from_bytes(&bytes), header);
        let words: Vec<u8> = [
            header.version.0,
            header.payload,
            header.code,
            header.flags.0 as i32,
            header.size,
            header.offset,
        ]
        .iter()
        .flat_map(|word| word.to_be_bytes())
        .collect();
        prop_assert_eq!(&bytes[..], words);
        // Any header can be printed.
        let printed = format!("{header} {header:#} {header:?}");
        prop_assert!(!printed.is_empty());
    }

    #[test]
    fn a_scale_changes_its_bits_and_no_others(bits: u32) {
        let flags = Flags(bits);
        for scale in TEMPERATURES {
            let changed = flags.with_temperature_scale(scale);
            prop_assert_eq!(changed.temperature_scale(), scale);
            prop_assert_eq!((changed.0 ^ bits) & !0x0003_0000, 0);
        }
        for scale in PRESSURES {
            let changed = flags.with_pressure_scale(scale);
            prop_assert_eq!(changed.pressure_scale(), scale);
            prop_assert_eq!((changed.0 ^ bits) & !0x001c_0000, 0);
        }
        for format in FORMATS {
            let changed = flags.with_device_format(format);
            prop_assert_eq!(changed.device_format(), format);
            prop_assert_eq!((changed.0 ^ bits) & !0xff00_0000, 0);
        }
        // Setting the current scale again does not change the word.
        let same = flags.with_temperature_scale(flags.temperature_scale());
        prop_assert_eq!(same, flags);
    }

    #[test]
    fn flags_are_a_set_of_bits(a: u32, b: u32) {
        let (x, y) = (Flags(a), Flags(b));
        prop_assert_eq!(x.with(y), x | y);
        prop_assert!(x.with(y).contains(x) && x.with(y).contains(y));
        prop_assert_eq!(x.without(y) & y, Flags::NONE);
        prop_assert_eq!(x.without(y) | (x & y), x);
        prop_assert_eq!(x.contains(y), x | y == x);
        prop_assert_eq!(!!x, x);
        prop_assert!(!x.to_string().is_empty());
    }

    #[test]
    fn a_version_consists_of_its_parts(word: i32, count: u16) {
        let version = Version(word);
        let server = word & 0x0001_0000 != 0;
        prop_assert_eq!(version.is_server_message(), server);
        prop_assert_eq!(i32::from(version.token_count()), if server { word & 0xffff } else { 0 });
        prop_assert_eq!(i32::from(version.protocol()), (word >> 17) & 0xff);
        prop_assert_eq!(Version::with_tokens(count).token_count(), count);
        prop_assert!(Version::with_tokens(count).is_server_message());
        prop_assert_eq!(Version::with_tokens(count).protocol(), 0);
    }
}
