use core::hint::spin_loop;
use core::task::{Context, Poll};

use embedded_io::{Read, Write};
use owproto_core::time::Instant;

use super::waiting::{none_if_timed_out, poll_until};

/// A connected byte stream, as the client and the server use it.
///
/// Every `Read + Write` is a `Transport`; [`Polled`](super::Polled) also keeps deadlines. Implement it for a transport
/// that has another way to wait.
///
/// Methods return `None` if they could do nothing before `deadline`. They may do so earlier: the caller looks at the
/// clock and calls again.
pub trait Transport {
    /// The transport's own error.
    type Error;

    /// Waits for bytes and reads them: at least one, or 0 at the end of the stream.
    ///
    /// # Errors
    /// The transport failed, which ends the connection.
    fn receive<C: FnMut() -> Instant>(
        &mut self,
        buffer: &mut [u8],
        deadline: Option<Instant>,
        clock: &mut C,
    ) -> Result<Option<usize>, Self::Error>;

    /// Accepts at least one of `bytes` for sending, and returns how many.
    ///
    /// # Errors
    /// The transport failed, which ends the connection.
    fn send<C: FnMut() -> Instant>(
        &mut self,
        bytes: &[u8],
        deadline: Option<Instant>,
        clock: &mut C,
    ) -> Result<Option<usize>, Self::Error>;

    /// Sends the bytes that it has accepted.
    ///
    /// # Errors
    /// The transport failed, which ends the connection.
    fn flush<C: FnMut() -> Instant>(
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

    /// Waits until `ready` returns `Ready`, calling it repeatedly with the current time. Only servers call this.
    ///
    /// It need not check the transport. The default implementation spins.
    fn wait<C: FnMut() -> Instant>(
        &mut self,
        ready: impl FnMut(Instant, &mut Context<'_>) -> Poll<()>,
        deadline: Option<Instant>,
        clock: &mut C,
    ) -> Option<()> {
        poll_until(ready, deadline, clock, spin_loop)
    }
}

impl<T: Read + Write> Transport for T {
    type Error = T::Error;

    fn receive<C: FnMut() -> Instant>(
        &mut self,
        buffer: &mut [u8],
        deadline: Option<Instant>,
        _clock: &mut C,
    ) -> Result<Option<usize>, Self::Error> {
        none_if_timed_out(self.read(buffer), deadline)
    }

    fn send<C: FnMut() -> Instant>(
        &mut self,
        bytes: &[u8],
        deadline: Option<Instant>,
        _clock: &mut C,
    ) -> Result<Option<usize>, Self::Error> {
        none_if_timed_out(self.write(bytes), deadline)
    }

    fn flush<C: FnMut() -> Instant>(
        &mut self,
        deadline: Option<Instant>,
        _clock: &mut C,
    ) -> Result<Option<()>, Self::Error> {
        none_if_timed_out(Write::flush(self), deadline)
    }
}
