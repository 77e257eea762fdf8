//! Life with a real owserver: it stops, ends, comes back with other devices, is full, slow, behind another one, or in a
//! loop, while threads and tasks poll it. Each answer is known beforehand, so that none can be that of another one.

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

/// How long it may take until something has happened to every poller.
const DEADLINE: Duration = Duration::from_secs(30);

const THREADS: usize = 4;
const TASKS: usize = 8;

/// Between two polls, so that what fails at once does not fill the machine.
const PAUSE: Duration = Duration::from_millis(2);

/// A path, and the value there if there is one.
type Known = (&'static str, &'static str);

const FIRST: [Known; 3] = [
    ("/10.000010EF0000/temperature", "         1.6"),
    ("/28.000028D70100/temperature", "         4.1"),
    ("/28.000028D70100/address", "28000028D70100D5"),
];

/// Those of other devices.
const SECOND: [Known; 2] = [("/26.000026D90000/family", "26"), ("/20.000020DF0100/family", "20")];

fn first() -> ServerBuilder {
    Owserver::builder().tester("10,28")
}

fn second() -> ServerBuilder {
    Owserver::builder().tester("26,20")
}

/// What a poll can come to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Came {
    Right,
    Refused,
    TimedOut,
    NoConnection,
    Lost,
}

/// What came of the polls of one poller, for each path.
type Tally = BTreeMap<(&'static str, Came), u64>;

/// Threads and tasks that poll until they are dropped.
struct Pollers {
    tallies: Vec<Arc<Mutex<Tally>>>,
    is_over: Arc<Mutex<bool>>,
    threads: Vec<JoinHandle<()>>,
}

/// Counts a poll. It must give what is known, or an error that a caller can do something about.
fn count(tally: &Mutex<Tally>, (path, value): Known, read: Result<Vec<u8>, Error>) {
    let came = match read {
        Ok(read) => {
            assert_eq!(String::from_utf8_lossy(&read), value, "{path}");
            Came::Right
        }
        Err(Error::Server { .. }) => Came::Refused,
        Err(error) if error.is_timeout() => Came::TimedOut,
        Err(Error::Connect { .. }) => Came::NoConnection,
        Err(Error::Io { error, .. } | Error::Connection { error, .. }) => {
            let is_end = matches!(
                error,
                ConnectionError::Closed | ConnectionError::Truncated | ConnectionError::Stale
            );
            assert!(is_end, "{path}: {error:?}");
            Came::Lost
        }
        Err(error) => panic!("{path}: {error:?}"),
    };
    *tally.lock().unwrap().entry((path, came)).or_default() += 1;
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

    /// Waits until something has come, from now on, to every poller at each of these paths.
    fn wait_for(&self, known: &[Known], came: Came) {
        let counts = || -> Vec<u64> {
            let of = |tally: &Arc<Mutex<Tally>>| {
                let tally = tally.lock().unwrap();
                known
                    .iter()
                    .map(|(path, _)| tally.get(&(*path, came)).copied().unwrap_or(0))
                    .collect::<Vec<_>>()
            };
            self.tallies.iter().flat_map(of).collect()
        };
        let (before, start) = (counts(), Instant::now());
        // The first one may have been on its way.
        while !counts().iter().zip(&before).all(|(now, before)| *now >= before + 2) {
            let has_failed = self.threads.iter().any(JoinHandle::is_finished);
            assert!(
                !has_failed && start.elapsed() < DEADLINE,
                "no {came:?} for all: {before:?}, {:?}",
                counts()
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends, and gives what came of all polls.
    fn finish(self) -> BTreeMap<Came, u64> {
        *self.is_over.lock().unwrap() = true;
        for thread in self.threads {
            thread.join().expect("a poller has failed");
        }
        let mut all = BTreeMap::new();
        for tally in &self.tallies {
            for ((_, came), count) in &*tally.lock().unwrap() {
                *all.entry(*came).or_default() += count;
            }
        }
        let test = thread::current().name().unwrap_or_default().to_owned();
        print_always(&format!("{test}: {all:?}"));
        all
    }
}

fn only(all: &BTreeMap<Came, u64>, allowed: &[Came]) {
    assert!(all.keys().all(|came| allowed.contains(came)), "{all:?} instead of {allowed:?}");
}

fn builder(address: SocketAddr) -> Builder {
    let limit = Duration::from_millis(300);
    Client::builder().address(address.into()).connections(3).inactivity_timeout(limit).connect_timeout(limit)
}

/// With time enough for a busy machine, where nothing has to time out.
fn patient(address: SocketAddr) -> Builder {
    builder(address).inactivity_timeout(DEADLINE).connect_timeout(DEADLINE)
}

#[test]
fn stopped_and_continued() {
    let mut server = first().start();
    let pollers = Pollers::start(&builder(server.address()), &FIRST);
    for _ in 0..2 {
        pollers.wait_for(&FIRST, Came::Right);
        server.pause();
        pollers.wait_for(&FIRST[..1], Came::TimedOut);
        server.resume();
    }
    pollers.wait_for(&FIRST, Came::Right);
    only(&pollers.finish(), &[Came::Right, Came::TimedOut]);
}

#[test]
fn killed_and_started_again() {
    let mut server = first().start();
    let pollers = Pollers::start(&patient(server.address()), &FIRST);
    for _ in 0..3 {
        pollers.wait_for(&FIRST, Came::Right);
        server.kill();
        pollers.wait_for(&FIRST, Came::NoConnection);
        server.restart();
        pollers.wait_for(&FIRST, Came::Right);
        // So fast that nobody need notice.
        server.restart();
    }
    pollers.wait_for(&FIRST, Came::Right);
    only(&pollers.finish(), &[Came::Right, Came::NoConnection, Came::Lost]);
}

#[test]
fn started_again_with_other_devices() {
    let mut server = first().start();
    let known = [&FIRST[..], &SECOND].concat();
    let pollers = Pollers::start(&patient(server.address()), &known);
    for _ in 0..2 {
        pollers.wait_for(&FIRST, Came::Right);
        pollers.wait_for(&SECOND, Came::Refused);
        server.restart_with(second());
        pollers.wait_for(&SECOND, Came::Right);
        pollers.wait_for(&FIRST, Came::Refused);
        server.restart_with(first());
    }
    pollers.wait_for(&FIRST, Came::Right);
    only(&pollers.finish(), &[Came::Right, Came::Refused, Came::NoConnection, Came::Lost]);
}

#[test]
fn more_clients_than_places() {
    let server = first().start();
    // 24 connections want one of 20 places.
    let pollers: Vec<_> = (0..4).map(|_| Pollers::start(&patient(server.address()), &FIRST)).collect();
    for pollers in &pollers {
        pollers.wait_for(&FIRST, Came::Right);
        pollers.wait_for(&FIRST, Came::Right);
    }
    for pollers in pollers {
        only(&pollers.finish(), &[Came::Right]);
    }
}

#[test]
fn so_slow_that_it_says_that_it_is_at_work() {
    // Twice as slow as the longest silence that is endured.
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
    pollers.wait_for(&[(path, "")], Came::Right);
    only(&pollers.finish(), &[Came::Right]);
}

#[test]
fn behind_another_one() {
    let mut back = first().start();
    let front = Owserver::builder().behind(back.address()).start();
    let patient = patient(front.address());
    let pollers = Pollers::start(&patient, &FIRST);
    for _ in 0..2 {
        pollers.wait_for(&FIRST, Came::Right);
        back.kill();
        // The one in front may still know some values.
        pollers.wait_for(&FIRST[2..], Came::Refused);
        back.restart();
    }
    pollers.wait_for(&FIRST, Came::Right);
    // Connections to the one in front are not touched.
    only(&pollers.finish(), &[Came::Right, Came::Refused]);
}

#[test]
fn in_a_loop() {
    let mut one = first().start();
    let other = second().behind(one.address()).start();
    let pollers = Pollers::start(&builder(one.address()), &FIRST);
    pollers.wait_for(&FIRST, Came::Right);
    // Some requests run in circles; what owserver makes of that is its own matter, even if it ends.
    one.restart_with(first().behind(other.address()));
    thread::sleep(Duration::from_secs(2));
    drop(other);
    one.restart_with(first());
    pollers.wait_for(&FIRST, Came::Right);
    pollers.finish();
}
