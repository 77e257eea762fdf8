//! The time of a call with 1 to 100,000 concurrent calls on one client, and how much it gains that waiting requests are sent
//! together.
//!
//! `cargo bench -p owproto-std --features tokio --bench scale [-- --quick] [--write]`
//!
//! The server sends prepared replies from memory. Everything shares one processor, and the variants are measured side by side, as
//! in the benchmark of the clients. `--write` writes the tables to `owproto-std/benchmarks-scale.md`.

#[path = "clients/canned.rs"]
#[allow(dead_code, reason = "its listings are not used here")]
mod canned;
#[path = "common/mod.rs"]
#[allow(dead_code, reason = "there is no chart")]
mod common;

use std::fmt::Write;
use std::fs;
use std::hint::black_box;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use owproto_std::{Builder, Client};
use owproto_tests::side_by_side::{Measured, SideBySide};
use tokio::sync::Semaphore;

const PATH: &str = "/10.67C6697351FF/temperature";

/// The client's default.
const CONNECTIONS: usize = 4;

fn main() {
    common::pin();
    let is_quick = common::is_quick();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let server = canned::serve(listener, canned::ROOT);
    let mut text = String::from(
        "| concurrent calls | together, µs | of one call's | one after the other, µs | slower | identical and coalesced, µs |\n\
         |---:|---:|---:|---:|---:|---:|\n",
    );
    print!("{text}");
    let mut one = None;
    for calls in [1, 10, 100, 1000, 10_000, 100_000] {
        let rounds = if is_quick { 1 } else { 5_000 / calls.clamp(100, 700) };
        let [together, turns, coalesced] = &tasks(server, calls, rounds)[..] else {
            unreachable!("three variants")
        };
        let one = *one.get_or_insert(together.nanos());
        let row = format!(
            "| {calls} | {:.2} | {:.2} | {:.2} | {:.1} | {:.2} |\n",
            together.nanos() / 1000.0,
            together.nanos() / one,
            turns.nanos() / 1000.0,
            turns.ratio_to(together),
            coalesced.nanos() / 1000.0
        );
        print!("{row}");
        text += &row;
    }
    let head = "| threads | together, µs | one after the other, µs | slower |\n|---:|---:|---:|---:|\n";
    print!("\n{head}");
    let _ = write!(text, "\n{head}");
    for threads in [1, 2, 8, 64] {
        let [together, turns] = &threaded(server, threads, if is_quick { 1 } else { 11 })[..] else {
            unreachable!("two variants")
        };
        let (fast, slow) = (together.nanos() / 1000.0, turns.nanos() / 1000.0);
        let row = format!("| {threads} | {fast:.2} | {slow:.2} | {:.2} |\n", turns.ratio_to(together));
        print!("{row}");
        text += &row;
    }
    if common::has("--write") {
        write(&text);
    }
}

/// Tasks that share a client and make one call each.
fn tasks(server: SocketAddr, calls: usize, rounds: usize) -> Vec<Measured> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it starts");
    let client = || Arc::new(builder(server).connections(CONNECTIONS).build_tokio());
    let (pool, limited) = (client(), client());
    let limit = Arc::new(Semaphore::new(CONNECTIONS));
    let coalescing = Arc::new(builder(server).connections(CONNECTIONS).coalesce_reads(true).build_tokio());
    let read = |client: &Arc<owproto_std::tokio::Client>, limit: Option<&Arc<Semaphore>>| {
        let begin = || {
            let (client, limit) = (Arc::clone(client), limit.cloned());
            tokio::spawn(async move {
                // With it, a call never waits for a connection.
                let _permit = match &limit {
                    Some(limit) => Some(limit.acquire().await.expect("it is never closed")),
                    None => None,
                };
                let mut value = [0; 64];
                client.read_into(PATH, &mut value).await.expect("the server replies")
            })
        };
        runtime.block_on(async {
            for task in (0..calls).map(|_| begin()).collect::<Vec<_>>() {
                black_box(task.await.expect("no task fails"));
            }
        });
    };
    SideBySide::new("tasks", "call", u32::try_from(calls).expect("the number is small"))
        .way("together", || read(&pool, None))
        .way("one after the other", || read(&limited, Some(&limit)))
        .way("coalesced", || read(&coalescing, None))
        .measure(rounds, Duration::from_millis(2))
}

/// Threads that share a client with one connection.
fn threaded(server: SocketAddr, threads: usize, rounds: usize) -> Vec<Measured> {
    let client = || builder(server).connections(1).build();
    let (pool, locked) = (client(), client());
    let lock = Mutex::new(());
    let read = |client: &Client, lock: Option<&Mutex<()>>, count: u32| {
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let mut value = [0; 64];
                    for _ in 0..count {
                        let _guard = lock.map(|lock| lock.lock().expect("no thread panics"));
                        black_box(client.read_into(PATH, &mut value).expect("the server replies"));
                    }
                });
            }
        });
    };
    SideBySide::new("threads", "call", u32::try_from(threads).expect("the number is small"))
        .way_many("together", |count| read(&pool, None, count))
        .way_many("one after the other", |count| read(&locked, Some(&lock), count))
        .measure(rounds, Duration::from_millis(60))
}

fn builder(server: SocketAddr) -> Builder {
    Builder::default().address(server.into())
}

fn write(tables: &str) {
    let text = format!(
        "# How a client scales\n\n\
         Written by `cargo bench -p owproto-std --features tokio --bench scale -- --write`: the time of a READ, the lower \
         quartile of the rounds, on a server that sends prepared replies from memory; everything shares one processor.\n\n\
         The tasks begin concurrently on a client with {CONNECTIONS} connections, with one call each. *Together*: the requests \
         of calls that find no idle connection are sent over one connection without waiting between them, as the client does. \
         *One after the other*: the same calls, but never more at a time than there are connections. *Coalesced*: all read the \
         same property, and `Builder::coalesce_reads` is on.\n\n\
         In the second table, threads that call repeatedly share one connection; *one after the other* they lock a mutex for \
         each call.\n\n{tables}"
    );
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("benchmarks-scale.md");
    fs::write(file, text).expect("the package's folder can be written to");
}
