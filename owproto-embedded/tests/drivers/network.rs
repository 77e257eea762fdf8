//! A network on which each attempt to connect finds a scripted peer.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::pending;
use std::net::SocketAddr;
use std::rc::Rc;

use embedded_io::{ErrorKind, ErrorType};
use embedded_nal_async::TcpConnect;
use owproto_tests::peer::{Opening, Script};

use crate::wire::Wire;

/// The scripts of the attempts to come, and what was seen of those that were made.
pub(crate) struct Network {
    scripts: RefCell<VecDeque<Script>>,
    clock: Wire,
    prepare: fn(Wire) -> Wire,
    /// When each attempt was made, in milliseconds.
    attempts: RefCell<Vec<u64>>,
    wires: RefCell<Vec<Wire>>,
    open: Rc<Cell<usize>>,
    pub(crate) remote: Cell<Option<SocketAddr>>,
}

impl Network {
    /// On the clock of a wire.
    pub(crate) fn new(clock: &Wire, scripts: impl IntoIterator<Item = Script>) -> Self {
        Self {
            scripts: RefCell::new(scripts.into_iter().collect()),
            clock: clock.clone(),
            prepare: |wire| wire,
            attempts: RefCell::default(),
            wires: RefCell::default(),
            open: Rc::default(),
            remote: Cell::new(None),
        }
    }

    /// Changes each connection before the client gets it.
    pub(crate) fn preparing(mut self, prepare: fn(Wire) -> Wire) -> Self {
        self.prepare = prepare;
        self
    }

    /// When the attempts were made, in milliseconds since the test began.
    pub(crate) fn attempts(&self) -> Vec<u64> {
        self.attempts.borrow().clone()
    }

    /// All bytes that the client has sent over this connection.
    pub(crate) fn sent(&self, connection: usize) -> Vec<u8> {
        self.wires.borrow()[connection].sent()
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
        self.attempts.borrow_mut().push(self.clock.now().as_micros() / 1000 - 1000);
        let script = self.scripts.borrow_mut().pop_front().expect("an attempt too many");
        match script.opening() {
            Opening::Accept => {}
            Opening::AcceptAfter(_) => unimplemented!("no test needs it"),
            Opening::Refuse => return Err(ErrorKind::ConnectionRefused),
            Opening::Ignore => pending().await,
        }
        let wire = (self.prepare)(self.clock.beside(&script));
        self.wires.borrow_mut().push(wire.clone());
        self.open.set(self.open.get() + 1);
        Ok(Socket(wire, self.open.clone()))
    }
}

/// A connection that counts as open until it is dropped.
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
