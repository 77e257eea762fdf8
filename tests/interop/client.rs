//! The clients of `owproto-std` on a real owserver, compared with owread and pyownet.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use owproto_core::ReturnCode;
use owproto_core::text::RomId;
use owproto_core::wire::{DeviceFormat, Flags, MessageType, TemperatureScale};
use owproto_std::{Builder, Client, DirOptions, Error, GetResult, Listing, RawReply, Traffic};
use owproto_tests::owserver::Owserver;
use owproto_tests::tools::{Tool, pyownet};
use owproto_tests::{process, vectors};
use serde_json::{Value, json};

const FAMILIES: &str = "10,28,26,05,20,29,12,1D,2D";

/// The longest time for anything that does not depend on a timeout of the server.
const LIMIT: Duration = Duration::from_secs(20);

type Bytes = Vec<u8>;

/// Both clients with the same calls.
trait Calls {
    fn ping(&self) -> Result<(), Error>;
    fn present(&self, path: &[u8]) -> Result<bool, Error>;
    fn rom_id(&self, path: &[u8]) -> Result<Option<RomId>, Error>;
    fn read(&self, path: &[u8]) -> Result<Bytes, Error>;
    fn read_at(&self, path: &[u8], size: u32, offset: u32) -> Result<Bytes, Error>;
    fn read_into(&self, path: &[u8], buffer: &mut [u8]) -> Result<usize, Error>;
    fn read_number(&self, path: &[u8]) -> Result<f64, Error>;
    fn read_many(&self, paths: &[Bytes]) -> Vec<Result<Bytes, Error>>;
    fn write(&self, path: &[u8], data: &[u8]) -> Result<usize, Error>;
    fn write_at(&self, path: &[u8], data: &[u8], offset: u32) -> Result<usize, Error>;
    fn dir(&self, path: &[u8], options: DirOptions) -> Result<Listing, Error>;
    fn stream(&self, path: &[u8]) -> Result<Vec<Bytes>, Error>;
    fn get(&self, path: &[u8]) -> Result<GetResult, Error>;
    fn sendmess(&self, message_type: MessageType, path: &[u8], size: i32) -> Result<RawReply, Error>;
    fn return_code_text(&self, code: ReturnCode) -> String;
    fn within(&self, limit: Duration) -> Box<dyn Calls>;
    fn with_flags(&self, flags: Flags) -> Box<dyn Calls>;
}

#[derive(Clone)]
struct OnTokio(owproto_std::tokio::Client, Arc<tokio::runtime::Runtime>);

/// Implements the calls. `$run` gives the output of a future, or a value as it is.
macro_rules! implement {
    ($type:ty, $this:ident, $client:expr, $run:ident, $variant:expr) => {
        impl Calls for $type {
            fn ping(&self) -> Result<(), Error> {
                let $this = self;
                $run!($this, $client.ping())
            }
            fn present(&self, path: &[u8]) -> Result<bool, Error> {
                let $this = self;
                $run!($this, $client.present(path))
            }
            fn rom_id(&self, path: &[u8]) -> Result<Option<RomId>, Error> {
                let $this = self;
                $run!($this, $client.rom_id(path))
            }
            fn read(&self, path: &[u8]) -> Result<Bytes, Error> {
                let $this = self;
                $run!($this, $client.read(path))
            }
            fn read_at(&self, path: &[u8], size: u32, offset: u32) -> Result<Bytes, Error> {
                let $this = self;
                $run!($this, $client.read_at(path, size, offset))
            }
            fn read_into(&self, path: &[u8], buffer: &mut [u8]) -> Result<usize, Error> {
                let $this = self;
                $run!($this, $client.read_into(path, buffer))
            }
            fn read_number(&self, path: &[u8]) -> Result<f64, Error> {
                let $this = self;
                $run!($this, $client.read_number(path))
            }
            fn read_many(&self, paths: &[Bytes]) -> Vec<Result<Bytes, Error>> {
                let $this = self;
                $run!($this, $client.read_many(paths))
            }
            fn write(&self, path: &[u8], data: &[u8]) -> Result<usize, Error> {
                let $this = self;
                $run!($this, $client.write(path, data))
            }
            fn write_at(&self, path: &[u8], data: &[u8], offset: u32) -> Result<usize, Error> {
                let $this = self;
                $run!($this, $client.write_at(path, data, offset))
            }
            fn dir(&self, path: &[u8], options: DirOptions) -> Result<Listing, Error> {
                let $this = self;
                $run!($this, $client.dir_with(path, options))
            }
            fn stream(&self, path: &[u8]) -> Result<Vec<Bytes>, Error> {
                let $this = self;
                let mut listing = $run!($this, $client.dir_iter(path, DirOptions::new()))?;
                let mut entries = Vec::new();
                while let Some(entry) = $run!($this, listing.next()) {
                    entries.push(entry?);
                }
                Ok(entries)
            }
            fn get(&self, path: &[u8]) -> Result<GetResult, Error> {
                let $this = self;
                $run!($this, $client.get(path))
            }
            fn sendmess(&self, message_type: MessageType, path: &[u8], size: i32) -> Result<RawReply, Error> {
                let $this = self;
                let payload = [path, b"\0"].concat();
                $run!($this, $client.sendmess(message_type, &payload, Flags::NONE, size, 0))
            }
            fn return_code_text(&self, code: ReturnCode) -> String {
                let $this = self;
                $run!($this, $client.return_code_text(code))
            }
            fn within(&self, limit: Duration) -> Box<dyn Calls> {
                let $this = self;
                Box::new($variant($this, $client.with_timeout(limit)))
            }
            fn with_flags(&self, flags: Flags) -> Box<dyn Calls> {
                let $this = self;
                Box::new($variant($this, $client.with_flags(flags)))
            }
        }
    };
}

macro_rules! itself {
    ($this:ident, $value:expr) => {
        $value
    };
}

macro_rules! waited_for {
    ($this:ident, $future:expr) => {
        $this.1.block_on($future)
    };
}

implement!(Client, this, this, itself, |_: &Client, client| client);
implement!(OnTokio, this, this.0, waited_for, |this: &OnTokio, client| OnTokio(client, Arc::clone(&this.1)));

fn on_tokio(builder: Builder) -> OnTokio {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    OnTokio(builder.build_tokio(), Arc::new(runtime))
}

/// Calls `check` with each kind of client, persistent and not.
fn for_each_client(server: SocketAddr, check: impl Fn(&dyn Calls)) {
    let builder = || Client::builder().address(server.into());
    for persistent in [true, false] {
        println!("blocking, persistent: {persistent}");
        check(&builder().persistent(persistent).build());
        println!("on tokio, persistent: {persistent}");
        check(&on_tokio(builder().persistent(persistent)));
    }
}

/// A builder whose clients count their connections.
fn counting(server: SocketAddr) -> (Builder, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let tap = {
        let count = Arc::clone(&count);
        move |traffic: Traffic<'_>| {
            if let Traffic::Connected(_) = traffic {
                count.fetch_add(1, Ordering::SeqCst);
            }
        }
    };
    (Client::builder().address(server.into()).tap(tap), count)
}

fn code(error: &Error) -> u32 {
    error.return_code().unwrap_or_else(|| panic!("not an answer: {error:?}")).code()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn entries(listing: &Listing) -> Vec<Bytes> {
    listing.iter().map(<[u8]>::to_vec).collect()
}

/// The results of pyownet for calls with these control flags.
fn by_pyownet(server: SocketAddr, flags: Flags, calls: &[Value]) -> Vec<Value> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/interop/pyownet_calls.py");
    let mut command = pyownet();
    command.arg(script).arg(server.port().to_string()).arg(flags.bits().to_string());
    let finished = process::run_with_input(&mut command, json!(calls).to_string().as_bytes());
    assert_eq!(finished.status, Some(0), "{}", finished.stderr_text());
    serde_json::from_slice(&finished.stdout).unwrap()
}

/// Our result for a call of [`by_pyownet`].
fn by_us(client: &dyn Calls, call: &Value) -> Value {
    let word = |n: usize| u32::try_from(call[n].as_u64().unwrap()).unwrap();
    let path = call[1].as_str().unwrap_or_default().as_bytes();
    let answer = match call[0].as_str().unwrap() {
        "read" => client.read_at(path, word(2), word(3)).map(|value| json!({ "value": hex(&value) })),
        "write" => {
            let data = call[2].as_str().unwrap();
            let data: Bytes = (0..data.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(&data[at..at + 2], 16).unwrap())
                .collect();
            client.write_at(path, &data, word(3)).map(|_| json!({ "done": true }))
        }
        "dir" => {
            let mut options = DirOptions::new();
            if call[2] == true {
                options = options.slash();
            }
            if call[3] == true {
                options = options.bus_list();
            }
            client.dir(path, options).map(|listing| json!({ "entries": listing.names().collect::<Vec<_>>() }))
        }
        "present" => client.present(path).map(|present| json!({ "present": present })),
        "get" => client.sendmess(MessageType::GET, path, 65536).map(|reply| {
            let size = usize::try_from(reply.size).unwrap();
            json!({ "ret": reply.ret, "value": hex(&reply.payload[..size]) })
        }),
        "ping" => client.ping().map(|()| json!({ "done": true })),
        other => panic!("{other} is not a call"),
    };
    answer.unwrap_or_else(|error| json!({ "errno": code(&error) }))
}

/// All directories and properties below a path, found by listings with slashes. Branches of couplers are left out: each has
/// the whole bus again.
fn walk(client: &dyn Calls, path: &[u8], found: &mut Vec<(Bytes, bool)>) {
    for entry in client.dir(path, DirOptions::new().slash()).unwrap().iter() {
        match entry.strip_suffix(b"/") {
            Some(directory) if directory.ends_with(b"/aux") || directory.ends_with(b"/main") => {}
            Some(directory) => {
                found.push((directory.to_vec(), true));
                walk(client, directory, found);
            }
            None => found.push((entry.to_vec(), false)),
        }
    }
}

fn blocking(server: &Owserver) -> Client {
    Client::builder().address(server.address().into()).build()
}

/// The path of a device of a family.
fn device(client: &dyn Calls, family: &str) -> String {
    let listing = client.dir(b"/", DirOptions::new()).unwrap();
    let found = listing.names().find(|name| name.starts_with(&format!("/{family}.")));
    found.unwrap_or_else(|| panic!("no device of family {family}")).into_owned()
}

#[test]
fn results_are_those_of_pyownet_and_owread() {
    let server = Owserver::builder().tester(FAMILIES).start();
    let mut found = Vec::new();
    walk(&blocking(&server), b"/", &mut found);
    let mut calls = vec![
        json!(["ping"]),
        json!(["dir", "/", true, true]),
        json!(["dir", "/", false, true]),
        json!(["dir", "/", false, false]),
        json!(["dir", "/settings", true, false]),
        json!(["dir", "/alarm", true, false]),
        json!(["dir", "/no such thing", true, false]),
        json!(["present", "/no such thing"]),
        json!(["present", "/settings"]),
        json!(["read", "/no such thing", 65536, 0]),
        json!(["read", "/", 65536, 0]),
        json!(["get", "/"]),
        json!(["get", "/no such thing"]),
    ];
    for (path, is_directory) in &found {
        let path = text(path);
        calls.push(json!(["present", path]));
        calls.push(json!(["get", path]));
        calls.push(json!(["dir", path, true, false]));
        calls.push(json!(["dir", path, false, false]));
        calls.push(json!(["read", path, 65536, 0]));
        if !is_directory {
            calls.push(json!(["read", path, 100, 100_000]));
            // The tester computes the parts of a memory in two ways, depending on its cache.
            if !path.ends_with("/memory") {
                calls.push(json!(["read", path, 5, 0]));
                calls.push(json!(["read", path, 5, 3]));
            }
        }
    }
    assert!(found.len() > 400, "only {} paths", found.len());
    let expected = by_pyownet(server.address(), Flags::NONE, &calls);
    for_each_client(server.address(), |client| {
        for (call, expected) in calls.iter().zip(&expected) {
            assert_eq!(by_us(client, call), *expected, "{call}");
        }
        let properties: Vec<Bytes> =
            found.iter().filter(|(_, is_directory)| !is_directory).map(|(path, _)| path.clone()).collect();
        // Reads in one call return the same as one by one.
        let many = client.read_many(&properties);
        assert_eq!(many.len(), properties.len());
        for (value, path) in many.into_iter().zip(&properties) {
            match (value, client.read(path)) {
                (Ok(value), Ok(expected)) => assert_eq!(value, expected),
                (Err(error), Err(expected)) => assert_eq!(code(&error), code(&expected)),
                (value, expected) => panic!("{}: {value:?}, {expected:?}", text(path)),
            }
        }
    });
    let client = blocking(&server);
    let mut compared = 0;
    for (path, is_directory) in found {
        let theirs = Tool::Owread.run(server.address(), [text(&path)]);
        match client.read(&path) {
            Ok(value) => {
                assert_eq!(theirs.stdout, value, "{}", text(&path));
                compared += 1;
            }
            Err(error) => {
                assert_eq!(theirs.stdout, b"", "{}: {error}", text(&path));
                assert!(!is_directory || code(&error) == 21, "{error}");
            }
        }
    }
    assert!(compared > 300, "only {compared} values");
}

#[test]
fn parts_of_values_are_read_by_size_and_offset() {
    let server = Owserver::builder().tester("2D,29").start();
    for_each_client(server.address(), |client| {
        let memory = format!("{}/memory", device(client, "2D"));
        let whole = client.read(memory.as_bytes()).unwrap();
        assert_eq!(whole.len(), 128);
        // The tester computes its values from the offset.
        for (size, offset, len) in
            [(16, 0, 16), (10, 58, 10), (100, 100, 28), (1, 127, 1), (1, 128, 0), (100_050, 5000, 0)]
        {
            let part = client.read_at(memory.as_bytes(), size, offset).unwrap();
            assert_eq!(part.len(), len, "{size} {offset}");
        }
        for len in [1, 16, 128, 200_000] {
            let mut buffer = vec![0xa5; len];
            let count = client.read_into(memory.as_bytes(), &mut buffer).unwrap();
            assert_eq!(count, len.min(128));
            let part =
                client.read_at(memory.as_bytes(), u32::try_from(len.min(100_050)).unwrap(), 0).unwrap();
            assert_eq!(buffer[..count], part);
            assert!(buffer[count..].iter().all(|&byte| byte == 0xa5));
        }
        assert_eq!(code(&client.read_into(b"/settings", &mut [0; 9]).unwrap_err()), 21);
    });
}

#[test]
fn scales_and_formats_follow_the_control_flags() {
    let server = Owserver::builder().tester("10,28").start();
    for_each_client(server.address(), |client| {
        let path = format!("{}/temperature", device(client, "10"));
        let celsius = client.read_number(path.as_bytes()).unwrap();
        let fahrenheit = Flags::NONE.with_temperature_scale(TemperatureScale::Fahrenheit);
        let converted = client.with_flags(fahrenheit).read_number(path.as_bytes()).unwrap();
        assert!((converted - (celsius * 1.8 + 32.0)).abs() < 0.001, "{celsius} {converted}");
        let format = Flags::NONE.with_device_format(DeviceFormat::FdIdC);
        for entry in client.with_flags(format).dir(b"/", DirOptions::new()).unwrap().names() {
            assert_eq!(entry.matches('.').count(), 2, "{entry}");
            let id: RomId = entry[1..].parse().unwrap();
            assert_eq!(client.rom_id(entry.as_bytes()).unwrap(), Some(id));
        }
        assert_eq!(client.rom_id(b"/settings").unwrap(), None);
        assert_eq!(client.rom_id(b"/no such thing").unwrap(), None);
    });
}

#[test]
fn values_are_written_as_pyownet_writes_them() {
    let server = Owserver::builder().mock("10,28,29,2D").start();
    for_each_client(server.address(), |client| {
        let memory = format!("{}/memory", device(client, "2D"));
        let page = format!("{}/pages/page.0", device(client, "2D"));
        let switch = format!("{}/PIO.1", device(client, "29"));
        let number = format!("{}/temphigh", device(client, "10"));
        // Each value is written by one client and read by the other.
        let writes = [
            json!(["write", memory, hex(&(0..128).collect::<Bytes>()), 0]),
            json!(["write", memory, hex(b"middle"), 60]),
            json!(["write", page, hex(&[0xff, 0, b',', b'\n']), 3]),
            json!(["write", switch, hex(b"1"), 0]),
            json!(["write", number, hex(b"41"), 0]),
            json!(["write", switch, hex(b"maybe"), 0]),
            json!(["write", number, hex(b""), 0]),
            json!(["write", "/no such thing", hex(b"1"), 0]),
            json!(["write", "/", hex(b"1"), 0]),
            json!(["write", format!("{number}/x"), hex(b"1"), 0]),
        ];
        // Parts of written values are random on this bus, and volatile ones may be lost.
        let reads = [json!(["read", memory, 65536, 0]), json!(["read", number, 65536, 0])];
        let zeros = [0; 128];
        let undo = |client: &dyn Calls| {
            client.write(memory.as_bytes(), &zeros).unwrap();
            client.write(number.as_bytes(), b"0").unwrap();
        };
        let answers = |calls: &[Value]| calls.iter().map(|call| by_us(client, call)).collect::<Vec<_>>();
        undo(client);
        let before = answers(&reads);
        let by_them = by_pyownet(server.address(), Flags::NONE, &writes);
        let written_by_them = answers(&reads);
        undo(client);
        assert_eq!(answers(&reads), before);
        assert_ne!(written_by_them, before);
        assert_eq!(answers(&writes), by_them);
        assert_eq!(by_pyownet(server.address(), Flags::NONE, &reads), written_by_them);

        // How much the server took. pyownet does not return it.
        assert_eq!(client.write(memory.as_bytes(), &[7; 1000]).unwrap(), 128);
        assert_eq!(client.write_at(memory.as_bytes(), &[8; 1000], 120).unwrap(), 8);
        assert_eq!(client.write_at(memory.as_bytes(), b"x", 5000).unwrap(), 0);
    });
}

#[test]
fn aliases_may_contain_commas_and_any_bytes() {
    let server = Owserver::builder().tester("10,28,26").start();
    let setup = blocking(&server);
    let aliases: [(&str, &[u8]); 3] =
        [("10", b"cellar, left"), ("28", b"r\xf6hre \xff"), ("26", b",\xc3\xa4,")];
    for (family, alias) in aliases {
        let path = format!("{}/alias", device(&setup, family));
        assert_eq!(setup.write(&path, alias).unwrap(), alias.len());
    }
    for_each_client(server.address(), |client| {
        let expected = aliases.map(|(_, alias)| [b"/", alias].concat());
        let sorted = |mut entries: Vec<Bytes>| {
            entries.sort();
            entries
        };
        let expected = sorted(expected.to_vec());
        assert_eq!(sorted(entries(&client.dir(b"/", DirOptions::new()).unwrap())), expected);
        assert_eq!(sorted(entries(&client.dir(b"/", DirOptions::new().streamed()).unwrap())), expected);
        assert_eq!(sorted(client.stream(b"/").unwrap()), expected);
        let GetResult::Directory(listing) = client.get(b"/").unwrap() else { panic!("a directory") };
        assert_eq!(sorted(entries(&listing)), expected);
        for (family, alias) in aliases {
            let path = [b"/", alias].concat();
            assert!(client.present(&path).unwrap());
            assert_eq!(client.read(&[&path[..], b"/family"].concat()).unwrap(), family.as_bytes());
            assert_eq!(client.read(&[&path[..], b"/alias"].concat()).unwrap(), alias);
            let properties = client.dir(&path, DirOptions::new()).unwrap();
            assert_eq!(entries(&properties), client.stream(&path).unwrap());
            assert!(properties.iter().all(|property| property.starts_with(&path)));
        }
    });
}

#[test]
fn fake_devices_can_be_listed_and_read() {
    let server = Owserver::builder().fake("10,28,05").start();
    for_each_client(server.address(), |client| {
        let listing = client.dir(b"/", DirOptions::new()).unwrap();
        assert_eq!(listing.len(), 3);
        for entry in listing.iter() {
            assert!(client.present(entry).unwrap());
            assert_eq!(client.rom_id(entry).unwrap().unwrap().to_string().as_bytes(), &entry[1..]);
        }
        let path = format!("{}/temperature", device(client, "28"));
        assert!(client.read_number(path.as_bytes()).unwrap().is_finite());
    });
}

/// Compares all calls on a device of the tester bus with those on a server without special options.
fn assert_same_as_plain(
    options: impl FnOnce(owproto_tests::owserver::Builder) -> owproto_tests::owserver::Builder,
) {
    let families = "10,28,29";
    let plain = Owserver::builder().tester(families).start();
    let server = options(Owserver::builder().tester(families)).start();
    let reference = blocking(&plain);
    let mut found = Vec::new();
    walk(&reference, b"/", &mut found);
    let top = |path: &[u8]| path.iter().filter(|&&byte| byte == b'/').count() <= 2;
    found.retain(|(path, _)| top(path));
    assert!(found.len() > 60);
    for_each_client(server.address(), |client| {
        client.ping().unwrap();
        for options in [
            DirOptions::new(),
            DirOptions::new().slash(),
            DirOptions::new().slash().bus_list(),
            DirOptions::new().streamed(),
        ] {
            let expected = Calls::dir(&reference, b"/", options).unwrap();
            assert_eq!(client.dir(b"/", options).unwrap(), expected, "{options:?}");
        }
        for (path, is_directory) in &found {
            assert!(client.present(path).unwrap());
            if *is_directory {
                let slash = DirOptions::new().slash();
                assert_eq!(
                    client.dir(path, slash).unwrap(),
                    Calls::dir(&reference, path, slash).unwrap(),
                    "{}",
                    text(path)
                );
                assert_eq!(client.stream(path).unwrap(), reference.stream(path).unwrap());
                assert_eq!(code(&client.read(path).unwrap_err()), 21);
            } else {
                assert_eq!(code(&client.stream(path).unwrap_err()), 20);
            }
            match (client.get(path), reference.get(path)) {
                (Ok(got), Ok(expected)) => assert_eq!(got, expected, "{}", text(path)),
                (Err(error), Err(expected)) => assert_eq!(code(&error), code(&expected), "{}", text(path)),
                (got, expected) => panic!("{}: {got:?}, {expected:?}", text(path)),
            }
        }
        let paths: Vec<Bytes> = found.iter().map(|(path, _)| path.clone()).collect();
        for (value, path) in client.read_many(&paths).into_iter().zip(&paths) {
            match (value, reference.read(path)) {
                (Ok(value), Ok(expected)) => assert_eq!(value, expected),
                (Err(error), Err(expected)) => assert_eq!(code(&error), code(&expected)),
                (value, expected) => panic!("{}: {value:?}, {expected:?}", text(path)),
            }
        }
        let limit = format!("{}/temphigh", device(client, "10"));
        assert_eq!(client.write(limit.as_bytes(), b"40").unwrap(), 2);
        assert_eq!(code(&client.write(limit.as_bytes(), b"warm").unwrap_err()), 22);
    });
}

#[test]
fn keepalives_before_every_reply_change_no_result() {
    assert_same_as_plain(owproto_tests::owserver::Builder::pingcrazy);
}

#[test]
fn a_server_without_dirall_gives_the_same_results() {
    assert_same_as_plain(owproto_tests::owserver::Builder::no_dirall);
}

#[test]
fn a_server_without_get_gives_the_same_results() {
    assert_same_as_plain(owproto_tests::owserver::Builder::no_get);
}

#[test]
fn a_server_without_persistence_gives_the_same_results() {
    assert_same_as_plain(owproto_tests::owserver::Builder::no_persistence);
    let server = Owserver::builder().tester("10").no_persistence().start();
    let (builder, connections) = counting(server.address());
    let client = builder.build();
    for _ in 0..3 {
        client.ping().unwrap();
    }
    assert_eq!(connections.load(Ordering::SeqCst), 3);
    assert!(client.read_many(&["/settings/timeout/volatile"; 5]).iter().all(Result::is_ok));
    assert_eq!(connections.load(Ordering::SeqCst), 8);
}

#[test]
fn a_server_with_another_server_as_its_bus_gives_the_same_results() {
    let back = Owserver::builder().tester("10,28").start();
    let front = Owserver::builder().behind(back.address()).start();
    for_each_client(front.address(), |client| {
        let direct = blocking(&back);
        let mut found = Vec::new();
        walk(&direct, device(&direct, "28").as_bytes(), &mut found);
        for (path, is_directory) in &found {
            if !is_directory {
                match (client.read(path), direct.read(path)) {
                    (Ok(value), Ok(expected)) => assert_eq!(value, expected, "{}", text(path)),
                    (Err(error), Err(expected)) => {
                        assert_eq!(code(&error), code(&expected), "{}", text(path))
                    }
                    (value, expected) => panic!("{}: {value:?}, {expected:?}", text(path)),
                }
            }
        }
        assert_eq!(client.stream(b"/").unwrap(), direct.stream(b"/").unwrap());
    });
}

#[test]
fn a_read_only_server_refuses_writes_and_gives_the_same_values() {
    let server = Owserver::builder().mock("10").readonly().start();
    for_each_client(server.address(), |client| {
        let path = format!("{}/temphigh", device(client, "10"));
        client.read_number(path.as_bytes()).unwrap();
        assert_eq!(code(&client.write(path.as_bytes(), b"1").unwrap_err()), 30);
        assert_eq!(code(&client.write(b"/no such thing", b"1").unwrap_err()), 1);
        client.ping().unwrap();
    });
}

#[test]
fn texts_of_return_codes_are_those_of_the_server() {
    let server = Owserver::builder().tester("10").start();
    let theirs = by_pyownet(server.address(), Flags::NONE, &[json!(["errmess"])]);
    for_each_client(server.address(), |client| {
        for known in vectors::return_codes() {
            let path = format!("/settings/return_codes/text.{}", known.code);
            let expected = text(&client.read(path.as_bytes()).unwrap());
            let code = ReturnCode::from_code(u32::try_from(known.code).unwrap());
            assert_eq!(client.return_code_text(code), expected, "{}", known.code);
            let index = usize::try_from(known.code).unwrap();
            assert_eq!(theirs[0]["texts"][index], expected);
        }
    });
    // Without a server the texts are the built-in ones.
    let address = server.address();
    drop(server);
    let client = Client::builder().address(address.into()).build();
    assert!(client.return_code_text(ReturnCode::from_code(1)).contains("command line parameters invalid"));
}

#[test]
fn a_client_above_the_limit_is_served_without_persistence_until_another_leaves() {
    let server = Owserver::builder().tester("10").start();
    let holders: Vec<Client> = (0..20).map(|_| blocking(&server)).collect();
    for holder in &holders {
        holder.ping().unwrap();
    }
    let path = format!("{}/temperature", device(&holders[0], "10"));
    let (builder, connections) = counting(server.address());
    let late = builder.build();
    for calls in 1..=3 {
        late.read(&path).unwrap();
        assert_eq!(connections.load(Ordering::SeqCst), calls);
    }
    assert_eq!(late.read_many(&[&path; 4]).into_iter().filter(Result::is_ok).count(), 4);
    assert_eq!(connections.load(Ordering::SeqCst), 7);
    assert_eq!(late.dir_iter("/", DirOptions::new()).unwrap().count(), 1);
    for holder in &holders {
        holder.ping().unwrap();
    }
    // Another client disconnects: soon this one is granted persistence, and keeps it.
    holders[7].close_connection();
    let start = Instant::now();
    loop {
        let before = connections.load(Ordering::SeqCst);
        late.ping().unwrap();
        late.ping().unwrap();
        if connections.load(Ordering::SeqCst) <= before + 1 {
            break;
        }
        assert!(start.elapsed() < LIMIT);
    }
    let before = connections.load(Ordering::SeqCst);
    late.read(&path).unwrap();
    assert_eq!(connections.load(Ordering::SeqCst), before);
}

#[test]
fn calls_time_out_while_the_server_is_stopped_and_work_again_after_it() {
    let mut server = Owserver::builder().tester("10").start();
    let builder =
        || Client::builder().address(server.address().into()).inactivity_timeout(Duration::from_millis(300));
    let clients: [Box<dyn Calls>; 4] = [
        Box::new(builder().build()),
        Box::new(on_tokio(builder())),
        Box::new(builder().persistent(false).build()),
        Box::new(on_tokio(builder().persistent(false))),
    ];
    let path = format!("{}/family", device(&*clients[0], "10"));
    for client in &clients {
        client.ping().unwrap();
    }
    server.pause();
    for client in &clients {
        let start = Instant::now();
        let error = client.read(path.as_bytes()).unwrap_err();
        assert!(
            matches!(error, Error::TimedOut { .. }) && error.is_timeout() && error.is_transient(),
            "{error}"
        );
        assert!(start.elapsed() >= Duration::from_millis(300));
        let error = client.within(Duration::from_millis(100)).read(path.as_bytes()).unwrap_err();
        assert!(matches!(error, Error::TimedOut { .. }), "{error}");
        let many = client.read_many(&[path.clone().into(), b"/settings".to_vec(), path.clone().into()]);
        assert!(
            matches!(many[..], [Err(Error::TimedOut { .. }), Err(Error::NotTried { .. }), Err(_)]),
            "{many:?}"
        );
        assert!(start.elapsed() < LIMIT);
    }
    server.resume();
    for client in &clients {
        // The replies to the calls that timed out were not matched to later ones.
        for _ in 0..3 {
            assert_eq!(client.within(LIMIT).read(path.as_bytes()).unwrap(), b"10");
            assert_eq!(client.dir(b"/", DirOptions::new()).unwrap().len(), 1);
        }
    }
}

#[test]
fn a_restarted_server_is_used_again_by_the_next_call() {
    let mut server = Owserver::builder().tester("10").start();
    let address = server.address();
    let builder = || Client::builder().address(address.into());
    let clients: [Box<dyn Calls>; 2] = [Box::new(builder().build()), Box::new(on_tokio(builder()))];
    let path = format!("{}/family", device(&*clients[0], "10"));
    let path = path.as_bytes();
    let alias = format!("{}/alias", device(&*clients[0], "10"));
    for (number, client) in clients.iter().enumerate() {
        client.ping().unwrap();
        server.restart();
        assert_eq!(client.read(path).unwrap(), b"10", "client {number}");
        server.restart();
        assert_eq!(client.write(alias.as_bytes(), b"again").unwrap(), 5, "client {number}");
        server.restart();
        assert_eq!(client.stream(b"/").unwrap().len(), 1, "client {number}");
        server.restart();
        assert!(client.read_many(&[path.to_vec(), path.to_vec()]).iter().all(Result::is_ok));
        server.kill();
        let start = Instant::now();
        let error = client.read(path).unwrap_err();
        assert!(matches!(error, Error::Connect { .. }), "{error:?}");
        let many = client.read_many(&[path.to_vec(), path.to_vec()]);
        assert!(matches!(many[..], [Err(Error::Connect { .. }), Err(Error::NotTried { .. })]), "{many:?}");
        assert!(start.elapsed() < LIMIT);
        server.restart();
        assert_eq!(client.read(path).unwrap(), b"10");
    }
}

#[test]
fn connections_that_the_server_closed_while_idle_are_replaced() {
    let server = Owserver::builder()
        .tester("10")
        .timeout_persistent_low(1)
        .timeout_persistent_high(1)
        .clients_persistent_low(1)
        .start();
    let (blocking, async_too) = (counting(server.address()), counting(server.address()));
    let clients: [(Box<dyn Calls>, _); 2] =
        [(Box::new(blocking.0.build()), blocking.1), (Box::new(on_tokio(async_too.0)), async_too.1)];
    let path = format!("{}/family", device(&*clients[0].0, "10"));
    let alias = format!("{}/alias", device(&*clients[0].0, "10"));
    for (client, connections) in &clients {
        let read = || assert_eq!(client.read(path.as_bytes()).unwrap(), b"10");
        let write = || assert_eq!(client.write(alias.as_bytes(), b"x").unwrap(), 1);
        for call in [&read as &dyn Fn(), &write] {
            client.ping().unwrap();
            let before = connections.load(Ordering::SeqCst);
            let start = Instant::now();
            // The server's timer is less exact.
            while connections.load(Ordering::SeqCst) == before {
                assert!(start.elapsed() < LIMIT);
                wait_until_idle_ones_are_closed(server.address());
                call();
            }
        }
    }
}

/// Leaves a persistent connection idle until the server closes it. Connections that were idle for longer are most likely
/// closed by then too.
fn wait_until_idle_ones_are_closed(server: SocketAddr) {
    let mut nop = [0; 24];
    nop[11] = 1;
    nop[15] = 4;
    let mut stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream.write_all(&nop).unwrap();
    let mut reply = [0; 24];
    stream.read_exact(&mut reply).unwrap();
    assert_eq!(reply[15], 4, "persistence is granted");
    assert_eq!(stream.read(&mut reply).unwrap(), 0);
}

/// owserver keeps 20 connections. A client with a higher limit opens more until it is refused, and then uses those it has.
#[test]
fn the_client_learns_how_many_connections_the_server_keeps() {
    const THREADS: usize = 40;
    const WANTED: usize = 30;
    let server = Owserver::builder().tester("10,28").start();
    let (builder, connections) = counting(server.address());
    let client = builder.connections(WANTED).build();
    let path = "/28.000028D70100/temperature";
    let expected = client.read(path).unwrap();
    let read_at_once = || {
        let start = Barrier::new(THREADS);
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    start.wait();
                    for _ in 0..50 {
                        assert_eq!(client.read(path).unwrap(), expected);
                    }
                });
            }
        });
    };
    let begun = Instant::now();
    // Until it was refused as often as necessary.
    (0..5).for_each(|_| read_at_once());
    let learned = connections.load(Ordering::SeqCst);
    (0..5).for_each(|_| read_at_once());
    let all = connections.load(Ordering::SeqCst);
    // Every 10 s one more may be tried.
    let tried = usize::try_from(begun.elapsed().as_secs() / 10).unwrap() + 1;
    assert!(all - learned <= tried, "{} more connections, after {learned}", all - learned);
    assert!(learned <= 4 * WANTED, "{learned} connections, far more than it took to learn");
}

#[test]
fn threads_and_tasks_that_share_a_client_get_their_own_values() {
    const THREADS: usize = 8;
    const ROUNDS: usize = 50;
    let server = Owserver::builder().tester(FAMILIES).start();
    let (builder, connections) = counting(server.address());
    let client = builder.connections(3).build();
    let mut found = Vec::new();
    walk(&client, b"/", &mut found);
    found.retain(|(path, is_directory)| !is_directory && path.ends_with(b"/address"));
    assert_eq!(found.len(), 9);
    let expected: Vec<(Bytes, Bytes)> =
        found.into_iter().map(|(path, _)| (path.clone(), client.read(&path).unwrap())).collect();
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        for number in 0..THREADS {
            let (client, expected, start) = (&client, &expected, &start);
            scope.spawn(move || {
                start.wait();
                for round in 0..ROUNDS {
                    let (path, value) = &expected[(number + round) % expected.len()];
                    assert_eq!(client.read(path).unwrap(), *value);
                }
            });
        }
    });
    assert!(connections.load(Ordering::SeqCst) <= 3);

    let builder = Client::builder().address(server.address().into()).connections(3);
    let OnTokio(client, runtime) = on_tokio(builder);
    runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for round in 0..THREADS * ROUNDS {
            let client = client.clone();
            let (path, value) = expected[round % expected.len()].clone();
            tasks.spawn(async move { assert_eq!(client.read(&path).await.unwrap(), value) });
        }
        while let Some(task) = tasks.join_next().await {
            task.unwrap();
        }
    });
}
