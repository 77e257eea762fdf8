use core::future::poll_fn;
use core::pin::pin;
use core::task::{Context, Poll};

use embedded_hal_async::delay::DelayNs;
use embedded_io_async::{Read, Write};
use owproto_core::time::{Duration, Instant};

/// A connected byte stream, as client and server see it.
///
/// Everything that is `Read` and `Write` is one; [`Timed`] makes one that keeps deadlines. Implement it for a transport
/// with its own way to wait.
#[allow(
    async_fn_in_trait,
    reason = "as in embedded-io-async: executors of firmware move no futures between threads"
)]
pub trait Transport {
    /// The transport's own error.
    type Error;

    /// Reads what is there, at least a byte; 0 at the end. `None` if nothing came before `deadline`, or earlier: the
    /// caller looks at the clock and asks again.
    ///
    /// # Errors
    /// The transport's own: the connection has ended.
    async fn receive<C: FnMut() -> Instant>(
        &mut self,
        buffer: &mut [u8],
        deadline: Option<Instant>,
        clock: &mut C,
    ) -> Result<Option<usize>, Self::Error>;

    /// Takes at least one of `bytes`. `None` as in [`receive`](Self::receive).
    ///
    /// # Errors
    /// The transport's own: the connection has ended.
    async fn send<C: FnMut() -> Instant>(
        &mut self,
        bytes: &[u8],
        deadline: Option<Instant>,
        clock: &mut C,
    ) -> Result<Option<usize>, Self::Error>;

    /// Sees to it that what was taken is sent. `None` as in [`receive`](Self::receive).
    ///
    /// # Errors
    /// The transport's own: the connection has ended.
    async fn flush<C: FnMut() -> Instant>(
        &mut self,
        deadline: Option<Instant>,
        clock: &mut C,
    ) -> Result<Option<()>, Self::Error>;

    /// Whether a read would not wait. False where that cannot be told.
    ///
    /// # Errors
    /// The transport's own: the connection has ended.
    fn has_input(&mut self) -> Result<bool, Self::Error> {
        Ok(false)
    }

    /// Waits, for a server, until `ready` is, which is told the time and has the waker of the task. `None` as in
    /// [`receive`](Self::receive).
    ///
    /// It need not look at the transport. Without an implementation of its own it notices a deadline only when the
    /// task is woken for another reason.
    async fn wait<C: FnMut() -> Instant>(
        &mut self,
        mut ready: impl FnMut(Instant, &mut Context<'_>) -> Poll<()>,
        deadline: Option<Instant>,
        clock: &mut C,
    ) -> Option<()> {
        poll_fn(|context| {
            let now = clock();
            match ready(now, context) {
                Poll::Ready(()) => Poll::Ready(Some(())),
                Poll::Pending if deadline.is_some_and(|deadline| now >= deadline) => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }
}

impl<T: Read + Write> Transport for T {
    type Error = T::Error;

    async fn receive<C: FnMut() -> Instant>(
        &mut self,
        buffer: &mut [u8],
        _deadline: Option<Instant>,
        _clock: &mut C,
    ) -> Result<Option<usize>, Self::Error> {
        self.read(buffer).await.map(Some)
    }

    async fn send<C: FnMut() -> Instant>(
        &mut self,
        bytes: &[u8],
        _deadline: Option<Instant>,
        _clock: &mut C,
    ) -> Result<Option<usize>, Self::Error> {
        self.write(bytes).await.map(Some)
    }

    async fn flush<C: FnMut() -> Instant>(
        &mut self,
        _deadline: Option<Instant>,
        _clock: &mut C,
    ) -> Result<Option<()>, Self::Error> {
        Write::flush(self).await.map(Some)
    }
}

/// A transport with a delay beside it, such as `embassy_time::Delay`, so that deadlines are kept exactly: reads, writes
/// and flushes are dropped when their time is over.
///
/// For a read or a write that is the end of the connection, so it does not matter what it had taken. A flush of a server
/// is dropped when a keepalive is due, and begun again behind it.
#[derive(Clone, Copy, Debug)]
pub struct Timed<T, D> {
    pub(super) transport: T,
    pub(super) delay: D,
}

impl<T: Read + Write, D: DelayNs> Timed<T, D> {
    /// Puts `delay` beside `transport`.
    pub const fn new(transport: T, delay: D) -> Self {
        Self { transport, delay }
    }
}

impl<T, D> Timed<T, D> {
    /// The transport below.
    pub const fn transport(&mut self) -> &mut T {
        &mut self.transport
    }

    /// Gives transport and delay back.
    pub fn into_parts(self) -> (T, D) {
        (self.transport, self.delay)
    }
}

impl<T: Read + Write, D: DelayNs> Transport for Timed<T, D> {
    type Error = T::Error;

    async fn receive<C: FnMut() -> Instant>(
        &mut self,
        buffer: &mut [u8],
        deadline: Option<Instant>,
        clock: &mut C,
    ) -> Result<Option<usize>, Self::Error> {
        before(self.transport.read(buffer), deadline, clock, &mut self.delay).await.transpose()
    }

    async fn send<C: FnMut() -> Instant>(
        &mut self,
        bytes: &[u8],
        deadline: Option<Instant>,
        clock: &mut C,
    ) -> Result<Option<usize>, Self::Error> {
        before(self.transport.write(bytes), deadline, clock, &mut self.delay).await.transpose()
    }

    async fn flush<C: FnMut() -> Instant>(
        &mut self,
        deadline: Option<Instant>,
        clock: &mut C,
    ) -> Result<Option<()>, Self::Error> {
        before(self.transport.flush(), deadline, clock, &mut self.delay).await.transpose()
    }

    async fn wait<C: FnMut() -> Instant>(
        &mut self,
        mut ready: impl FnMut(Instant, &mut Context<'_>) -> Poll<()>,
        deadline: Option<Instant>,
        clock: &mut C,
    ) -> Option<()> {
        ready_before(|clock, context| ready(clock(), context), deadline, clock, &mut self.delay).await
    }
}

/// The output of a future, or `None` if it is not there at the deadline.
pub(super) async fn before<F: Future, C: FnMut() -> Instant>(
    future: F,
    deadline: Option<Instant>,
    clock: &mut C,
    delay: &mut impl DelayNs,
) -> Option<F::Output> {
    let mut future = pin!(future);
    ready_before(|_, context| future.as_mut().poll(context), deadline, clock, delay).await
}

/// What `poll` gives, or `None` if that is not there at the deadline.
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
        // Rather more than an hour at once.
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
            // Perhaps it was woken early: the clock decides.
            None => {}
        }
    }
}
