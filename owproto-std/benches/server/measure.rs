//! The cases, and their measurement.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use owproto_core::Request;
use owproto_core::message::RequestError;
use owproto_core::wire::Flags;
use owproto_tests::file_limit;
use owproto_tests::owserver::Owserver;

use super::layout::{Layout, ProcessorTime};
use super::load::{Load, connect};
use super::report::{Case, Memory, Report, Target, Times};
use super::role::{self, Process};
use super::{FAMILIES, common};

/// Open files of a process in addition to those of its connections.
const OTHER_FILES: u64 = 64;

/// owserver has a thread for each connection, and exits at about 1015 connections (observed, 3.2p4).
const OWSERVER_CONNECTIONS: usize = 1000;

const READ: &str = "READ, 1 connection";
const READ_100: &str = "READ, 100 connections one after the other";
const READ_100_CONCURRENTLY: &str = "READ, 100 connections concurrently";
const READ_10_000: &str = "READ, 10,000 connections one after the other";
const READ_10_000_CONCURRENTLY: &str = "READ, 10,000 connections, 100 concurrently";

/// The required rates.
const TARGETS: [Target; 8] = [
    Target { case: READ, of: "bare", at_least: 0.6 },
    Target { case: READ_100, of: "bare", at_least: 0.6 },
    Target { case: READ_100_CONCURRENTLY, of: "bare", at_least: 0.6 },
    Target { case: READ_10_000, of: "bare", at_least: 0.6 },
    Target { case: READ_10_000_CONCURRENTLY, of: "bare", at_least: 0.6 },
    Target { case: READ, of: "owserver", at_least: 4.0 },
    Target { case: READ_100, of: "owserver", at_least: 4.0 },
    Target { case: READ_100_CONCURRENTLY, of: "owserver", at_least: 4.0 },
];

/// A case: a request, the number of connections, on how many of them it is sent concurrently, and how many requests are
/// pipelined on each.
struct Setup {
    name: &'static str,
    request: Vec<u8>,
    connections: usize,
    concurrent: usize,
    pipelined: usize,
}

impl Setup {
    fn new(name: &'static str, request: Result<Request<'_>, RequestError>) -> Self {
        let request = request.expect("the path is valid").with_flags(Flags::PERSISTENCE);
        let mut bytes = vec![0; request.encoded_len()];
        request.encode(&mut bytes).expect("there is room for it");
        Self { name, request: bytes, connections: 1, concurrent: 1, pipelined: 1 }
    }
}

/// One of the servers, with the clients of a case.
struct Subject {
    name: &'static str,
    server: ProcessorTime,
    clients: Process,
    /// Exchanges in a turn.
    count: u64,
    /// The times of all rounds.
    times: Vec<Times>,
}

impl Subject {
    /// Starts the clients, and determines the number of exchanges in a turn.
    fn new(name: &'static str, load: &Load, server: (u32, SocketAddr), turn: Duration) -> Self {
        let (pid, address) = server;
        let mut clients = load.start(address);
        let mut count = load.concurrent as u64;
        while u128::from(clients.call(count)) < turn.as_nanos() {
            count *= 2;
        }
        Self { name, server: ProcessorTime::of(pid), clients, count, times: Vec::new() }
    }

    /// Measures a turn, with this number of requests in an exchange.
    fn take_turn(&mut self, pipelined: usize) {
        let requests = self.count as f64 * pipelined as f64;
        let before = self.server.now();
        let total = self.clients.call(self.count) as f64 / requests;
        let server = (self.server.now() - before).as_nanos() as f64 / requests;
        self.times.push(Times { total, server });
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
    let read = |name| Setup::new(name, Request::read("/28.000028D70100/temperature"));
    let cases = [
        Setup::new("NOP, 1 connection", Ok(Request::nop())),
        read(READ),
        Setup { connections: 100, ..read(READ_100) },
        Setup { connections: 100, concurrent: 100, ..read(READ_100_CONCURRENTLY) },
        Setup { connections: 10_000, ..read(READ_10_000) },
        Setup { connections: 10_000, concurrent: 100, ..read(READ_10_000_CONCURRENTLY) },
        Setup { pipelined: 16, ..read("READ, 16 pipelined on 1 connection") },
        Setup::new("DIRALL of 20", Request::dirall("/")),
        Setup::new("DIR of 20", Request::dir("/")),
        Setup::new("DIRALL of a DS2438", Request::dirall("/26.000026D90200")),
    ];
    let only = std::env::args().find_map(|argument| Some(argument.strip_prefix("--only=")?.to_owned()));
    let mut cases: Vec<_> =
        cases.into_iter().filter(|case| only.as_ref().is_none_or(|only| case.name.contains(only))).collect();
    for setup in &mut cases {
        let limit = usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX);
        if setup.connections > limit {
            println!("!!!!!!!! {}: ONLY {limit}, because a process may open only {files} files", setup.name);
            setup.connections = limit;
        }
    }
    let (shared, apart) = Layout::all();
    let layouts = [Some(shared), apart];
    for layout in layouts.into_iter().flatten() {
        report.begin(layout.name);
        for setup in &cases {
            measure(&mut report, setup, layout);
        }
    }
    if apart.is_none() {
        report.has_no_second_processor();
    }
    for setup in cases.iter().filter(|setup| [READ, READ_100, READ_10_000].contains(&setup.name)) {
        report.memory(memory(setup));
    }
    report.compare(&TARGETS);
    if common::has("--write") {
        report.write();
    }
}

fn measure(report: &mut Report, setup: &Setup, layout: Layout) {
    layout.starts_servers();
    let (ours, address) = role::server(&format!("ours {}", setup.connections + 10));
    let load = load(setup, address);
    let (bare, bare_address) = role::server(&format!("bare {} {}", load.batch.len(), load.reply_len));
    // Otherwise owserver would close all but 20 connections after each answer.
    let real = (report.has_owserver() && setup.connections <= OWSERVER_CONNECTIONS).then(|| {
        let limit = u32::try_from(setup.connections + 10).expect("they are few");
        Owserver::builder().tester(&families()).clients_persistent_high(limit).start()
    });
    layout.starts_clients();
    let mut subjects = vec![
        Subject::new("bare", &load, (bare.pid(), bare_address), report.turn()),
        Subject::new("ours", &load, (ours.pid(), address), report.turn()),
    ];
    if let Some(real) = &real {
        assert_eq!(reply_len(real.address(), &load), load.reply_len, "owserver gives the same answer");
        subjects.push(Subject::new("owserver", &load, (real.pid(), real.address()), report.turn()));
    }
    for _ in 0..report.rounds() {
        for subject in &mut subjects {
            subject.take_turn(setup.pipelined);
        }
    }
    report.add(Case::new(
        setup.name,
        subjects.into_iter().map(|subject| (subject.name, subject.times)).collect(),
    ));
}

/// The load of a case.
fn load(setup: &Setup, server: SocketAddr) -> Load {
    let load = Load {
        batch: setup.request.repeat(setup.pipelined),
        reply_len: 0,
        connections: setup.connections,
        concurrent: setup.concurrent,
        acknowledges: setup.name.starts_with("DIR ") || setup.pipelined > 1,
    };
    Load { reply_len: reply_len(server, &load), ..load }
}

/// The memory of our server for each connection, when all of them are idle.
fn memory(setup: &Setup) -> Memory {
    let (empty, _) = role::server("ours 10");
    let heap_without = empty.end();
    let (ours, address) = role::server(&format!("ours {}", setup.connections + 10));
    let load = load(setup, address);
    let without = ours.resident();
    let mut clients = load.start(address);
    clients.call(setup.connections as u64);
    let connections = setup.connections as u64;
    let resident = ours.resident().saturating_sub(without) / connections;
    // The clients are still connected.
    let heap = ours.end().saturating_sub(heap_without) / connections;
    Memory { connections, heap, resident }
}

/// The devices in the notation of owserver.
fn families() -> String {
    FAMILIES.map(|family| format!("{family:02X}")).join(",")
}

/// The length of all answers to one write.
fn reply_len(server: SocketAddr, load: &Load) -> usize {
    let mut stream = connect(server);
    stream.write_all(&load.batch).expect("the server reads");
    stream.set_read_timeout(Some(Duration::from_millis(300))).expect("it is a TCP socket");
    let mut buffer = vec![0; 65_536];
    std::iter::from_fn(|| stream.read(&mut buffer).ok().filter(|n| *n > 0)).sum()
}
