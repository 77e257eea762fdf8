//! How the tests of the tree have a request answered.

use core::task::{Context, Waker};
use std::vec::Vec;

use crate::message::Request;
use crate::server::{Connection, End, Event, Step};
use crate::time::Instant;
use crate::tree::{Aliases, Bus, Job, Tree};

/// A connection with so much room for the answer.
pub(in crate::tree) type Asked<const ROOM: usize> = Connection<[u8; ROOM], [u8; 4400]>;

/// A connection that has taken a request.
pub(in crate::tree) fn asked<const ROOM: usize>(request: &Request<'_>) -> Asked<ROOM> {
    let mut buffer = [0; 256];
    asked_in_bytes(request.encode(&mut buffer).unwrap())
}

/// A connection that has taken the bytes of a request.
pub(in crate::tree) fn asked_in_bytes<const ROOM: usize>(mut request: &[u8]) -> Asked<ROOM> {
    let mut connection = Connection::new([0; ROOM], [0; 4400]);
    assert_eq!(connection.handle_input(&mut request, Instant::ZERO), Event::Request);
    connection
}

/// What came of a request.
pub(in crate::tree) struct Served {
    /// All that was sent.
    pub(in crate::tree) sent: Vec<u8>,
    /// How the connection ended.
    pub(in crate::tree) end: Option<End>,
    /// How often the bus was not ready.
    pub(in crate::tree) waits: usize,
}

/// Serves a request through so much room; who is not ready is asked again. `change` has its turn when the first bytes
/// have gone out.
pub(in crate::tree) fn serve<const ROOM: usize, B: Bus, A: Aliases>(
    tree: &mut Tree<B, A>,
    request: &Request<'_>,
    change: impl FnOnce(&mut Tree<B, A>),
) -> Served {
    answer(tree, asked::<ROOM>(request), change)
}

/// As [`serve`], for a request that a connection has taken.
pub(in crate::tree) fn answer<const ROOM: usize, B: Bus, A: Aliases>(
    tree: &mut Tree<B, A>,
    mut connection: Asked<ROOM>,
    change: impl FnOnce(&mut Tree<B, A>),
) -> Served {
    let (mut job, mut sent, mut waits, mut change) = (Job::new(), Vec::new(), 0, Some(change));
    for _ in 0..10_000 {
        match connection.step() {
            Step::Answer => {
                let mut context = Context::from_waker(Waker::noop());
                let served = tree.serve(&mut connection, &mut job, Instant::ZERO, &mut context);
                waits += usize::from(served.is_pending());
            }
            Step::Write => {
                sent.extend_from_slice(connection.poll_transmit());
                connection.handle_transmitted(usize::MAX, Instant::ZERO);
                if let Some(change) = change.take() {
                    change(tree);
                }
            }
            Step::Read | Step::Close => return Served { sent, end: connection.end(), waits },
        }
    }
    panic!("neither an answer nor an end");
}
