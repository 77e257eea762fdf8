use core::task::{Context, Poll};

use embedded_hal_async::delay::DelayNs;
use embedded_io_async::{Read, Write};
use owproto_core::time::Instant;

use super::Transport;
use super::deadline::{complete_before, ready_before};

/// A transport with a delay, such as `embassy_time::Delay`, so that deadlines are exact: a read, write or flush that has
/// not completed at its deadline is dropped.
///
/// For a read or a write this ends the connection, so that it does not matter how much it had transferred. A server drops
/// a flush when a keepalive is due, and starts another one after the keepalive.
#[derive(Clone, Copy, Debug)]
pub struct Timed<T, D> {
    pub(super) transport: T,
    pub(super) delay: D,
}

impl<T: Read + Write, D: DelayNs> Timed<T, D> {
    /// Adds `delay` to `transport`.
    pub const fn new(transport: T, delay: D) -> Self {
        Self { transport, delay }
    }
}

impl<T, D> Timed<T, D> {
    /// The wrapped transport.
    pub const fn transport(&mut self) -> &mut T {
        &mut self.transport
    }

    /// Returns transport and delay.
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
        complete_before(self.transport.read(buffer), deadline, clock, &mut self.delay).await.transpose()
    }

    async fn send<C: FnMut() -> Instant>(
        &mut self,
        bytes: &[u8],
        deadline: Option<Instant>,
        clock: &mut C,
    ) -> Result<Option<usize>, Self::Error> {
        complete_before(self.transport.write(bytes), deadline, clock, &mut self.delay).await.transpose()
    }

    async fn flush<C: FnMut() -> Instant>(
        &mut self,
        deadline: Option<Instant>,
        clock: &mut C,
    ) -> Result<Option<()>, Self::Error> {
        complete_before(self.transport.flush(), deadline, clock, &mut self.delay).await.transpose()
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
