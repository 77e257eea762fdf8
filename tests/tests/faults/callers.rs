//! The clients, called alike, and what they give in one form.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use owproto_core::client::ConnectionError;
use owproto_std::{Builder, Client, DirOptions, Error, Listing};

use crate::embedded::{self, STORAGE};
use crate::machines::{OnEmbassyNet, OnSmoltcp};

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

/// What a client does by itself when a connection ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sort {
    /// Those of `owproto-std` connect again, ask again, and give each path of many a result of its own.
    Std,
    /// Those of `owproto-embedded` over a transport that is connected do nothing.
    Driver,
    /// The one for smoltcp connects again for the next request.
    Smoltcp,
    /// The one that connects by itself also asks again.
    Reconnecting,
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
    Smoltcp,
    Reconnecting,
    EmbassyNet,
}

impl Which {
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

    pub(crate) fn sort(self) -> Sort {
        match self {
            Self::Blocking | Self::Tokio => Sort::Std,
            Self::EmbeddedBlocking | Self::EmbeddedAsynchronous => Sort::Driver,
            Self::Smoltcp => Sort::Smoltcp,
            Self::Reconnecting | Self::EmbassyNet => Sort::Reconnecting,
        }
    }

    /// Whether it has a network stack of its own.
    pub(crate) fn is_on_a_machine(self) -> bool {
        matches!(self, Self::Smoltcp | Self::EmbassyNet)
    }

    /// The longest payload that it takes.
    pub(crate) fn payload_limit(self) -> usize {
        match self.sort() {
            Sort::Std => owproto_core::codec::DEFAULT_PAYLOAD_LIMIT,
            Sort::Driver | Sort::Smoltcp | Sort::Reconnecting => STORAGE,
        }
    }

    /// A new client of this kind.
    pub(crate) fn client(self, server: SocketAddr) -> Box<dyn Caller> {
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
pub(crate) use by_itself;

macro_rules! awaited {
    ($future:expr) => {
        $future.await
    };
}
pub(crate) use awaited;

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

pub(crate) fn lost(error: ConnectionError) -> Why {
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
