//! The table of scenarios over real sockets, with both clients.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use owproto_tests::peer::Peer;

use super::scenario::{Call, Outcome, Scenario, Via, perform_calls};
use super::scenario_table;
use crate::{Builder, DirOptions};

/// How long a call may take at most. No peer pauses for longer than a second.
const LIMIT: Duration = Duration::from_secs(20);

/// A client over sockets, as the scenarios use it.
pub(super) trait SocketClient {
    fn build(builder: Builder) -> Self;
    fn perform(&self, via: Via, call: &Call) -> Outcome;
    fn idle_is_spoilt(&self) -> bool;
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

    fn idle_is_spoilt(&self) -> bool {
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

    fn idle_is_spoilt(&self) -> bool {
        self.client.shared().pool.all_idle_are_stale()
    }
}

fn run<C: SocketClient>(scenario: &Scenario) {
    let peer = Peer::start(scenario.scripts.iter().cloned());
    // Only where it is asked for, lest a busy machine be taken for a silent server.
    let builder = Builder::default().address(peer.address().into()).inactivity_timeout(LIMIT);
    let client = C::build((scenario.client)(builder));
    for (number, step) in scenario.steps.iter().enumerate() {
        let start = Instant::now();
        if let Call::PassTime | Call::WaitUntilStale = step.call {
            while matches!(step.call, Call::WaitUntilStale) && !client.idle_is_spoilt() {
                assert!(start.elapsed() < LIMIT, "step {number}: the idle connection is as good as ever");
                thread::sleep(Duration::from_millis(1));
            }
            // Time has to pass for the connection to count as idle.
            thread::sleep(Duration::from_millis(2));
            continue;
        }
        assert_eq!(client.perform(step.via, &step.call), step.gives, "step {number}: {:?}", step.call);
        assert!(start.elapsed() < LIMIT, "step {number} took {:?}", start.elapsed());
        let took = Duration::from_millis(step.takes_ms);
        assert!(start.elapsed() >= took, "step {number} took no more than {:?}", start.elapsed());
    }
    drop(client);
    let _ = peer.finish();
}

fn run_all<C: SocketClient>() {
    // Some wait for a timeout, so all run at the same time.
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
fn scenarios_of_the_blocking_client() {
    run_all::<crate::Client>();
}

#[cfg(feature = "tokio")]
#[test]
fn scenarios_of_the_client_for_tokio() {
    run_all::<TokioClient>();
}

#[test]
fn scenarios_have_names() {
    let all = scenario_table::all();
    let names: BTreeSet<_> = all.iter().map(|scenario| scenario.name).collect();
    assert_eq!(names.len(), all.len());
    assert!(all.len() > 60, "{}", all.len());
}
