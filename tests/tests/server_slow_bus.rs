//! What clients see of a bus that is slow, fails, or changes. Times are milliseconds of virtual time.

use std::collections::BTreeMap;
use std::task::{Context, Poll, Waker};

use owproto_core::server::{Connection, End, Event, Step, Timeout};
use owproto_core::text::{RomId, Value};
use owproto_core::time::Instant;
use owproto_core::tree::{Access, Bus, Element, Job, Operation, Refresh, Tree};
use owproto_core::wire::Flags;
use owproto_core::{ReplyEvent, ReplyParser, Request, ReturnCode};

/// A bus with thermometers whose conversions take a while, and with more devices in its listings.
#[derive(Default)]
struct Slow {
    now: u64,
    /// How long a conversion takes.
    takes: u64,
    /// When each operation is done.
    done_at: BTreeMap<Operation, u64>,
    cancelled: Vec<Operation>,
    devices: usize,
    /// From this device number on, the search takes until this time, and then fails or not.
    search: Option<(usize, u64, Option<ReturnCode>)>,
    /// By how many digits a temperature grows with each read.
    growing: Option<f64>,
    /// Pages of memory from this number on cannot be read.
    broken_page: Option<u32>,
    written: Vec<(String, String)>,
    uncached: Vec<bool>,
    renewed: Vec<Refresh>,
}

fn id(n: usize) -> RomId {
    RomId::new(if n == 0 { 0x20 } else { 0x28 }, [u8::try_from(n).unwrap(), 0, 0, 0, 0, 0])
}

impl Bus for Slow {
    fn device(&mut self, _: u16, n: usize, _: &mut Context<'_>) -> Poll<Result<Option<RomId>, ReturnCode>> {
        if let Some((from, until, code)) = self.search
            && n >= from
        {
            if self.now < until {
                return Poll::Pending;
            }
            if let Some(code) = code {
                return Poll::Ready(Err(code));
            }
        }
        Poll::Ready(Ok((n < self.devices).then(|| id(n))))
    }

    fn find(&mut self, device: RomId, _: &mut Context<'_>) -> Poll<Result<Option<u16>, ReturnCode>> {
        Poll::Ready(Ok((0..self.devices).any(|n| id(n) == device).then_some(0)))
    }

    fn refresh(
        &mut self,
        what: Refresh,
        operation: Operation,
        _: &mut Context<'_>,
    ) -> Poll<Result<(), ReturnCode>> {
        let done_at = *self.done_at.entry(operation).or_insert(self.now + self.takes);
        if self.now < done_at {
            return Poll::Pending;
        }
        self.renewed.push(what);
        // Once for each request, also for one that takes several steps.
        assert!(self.renewed.len() < 10);
        Poll::Ready(Ok(()))
    }

    fn read<'a>(
        &'a mut self,
        access: &Access<'_>,
        _: &'a mut [u8],
        _: &mut Context<'_>,
    ) -> Poll<Result<Value<'a>, ReturnCode>> {
        let done_at = *self.done_at.entry(access.operation).or_insert(self.now + self.takes);
        if self.now < done_at {
            return Poll::Pending;
        }
        self.uncached.push(access.is_uncached);
        Poll::Ready(match (access.property.name, access.element) {
            ("volt", Element::Number(_)) => {
                if let Some(volt) = &mut self.growing {
                    *volt *= 10.0;
                }
                Ok(Value::Float(self.growing.unwrap_or(2.5)))
            }
            ("pages/page", Element::Number(n)) if self.broken_page.is_some_and(|broken| n >= broken) => {
                Err(ReturnCode::IO)
            }
            ("pages/page", _) => Ok(Value::Bytes(&[7; 8][access.offset..])),
            ("temperature", _) => Ok(Value::Float(21.5)),
            ("templow", _) => Ok(Value::Text(b"no temperature")),
            _ => Err(ReturnCode::GOOD),
        })
    }

    fn write(
        &mut self,
        access: &Access<'_>,
        value: Value<'_>,
        _: &mut Context<'_>,
    ) -> Poll<Result<(), ReturnCode>> {
        let done_at = *self.done_at.entry(access.operation).or_insert(self.now + self.takes);
        if self.now < done_at {
            return Poll::Pending;
        }
        self.done_at.remove(&access.operation);
        let element = match access.element {
            Element::Number(n) => format!(".{n}"),
            Element::Byte => ".BYTE".to_owned(),
            _ => String::new(),
        };
        self.written.push((format!("{}{element}", access.property.name), format!("{value:?}")));
        Poll::Ready(Ok(()))
    }

    fn cancel(&mut self, operation: Operation) {
        self.cancelled.push(operation);
        self.done_at.remove(&operation);
    }
}

/// A client, and what it received when.
struct Client {
    connection: Connection<[u8; 256], [u8; 256]>,
    job: Job,
    seen: Vec<(u64, String)>,
    parser: ReplyParser<Vec<u8>>,
}

impl Client {
    fn sending(request: Request<'_>, now: u64) -> Self {
        let mut connection = Connection::new([0; 256], [0; 256]);
        let mut bytes = vec![0; request.encoded_len()];
        request.with_flags(request.flags() | Flags::PERSISTENCE).encode(&mut bytes).unwrap();
        assert_eq!(connection.handle_input(&mut &bytes[..], Instant::from_millis(now)), Event::Request);
        Self { connection, job: Job::new(), seen: Vec::new(), parser: ReplyParser::new(Vec::new()) }
    }

    /// Runs until it waits for the bus.
    fn run_until_blocked(&mut self, tree: &mut Tree<Slow>) {
        let now = Instant::from_millis(tree.bus().now);
        let mut context = Context::from_waker(Waker::noop());
        loop {
            match self.connection.step() {
                Step::Answer => {
                    let poll = tree.serve(&mut self.connection, &mut self.job, now, &mut context);
                    // Output from before the wait is sent first.
                    if poll.is_pending() && self.connection.step() != Step::Write {
                        return;
                    }
                }
                Step::Write => {
                    let bytes = self.connection.poll_transmit().to_vec();
                    self.connection.handle_transmitted(bytes.len(), now);
                    let mut input = &bytes[..];
                    loop {
                        let what = match self.parser.parse(&mut input).unwrap() {
                            ReplyEvent::NeedMore(_) => break,
                            ReplyEvent::Keepalive => "keepalive".to_owned(),
                            ReplyEvent::Reply(reply) => {
                                format!("{} {}", reply.ret(), reply.payload().escape_ascii())
                            }
                        };
                        self.seen.push((tree.bus().now, what));
                    }
                }
                Step::Read | Step::Close => return,
            }
        }
    }
}

/// Lets time pass in steps of 10 ms.
fn run(tree: &mut Tree<Slow>, clients: &mut [Client], until: u64) {
    loop {
        for client in clients.iter_mut() {
            client.run_until_blocked(tree);
        }
        if tree.bus().now >= until {
            return;
        }
        tree.bus_mut().now += 10;
        let now = Instant::from_millis(tree.bus().now);
        for client in clients.iter_mut() {
            client.connection.handle_timeout(now);
        }
    }
}

fn seen(client: &Client) -> Vec<(u64, &str)> {
    client.seen.iter().map(|(at, what)| (*at, what.as_str())).collect()
}

fn slow() -> Slow {
    Slow { devices: 3, takes: 3500, ..Slow::default() }
}

#[test]
fn keepalives_are_sent_during_a_conversion_and_other_clients_are_served() {
    let mut tree = Tree::new(slow());
    let mut clients = [
        Client::sending(Request::read("/28.010000000000/temperature").unwrap(), 0),
        Client::sending(Request::read("/28.020000000000/type").unwrap(), 0),
    ];
    run(&mut tree, &mut clients, 5000);
    assert_eq!(
        seen(&clients[0]),
        [(1000, "keepalive"), (2000, "keepalive"), (3000, "keepalive"), (3500, "12         21.5")]
    );
    assert_eq!(seen(&clients[1]), [(0, "7 DS18B20")]);
    assert_eq!(clients[0].connection.step(), Step::Read);
    assert_eq!(tree.bus().cancelled, []);
}

#[test]
fn a_read_is_cancelled_when_its_client_disconnects() {
    let mut tree = Tree::new(slow());
    let mut clients = [Client::sending(Request::read("/28.010000000000/temperature").unwrap(), 0)];
    run(&mut tree, &mut clients, 500);
    assert_eq!(tree.bus().done_at.len(), 1);
    let [client] = &mut clients;
    client.connection.handle_transport_error();
    assert_eq!(client.connection.step(), Step::Close);
    tree.cancel(&mut client.job);
    tree.cancel(&mut client.job);
    assert_eq!((tree.bus().done_at.len(), tree.bus().cancelled.len()), (0, 1));
}

#[test]
fn entries_found_before_a_search_waits_or_fails_are_sent_first() {
    for (code, last) in [(None, "0 /28.020000000000\\x00"), (Some(ReturnCode::IO), "-5 ")] {
        let mut bus = slow();
        bus.search = Some((2, 2500, code));
        let mut tree = Tree::new(bus);
        let mut clients = [Client::sending(Request::dir("/").unwrap(), 0)];
        run(&mut tree, &mut clients, 3000);
        let expected = [
            (0, "0 /20.000000000000\\x00"),
            (0, "0 /28.010000000000\\x00"),
            (1000, "keepalive"),
            (2000, "keepalive"),
            (2500, last),
        ];
        assert_eq!(seen(&clients[0])[..5], expected);
        assert_eq!(seen(&clients[0]).len(), if code.is_some() { 5 } else { 6 });
    }
    // A DIRALL reply has no entries before the error.
    let mut bus = slow();
    bus.search = Some((2, 0, Some(ReturnCode::IO)));
    let mut tree = Tree::new(bus);
    let mut clients = [Client::sending(Request::dirall("/").unwrap(), 0)];
    run(&mut tree, &mut clients, 10);
    assert_eq!(seen(&clients[0]), [(0, "-5 ")]);
}

#[test]
fn a_listing_that_changes_between_counting_and_sending_ends_the_connection() {
    for change in [3, 20] {
        let mut bus = slow();
        bus.devices = 10;
        let mut tree = Tree::new(bus);
        let mut client = Client::sending(Request::dirall("/").unwrap(), 0);
        let mut context = Context::from_waker(Waker::noop());
        // 256 bytes hold the header and the first entries.
        let now = Instant::ZERO;
        let mut connection = Connection::new([0; 64], [0; 64]);
        let mut bytes = [0; 64];
        let request = Request::dirall("/").unwrap().encode(&mut bytes).unwrap();
        assert_eq!(connection.handle_input(&mut &request[..], now), Event::Request);
        assert!(tree.serve(&mut connection, &mut client.job, now, &mut context).is_ready());
        tree.bus_mut().devices = change;
        let mut sent = 0;
        let end = loop {
            match connection.step() {
                Step::Write => {
                    let n = connection.poll_transmit().len();
                    sent += n;
                    connection.handle_transmitted(n, now);
                }
                Step::Answer => {
                    assert!(tree.serve(&mut connection, &mut client.job, now, &mut context).is_ready());
                }
                _ => break connection.end(),
            }
        };
        assert_eq!(end, Some(End::AnswerAborted), "{change} devices");
        assert!(sent < 24 + 170, "the frame is not complete");
    }
}

#[test]
fn a_value_that_grows_between_counting_and_sending_is_not_cut() {
    let mut bus = Slow { takes: 0, ..slow() };
    bus.growing = Some(1.0);
    let mut tree = Tree::new(bus);
    let read = Request::read("/20.000000000000/volt.ALL").unwrap();
    let mut clients = [Client::sending(read.with_flags(Flags::TRIM), 0), Client::sending(read, 0)];
    run(&mut tree, &mut clients, 10);
    assert_eq!(clients[0].connection.end(), Some(End::AnswerAborted));
    // With padding, all values have the same length.
    assert_eq!(clients[1].connection.end(), None);
    assert_eq!(clients[1].seen.len(), 1);
}

#[test]
fn a_second_read_of_the_same_request_may_come_from_a_cache() {
    let mut tree = Tree::new(Slow { takes: 0, ..slow() });
    let read = Request::read("/uncached/20.000000000000/volt.ALL").unwrap();
    let mut clients = [Client::sending(read, 0)];
    run(&mut tree, &mut clients, 10);
    assert_eq!(tree.bus().uncached, [true, true, true, true, false, false, false, false]);
}

#[test]
fn uncached_listings_and_presence_search_the_bus_again() {
    let uncached = |request: Request<'static>| request.with_flags(request.flags() | Flags::UNCACHED);
    let device = Refresh::Presence(id(1));
    for (request, renewed) in [
        (Request::dirall("/uncached").unwrap(), vec![Refresh::Devices]),
        (Request::dir("/uncached/bus.0").unwrap(), vec![Refresh::Devices]),
        (Request::dirall("/uncached/alarm").unwrap(), vec![Refresh::Devices]),
        (uncached(Request::get("/").unwrap()), vec![Refresh::Devices]),
        (Request::presence("/uncached/28.010000000000").unwrap(), vec![device]),
        (uncached(Request::presence("/28.010000000000/type").unwrap()), vec![device]),
        (Request::dirall("/").unwrap(), vec![]),
        (Request::presence("/28.010000000000").unwrap(), vec![]),
        (Request::presence("/uncached").unwrap(), vec![]),
        (Request::dirall("/uncached/28.010000000000").unwrap(), vec![]),
        (Request::dirall("/uncached/settings").unwrap(), vec![]),
        // Reads and writes pass it with each access.
        (Request::read("/uncached/28.010000000000/temperature").unwrap(), vec![]),
    ] {
        let mut tree = Tree::new(Slow { takes: 30, devices: 60, ..slow() });
        let mut clients = [Client::sending(request, 0)];
        run(&mut tree, &mut clients, 20);
        assert_eq!(tree.bus().renewed, [], "{request:?}");
        run(&mut tree, &mut clients, 100);
        assert_eq!(tree.bus().renewed, renewed, "{request:?}");
        assert!(clients[0].seen.last().is_some_and(|(_, what)| !what.starts_with('-')), "{request:?}");
    }
}

#[test]
fn an_error_is_returned_before_the_first_byte_and_ends_the_connection_after_it() {
    let read = Request::read("/20.000000000000/pages/page.ALL").unwrap();
    for (broken, end) in [(0, None), (2, Some(End::AnswerAborted))] {
        let mut tree = Tree::new(Slow { takes: 0, broken_page: Some(broken), ..slow() });
        let mut clients = [Client::sending(read, 0)];
        run(&mut tree, &mut clients, 10);
        assert_eq!(clients[0].connection.end(), end);
        assert_eq!(seen(&clients[0]), if broken == 0 { vec![(0, "-5 ")] } else { vec![] });
    }
}

#[test]
fn a_value_of_the_wrong_type_is_an_io_error() {
    let mut tree = Tree::new(Slow { takes: 0, ..slow() });
    for path in ["/28.010000000000/templow", "/28.010000000000/power"] {
        let mut clients = [Client::sending(Request::read(path).unwrap(), 0)];
        run(&mut tree, &mut clients, 10);
        assert_eq!(clients[0].seen[0].1, "-5 ", "{path}");
        tree.bus_mut().now = 0;
    }
}

#[test]
fn arrays_are_written_element_by_element() {
    let mut tree = Tree::new(Slow { takes: 100, ..slow() });
    let mut clients = [
        Client::sending(Request::write("/20.000000000000/PIO.ALL", "1,0,yes,no").unwrap(), 0),
        Client::sending(Request::write("/20.000000000000/set_alarm/high.ALL", "1,0,0,1").unwrap(), 0),
        Client::sending(Request::write("/20.000000000000/set_alarm/volthigh.ALL", "1,2,3,4.5").unwrap(), 0),
    ];
    run(&mut tree, &mut clients, 2000);
    for client in &clients {
        assert_eq!(client.seen.last().unwrap().1, "0 ");
    }
    let written = |name: &str| -> Vec<String> {
        let of = tree.bus().written.iter().filter(|(property, _)| property.starts_with(name));
        of.map(|(property, value)| format!("{property} {value}")).collect()
    };
    assert_eq!(
        written("set_alarm/volthigh"),
        [0, 1, 2, 3].map(|n| {
            let value = [1.0, 2.0, 3.0, 4.5][n];
            format!("set_alarm/volthigh.{n} Float({value:?})")
        })
    );
    assert_eq!(written("PIO").len(), 4);
}

#[test]
fn the_send_timeout_runs_while_the_bus_is_busy() {
    let mut tree = Tree::new(slow());
    let mut client = Client::sending(Request::dir("/").unwrap(), 0);
    let mut context = Context::from_waker(Waker::noop());
    assert!(tree.serve(&mut client.connection, &mut client.job, Instant::ZERO, &mut context).is_ready());
    let (at, timeout) = client.connection.poll_timeout().unwrap();
    assert_eq!((at, timeout), (Instant::from_millis(60_000), Timeout::Send));
}
