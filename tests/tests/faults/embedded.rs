//! The clients of `owproto-embedded` on sockets of this machine.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use embedded_hal_async::delay::DelayNs;
use embedded_io::{ErrorType, ReadReady};
use embedded_io_adapters::std::FromStd;
use embedded_io_adapters::tokio_1::FromTokio;
use embedded_nal_async::TcpConnect;
use owproto_core::client::{Connection, Timeouts};
use owproto_core::message::Request;
use owproto_core::time;
use owproto_core::wire::Flags;
use owproto_embedded::asynchronous::{self, Timed};
use owproto_embedded::blocking::{self, Polled};
use owproto_embedded::{Backoff, Error, ReadError};
use tokio::runtime::Runtime;

use crate::clients::{Call, CallResult, ErrorClass, TestClient, awaited, by_itself, lost, runtime};

/// Bytes of storage for a reply or an entry.
pub(crate) const STORAGE: usize = 256;

pub(crate) type Memory = Connection<[u8; 512], [u8; STORAGE], 4>;

pub(crate) fn memory() -> Memory {
    Connection::new([0xa5; 512], [0xa5; STORAGE])
}

/// A socket of this machine, with the interface of a driver for a small one.
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

pub(crate) fn clock() -> time::Instant {
    static START: OnceLock<Instant> = OnceLock::new();
    time::Instant::ZERO + START.get_or_init(Instant::now).elapsed().into()
}

fn sleep_a_little() {
    std::thread::sleep(Duration::from_millis(1));
}

struct Delay;

impl DelayNs for Delay {
    async fn delay_ns(&mut self, ns: u32) {
        tokio::time::sleep(Duration::from_nanos(ns.into())).await;
    }
}

/// Only a total timeout.
pub(crate) fn total_timeout(limit: Duration) -> Timeouts {
    Timeouts::NONE.with_total(limit.into())
}

/// A short pause, since this test is about what happens after it.
pub(crate) const BACKOFF: Backoff =
    Backoff::new(time::Duration::from_millis(1), time::Duration::from_millis(1));

/// Makes a call. `$run` gives the output of a future, or a value as it is.
macro_rules! call_embedded {
    ($call:expr, $client:expr, $limit:expr, $run:ident) => {{
        $client.set_timeouts($crate::embedded::total_timeout($limit));
        let mut buffer = [0xa5; 64];
        let mut listed = Vec::new();
        match $call {
            Call::Read(path) => {
                let value = $run!($client.read(path, &mut buffer));
                call_result(value, |value| CallResult::Value(value.to_vec()))
            }
            Call::Write(path, data) => call_result($run!($client.write(path, data)), CallResult::Took),
            Call::Dir => {
                let request = Request::dir("/").unwrap().with_flags(Flags::PERSISTENCE);
                let result = $run!($client.exchange(
                    &request,
                    |entries| listed.extend(entries.map(<[u8]>::to_vec)),
                    |reply| reply.into_result().map(|_| ()),
                ));
                let result = result.and_then(|result| result.map_err(Error::Server));
                call_result(result, |()| CallResult::Entries(listed))
            }
            Call::Dirall => {
                let result = $run!($client.dir("/", |entry| listed.push(entry.to_vec())));
                call_result(result, |_| CallResult::Entries(listed))
            }
            Call::Present(path) => call_result($run!($client.present(path)), CallResult::Present),
            Call::ReadMany(paths) => {
                let mut values = Vec::new();
                let read = $client.read_many(*paths, |number, value| {
                    assert_eq!(number, values.len());
                    values.push(match value {
                        Ok(value) => CallResult::Value(value.to_vec()),
                        Err(ReadError::Server(_)) => CallResult::Fails(ErrorClass::Server),
                        Err(_) => CallResult::Fails(ErrorClass::Other),
                    });
                });
                if let Err(error) = $run!(read) {
                    values.push(call_result(Err::<(), _>(error), |()| CallResult::Fails(ErrorClass::Other)));
                }
                CallResult::Many(values)
            }
        }
    }};
}

pub(crate) use call_embedded;

pub(crate) fn call_result<T, E>(
    result: Result<T, Error<E>>,
    form: impl FnOnce(T) -> CallResult,
) -> CallResult {
    match result {
        Ok(value) => form(value),
        Err(error) => CallResult::Fails(match error {
            Error::Server(_) => ErrorClass::Server,
            Error::Connection { error, .. } => lost(error),
            Error::Transport { .. } => ErrorClass::Transport,
            Error::Ended => ErrorClass::Ended,
            _ => ErrorClass::Other,
        }),
    }
}

type BlockingClient =
    blocking::Client<Polled<Socket, fn()>, fn() -> time::Instant, [u8; 512], [u8; STORAGE], [u8; 512], 4>;

pub(crate) struct Blocking {
    server: SocketAddr,
    client: Option<BlockingClient>,
}

impl Blocking {
    pub(crate) fn new(server: SocketAddr) -> Self {
        Self { server, client: None }
    }
}

impl TestClient for Blocking {
    fn call(&mut self, call: &Call, limit: Duration) -> CallResult {
        let server = self.server;
        let connect = || {
            let socket = TcpStream::connect(server).unwrap();
            socket.set_nodelay(true).unwrap();
            // Reads are made only when they have something, and requests are small.
            socket.set_nonblocking(true).unwrap();
            Polled::new(Socket(FromStd::new(socket)), sleep_a_little as fn())
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

type AsynchronousClient = asynchronous::Client<
    Timed<FromTokio<tokio::net::TcpStream>, Delay>,
    fn() -> time::Instant,
    [u8; 512],
    [u8; STORAGE],
    [u8; 512],
    4,
>;

pub(crate) struct Asynchronous {
    server: SocketAddr,
    runtime: Runtime,
    client: Option<AsynchronousClient>,
}

impl Asynchronous {
    pub(crate) fn new(server: SocketAddr) -> Self {
        Self { server, runtime: runtime(), client: None }
    }
}

impl TestClient for Asynchronous {
    fn call(&mut self, call: &Call, limit: Duration) -> CallResult {
        let Self { server, runtime, client } = self;
        runtime.block_on(async {
            if client.as_ref().is_none_or(|client| !client.is_open()) {
                let transport = Timed::new(Network.connect(*server).await.unwrap(), Delay);
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

/// The network of this machine.
struct Network;

impl TcpConnect for Network {
    type Error = io::Error;
    type Connection<'a> = FromTokio<tokio::net::TcpStream>;

    async fn connect(&self, server: SocketAddr) -> io::Result<FromTokio<tokio::net::TcpStream>> {
        let socket = tokio::net::TcpStream::connect(server).await?;
        socket.set_nodelay(true)?;
        Ok(FromTokio::new(socket))
    }
}

type ReconnectingClient = asynchronous::ReconnectingClient<
    'static,
    Network,
    Delay,
    fn() -> time::Instant,
    [u8; 512],
    [u8; STORAGE],
    [u8; 512],
    4,
>;

pub(crate) struct Reconnecting {
    runtime: Runtime,
    client: ReconnectingClient,
}

impl Reconnecting {
    pub(crate) fn new(server: SocketAddr) -> Self {
        let clock = clock as fn() -> time::Instant;
        let client = ReconnectingClient::new(&Network, server, Delay, clock, memory(), [0xa5; 512]);
        Self { runtime: runtime(), client: client.with_backoff(BACKOFF) }
    }
}

impl TestClient for Reconnecting {
    fn call(&mut self, call: &Call, limit: Duration) -> CallResult {
        let Self { runtime, client } = self;
        runtime.block_on(async { call_embedded!(call, client, limit, awaited) })
    }
}
