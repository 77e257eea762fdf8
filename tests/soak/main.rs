//! A long run with a real owserver: no call fails, memory does not grow, and no socket stays open.
//!
//! A program of its own, since it measures the memory and the files of its process.
#![cfg(target_os = "linux")]

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use owproto_std::{Builder, Client};
use owproto_tests::owserver::Owserver;
use owproto_tests::print_always;

const REQUESTS: usize = 200_000;
const THREADS: usize = 32;
const TASKS: usize = 1000;

/// Connections of a client. owserver keeps 20.
const CONNECTIONS: usize = 16;

/// The timeout of each call, on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// By how many bytes the process may grow after the warm-up.
const GROWTH: u64 = 4 << 20;

/// Paths and their values.
const KNOWN: [(&str, &str); 4] = [
    ("/10.000010EF0000/temperature", "         1.6"),
    ("/10.000010EF0000/type", "DS18S20"),
    ("/28.000028D70100/address", "28000028D70100D5"),
    ("/28.000028D70100/family", "28"),
];

/// The resident memory of this process, in bytes.
fn resident() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    statm.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

/// The number of open sockets of this process.
fn sockets() -> usize {
    let is_socket = |entry: fs::DirEntry| {
        fs::read_link(entry.path()).is_ok_and(|target| target.to_string_lossy().starts_with("socket:"))
    };
    fs::read_dir("/proc/self/fd").unwrap().flatten().map(is_socket).filter(|is| *is).count()
}

/// Counts requests, and measures the memory after each tenth of them.
#[derive(Default)]
struct Progress {
    done: AtomicUsize,
    samples: Mutex<Vec<u64>>,
}

impl Progress {
    /// The number of the next request, until all are made.
    fn next(&self) -> Option<usize> {
        let number = self.done.fetch_add(1, Ordering::Relaxed);
        if number > 0 && number.is_multiple_of(REQUESTS / 10) {
            self.samples.lock().unwrap().push(resident());
        }
        (number < REQUESTS).then_some(number)
    }
}

fn assert_right(number: usize, read: Result<Vec<u8>, owproto_std::Error>) {
    let (path, value) = KNOWN[number % KNOWN.len()];
    match read {
        Ok(read) => assert_eq!(read, value.as_bytes(), "{path}"),
        Err(error) => panic!("request {number}: {error}"),
    }
}

fn soak(name: &str, run: impl FnOnce(Builder, &Arc<Progress>)) {
    let server = Owserver::builder().tester("10,28").start();
    let builder = Client::builder()
        .address(server.address().into())
        .connections(CONNECTIONS)
        .inactivity_timeout(LIMIT)
        .connect_timeout(LIMIT);
    let (before, progress, start) = (sockets(), Arc::new(Progress::default()), Instant::now());
    run(builder, &progress);
    let (seconds, after) = (start.elapsed().as_secs_f64(), sockets());
    let samples = progress.samples.lock().unwrap().clone();
    let kilobytes: Vec<u64> = samples.iter().map(|bytes| bytes / 1024).collect();
    let rate = REQUESTS as f64 / seconds;
    print_always(&format!(
        "\n{name}: {REQUESTS} requests in {seconds:.1} s, {rate:.0}/s, resident kB {kilobytes:?}"
    ));
    assert_eq!(before, after, "sockets");
    assert_eq!(samples.len(), 10);
    // The first tenth is the warm-up.
    let (first, last) = (samples[0], samples[samples.len() - 1]);
    assert!(last <= first + GROWTH, "resident bytes: {samples:?}");
}

// One test, since two would measure each other's memory.
#[test]
fn many_requests_of_threads_and_tasks_leave_no_memory_and_no_socket() {
    soak("32 threads", |builder, progress| {
        let client = builder.build();
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    while let Some(number) = progress.next() {
                        assert_right(number, client.read(KNOWN[number % KNOWN.len()].0));
                    }
                });
            }
        });
    });
    soak("1000 tasks", |builder, progress| {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let client = builder.build_tokio();
        let progress = Arc::clone(progress);
        runtime.block_on(async {
            let mut tasks = tokio::task::JoinSet::new();
            for _ in 0..TASKS {
                let (client, progress) = (client.clone(), Arc::clone(&progress));
                tasks.spawn(async move {
                    while let Some(number) = progress.next() {
                        assert_right(number, client.read(KNOWN[number % KNOWN.len()].0).await);
                    }
                });
            }
            while let Some(task) = tasks.join_next().await {
                task.unwrap();
            }
        });
    });
}
