//! Wakers that are due at a moment. Simulated devices take their time, and no executor is asked to measure it.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::thread;
use std::time::Instant;

/// Wakes tasks in due time, by a thread of its own that is there once it is needed.
#[derive(Default)]
pub(super) struct Sleepers {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    /// By moment, and by a number that makes each different.
    wakers: BTreeMap<(Instant, u64), Waker>,
    next: u64,
    has_thread: bool,
    is_over: bool,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the thread does.
    fn run(&self) {
        let mut queue = self.queue();
        while !queue.is_over {
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

impl Sleepers {
    /// Has a waker used at a moment.
    pub(super) fn wake_at(&self, at: Instant, waker: &Waker) {
        let mut queue = self.shared.queue();
        let number = queue.next;
        queue.next += 1;
        // Nobody is woken twice for the same moment.
        let same = queue.wakers.range((at, 0)..=(at, u64::MAX)).any(|(_, other)| other.will_wake(waker));
        if same {
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

impl Drop for Sleepers {
    fn drop(&mut self) {
        self.shared.queue().is_over = true;
        self.shared.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::task::Wake;
    use std::time::Duration;

    use super::*;

    struct Told(mpsc::Sender<Instant>);

    impl Wake for Told {
        fn wake(self: Arc<Self>) {
            let _ = self.0.send(Instant::now());
        }
    }

    #[test]
    fn wakers_are_used_in_due_time_and_in_order() {
        let sleepers = Sleepers::default();
        let (sender, told) = mpsc::channel();
        let waker = || Waker::from(Arc::new(Told(sender.clone())));
        let start = Instant::now();
        let due = [30, 10, 20].map(|ms| start + Duration::from_millis(ms));
        due.iter().for_each(|at| sleepers.wake_at(*at, &waker()));
        let mut sorted = due;
        sorted.sort();
        for at in sorted {
            assert!(told.recv_timeout(Duration::from_secs(10)).unwrap() >= at);
        }
        sleepers.wake_at(start + Duration::from_secs(3600), &waker());
        drop(sleepers);
        drop(sender);
        // The thread ends and lets go of what waited.
        assert_eq!(told.recv_timeout(Duration::from_secs(10)), Err(mpsc::RecvTimeoutError::Disconnected));
    }
}
