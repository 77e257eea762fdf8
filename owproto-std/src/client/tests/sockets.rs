//! The table of scenarios over real sockets, with both clients.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use owproto_tests::peer::{self, Script};

use super::scenario::{Act, Call, Outcome, Peer, Scenario, Via, describe, performer};
use super::table;
use crate::{Builder, DirOptions};

/// How long a call may take at most. No peer pauses for longer than a second.
const LIMIT: Duration = Duration::from_secs(20);

impl From<&Peer> for Script {
    fn from(peer: &Peer) -> Self {
        peer.acts.iter().fold(Self::new(), |script, act| match act {
            Act::Take => script.read_request(),
            Act::TakeBytes(count) => script.read(*count),
            Act::Send(bytes) => script.send(bytes),
            Act::Pause(millis) => script.pause(Duration::from_millis(*millis)),
            Act::Silence => script.stall(),
            Act::Reset => script.reset(),
            Act::Serve | Act::Answer { .. } | Act::Full => unreachable!("only in virtual time"),
        })
    }
}

/// A client over sockets, as the scenarios use it.
pub(super) trait OverSockets {
    fn build(builder: Builder) -> Self;
    fn perform(&self, via: Via, call: &Call) -> Outcome;
    fn idle_is_spoilt(&self) -> bool;
}

macro_rules! itself {
    ($value:expr) => {
        $value
    };
}

performer!([] perform_blocking, crate::Client, itself);

impl OverSockets for crate::Client {
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
pub(super) struct OnTokio {
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
performer!([async] perform_tokio, crate::tokio::Client, wait);

#[cfg(feature = "tokio")]
impl OverSockets for OnTokio {
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

fn run<C: OverSockets>(scenario: &Scenario) {
    let peer = peer::Peer::start(scenario.peers.iter().map(Script::from));
    // Only where it is asked for, lest a busy machine be taken for a silent server.
    let builder = Builder::default().address(peer.address().into()).inactivity_timeout(LIMIT);
    let client = C::build((scenario.client)(builder));
    for (number, step) in scenario.steps.iter().enumerate() {
        let start = Instant::now();
        if let Call::Rest | Call::IdleSpoilt = step.call {
            while matches!(step.call, Call::IdleSpoilt) && !client.idle_is_spoilt() {
                assert!(start.elapsed() < LIMIT, "step {number}: the idle connection is as good as ever");
                thread::sleep(Duration::from_millis(1));
            }
            // Time has to pass for the connection to count as idle.
            thread::sleep(Duration::from_millis(2));
            continue;
        }
        assert_eq!(client.perform(step.via, &step.call), step.gives, "step {number}: {:?}", step.call);
        assert!(start.elapsed() < LIMIT, "step {number} took {:?}", start.elapsed());
        let took = Duration::from_millis(step.took);
        assert!(start.elapsed() >= took, "step {number} took no more than {:?}", start.elapsed());
    }
    drop(client);
    let requests: Vec<Vec<String>> = peer
        .finish()
        .iter()
        .map(|record| record.requests.iter().map(|request| describe(request)).collect())
        .collect();
    let expected: Vec<_> = scenario.peers.iter().map(|peer| peer.requests.clone()).collect();
    assert_eq!(requests, expected);
}

fn run_all<C: OverSockets>() {
    // Some wait for a timeout, so all run at the same time.
    thread::scope(|scope| {
        for scenario in table::all() {
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
    run_all::<OnTokio>();
}

#[test]
fn scenarios_have_names() {
    let all = table::all();
    let names: BTreeSet<_> = all.iter().map(|scenario| scenario.name).collect();
    assert_eq!(names.len(), all.len());
    assert!(all.len() > 60, "{}", all.len());
}
