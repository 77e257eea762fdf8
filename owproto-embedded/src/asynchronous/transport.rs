use core::future::poll_fn;
use core::task::{Context, Poll};

use embedded_io_async::{Read, Write};
use owproto_core::time::Instant;

/// A connected byte stream, as the client and the server use it.
///
/// Every `Read + Write` is a `Transport`; [`Timed`](super::Timed) also keeps deadlines. Implement it for a transport
/// that has another way to wait.
///
/// Methods return `None` if they could do nothing before `deadline`. They may do so earlier: the caller looks at the
/// clock and calls again.
#[allow(
    async_fn_in_trait,
    reason = "as in embedded-io-async: executors of firmware move no futures between threads"
)]
pub trait Transport {
    /// The transport's own error.
    type Error;

    /// Waits for bytes and reads them: at least one, or 0 at the end of the stream.
    ///
    /// # Errors
    /// The transport failed, which ends the connection.
    async fn receive<C: FnMut() -> Instant>(
        &mut self,
        buffer: &mut [u8],
        deadline: Option<Instant>,
        clock: &mut C,
    ) -> Result<Option<usize>, Self::Error>;

    /// Accepts at least one of `bytes` for sending, and returns how many.
    ///
    /// # Errors
    /// The transport failed, which ends the connection.
    async fn send<C: FnMut() -> Instant>(
        &mut self,
        bytes: &[u8],
        deadline: Option<Instant>,
        clock: &mut C,
    ) -> Result<Option<usize>, Self::Error>;

    /// Sends the bytes that it has accepted.
    ///
    /// # Errors
    /// The transport failed, which ends the connection.
    async fn flush<C: FnMut() -> Instant>(
        &mut self,
        deadline: Option<Instant>,
        clock: &mut C,
    ) -> Result<Option<()>, Self::Error>;

    /// Whether a read would return without waiting. `false` if the transport does not know.
    ///
    /// # Errors
    /// The transport failed, which ends the connection.
    fn has_input(&mut self) -> Result<bool, Self::Error> {
        Ok(false)
    }

    /// Waits until `ready` returns `Ready`, calling it with the current time whenever the task is woken. Only servers
    /// call this.
    ///
    /// It need not check the transport. The default implementation notices a deadline only when something else wakes
    /// the task.
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
