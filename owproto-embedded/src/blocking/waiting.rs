//! Waiting without an executor.

use core::task::{Context, Poll, Waker};

use embedded_io::{Error, ErrorKind};
use owproto_core::time::Instant;

/// Polls `ready` until it returns `Ready` or the deadline has passed, and calls `idle` between two polls.
pub(super) fn poll_until<C: FnMut() -> Instant>(
    mut ready: impl FnMut(Instant, &mut Context<'_>) -> Poll<()>,
    deadline: Option<Instant>,
    clock: &mut C,
    mut idle: impl FnMut(),
) -> Option<()> {
    // No task sleeps here, so that there is none to be woken.
    let mut context = Context::from_waker(Waker::noop());
    loop {
        let now = clock();
        if ready(now, &mut context).is_ready() {
            return Some(());
        }
        if deadline.is_some_and(|deadline| now >= deadline) {
            return None;
        }
        idle();
    }
}

/// `None` if the transport stopped waiting by itself. With a deadline the caller tries again; without one, a timeout of
/// the transport is an error.
pub(super) fn none_if_timed_out<V, E: Error>(
    result: Result<V, E>,
    deadline: Option<Instant>,
) -> Result<Option<V>, E> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) => match error.kind() {
            ErrorKind::Interrupted => Ok(None),
            ErrorKind::TimedOut if deadline.is_some() => Ok(None),
            _ => Err(error),
        },
    }
}
