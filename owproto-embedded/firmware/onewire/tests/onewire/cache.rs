use owproto_core::time::Duration;
use owproto_onewire::emulation::Presence;

use crate::support::*;

#[test]
fn volatile_values_are_kept_for_15_seconds() {
    let mut bed = Bed::new();
    let temperature = path(KITCHEN, "temperature");
    let first = bed.read(&temperature).unwrap();
    bed.slave(AT_KITCHEN).set_temperature(16 * 50);
    bed.pass(Duration::from_secs(14));
    assert_eq!(bed.slots(|bed| assert_eq!(bed.read(&temperature), Ok(first))), 0);
    bed.pass(Duration::from_secs(2));
    let second: f64 = bed.read(&temperature).unwrap().parse().unwrap();
    assert!(second >= 50.0);
    assert_eq!(bed.slave(AT_KITCHEN).conversions(), 2);
}

#[test]
fn stable_values_are_kept_for_300_seconds() {
    let mut bed = Bed::new();
    let limit = path(KITCHEN, "temphigh");
    bed.read(&limit).unwrap();
    bed.pass(Duration::from_secs(298));
    // The list was made anew meanwhile, which is not counted here.
    assert_eq!(bed.slots(|bed| drop(bed.read(&limit))), 0);
    bed.pass(Duration::from_secs(3));
    assert_ne!(bed.slots(|bed| drop(bed.read(&limit))), 0);
}

#[test]
fn uncached_goes_to_the_wire_and_brings_news() {
    let mut bed = Bed::new();
    let temperature = path(KITCHEN, "temperature");
    bed.read(&temperature).unwrap();
    bed.slave(AT_KITCHEN).set_temperature(16 * 50);
    let fresh = bed.read(&format!("/uncached{temperature}")).unwrap();
    assert!(fresh.parse::<f64>().unwrap() >= 50.0);
    assert_eq!(bed.slots(|bed| assert_eq!(bed.read(&temperature), Ok(fresh))), 0);
}

#[test]
fn a_write_forgets_what_it_touched() {
    let mut bed = Bed::new();
    assert_eq!(bed.read(&path(LAMP, "PIO.A")), Ok("0".into()));
    assert_eq!(bed.write(&path(LAMP, "PIO.A"), "1"), 0);
    assert_eq!(bed.read(&path(LAMP, "PIO.A")), Ok("1".into()));
    // Nothing else was forgotten.
    bed.read(&path(KITCHEN, "temperature")).unwrap();
    assert_eq!(bed.write(&path(LAMP, "PIO.A"), "0"), 0);
    assert_eq!(bed.slots(|bed| drop(bed.read(&path(KITCHEN, "temperature")))), 0);
}

#[test]
fn the_list_is_made_anew_every_minute() {
    let mut bed = Bed::new();
    assert_eq!(bed.list("/").unwrap().len(), 5);
    bed.slave(AT_CELLAR).set_presence(Presence::Absent);
    assert_eq!(bed.list("/").unwrap().len(), 5, "remembered");
    bed.pass(Duration::from_secs(62));
    assert_eq!(bed.list("/").unwrap().len(), 4);
    bed.slave(AT_CELLAR).set_presence(Presence::Present);
    assert_eq!(bed.list("/").unwrap().len(), 4, "remembered");
    assert_eq!(bed.list("/uncached").unwrap().len(), 5);
    assert_eq!(bed.list("/").unwrap().len(), 5);
}

#[test]
fn a_new_device_is_found_by_its_address() {
    let mut bed = Bed::new();
    bed.slave(AT_CELLAR).set_presence(Presence::Absent);
    bed.pass(Duration::from_secs(1));
    assert_eq!(bed.presence(&format!("/{GUEST}")), -1);
    bed.slave(AT_GUEST).set_presence(Presence::Present);
    bed.pass(Duration::from_secs(2));
    assert_eq!(bed.presence(&format!("/{GUEST}")), 0);
    assert!(bed.read(&path(GUEST, "temperature")).is_ok());
}

#[test]
fn presence_is_remembered_unless_asked_anew() {
    let mut bed = Bed::new();
    let (kitchen, uncached) = (format!("/{KITCHEN}"), format!("/uncached/{KITCHEN}"));
    assert_eq!(bed.presence(&kitchen), 0);
    bed.slave(AT_KITCHEN).set_presence(Presence::Absent);
    assert_eq!(bed.presence(&kitchen), 0);
    assert_eq!(bed.presence(&uncached), -1);
    assert_eq!(bed.presence(&kitchen), -1);
    bed.slave(AT_KITCHEN).set_presence(Presence::Present);
    assert_eq!(bed.presence(&uncached), 0);
    assert_eq!(bed.presence(&kitchen), 0);
}

#[test]
fn more_devices_than_there_is_place_for() {
    let mut bed = Bed::new();
    bed.slave(AT_GUEST).set_presence(Presence::Present);
    assert_eq!(bed.list("/").unwrap().len(), 5);
    assert_eq!(bed.tree.bus().counters().unlisted, 1);
    let left_out = [KITCHEN, CELLAR, ATTIC, LAMP, GUEST, BATTERY]
        .into_iter()
        .find(|id| !bed.tree.bus().devices().any(|listed| listed == *id))
        .unwrap();
    assert_eq!(bed.presence(&format!("/{left_out}")), -105);
    bed.slave(AT_LAMP).set_presence(Presence::Absent);
    bed.slave(AT_ATTIC).set_presence(Presence::Absent);
    assert_eq!(bed.list("/uncached").unwrap().len(), 4);
    assert_eq!(bed.presence(&format!("/{left_out}")), if left_out == LAMP { -1 } else { 0 });
}
