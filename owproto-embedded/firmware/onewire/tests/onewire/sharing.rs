use owproto_core::Request;
use owproto_core::text::RomId;
use owproto_core::time::Duration;
use owproto_onewire::emulation::{Slave, Supply};

use crate::support::*;

fn reads(bed: &TestBed, paths: &[String]) -> Vec<Client> {
    paths.iter().map(|path| Client::asks(Request::read(path).unwrap(), bed.now())).collect()
}

#[test]
fn readers_of_one_device_share_its_conversion() {
    let mut bed = TestBed::new();
    let temperature = path(KITCHEN, "temperature");
    let mut clients = reads(&bed, &[temperature.clone(), temperature.clone()]);
    let mut late = reads(&bed, &[format!("/uncached{temperature}")]);
    // Two start; a third one follows during the conversion.
    for client in &mut clients {
        assert!(!bed.serve(client));
    }
    bed.pass(Duration::from_millis(600));
    clients.append(&mut late);
    bed.finish(&mut clients);
    assert_eq!(bed.slave(AT_KITCHEN).conversions(), 1);
    let values: Vec<_> = clients.iter().map(|client| client.reply().1.to_vec()).collect();
    assert!(values.iter().all(|value| *value == values[0] && value.len() == 12));
}

#[test]
fn devices_convert_at_the_same_time() {
    let mut bed = TestBed::new();
    bed.pass(Duration::from_secs(1));
    let before = bed.now();
    let paths = [KITCHEN, CELLAR, ATTIC].map(|device| path(device, "temperature"));
    let mut clients = reads(&bed, &paths);
    bed.finish(&mut clients);
    let took = bed.now().saturating_since(before);
    assert!(took < Duration::from_millis(1100), "{took}");
}

#[test]
fn the_wire_is_free_while_a_device_converts() {
    let mut bed = TestBed::new();
    let mut clients = reads(&bed, &[path(KITCHEN, "temperature")]);
    bed.pass(Duration::from_secs(1));
    let before = bed.now();
    assert!(!bed.serve(&mut clients[0]));
    bed.pass(Duration::from_millis(100));
    assert!(bed.read(&path(LAMP, "PIO.A")).is_ok());
    assert!(bed.now().saturating_since(before) < Duration::from_millis(200));
    // The bus only waits.
    let steps = bed.steps;
    bed.pass(Duration::from_millis(500));
    assert_eq!(bed.steps, steps);
    bed.finish(&mut clients);
}

#[test]
fn simultaneous_lets_all_thermometers_convert() {
    let mut bed = TestBed::new();
    assert_eq!(bed.read("/simultaneous/temperature"), Ok("0".into()));
    assert_eq!(bed.write("/simultaneous/temperature", "1"), 0);
    assert_eq!(bed.read("/simultaneous/temperature"), Ok("1".into()));
    for (device, at) in [(KITCHEN, AT_KITCHEN), (CELLAR, AT_CELLAR), (ATTIC, AT_ATTIC)] {
        let latest = bed.read(&path(device, "latesttemp")).unwrap();
        assert_ne!(latest, "85");
        assert_eq!(bed.read(&path(device, "temperature")), Ok(latest));
        assert_eq!(bed.slave(at).conversions(), 1);
    }
    bed.pass(Duration::from_secs(16));
    assert_eq!(bed.read("/simultaneous/temperature"), Ok("0".into()));
    bed.read(&path(KITCHEN, "temperature")).unwrap();
    assert_eq!(bed.slave(AT_KITCHEN).conversions(), 2);
}

#[test]
fn a_read_waits_for_a_simultaneous_conversion() {
    let mut bed = TestBed::new();
    let mut clients = vec![
        Client::asks(Request::write("/simultaneous/temperature", b"1").unwrap(), bed.now()),
        Client::asks(Request::write("/simultaneous/temperature", b"1").unwrap(), bed.now()),
    ];
    clients.append(&mut reads(&bed, &[path(KITCHEN, "temperature"), path(CELLAR, "temperature")]));
    bed.finish(&mut clients);
    assert_eq!(bed.slave(AT_KITCHEN).conversions(), 1);
    assert!(clients.iter().all(|client| client.reply().0 >= 0));
}

// `TestBed` fails if the bus has nothing to do and does not let the program sleep.
#[test]
fn a_simultaneous_conversion_waits_asleep_for_a_single_one() {
    for micros in (0..100_000).step_by(500) {
        let mut bed = TestBed::new();
        bed.pass(Duration::from_millis(1000));
        let mut clients = reads(&bed, &[path(KITCHEN, "temperature")]);
        assert!(!bed.serve(&mut clients[0]));
        bed.pass(Duration::from_micros(micros));
        clients.push(Client::asks(Request::write("/simultaneous/temperature", b"1").unwrap(), bed.now()));
        bed.finish(&mut clients);
        assert_eq!(clients[1].reply().0, 0);
    }
}

#[test]
fn a_client_that_disconnects_frees_its_waiter() {
    let mut bed = TestBed::new();
    bed.pass(Duration::from_secs(1));
    // More than there are waiters.
    for n in 0..20 {
        let request = Request::read("/uncached/28.010000900000/temperature").unwrap();
        let mut client = Client::asks(request, bed.now());
        assert!(!bed.serve(&mut client));
        bed.pass(Duration::from_millis(n * 7));
        bed.leave(client);
    }
    assert!(bed.read(&path(CELLAR, "temperature")).is_ok());
    assert!(bed.slave(AT_KITCHEN).conversions() <= 4);
}

#[test]
fn a_write_is_finished_after_its_client_disconnects() {
    let mut bed = TestBed::new();
    bed.pass(Duration::from_secs(1));
    let request = Request::write("/28.010000900000/temphigh", b"33").unwrap();
    let mut client = Client::asks(request, bed.now());
    assert!(!bed.serve(&mut client));
    bed.pass(Duration::from_millis(5));
    bed.leave(client);
    bed.pass(Duration::from_secs(1));
    assert_eq!(bed.slave(AT_KITCHEN).eeprom().map(|[high, ..]| high), Some(33));
}

#[test]
fn more_requests_than_waiters_are_all_answered() {
    let mut bed = TestBed::new();
    let names = ["temperature", "temperature9", "temphigh", "power", "scratchpad", "temperature10"];
    let mut paths: Vec<_> = names.iter().map(|name| path(KITCHEN, name)).collect();
    paths.extend(names.iter().map(|name| path(CELLAR, name)));
    // Some are for absent devices.
    paths
        .extend(["/28.111111111111", "/28.222222222222", "/28.333333333333"].map(|id| format!("{id}/power")));
    let mut clients = reads(&bed, &paths);
    bed.finish(&mut clients);
    let failed = clients.iter().filter(|client| client.reply().0 < 0).count();
    assert_eq!(failed, 3);
}

#[test]
fn a_free_waiter_wakes_a_rejected_request() {
    let mut bed = TestBed::new();
    bed.pass(Duration::from_secs(1));
    let mut clients = reads(&bed, &[0; 5].map(|_| path(KITCHEN, "temperature")));
    for client in &mut clients {
        assert!(!bed.serve(client));
    }
    // All but one, which found no free waiter, share a conversion.
    bed.pass(Duration::from_millis(300));
    assert!(bed.tree.bus().wake_at() > bed.now());
    bed.leave(clients.remove(0));
    assert!(bed.tree.bus().wake_at() <= bed.now());
    bed.finish(&mut clients);
    assert_eq!(bed.slave(AT_KITCHEN).conversions(), 1);
}

#[test]
fn parasite_powered_devices_get_a_strong_pull_up() {
    let parasite = |id: RomId| Slave::thermometer(id, 320).with_supply(Supply::Parasite);
    let mut bed = TestBed::with([
        parasite(KITCHEN),
        parasite(CELLAR),
        Slave::thermometer(ATTIC, 320),
        Slave::switch(LAMP),
        Slave::thermometer(GUEST, 320),
        Slave::switch(BATTERY),
    ]);
    assert_eq!(bed.read(&path(KITCHEN, "power")), Ok("0".into()));
    let value: f64 = bed.read(&path(KITCHEN, "temperature")).unwrap().parse().unwrap();
    assert!((20.0..=22.0).contains(&value));
    // Nothing is sent while the line powers a device.
    let mut clients = reads(&bed, &[path(CELLAR, "temperature"), path(LAMP, "PIO.A")]);
    assert!(!bed.serve(&mut clients[0]));
    bed.pass(Duration::from_millis(100));
    bed.finish(&mut clients);
    assert_eq!(bed.write("/simultaneous/temperature", "1"), 0);
    assert_ne!(bed.read(&path(KITCHEN, "latesttemp")), Ok("85".into()));
    assert_eq!(bed.write(&path(KITCHEN, "temphigh"), "40"), 0);
    assert_eq!(bed.tree.bus().counters().faults, 0);
}
