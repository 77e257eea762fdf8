//! The table of scenarios over real sockets, with both clients.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use owproto_tests::peer::Peer;

use super::scenario::{Call, Outcome, Scenario, Via, perform_calls};
use super::scenario_table;
use crate::{Builder, DirOptions};

/// The longest time for a call. No peer pauses for longer than a second.
const LIMIT: Duration = Duration::from_secs(20);

/// A client over sockets, as the scenarios use it.
pub(super) trait SocketClient {
    fn build(builder: Builder) -> Self;
    fn perform(&self, via: Via, call: &Call) -> Outcome;
    fn idle_is_stale(&self) -> bool;
}

macro_rules! itself {
    ($value:expr) => {
        $value
    };
}

perform_calls!([] perform_blocking, crate::Client, itself);

impl SocketClient for crate::Client {
    fn build(builder: Builder) -> Self {
        builder.build()
    }

    fn perform(&self, via: Via, call: &Call) -> Outcome {
        perform_blocking(self, via, call)
    }

    fn idle_is_stale(&self) -> bool {
        self.shared().pool.all_idle_are_stale()
    }
}

#[cfg(feature = "tokio")]
pub(super) struct TokioClient {
    pub(super) client: crate::tokio::Client,
    pub(super) runtime: ::tokio::runtime::Runtime,
}

#[cfg(feature = "tokio")]
macro_rules! wait {
    ($future:expr) => {
        $future.await
    };
}

#[cfg(feature = "tokio")]
perform_calls!([async] perform_tokio, crate::tokio::Client, wait);

#[cfg(feature = "tokio")]
impl SocketClient for TokioClient {
    fn build(builder: Builder) -> Self {
        let runtime = ::tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { client: builder.build_tokio(), runtime }
    }

    fn perform(&self, via: Via, call: &Call) -> Outcome {
        self.runtime.block_on(perform_tokio(&self.client, via, call))
    }

    fn idle_is_stale(&self) -> bool {
        self.client.shared().pool.all_idle_are_stale()
    }
}

fn run<C: SocketClient>(scenario: &Scenario) {
    let peer = Peer::start(scenario.scripts.iter().cloned());
    // A long inactivity timeout, unless the scenario sets one: on a busy machine the peer may be slow.
    let builder = Builder::default().address(peer.address().into()).inactivity_timeout(LIMIT);
    let client = C::build((scenario.client)(builder));
    for (number, step) in scenario.steps.iter().enumerate() {
        let start = Instant::now();
        if let Call::PassTime | Call::WaitUntilStale = step.call {
            while matches!(step.call, Call::WaitUntilStale) && !client.idle_is_stale() {
                assert!(start.elapsed() < LIMIT, "step {number}: the idle connection is not stale");
                thread::sleep(Duration::from_millis(1));
            }
            // The client checks a connection only after it was idle for a while.
            thread::sleep(Duration::from_millis(2));
            continue;
        }
        assert_eq!(client.perform(step.via, &step.call), step.gives, "step {number}: {:?}", step.call);
        assert!(start.elapsed() < LIMIT, "step {number} took {:?}", start.elapsed());
        let took = Duration::from_millis(step.takes_ms);
        assert!(start.elapsed() >= took, "step {number} took only {:?}", start.elapsed());
    }
    drop(client);
    let _ = peer.finish();
}

fn run_all<C: SocketClient>() {
    // Concurrently, since some wait for a timeout.
    thread::scope(|scope| {
        for scenario in scenario_table::all() {
            if !scenario.needs_virtual_time {
                let name = scenario.name.to_owned();
                thread::Builder::new().name(name).spawn_scoped(scope, move || run::<C>(&scenario)).unwrap();
            }
        }
    });
}

#[test]
fn all_scenarios_with_the_blocking_client() {
    run_all::<crate::Client>();
}

#[cfg(feature = "tokio")]
#[test]
fn all_scenarios_with_the_client_for_tokio() {
    run_all::<TokioClient>();
}

#[test]
fn each_scenario_has_a_name_of_its_own() {
    let all = scenario_table::all();
    let names: BTreeSet<_> = all.iter().map(|scenario| scenario.name).collect();
    assert_eq!(names.len(), all.len());
    assert!(all.len() > 60, "{}", all.len());
}
