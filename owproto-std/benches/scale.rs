//! What a call costs as calls at once grow from 1 to 100,000 on one client, and what it is worth that those that wait
//! are sent together.
//!
//! `cargo bench -p owproto-std --features tokio --bench scale [-- --quick] [--write]`
//!
//! The server answers from memory. All share one processor, and the ways have turns, as in the benchmark of the clients.
//! `--write` puts the tables into `owproto-std/benchmarks-scale.md`.

#[path = "clients/canned.rs"]
#[allow(dead_code, reason = "it can list directories, too")]
mod canned;
#[path = "common/mod.rs"]
#[allow(dead_code, reason = "there is no picture")]
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
        "| calls at once | together, µs | of one call's | one after the other, µs | slower | identical and coalesced, µs |\n\
         |---:|---:|---:|---:|---:|---:|\n",
    );
    print!("{text}");
    let mut one = None;
    for calls in [1, 10, 100, 1000, 10_000, 100_000] {
        let rounds = if is_quick { 1 } else { 5_000 / calls.clamp(100, 700) };
        let [together, turns, coalesced] = &tasks(server, calls, rounds)[..] else {
            unreachable!("three ways")
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
            unreachable!("two ways")
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

/// Tasks that share a client, each with one call.
fn tasks(server: SocketAddr, calls: usize, rounds: usize) -> Vec<Measured> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it starts");
    let client = || Arc::new(builder(server).connections(CONNECTIONS).build_tokio());
    let (pool, in_turns) = (client(), client());
    let turns = Arc::new(Semaphore::new(CONNECTIONS));
    let coalescing = Arc::new(builder(server).connections(CONNECTIONS).coalesce_reads(true).build_tokio());
    let read = |client: &Arc<owproto_std::tokio::Client>, turns: Option<&Arc<Semaphore>>| {
        let begin = || {
            let (client, turns) = (Arc::clone(client), turns.cloned());
            tokio::spawn(async move {
                // Whoever has one finds a place.
                let _turn = match &turns {
                    Some(turns) => Some(turns.acquire().await.expect("it is never closed")),
                    None => None,
                };
                let mut value = [0; 64];
                client.read_into(PATH, &mut value).await.expect("the server answers")
            })
        };
        runtime.block_on(async {
            for task in (0..calls).map(|_| begin()).collect::<Vec<_>>() {
                black_box(task.await.expect("no task fails"));
            }
        });
    };
    SideBySide::new("tasks", "call", u32::try_from(calls).expect("they are few"))
        .way("together", || read(&pool, None))
        .way("one after the other", || read(&in_turns, Some(&turns)))
        .way("coalesced", || read(&coalescing, None))
        .measure(rounds, Duration::from_millis(2))
}

/// Threads that share a client with one connection.
fn threaded(server: SocketAddr, threads: usize, rounds: usize) -> Vec<Measured> {
    let client = || builder(server).connections(1).build();
    let (pool, in_turns) = (client(), client());
    let turns = Mutex::new(());
    let read = |client: &Client, turns: Option<&Mutex<()>>, count: u32| {
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let mut value = [0; 64];
                    for _ in 0..count {
                        let _turn = turns.map(|turns| turns.lock().expect("nobody panics"));
                        black_box(client.read_into(PATH, &mut value).expect("the server answers"));
                    }
                });
            }
        });
    };
    SideBySide::new("threads", "call", u32::try_from(threads).expect("they are few"))
        .way_many("together", |count| read(&pool, None, count))
        .way_many("one after the other", |count| read(&in_turns, Some(&turns), count))
        .measure(rounds, Duration::from_millis(60))
}

fn builder(server: SocketAddr) -> Builder {
    Builder::default().address(server.into())
}

fn write(tables: &str) {
    let text = format!(
        "# How a client scales\n\n\
         Written by `cargo bench -p owproto-std --features tokio --bench scale -- --write`: the time of a READ, the lower \
         quartile of the rounds, on a server that answers from memory; everything shares one processor.\n\n\
         So many tasks begin at once on a client with {CONNECTIONS} connections, each with one call. *Together*: those that \
         find no connection free are sent over one connection without waiting between them, which is what the client does. \
         *One after the other*: the same calls, but no more of them at once than there are connections. *Coalesced*: all \
         ask for the same, and `Builder::coalesce_reads` is on.\n\n\
         Below, threads that call again and again share one connection; *one after the other* they take turns at a \
         mutex.\n\n{tables}"
    );
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("benchmarks-scale.md");
    fs::write(file, text).expect("the package's folder can be written to");
}
