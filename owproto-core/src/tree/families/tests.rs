use super::{ALL, INTERFACE, SETTINGS, SIMULTANEOUS, STATISTICS, SYSTEM, THERMOSTAT, UNKNOWN, family};
use crate::tree::{Array, Node};

#[test]
fn the_path_of_each_property_leads_to_it() {
    let others = [&INTERFACE, &SETTINGS, &SIMULTANEOUS, &STATISTICS, &SYSTEM, &THERMOSTAT, &UNKNOWN];
    for family in ALL.iter().copied().chain(others) {
        for property in family.properties.iter().chain(family.common) {
            let name = property.name;
            let index = match property.array {
                Array::Scalar => "",
                Array::Lettered(_) => ".B",
                _ => ".1",
            };
            let path = std::format!("{name}{index}");
            let found = family.find(path.as_bytes());
            let own = family.property(name.as_bytes()).unwrap();
            assert!(matches!(found, Some(Node::Property(property, _)) if property == own), "{path}");
            if let Some((directory, _)) = name.rsplit_once('/') {
                assert_eq!(family.find(directory.as_bytes()), Some(Node::Directory(directory)));
                assert_eq!(family.find(std::format!("{directory}.0").as_bytes()), None);
            }
        }
    }
}

#[test]
fn a_property_of_a_family_has_no_subdirectory_with_the_name_of_a_common_one() {
    for family in ALL {
        for common in family.common {
            let directory = std::format!("{}/", common.name);
            assert!(!family.properties.iter().any(|own| own.name.starts_with(&directory)), "{}", common.name);
        }
    }
}

#[test]
fn a_family_is_found_by_its_code_with_or_without_bit_7() {
    for (code, name) in [(0x10, "10"), (0x90, "10"), (0x81, "81"), (0x28, "28"), (0xa8, "28"), (0xfc, "FC")] {
        assert_eq!(family(ALL, code).name, name, "{code:02X}");
    }
    for code in [0x00, 0x13, 0x93] {
        assert_eq!(family(ALL, code).name, UNKNOWN.name, "{code:02X}");
    }
    for known in ALL.iter().copied() {
        assert_eq!(family(ALL, known.code.unwrap()).name, known.name);
    }
}
