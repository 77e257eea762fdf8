//! The client on a board, with real owservers that are fast, slow, or missing.

use std::collections::BTreeMap;
use std::time::Duration;

use owproto_core::ReturnCode;
use owproto_std::sim;
use owproto_tests::owserver::Owserver;
use owproto_tests::qemu::Board;
use owproto_tests::tools::Tool;

const FAMILIES: &str = "10,28,26,05,22,29";

/// The temperatures that the client printed: path and value of each device.
fn temperatures(lines: &[String]) -> BTreeMap<&str, &str> {
    lines
        .iter()
        .filter(|line| line.starts_with('/'))
        .filter_map(|line| line.split_once(' '))
        .filter(|(path, _)| !path.ends_with(':'))
        .collect()
}

fn rounds(lines: &[String]) -> usize {
    lines.iter().filter(|line| line.starts_with("round ")).count()
}

/// Waits for the end of a round after the first `skip` lines.
fn wait_for_round(board: &Board, skip: usize) -> usize {
    board.wait_for(skip, |line| line.starts_with("round ")).1
}

#[test]
fn the_client_reads_the_values_that_owread_reads() {
    let server = Owserver::builder().tester(FAMILIES).start();
    let board = Board::client(server.address()).arg("rounds=3").arg("pause=10").start();
    let (status, lines) = board.finish();
    assert_eq!((status, rounds(&lines)), (Some(0), 3), "{lines:?}");
    let listing = Tool::Owdir.output(server.address(), ["/"]);
    let listing = String::from_utf8(listing).unwrap();
    let devices: Vec<_> =
        listing.lines().filter(|line| line.contains('.') && !line.starts_with("/bus")).collect();
    let expected: BTreeMap<_, _> = devices
        .iter()
        .map(|device| (*device, Tool::Owread.run(server.address(), [format!("{device}/temperature")])))
        .filter(|(_, finished)| finished.status == Some(0))
        .map(|(device, finished)| (device, finished.stdout_text().trim().to_owned()))
        .collect();
    let expected: BTreeMap<_, _> = expected.iter().map(|(device, value)| (*device, value.as_str())).collect();
    assert_eq!(expected.len(), 4);
    assert_eq!(temperatures(&lines), expected);
    let summary = format!("4 temperatures of {} devices", devices.len());
    assert!(lines.iter().any(|line| line.contains(&summary)), "{summary}: {lines:?}");
}

#[test]
fn a_wrong_option_is_named() {
    let server = ([127, 0, 0, 1], 1).into();
    for wrong in ["rounds=none", "rounds=0", "pause=-1", "loss=101", "help", "colour=red", "10.0.2.2:66666"] {
        let (status, lines) = Board::client(server).arg(wrong).start().finish();
        assert_eq!(status, Some(1), "{wrong}: {lines:?}");
        assert_eq!(lines.first(), Some(&format!("invalid option: '{wrong}'")));
        assert!(lines.iter().any(|line| line.starts_with("usage: client")), "{lines:?}");
    }
}

/// The server is killed and restarted, stopped and continued: each time the rounds go on, with the same values.
#[test]
#[cfg(unix)]
fn the_client_goes_on_after_its_server_was_killed_or_stopped() {
    let mut server = Owserver::builder().tester(FAMILIES).start();
    let board = Board::client(server.address()).arg("pause=100").start();
    let begin = wait_for_round(&board, 0);
    let before = board.lines();

    server.kill();
    let (_, line_count) = board.wait_for(begin, |line| line.starts_with("disconnected"));
    server.restart();
    let seen = wait_for_round(&board, line_count);

    server.pause();
    let silence = "disconnected: the server was silent for too long";
    let (_, line_count) = board.wait_for(seen, |line| line == silence);
    server.resume();
    wait_for_round(&board, wait_for_round(&board, line_count));

    let lines = board.lines();
    assert_eq!(temperatures(&lines), temperatures(&before));
}

#[test]
fn the_client_waits_for_a_server_that_starts_later() {
    let mut server = Owserver::builder().tester("28").start();
    server.kill();
    let board = Board::client(server.address()).arg("rounds=1").start();
    board.wait_for(0, |line| line.starts_with("disconnected"));
    server.restart();
    let (status, lines) = board.finish();
    assert_eq!((status, rounds(&lines)), (Some(0), 1), "{lines:?}");
}

/// owserver sends a keepalive each second. Without them a client would time out after two.
#[test]
fn the_client_waits_for_a_slow_device() {
    let server = sim::Server::start("tester:10,28".parse().unwrap()).unwrap();
    server.simulator().device("28").unwrap().set_latency(Duration::from_millis(3500));
    let (status, lines) = Board::client(server.local_addr()).arg("rounds=1").start().finish();
    assert_eq!((status, rounds(&lines)), (Some(0), 1), "{lines:?}");
    assert_eq!(temperatures(&lines).len(), 2);
    assert!(!lines.iter().any(|line| line.starts_with("disconnected")), "{lines:?}");
}

#[test]
fn errors_of_devices_are_printed_and_the_others_are_read() {
    let server = sim::Server::start("tester:10,28,22".parse().unwrap()).unwrap();
    server.simulator().device("28").unwrap().set_errors(sim::Occurrence::Always, ReturnCode::IO);
    let (status, lines) = Board::client(server.local_addr()).arg("rounds=1").start().finish();
    assert_eq!((status, rounds(&lines)), (Some(0), 1), "{lines:?}");
    assert_eq!(temperatures(&lines).len(), 2, "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("/28.") && line.contains(": ")), "{lines:?}");
}

#[test]
fn devices_above_the_clients_limit_are_counted() {
    let server = sim::Server::start("28*40".parse().unwrap()).unwrap();
    let (status, lines) = Board::client(server.local_addr()).arg("rounds=1").start().finish();
    assert_eq!(status, Some(0), "{lines:?}");
    assert_eq!(temperatures(&lines).len(), 32);
    assert!(lines.iter().any(|line| line == "8 devices omitted: too many"), "{lines:?}");
}

/// TCP sends lost frames again, so that only the time shows them.
#[test]
fn lost_frames_cost_only_time() {
    let server = sim::Server::start("tester:10,28,26,22,05,28,28,28".parse().unwrap()).unwrap();
    let board = Board::client(server.local_addr()).arg("rounds=40").arg("pause=1").arg("loss=5").start();
    let (status, lines) = board.finish();
    assert_eq!((status, rounds(&lines)), (Some(0), 40), "{lines:?}");
    let complete = lines.iter().filter(|line| line.contains("7 temperatures of 8 devices")).count();
    assert_eq!(complete, 40, "{lines:?}");
}
