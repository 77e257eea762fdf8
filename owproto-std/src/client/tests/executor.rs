//! An executor in virtual time. It polls only futures that were woken, and moves the clock when there are none, so that a
//! lost wake-up shows as a test that fails.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use super::virtual_time as world;

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

struct Task<'a, T> {
    /// `None` if it has ended or was dropped.
    future: Option<Pin<Box<dyn Future<Output = T> + 'a>>>,
    is_woken: Arc<Flag>,
    polls: usize,
    /// The number of polls after which it is dropped.
    most_polls: usize,
    /// Its output, and when it ended, in microseconds.
    output: Option<(u64, T)>,
}

/// The futures of a test.
pub(super) struct Tasks<'a, T>(Vec<Task<'a, T>>);

impl<'a, T> Tasks<'a, T> {
    pub(super) fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a future.
    pub(super) fn spawn(&mut self, future: impl Future<Output = T> + 'a) {
        self.spawn_for_polls(usize::MAX, future);
    }

    /// As [`spawn`](Self::spawn), but drops the future after this number of polls.
    pub(super) fn spawn_for_polls(&mut self, most_polls: usize, future: impl Future<Output = T> + 'a) {
        self.0.push(Task {
            future: Some(Box::pin(future)),
            is_woken: Arc::new(Flag(AtomicBool::new(true))),
            polls: 0,
            most_polls,
            output: None,
        });
    }

    /// Runs all futures until each waits for the time to pass. Returns whether any was polled or dropped.
    pub(super) fn run_until_blocked(&mut self) -> bool {
        let mut any_moved = false;
        loop {
            let mut moves = false;
            for task in &mut self.0 {
                let Some(future) = &mut task.future else { continue };
                if task.polls >= task.most_polls {
                    (task.future, moves) = (None, true);
                } else if task.is_woken.0.swap(false, Ordering::SeqCst) {
                    (task.polls, moves) = (task.polls + 1, true);
                    let waker = Waker::from(Arc::clone(&task.is_woken));
                    if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                        (task.future, task.output) = (None, Some((world::now(), output)));
                    }
                }
            }
            if !moves {
                return any_moved;
            }
            any_moved = true;
        }
    }

    /// Runs all futures to their ends, and returns the output of each with the time at which it ended, in microseconds.
    /// `None` for those that were dropped.
    pub(super) fn finish(mut self) -> Vec<Option<(u64, T)>> {
        self.run_until_blocked();
        while self.0.iter().any(|task| task.future.is_some()) {
            assert!(world::pass_time(), "all futures wait, and no timer runs");
            self.run_until_blocked();
        }
        self.0.into_iter().map(|task| task.output).collect()
    }
}

/// Runs a future to its end.
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    poll_times(usize::MAX, future).expect("only a limit of polls drops a future")
}

/// Polls a future this number of times at most, and drops it then.
pub(super) fn poll_times<F: Future>(count: usize, future: F) -> Option<F::Output> {
    let mut tasks = Tasks::new();
    tasks.spawn_for_polls(count, future);
    let (_, output) = tasks.finish().pop()??;
    Some(output)
}
