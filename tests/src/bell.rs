//! Futures that live in one task and are polled one by one.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Who is rung for one future of a task.
///
/// Futures that are joined are all polled whenever one of them is woken. On embassy-net that never ends: each poll of a
/// socket wakes the stack, and that the sockets.
#[derive(Debug, Default)]
pub struct Bell {
    has_rung: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.has_rung.store(true, Ordering::Release);
        if let Some(task) = &*self.task.lock().unwrap_or_else(PoisonError::into_inner) {
            task.wake_by_ref();
        }
    }
}

/// The future, which is polled at first and whenever the bell has rung, which is its waker.
pub async fn when_rung<F: Future>(bell: Arc<Bell>, future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(bell.clone());
    bell.has_rung.store(true, Ordering::Release);
    poll_fn(|context| {
        let mut task = bell.task.lock().unwrap_or_else(PoisonError::into_inner);
        if !task.as_ref().is_some_and(|task| task.will_wake(context.waker())) {
            *task = Some(context.waker().clone());
        }
        drop(task);
        if bell.has_rung.swap(false, Ordering::Acquire) {
            future.as_mut().poll(&mut Context::from_waker(&waker))
        } else {
            Poll::Pending
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_polled_only_when_its_bell_has_rung() {
        let bells: [Arc<Bell>; 2] = Default::default();
        let polls = [const { std::cell::Cell::new(0) }; 2];
        let count = |at: usize| {
            let polls = &polls[at];
            poll_fn(move |_| {
                polls.set(polls.get() + 1);
                Poll::<()>::Pending
            })
        };
        let mut both = pin!(async {
            tokio::join!(when_rung(bells[0].clone(), count(0)), when_rung(bells[1].clone(), count(1)));
        });
        let mut poll = || both.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending();
        assert!(poll() && poll());
        assert_eq!((polls[0].get(), polls[1].get()), (1, 1));
        bells[1].clone().wake();
        assert!(poll() && poll());
        assert_eq!((polls[0].get(), polls[1].get()), (1, 2));
    }
}
