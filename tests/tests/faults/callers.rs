//! The clients, called alike, and what they give in one form.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use embedded_hal_async::delay::DelayNs;
use embedded_io::{ErrorType, ReadReady};
use embedded_io_adapters::std::FromStd;
use embedded_io_adapters::tokio_1::FromTokio;
use owproto_core::client::{Connection, ConnectionError, Timeouts};
use owproto_core::request::Request;
use owproto_core::time;
use owproto_core::wire::Flags;
use owproto_embedded::asynchronous::{self, Timed};
use owproto_embedded::blocking::{self, Polled};
use owproto_embedded::{Error as EmbeddedError, ReadError};
use owproto_std::{Builder, Client, DirOptions, Error, Listing};

/// Something to ask for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Call {
    Read(&'static str),
    Write(&'static str, &'static str),
    Dir,
    Dirall,
    Present(&'static str),
    ReadMany(&'static [&'static str]),
}

/// What a call gave.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Given {
    Value(Vec<u8>),
    Entries(Vec<Vec<u8>>),
    Present(bool),
    Took(usize),
    /// One for each path; clients of `owproto-embedded` leave those out that are behind a failure.
    Many(Vec<Given>),
    Fails(Why),
}

/// The errors of all clients.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Why {
    /// The server says no.
    Server,
    /// It is no reply of an owserver, or one that is too long.
    Decode,
    UnexpectedData,
    Stale,
    Closed,
    Truncated,
    PersistenceWithdrawn,
    TimedOut,
    NotTried,
    /// The client has seen before that its connection has ended.
    Ended,
    /// The transport's own error.
    Transport,
    /// All others, which none of the faults should cause.
    Other,
}

/// Whose client it is: those of `owproto-std` connect again and ask again by themselves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Crate {
    Std,
    Embedded,
}

pub(crate) trait Caller {
    /// Calls, for so long at most.
    fn call(&mut self, call: &Call, limit: Duration) -> Given;
}

/// One of the clients.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Which {
    Blocking,
    Tokio,
    EmbeddedBlocking,
    EmbeddedAsynchronous,
}

impl Which {
    pub(crate) const ALL: [Self; 4] =
        [Self::Blocking, Self::Tokio, Self::EmbeddedBlocking, Self::EmbeddedAsynchronous];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Blocking => "std",
            Self::Tokio => "tokio",
            Self::EmbeddedBlocking => "embedded-io",
            Self::EmbeddedAsynchronous => "embedded-io-async",
        }
    }

    pub(crate) fn of(self) -> Crate {
        match self {
            Self::Blocking | Self::Tokio => Crate::Std,
            Self::EmbeddedBlocking | Self::EmbeddedAsynchronous => Crate::Embedded,
        }
    }

    /// The longest payload that it takes.
    pub(crate) fn payload_limit(self) -> usize {
        match self.of() {
            Crate::Std => owproto_core::decode::DEFAULT_PAYLOAD_LIMIT,
            Crate::Embedded => STORAGE,
        }
    }

    /// A new client of this kind.
    pub(crate) fn client(self, server: SocketAddr) -> Box<dyn Caller> {
        // One timeout alone, that of the call.
        let builder = || Builder::default().address(server.into()).inactivity_timeout(Duration::ZERO);
        match self {
            Self::Blocking => Box::new(builder().build()),
            Self::Tokio => Box::new(OnTokio(builder().build_tokio(), runtime())),
            Self::EmbeddedBlocking => Box::new(EmbeddedBlocking { server, client: None }),
            Self::EmbeddedAsynchronous => {
                Box::new(EmbeddedAsynchronous { server, runtime: runtime(), client: None })
            }
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

// Those of owproto-std.

struct OnTokio(owproto_std::tokio::Client, tokio::runtime::Runtime);

/// A call by way of `$run`, which waits for a future, or has nothing to do.
macro_rules! call_std {
    ($call:expr, $client:expr, $run:ident) => {
        match $call {
            Call::Read(path) => given($run!($client.read(path)), Given::Value),
            Call::Write(path, data) => given($run!($client.write(path, data)), Given::Took),
            Call::Dir => given($run!($client.dir_with("/", DirOptions::new().streamed())), entries),
            Call::Dirall => given($run!($client.dir("/")), entries),
            Call::Present(path) => given($run!($client.present(path)), Given::Present),
            Call::ReadMany(paths) => {
                let values = $run!($client.read_many(paths));
                Given::Many(values.into_iter().map(|value| given(value, Given::Value)).collect())
            }
        }
    };
}

macro_rules! by_itself {
    ($value:expr) => {
        $value
    };
}

macro_rules! awaited {
    ($future:expr) => {
        $future.await
    };
}

impl Caller for Client {
    fn call(&mut self, call: &Call, limit: Duration) -> Given {
        let client = self.with_timeout(limit);
        call_std!(call, client, by_itself)
    }
}

impl Caller for OnTokio {
    fn call(&mut self, call: &Call, limit: Duration) -> Given {
        let client = self.0.with_timeout(limit);
        self.1.block_on(async { call_std!(call, client, awaited) })
    }
}

fn entries(listing: Listing) -> Given {
    Given::Entries(listing.iter().map(<[u8]>::to_vec).collect())
}

fn given<T>(result: Result<T, Error>, form: impl FnOnce(T) -> Given) -> Given {
    match result {
        Ok(value) => form(value),
        Err(error) => Given::Fails(match error {
            Error::Server { .. } => Why::Server,
            Error::Connection { error, .. } | Error::Io { error, .. } => lost(error),
            Error::TimedOut { .. } => Why::TimedOut,
            Error::NotTried { .. } => Why::NotTried,
            _ => Why::Other,
        }),
    }
}

fn lost(error: ConnectionError) -> Why {
    match error {
        ConnectionError::Decode(_) => Why::Decode,
        ConnectionError::UnexpectedData => Why::UnexpectedData,
        ConnectionError::Stale => Why::Stale,
        ConnectionError::Closed => Why::Closed,
        ConnectionError::Truncated => Why::Truncated,
        ConnectionError::PersistenceWithdrawn => Why::PersistenceWithdrawn,
        ConnectionError::TimedOut(_) => Why::TimedOut,
        _ => Why::Other,
    }
}

// Those of owproto-embedded.

/// Bytes for a reply, and for an entry.
const STORAGE: usize = 256;

type Memory = Connection<[u8; 512], [u8; STORAGE], 4>;

fn memory() -> Memory {
    Connection::new([0xa5; 512], [0xa5; STORAGE])
}

/// A socket of this machine, as a driver for a small one would be.
struct Socket(FromStd<TcpStream>);

impl ErrorType for Socket {
    type Error = io::Error;
}

impl embedded_io::Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        embedded_io::Read::read(&mut self.0, buffer)
    }
}

impl embedded_io::Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        embedded_io::Write::write(&mut self.0, bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        embedded_io::Write::flush(&mut self.0)
    }
}

impl ReadReady for Socket {
    fn read_ready(&mut self) -> io::Result<bool> {
        match self.0.inner().peek(&mut [0]) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn clock() -> time::Instant {
    static START: OnceLock<Instant> = OnceLock::new();
    time::Instant::ZERO + START.get_or_init(Instant::now).elapsed().into()
}

fn rest() {
    std::thread::sleep(Duration::from_millis(1));
}

struct Delay;

impl DelayNs for Delay {
    async fn delay_ns(&mut self, ns: u32) {
        tokio::time::sleep(Duration::from_nanos(ns.into())).await;
    }
}

type Blocking =
    blocking::Client<Polled<Socket, fn()>, fn() -> time::Instant, [u8; 512], [u8; STORAGE], [u8; 512], 4>;
type Asynchronous = asynchronous::Client<
    Timed<FromTokio<tokio::net::TcpStream>, Delay>,
    fn() -> time::Instant,
    [u8; 512],
    [u8; STORAGE],
    [u8; 512],
    4,
>;

struct EmbeddedBlocking {
    server: SocketAddr,
    client: Option<Blocking>,
}

struct EmbeddedAsynchronous {
    server: SocketAddr,
    runtime: tokio::runtime::Runtime,
    client: Option<Asynchronous>,
}

macro_rules! call_embedded {
    ($call:expr, $client:expr, $limit:expr, $run:ident) => {{
        $client.set_timeouts(Timeouts { inactivity: time::Duration::ZERO, total: $limit.into() });
        let mut buffer = [0xa5; 64];
        let mut listed = Vec::new();
        match $call {
            Call::Read(path) => {
                let value = $run!($client.read(path, &mut buffer));
                embedded_given(value, |value| Given::Value(value.to_vec()))
            }
            Call::Write(path, data) => embedded_given($run!($client.write(path, data)), Given::Took),
            Call::Dir => {
                let request = Request::dir("/").unwrap().with_flags(Flags::PERSISTENCE);
                let result = $run!($client.exchange(
                    &request,
                    |entries| listed.extend(entries.map(<[u8]>::to_vec)),
                    |reply| reply.into_result().map(|_| ()),
                ));
                let result = result.and_then(|result| result.map_err(EmbeddedError::Server));
                embedded_given(result, |()| Given::Entries(listed))
            }
            Call::Dirall => {
                let result = $run!($client.dir("/", |entry| listed.push(entry.to_vec())));
                embedded_given(result, |_| Given::Entries(listed))
            }
            Call::Present(path) => embedded_given($run!($client.present(path)), Given::Present),
            Call::ReadMany(paths) => {
                let mut values = Vec::new();
                let read = $client.read_many(*paths, |number, value| {
                    assert_eq!(number, values.len());
                    values.push(match value {
                        Ok(value) => Given::Value(value.to_vec()),
                        Err(ReadError::Server(_)) => Given::Fails(Why::Server),
                        Err(_) => Given::Fails(Why::Other),
                    });
                });
                if let Err(error) = $run!(read) {
                    values.push(embedded_given(Err::<(), _>(error), |()| Given::Fails(Why::Other)));
                }
                Given::Many(values)
            }
        }
    }};
}

impl Caller for EmbeddedBlocking {
    fn call(&mut self, call: &Call, limit: Duration) -> Given {
        let server = self.server;
        let connect = || {
            let socket = TcpStream::connect(server).unwrap();
            socket.set_nodelay(true).unwrap();
            // Reads are asked for only when they have something, and requests are small.
            socket.set_nonblocking(true).unwrap();
            Polled::new(Socket(FromStd::new(socket)), rest as fn())
        };
        let client = self.client.get_or_insert_with(|| {
            blocking::Client::new(connect(), clock as fn() -> time::Instant, memory(), [0xa5; 512])
        });
        if !client.is_open() {
            client.reconnect(connect());
        }
        call_embedded!(call, client, limit, by_itself)
    }
}

impl Caller for EmbeddedAsynchronous {
    fn call(&mut self, call: &Call, limit: Duration) -> Given {
        let Self { server, runtime, client } = self;
        runtime.block_on(async {
            if client.as_ref().is_none_or(|client| !client.is_open()) {
                let socket = tokio::net::TcpStream::connect(*server).await.unwrap();
                socket.set_nodelay(true).unwrap();
                let transport = Timed::new(FromTokio::new(socket), Delay);
                match client {
                    Some(client) => drop(client.reconnect(transport)),
                    None => {
                        let clock = clock as fn() -> time::Instant;
                        *client = Some(asynchronous::Client::new(transport, clock, memory(), [0xa5; 512]));
                    }
                }
            }
            let client = client.as_mut().unwrap();
            call_embedded!(call, client, limit, awaited)
        })
    }
}

fn embedded_given<T>(result: Result<T, EmbeddedError<io::Error>>, form: impl FnOnce(T) -> Given) -> Given {
    match result {
        Ok(value) => form(value),
        Err(error) => Given::Fails(match error {
            EmbeddedError::Server(_) => Why::Server,
            EmbeddedError::Connection { error, .. } => lost(error),
            EmbeddedError::Transport { .. } => Why::Transport,
            EmbeddedError::Ended => Why::Ended,
            _ => Why::Other,
        }),
    }
}

/// All bytes that a server answers to these, which are all that the client sends.
pub(crate) fn answer_to(server: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut socket = TcpStream::connect(server).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    socket.write_all(bytes).unwrap();
    socket.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    match socket.read_to_end(&mut answer) {
        Ok(_) => {}
        // It closes with unread bytes.
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("the server did not close: {error}"),
    }
    answer
}
