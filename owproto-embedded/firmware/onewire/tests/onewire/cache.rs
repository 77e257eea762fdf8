use owproto_core::time::Duration;
use owproto_onewire::emulation::Presence;

use crate::support::*;

#[test]
fn volatile_values_are_cached_for_15_seconds() {
    let mut bed = TestBed::new();
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
fn stable_values_are_cached_for_300_seconds() {
    let mut bed = TestBed::new();
    let limit = path(KITCHEN, "temphigh");
    bed.read(&limit).unwrap();
    bed.pass(Duration::from_secs(298));
    // The list of devices was updated meanwhile; this is not counted here.
    assert_eq!(bed.slots(|bed| drop(bed.read(&limit))), 0);
    bed.pass(Duration::from_secs(3));
    assert_ne!(bed.slots(|bed| drop(bed.read(&limit))), 0);
}

#[test]
fn uncached_reads_the_wire_and_updates_the_cache() {
    let mut bed = TestBed::new();
    let temperature = path(KITCHEN, "temperature");
    bed.read(&temperature).unwrap();
    bed.slave(AT_KITCHEN).set_temperature(16 * 50);
    let fresh = bed.read(&format!("/uncached{temperature}")).unwrap();
    assert!(fresh.parse::<f64>().unwrap() >= 50.0);
    assert_eq!(bed.slots(|bed| assert_eq!(bed.read(&temperature), Ok(fresh))), 0);
}

#[test]
fn a_write_invalidates_only_what_it_changes() {
    let mut bed = TestBed::new();
    assert_eq!(bed.read(&path(LAMP, "PIO.A")), Ok("0".into()));
    assert_eq!(bed.write(&path(LAMP, "PIO.A"), "1"), 0);
    assert_eq!(bed.read(&path(LAMP, "PIO.A")), Ok("1".into()));
    // Other cached values stay valid.
    bed.read(&path(KITCHEN, "temperature")).unwrap();
    assert_eq!(bed.write(&path(LAMP, "PIO.A"), "0"), 0);
    assert_eq!(bed.slots(|bed| drop(bed.read(&path(KITCHEN, "temperature")))), 0);
}

#[test]
fn the_list_of_devices_is_updated_every_minute() {
    let mut bed = TestBed::new();
    assert_eq!(bed.list("/").unwrap().len(), 5);
    bed.slave(AT_CELLAR).set_presence(Presence::Absent);
    assert_eq!(bed.list("/").unwrap().len(), 5, "cached");
    bed.pass(Duration::from_secs(62));
    assert_eq!(bed.list("/").unwrap().len(), 4);
    bed.slave(AT_CELLAR).set_presence(Presence::Present);
    assert_eq!(bed.list("/").unwrap().len(), 4, "cached");
    assert_eq!(bed.list("/uncached").unwrap().len(), 5);
    assert_eq!(bed.list("/").unwrap().len(), 5);
}

#[test]
fn a_new_device_is_found_by_its_rom_id() {
    let mut bed = TestBed::new();
    bed.slave(AT_CELLAR).set_presence(Presence::Absent);
    bed.pass(Duration::from_secs(1));
    assert_eq!(bed.presence(&format!("/{GUEST}")), -1);
    bed.slave(AT_GUEST).set_presence(Presence::Present);
    bed.pass(Duration::from_secs(2));
    assert_eq!(bed.presence(&format!("/{GUEST}")), 0);
    assert!(bed.read(&path(GUEST, "temperature")).is_ok());
}

#[test]
fn presence_is_cached_unless_uncached_is_requested() {
    let mut bed = TestBed::new();
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
fn devices_beyond_the_capacity_are_counted_and_not_listed() {
    let mut bed = TestBed::new();
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
