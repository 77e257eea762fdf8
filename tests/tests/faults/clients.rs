//! All clients with the same calls, and their results in the same form.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use owproto_core::client::ConnectionError;
use owproto_std::{Builder, Client, DirOptions, Error, Listing};

use crate::embedded::{self, STORAGE};
use crate::network_stacks::{OnEmbassyNet, OnSmoltcp};

/// A call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Call {
    Read(&'static str),
    Write(&'static str, &'static str),
    Dir,
    Dirall,
    Present(&'static str),
    ReadMany(&'static [&'static str]),
}

/// The result of a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum CallResult {
    Value(Vec<u8>),
    Entries(Vec<Vec<u8>>),
    Present(bool),
    Took(usize),
    /// One for each path. Clients of `owproto-embedded` leave out the paths after a failure.
    Many(Vec<CallResult>),
    Fails(ErrorClass),
}

/// The errors of all clients.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum ErrorClass {
    /// The server returned an error.
    Server,
    /// The bytes are not a valid reply, or one that is too long.
    Decode,
    UnexpectedData,
    Stale,
    Closed,
    Truncated,
    PersistenceWithdrawn,
    TimedOut,
    NotTried,
    /// The client had noticed earlier that its connection has ended.
    Ended,
    /// An error of the transport.
    Transport,
    /// All others. No fault should cause them.
    Other,
}

/// What a client does when a connection ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Recovery {
    /// Those of `owproto-std` connect, send the request again, and return a result for each of many paths.
    Std,
    /// Those of `owproto-embedded` over a connected transport do nothing.
    Driver,
    /// The one for smoltcp connects for the next request.
    Smoltcp,
    /// The reconnecting one connects and sends the request again.
    Reconnecting,
}

pub(crate) trait TestClient {
    /// Makes a call with this total timeout.
    fn call(&mut self, call: &Call, limit: Duration) -> CallResult;
}

/// The clients.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ClientKind {
    Blocking,
    Tokio,
    EmbeddedBlocking,
    EmbeddedAsynchronous,
    Smoltcp,
    Reconnecting,
    EmbassyNet,
}

impl ClientKind {
    pub(crate) const ALL: [Self; 7] = [
        Self::Blocking,
        Self::Tokio,
        Self::EmbeddedBlocking,
        Self::EmbeddedAsynchronous,
        Self::Smoltcp,
        Self::Reconnecting,
        Self::EmbassyNet,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Blocking => "std",
            Self::Tokio => "tokio",
            Self::EmbeddedBlocking => "embedded-io",
            Self::EmbeddedAsynchronous => "embedded-io-async",
            Self::Smoltcp => "smoltcp",
            Self::Reconnecting => "embedded-nal-async",
            Self::EmbassyNet => "embassy-net",
        }
    }

    pub(crate) fn recovery(self) -> Recovery {
        match self {
            Self::Blocking | Self::Tokio => Recovery::Std,
            Self::EmbeddedBlocking | Self::EmbeddedAsynchronous => Recovery::Driver,
            Self::Smoltcp => Recovery::Smoltcp,
            Self::Reconnecting | Self::EmbassyNet => Recovery::Reconnecting,
        }
    }

    /// Whether it has a network stack of its own.
    pub(crate) fn has_own_stack(self) -> bool {
        matches!(self, Self::Smoltcp | Self::EmbassyNet)
    }

    /// The longest payload that it accepts.
    pub(crate) fn payload_limit(self) -> usize {
        match self.recovery() {
            Recovery::Std => owproto_core::codec::DEFAULT_PAYLOAD_LIMIT,
            Recovery::Driver | Recovery::Smoltcp | Recovery::Reconnecting => STORAGE,
        }
    }

    /// A new client of this kind.
    pub(crate) fn client(self, server: SocketAddr) -> Box<dyn TestClient> {
        // Only the timeout of the call.
        let builder = || Builder::default().address(server.into()).inactivity_timeout(Duration::ZERO);
        match self {
            Self::Blocking => Box::new(builder().build()),
            Self::Tokio => Box::new(OnTokio(builder().build_tokio(), runtime())),
            Self::EmbeddedBlocking => Box::new(embedded::Blocking::new(server)),
            Self::EmbeddedAsynchronous => Box::new(embedded::Asynchronous::new(server)),
            Self::Smoltcp => Box::new(OnSmoltcp::new(server)),
            Self::Reconnecting => Box::new(embedded::Reconnecting::new(server)),
            Self::EmbassyNet => Box::new(OnEmbassyNet::new(server)),
        }
    }
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

// Those of owproto-std.

struct OnTokio(owproto_std::tokio::Client, tokio::runtime::Runtime);

/// Makes a call. `$run` gives the output of a future, or a value as it is.
macro_rules! call_std {
    ($call:expr, $client:expr, $run:ident) => {
        match $call {
            Call::Read(path) => call_result($run!($client.read(path)), CallResult::Value),
            Call::Write(path, data) => call_result($run!($client.write(path, data)), CallResult::Took),
            Call::Dir => call_result($run!($client.dir_with("/", DirOptions::new().streamed())), entries),
            Call::Dirall => call_result($run!($client.dir("/")), entries),
            Call::Present(path) => call_result($run!($client.present(path)), CallResult::Present),
            Call::ReadMany(paths) => {
                let values = $run!($client.read_many(paths));
                CallResult::Many(
                    values.into_iter().map(|value| call_result(value, CallResult::Value)).collect(),
                )
            }
        }
    };
}

macro_rules! by_itself {
    ($value:expr) => {
        $value
    };
}
pub(crate) use by_itself;

macro_rules! awaited {
    ($future:expr) => {
        $future.await
    };
}
pub(crate) use awaited;

impl TestClient for Client {
    fn call(&mut self, call: &Call, limit: Duration) -> CallResult {
        let client = self.with_timeout(limit);
        call_std!(call, client, by_itself)
    }
}

impl TestClient for OnTokio {
    fn call(&mut self, call: &Call, limit: Duration) -> CallResult {
        let client = self.0.with_timeout(limit);
        self.1.block_on(async { call_std!(call, client, awaited) })
    }
}

fn entries(listing: Listing) -> CallResult {
    CallResult::Entries(listing.iter().map(<[u8]>::to_vec).collect())
}

fn call_result<T>(result: Result<T, Error>, form: impl FnOnce(T) -> CallResult) -> CallResult {
    match result {
        Ok(value) => form(value),
        Err(error) => CallResult::Fails(match error {
            Error::Server { .. } => ErrorClass::Server,
            Error::Connection { error, .. } | Error::Io { error, .. } => lost(error),
            Error::TimedOut { .. } => ErrorClass::TimedOut,
            Error::NotTried { .. } => ErrorClass::NotTried,
            _ => ErrorClass::Other,
        }),
    }
}

pub(crate) fn lost(error: ConnectionError) -> ErrorClass {
    match error {
        ConnectionError::Decode(_) => ErrorClass::Decode,
        ConnectionError::UnexpectedData => ErrorClass::UnexpectedData,
        ConnectionError::Stale => ErrorClass::Stale,
        ConnectionError::Closed => ErrorClass::Closed,
        ConnectionError::Truncated => ErrorClass::Truncated,
        ConnectionError::PersistenceWithdrawn => ErrorClass::PersistenceWithdrawn,
        ConnectionError::TimedOut(_) => ErrorClass::TimedOut,
        _ => ErrorClass::Other,
    }
}

/// Sends these bytes, closes the sending side, and returns all bytes that the server sends.
pub(crate) fn server_answer(server: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut socket = TcpStream::connect(server).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    socket.write_all(bytes).unwrap();
    socket.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    match socket.read_to_end(&mut answer) {
        Ok(_) => {}
        // The server closes with unread bytes.
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("the server did not close: {error}"),
    }
    answer
}
