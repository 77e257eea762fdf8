//! Programs that wait sleep.
//!
//! With `-icount`, QEMU's clock advances by 32 ns for each executed instruction, and by itself only while the processor
//! sleeps. So the time that the firmware did not sleep, by its own clock, counts instructions.

use std::thread;
use std::time::{Duration, Instant};

use owproto_std::sim;
use owproto_tests::qemu::Board;

/// 2⁵ ns each.
const NANOS_OF_AN_INSTRUCTION: u64 = 32;

/// The number in a line between the first `after` and the next blank.
fn number(line: &str, after: &str) -> u64 {
    let rest = line.split_once(after).unwrap_or_else(|| panic!("no '{after}' in '{line}'")).1;
    rest.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("'{line}'"))
}

/// Reads a device `rounds` times. Returns the number of executed instructions, and the time.
fn instructions(latency: Duration, rounds: u32) -> (u64, Duration) {
    let server = sim::Server::start("tester:28".parse().unwrap()).unwrap();
    server.simulator().device("28").unwrap().set_latency(latency);
    let board = Board::client(server.local_addr())
        .arg(format!("rounds={rounds}"))
        .arg("pause=0")
        .qemu_arg("-icount")
        .qemu_arg("shift=5,sleep=on");
    let (status, lines) = board.start().finish();
    assert_eq!(status, Some(0), "{lines:?}");
    let line = lines.iter().find(|line| line.starts_with("done after")).unwrap();
    let (total, asleep) = (number(line, "done after "), number(line, "us, "));
    ((total - asleep) * 1000 / NANOS_OF_AN_INSTRUCTION, Duration::from_micros(total))
}

#[test]
fn a_waiting_client_executes_almost_no_instructions() {
    let (quick, _) = instructions(Duration::ZERO, 1);
    let (waiting, time) = instructions(Duration::from_millis(2500), 1);
    // The board's clock counts instructions, and may lose a little while the processor sleeps.
    assert!(time >= Duration::from_millis(2450), "{time:?}");
    // Two keepalives arrive in this time.
    let more = waiting.saturating_sub(quick);
    println!("one round: {quick} instructions; one that waits for 2.5 s: {waiting}");
    // A busy loop executes 31 million instructions each second. One pass of the firmware's loop has some thousands.
    assert!(more < 500_000, "{more} instructions to wait for {time:?}");
    let (busy, _) = instructions(Duration::ZERO, 200);
    println!("200 rounds: {busy} instructions, {} for each request", (busy - quick) / 199 / 2);
    assert!(busy > waiting, "{busy} instructions for 200 rounds, {waiting} for one that waits");
}

/// The same, measured from outside: a busy loop would use a processor of this machine all the time.
#[test]
#[cfg(target_os = "linux")]
fn a_waiting_board_uses_little_processor_time_of_this_machine() {
    let server = sim::Server::start("tester:28".parse().unwrap()).unwrap();
    server.simulator().device("28").unwrap().set_latency(Duration::from_secs(3));
    let client = Board::client(server.local_addr()).arg("rounds=1").start();
    let gateway = Board::gateway().start();
    client.wait_for(0, |line| line == "connected");
    thread::sleep(Duration::from_millis(700));
    let times = || [client.processor_time(), gateway.processor_time()];
    let (before, start) = (times(), Instant::now());
    thread::sleep(Duration::from_millis(1500));
    let (after, time) = (times(), start.elapsed());
    for (name, before, after) in [("client", before[0], after[0]), ("gateway", before[1], after[1])] {
        println!("{name}: {:?} of processor in {time:.1?} of waiting", after - before);
        assert!(after - before < time / 3, "{name} spins");
    }
    assert_eq!(client.finish().0, Some(0));
}
