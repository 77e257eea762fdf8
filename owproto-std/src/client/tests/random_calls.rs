//! Calls of all kinds that begin, and are dropped, at random, with peers that answer, refuse, stall and break. In virtual
//! time, so that each seed gives the same run again.

use std::time::Duration;

use owproto_tests::path_server;
use owproto_tests::peer::Script;

use super::executor::{Tasks, block_on};
use super::scenario::*;
use super::virtual_time::{self as world, Client, perform};
use crate::{Builder, DirOptions};

/// Pseudorandom numbers (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()].clone()
    }
}

fn script(random: &mut Random) -> Script {
    let answers = usize::try_from(random.below(12)).unwrap();
    let peer = Script::new().respond(answers, random.one_of(&[0, 0, 1, 30]), path_server::answer);
    match random.below(8) {
        0 => Script::refuse(),
        1 => peer.serve(path_server::answer).accepted_after_ms(20),
        2 => peer.stall(),
        3 => peer.respond(1, 1, path_server::answer_without_persistence),
        4 => peer.read(30).reset(),
        5 => peer.read(30).send([0; 10]),
        6 => peer.read(30).send([255; 24]),
        _ => peer,
    }
}

/// A call and what it must return, if it does not fail.
fn call(random: &mut Random, number: usize) -> (Call, Outcome) {
    let path = random.one_of(&["/a", "/b", "/c", "/d"]);
    let own = gives(&format!("value of {path}"));
    match random.below(10) {
        // Each write is different.
        0 => (Call::Write(path, "x".repeat(number + 1).leak()), Outcome::Count(number + 1)),
        1 => (Call::Dir("/"), lists(&path_server::ENTRIES)),
        2 => (Call::Get(path), own),
        3 => (
            Call::ReadMany(vec!["/a", "/b"]),
            Outcome::Many(vec![gives("value of /a"), gives("value of /b")]),
        ),
        4 => (Call::Ping, Outcome::Done),
        _ => (Call::Read(path), own),
    }
}

fn run(seed: u64) {
    println!("seed {seed}");
    let mut random = Random(seed);
    let random = &mut random;
    let attempts: Vec<_> = (0..40).map(|_| script(random)).collect();
    world::reset(attempts, random.one_of(&[1, 7, usize::MAX]));
    if random.below(2) == 0 {
        world::yield_once();
    }
    let connections = random.one_of(&[1, 2, 5]);
    let builder = Builder::default().connections(connections).coalesce_reads(random.below(2) == 0);
    let client = Client::build(builder);
    let calls: Vec<_> = (0..30).map(|number| call(random, number)).collect();
    let mut tasks = Tasks::new();
    for (call, _) in &calls {
        let polls = random.one_of(&[usize::MAX, usize::MAX, 1, 2, 3, 5, 8]);
        let within = random.one_of(&[0, 0, 0, 1, 40, 500]);
        let begins = random.one_of(&[0, 0, 10, 40]);
        let client = client.with_timeout(Duration::from_millis(within));
        tasks.spawn_for_polls(polls, async move {
            world::sleep_ms(begins).await;
            let start = world::now();
            let outcome = perform(&client, Via::Client, call).await;
            // A timeout is at least a microsecond.
            let took = world::now() - start;
            assert!(
                within == 0 || took <= within * 1000 + 1,
                "{call:?} took {took} µs instead of {within} ms: {outcome:?}"
            );
            outcome
        });
    }
    for (end, (call, right)) in tasks.finish().into_iter().zip(&calls) {
        match end {
            None | Some((_, Outcome::Fails(_))) => {}
            Some((_, Outcome::Many(values))) => {
                let Outcome::Many(right) = right else { panic!("{call:?}") };
                let is_right = |(value, right)| value == right || matches!(value, &Outcome::Fails(_));
                assert!(values.iter().zip(right).all(is_right), "{values:?}");
            }
            Some((_, outcome)) => assert_eq!(outcome, *right, "{call:?}"),
        }
    }
    assert!(client.shared().is_unused(), "seed {seed}");
    assert_eq!(world::open_connections(), client.shared().pool.idle(), "seed {seed}");
    assert!(world::most_open() <= connections, "seed {seed}");
    let requests = world::requests().concat();
    for request in requests.iter().filter(|request| request.starts_with("WRITE")) {
        let times = requests.iter().filter(|other| *other == request).count();
        assert_eq!(times, 1, "{request} with seed {seed}");
    }
    // The client works after all this.
    client.close_connection();
    world::reset(vec![serving(); 9], usize::MAX);
    assert_eq!(block_on(client.read("/after")).unwrap(), path_server::value_of(b"/after"));
    assert!(
        block_on(client.dir_with("/", DirOptions::new()))
            .unwrap()
            .iter()
            .eq(path_server::ENTRIES.map(str::as_bytes))
    );
}

#[test]
fn random_calls_return_the_right_value_or_an_error() {
    for seed in 1..=1000_u64 {
        run(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    }
}
