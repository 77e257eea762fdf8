use core::hint::spin_loop;
use core::task::{Context, Poll, Waker};

use embedded_io::{ErrorKind, Read, ReadReady, Write};
use owproto_core::time::Instant;

/// A connected byte stream, as client and server see it.
///
/// Everything that is `Read` and `Write` is one; [`Polled`] makes one that keeps deadlines. Implement it for a transport
/// with its own way to wait.
pub trait Transport {
    /// The transport's own error.
    type Error;

    /// Reads what is there, at least a byte; 0 at the end. `None` if nothing came before `deadline`, or earlier: the
    /// caller looks at the clock and asks again.
    ///
    /// # Errors
    /// The transport's own: the connection has ended.
    fn receive<C: FnMut() -> Instant>(
        &mut self,
        buffer: &mut [u8],
        deadline: Option<Instant>,
        clock: &mut C,
    ) -> Result<Option<usize>, Self::Error>;

    /// Takes at least one of `bytes`. `None` as in [`receive`](Self::receive).
    ///
    /// # Errors
    /// The transport's own: the connection has ended.
    fn send<C: FnMut() -> Instant>(
        &mut self,
        bytes: &[u8],
        deadline: Option<Instant>,
        clock: &mut C,
    ) -> Result<Option<usize>, Self::Error>;

    /// Sees to it that what was taken is sent. `None` as in [`receive`](Self::receive).
    ///
    /// # Errors
    /// The transport's own: the connection has ended.
    fn flush<C: FnMut() -> Instant>(
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

    /// Waits, for a server, until `ready` is, which is told the time and asked again and again. `None` as in
    /// [`receive`](Self::receive).
    ///
    /// It need not look at the transport. Without an implementation of its own it spins.
    fn wait<C: FnMut() -> Instant>(
        &mut self,
        ready: impl FnMut(Instant, &mut Context<'_>) -> Poll<()>,
        deadline: Option<Instant>,
        clock: &mut C,
    ) -> Option<()> {
        ask_again(ready, deadline, clock, spin_loop)
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
        or_later(self.read(buffer), deadline)
    }

    fn send<C: FnMut() -> Instant>(
        &mut self,
        bytes: &[u8],
        deadline: Option<Instant>,
        _clock: &mut C,
    ) -> Result<Option<usize>, Self::Error> {
        or_later(self.write(bytes), deadline)
    }

    fn flush<C: FnMut() -> Instant>(
        &mut self,
        deadline: Option<Instant>,
        _clock: &mut C,
    ) -> Result<Option<()>, Self::Error> {
        or_later(Write::flush(self), deadline)
    }
}

/// A transport whose reads are asked for only when they would not wait, so that deadlines are kept exactly.
///
/// `idle` is called again and again while nothing is there: it may sleep until the next interrupt, feed a watchdog, or
/// drive the network stack. It has to come back before the deadline for that to be met; [`core::hint::spin_loop`] will
/// do.
///
/// Before each call of a client it is also seen whether the server has closed an idle connection: then nothing is sent, and the
/// call gives [`Error::Ended`](crate::Error::Ended).
#[derive(Clone, Copy, Debug)]
pub struct Polled<T, I> {
    transport: T,
    idle: I,
}

impl<T: Read + Write + ReadReady, I: FnMut()> Polled<T, I> {
    /// Polls `transport`, with `idle` in between.
    pub const fn new(transport: T, idle: I) -> Self {
        Self { transport, idle }
    }
}

impl<T, I> Polled<T, I> {
    /// The transport below.
    pub const fn transport(&mut self) -> &mut T {
        &mut self.transport
    }

    /// Gives the transport back.
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
        // What is there counts, however late it is looked at.
        while !self.transport.read_ready()? {
            if deadline.is_some_and(|deadline| clock() >= deadline) {
                return Ok(None);
            }
            (self.idle)();
        }
        or_later(self.transport.read(buffer), deadline)
    }

    fn send<C: FnMut() -> Instant>(
        &mut self,
        bytes: &[u8],
        deadline: Option<Instant>,
        _clock: &mut C,
    ) -> Result<Option<usize>, Self::Error> {
        or_later(self.transport.write(bytes), deadline)
    }

    fn flush<C: FnMut() -> Instant>(
        &mut self,
        deadline: Option<Instant>,
        _clock: &mut C,
    ) -> Result<Option<()>, Self::Error> {
        or_later(self.transport.flush(), deadline)
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
        ask_again(ready, deadline, clock, &mut self.idle)
    }
}

/// Asks whether something is ready until it is, or until the deadline, with `idle` in between.
fn ask_again<C: FnMut() -> Instant>(
    mut ready: impl FnMut(Instant, &mut Context<'_>) -> Poll<()>,
    deadline: Option<Instant>,
    clock: &mut C,
    mut idle: impl FnMut(),
) -> Option<()> {
    // Nobody sleeps who could be woken.
    let mut context = Context::from_waker(Waker::noop());
    loop {
        let now = clock();
        if ready(now, &mut context).is_ready() {
            return Some(());
        }
        if deadline.is_some_and(|deadline| now >= deadline) {
            return None;
        }
        idle();
    }
}

/// A transport that gives up waiting by itself is asked again, as long as there is a deadline to end that.
fn or_later<V, E: embedded_io::Error>(
    result: Result<V, E>,
    deadline: Option<Instant>,
) -> Result<Option<V>, E> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) => match error.kind() {
            ErrorKind::Interrupted => Ok(None),
            ErrorKind::TimedOut if deadline.is_some() => Ok(None),
            _ => Err(error),
        },
    }
}
