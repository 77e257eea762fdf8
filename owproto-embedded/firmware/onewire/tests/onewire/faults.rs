use owproto_core::Request;
use owproto_core::time::Duration;
use owproto_onewire::emulation::{Line, Presence};

use crate::support::*;

#[test]
fn a_disturbed_bit_is_no_harm() {
    for bit in 0..400 {
        let mut bed = Bed::new();
        bed.pass(Duration::from_secs(1));
        bed.wire().disturb(bit, 0);
        let temperature = bed.read(&path(KITCHEN, "temperature")).unwrap();
        assert!((20.0..=24.0).contains(&temperature.parse::<f64>().unwrap()), "{bit}: {temperature}");
        assert_eq!(bed.write(&path(KITCHEN, "temphigh"), "40"), 0, "{bit}");
        assert_eq!(bed.slave(AT_KITCHEN).eeprom(), Some([40, 70, 0x7f]), "{bit}");
    }
}

#[test]
fn a_disturbed_bit_hides_no_device() {
    let mut bed = Bed::new();
    let listed = bed.list("/uncached").unwrap();
    for bit in (0..900).step_by(5) {
        bed.wire().disturb(bit, 0);
        assert_eq!(bed.list("/uncached").as_ref(), Ok(&listed), "{bit}");
    }
    assert!(bed.tree.bus().counters().faults > 50);
}

#[test]
fn a_noisy_wire_is_told_and_heals() {
    let mut bed = Bed::new();
    bed.pass(Duration::from_secs(1));
    bed.wire().disturb(0, 20);
    for property in ["temperature", "scratchpad", "temphigh"] {
        assert_eq!(bed.read(&path(KITCHEN, property)), Err(-5), "{property}");
    }
    assert_eq!(bed.write(&path(KITCHEN, "temphigh"), "40"), -5);
    assert!(bed.tree.bus().counters().faults >= 9, "each was tried three times");
    bed.wire().stop_disturbing();
    assert!(bed.read(&path(KITCHEN, "temperature")).is_ok());
    assert_eq!(bed.slave(AT_KITCHEN).eeprom(), Some([75, 70, 0x7f]));
}

#[test]
fn a_shorted_line_is_told() {
    let mut bed = Bed::new();
    bed.wire().set_line(Line::Shorted);
    assert_eq!(bed.list("/"), Err(-44));
    assert_eq!(bed.read(&path(KITCHEN, "temperature")), Err(-44));
    bed.wire().set_line(Line::Sound);
    bed.pass(Duration::from_secs(6));
    assert_eq!(bed.list("/").unwrap().len(), 5);
    bed.wire().set_line(Line::Shorted);
    assert_eq!(bed.read(&path(KITCHEN, "temperature")), Err(-44));
    assert_eq!(bed.write("/simultaneous/temperature", "1"), -44);
    assert_eq!(bed.list("/uncached"), Err(-44));
    bed.wire().set_line(Line::Sound);
    // Who asks anew need not wait.
    assert_eq!(bed.list("/uncached").unwrap().len(), 5);
    assert!(bed.read(&path(KITCHEN, "temperature")).is_ok());
}

#[test]
fn a_line_that_is_cut_has_no_devices() {
    let mut bed = Bed::new();
    assert_eq!(bed.list("/").unwrap().len(), 5);
    bed.wire().set_line(Line::Cut);
    assert_eq!(bed.read(&path(KITCHEN, "temperature")), Err(-2));
    assert_eq!(bed.list("/uncached"), Ok(vec![]));
    assert_eq!(bed.read(&path(KITCHEN, "temperature")), Err(-1));
    assert_eq!(bed.write("/simultaneous/temperature", "1"), -2);
}

#[test]
fn a_device_that_goes_is_told() {
    for after in [0, 1, 30, 60, 100, 200, 250, 300] {
        let mut bed = Bed::new();
        bed.pass(Duration::from_secs(1));
        bed.wire().remove_after(AT_KITCHEN, after);
        assert_eq!(bed.read(&path(KITCHEN, "temperature")), Err(-2), "{after}");
        bed.pass(Duration::from_secs(2));
        assert_eq!(bed.list("/").unwrap().len(), 4, "{after}");
        bed.slave(AT_KITCHEN).set_presence(Presence::Present);
        assert!(bed.read(&path(KITCHEN, "temperature")).is_ok(), "{after}");
    }
}

#[test]
fn a_device_that_goes_while_it_is_waited_for() {
    let mut bed = Bed::new();
    bed.pass(Duration::from_secs(1));
    let request = Request::read("/28.010000900000/temperature").unwrap();
    let mut clients = [Client::asks(request, bed.now())];
    assert!(!bed.serve(&mut clients[0]));
    bed.pass(Duration::from_millis(300));
    bed.slave(AT_KITCHEN).set_presence(Presence::Absent);
    // The list is made anew before the conversion would have ended.
    assert_eq!(bed.list("/uncached").unwrap().len(), 4);
    bed.finish(&mut clients);
    assert_eq!(clients[0].reply().0, -2);
}

#[test]
fn a_thermometer_that_loses_its_power_converts_again() {
    let mut bed = Bed::new();
    bed.pass(Duration::from_secs(1));
    let request = Request::read("/28.010000900000/temperature").unwrap();
    let mut clients = [Client::asks(request, bed.now())];
    assert!(!bed.serve(&mut clients[0]));
    bed.pass(Duration::from_millis(300));
    bed.slave(AT_KITCHEN).set_presence(Presence::Absent);
    bed.slave(AT_KITCHEN).set_presence(Presence::Present);
    bed.finish(&mut clients);
    assert_ne!(clients[0].reply(), (12, &b"          85"[..]));
    assert_eq!(clients[0].reply().0, 12);
    assert_eq!(bed.slave(AT_KITCHEN).conversions(), 2);
    assert_eq!(bed.tree.bus().counters().faults, 1);
}

#[test]
fn devices_that_come_and_go_during_searches() {
    for after in (0..600).step_by(37) {
        let mut bed = Bed::new();
        bed.wire().remove_after(AT_CELLAR, after);
        bed.pass(Duration::from_secs(1));
        bed.slave(AT_GUEST).set_presence(Presence::Present);
        assert_eq!(bed.list("/uncached").unwrap().len(), 5, "{after}");
        assert!(!bed.tree.bus().devices().any(|id| id == CELLAR), "{after}");
    }
}
