//! Our server without I/O: the core's server connections and tree over the tester bus, in virtual time.
//!
//! It is not a scripted peer: it is the code under test, set up as the options of an owserver command line say.

use std::task::{Context, Poll, Waker};

use owproto_core::ReturnCode;
use owproto_core::server::{Connection, End, Event, Keepalives, Persistence, Step, Timeout, Timeouts};
use owproto_core::storage::Storage;
use owproto_core::text::{Date, RomId, Value};
use owproto_core::time::{Duration, Instant};
use owproto_core::tree::tester::Tester;
use owproto_core::tree::{Access, AliasTable, Bus, Job, Permission, Settings, Support, System, Tree};
use owproto_core::wire::Token;

/// The family codes of an option like `--tester=10,28`.
fn family_codes(list: &str) -> Vec<u8> {
    list.split(',').map(|code| u8::from_str_radix(code, 16).unwrap()).collect()
}

/// The buses of a command line: a tester bus, preceded by a bus with one fake device if there is an option `--fake`.
#[derive(Clone)]
pub struct SetupBus {
    tester: Tester<'static>,
    fake: Option<RomId>,
}

impl SetupBus {
    fn own_bus(&self, bus: u16) -> Option<u16> {
        bus.checked_sub(u16::from(self.fake.is_some()))
    }
}

impl Bus for SetupBus {
    fn buses(&self) -> u16 {
        1 + u16::from(self.fake.is_some())
    }

    fn device(&mut self, bus: u16, n: usize, _: &mut Context<'_>) -> Poll<Result<Option<RomId>, ReturnCode>> {
        Poll::Ready(Ok(match self.own_bus(bus) {
            Some(bus) => self.tester.id(bus, n),
            None => self.fake.filter(|_| n == 0),
        }))
    }

    fn read<'a>(
        &'a mut self,
        access: &Access<'_>,
        scratch: &'a mut [u8],
        context: &mut Context<'_>,
    ) -> Poll<Result<Value<'a>, ReturnCode>> {
        let access = access.with_bus(self.own_bus(access.bus).unwrap());
        self.tester.read(&access, scratch, context)
    }

    fn write(
        &mut self,
        access: &Access<'_>,
        value: Value<'_>,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), ReturnCode>> {
        self.tester.write(access, value, context)
    }

    fn clock(&self) -> Option<Date> {
        self.tester.clock()
    }

    fn interface_name(&self, bus: u16) -> &str {
        self.tester.interface_name(bus)
    }

    fn interface_address<'a>(&'a self, bus: u16, scratch: &'a mut [u8]) -> &'a [u8] {
        self.tester.interface_address(self.own_bus(bus).unwrap(), scratch)
    }

    fn interface_version(&self, bus: u16) -> u32 {
        self.tester.interface_version(bus)
    }
}

/// A server as one command line makes it.
pub struct CoreServer {
    /// Its antiloop token.
    pub token: Option<Token>,
    /// The tree that all connections share.
    pub tree: Tree<SetupBus, AliasTable<8, 256>>,
    timeouts: Timeouts,
    keepalives: Keepalives,
    /// The most persistent connections.
    persistent_limit: usize,
    /// Persistent connections now.
    persistent: usize,
    /// From this number of persistent connections on, the low idle timeout counts.
    idle_low_from: usize,
}

impl CoreServer {
    /// The server that a command line of owserver describes; `None` without a tester bus.
    ///
    /// # Panics
    ///
    /// If the value of an option is invalid.
    #[must_use]
    pub fn new(setup: &str) -> Option<Self> {
        let setup = setup.split(" behind ").next()?;
        let option = |name: &str| {
            setup.split(' ').find_map(|word| word.strip_prefix(name)).map(|rest| rest.trim_start_matches('='))
        };
        let seconds = |name: &str, default| match option(name) {
            Some(number) => Duration::from_secs(number.parse().unwrap()),
            None => default,
        };
        let number = |name: &str, default| option(name).map_or(default, |number| number.parse().unwrap());
        let tester = Tester::new(family_codes(option("--tester")?).leak());
        let fake = option("--fake").map(|list| {
            assert_eq!(list, "10");
            RomId::new(0x10, [0x67, 0xc6, 0x69, 0x73, 0x51, 0xff])
        });
        let bus = SetupBus { tester, fake };
        let system = System::DEFAULT.with_version("3.2p4");
        let mut settings = Settings::DEFAULT;
        settings.unaliased = option("--unaliased").is_some();
        let support = |refused: bool| if refused { Support::Refused } else { Support::Full };
        let permission = match option("--readonly") {
            Some(_) => Permission::ReadOnly,
            None => Permission::ReadWrite,
        };
        let tree = Tree::new(bus)
            .with_aliases(AliasTable::new())
            .with_system(system)
            .with_settings(settings)
            .with_permission(permission)
            .with_dirall(support(option("--no_dirall").is_some()))
            .with_get(support(option("--no_get").is_some()));
        let default = Timeouts::DEFAULT;
        Some(Self {
            token: None,
            tree,
            timeouts: default
                .with_request(seconds("--timeout_server", default.request))
                .with_idle_low(seconds("--timeout_persistent_low", default.idle_low))
                .with_idle_high(seconds("--timeout_persistent_high", default.idle_high)),
            keepalives: match option("--pingcrazy") {
                Some(_) => Keepalives::BeforeEveryAnswer,
                None => Keepalives::WhenSlow,
            },
            persistent_limit: match option("--no_persistence") {
                Some(_) => 0,
                None => number("--clients_persistent_high", 20),
            },
            persistent: 0,
            idle_low_from: number("--clients_persistent_low", 10),
        })
    }
}

/// How bytes are cut, and how large the transmit buffer of a connection is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Chunking {
    /// In one piece, from a buffer of 1 MiB.
    Whole,
    /// As much as a buffer of 512 bytes holds.
    SmallBuffer,
    /// Byte by byte in both directions, from a buffer of 64 bytes.
    ByteByByte,
}

/// Storage that grows to this number of bytes and no further.
pub struct Bounded(usize, Vec<u8>);

impl Storage for Bounded {
    fn capacity(&self) -> usize {
        self.0
    }
    fn space(&mut self, at: usize, len: usize) -> Option<&mut [u8]> {
        if at.checked_add(len)? <= self.0 { Storage::space(&mut self.1, at, len) } else { None }
    }
    fn filled(&self, len: usize) -> &[u8] {
        Storage::filled(&self.1, len)
    }
}

/// A server connection with its job and its clock.
pub struct CoreConnection {
    connection: Connection<Bounded, Vec<u8>>,
    job: Job,
    chunking: Chunking,
    now: Instant,
    is_persistent: bool,
}

/// What the server did until it had nothing left to do.
#[derive(Default)]
pub struct Sent {
    /// All bytes that it sent.
    pub bytes: Vec<u8>,
    /// How long after the input it closed, if it did.
    pub closed_after: Option<Duration>,
    /// Why the connection ended.
    pub end: Option<End>,
}

impl CoreConnection {
    /// A new connection to a server.
    #[must_use]
    pub fn new(server: &CoreServer, chunking: Chunking) -> Self {
        let room = match chunking {
            Chunking::Whole => 1 << 20,
            Chunking::SmallBuffer => 512,
            Chunking::ByteByByte => 64,
        };
        let connection = Connection::new(Bounded(room, Vec::new()), Vec::new())
            .with_transmit_limit(room)
            .with_timeouts(server.timeouts)
            .with_keepalives(server.keepalives);
        let connection = match server.token {
            Some(token) => connection.with_token(token),
            None => connection,
        };
        Self { connection, job: Job::new(), chunking, now: Instant::ZERO, is_persistent: false }
    }

    /// Passes input to the server, and reads its output until it has nothing left to do, or closes.
    ///
    /// # Panics
    ///
    /// If the server breaks its contract.
    pub fn exchange(&mut self, server: &mut CoreServer, mut input: &[u8], then: AfterInput) -> Sent {
        let start = self.now;
        let mut sent = Sent::default();
        let mut context = Context::from_waker(Waker::noop());
        loop {
            match self.connection.step() {
                Step::Read if !input.is_empty() => {
                    let len = if self.chunking == Chunking::ByteByByte { 1 } else { input.len() };
                    let mut piece = &input[..len];
                    let event = self.connection.handle_input(&mut piece, self.now);
                    input = &input[len - piece.len()..];
                    assert!(piece.is_empty() || event != Event::NeedMore(0));
                    if event == Event::Request {
                        self.decide_persistence(server);
                    }
                }
                Step::Read if then == AfterInput::HalfClose && !self.connection.is_half_closed() => {
                    self.connection.handle_eof();
                }
                Step::Read if then == AfterInput::WaitForClose => {
                    let (at, _) = self.connection.poll_timeout().unwrap();
                    self.now = at;
                    if self.connection.handle_timeout(at) == Some(Timeout::IdleLow)
                        && server.persistent >= server.idle_low_from
                    {
                        self.connection.close();
                    }
                }
                Step::Read => return sent,
                Step::Write => {
                    let bytes = self.connection.poll_transmit();
                    let len = if self.chunking == Chunking::ByteByByte { 1 } else { bytes.len() };
                    sent.bytes.extend_from_slice(&bytes[..len]);
                    self.connection.handle_transmitted(len, self.now);
                }
                Step::Answer => {
                    if then == AfterInput::HalfClose && input.is_empty() {
                        self.connection.handle_eof();
                    }
                    let poll = server.tree.serve(&mut self.connection, &mut self.job, self.now, &mut context);
                    assert!(poll.is_ready());
                }
                Step::Close => {
                    sent.closed_after = Some(self.now.saturating_since(start));
                    sent.end = self.connection.end();
                    if std::mem::take(&mut self.is_persistent) {
                        server.persistent -= 1;
                    }
                    return sent;
                }
            }
        }
    }

    /// Passes input to the server without reading its output.
    ///
    /// # Panics
    ///
    /// If the server breaks its contract.
    pub fn send_without_reading(&mut self, server: &mut CoreServer, mut input: &[u8]) {
        let mut context = Context::from_waker(Waker::noop());
        loop {
            match self.connection.step() {
                Step::Read if !input.is_empty() => {
                    let event = self.connection.handle_input(&mut input, self.now);
                    assert!(matches!(event, Event::Request | Event::NeedMore(_)));
                }
                Step::Answer => {
                    let poll = server.tree.serve(&mut self.connection, &mut self.job, self.now, &mut context);
                    assert!(poll.is_ready());
                }
                Step::Read | Step::Write | Step::Close => return,
            }
        }
    }

    /// Lets time pass until the server closes. Returns how many bytes were not sent, and why the connection ended.
    ///
    /// # Panics
    ///
    /// If the server would wait without a limit.
    pub fn wait_for_close(&mut self) -> (usize, Option<End>) {
        let waiting = self.connection.poll_transmit().len();
        while self.connection.step() != Step::Close {
            let (at, _) = self.connection.poll_timeout().expect("a server never waits without a limit");
            self.now = at;
            self.connection.handle_timeout(at);
        }
        (waiting, self.connection.end())
    }

    /// Grants persistence by the rule of owserver: to the first connections that request it, up to the limit.
    fn decide_persistence(&mut self, server: &mut CoreServer) {
        let is_requested = self.connection.requests_persistence();
        if is_requested && !self.is_persistent && server.persistent < server.persistent_limit {
            self.is_persistent = true;
            server.persistent += 1;
        }
        self.connection.set_persistence(match self.is_persistent {
            true => Persistence::Grant,
            false => Persistence::Refuse,
        });
    }
}

/// What the client does after its last byte.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum AfterInput {
    /// It takes what the server sends without the passing of time.
    Return,
    /// It waits until the server closes.
    WaitForClose,
    /// It closes its sending side.
    HalfClose,
}
