//! Simulated devices, as a client sees them.

use owproto_core::ReturnCode;
use owproto_core::text::Value;
use owproto_core::tree::families;
use owproto_std::Client;
use owproto_std::sim::{Alarm, Occurrence, Presence, Simulator};

use super::*;

fn client(server: &sim::Server) -> Client {
    Client::new(&server.local_addr().to_string()).unwrap()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[test]
fn every_property_of_every_family_can_be_read_unless_it_is_write_only() {
    let codes: Vec<String> =
        families::ALL.iter().filter_map(|family| family.code).map(|code| format!("{code:02X}")).collect();
    for prefix in ["", "tester:"] {
        let server = server(&format!("{prefix}{}", codes.join(",")));
        let client = client(&server);
        let mut values = 0;
        let mut folders: Vec<Vec<u8>> = client.dir("/").unwrap().iter().map(<[u8]>::to_vec).collect();
        assert_eq!(folders.len(), codes.len());
        while let Some(folder) = folders.pop() {
            let options = owproto_std::DirOptions::new().slash();
            let entries: Vec<Vec<u8>> =
                client.dir_with(&folder, options).unwrap().iter().map(<[u8]>::to_vec).collect();
            let (directories, properties): (Vec<_>, Vec<_>) =
                entries.into_iter().partition(|entry| entry.ends_with(b"/"));
            folders.extend(directories.into_iter().map(|mut name| {
                name.pop();
                name
            }));
            for (path, value) in properties.iter().zip(client.read_many(&properties)) {
                let name = String::from_utf8_lossy(path);
                match value {
                    Ok(_) => values += 1,
                    Err(error) => {
                        let code = match &error {
                            owproto_std::Error::Server { error, .. } => error.code(),
                            _ => panic!("{name}: {error}"),
                        };
                        assert_eq!(code, ReturnCode::OPERATION_NOT_SUPPORTED, "{name}: {error}");
                    }
                }
            }
        }
        assert!(values > 5000, "only {values} values");
    }
}

#[test]
fn values_depend_only_on_seed_and_time() {
    let at = |seed, seconds| {
        let spec = "10,12,1D,20,21,26,28,29,3A,EE,F0".parse().unwrap();
        let date = owproto_core::text::Date::MIN;
        let simulator = Simulator::builder(spec).seed(seed).date(date).build();
        simulator.set_time(Duration::from_secs(seconds));
        let server = sim::Server::builder(simulator).start().unwrap();
        let client = client(&server);
        let mut all = Vec::new();
        for device in client.dir("/").unwrap().iter() {
            let paths: Vec<Vec<u8>> = client.dir(device).unwrap().iter().map(<[u8]>::to_vec).collect();
            all.extend(client.read_many(&paths).into_iter().flatten());
        }
        all
    };
    let values = at(1, 1000);
    assert!(values.len() > 150, "{}", values.len());
    assert_eq!(values, at(1, 1000));
    assert_ne!(values, at(2, 1000));
    let later = at(1, 2000);
    let changed = values.iter().zip(&later).filter(|(before, after)| before != after).count();
    assert!((20..values.len() / 2).contains(&changed), "{changed} of {}", values.len());
}

#[test]
fn written_values_can_be_read_back() {
    let server = server("23=mem,28=t,29=io,21=log,26=bat,1D=c");
    let client = client(&server);
    let write_read = |path: &str, data: &[u8]| {
        client.write(path, data).unwrap();
        text(client.read(path).unwrap())
    };
    assert_eq!(write_read("/t/temphigh", b"33.5"), "        33.5");
    client.write("/t/alias", "thermometer").unwrap();
    assert_eq!(client.read("/thermometer/alias").unwrap(), b"thermometer");
    assert_eq!(write_read("/io/PIO.3", b"1"), "1");
    assert_eq!(write_read("/io/PIO.BYTE", b"170"), "         170");
    assert_eq!(client.read("/io/PIO.ALL").unwrap(), b"0,1,0,1,0,1,0,1");
    assert_eq!(write_read("/io/PIO.ALL", b"1,1,1,1,0,0,0,0"), "1,1,1,1,0,0,0,0");
    assert_eq!(client.read_number("/io/PIO.BYTE").unwrap(), 15.0);
    // An output that is on pulls its pin low.
    assert_eq!(&client.read("/io/sensed.ALL").unwrap()[..7], b"0,0,0,0");

    // Pages are parts of the memory.
    client.write_at("/mem/pages/page.2", "hello", 10).unwrap();
    assert_eq!(client.read_at("/mem/memory", 5, 2 * 32 + 10).unwrap(), b"hello");
    client.write("/mem/memory", &[7; 512]).unwrap();
    assert_eq!(client.read("/mem/pages/page.15").unwrap(), [7; 32]);
    assert_eq!(client.read("/mem/memory").unwrap(), [7; 512]);

    // Both properties show the same running clock.
    client.write("/log/clock/udate", "1000000000").unwrap();
    let date = text(client.read("/log/clock/date").unwrap());
    assert!(date.starts_with("Sun Sep  9 01:46:4") && date.ends_with("2001"), "{date}");
    client.write("/bat/disconnect/date", "Sun Sep  9 01:46:40 2001").unwrap();
    assert_eq!(client.read_number("/bat/disconnect/udate").unwrap(), 1e9);
}

#[test]
fn latches_show_changes_since_they_were_cleared() {
    let server = server("29=io");
    let (client, simulator) = (client(&server), server.simulator());
    simulator.set_time(Duration::from_secs(100));
    client.write("/io/latch.BYTE", "1").unwrap();
    assert_eq!(client.read_number("/io/latch.BYTE").unwrap(), 0.0);
    simulator.set_time(Duration::from_secs(200));
    assert_ne!(client.read_number("/io/latch.BYTE").unwrap(), 0.0);
}

#[test]
fn values_change_with_time_and_related_values_agree() {
    let server = server("28=t,10=s,1D=c,20=v");
    let (client, simulator) = (client(&server), server.simulator());
    let mut temperatures = Vec::new();
    let mut counter = 0.0;
    for second in (0..3600).step_by(60) {
        simulator.set_time(Duration::from_secs(second));
        let celsius = client.read_number("/t/temperature").unwrap();
        assert_eq!(celsius * 16.0, (celsius * 16.0).round());
        let pad = client.read("/t/scratchpad").unwrap();
        assert_eq!(f64::from(i16::from_le_bytes([pad[0], pad[1]])) / 16.0, celsius);
        assert_eq!(owproto_core::text::crc8(&pad), 0);
        assert!((client.read_number("/t/temperature9").unwrap() - celsius).abs() <= 0.25 + 0.0625);
        // A DS18S20: half degrees, and the rest in the count.
        let pad = client.read("/s/scratchpad").unwrap();
        let half = f64::from(i16::from_le_bytes([pad[0], pad[1]]) >> 1);
        let fine = half - 0.25 + (16.0 - f64::from(pad[6])) / 16.0;
        let read = client.read_number("/s/temperature").unwrap();
        assert!((fine - read).abs() < 0.6, "{fine} {read}");
        temperatures.push(celsius);
        let now = client.read_number("/c/counter.A").unwrap();
        assert!(now >= counter);
        counter = now;
        let volts = client.read_number("/v/volt.A").unwrap();
        assert!((client.read_number("/v/8bit/volt.A").unwrap() - volts).abs() < 0.011);
    }
    let step = temperatures.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f64::max);
    assert!(step > 0.0 && step < 3.0, "{step}");
}

#[test]
fn devices_can_fail_be_absent_be_in_alarm_and_read_85_degrees() {
    let server = server("28=t,05");
    let (client, simulator) = (client(&server), server.simulator());
    let t = simulator.device("t").unwrap();
    t.set("temperature", Value::Float(20.0)).unwrap();

    t.set_errors(Occurrence::Every(3), ReturnCode::IO);
    let results: Vec<bool> = (0..6).map(|_| client.read("/t/temperature").is_ok()).collect();
    assert_eq!(results, [true, true, false, true, true, false]);
    t.set_errors(Occurrence::Never, ReturnCode::IO);

    t.set_power_on(Occurrence::Every(2));
    let results: Vec<f64> = (0..4).map(|_| client.read_number("/t/temperature10").unwrap()).collect();
    assert_eq!(results, [20.0, 85.0, 20.0, 85.0]);
    t.set_power_on(Occurrence::Never);

    assert_eq!(client.dir("/").unwrap().len(), 2);
    t.set_presence(Presence::Absent);
    assert_eq!(client.dir("/").unwrap().len(), 1);
    assert!(client.read("/t/temperature").is_err());
    assert!(!client.present("/t").unwrap());
    t.set_presence(Presence::Changing { present: Duration::from_secs(10), absent: Duration::from_secs(5) });
    for (second, is_there) in [(0, true), (9, true), (10, false), (14, false), (15, true)] {
        simulator.set_time(Duration::from_secs(second));
        assert_eq!(client.dir("/").unwrap().len(), 1 + usize::from(is_there), "{second}");
        assert_eq!(client.present("/t").unwrap(), is_there, "{second}");
    }

    assert!(client.dir("/alarm").unwrap().is_empty());
    t.set("temperature", Value::Float(50.0)).unwrap();
    assert_eq!(client.dir("/alarm").unwrap().len(), 1);
    client.write("/t/temphigh", "60").unwrap();
    assert!(client.dir("/alarm").unwrap().is_empty());
    t.set_alarm(Alarm::On);
    assert_eq!(client.dir("/alarm").unwrap().len(), 1);

    let added = simulator.add(0, 0x10).unwrap();
    assert!(client.present(&format!("/{}", added.rom_id())).unwrap());
    added.remove();
    assert_eq!(client.dir("/").unwrap().len(), 2);
}

#[test]
fn a_test_can_set_values_and_release_them() {
    let server = server("28=t,29=io,1D=c,23=mem");
    let client = client(&server);
    let device = |name| server.simulator().device(name).unwrap();
    let (t, io) = (device("t"), device("io"));
    let before = t.value("temperature").unwrap();
    t.set("temperature", Value::Float(-12.5)).unwrap();
    for name in ["temperature", "latesttemp", "temperature9"] {
        assert_eq!(client.read_number(&format!("/t/{name}")).unwrap(), -12.5, "{name}");
    }
    t.release("temperature").unwrap();
    let Value::Float(before) = before.value() else { panic!() };
    assert!((client.read_number("/t/temperature").unwrap() - before).abs() < 2.0);

    io.set("sensed.BYTE", Value::Unsigned(0b1010_0101)).unwrap();
    assert_eq!(client.read("/io/sensed.ALL").unwrap(), b"1,0,1,0,0,1,0,1");
    device("c").set("counter.B", Value::Unsigned(77)).unwrap();
    assert_eq!(client.read_number("/c/counter.B").unwrap(), 77.0);
    device("mem").set("pages/page.1", Value::Bytes(b"page")).unwrap();
    assert_eq!(client.read_at("/mem/memory", 4, 32).unwrap(), b"page");

    use owproto_std::sim::SetError;
    assert_eq!(t.set("humidity", Value::Float(1.0)), Err(SetError::NoProperty));
    assert_eq!(io.set("sensed.ALL", Value::Unsigned(1)), Err(SetError::NoProperty));
    assert_eq!(t.set("type", Value::Text(b"x")), Err(SetError::NotOfDevice));
    assert!(matches!(t.set("temperature", Value::Unsigned(1)), Err(SetError::Type { .. })));
}

#[test]
fn devices_are_listed_by_bus_and_aliases_can_change() {
    let server = server("28=a,10+28=b,05+");
    let client = client(&server);
    assert_eq!(client.dir("/").unwrap().len(), 4);
    let on = |path: &str| client.dir(path).unwrap().iter().filter(|name| name.ends_with(b"/a")).count();
    assert_eq!((on("/bus.0"), on("/bus.1")), (1, 0));
    assert!(client.dir("/bus.2").is_ok() && client.dir("/bus.3").is_err());
    assert!(client.present("/bus.1/b").unwrap() && !client.present("/bus.0/b").unwrap());
    let a = server.simulator().device("a").unwrap();
    server.set_alias(a.rom_id(), "new name").unwrap();
    assert!(client.present("/new name").unwrap() && !client.present("/a").unwrap());
    assert_eq!(client.read("/new name/alias").unwrap(), b"new name");
}

#[test]
fn all_values_of_a_slow_request_belong_to_one_moment() {
    let server = server("20=v");
    let (client, simulator) = (client(&server), server.simulator());
    let v = simulator.device("v").unwrap();
    v.set_latency(Duration::from_secs(10));
    simulator.set_time(Duration::from_secs(100));
    std::thread::scope(|scope| {
        let answer = scope.spawn(|| client.read("/v/volt.ALL").unwrap());
        wait_until("the device is at work", || v.requests() == 1);
        simulator.set_time(Duration::from_secs(109));
        simulator.set_time(Duration::from_secs(500));
        let all = answer.join().unwrap();
        // The values at the time when the device was ready.
        v.set_latency(Duration::ZERO);
        simulator.set_time(Duration::from_secs(110));
        assert_eq!(all, client.read("/v/volt.ALL").unwrap());
    });
    // All four values were one request to the device.
    assert_eq!(v.requests(), 2);
}
