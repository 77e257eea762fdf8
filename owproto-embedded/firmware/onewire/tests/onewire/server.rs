use owproto_core::Request;
use owproto_core::time::Duration;

use crate::support::*;

/// A reply as owserver sends it: version, payload, ret, the flags of the request, size, offset.
fn frame(payload: &[u8], ret: i32, size: i32) -> Vec<u8> {
    let words = [0, i32::try_from(payload.len()).unwrap(), ret, 0, size, 0];
    words.iter().flat_map(|word| word.to_be_bytes()).chain(payload.iter().copied()).collect()
}

#[test]
fn replies_are_those_of_owserver() {
    let mut bed = TestBed::new();
    let reply = bed.ask(Request::read("/28.010000900000/temperature").unwrap()).sent;
    assert_eq!(reply, frame(b"        21.5", 12, 12), "{}", String::from_utf8_lossy(&reply));
    let reply = bed.ask(Request::read("/28.010000900000/temperature12").unwrap());
    assert_eq!(reply.reply().0, 12);
    let reply = bed.ask(Request::write("/3A.040000000000/PIO.A", b"1").unwrap()).sent;
    assert_eq!(reply, frame(b"", 0, 1));
    let reply = bed.ask(Request::read("/3A.040000000000/PIO.ALL").unwrap());
    assert_eq!(reply.reply(), (3, &b"1,0"[..]));
    let reply = bed.ask(Request::dirall("/").unwrap());
    let listed = String::from_utf8_lossy(reply.reply().1).into_owned();
    assert_eq!(listed.split(',').count(), 5, "{listed}");
}

#[test]
fn every_property_of_the_tables_has_an_answer() {
    let mut bed = TestBed::new();
    for (device, temperature) in [(KITCHEN, "21.5"), (CELLAR, "-10"), (ATTIC, "30.1875")] {
        let value = bed.read(&path(device, "uncached"));
        assert_eq!(value, Err(-1));
        let value: f64 = bed.read(&path(device, "temperature")).unwrap().parse().unwrap();
        let wanted: f64 = temperature.parse().unwrap();
        assert!((value - wanted).abs() <= 2.0, "{value} {wanted}");
        for entry in bed.list(&path(device, "")).unwrap() {
            if !entry.ends_with("errata") {
                assert!(bed.read(&entry).is_ok(), "{entry}");
            }
        }
        for entry in bed.list(&path(device, "errata")).unwrap() {
            assert!(bed.read(&entry).is_ok(), "{entry}");
        }
    }
    for entry in bed.list(&path(LAMP, "")).unwrap() {
        assert!(bed.read(&entry).is_ok(), "{entry}");
    }
    assert_eq!(bed.wire().violations(), 0);
    assert_eq!(bed.tree.bus().counters().faults, 0);
}

#[test]
fn unsupported_and_invalid_requests_have_their_error_codes() {
    let mut bed = TestBed::new();
    // The tree supports the family, but the bus does not.
    assert_eq!(bed.read(&path(BATTERY, "VDD")), Err(-95));
    assert_eq!(bed.write(&path(KITCHEN, "errata/trim"), "1"), -95);
    assert_eq!(bed.write("/simultaneous/voltage", "1"), -95);
    assert_eq!(bed.write(&path(KITCHEN, "tempres"), "13"), -22);
    assert_eq!(bed.write(&path(KITCHEN, "temphigh"), "128"), -34);
    assert_eq!(bed.write(&path(KITCHEN, "temphigh"), "nan"), -34);
    assert_eq!(bed.write(&path(KITCHEN, "temperature"), "1"), -95);
    assert_eq!(bed.read("/28.FFFFFFFFFFFF/temperature"), Err(-1));
}

#[test]
fn temperatures_have_the_requested_resolution() {
    let mut bed = TestBed::new();
    bed.slave(AT_CELLAR).set_temperature(-10 * 16 - 5);
    for (name, step) in [
        ("temperature9", 0.5),
        ("fasttemp", 0.5),
        ("temperature10", 0.25),
        ("temperature11", 0.125),
        ("temperature12", 0.0625),
        ("temperature", 0.0625),
    ] {
        let value: f64 = bed.read(&path(CELLAR, name)).unwrap().parse().unwrap();
        assert!((value / step).fract() == 0.0, "{name}: {value}");
        assert!((-11.0..=-8.0).contains(&value), "{name}: {value}");
    }
    // `temperature12` and `temperature` share a conversion, and so do `temperature9` and `fasttemp`.
    assert_eq!(bed.slave(AT_CELLAR).conversions(), 4);
}

#[test]
fn each_resolution_has_its_conversion_time() {
    let mut bed = TestBed::new();
    bed.pass(Duration::from_secs(1));
    for (name, millis) in
        [("temperature9", 94), ("temperature10", 188), ("temperature11", 375), ("temperature12", 750)]
    {
        let before = bed.now();
        bed.read(&path(KITCHEN, name)).unwrap();
        let took = bed.now().saturating_since(before);
        assert!(took >= Duration::from_micros(millis * 1000 - 500), "{name}: {took}");
        // Commands and scratchpads take additional time.
        assert!(took <= Duration::from_millis(millis + 120), "{name}: {took}");
    }
}

#[test]
fn before_the_first_conversion_latesttemp_is_85_degrees() {
    let mut bed = TestBed::new();
    assert_eq!(bed.read(&path(KITCHEN, "latesttemp")), Ok("85".into()));
    assert_eq!(bed.read(&path(ATTIC, "latesttemp")), Ok("85".into()));
    assert_ne!(bed.read(&path(KITCHEN, "temperature")), Ok("85".into()));
    let scratchpad = bed.ask(Request::read(&path(KITCHEN, "scratchpad")).unwrap());
    assert_eq!(scratchpad.reply().1.len(), 9);
}

#[test]
fn settings_are_written_to_the_eeprom() {
    let mut bed = TestBed::new();
    assert_eq!(bed.read(&path(KITCHEN, "temphigh")), Ok("75".into()));
    assert_eq!(bed.write(&path(KITCHEN, "temphigh"), "30"), 0);
    assert_eq!(bed.write(&path(KITCHEN, "templow"), "-5.5"), 0);
    assert_eq!(bed.write(&path(KITCHEN, "tempres"), "10"), 0);
    assert_eq!(bed.slave(AT_KITCHEN).eeprom(), Some([30, 0xfb, 0x3f]));
    for (name, value) in [("temphigh", "30"), ("templow", "-5"), ("tempres", "10")] {
        assert_eq!(bed.read(&path(KITCHEN, name)), Ok(value.into()));
    }
    // The resolution of a single conversion is not stored.
    bed.read(&path(KITCHEN, "temperature12")).unwrap();
    assert_eq!(bed.write(&path(KITCHEN, "temphigh"), "31"), 0);
    assert_eq!(bed.slave(AT_KITCHEN).eeprom(), Some([31, 0xfb, 0x3f]));
    assert_eq!(bed.write(&path(ATTIC, "templow"), "1"), 0);
    assert_eq!(bed.slave(AT_ATTIC).eeprom().map(|[high, low, _]| [high, low]), Some([75, 1]));
}

#[test]
fn channels_of_a_switch_can_be_read_and_written() {
    let mut bed = TestBed::new();
    assert_eq!(bed.read(&path(LAMP, "PIO.BYTE")), Ok("0".into()));
    assert_eq!(bed.read(&path(LAMP, "sensed.ALL")), Ok("1,1".into()));
    assert_eq!(bed.write(&path(LAMP, "PIO.B"), "1"), 0);
    assert_eq!(bed.slave(AT_LAMP).conducting(), Some(2));
    assert_eq!(bed.write(&path(LAMP, "PIO.A"), "1"), 0);
    assert_eq!(bed.slave(AT_LAMP).conducting(), Some(3));
    assert_eq!(bed.write(&path(LAMP, "PIO.BYTE"), "1"), 0);
    assert_eq!(bed.slave(AT_LAMP).conducting(), Some(1));
    assert_eq!(bed.write(&path(LAMP, "PIO.ALL"), "0,1"), 0);
    assert_eq!(bed.slave(AT_LAMP).conducting(), Some(2));
    bed.slave(AT_LAMP).set_grounded(1);
    // The write has invalidated the cached value, so that this is read from the wire.
    assert_eq!(bed.read(&path(LAMP, "sensed.ALL")), Ok("0,0".into()));
    assert_eq!(bed.read(&path(LAMP, "PIO.ALL")), Ok("0,1".into()));
    assert_eq!(bed.read(&path(LAMP, "piostate")), Ok("2".into()));
}

#[test]
fn alarm_lists_devices_after_the_conversion_that_exceeds_a_limit() {
    let mut bed = TestBed::new();
    assert_eq!(bed.list("/alarm"), Ok(vec![]));
    assert_eq!(bed.write(&path(KITCHEN, "temphigh"), "20"), 0);
    // A device compares with its limits after a conversion.
    bed.read(&path(KITCHEN, "temperature")).unwrap();
    assert_eq!(bed.list("/alarm"), Ok(vec![]), "cached");
    assert_eq!(bed.list("/uncached/alarm"), Ok(vec![format!("/uncached/alarm/{KITCHEN}")]));
    assert_eq!(bed.list("/alarm"), Ok(vec![format!("/alarm/{KITCHEN}")]));
}
