//! Our own server without a network: the core's connection and tree over the tester bus, in virtual time.

use std::task::{Context, Poll, Waker};

use owproto_core::ReturnCode;
use owproto_core::server::{Connection, End, Event, Keepalives, Persistence, Step, Timeout, Timeouts};
use owproto_core::storage::Storage;
use owproto_core::text::{Date, RomId, Value};
use owproto_core::time::{Duration, Instant};
use owproto_core::tree::tester::Tester;
use owproto_core::tree::{Access, AliasTable, Bus, Job, Permission, Settings, Support, System, Tree};
use owproto_core::wire::Token;

/// Devices of the standard set-up and of the others.
fn family_codes(list: &str) -> Vec<u8> {
    list.split(',').map(|code| u8::from_str_radix(code, 16).unwrap()).collect()
}

/// A tester bus, or one behind a bus with a device that owserver gave a random address.
#[derive(Clone)]
pub struct Simulation {
    tester: Tester<'static>,
    fake: Option<RomId>,
}

impl Simulation {
    fn own_bus(&self, bus: u16) -> Option<u16> {
        bus.checked_sub(u16::from(self.fake.is_some()))
    }
}

impl Bus for Simulation {
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
pub struct Server {
    /// Its antiloop token.
    pub token: Option<Token>,
    /// What stands behind the connections.
    pub tree: Tree<Simulation, AliasTable<8, 256>>,
    timeouts: Timeouts,
    keepalives: Keepalives,
    /// How many connections are kept at most, how many are, and from how many on idle ones are closed soon.
    places: usize,
    taken: usize,
    crowded: usize,
}

impl Server {
    /// The server that a command line of owserver makes; `None` if it has no tester bus.
    ///
    /// # Panics
    ///
    /// If an option is not understood.
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
        let bus = Simulation { tester, fake };
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
            places: match option("--no_persistence") {
                Some(_) => 0,
                None => number("--clients_persistent_high", 20),
            },
            taken: 0,
            crowded: number("--clients_persistent_low", 10),
        })
    }
}

/// How bytes are cut, and what memory a connection has to send from.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Manner {
    /// Much memory, everything at once.
    Large,
    /// 512 bytes to send from.
    Small,
    /// 64 bytes to send from, and everything comes and goes byte by byte.
    Drops,
}

/// Memory for so many bytes and no more.
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

/// A connection with its job and its clock.
pub struct Client {
    connection: Connection<Bounded, Vec<u8>>,
    job: Job,
    manner: Manner,
    now: Instant,
    has_place: bool,
}

/// What the server did until it had nothing more to do.
#[derive(Default)]
pub struct Said {
    /// All bytes that it sent.
    pub bytes: Vec<u8>,
    /// When it closed, if it did.
    pub closed_after: Option<Duration>,
    /// Why.
    pub end: Option<End>,
}

impl Client {
    /// A new connection to a server.
    #[must_use]
    pub fn new(server: &Server, manner: Manner) -> Self {
        let room = match manner {
            Manner::Large => 1 << 20,
            Manner::Small => 512,
            Manner::Drops => 64,
        };
        let connection = Connection::new(Bounded(room, Vec::new()), Vec::new())
            .with_transmit_limit(room)
            .with_timeouts(server.timeouts)
            .with_keepalives(server.keepalives);
        let connection = match server.token {
            Some(token) => connection.with_token(token),
            None => connection,
        };
        Self { connection, job: Job::new(), manner, now: Instant::ZERO, has_place: false }
    }

    /// Gives input to the server, and takes what it says until it has nothing more to do, or closes.
    ///
    /// # Panics
    ///
    /// If the server breaks its contract.
    pub fn talk(&mut self, server: &mut Server, mut input: &[u8], then: Then) -> Said {
        let start = self.now;
        let mut said = Said::default();
        let mut context = Context::from_waker(Waker::noop());
        loop {
            match self.connection.step() {
                Step::Read if !input.is_empty() => {
                    let len = if self.manner == Manner::Drops { 1 } else { input.len() };
                    let (mut piece, rest) = input.split_at(len);
                    let event = self.connection.handle_input(&mut piece, self.now);
                    input = &input[len - piece.len()..];
                    assert!(piece.is_empty() || event != Event::NeedMore(0));
                    let _ = rest;
                    if event == Event::Request {
                        self.decide(server);
                    }
                }
                Step::Read if then == Then::HalfClose && !self.connection.is_half_closed() => {
                    self.connection.handle_eof();
                }
                Step::Read if then == Then::Wait => {
                    let (at, _) = self.connection.poll_timeout().unwrap();
                    self.now = at;
                    if self.connection.handle_timeout(at) == Some(Timeout::IdleLow)
                        && server.taken >= server.crowded
                    {
                        self.connection.close();
                    }
                }
                Step::Read => return said,
                Step::Write => {
                    let bytes = self.connection.poll_transmit();
                    let len = if self.manner == Manner::Drops { 1 } else { bytes.len() };
                    said.bytes.extend_from_slice(&bytes[..len]);
                    self.connection.handle_transmitted(len, self.now);
                }
                Step::Answer => {
                    if then == Then::HalfClose && input.is_empty() {
                        self.connection.handle_eof();
                    }
                    let poll = server.tree.serve(&mut self.connection, &mut self.job, self.now, &mut context);
                    assert!(poll.is_ready());
                }
                Step::Close => {
                    said.closed_after = Some(self.now.saturating_since(start));
                    said.end = self.connection.end();
                    if std::mem::take(&mut self.has_place) {
                        server.taken -= 1;
                    }
                    return said;
                }
            }
        }
    }

    /// Gives input to the server, and takes nothing of what it says.
    ///
    /// # Panics
    ///
    /// If the server breaks its contract.
    pub fn give(&mut self, server: &mut Server, mut input: &[u8]) {
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

    /// Lets time pass until the server has had enough. Gives how many bytes wait, and why it ended.
    ///
    /// # Panics
    ///
    /// If it would wait for ever.
    pub fn wait(&mut self) -> (usize, Option<End>) {
        let waiting = self.connection.poll_transmit().len();
        while self.connection.step() != Step::Close {
            let (at, _) = self.connection.poll_timeout().expect("a server has patience, but not for ever");
            self.now = at;
            self.connection.handle_timeout(at);
        }
        (waiting, self.connection.end())
    }

    /// The rule of owserver for places.
    fn decide(&mut self, server: &mut Server) {
        let asks = self.connection.requests_persistence();
        if asks && !self.has_place && server.taken < server.places {
            self.has_place = true;
            server.taken += 1;
        }
        self.connection.set_persistence(match self.has_place {
            true => Persistence::Grant,
            false => Persistence::Refuse,
        });
    }
}

/// What the client does after its last byte.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Then {
    /// It looks what came.
    Look,
    /// It waits until the server closes.
    Wait,
    /// It closes its sending side.
    HalfClose,
}
