//! The language of the scenarios: the scripts of the peer, the calls of the client, and what each call must return.

use std::time::Duration;

use owproto_core::client::{ConnectionError, Timeout};
use owproto_core::wire::MessageType;
use owproto_tests::path_server;
use owproto_tests::peer::Script;

use crate::{Builder, DirOptions, Error, GetResult, RawReply};

/// The scripts of a peer, and calls one after the other with what each must return.
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) client: fn(Builder) -> Builder,
    /// One for each connection, in the order in which they are made. Further connections are refused.
    pub(super) scripts: Vec<Script>,
    pub(super) steps: Vec<Step>,
    /// Whether it takes too long, or is not exact enough, in real time.
    pub(super) needs_virtual_time: bool,
}

pub(super) struct Step {
    pub(super) via: Via,
    pub(super) call: Call,
    pub(super) gives: Outcome,
    /// How long the call takes in virtual time, in milliseconds. Only pauses of the peer and timeouts take time there.
    pub(super) takes_ms: u64,
}

/// The client that makes a call.
#[derive(Clone, Copy)]
pub(super) enum Via {
    Client,
    WithTimeout(u64),
    NonPersistent,
    Persistent,
    Clone,
}

impl Scenario {
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            client: |builder| builder,
            scripts: Vec::new(),
            steps: Vec::new(),
            needs_virtual_time: false,
        }
    }

    pub(super) fn client(mut self, client: fn(Builder) -> Builder) -> Self {
        self.client = client;
        self
    }

    /// What the peer does on the next connection.
    pub(super) fn connection(mut self, script: Script) -> Self {
        self.scripts.push(script);
        self
    }

    pub(super) fn call(self, call: Call, gives: Outcome) -> Self {
        self.call_via(Via::Client, call, gives)
    }

    pub(super) fn call_via(mut self, via: Via, call: Call, gives: Outcome) -> Self {
        self.steps.push(Step { via, call, gives, takes_ms: 0 });
        self
    }

    /// How long the call added last takes, in milliseconds.
    pub(super) fn takes_ms(mut self, millis: u64) -> Self {
        if let Some(step) = self.steps.last_mut() {
            step.takes_ms = millis;
        }
        self
    }

    pub(super) fn in_virtual_time(mut self) -> Self {
        self.needs_virtual_time = true;
        self
    }
}

/// A connection on which every request is answered.
pub(super) fn serving() -> Script {
    Script::new().serve(path_server::answer)
}

/// A connection on which this number of requests is answered, each after this number of milliseconds.
pub(super) fn responding(count: usize, millis: u64) -> Script {
    Script::new().respond(count, millis, path_server::answer)
}

/// A call of a client.
#[derive(Clone, Debug)]
pub(super) enum Call {
    Ping,
    Present(&'static str),
    RomId(&'static str),
    Read(&'static str),
    ReadAt(&'static str, u32, u32),
    ReadInto(&'static str, usize),
    ReadNumber(&'static str),
    ReadMany(Vec<&'static str>),
    Write(&'static str, &'static str),
    WriteAt(&'static str, &'static str, u32),
    Dir(&'static str),
    DirWith(&'static str, DirOptions),
    DirEach(&'static str),
    /// Takes this number of entries and drops the listing.
    DirIter(&'static str, usize),
    /// Reads every entry while the listing is in progress.
    ReadDuringListing(&'static str),
    Get(&'static str),
    SendMessage(MessageType, &'static str),
    CloseConnection,
    /// Not a call: lets a little time pass, so that the client checks the idle connection before it uses it.
    PassTime,
    /// Not a call: waits until the idle connection is stale, and a little longer.
    WaitUntilStale,
}

/// What a call returned.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Outcome {
    Done,
    Bool(bool),
    RomId(Option<String>),
    Value(String),
    Number(f64),
    Count(usize),
    Entries(Vec<String>),
    Many(Vec<Self>),
    Raw { ret: i32, size: i32, payload: String },
    Fails(Failure),
}

/// An error without its addresses and texts.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Failure {
    Request,
    /// owserver's code.
    Server(u32),
    Resolve,
    Connect,
    TimedOut(Timeout),
    /// With an error of the operating system, or without.
    Connection(ConnectionError),
    NotTried,
    NotANumber,
}

pub(super) fn gives(value: &str) -> Outcome {
    Outcome::Value(value.to_owned())
}

pub(super) fn lists(entries: &[&str]) -> Outcome {
    Outcome::Entries(entries.iter().map(|&entry| entry.to_owned()).collect())
}

pub(super) fn fails(why: Failure) -> Outcome {
    Outcome::Fails(why)
}

pub(super) fn fails_with_code(code: u32) -> Outcome {
    fails(Failure::Server(code))
}

pub(super) fn fails_with(error: ConnectionError) -> Outcome {
    fails(Failure::Connection(error))
}

pub(super) fn inactivity_timeout() -> Outcome {
    fails(Failure::TimedOut(Timeout::Inactivity))
}

pub(super) fn total_timeout() -> Outcome {
    fails(Failure::TimedOut(Timeout::Total))
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        assert!(!error.to_string().is_empty());
        match error {
            Error::Request(_) | Error::Send(_) | Error::Address(_) => Self::Request,
            Error::Server { error, .. } => Self::Server(error.code().code()),
            Error::Resolve { .. } => Self::Resolve,
            Error::Connect { .. } => Self::Connect,
            Error::TimedOut { timeout, limit, .. } => {
                assert!(!limit.is_zero() && limit < Duration::from_secs(100), "{limit:?}");
                Self::TimedOut(timeout)
            }
            Error::Connection { error, .. } | Error::Io { error, .. } => Self::Connection(error),
            Error::NotTried { .. } => Self::NotTried,
            Error::NotANumber { .. } => Self::NotANumber,
        }
    }
}

impl<T: Into<Self>> From<Result<T, Error>> for Outcome {
    fn from(result: Result<T, Error>) -> Self {
        match result {
            Ok(value) => value.into(),
            Err(error) => Self::Fails(error.into()),
        }
    }
}

impl From<()> for Outcome {
    fn from((): ()) -> Self {
        Self::Done
    }
}

impl From<bool> for Outcome {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<f64> for Outcome {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<usize> for Outcome {
    fn from(count: usize) -> Self {
        Self::Count(count)
    }
}

impl From<Vec<u8>> for Outcome {
    fn from(value: Vec<u8>) -> Self {
        Self::Value(String::from_utf8_lossy(&value).into_owned())
    }
}

impl From<crate::Listing> for Outcome {
    fn from(listing: crate::Listing) -> Self {
        Self::Entries(listing.names().map(Into::into).collect())
    }
}

impl From<GetResult> for Outcome {
    fn from(result: GetResult) -> Self {
        match result {
            GetResult::Directory(listing) => listing.into(),
            GetResult::Value(value) => value.into(),
        }
    }
}

impl From<RawReply> for Outcome {
    fn from(reply: RawReply) -> Self {
        let payload = String::from_utf8_lossy(&reply.payload).into_owned();
        Self::Raw { ret: reply.ret, size: reply.size, payload }
    }
}

/// Defines a function that makes calls of one kind of client. `$run` makes values of what the client's methods return.
macro_rules! perform_calls {
    ([$($asynchronous:ident)?] $visibility:vis $perform:ident, $client:ty, $run:ident) => {
        $visibility $($asynchronous)? fn $perform(client: &$client, via: Via, call: &Call) -> Outcome {
            use owproto_core::wire::Flags;
            let client = match via {
                Via::Client | Via::Clone => client.clone(),
                Via::WithTimeout(millis) => client.with_timeout(std::time::Duration::from_millis(millis)),
                Via::NonPersistent => client.non_persistent(),
                Via::Persistent => client.persistent(),
            };
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            match *call {
                Call::Ping => $run!(client.ping()).into(),
                Call::Present(path) => $run!(client.present(path)).into(),
                Call::RomId(path) => match $run!(client.rom_id(path)) {
                    Ok(id) => Outcome::RomId(id.map(|id| id.to_string())),
                    Err(error) => Outcome::Fails(error.into()),
                },
                Call::Read(path) => $run!(client.read(path)).into(),
                Call::ReadAt(path, size, offset) => $run!(client.read_at(path, size, offset)).into(),
                Call::ReadInto(path, len) => {
                    let mut buffer = vec![0xa5; len];
                    let count = $run!(client.read_into(path, &mut buffer));
                    count.map(|count| buffer[..count].to_vec()).into()
                }
                Call::ReadNumber(path) => $run!(client.read_number(path)).into(),
                Call::ReadMany(ref paths) => {
                    Outcome::Many($run!(client.read_many(paths)).into_iter().map(Into::into).collect())
                }
                Call::Write(path, data) => $run!(client.write(path, data)).into(),
                Call::WriteAt(path, data, offset) => $run!(client.write_at(path, data, offset)).into(),
                Call::Dir(path) => $run!(client.dir(path)).into(),
                Call::DirWith(path, options) => $run!(client.dir_with(path, options)).into(),
                Call::DirEach(path) => {
                    let mut entries = Vec::new();
                    let options = DirOptions::new().streamed();
                    let result = $run!(client.dir_each(path, options, |entry| entries.push(text(entry))));
                    match result {
                        Ok(_) => Outcome::Entries(entries),
                        Err(error) => Outcome::Many(vec![
                            Outcome::Entries(entries),
                            Outcome::Fails(error.into()),
                        ]),
                    }
                }
                Call::DirIter(path, count) => {
                    let mut iter = match $run!(client.dir_iter(path, DirOptions::new())) {
                        Ok(iter) => iter,
                        Err(error) => return Outcome::Fails(error.into()),
                    };
                    let mut entries = Vec::new();
                    while entries.len() < count {
                        match $run!(iter.next()) {
                            None => break,
                            Some(Ok(entry)) => entries.push(text(&entry)),
                            Some(Err(error)) => {
                                assert!($run!(iter.next()).is_none(), "an error ends the listing");
                                let error = Outcome::Fails(error.into());
                                return Outcome::Many(vec![Outcome::Entries(entries), error]);
                            }
                        }
                    }
                    Outcome::Entries(entries)
                }
                Call::ReadDuringListing(path) => {
                    let mut iter = match $run!(client.dir_iter(path, DirOptions::new())) {
                        Ok(iter) => iter,
                        Err(error) => return Outcome::Fails(error.into()),
                    };
                    let mut values = Vec::new();
                    while let Some(entry) = $run!(iter.next()) {
                        values.push(match entry {
                            Ok(entry) => $run!(client.read(&entry)).into(),
                            Err(error) => Outcome::Fails(error.into()),
                        });
                    }
                    Outcome::Many(values)
                }
                Call::Get(path) => $run!(client.get(path)).into(),
                Call::SendMessage(message_type, path) => {
                    let payload = [path.as_bytes(), b"\0"].concat();
                    $run!(client.sendmess(message_type, &payload, Flags::NONE, 100, 0)).into()
                }
                Call::CloseConnection => {
                    client.close_connection();
                    Outcome::Done
                }
                Call::PassTime | Call::WaitUntilStale => unreachable!("the driver of the scenario does this"),
            }
        }
    };
}

pub(super) use perform_calls;
