//! The cases, and how they are measured.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use owproto_core::Request;
use owproto_core::message::RequestError;
use owproto_core::wire::Flags;
use owproto_tests::file_limit;
use owproto_tests::owserver::Owserver;

use super::layout::{Layout, OwnTime};
use super::load::{Load, connect};
use super::report::{Bar, Case, Memory, Report, Times};
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
const BARS: [Bar; 8] = [
    Bar { case: READ, of: "bare", at_least: 0.6 },
    Bar { case: READ_100, of: "bare", at_least: 0.6 },
    Bar { case: READ_100_AT_ONCE, of: "bare", at_least: 0.6 },
    Bar { case: READ_10_000, of: "bare", at_least: 0.6 },
    Bar { case: READ_10_000_SOME, of: "bare", at_least: 0.6 },
    Bar { case: READ, of: "owserver", at_least: 4.0 },
    Bar { case: READ_100, of: "owserver", at_least: 4.0 },
    Bar { case: READ_100_AT_ONCE, of: "owserver", at_least: 4.0 },
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
    server: OwnTime,
    clients: Process,
    /// Exchanges in a turn.
    count: u64,
    /// Of all rounds.
    times: Vec<Times>,
}

impl Way {
    /// Starts the clients, and finds out how many exchanges are a turn.
    fn new(name: &'static str, load: &Load, server: (u32, SocketAddr), turn: Duration) -> Self {
        let (pid, address) = server;
        let mut clients = load.start(address);
        let mut count = load.at_once as u64;
        while u128::from(clients.ask(count)) < turn.as_nanos() {
            count *= 2;
        }
        Self { name, server: OwnTime::of(pid), clients, count, times: Vec::new() }
    }

    /// A turn, with so many requests in an exchange.
    fn take_turn(&mut self, together: usize) {
        let requests = self.count as f64 * together as f64;
        let before = self.server.now();
        let whole = self.clients.ask(self.count) as f64 / requests;
        let own = (self.server.now() - before).as_nanos() as f64 / requests;
        self.times.push(Times { whole, own });
    }
}

/// Measures everything.
pub(crate) fn all() {
    let files = file_limit::raise();
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
    let only = std::env::args().find_map(|argument| Some(argument.strip_prefix("--only=")?.to_owned()));
    let mut cases: Vec<_> =
        cases.into_iter().filter(|case| only.as_ref().is_none_or(|only| case.name.contains(only))).collect();
    for wanted in &mut cases {
        let most = usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX);
        if wanted.connections > most {
            println!("!!!!!!!! {}: ONLY {most}, since a process may open only {files} files", wanted.name);
            wanted.connections = most;
        }
    }
    let (shared, apart) = Layout::all();
    let layouts = [Some(shared), apart];
    for layout in layouts.into_iter().flatten() {
        report.begin(layout.name);
        for wanted in &cases {
            measure(&mut report, wanted, layout);
        }
    }
    if apart.is_none() {
        report.has_no_second_processor();
    }
    for wanted in cases.iter().filter(|wanted| [READ, READ_100, READ_10_000].contains(&wanted.name)) {
        report.memory(memory(wanted));
    }
    report.judge(&BARS);
    if common::has("--write") {
        report.write();
    }
}

fn measure(report: &mut Report, wanted: &Wanted, layout: Layout) {
    layout.starts_servers();
    let (ours, address) = role::server(&format!("ours {}", wanted.connections + 10));
    let load = load(wanted, address);
    let (bare, bare_address) = role::server(&format!("bare {} {}", load.batch.len(), load.reply_len));
    // As many places as there are connections, instead of 20: otherwise it would close all others after each answer.
    let real = (report.has_owserver() && wanted.connections <= OWSERVER_CONNECTIONS).then(|| {
        let places = u32::try_from(wanted.connections + 10).expect("they are few");
        Owserver::builder().tester(&families()).clients_persistent_high(places).start()
    });
    layout.starts_clients();
    let mut ways = vec![
        Way::new("bare", &load, (bare.pid(), bare_address), report.turn()),
        Way::new("ours", &load, (ours.pid(), address), report.turn()),
    ];
    if let Some(real) = &real {
        assert_eq!(reply_len(real.address(), &load), load.reply_len, "owserver answers the same");
        ways.push(Way::new("owserver", &load, (real.pid(), real.address()), report.turn()));
    }
    for _ in 0..report.rounds() {
        for way in &mut ways {
            way.take_turn(wanted.together);
        }
    }
    report.add(Case::new(wanted.name, ways.into_iter().map(|way| (way.name, way.times)).collect()));
}

/// What the clients of a case do.
fn load(wanted: &Wanted, server: SocketAddr) -> Load {
    let load = Load {
        batch: wanted.request.repeat(wanted.together),
        reply_len: 0,
        connections: wanted.connections,
        at_once: wanted.at_once,
        acknowledges: wanted.name.starts_with("DIR ") || wanted.together > 1,
    };
    Load { reply_len: reply_len(server, &load), ..load }
}

/// What each of the connections costs our server when all of them wait.
fn memory(wanted: &Wanted) -> Memory {
    let (nothing, _) = role::server("ours 10");
    let heap_of_none = nothing.end();
    let (ours, address) = role::server(&format!("ours {}", wanted.connections + 10));
    let load = load(wanted, address);
    let without = ours.resident();
    let mut clients = load.start(address);
    clients.ask(wanted.connections as u64);
    let connections = wanted.connections as u64;
    let resident = ours.resident().saturating_sub(without) / connections;
    // The clients are still there.
    let heap = ours.end().saturating_sub(heap_of_none) / connections;
    Memory { connections, heap, resident }
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
