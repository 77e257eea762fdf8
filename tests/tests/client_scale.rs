//! A call costs the same whether 1 or 100,000 calls run concurrently.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use allocation_counter::measure;
use owproto_std::{Builder, tokio::Client};
use owproto_tests::frames;
use owproto_tests::peer::Peer;

const CONNECTIONS: usize = 4;

/// The most bytes for a task whose call waits, including the task itself.
const TASK_BUDGET: u64 = 2048;

/// The most bytes for the connections and the runtime.
const FIXED_BUDGET: u64 = CONNECTIONS as u64 * (80 << 10) + (64 << 10);

/// The value of a property is its path.
fn answer(request: &[u8]) -> Vec<u8> {
    frames::persistent(frames::value(request[24..].strip_suffix(b"\0").unwrap()))
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Runs this number of concurrent tasks, each of which reads a value of its own.
async fn read_concurrently(client: &Client, tasks: usize) {
    let tasks: Vec<_> = (0..tasks)
        .map(|number| {
            let client = client.clone();
            tokio::spawn(async move {
                let path = number.to_be_bytes().map(|byte| b"0123456789abcdef"[usize::from(byte % 16)]);
                let mut value = [0; 8];
                let len = client.read_into(&path, &mut value).await.unwrap();
                assert_eq!(value[..len], path);
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[test]
fn concurrent_calls_share_a_few_connections_and_each_costs_the_same() {
    let run = |tasks: usize| {
        let server = Peer::serve(answer);
        let measured = measure(|| {
            let runtime = runtime();
            let builder = Builder::default().address(server.address().into()).connections(CONNECTIONS);
            let client = builder.build_tokio();
            runtime.block_on(read_concurrently(&client, tasks));
        });
        assert!(server.connections() <= CONNECTIONS, "{} connections", server.connections());
        measured
    };
    run(100);
    println!("concurrent calls  allocations  peak of the heap");
    let mut allocations = Vec::new();
    for tasks in [1, 100, 10_000, 100_000] {
        let measured = run(tasks);
        println!("{tasks:16}  {:11}  {:16}", measured.count_total, measured.bytes_max);
        assert_eq!(measured.bytes_current, 0, "memory was leaked");
        let most = FIXED_BUDGET + TASK_BUDGET * tasks as u64;
        assert!(measured.bytes_max <= most, "{} bytes, more than {most}", measured.bytes_max);
        allocations.push(measured.count_total as f64 / tasks as f64);
    }
    // A waiting call stores its request, and the value that another call received for it.
    assert!(allocations[2] < 5.0 && allocations[3] < allocations[2] + 0.1, "{allocations:?} for each call");
}

#[test]
fn threads_share_a_connection_in_100_000_calls() {
    const THREADS: usize = 100;
    let server = Peer::serve(answer);
    let client = Builder::default().address(server.address().into()).connections(2).build();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let client = &client;
            scope.spawn(move || {
                for call in 0..100_000 / THREADS {
                    let path = format!("/{thread}/{call}");
                    assert_eq!(client.read(&path).unwrap(), path.as_bytes());
                }
            });
        }
    });
    assert!(server.connections() <= 2, "{} connections", server.connections());
}

#[test]
fn the_server_gets_one_request_for_concurrent_identical_reads() {
    for tasks in [1, 100, 10_000, 100_000] {
        let requests = Arc::new(AtomicUsize::new(0));
        let (release, released) = mpsc::channel::<()>();
        let server = {
            let (requests, released) = (Arc::clone(&requests), std::sync::Mutex::new(released));
            Peer::serve(move |request| {
                requests.fetch_add(1, Ordering::SeqCst);
                // The reply waits until all reads have begun.
                let _ = released.lock().unwrap().recv();
                answer(request)
            })
        };
        let builder = Builder::default().address(server.address().into());
        let client = builder.inactivity_timeout(std::time::Duration::ZERO).coalesce_reads(true).build_tokio();
        let begun = Arc::new(AtomicUsize::new(0));
        runtime().block_on(async {
            let calls: Vec<_> = (0..tasks)
                .map(|_| {
                    let (client, begun) = (client.clone(), Arc::clone(&begun));
                    tokio::spawn(async move {
                        begun.fetch_add(1, Ordering::SeqCst);
                        client.read("/shared").await.unwrap()
                    })
                })
                .collect();
            while begun.load(Ordering::SeqCst) < tasks {
                tokio::task::yield_now().await;
            }
            drop(release);
            for call in calls {
                assert_eq!(call.await.unwrap(), b"/shared");
            }
        });
        assert_eq!((requests.load(Ordering::SeqCst), server.connections()), (1, 1), "{tasks} reads");
    }
}
