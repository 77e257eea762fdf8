//! HasScope of the tree that firmware leaves out are absent, and all other parts stay the same.

use std::marker::PhantomData;
use std::task::{Context, Poll, Waker};

use owproto_core::server::{Connection, Step};
use owproto_core::text::{Date, RomId, Value, ValueType};
use owproto_core::time::Instant;
use owproto_core::tree::families::{self, family};
use owproto_core::tree::tester::Tester;
use owproto_core::tree::{Access, Bus, Job, Permission, Scope, Tree};
use owproto_core::wire::{DeviceFormat, Flags, MessageType, TemperatureScale};
use owproto_core::{Request, ReturnCode};

/// A tester bus whose tree has another scope.
struct Scoped<S>(Tester<'static>, PhantomData<S>);

trait HasScope {
    const SCOPE: Scope;
}

impl<S: HasScope> Bus for Scoped<S> {
    const SCOPE: Scope = S::SCOPE;

    fn device(
        &mut self,
        bus: u16,
        n: usize,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<RomId>, ReturnCode>> {
        self.0.device(bus, n, context)
    }

    fn is_in_alarm(&mut self, device: RomId, _: &mut Context<'_>) -> Poll<Result<bool, ReturnCode>> {
        Poll::Ready(Ok(device.family() == 0x28))
    }

    fn read<'a>(
        &'a mut self,
        access: &Access<'_>,
        scratch: &'a mut [u8],
        context: &mut Context<'_>,
    ) -> Poll<Result<Value<'a>, ReturnCode>> {
        self.0.read(access, scratch, context)
    }

    fn write(
        &mut self,
        access: &Access<'_>,
        value: Value<'_>,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), ReturnCode>> {
        self.0.write(access, value, context)
    }

    fn clock(&self) -> Option<Date> {
        self.0.clock()
    }
}

/// A tree with one device of each family.
fn tree<S: HasScope>() -> Tree<Scoped<S>> {
    let codes: Vec<u8> = families::ALL.iter().filter_map(|family| family.code).collect();
    Tree::new(Scoped(Tester::new(codes.leak()), PhantomData))
}

/// All bytes of the reply to a request.
fn reply_to<B: Bus>(tree: &mut Tree<B>, request: Request<'_>) -> Vec<u8> {
    let mut buffer = [0; 512];
    let mut input = request.encode(&mut buffer).unwrap();
    let (mut connection, mut job) = (Connection::new([0; 512], [0; 512]), Job::new());
    let mut sent = Vec::new();
    loop {
        match connection.step() {
            Step::Read => drop(connection.handle_input(&mut input, Instant::ZERO)),
            Step::Answer => {
                let mut context = Context::from_waker(Waker::noop());
                let _ = tree.serve(&mut connection, &mut job, Instant::ZERO, &mut context);
            }
            Step::Write => {
                sent.extend_from_slice(connection.poll_transmit());
                connection.handle_transmitted(usize::MAX, Instant::ZERO);
            }
            Step::Close => return sent,
        }
    }
}

fn ret(reply: &[u8]) -> i32 {
    i32::from_be_bytes(reply[8..12].try_into().unwrap())
}

/// The entries of a directory. Those that are directories end with a slash.
fn list<B: Bus>(tree: &mut Tree<B>, path: &str, flags: Flags) -> Vec<String> {
    let reply = reply_to(tree, Request::dirallslash(path).unwrap().with_flags(flags));
    assert_eq!(ret(&reply), 0, "{path}");
    let text = String::from_utf8(reply[24..].to_vec()).unwrap();
    text.trim_end_matches('\0').split_terminator(",").map(str::to_owned).collect()
}

/// Defines a type for each scope.
macro_rules! scopes {
    ($($name:ident = $scope:expr;)*) => {$(
        struct $name;
        impl HasScope for $name {
            const SCOPE: Scope = $scope;
        }
    )*};
}

scopes! {
    Full = Scope::FULL;
    Least = Scope::LEAST;
    Writing = Scope::LEAST.with(Scope::WRITES);
}

/// The paths of all properties below a directory, and of the directories.
fn walk<B: Bus>(tree: &mut Tree<B>, path: &str, found: &mut Vec<String>) {
    for entry in list(tree, path, Flags::NONE) {
        if entry.ends_with('/') {
            walk(tree, &entry, found);
        }
        found.push(entry);
    }
}

/// Whether the path is a property whose value is a date.
fn is_date(path: &str) -> bool {
    let (device, name) = path[1..].split_once('/').unwrap();
    let id: RomId = device.parse().unwrap();
    let name = name.trim_end_matches('/').split('.').next().unwrap();
    let property = family(families::ALL, id.family()).property(name.as_bytes());
    property.is_some_and(|property| property.value_type == ValueType::Date)
}

#[test]
fn devices_are_the_same_byte_for_byte() {
    let (mut full, mut least) = (tree::<Full>(), tree::<Writing>());
    let mut paths = Vec::new();
    let devices = list(&mut full, "/", Flags::NONE);
    assert_eq!(devices.len(), families::ALL.len());
    for device in &devices {
        walk(&mut full, device, &mut paths);
    }
    let other_flags =
        Flags::TRIM.with_temperature_scale(TemperatureScale::Rankine).with_device_format(DeviceFormat::FIC);
    let mut compared = 0;
    for path in devices.iter().chain(paths.iter().filter(|path| !is_date(path))) {
        let path = path.as_str();
        for flags in [Flags::NONE, other_flags] {
            for request in [
                Request::read(path).unwrap(),
                Request::presence(path).unwrap(),
                Request::get(path).unwrap(),
                Request::write(path, b"1").unwrap(),
                Request::write(path, b"-17.5").unwrap(),
            ] {
                let request = request.with_flags(flags);
                // Directories may have dates as entries: they are compared below.
                if request.message_type() != MessageType::GET || !path.ends_with('/') {
                    assert_eq!(reply_to(&mut full, request), reply_to(&mut least, request), "{request:?}");
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 10_000, "{compared}");
    // Listings are the same, except that dates are absent.
    for directory in devices.iter().chain(paths.iter().filter(|path| path.ends_with('/'))) {
        let mut expected = list(&mut full, directory, Flags::NONE);
        expected.retain(|path| !is_date(path));
        assert_eq!(list(&mut least, directory, Flags::NONE), expected);
        let request = Request::dir(directory).unwrap();
        if list(&mut full, directory, Flags::NONE).len() == expected.len() {
            assert_eq!(reply_to(&mut full, request), reply_to(&mut least, request), "{directory}");
        }
    }
    assert!(paths.iter().any(|path| is_date(path)));
    for path in paths.iter().filter(|path| is_date(path)) {
        for request in [Request::read(path).unwrap(), Request::presence(path).unwrap()] {
            assert_eq!(ret(&reply_to(&mut least, request)), -1, "{path}");
            assert_ne!(ret(&reply_to(&mut full, request)), -1, "{path}");
        }
    }
}

#[test]
fn the_least_scope_has_only_devices() {
    let mut least = tree::<Writing>();
    let devices = list(&mut least, "/", Flags::NONE);
    let mut expected = devices.clone();
    expected.extend(["/bus.0/", "/uncached/", "/alarm/"].map(String::from));
    assert_eq!(list(&mut least, "/", Flags::BUS_LIST), expected);
    let mut below_bus: Vec<String> = devices.iter().map(|device| format!("/bus.0{device}")).collect();
    below_bus.push("/bus.0/alarm/".into());
    assert_eq!(list(&mut least, "/bus.0", Flags::NONE), below_bus);
    assert_eq!(list(&mut least, "/alarm", Flags::NONE).len(), 1);
    for path in [
        "/settings",
        "/settings/units/temperature_scale",
        "/settings/return_codes/text.1",
        "/system",
        "/system/configuration/version",
        "/statistics/read/calls",
        "/bus.0/interface",
        "/bus.0/interface/settings/name",
        "/structure",
        "/structure/28",
        "/structure/28/temperature",
        "/simultaneous",
        "/simultaneous/temperature",
        "/bus.0/simultaneous/temperature",
        "/thermostat",
        "/thermostat/type",
    ] {
        for request in [
            Request::read(path).unwrap(),
            Request::dir(path).unwrap(),
            Request::dirall(path).unwrap(),
            Request::get(path).unwrap(),
            Request::presence(path).unwrap(),
            Request::write(path, b"1").unwrap(),
        ] {
            assert_eq!(ret(&reply_to(&mut least, request)), -1, "{request:?}");
        }
        assert_eq!(ret(&reply_to(&mut tree::<Full>(), Request::presence(path).unwrap())), 0, "{path}");
    }
}

#[test]
fn each_part_can_be_added_alone() {
    scopes! {
        SettingsOnly = Scope::SETTINGS;
        SystemOnly = Scope::SYSTEM;
        StatisticsOnly = Scope::STATISTICS;
        InterfacesOnly = Scope::INTERFACES;
        StructureOnly = Scope::STRUCTURE;
        SimultaneousOnly = Scope::SIMULTANEOUS;
    }
    fn extra<S: HasScope>() -> Vec<String> {
        let (mut tree, mut least) = (tree::<S>(), tree::<Least>());
        let mut all = list(&mut tree, "/", Flags::BUS_LIST);
        all.extend(list(&mut tree, "/bus.0", Flags::NONE));
        let mut less = list(&mut least, "/", Flags::BUS_LIST);
        less.extend(list(&mut least, "/bus.0", Flags::NONE));
        all.retain(|entry| !less.contains(entry));
        for directory in &all {
            assert!(!list(&mut tree, directory, Flags::NONE).is_empty(), "{directory}");
        }
        all
    }
    assert_eq!(extra::<SettingsOnly>(), ["/settings/"]);
    assert_eq!(extra::<SystemOnly>(), ["/system/"]);
    assert_eq!(extra::<StatisticsOnly>(), ["/statistics/"]);
    assert_eq!(extra::<InterfacesOnly>(), ["/bus.0/interface/"]);
    assert_eq!(extra::<StructureOnly>(), ["/structure/"]);
    assert_eq!(extra::<SimultaneousOnly>(), ["/simultaneous/", "/bus.0/simultaneous/"]);
    assert_eq!(extra::<Least>(), [""; 0]);
    let mut structure = tree::<StructureOnly>();
    let described = list(&mut structure, "/structure", Flags::NONE);
    assert_eq!(described.len(), families::ALL.len());
    assert_eq!(list(&mut tree::<Full>(), "/structure", Flags::NONE).len(), families::ALL.len() + 2);
    // Clocks are present, but not their dates.
    let rows = list(&mut structure, "/structure/27", Flags::NONE);
    assert!(rows.contains(&"/structure/27/udate".into()) && !rows.contains(&"/structure/27/date".into()));
    let date = Request::read("/structure/27/date").unwrap();
    assert_eq!(ret(&reply_to(&mut structure, date)), -1);
}

#[test]
fn a_scope_without_writes_is_like_a_read_only_server() {
    let (mut full, mut least) = (tree::<Full>().with_permission(Permission::ReadOnly), tree::<Least>());
    let mut device =
        list(&mut full, "/", Flags::NONE).into_iter().find(|path| path.starts_with("/28")).unwrap();
    device.pop();
    for (path, code) in [
        (format!("{device}/temphigh"), -30),
        (format!("{device}/temperature"), -30),
        (device.clone(), -30),
        ("/".into(), -30),
        (format!("{device}/nothing"), -1),
        ("/nothing".into(), -1),
    ] {
        let request = Request::write(&path, b"12").unwrap();
        assert_eq!(ret(&reply_to(&mut least, request)), code, "{path}");
        assert_eq!(reply_to(&mut full, request), reply_to(&mut least, request), "{path}");
    }
}
