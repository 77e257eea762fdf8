//! Our clients, raw sockets and clients of other projects, measured side by side on a prepared server and on owserver.
//!
//! `cargo bench -p owproto-std --features tokio --bench clients [-- --quick] [--only=TEXT] [--write]`
//!
//! Everything, including servers and other programs, shares one processor, so only the work counts. The clients are compared
//! with raw sockets, which know the reply in advance. Each client runs once in each of many rounds, and the result is the
//! median of the ratios of all rounds. `--only` measures the cases with that text in their names. `--write` writes the tables
//! and a chart to `owproto-std/benchmarks.*`. Programs that are not installed are named and skipped.

mod canned;
#[path = "../common/mod.rs"]
mod common;
mod others;
mod raw;
mod report;

use std::hint::black_box;
use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use owproto_core::Request;
use owproto_core::wire::HEADER_LEN;
use owproto_std::{Builder, Client, DirOptions};
use owproto_tests::owserver::Owserver;
use owproto_tests::side_by_side::SideBySide;

use others::Other;
use raw::Raw;
use report::{Bar, Report};

const PATH: &str = "/10.67C6697351FF/temperature";
const REAL_PATH: &str = "/28.000028D70100/temperature";
const REAL_DEVICES: &str = "10,28,26,05,20,29,12,1D,2D,1F,01,04,24,FF,3A,21,EF,99,DD,28";

/// Tasks, threads and connections of the cases with many callers.
const TASKS: usize = 1000;
const CONNECTIONS: usize = 16;

/// The clients of other projects that are installed.
struct Others {
    libownet: Option<Other>,
    pyownet: Option<Other>,
}

impl Others {
    fn of(server: SocketAddr) -> Self {
        Self { libownet: others::libownet(server), pyownet: others::pyownet(server) }
    }

    /// Adds those that support this mode.
    fn ways<'a>(&'a mut self, mut ways: SideBySide<'a>, mode: &'a str, path: &'a str) -> SideBySide<'a> {
        if let Some(libownet) = &mut self.libownet
            && libownet.can("libownet", mode, path)
        {
            ways = ways.way_many("libownet", move |count| libownet.call(mode, path, count));
        }
        if let Some(pyownet) = &mut self.pyownet
            && pyownet.can("pyownet", mode, path)
        {
            ways = ways.way_many("pyownet", move |count| pyownet.call(mode, path, count));
        }
        ways
    }
}

fn main() {
    common::pin();
    let is_quick = common::is_quick();
    let (rounds, turn) =
        if is_quick { (3, Duration::from_millis(1)) } else { (151, Duration::from_millis(1)) };
    let only = std::env::args().find_map(|argument| Some(argument.strip_prefix("--only=")?.to_owned()));
    let mut report = Report::new(rounds, turn, only);

    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let canned = canned::serve(listener, canned::ROOT);
    let mut others = Others::of(canned);
    nop(&mut report, "NOP", canned, &mut others);
    read(&mut report, "READ", canned, PATH, &mut others);
    one_shot(&mut report, "READ, a connection each", canned, PATH, &mut others);
    for entries in canned::LISTINGS {
        dirall(
            &mut report,
            &format!("DIRALL of {entries}"),
            canned,
            &format!("/{entries}"),
            entries,
            &mut others,
        );
        dir(&mut report, &format!("DIR of {entries}"), canned, &format!("/{entries}"), entries);
    }
    for together in [1, 4, 16, 64] {
        pipelined(&mut report, canned, together);
    }
    for threads in [2, 8] {
        shared(&mut report, canned, threads);
    }
    tasks(&mut report, canned);

    if Command::new("owserver").arg("--version").output().is_ok() {
        let server = Owserver::builder().tester(REAL_DEVICES).start();
        let real = server.address();
        let mut others = Others::of(real);
        nop(&mut report, "owserver: NOP", real, &mut others);
        read(&mut report, "owserver: READ", real, REAL_PATH, &mut others);
        one_shot(&mut report, "owserver: READ, a connection each", real, REAL_PATH, &mut others);
        dirall(&mut report, "owserver: DIRALL of 20", real, "/", 0, &mut others);
        dir(&mut report, "owserver: DIR of 20", real, "/", 0);
    } else {
        println!("!!!!!!!! owserver is not installed: THE COMPARISONS ON THE REAL SERVER DID NOT RUN");
    }
    report.judge(&bars());
    if common::has("--write") {
        report.write();
    }
}

/// The required rates, as ratios to the rate of another client in the same case.
fn bars() -> Vec<Bar> {
    let bar = |case, way, at_least, of| Bar { case, way, at_least, of };
    vec![
        bar("READ", "read_into", 0.97, "raw"),
        bar("READ", "tokio read_into", 0.6, "raw"),
        bar("READ, a connection each", "read_into", 0.97, "raw"),
        bar("DIRALL of 1000", "dir_each", 0.97, "raw"),
        bar("DIRALL of 1000", "dir", 2.0, "libownet"),
        bar("DIR of 1000", "dir_each", 0.95, "raw"),
        bar("READ, 16 in flight", "read_each", 0.95, "raw"),
        bar("READ, 16 in flight", "read_each", 12.0, "raw, one by one"),
        bar("owserver: DIR of 20", "dir_each", 0.95, "raw"),
    ]
}

fn builder(server: SocketAddr) -> Builder {
    Builder::default().address(server.into())
}

fn client(server: SocketAddr) -> Client {
    builder(server).build()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts")
}

fn request(path: &str) -> Request<'_> {
    Request::read(path).expect("the path is valid")
}

fn nop(report: &mut Report, case: &str, server: SocketAddr, others: &mut Others) {
    let mut raw = Raw::new(server, &Request::nop(), 1);
    let client = client(server);
    let ways = SideBySide::new(case, "call", 1)
        .way("raw", || raw.exchange(HEADER_LEN))
        .way("ping", || client.ping().expect("the server replies"));
    let ways = match &mut others.pyownet {
        Some(pyownet) => ways.way_many("pyownet", |count| pyownet.call("nop", "/", count)),
        None => ways,
    };
    report.measure(case, ways);
}

fn read(report: &mut Report, case: &str, server: SocketAddr, path: &str, others: &mut Others) {
    let mut raw = Raw::new(server, &request(path), 1);
    let reply_len = raw.reply_len();
    let (into, owned, many) = (client(server), client(server), client(server));
    let mut value = [0; 64];
    let runtime = runtime();
    let asynchronous = builder(server).build_tokio();
    let mut other_value = [0; 64];
    let ways = SideBySide::new(case, "call", 1)
        .way("raw", || raw.exchange(reply_len))
        .way("read_into", || {
            black_box(into.read_into(path, &mut value).expect("the server replies"));
        })
        .way("read", || {
            black_box(owned.read(path).expect("the server replies"));
        })
        .way("read_each of one", || {
            many.read_each(&[path], |value| {
                black_box(value.expect("the server replies"));
            });
        })
        .way_many("tokio read_into", |count| {
            runtime.block_on(async {
                for _ in 0..count {
                    black_box(
                        asynchronous.read_into(path, &mut other_value).await.expect("the server replies"),
                    );
                }
            });
        });
    report.measure(case, others.ways(ways, "read", path));
}

fn one_shot(report: &mut Report, case: &str, server: SocketAddr, path: &str, others: &mut Others) {
    let reply_len = Raw::new(server, &request(path), 1).reply_len();
    let bytes = raw::one_shot(&request(path));
    let mut raw = Raw::new(server, &request(path), 1);
    let client = client(server).non_persistent();
    let mut value = [0; 64];
    let mut ways = SideBySide::new(case, "call", 1)
        .way("raw", || raw.exchange_one_shot(&bytes, reply_len))
        .way("read_into", || {
            black_box(client.read_into(path, &mut value).expect("the server replies"));
        });
    if let Some(pyownet) = &mut others.pyownet {
        ways = ways.way_many("pyownet", move |count| pyownet.call("one-shot", path, count));
    }
    if others::has_owread() {
        ways = ways.way("owread, a process each", || others::owread(server, path));
    }
    report.measure(case, ways);
}

fn dirall(
    report: &mut Report,
    case: &str,
    server: SocketAddr,
    path: &str,
    entries: u32,
    others: &mut Others,
) {
    let mut raw = Raw::new(server, &Request::dirall(path).expect("the path is valid"), 1);
    let (each, kept, owned) = (client(server), client(server), client(server));
    let ways = SideBySide::new(case, "listing", 1)
        .way("raw", || {
            let count = raw.dirall();
            assert!(entries == 0 || count == entries);
        })
        .way("dir_each", || count_each(&each, path, DirOptions::new(), entries))
        .way("dir", || {
            black_box(kept.dir(path).expect("the server replies"));
        })
        .way("dir, owned", || {
            let listing = owned.dir(path).expect("the server replies");
            black_box(listing.iter().map(<[u8]>::to_vec).collect::<Vec<_>>());
        });
    report.measure(case, others.ways(ways, "dirall", path));
}

fn dir(report: &mut Report, case: &str, server: SocketAddr, path: &str, entries: u32) {
    let mut raw = Raw::new(server, &Request::dir(path).expect("the path is valid"), 1).acknowledging();
    let (each, kept) = (client(server), client(server));
    let options = DirOptions::new().streamed();
    let ways = SideBySide::new(case, "listing", 1)
        .way("raw", || {
            let count = raw.dir();
            assert!(entries == 0 || count == entries);
        })
        .way("dir_each", || count_each(&each, path, options, entries))
        .way("dir_with", || {
            black_box(kept.dir_with(path, options).expect("the server replies"));
        });
    report.measure(case, ways);
}

fn count_each(client: &Client, path: &str, options: DirOptions, entries: u32) {
    let mut count = 0;
    let listed = client.dir_each(path, options, |entry| {
        black_box(entry);
        count += 1;
    });
    listed.expect("the server replies");
    assert!(entries == 0 || count == entries);
}

fn pipelined(report: &mut Report, server: SocketAddr, together: usize) {
    let case = format!("READ, {together} in flight");
    let mut raw = Raw::new(server, &request(PATH), together);
    let mut one = Raw::new(server, &request(PATH), 1);
    let reply_len = one.reply_len();
    let paths = vec![PATH; together];
    let (each, many) = (client(server), client(server));
    let ways = SideBySide::new(&case, "value", u32::try_from(together).expect("it is small"))
        .way("raw", || raw.exchange(reply_len * together))
        .way("raw, one by one", || (0..together).for_each(|_| one.exchange(reply_len)))
        .way("read_each", || {
            each.read_each(&paths, |value| {
                black_box(value.expect("the server replies"));
            });
        })
        .way("read_many", || assert!(black_box(many.read_many(&paths)).iter().all(Result::is_ok)));
    report.measure(&case, ways);
}

/// Threads that share a client, compared with threads that have one socket each.
fn shared(report: &mut Report, server: SocketAddr, threads: usize) {
    let case = format!("READ, {threads} threads");
    let mut sockets: Vec<Raw> = (0..threads).map(|_| Raw::new(server, &request(PATH), 1)).collect();
    let reply_len = sockets[0].reply_len();
    let (one, several) = (client(server), builder(server).connections(threads).build());
    let read = |client: &Client, count: u32| {
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let mut value = [0; 64];
                    for _ in 0..count {
                        black_box(client.read_into(PATH, &mut value).expect("the server replies"));
                    }
                });
            }
        });
    };
    let ways = SideBySide::new(&case, "call", u32::try_from(threads).expect("it is small"))
        .way_many("raw", |count| {
            thread::scope(|scope| {
                for socket in &mut sockets {
                    scope.spawn(move || (0..count).for_each(|_| socket.exchange(reply_len)));
                }
            });
        })
        .way_many("a client with one connection", |count| read(&one, count))
        .way_many("a client with as many connections", |count| read(&several, count));
    report.measure(&case, ways);
}

/// Many tasks that share a client.
fn tasks(report: &mut Report, server: SocketAddr) {
    let case = format!("READ, {TASKS} tasks");
    let mut raw = Raw::new(server, &request(PATH), 1);
    let reply_len = raw.reply_len();
    let runtime = runtime();
    let pool = Arc::new(builder(server).connections(CONNECTIONS).build_tokio());
    let ways = SideBySide::new(&case, "call", u32::try_from(TASKS).expect("it is small"))
        .way("raw", || (0..TASKS).for_each(|_| raw.exchange(reply_len)))
        .way("tokio, 16 connections", || {
            runtime.block_on(async {
                let tasks: Vec<_> = (0..TASKS)
                    .map(|_| {
                        let pool = Arc::clone(&pool);
                        tokio::spawn(async move { pool.read(PATH).await.expect("the server replies") })
                    })
                    .collect();
                for task in tasks {
                    black_box(task.await.expect("no task fails"));
                }
            });
        });
    report.measure(&case, ways);
}
