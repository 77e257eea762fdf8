//! A real owserver that stops, ends, restarts with other devices, is full, slow, the bus of another server, or in a loop,
//! while threads and tasks poll it. Each value is known in advance, so that one matched to another request is noticed.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use owproto_core::client::{ConnectionError, Timeout};
use owproto_std::sim::{self, Simulator};
use owproto_std::{Builder, Client, Error};
use owproto_tests::owserver::{Builder as ServerBuilder, Owserver};
use owproto_tests::print_always;

/// The longest time until something has happened to every poller.
const DEADLINE: Duration = Duration::from_secs(30);

const THREADS: usize = 4;
const TASKS: usize = 8;

/// The pause between two polls, so that polls that fail immediately do not use all of the machine.
const PAUSE: Duration = Duration::from_millis(2);

/// A path and its value.
type Known = (&'static str, &'static str);

const FIRST: [Known; 3] = [
    ("/10.000010EF0000/temperature", "         1.6"),
    ("/28.000028D70100/temperature", "         4.1"),
    ("/28.000028D70100/address", "28000028D70100D5"),
];

/// Paths of other devices.
const SECOND: [Known; 2] = [("/26.000026D90000/family", "26"), ("/20.000020DF0100/family", "20")];

fn first() -> ServerBuilder {
    Owserver::builder().tester("10,28")
}

fn second() -> ServerBuilder {
    Owserver::builder().tester("26,20")
}

/// The outcome of a poll.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum PollOutcome {
    Right,
    Refused,
    TimedOut,
    NoConnection,
    Lost,
}

/// The outcomes of one poller, for each path.
type Tally = BTreeMap<(&'static str, PollOutcome), u64>;

/// Threads and tasks that poll until they are dropped.
struct Pollers {
    tallies: Vec<Arc<Mutex<Tally>>>,
    is_over: Arc<Mutex<bool>>,
    threads: Vec<JoinHandle<()>>,
}

/// Counts a poll. It must return the known value, or an error that a caller can handle.
fn count(tally: &Mutex<Tally>, (path, value): Known, read: Result<Vec<u8>, Error>) {
    let outcome = match read {
        Ok(read) => {
            assert_eq!(String::from_utf8_lossy(&read), value, "{path}");
            PollOutcome::Right
        }
        Err(Error::Server { .. }) => PollOutcome::Refused,
        Err(error) if error.is_timeout() => PollOutcome::TimedOut,
        Err(Error::Connect { .. }) => PollOutcome::NoConnection,
        Err(Error::Io { error, .. } | Error::Connection { error, .. }) => {
            let is_end = matches!(
                error,
                ConnectionError::Closed | ConnectionError::Truncated | ConnectionError::Stale
            );
            assert!(is_end, "{path}: {error:?}");
            PollOutcome::Lost
        }
        Err(error) => panic!("{path}: {error:?}"),
    };
    *tally.lock().unwrap().entry((path, outcome)).or_default() += 1;
}

impl Pollers {
    /// Threads that share a blocking client, and tasks that share one for tokio.
    fn start(builder: &Builder, known: &[Known]) -> Self {
        let is_over = Arc::new(Mutex::new(false));
        let tally = || Arc::new(Mutex::new(Tally::new()));
        let tallies: Vec<_> = (0..THREADS + TASKS).map(|_| tally()).collect();
        let (of_threads, of_tasks) = tallies.split_at(THREADS);
        let goes_on = |is_over: &Mutex<bool>| !*is_over.lock().unwrap();
        let client = builder.clone().build();
        let mut threads: Vec<_> = of_threads
            .iter()
            .cloned()
            .map(|tally| {
                let (client, known, is_over) = (client.clone(), known.to_vec(), Arc::clone(&is_over));
                thread::spawn(move || {
                    for known in known.iter().cycle().take_while(|_| goes_on(&is_over)) {
                        count(&tally, *known, client.read(known.0));
                        thread::sleep(PAUSE);
                    }
                })
            })
            .collect();
        let client = builder.clone().build_tokio();
        let (of_tasks, known, until) = (of_tasks.to_vec(), known.to_vec(), Arc::clone(&is_over));
        threads.push(thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut tasks = tokio::task::JoinSet::new();
                for tally in of_tasks {
                    let (client, known, until) = (client.clone(), known.clone(), Arc::clone(&until));
                    tasks.spawn(async move {
                        for known in known.iter().cycle().take_while(|_| goes_on(&until)) {
                            count(&tally, *known, client.read(known.0).await);
                            tokio::time::sleep(PAUSE).await;
                        }
                    });
                }
                while let Some(task) = tasks.join_next().await {
                    task.unwrap();
                }
            });
        }));
        Self { tallies, is_over, threads }
    }

    /// Waits until every poller has had an outcome for each of these paths, from now on.
    fn wait_for(&self, known: &[Known], outcome: PollOutcome) {
        let counts = || -> Vec<u64> {
            let of = |tally: &Arc<Mutex<Tally>>| {
                let tally = tally.lock().unwrap();
                known
                    .iter()
                    .map(|(path, _)| tally.get(&(*path, outcome)).copied().unwrap_or(0))
                    .collect::<Vec<_>>()
            };
            self.tallies.iter().flat_map(of).collect()
        };
        let (before, start) = (counts(), Instant::now());
        // The first one may have been in progress.
        while !counts().iter().zip(&before).all(|(now, before)| *now >= before + 2) {
            let has_failed = self.threads.iter().any(JoinHandle::is_finished);
            assert!(
                !has_failed && start.elapsed() < DEADLINE,
                "no {outcome:?} for all: {before:?}, {:?}",
                counts()
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends the pollers, and returns the outcomes of all polls.
    fn finish(self) -> BTreeMap<PollOutcome, u64> {
        *self.is_over.lock().unwrap() = true;
        for thread in self.threads {
            thread.join().expect("a poller has failed");
        }
        let mut all = BTreeMap::new();
        for tally in &self.tallies {
            for ((_, outcome), count) in &*tally.lock().unwrap() {
                *all.entry(*outcome).or_default() += count;
            }
        }
        let test = thread::current().name().unwrap_or_default().to_owned();
        print_always(&format!("{test}: {all:?}"));
        all
    }
}

fn only(all: &BTreeMap<PollOutcome, u64>, allowed: &[PollOutcome]) {
    assert!(all.keys().all(|outcome| allowed.contains(outcome)), "{all:?} instead of {allowed:?}");
}

fn builder(address: SocketAddr) -> Builder {
    let limit = Duration::from_millis(300);
    Client::builder().address(address.into()).connections(3).inactivity_timeout(limit).connect_timeout(limit)
}

/// With long timeouts, for tests in which no call must time out.
fn patient(address: SocketAddr) -> Builder {
    builder(address).inactivity_timeout(DEADLINE).connect_timeout(DEADLINE)
}

#[test]
fn polls_time_out_while_the_server_is_stopped_and_succeed_after_it_continues() {
    let mut server = first().start();
    let pollers = Pollers::start(&builder(server.address()), &FIRST);
    for _ in 0..2 {
        pollers.wait_for(&FIRST, PollOutcome::Right);
        server.pause();
        pollers.wait_for(&FIRST[..1], PollOutcome::TimedOut);
        server.resume();
    }
    pollers.wait_for(&FIRST, PollOutcome::Right);
    only(&pollers.finish(), &[PollOutcome::Right, PollOutcome::TimedOut]);
}

#[test]
fn polls_fail_while_the_server_is_killed_and_succeed_after_its_restart() {
    let mut server = first().start();
    let pollers = Pollers::start(&patient(server.address()), &FIRST);
    for _ in 0..3 {
        pollers.wait_for(&FIRST, PollOutcome::Right);
        server.kill();
        pollers.wait_for(&FIRST, PollOutcome::NoConnection);
        server.restart();
        pollers.wait_for(&FIRST, PollOutcome::Right);
        // So fast that no poll need fail.
        server.restart();
    }
    pollers.wait_for(&FIRST, PollOutcome::Right);
    only(&pollers.finish(), &[PollOutcome::Right, PollOutcome::NoConnection, PollOutcome::Lost]);
}

#[test]
fn polls_see_the_devices_of_a_server_restarted_with_others() {
    let mut server = first().start();
    let known = [&FIRST[..], &SECOND].concat();
    let pollers = Pollers::start(&patient(server.address()), &known);
    for _ in 0..2 {
        pollers.wait_for(&FIRST, PollOutcome::Right);
        pollers.wait_for(&SECOND, PollOutcome::Refused);
        server.restart_with(second());
        pollers.wait_for(&SECOND, PollOutcome::Right);
        pollers.wait_for(&FIRST, PollOutcome::Refused);
        server.restart_with(first());
    }
    pollers.wait_for(&FIRST, PollOutcome::Right);
    only(
        &pollers.finish(),
        &[PollOutcome::Right, PollOutcome::Refused, PollOutcome::NoConnection, PollOutcome::Lost],
    );
}

#[test]
fn all_polls_succeed_with_more_connections_than_the_server_keeps() {
    let server = first().start();
    // 24 connections, of which the server keeps 20.
    let pollers: Vec<_> = (0..4).map(|_| Pollers::start(&patient(server.address()), &FIRST)).collect();
    for pollers in &pollers {
        pollers.wait_for(&FIRST, PollOutcome::Right);
        pollers.wait_for(&FIRST, PollOutcome::Right);
    }
    for pollers in pollers {
        only(&pollers.finish(), &[PollOutcome::Right]);
    }
}

#[test]
fn all_polls_succeed_on_a_slow_server_that_sends_keepalives() {
    // Twice as slow as the inactivity timeout.
    let latency = Duration::from_millis(3000);
    let simulator = Simulator::builder("tester:10".parse().unwrap()).latency(latency).build();
    let server = sim::Server::builder(simulator).start().unwrap();
    let builder = Client::builder()
        .address(server.local_addr().into())
        .connections(THREADS + TASKS)
        .inactivity_timeout(Duration::from_millis(1500));
    let path = "/uncached/10.000010EF0000/temperature";
    let read = builder.clone().build().with_timeout(Duration::from_millis(1200)).read(path);
    assert!(matches!(read, Err(Error::TimedOut { timeout: Timeout::Total, .. })), "{read:?}");
    let pollers = Pollers::start(&builder, &[(path, "         1.6")]);
    pollers.wait_for(&[(path, "")], PollOutcome::Right);
    only(&pollers.finish(), &[PollOutcome::Right]);
}

#[test]
fn polls_of_a_front_server_show_the_state_of_its_backend() {
    let mut back = first().start();
    let front = Owserver::builder().behind(back.address()).start();
    let patient = patient(front.address());
    let pollers = Pollers::start(&patient, &FIRST);
    for _ in 0..2 {
        pollers.wait_for(&FIRST, PollOutcome::Right);
        back.kill();
        // The front server may have cached some values.
        pollers.wait_for(&FIRST[2..], PollOutcome::Refused);
        back.restart();
    }
    pollers.wait_for(&FIRST, PollOutcome::Right);
    // Connections to the front server stay open.
    only(&pollers.finish(), &[PollOutcome::Right, PollOutcome::Refused]);
}

#[test]
fn polls_end_with_servers_in_a_loop() {
    let mut one = first().start();
    let other = second().behind(one.address()).start();
    let pollers = Pollers::start(&builder(one.address()), &FIRST);
    pollers.wait_for(&FIRST, PollOutcome::Right);
    // Some requests run in circles. owserver may do anything with them, and may even end.
    one.restart_with(first().behind(other.address()));
    thread::sleep(Duration::from_secs(2));
    drop(other);
    one.restart_with(first());
    pollers.wait_for(&FIRST, PollOutcome::Right);
    pollers.finish();
}
