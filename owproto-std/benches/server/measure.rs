//! The cases, and how they are measured.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use owproto_core::Request;
use owproto_core::request::RequestError;
use owproto_core::wire::Flags;
use owproto_tests::files;
use owproto_tests::owserver::Owserver;

use super::load::{Load, connect};
use super::report::{Bar, Case, Memory, Report};
use super::role::{self, Process};
use super::{FAMILIES, common};

/// Files that a process needs besides those of its connections.
const OTHER_FILES: u64 = 64;

/// owserver has a thread for each connection, and ends by itself at about 1015 connections (observed, 3.2p4).
const OWSERVER_CONNECTIONS: usize = 1000;

const READ: &str = "READ, 1 connection";
const READ_100: &str = "READ, 100 connections in turns";
const READ_100_AT_ONCE: &str = "READ, 100 connections at once";
const READ_10_000: &str = "READ, 10,000 connections in turns";
const READ_10_000_SOME: &str = "READ, 10,000 connections, 100 at once";

/// What must hold.
const BARS: [Bar; 7] = [
    Bar { case: READ, of: "bare", at_least: 0.6 },
    Bar { case: READ_100, of: "bare", at_least: 0.6 },
    Bar { case: READ_100_AT_ONCE, of: "bare", at_least: 0.6 },
    Bar { case: READ_10_000, of: "bare", at_least: 0.6 },
    Bar { case: READ_10_000_SOME, of: "bare", at_least: 0.6 },
    Bar { case: READ, of: "owserver", at_least: 4.0 },
    Bar { case: READ_100, of: "owserver", at_least: 4.0 },
];

/// What is measured: a request, over how many connections, over how many of them at once, and how many together.
struct Wanted {
    name: &'static str,
    request: Vec<u8>,
    connections: usize,
    at_once: usize,
    together: usize,
}

impl Wanted {
    fn new(name: &'static str, request: Result<Request<'_>, RequestError>) -> Self {
        let request = request.expect("the path is one").with_flags(Flags::PERSISTENCE);
        let mut bytes = vec![0; request.encoded_len()];
        request.encode(&mut bytes).expect("there is room for it");
        Self { name, request: bytes, connections: 1, at_once: 1, together: 1 }
    }
}

/// One of the servers under the clients of a case.
struct Way {
    name: &'static str,
    clients: Process,
    /// Exchanges in a turn.
    count: u64,
    /// Nanoseconds for a request, of all rounds.
    times: Vec<f64>,
}

impl Way {
    /// Starts the clients, and finds out how many exchanges are a turn.
    fn new(name: &'static str, load: &Load, server: SocketAddr, turn: Duration) -> Self {
        let mut clients = load.start(server);
        let mut count = load.at_once as u64;
        while u128::from(clients.ask(count)) < turn.as_nanos() {
            count *= 2;
        }
        Self { name, clients, count, times: Vec::new() }
    }
}

/// Measures everything.
pub(crate) fn all() {
    let files = files::raise_limit();
    let (rounds, turn) = if common::is_quick() { (3, 1) } else { (41, 10) };
    let mut report = Report::new(rounds, Duration::from_millis(turn));
    if Command::new("owserver").arg("--version").output().is_err() {
        report.has_no_owserver();
    }
    let read = |name| Wanted::new(name, Request::read("/28.000028D70100/temperature"));
    let cases = [
        Wanted::new("NOP, 1 connection", Ok(Request::nop())),
        read(READ),
        Wanted { connections: 100, ..read(READ_100) },
        Wanted { connections: 100, at_once: 100, ..read(READ_100_AT_ONCE) },
        Wanted { connections: 10_000, ..read(READ_10_000) },
        Wanted { connections: 10_000, at_once: 100, ..read(READ_10_000_SOME) },
        Wanted { together: 16, ..read("READ, 16 together over 1 connection") },
        Wanted::new("DIRALL of 20", Request::dirall("/")),
        Wanted::new("DIR of 20", Request::dir("/")),
        Wanted::new("DIRALL of a DS2438", Request::dirall("/26.000026D90200")),
    ];
    let (nothing, _) = role::server("ours 10");
    let heap_of_none = nothing.end();
    for mut wanted in cases {
        let most = usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX);
        if wanted.connections > most {
            println!("!!!!!!!! {}: ONLY {most}, since a process may open only {files} files", wanted.name);
            wanted.connections = most;
        }
        measure(&mut report, &wanted, heap_of_none);
    }
    report.judge(&BARS);
    if common::has("--write") {
        report.write();
    }
}

fn measure(report: &mut Report, wanted: &Wanted, heap_of_none: u64) {
    let (ours, address) = role::server(&format!("ours {}", wanted.connections + 10));
    let load = Load {
        batch: wanted.request.repeat(wanted.together),
        reply_len: 0,
        connections: wanted.connections,
        at_once: wanted.at_once,
        acknowledges: wanted.name.starts_with("DIR ") || wanted.together > 1,
    };
    let load = Load { reply_len: reply_len(address, &load), ..load };
    let without = ours.resident();
    let (_bare, bare) = role::server(&format!("bare {} {}", load.batch.len(), load.reply_len));
    let mut ways =
        vec![Way::new("bare", &load, bare, report.turn()), Way::new("ours", &load, address, report.turn())];
    // As many places as there are connections, instead of 20: otherwise it would close all others after each answer.
    let real = (report.has_owserver() && wanted.connections <= OWSERVER_CONNECTIONS).then(|| {
        let places = u32::try_from(wanted.connections + 10).expect("they are few");
        Owserver::builder().tester(&families()).clients_persistent_high(places).start()
    });
    if let Some(real) = &real {
        assert_eq!(reply_len(real.address(), &load), load.reply_len, "owserver answers the same");
        ways.push(Way::new("owserver", &load, real.address(), report.turn()));
    }
    for _ in 0..report.rounds() {
        for way in &mut ways {
            let nanos = way.clients.ask(way.count) as f64;
            way.times.push(nanos / way.count as f64 / wanted.together as f64);
        }
    }
    if [READ, READ_100, READ_10_000].contains(&wanted.name) {
        let connections = wanted.connections as u64;
        let resident = ours.resident().saturating_sub(without) / connections;
        // The clients are still there.
        let heap = ours.end().saturating_sub(heap_of_none) / connections;
        report.memory(Memory { connections, heap, resident });
    }
    report.add(Case::new(wanted.name, ways.into_iter().map(|way| (way.name, way.times)).collect()));
}

/// As owserver wants them.
fn families() -> String {
    FAMILIES.map(|family| format!("{family:02X}")).join(",")
}

/// Bytes of all answers to what is sent together.
fn reply_len(server: SocketAddr, load: &Load) -> usize {
    let mut stream = connect(server);
    stream.write_all(&load.batch).expect("the server reads");
    stream.set_read_timeout(Some(Duration::from_millis(300))).expect("it is a TCP socket");
    let mut buffer = vec![0; 65_536];
    std::iter::from_fn(|| stream.read(&mut buffer).ok().filter(|n| *n > 0)).sum()
}
