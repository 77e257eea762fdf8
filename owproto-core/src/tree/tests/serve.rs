//! Serves a request of a test to the end of its answer.

use core::task::{Context, Waker};
use std::vec::Vec;

use crate::message::Request;
use crate::server::{Connection, End, Event, Step};
use crate::time::Instant;
use crate::tree::{Aliases, Bus, Job, Tree};

/// A connection whose transmit storage has `ROOM` bytes.
pub(in crate::tree) type TestConnection<const ROOM: usize> = Connection<[u8; ROOM], [u8; 4400]>;

/// A connection that has received a request.
pub(in crate::tree) fn connection_with<const ROOM: usize>(request: &Request<'_>) -> TestConnection<ROOM> {
    let mut buffer = [0; 256];
    connection_with_bytes(request.encode(&mut buffer).unwrap())
}

/// A connection that has received the bytes of a request.
pub(in crate::tree) fn connection_with_bytes<const ROOM: usize>(mut request: &[u8]) -> TestConnection<ROOM> {
    let mut connection = Connection::new([0; ROOM], [0; 4400]);
    assert_eq!(connection.handle_input(&mut request, Instant::ZERO), Event::Request);
    connection
}

/// The outcome of a request.
pub(in crate::tree) struct Served {
    /// All bytes that were sent.
    pub(in crate::tree) sent: Vec<u8>,
    /// How the connection ended.
    pub(in crate::tree) end: Option<End>,
    /// How often the bus was not ready.
    pub(in crate::tree) waits: usize,
}

/// Serves a request through a transmit storage of `ROOM` bytes. If the bus is not ready, it is called again. After the
/// first bytes are sent, `change` changes the tree.
pub(in crate::tree) fn serve<const ROOM: usize, B: Bus, A: Aliases>(
    tree: &mut Tree<B, A>,
    request: &Request<'_>,
    change: impl FnOnce(&mut Tree<B, A>),
) -> Served {
    serve_connection(tree, connection_with::<ROOM>(request), change)
}

/// As [`serve`], for a request that a connection has received.
pub(in crate::tree) fn serve_connection<const ROOM: usize, B: Bus, A: Aliases>(
    tree: &mut Tree<B, A>,
    mut connection: TestConnection<ROOM>,
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
    panic!("no end after 10,000 steps");
}
