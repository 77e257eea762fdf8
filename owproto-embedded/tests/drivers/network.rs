//! A network on which connections succeed and fail as they are told.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::pending;
use std::net::SocketAddr;
use std::rc::Rc;

use embedded_io::{ErrorKind, ErrorType};
use embedded_nal_async::TcpConnect;

use crate::wire::Wire;

/// What becomes of an attempt to connect.
pub(crate) enum Attempt {
    Connects(Wire),
    Fails(ErrorKind),
    TakesForEver,
}

/// The attempts to come, and what was seen of those that were made.
pub(crate) struct Network {
    attempts: RefCell<VecDeque<Attempt>>,
    clock: Wire,
    /// When each attempt was made, in milliseconds.
    made: RefCell<Vec<u64>>,
    open: Rc<Cell<usize>>,
    pub(crate) remote: Cell<Option<SocketAddr>>,
}

impl Network {
    /// On the clock of a wire.
    pub(crate) fn new(clock: &Wire, attempts: impl IntoIterator<Item = Attempt>) -> Self {
        Self {
            attempts: RefCell::new(attempts.into_iter().collect()),
            clock: clock.clone(),
            made: RefCell::default(),
            open: Rc::default(),
            remote: Cell::new(None),
        }
    }

    /// When the attempts were made, in milliseconds since the test began.
    pub(crate) fn made(&self) -> Vec<u64> {
        self.made.borrow().clone()
    }

    /// How many connections are open.
    pub(crate) fn open(&self) -> usize {
        self.open.get()
    }
}

impl TcpConnect for Network {
    type Error = ErrorKind;
    type Connection<'a> = Socket;

    async fn connect(&self, remote: SocketAddr) -> Result<Socket, ErrorKind> {
        self.remote.set(Some(remote));
        assert_eq!(self.open.get(), 0, "the connection before was not closed");
        self.made.borrow_mut().push(self.clock.now().as_micros() / 1000 - 1000);
        let attempt = self.attempts.borrow_mut().pop_front().expect("an attempt too many");
        match attempt {
            Attempt::Connects(wire) => {
                self.open.set(self.open.get() + 1);
                Ok(Socket(wire, self.open.clone()))
            }
            Attempt::Fails(error) => Err(error),
            Attempt::TakesForEver => pending().await,
        }
    }
}

/// A connection that is seen to be closed.
pub(crate) struct Socket(Wire, Rc<Cell<usize>>);

impl Drop for Socket {
    fn drop(&mut self) {
        self.1.set(self.1.get() - 1);
    }
}

impl ErrorType for Socket {
    type Error = ErrorKind;
}

impl embedded_io_async::Read for Socket {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        embedded_io_async::Read::read(&mut self.0, buffer).await
    }
}

impl embedded_io_async::Write for Socket {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        embedded_io_async::Write::write(&mut self.0, bytes).await
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        embedded_io_async::Write::flush(&mut self.0).await
    }
}
