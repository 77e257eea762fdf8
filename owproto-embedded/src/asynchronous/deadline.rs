//! Waiting until a deadline, with a delay as the timer.

use core::future::poll_fn;
use core::pin::pin;
use core::task::{Context, Poll};

use embedded_hal_async::delay::DelayNs;
use owproto_core::time::{Duration, Instant};

/// The output of a future, or `None` if it has not completed at the deadline.
pub(super) async fn complete_before<F: Future, C: FnMut() -> Instant>(
    future: F,
    deadline: Option<Instant>,
    clock: &mut C,
    delay: &mut impl DelayNs,
) -> Option<F::Output> {
    let mut future = pin!(future);
    ready_before(|_, context| future.as_mut().poll(context), deadline, clock, delay).await
}

/// The output of `poll`, or `None` if it is still pending at the deadline.
pub(super) async fn ready_before<V, C: FnMut() -> Instant>(
    mut poll: impl FnMut(&mut C, &mut Context<'_>) -> Poll<V>,
    deadline: Option<Instant>,
    clock: &mut C,
    delay: &mut impl DelayNs,
) -> Option<V> {
    let Some(deadline) = deadline else {
        return Some(poll_fn(|context| poll(clock, context)).await);
    };
    loop {
        let left = deadline.saturating_since(clock());
        // One delay lasts at most 2³² µs, more than an hour.
        let micros = u32::try_from(left.as_micros()).unwrap_or(u32::MAX);
        let mut delay = pin!(delay.delay_us(micros));
        let output = poll_fn(|context| match poll(clock, context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == Duration::ZERO => Poll::Ready(None),
            Poll::Pending => delay.as_mut().poll(context).map(|()| None),
        });
        match output.await {
            Some(output) => return Some(output),
            None if left == Duration::ZERO => return None,
            // The delay is over, but it may have ended early: check the clock.
            None => {}
        }
    }
}
