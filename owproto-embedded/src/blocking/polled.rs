use core::task::{Context, Poll};

use embedded_io::{Read, ReadReady, Write};
use owproto_core::time::Instant;

use super::Transport;
use super::waiting::{none_if_timed_out, poll_until};

/// A transport that reads only when bytes are available, so that deadlines are exact.
///
/// While it waits, it calls `idle` repeatedly. `idle` may sleep until the next interrupt, feed a watchdog, or drive the
/// network stack, and has to return before the deadline; [`core::hint::spin_loop`] is enough.
///
/// A client over it notices before each call whether the server has closed the idle connection. If so, it sends nothing,
/// and the call returns [`Error::Ended`](crate::Error::Ended).
#[derive(Clone, Copy, Debug)]
pub struct Polled<T, I> {
    transport: T,
    idle: I,
}

impl<T: Read + Write + ReadReady, I: FnMut()> Polled<T, I> {
    /// Polls `transport`, and calls `idle` between two polls.
    pub const fn new(transport: T, idle: I) -> Self {
        Self { transport, idle }
    }
}

impl<T, I> Polled<T, I> {
    /// The wrapped transport.
    pub const fn transport(&mut self) -> &mut T {
        &mut self.transport
    }

    /// Returns the wrapped transport.
    pub fn into_inner(self) -> T {
        self.transport
    }
}

impl<T: Read + Write + ReadReady, I: FnMut()> Transport for Polled<T, I> {
    type Error = T::Error;

    fn receive<C: FnMut() -> Instant>(
        &mut self,
        buffer: &mut [u8],
        deadline: Option<Instant>,
        clock: &mut C,
    ) -> Result<Option<usize>, Self::Error> {
        // Bytes that are already there count, even after the deadline.
        while !self.transport.read_ready()? {
            if deadline.is_some_and(|deadline| clock() >= deadline) {
                return Ok(None);
            }
            (self.idle)();
        }
        none_if_timed_out(self.transport.read(buffer), deadline)
    }

    fn send<C: FnMut() -> Instant>(
        &mut self,
        bytes: &[u8],
        deadline: Option<Instant>,
        _clock: &mut C,
    ) -> Result<Option<usize>, Self::Error> {
        none_if_timed_out(self.transport.write(bytes), deadline)
    }

    fn flush<C: FnMut() -> Instant>(
        &mut self,
        deadline: Option<Instant>,
        _clock: &mut C,
    ) -> Result<Option<()>, Self::Error> {
        none_if_timed_out(self.transport.flush(), deadline)
    }

    fn has_input(&mut self) -> Result<bool, Self::Error> {
        self.transport.read_ready()
    }

    fn wait<C: FnMut() -> Instant>(
        &mut self,
        ready: impl FnMut(Instant, &mut Context<'_>) -> Poll<()>,
        deadline: Option<Instant>,
        clock: &mut C,
    ) -> Option<()> {
        poll_until(ready, deadline, clock, &mut self.idle)
    }
}
