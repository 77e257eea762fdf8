//! The clients, called alike, and what they give in one form.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use owproto_core::client::ConnectionError;
use owproto_std::{Builder, Client, DirOptions, Error, Listing};

use crate::embedded::{self, STORAGE};
use crate::network_stacks::{OnEmbassyNet, OnSmoltcp};

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
pub(crate) enum CallResult {
    Value(Vec<u8>),
    Entries(Vec<Vec<u8>>),
    Present(bool),
    Took(usize),
    /// One for each path; clients of `owproto-embedded` leave those out that are behind a failure.
    Many(Vec<CallResult>),
    Fails(ErrorClass),
}

/// The errors of all clients.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum ErrorClass {
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

/// What a client does by itself when a connection ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Recovery {
    /// Those of `owproto-std` connect again, ask again, and give each path of many a result of its own.
    Std,
    /// Those of `owproto-embedded` over a transport that is connected do nothing.
    Driver,
    /// The one for smoltcp connects again for the next request.
    Smoltcp,
    /// The one that connects by itself also asks again.
    Reconnecting,
}

pub(crate) trait TestClient {
    /// Calls, for so long at most.
    fn call(&mut self, call: &Call, limit: Duration) -> CallResult;
}

/// One of the clients.
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

    /// The longest payload that it takes.
    pub(crate) fn payload_limit(self) -> usize {
        match self.recovery() {
            Recovery::Std => owproto_core::codec::DEFAULT_PAYLOAD_LIMIT,
            Recovery::Driver | Recovery::Smoltcp | Recovery::Reconnecting => STORAGE,
        }
    }

    /// A new client of this kind.
    pub(crate) fn client(self, server: SocketAddr) -> Box<dyn TestClient> {
        // One timeout alone, that of the call.
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

/// A call by way of `$run`, which waits for a future, or has nothing to do.
macro_rules! call_std {
    ($call:expr, $client:expr, $run:ident) => {
        match $call {
            Call::Read(path) => given($run!($client.read(path)), CallResult::Value),
            Call::Write(path, data) => given($run!($client.write(path, data)), CallResult::Took),
            Call::Dir => given($run!($client.dir_with("/", DirOptions::new().streamed())), entries),
            Call::Dirall => given($run!($client.dir("/")), entries),
            Call::Present(path) => given($run!($client.present(path)), CallResult::Present),
            Call::ReadMany(paths) => {
                let values = $run!($client.read_many(paths));
                CallResult::Many(values.into_iter().map(|value| given(value, CallResult::Value)).collect())
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

fn given<T>(result: Result<T, Error>, form: impl FnOnce(T) -> CallResult) -> CallResult {
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
