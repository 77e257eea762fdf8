//! A fault at every byte of exchanges between each client and our server, over real sockets: what the caller gets, how long
//! it takes, and whether the next call works.
//!
//! The expected results are in `expected.rs`, and for people in the README in this folder. The test prints tables of the
//! results. Exact times are tested in virtual time, by `owproto-std` and `owproto-embedded`.

mod clients;
mod embedded;
mod exchanges;
mod expected;
mod network_stacks;
mod oracle;
mod table;

use std::net::SocketAddr;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use owproto_core::wire::Header;
use owproto_std::server::PersistentLimits;
use owproto_std::sim::{self, Simulator};
use owproto_tests::fault_proxy::{Direction, Fault, FaultKind, Proxy};
use owproto_tests::print_always;

use clients::{CallResult, ClientKind, ErrorClass};
use exchanges::{Exchange, NEXT};
use expected::Case;
use table::Table;

const FAMILIES: &str = "10,28";

/// The timeout of calls that must not time out.
const ENOUGH: Duration = Duration::from_secs(20);

/// The timeout of calls that must time out.
const LIMIT: Duration = Duration::from_millis(100);

/// By how much a call may miss its timeout, on a machine that runs a hundred calls concurrently. Exact times are tested in
/// virtual time.
const SLACK: Duration = Duration::from_secs(5);

/// Pauses that must have no effect.
const SPLIT: Duration = Duration::from_millis(2);
const DELAY: Duration = Duration::from_millis(20);

/// A pause that is longer than the timeout.
const LONG: Duration = Duration::from_millis(150);

/// More threads than processors, since most of them wait.
const THREADS: usize = 96;

const KEEPALIVES: [u8; 48] = {
    let mut bytes = [0; 48];
    let keepalive = Header::KEEPALIVE.to_bytes();
    let (first, second) = bytes.split_at_mut(24);
    first.copy_from_slice(&keepalive);
    second.copy_from_slice(&keepalive);
    bytes
};

/// The faults, with their names in the table.
const KINDS: &[(&str, FaultKind)] = &[
    ("cut", FaultKind::Cut),
    ("reset", FaultKind::Reset),
    ("stall", FaultKind::Stall),
    ("late", FaultKind::Pause(LONG)),
    ("split", FaultKind::Pause(SPLIT)),
    ("delay", FaultKind::Pause(DELAY)),
    ("keepalives", FaultKind::Keepalives(2)),
    ("low bit", FaultKind::Flip(0x01)),
    ("high bit", FaultKind::Flip(0x80)),
];

fn cases<'a>(client_kind: ClientKind, exchanges: &'a [Exchange]) -> Vec<(&'static str, Case<'a>)> {
    let mut cases = Vec::new();
    for exchange in exchanges {
        for &(name, kind) in KINDS {
            for direction in [Direction::ToClient, Direction::ToServer] {
                let is_single = exchange.ends(direction).len() == 1;
                let is_tried = match (kind, direction) {
                    // Only servers send keepalives.
                    (FaultKind::Keepalives(_), Direction::ToServer) => false,
                    // The expected answer to a changed request comes from the server, for a single request.
                    (FaultKind::Flip(_), Direction::ToServer) => is_single,
                    _ => true,
                };
                if is_tried {
                    let fault = |at| Fault { direction, at, kind };
                    let all = 0..exchange.len(direction);
                    cases.extend(all.map(|at| (name, Case { client_kind, exchange, fault: fault(at) })));
                }
            }
        }
    }
    cases
}

/// The result of the call with the fault, and by how much it missed its timeout, if it did.
type Hit = (CallResult, Option<Duration>);

/// Runs a case. The error describes what is not as expected.
fn run(case: &Case<'_>, proxy: &Proxy, server: SocketAddr) -> Result<Hit, String> {
    proxy.set_fault(case.fault);
    let mut client = case.client_kind.client(proxy.address());
    let mut hit = None;
    for (number, call) in case.exchange.calls.iter().enumerate() {
        let accepted = case.accepted(server, number);
        let waits = accepted.iter().any(|result| error_of(result) == Some(ErrorClass::TimedOut));
        let limit = if waits { LIMIT } else { ENOUGH };
        let start = Instant::now();
        let result = client.call(call, limit);
        let took = start.elapsed();
        if !accepted.contains(&result) {
            return Err(format!("call {number} returned {result:?} instead of {accepted:?}"));
        }
        // Timers may expire early by less than their resolution.
        let is_early =
            error_of(&result) == Some(ErrorClass::TimedOut) && took + Duration::from_millis(2) < limit;
        if is_early || took > limit + SLACK {
            return Err(format!("call {number} took {took:?}"));
        }
        if case.exchange.calls.len() == 1 || number == case.unit() {
            hit = Some((result, took.checked_sub(limit)));
        }
    }
    let (call, value) = NEXT;
    let mut failures = case.later_failures();
    loop {
        let limit = if failures > 0 { LIMIT } else { ENOUGH };
        match client.call(&call, limit) {
            CallResult::Value(next) if next == value.as_bytes() => break,
            CallResult::Fails(_) if failures > 0 => failures -= 1,
            next => return Err(format!("the next call returned {next:?}")),
        }
    }
    hit.ok_or_else(|| "no call had the fault".into())
}

fn error_of(result: &CallResult) -> Option<ErrorClass> {
    match result {
        CallResult::Many(all) => all.iter().find_map(error_of),
        CallResult::Fails(why) => Some(*why),
        _ => None,
    }
}

#[test]
fn a_fault_at_any_byte_gives_the_caller_a_documented_result_and_the_next_call_works() {
    let simulator = Simulator::new(format!("tester:{FAMILIES}").parse().unwrap());
    let limits = PersistentLimits::new(4 * THREADS, 4 * THREADS);
    let server = sim::Server::builder(simulator)
        .server(|server| server.max_connections(40 * THREADS).persistent_limits(limits))
        .start()
        .unwrap();
    let address = server.local_addr();
    let exchanges: Vec<Vec<Exchange>> = ClientKind::ALL
        .iter()
        .map(|client_kind| {
            let record = |&(name, calls)| Exchange::record(*client_kind, address, name, calls);
            exchanges::ALL.iter().map(record).collect()
        })
        .collect();
    exchanges.iter().flatten().for_each(exchanges::assert_right);
    let cases: Vec<_> = ClientKind::ALL
        .iter()
        .zip(&exchanges)
        .flat_map(|(client_kind, exchanges)| cases(*client_kind, exchanges))
        .collect();
    let count = cases.len();
    let (on_machines, on_sockets): (Vec<_>, Vec<_>) =
        cases.into_iter().partition(|(_, case)| case.client_kind.has_own_stack());
    let [on_machines, on_sockets] = [on_machines, on_sockets].map(|cases| Mutex::new(cases.into_iter()));
    let (table, failures) = (Mutex::new(Table::default()), Mutex::new(Vec::new()));
    let start = Instant::now();
    thread::scope(|scope| {
        for number in 0..THREADS {
            let (on_machines, on_sockets, table, failures) = (&on_machines, &on_sockets, &table, &failures);
            scope.spawn(move || {
                let proxy = Proxy::start(address);
                let next = || {
                    let on_machine =
                        (number < network_stacks::THREADS).then(|| on_machines.lock().unwrap().next());
                    on_machine.flatten().or_else(|| on_sockets.lock().unwrap().next())
                };
                while let Some((name, case)) = next() {
                    match run(&case, &proxy, address) {
                        Ok((result, late)) => table.lock().unwrap().add(name, &case, &result, late),
                        Err(message) => {
                            let (client_kind, exchange) = (case.client_kind.name(), case.exchange.name);
                            let failure =
                                format!("{client_kind}, {exchange}, {name}, {:?}: {message}", case.fault);
                            failures.lock().unwrap().push(failure);
                        }
                    }
                }
            });
        }
    });
    let (table, failures) = (table.into_inner().unwrap(), failures.into_inner().unwrap());
    let seconds = start.elapsed().as_secs_f64();
    print_always(&format!("\n{count} faults in {seconds:.1} s\n\n{table}"));
    assert!(count > 50_000, "{count}");
    assert!(failures.is_empty(), "{} are not as expected, among them:\n{}", failures.len(), {
        failures.iter().take(30).map(|failure| format!("{failure}\n")).collect::<String>()
    });
    table.assert_documented();
}
