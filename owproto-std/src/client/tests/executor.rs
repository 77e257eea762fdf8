//! Futures that run side by side in virtual time. Only those that were woken are polled, and the clock moves on when
//! there are none, so that a wake-up that gets lost shows.

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
    /// `None` if it has ended or was given up.
    future: Option<Pin<Box<dyn Future<Output = T> + 'a>>>,
    is_woken: Arc<Flag>,
    polls: usize,
    /// The number of polls after which it is given up.
    most_polls: usize,
    /// What it gave, and when.
    output: Option<(u64, T)>,
}

/// All futures of a test.
pub(super) struct Tasks<'a, T>(Vec<Task<'a, T>>);

impl<'a, T> Tasks<'a, T> {
    pub(super) fn new() -> Self {
        Self(Vec::new())
    }

    /// Begins one more. Tasks are numbered from 0 on.
    pub(super) fn spawn(&mut self, future: impl Future<Output = T> + 'a) {
        self.spawn_for_polls(usize::MAX, future);
    }

    /// As [`begin`](Self::begin), but it is dropped after so many polls.
    pub(super) fn spawn_for_polls(&mut self, most_polls: usize, future: impl Future<Output = T> + 'a) {
        self.0.push(Task {
            future: Some(Box::pin(future)),
            is_woken: Arc::new(Flag(AtomicBool::new(true))),
            polls: 0,
            most_polls,
            output: None,
        });
    }

    /// Lets all of them go on as far as they come without the passing of time. False if none has moved.
    pub(super) fn run_until_blocked(&mut self) -> bool {
        let mut has_moved = false;
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
                return has_moved;
            }
            has_moved = true;
        }
    }

    /// Runs all to their ends, and gives what each gave, and after how many microseconds. `None` for those given up.
    pub(super) fn finish(mut self) -> Vec<Option<(u64, T)>> {
        self.run_until_blocked();
        while self.0.iter().any(|task| task.future.is_some()) {
            assert!(world::pass_time(), "everybody waits, and nothing will happen");
            self.run_until_blocked();
        }
        self.0.into_iter().map(|task| task.output).collect()
    }
}

/// Runs a future to its end.
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    poll_times(usize::MAX, future).expect("it ends")
}

/// Polls a future so many times and drops it.
pub(super) fn poll_times<F: Future>(count: usize, future: F) -> Option<F::Output> {
    let mut tasks = Tasks::new();
    tasks.spawn_for_polls(count, future);
    let (_, output) = tasks.finish().pop()??;
    Some(output)
}
