//! Wakes tasks at a given time. Simulated devices take time, and the bus must work with any executor, so it has a thread for
//! it.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::thread;
use std::time::Instant;

/// Wakers and the times at which they are due. A thread, started by the first waker, uses them.
#[derive(Default)]
pub(super) struct Timers {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    /// By time, and by a number that makes each key unique.
    wakers: BTreeMap<(Instant, u64), Waker>,
    next_number: u64,
    has_thread: bool,
    is_dropped: bool,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs the thread.
    fn run(&self) {
        let mut queue = self.queue();
        while !queue.is_dropped {
            let now = Instant::now();
            queue = match queue.wakers.first_key_value() {
                None => self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner),
                Some((&(at, _), _)) if at > now => {
                    self.changed.wait_timeout(queue, at - now).unwrap_or_else(PoisonError::into_inner).0
                }
                Some(_) => {
                    let waker = queue.wakers.pop_first();
                    drop(queue);
                    if let Some((_, waker)) = waker {
                        waker.wake();
                    }
                    self.queue()
                }
            };
        }
    }
}

impl Timers {
    /// Calls a waker at the given time.
    pub(super) fn wake_at(&self, at: Instant, waker: &Waker) {
        let mut queue = self.shared.queue();
        let number = queue.next_number;
        queue.next_number += 1;
        // One call per task and time is enough.
        let is_known = queue.wakers.range((at, 0)..=(at, u64::MAX)).any(|(_, other)| other.will_wake(waker));
        if is_known {
            return;
        }
        queue.wakers.insert((at, number), waker.clone());
        if !queue.has_thread {
            let shared = self.shared.clone();
            let spawned = thread::Builder::new().name("owproto simulator".into()).spawn(move || shared.run());
            queue.has_thread = spawned.is_ok();
        }
        self.shared.changed.notify_one();
    }
}

impl Drop for Timers {
    fn drop(&mut self) {
        self.shared.queue().is_dropped = true;
        self.shared.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::task::Wake;
    use std::time::Duration;

    use super::*;

    struct Recorder(mpsc::Sender<Instant>);

    impl Wake for Recorder {
        fn wake(self: Arc<Self>) {
            let _ = self.0.send(Instant::now());
        }
    }

    #[test]
    fn wakers_are_called_in_the_order_of_their_times_and_dropped_with_the_timers() {
        let timers = Timers::default();
        let (sender, woken) = mpsc::channel();
        let waker = || Waker::from(Arc::new(Recorder(sender.clone())));
        let start = Instant::now();
        let due = [30, 10, 20].map(|ms| start + Duration::from_millis(ms));
        due.iter().for_each(|at| timers.wake_at(*at, &waker()));
        let mut sorted = due;
        sorted.sort();
        for at in sorted {
            assert!(woken.recv_timeout(Duration::from_secs(10)).unwrap() >= at);
        }
        timers.wake_at(start + Duration::from_secs(3600), &waker());
        drop(timers);
        drop(sender);
        // The thread ends, and drops the wakers that are left.
        assert_eq!(woken.recv_timeout(Duration::from_secs(10)), Err(mpsc::RecvTimeoutError::Disconnected));
    }
}
