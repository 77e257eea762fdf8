use std::string::ToString;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;

const EXAMPLE: RomId = RomId::new(0x10, [0x67, 0xc6, 0x69, 0x73, 0x51, 0xff]);

#[test]
fn the_crc_of_known_bytes_is_correct() {
    // The first values of the table in owfs.
    assert_eq!([0u8, 1, 2, 3].map(|byte| crc8(&[byte])), [0x00, 0x5e, 0xbc, 0xe2]);
    assert_eq!(crc8(&[]), 0);
    assert_eq!(crc8(&[0x10, 0, 0, 0x10, 0xef, 0, 0]), 0x5b);
    assert_eq!(EXAMPLE.crc(), 0x8d);
}

#[test]
fn each_of_the_six_spellings_is_written_and_parsed() {
    let texts = DeviceFormat::ALL.map(|format| EXAMPLE.format(format));
    assert_eq!(
        texts.each_ref().map(Ascii::as_str),
        [
            "10.67C6697351FF",
            "1067C6697351FF",
            "10.67C6697351FF.8D",
            "10.67C6697351FF8D",
            "1067C6697351FF.8D",
            "1067C6697351FF8D"
        ]
    );
    for text in texts {
        assert_eq!(text.as_str().parse(), Ok(EXAMPLE));
        assert_eq!(text.as_str().to_lowercase().parse(), Ok(EXAMPLE));
    }
    assert_eq!("10.67C6697351FF.".parse(), Ok(EXAMPLE));
    assert_eq!("1067C6697351FF.".parse(), Ok(EXAMPLE));
}

#[test]
fn syntax_and_crc_are_different_errors() {
    for (text, position) in [
        ("", 0),
        ("1", 0),
        ("10", 2),
        ("10.", 3),
        ("10..67C6697351FF", 3),
        ("10.67C6697351F", 3),
        ("10.67C6697351FG", 3),
        ("10.67C6697351FF8", 15),
        ("10.67C6697351FF..8D", 16),
        ("10.67C6697351FF.8", 16),
        ("10.67C6697351FF.8D.", 18),
        ("10.67C6697351FF8D00", 17),
        (" 10.67C6697351FF", 0),
        ("10.67C6697351FF/", 15),
    ] {
        assert_eq!(text.parse::<RomId>(), Err(RomIdError::Syntax { position }), "{text}");
    }
    assert_eq!("10.000010EF0000.5C".parse::<RomId>(), Err(RomIdError::Crc { found: 0x5c, computed: 0x5b }));
}

#[test]
fn bytes_with_a_wrong_crc_or_length_are_refused() {
    let mut bytes = EXAMPLE.to_bytes();
    assert_eq!(RomId::try_from(&bytes[..]), Ok(EXAMPLE));
    assert_eq!(RomId::try_from(&bytes[..7]), Err(RomIdError::Length { found: 7 }));
    assert!(RomId::is_valid(&bytes));
    bytes[3] ^= 1;
    assert!(!RomId::is_valid(&bytes));
    assert!(matches!(RomId::from_bytes(bytes), Err(RomIdError::Crc { found: 0x8d, .. })));
    assert_eq!(RomId::from_presence(&bytes), None);
}

#[test]
fn reversed_bytes_are_those_of_r_address() {
    // Observed, owserver 3.2p4: r_address of 10.000010EF0000.
    let id = RomId::new(0x10, [0, 0, 0x10, 0xef, 0, 0]);
    assert_eq!(id.reversed(), [0x5b, 0, 0, 0xef, 0x10, 0, 0, 0x10]);
    assert_eq!(RomId::from_reversed(id.reversed()), Ok(id));
}

#[test]
fn a_rom_id_prints_with_padding() {
    assert_eq!(std::format!("{EXAMPLE:>17}"), "  10.67C6697351FF");
    assert_eq!(std::format!("{EXAMPLE:?}"), "RomId(10.67C6697351FF)");
    assert_eq!(
        RomIdError::Crc { found: 0x5c, computed: 0x0b }.to_string(),
        "CRC8 5C of the ROM id should be 0B"
    );
}

#[cfg(feature = "serde")]
#[test]
fn serde_stores_a_rom_id_as_text() {
    assert_eq!(serde_json::to_string(&EXAMPLE).unwrap(), r#""10.67C6697351FF""#);
    assert_eq!(serde_json::from_str::<RomId>(r#""1067c6697351ff8d""#).unwrap(), EXAMPLE);
    assert!(serde_json::from_str::<RomId>(r#""1067c6697351ff8e""#).is_err());
}

#[test]
fn a_rom_id_converts_from_and_to_bytes() {
    let bytes = [0x10, 0x67, 0xc6, 0x69, 0x73, 0x51, 0xff, 0x8d];
    assert_eq!(RomId::try_from(bytes), Ok(EXAMPLE));
    assert_eq!(<[u8; 8]>::from(EXAMPLE), bytes);
    assert_eq!(
        (EXAMPLE.family(), EXAMPLE.id(), EXAMPLE.as_bytes()),
        (0x10, [0x67, 0xc6, 0x69, 0x73, 0x51, 0xff], &bytes)
    );
}

#[test]
fn each_error_says_what_is_wrong() {
    assert_eq!(RomIdError::Syntax { position: 3 }.to_string(), "not a ROM id: unexpected at byte 3");
    assert_eq!(RomIdError::Length { found: 7 }.to_string(), "a ROM id has 8 bytes, not 7");
}

#[cfg(feature = "serde")]
#[test]
fn serde_names_an_example_when_it_expects_a_rom_id() {
    let wrong = serde_json::from_str::<RomId>("7").unwrap_err().to_string();
    assert!(wrong.contains("expected a ROM id such as 10.67C6697351FF"), "{wrong}");
}

#[cfg(feature = "arbitrary")]
#[test]
fn arbitrary_makes_a_valid_rom_id_of_seven_bytes() {
    use arbitrary::{Arbitrary, Unstructured};
    let bytes = [0x10, 0x67, 0xc6, 0x69, 0x73, 0x51, 0xff];
    let mut source = Unstructured::new(&bytes);
    let id = RomId::arbitrary(&mut source).unwrap();
    assert!(RomId::is_valid(id.as_bytes()) && source.is_empty());
    assert_ne!(Ok(id), RomId::arbitrary(&mut Unstructured::new(&[0; 7])));
    assert_eq!(RomId::size_hint(0), (7, Some(7)));
}

proptest! {
    #[test]
    fn every_id_survives_every_format(family: u8, id: [u8; 6], rest in "([/,=.].*)?") {
        let rom_id = RomId::new(family, id);
        prop_assert!(RomId::is_valid(rom_id.as_bytes()));
        prop_assert_eq!(RomId::from_bytes(rom_id.to_bytes()), Ok(rom_id));
        for format in DeviceFormat::ALL {
            let text = rom_id.format(format);
            prop_assert_eq!(RomId::parse(text.as_bytes()), Ok(rom_id));
            // Without a CRC, a dot after it belongs to the ROM id.
            if format.has_crc() || !rest.starts_with('.') {
                let mut longer = Vec::from(text.as_bytes());
                longer.extend_from_slice(rest.as_bytes());
                prop_assert_eq!(rom_id_rest(&longer), Some((rest.as_bytes(), rom_id)));
            }
        }
    }

    #[test]
    fn any_bytes_are_parsed_or_refused(bytes: Vec<u8>) {
        let _ = RomId::parse(&bytes);
        let _ = RomId::from_presence(&bytes);
        if let Some((rest, id)) = rom_id_rest(&bytes) {
            prop_assert!(bytes.ends_with(rest));
            prop_assert_eq!(RomId::parse(&bytes[..bytes.len() - rest.len()]), Ok(id));
        }
    }

    #[test]
    fn almost_an_id_is_parsed_or_refused(text in "[0-9a-fA-F]{1,3}\\.?[0-9a-fA-F]{11,13}\\.?[0-9a-fA-F]{0,3}\\.?") {
        match text.parse::<RomId>() {
            Ok(id) => prop_assert_eq!(id.to_string().parse(), Ok(id)),
            Err(RomIdError::Syntax { position }) => prop_assert!(position <= text.len()),
            Err(RomIdError::Crc { found, computed }) => prop_assert_ne!(found, computed),
            Err(RomIdError::Length { .. }) => prop_assert!(false, "text has no length"),
        }
    }
}

fn rom_id_rest(input: &[u8]) -> Option<(&[u8], RomId)> {
    rom_id::<()>(input).ok()
}
