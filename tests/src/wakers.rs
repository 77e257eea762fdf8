//! Futures that run in one task but have a waker each.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// The waker of one future of a task.
///
/// Joined futures are all polled whenever one of them is woken. On embassy-net that never ends: each poll of a socket wakes
/// the stack, and the stack wakes the sockets.
#[derive(Debug, Default)]
pub struct OwnWaker {
    was_woken: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl Wake for OwnWaker {
    fn wake(self: Arc<Self>) {
        self.was_woken.store(true, Ordering::Release);
        if let Some(task) = &*self.task.lock().unwrap_or_else(PoisonError::into_inner) {
            task.wake_by_ref();
        }
    }
}

/// Polls the future once, and then only after this waker was woken. The future is polled with this waker.
pub async fn poll_when_woken<F: Future>(own: Arc<OwnWaker>, future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(own.clone());
    own.was_woken.store(true, Ordering::Release);
    poll_fn(|context| {
        let mut task = own.task.lock().unwrap_or_else(PoisonError::into_inner);
        if !task.as_ref().is_some_and(|task| task.will_wake(context.waker())) {
            *task = Some(context.waker().clone());
        }
        drop(task);
        if own.was_woken.swap(false, Ordering::Acquire) {
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
    fn a_future_is_polled_only_after_its_own_waker_was_woken() {
        let wakers: [Arc<OwnWaker>; 2] = Default::default();
        let polls = [const { std::cell::Cell::new(0) }; 2];
        let count = |at: usize| {
            let polls = &polls[at];
            poll_fn(move |_| {
                polls.set(polls.get() + 1);
                Poll::<()>::Pending
            })
        };
        let mut both = pin!(async {
            tokio::join!(
                poll_when_woken(wakers[0].clone(), count(0)),
                poll_when_woken(wakers[1].clone(), count(1))
            );
        });
        let mut poll = || both.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending();
        assert!(poll() && poll());
        assert_eq!((polls[0].get(), polls[1].get()), (1, 1));
        wakers[1].clone().wake();
        assert!(poll() && poll());
        assert_eq!((polls[0].get(), polls[1].get()), (1, 2));
    }
}
