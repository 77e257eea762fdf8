//! The blocking client, over `embedded_io::{Read, Write}`.

use core::fmt;

use embedded_io::{ErrorKind, Read, ReadReady, Write};
use owproto_core::client::{Connection, Refusals};
use owproto_core::time::Instant;
use owproto_core::wire::Flags;

use crate::client::client;

/// A client that waits by itself, over a [`Transport`].
///
/// A call returns when its answer is there. The connection is kept between calls if the server grants it; it ends
/// with every failure, and the client says so ([`Error::Ended`](crate::Error::Ended)) until it is
/// [told](Self::reconnect) of a new one.
///
/// # Deadlines
///
/// The [timeouts](owproto_core::client::Timeouts) are counted on the clock that the caller gives, but only a transport
/// that comes back can be stopped waiting for:
///
/// | transport | what is kept |
/// |---|---|
/// | `Read + Write` | Nothing while a read waits: if the server goes silent for good, the call never returns. The total timeout is noticed when bytes come, the next keepalive at the latest. |
/// | the same, with reads that end with [`ErrorKind::TimedOut`] by themselves | Both timeouts, late by at most one such read. |
/// | [`Polled`], over `Read + Write + ReadReady` | Both timeouts, exactly, while it waits for an answer. |
///
/// With all of them a write waits as long as the transport lets it: for a request of some dozens of bytes that is only
/// a matter of a peer that is gone, and of the transport's own timeout.
///
/// ```
/// # use embedded_io::ErrorKind;
/// use owproto_core::client::Connection;
/// use owproto_core::text::{Value, ValueType};
/// use owproto_core::time::Instant;
/// use owproto_embedded::blocking::{Client, Polled};
/// # use owproto_core::wire::{Flags, Header};
/// # struct Socket { answer: Vec<u8>, is_asked: bool }
/// # impl embedded_io::ErrorType for Socket { type Error = ErrorKind; }
/// # impl embedded_io::ReadReady for Socket {
/// #     fn read_ready(&mut self) -> Result<bool, ErrorKind> { Ok(self.is_asked) }
/// # }
/// # impl embedded_io::Read for Socket {
/// #     fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
/// #         let bytes = std::mem::take(&mut self.answer);
/// #         buffer[..bytes.len()].copy_from_slice(&bytes);
/// #         Ok(bytes.len())
/// #     }
/// # }
/// # impl embedded_io::Write for Socket {
/// #     fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
/// #         self.is_asked = true;
/// #         Ok(bytes.len())
/// #     }
/// #     fn flush(&mut self) -> Result<(), ErrorKind> { Ok(()) }
/// # }
/// # let header = Header { payload: 4, code: 4, size: 4, flags: Flags::PERSISTENCE, ..Header::default() };
/// # let socket = Socket { answer: [&header.to_bytes()[..], b"21.5"].concat(), is_asked: false };
/// # fn micros() -> u64 { 0 }
/// # fn wait_for_interrupt() {}
///
/// let transport = Polled::new(socket, wait_for_interrupt);
/// let connection: Connection<_, _> = Connection::new([0; 96], [0; 64]);
/// let mut client = Client::new(transport, || Instant::from_micros(micros()), connection, [0; 64]);
///
/// let mut buffer = [0; 16];
/// let value = client.read_value("/10.67C6697351FF/temperature", ValueType::Temperature, &mut buffer)?;
/// assert_eq!(value, Value::Float(21.5));
/// # Ok::<(), owproto_embedded::Error<ErrorKind>>(())
/// ```
pub struct Client<T, C, S, R, B, const DEPTH: usize = 1> {
    transport: T,
    clock: C,
    connection: Connection<S, R, DEPTH>,
    receive: B,
    flags: Flags,
    refusals: Refusals,
    is_unflushed: bool,
}

macro_rules! by_itself {
    ($value:expr) => {
        $value
    };
}

client!(by_itself, []);

impl<T, C, S, R, B, const DEPTH: usize> fmt::Debug for Client<T, C, S, R, B, DEPTH> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("flags", &self.flags).finish_non_exhaustive()
    }
}

/// A connected byte stream, as the client sees it.
///
/// Everything that is `Read` and `Write` is one; [`Polled`] makes one that keeps deadlines. Implement it for a transport
/// with its own way to wait.
pub trait Transport {
    /// The transport's own error.
    type Error;

    /// Reads what is there, at least a byte; 0 at the end. `None` if nothing came before `deadline`, or earlier: the
    /// client looks at the clock and asks again.
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
/// Before each call it is also seen whether the server has closed an idle connection: then nothing is sent, and the
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
