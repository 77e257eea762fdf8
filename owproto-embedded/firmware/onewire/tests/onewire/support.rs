//! A server on a simulated wire, and time that passes when the server sleeps.

use std::cell::Cell;
use std::rc::Rc;
use std::task::{Context, Waker};

use owproto_core::Request;
use owproto_core::server::{Connection, Step as ConnectionStep};
use owproto_core::text::RomId;
use owproto_core::time::{Duration, Instant};
use owproto_core::tree::{Job, Tree};
use owproto_onewire::emulation::{EmulatedWire, Slave};
use owproto_onewire::{OneWireBus, Step};

pub(crate) type Clock = Box<dyn FnMut() -> Instant>;
pub(crate) type TestWire = EmulatedWire<Clock, 6>;
pub(crate) type TestBus = OneWireBus<TestWire, 5, 4>;

/// Longer than this no request takes, however noisy the line is.
const LIMIT: Duration = Duration::from_secs(20);

pub(crate) const KITCHEN: RomId = RomId::new(0x28, [1, 0, 0, 0x90, 0, 0]);
pub(crate) const CELLAR: RomId = RomId::new(0x28, [2, 0, 0, 0x90, 0, 0]);
pub(crate) const ATTIC: RomId = RomId::new(0x10, [3, 0, 0, 0x90, 0x08, 0]);
pub(crate) const LAMP: RomId = RomId::new(0x3a, [4, 0, 0, 0, 0, 0]);
/// Not there at first.
pub(crate) const GUEST: RomId = RomId::new(0x28, [5, 0, 0, 0x90, 0, 0]);
/// Of a family that the bus does not know.
pub(crate) const BATTERY: RomId = RomId::new(0x26, [6, 0, 0, 0, 0, 0]);

/// Where they are on the wire.
pub(crate) const AT_KITCHEN: usize = 0;
pub(crate) const AT_CELLAR: usize = 1;
pub(crate) const AT_ATTIC: usize = 2;
pub(crate) const AT_LAMP: usize = 3;
pub(crate) const AT_GUEST: usize = 4;

/// A client's connection, and what it was sent.
pub(crate) struct Client {
    connection: Connection<[u8; 512], [u8; 512]>,
    job: Job,
    pub(crate) sent: Vec<u8>,
}

impl Client {
    pub(crate) fn asks(request: Request<'_>, now: Instant) -> Self {
        let mut buffer = [0; 512];
        let mut bytes = request.encode(&mut buffer).unwrap();
        let mut connection = Connection::new([0; 512], [0; 512]);
        let _ = connection.handle_input(&mut bytes, now);
        Self { connection, job: Job::new(), sent: Vec::new() }
    }

    /// `ret` and the payload of the last frame.
    pub(crate) fn reply(&self) -> (i32, &[u8]) {
        let mut rest = &self.sent[..];
        loop {
            let word = |at: usize| i32::from_be_bytes(rest[at..at + 4].try_into().unwrap());
            let end = 24 + usize::try_from(word(4).max(0)).unwrap();
            if rest.len() == end {
                return (word(8), &rest[24..]);
            }
            rest = &rest[end..];
        }
    }
}

pub(crate) struct Bed {
    now: Rc<Cell<Instant>>,
    pub(crate) tree: Tree<TestBus>,
    /// Steps that did something.
    pub(crate) steps: u32,
}

impl Bed {
    /// Two thermometers, one of another family, a switch, and a device that nobody knows.
    pub(crate) fn new() -> Self {
        let mut guest = Slave::thermometer(GUEST, 5 * 16);
        guest.set_presence(owproto_onewire::emulation::Presence::Absent);
        Self::with([
            Slave::thermometer(KITCHEN, 21 * 16 + 8),
            Slave::thermometer(CELLAR, -10 * 16),
            Slave::thermometer(ATTIC, 30 * 16 + 3),
            Slave::switch(LAMP),
            guest,
            Slave::switch(BATTERY),
        ])
    }

    pub(crate) fn with(slaves: [Slave; 6]) -> Self {
        let now = Rc::new(Cell::new(Instant::ZERO));
        let clock = now.clone();
        let wire = EmulatedWire::new(Box::new(move || clock.get()) as Clock, slaves);
        Self { now, tree: Tree::new(OneWireBus::new(wire)), steps: 0 }
    }

    pub(crate) fn now(&self) -> Instant {
        self.now.get()
    }

    pub(crate) fn wire(&mut self) -> &mut TestWire {
        self.tree.bus_mut().wire_mut()
    }

    pub(crate) fn slave(&mut self, at: usize) -> &mut Slave {
        &mut self.wire().slaves_mut()[at]
    }

    /// A piece of work on the wire, or sleep until there is some; not longer than until `limit`. Says whether requests
    /// can go on.
    fn step(&mut self, limit: Instant) -> bool {
        let (now, micros) = (self.now(), self.wire().micros());
        let step = self.tree.bus_mut().step(now);
        let took = self.wire().micros().wrapping_sub(micros);
        assert!(took <= 1000, "a step of {took} µs");
        self.now.set(now + Duration::from_micros(took.into()));
        match step {
            Step::Worked => self.steps += 1,
            Step::Ready => {}
            Step::Idle => {
                let wake_at = self.tree.bus().wake_at();
                assert!(wake_at > now, "it has nothing to do, and is not to be left alone");
                self.now.set(wake_at.min(limit));
            }
        }
        step == Step::Ready
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, duration: Duration) {
        let end = self.now() + duration;
        while self.now() < end {
            self.step(end);
        }
    }

    /// Goes on with a client; `true` when it has its answer.
    pub(crate) fn serve(&mut self, client: &mut Client) -> bool {
        let now = self.now();
        loop {
            match client.connection.step() {
                ConnectionStep::Read | ConnectionStep::Close => return true,
                ConnectionStep::Answer => {
                    let mut context = Context::from_waker(Waker::noop());
                    let _ = self.tree.serve(&mut client.connection, &mut client.job, now, &mut context);
                    if client.connection.step() == ConnectionStep::Answer {
                        return false;
                    }
                }
                ConnectionStep::Write => {
                    client.sent.extend_from_slice(client.connection.poll_transmit());
                    client.connection.handle_transmitted(usize::MAX, now);
                }
            }
        }
    }

    /// The client has gone.
    pub(crate) fn leave(&mut self, mut client: Client) {
        self.tree.cancel(&mut client.job);
    }

    /// Until all have their answers. Clients are only looked at when the bus says so.
    pub(crate) fn finish(&mut self, clients: &mut [Client]) {
        let limit = self.now() + LIMIT;
        let mut is_settled = true;
        loop {
            let mut are_answered = is_settled;
            for client in clients.iter_mut().filter(|_| is_settled) {
                are_answered &= self.serve(client);
            }
            if are_answered {
                return;
            }
            assert!(self.now() < limit, "no answer after so much time");
            is_settled = self.step(limit);
        }
    }

    pub(crate) fn ask(&mut self, request: Request<'_>) -> Client {
        let mut clients = [Client::asks(request, self.now())];
        self.finish(&mut clients);
        let [client] = clients;
        client
    }

    /// The value of a property, without blanks, or the code.
    pub(crate) fn read(&mut self, path: &str) -> Result<String, i32> {
        let client = self.ask(Request::read(path).unwrap());
        match client.reply() {
            (code, _) if code < 0 => Err(code),
            (_, value) => Ok(String::from_utf8_lossy(value).trim().to_owned()),
        }
    }

    pub(crate) fn write(&mut self, path: &str, value: &str) -> i32 {
        self.ask(Request::write(path, value.as_bytes()).unwrap()).reply().0
    }

    pub(crate) fn presence(&mut self, path: &str) -> i32 {
        self.ask(Request::presence(path).unwrap()).reply().0
    }

    /// The entries of a directory, or the code.
    pub(crate) fn list(&mut self, path: &str) -> Result<Vec<String>, i32> {
        let client = self.ask(Request::dirall(path).unwrap());
        match client.reply() {
            (code, _) if code < 0 => Err(code),
            (_, b"") => Ok(Vec::new()),
            (_, list) => {
                let text = String::from_utf8_lossy(&list[..list.len() - 1]).into_owned();
                Ok(text.split(',').map(str::to_owned).collect())
            }
        }
    }

    /// How much of the wire's time this took, in bits.
    pub(crate) fn slots(&mut self, work: impl FnOnce(&mut Self)) -> u32 {
        let before = self.wire().slots();
        work(self);
        self.wire().slots() - before
    }
}

/// A path below a device.
pub(crate) fn path(device: RomId, rest: &str) -> String {
    format!("/{device}/{rest}")
}
