//! What an idle connection to our server costs: memory for 1, 100 and 10,000 of them, and whether one more client is served
//! meanwhile.
//!
//! `cargo test -p owproto-tests --test connections -- --nocapture` prints the figures. The clients are in another process, so
//! that each side can open as many files as a process may.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use owproto_core::tree::{Tree, tester::Tester};
use owproto_std::server::{PersistentLimits, Server};
use owproto_tests::file_limit;

/// The most bytes of heap for an idle connection.
const BUDGET: u64 = 2048;

/// Files of the server's process besides those of its connections.
const OTHER_FILES: u64 = 64;

/// The environment variable that makes this program run the clients.
const CLIENTS: &str = "OWPROTO_TEST_CLIENTS";

/// A NOP that asks for persistence.
const NOP: [u8; 24] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0];

/// The other process: holds connections, each of which has had a reply, until its standard input ends.
#[test]
#[ignore = "the test below runs it, in a process of its own"]
fn clients() {
    let Ok(arguments) = std::env::var(CLIENTS) else { return };
    let (address, count) = arguments.split_once(' ').unwrap();
    let address: SocketAddr = address.parse().unwrap();
    let _ = file_limit::raise();
    let connections: Vec<TcpStream> = (0..count.parse().unwrap())
        .map(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
            stream.write_all(&NOP).unwrap();
            let mut reply = [0; 24];
            stream.read_exact(&mut reply).unwrap();
            assert_eq!(reply[15], 4, "persistence is refused");
            stream
        })
        .collect();
    let _ = std::io::stdin().read(&mut [0]);
    drop(connections);
}

fn start_clients(address: SocketAddr, count: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "clients", "--nocapture", "--test-threads=1"])
        .env(CLIENTS, format!("{address} {count}"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

struct Measured {
    /// Bytes of heap while all connections are idle.
    heap: u64,
    /// Bytes of the process in memory while all connections are idle, if the system shows it.
    resident: Option<u64>,
    /// How long one more client took to connect and to get the reply to a NOP: a median.
    next_client: Duration,
}

fn resident() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(statm.split_whitespace().nth(1)?.parse::<u64>().ok()? * 4096)
}

/// Serves this number of clients on this thread, whose allocations are counted.
fn measure(count: u64) -> Measured {
    let mut measured = None;
    let heap = allocation_counter::measure(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let server = runtime.block_on(async {
            let high = usize::try_from(count).unwrap() + 10;
            let server = Server::builder()
                .port(0)
                .max_connections(high)
                .persistent_limits(PersistentLimits::new(high, high))
                .start(Tree::new(Tester::new(&[0x28])))
                .await
                .unwrap();
            let mut clients = (count > 0).then(|| start_clients(server.local_addr(), count));
            let start = Instant::now();
            while server.statistics().requests < count {
                assert!(start.elapsed() < Duration::from_secs(120), "{:?}", server.statistics());
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            assert_eq!(server.statistics().connections as u64, count);
            let address = server.local_addr();
            let next_client = tokio::task::spawn_blocking(move || {
                let mut times: Vec<Duration> = (0..21)
                    .map(|_| {
                        let start = Instant::now();
                        let mut stream = TcpStream::connect(address).unwrap();
                        stream.write_all(&NOP).unwrap();
                        stream.read_exact(&mut [0; 24]).unwrap();
                        start.elapsed()
                    })
                    .collect();
                times.sort();
                times[10]
            });
            let next_client = next_client.await.unwrap();
            while server.statistics().connections as u64 > count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let resident = resident();
            // The heap now is what is left at the end, since nothing is freed.
            measured = Some((resident, next_client));
            (server, clients.take(), count)
        });
        // Not freed before the end of the measurement.
        std::mem::forget((runtime, server));
    });
    let (resident, next_client) = measured.unwrap();
    Measured { heap: heap.bytes_current.max(0).unsigned_abs(), resident, next_client }
}

#[test]
fn an_idle_connection_costs_little_memory_and_delays_no_other_client() {
    let files = file_limit::raise();
    let none = measure(0);
    println!("clients  bytes of heap for each  resident bytes for each  one more client");
    for wanted in [1, 100, 10_000] {
        let count = wanted.min(files.saturating_sub(OTHER_FILES));
        if count < wanted {
            println!(
                "!!!!!!!! ONLY {count} OF {wanted} CONNECTIONS WERE TRIED: this process may open only {files} files"
            );
        }
        let measured = measure(count);
        let heap = measured.heap.saturating_sub(none.heap) / count;
        let resident = measured.resident.zip(none.resident);
        let resident = resident.map(|(with, without)| with.saturating_sub(without) / count);
        println!("{count:7}  {heap:22}  {resident:>23?}  {:?}", measured.next_client);
        assert!(heap <= BUDGET, "{heap} bytes for each of {count} connections");
        assert!(measured.next_client < Duration::from_millis(100), "{:?}", measured.next_client);
    }
}
