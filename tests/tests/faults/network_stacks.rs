//! The clients of `owproto-embedded` on machines that are made of memory, with a relay to a real socket.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use embassy_net::tcp::TcpSocket;
use embassy_net_driver_channel::driver::{Driver, RxToken, TxToken};
use owproto_core::Request;
use owproto_core::client::{Connection, RequestId};
use owproto_core::wire::Flags;
use owproto_embedded::embassy_net::{Client as EmbassyNetClient, Dialer, client};
use owproto_embedded::smoltcp::{Client as SmoltcpClient, DisconnectReason, Event, to_smoltcp};
use owproto_embedded::{Error, ReadError};
use owproto_tests::machines::{Device, MTU, address, cable, device, hardware_address, machine};
use owproto_tests::relay::relay;
use owproto_tests::wakers::{OwnWaker, poll_when_woken};
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{self, DeviceCapabilities, Medium};
use smoltcp::socket::tcp::{self, SocketBuffer};
use smoltcp::time::Instant;
use smoltcp::wire::IpCidr;
use tokio::runtime::Runtime;

use crate::clients::{Call, CallResult, ErrorClass, TestClient, awaited, lost, runtime};
use crate::embedded::{BACKOFF, STORAGE, call_small, clock, given, memory, within};

const PORT: u16 = 4304;

/// Where the relay runs.
const FAR: u8 = 2;

/// Threads that may have such machines: embassy's timers have place for 128 wakers, and a thread may have three.
pub(crate) const THREADS: usize = 40;

thread_local! {
    /// Of the client, on whichever machine it is.
    static CLIENT: Arc<OwnWaker> = Arc::default();
}

/// What lives in the memory of this thread, besides the client's own machine.
struct World {
    runtime: Runtime,
    server: Rc<Cell<SocketAddr>>,
    /// All that runs beside the client.
    network: Pin<Box<dyn Future<Output = ()>>>,
}

impl World {
    /// With the client's machine: what has to be polled for it, and its end of the cable.
    fn new(near: impl Future + 'static, near_plug: owproto_tests::machines::Plug) -> Self {
        let server = Rc::new(Cell::new(SocketAddr::from(([127, 0, 0, 1], 0))));
        let to = server.clone();
        let (far, mut far_runner, far_plug) = machine(FAR);
        let network = async move {
            let machines = async { tokio::join!(near, far_runner.run(), cable(near_plug, far_plug, 0)) };
            let relay = || poll_when_woken(Arc::default(), relay(far, PORT, &to));
            // A connection that the client has given up may last for a while.
            tokio::join!(poll_when_woken(Arc::default(), machines), relay(), relay(), relay(), relay());
        };
        Self { runtime: runtime(), server, network: Box::pin(network) }
    }

    /// Runs the client with all the others.
    fn run<T>(&mut self, client: impl Future<Output = T>) -> T {
        let Self { runtime, network, .. } = self;
        let client = poll_when_woken(CLIENT.with(Arc::clone), client);
        runtime.block_on(async {
            tokio::select! {
                biased;
                done = client => done,
                () = network => unreachable!("it runs for ever"),
            }
        })
    }
}

// On embassy-net.

thread_local! {
    static EMBASSY_NET: RefCell<(World, &'static Dialer<'static>)> = RefCell::new({
        let (stack, runner, plug) = machine(1);
        let runner = Box::leak(Box::new(runner));
        let buffer = || vec![0xa5; 512].leak();
        let dialer = Box::leak(Box::new(Dialer::new(TcpSocket::new(stack, buffer(), buffer()))));
        (World::new(runner.run(), plug), dialer)
    });
}

/// There is one at a time in each thread.
pub(crate) struct OnEmbassyNet(EmbassyNetClient<'static, 'static, [u8; 512], [u8; STORAGE], [u8; 512], 4>);

impl OnEmbassyNet {
    pub(crate) fn new(server: SocketAddr) -> Self {
        EMBASSY_NET.with_borrow(|(world, dialer)| {
            world.server.set(server);
            let far = SocketAddr::from((address(FAR), PORT));
            Self(client(dialer, far, memory(), [0xa5; 512]).with_backoff(BACKOFF))
        })
    }
}

impl TestClient for OnEmbassyNet {
    fn call(&mut self, call: &Call, limit: Duration) -> CallResult {
        let Self(client) = self;
        EMBASSY_NET
            .with_borrow_mut(|(world, _)| world.run(async { call_small!(call, client, limit, awaited) }))
    }
}

// On smoltcp.

thread_local! {
    static SMOLTCP: RefCell<(World, Machine)> = RefCell::new({
        let (device, plug) = device(1);
        (World::new(std::future::ready(()), plug), Machine::new(device))
    });
}

fn now() -> Instant {
    to_smoltcp(clock())
}

/// The machine on which smoltcp runs.
struct Machine {
    device: Device,
    interface: Interface,
    sockets: SocketSet<'static>,
    handle: SocketHandle,
    /// Clients on it so far. Each takes ports of its own.
    clients: u16,
}

impl Machine {
    fn new(mut device: Device) -> Self {
        let config = Config::new(smoltcp::wire::EthernetAddress(hardware_address(1)).into());
        let mut context = Context::from_waker(Waker::noop());
        let mut interface = Interface::new(config, &mut Plugged(&mut device, &mut context), now());
        interface.update_ip_addrs(|addresses| addresses.push(IpCidr::new(address(1).into(), 24)).unwrap());
        let mut sockets = SocketSet::new(Vec::new());
        let buffer = || SocketBuffer::new(vec![0xa5; 512]);
        let handle = sockets.add(tcp::Socket::new(buffer(), buffer()));
        Self { device, interface, sockets, handle, clients: 0 }
    }

    /// Lets packets in and out.
    fn poll(&mut self, context: &mut Context<'_>) {
        self.interface.poll(now(), &mut Plugged(&mut self.device, context), &mut self.sockets);
    }
}

/// There is one at a time in each thread.
pub(crate) struct OnSmoltcp(SmoltcpClient<[u8; 512], [u8; STORAGE], 4>);

impl OnSmoltcp {
    pub(crate) fn new(server: SocketAddr) -> Self {
        SMOLTCP.with_borrow_mut(|(world, machine)| {
            world.server.set(server);
            // The other side of the last one's connection is told.
            machine.sockets.get_mut::<tcp::Socket<'_>>(machine.handle).abort();
            machine.poll(&mut Context::from_waker(Waker::noop()));
            machine.clients = machine.clients.wrapping_add(1);
            let connection: Connection<_, _, 4> = memory();
            let client = SmoltcpClient::new(machine.handle, connection, (address(FAR), PORT));
            Self(client.with_backoff(BACKOFF).with_first_port(machine.clients.wrapping_mul(16)))
        })
    }
}

impl TestClient for OnSmoltcp {
    fn call(&mut self, call: &Call, limit: Duration) -> CallResult {
        self.0.set_timeouts(within(limit));
        let mut asking = Asking::new(call);
        let Self(client) = self;
        SMOLTCP.with_borrow_mut(|(world, machine)| {
            world.run(async {
                loop {
                    let given = poll_fn(|context| Poll::Ready(asking.go_on(client, machine, context))).await;
                    if let Some(given) = given {
                        return given;
                    }
                    let times = [machine.interface.poll_at(now(), &machine.sockets), client.poll_at()];
                    let (at, now) = (times.into_iter().flatten().min(), now());
                    let wait =
                        at.map_or(
                            Duration::MAX,
                            |at| if at > now { (at - now).into() } else { Duration::ZERO },
                        );
                    // Or until a packet comes, for which the device has the waker.
                    let _ = tokio::time::timeout(wait, once_woken()).await;
                }
            })
        })
    }
}

/// Ends when the task is polled again.
async fn once_woken() {
    let mut is_woken = false;
    poll_fn(|_| if std::mem::replace(&mut is_woken, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

/// A call that is under way.
struct Asking<'c> {
    call: &'c Call,
    /// Requests that wait for their answer, in order.
    asked: Vec<RequestId>,
    values: Vec<CallResult>,
    listed: Vec<Vec<u8>>,
}

impl<'c> Asking<'c> {
    fn new(call: &'c Call) -> Self {
        Self { call, asked: Vec::new(), values: Vec::new(), listed: Vec::new() }
    }

    fn requests(&self) -> usize {
        if let Call::ReadMany(paths) = self.call { paths.len() } else { 1 }
    }

    /// What the call gives, as soon as that is known.
    fn go_on(
        &mut self,
        client: &mut SmoltcpClient<[u8; 512], [u8; STORAGE], 4>,
        machine: &mut Machine,
        context: &mut Context<'_>,
    ) -> Option<CallResult> {
        loop {
            machine.poll(context);
            let mut is_lost = false;
            let mut failure = None;
            while let Some(event) = client.poll(now(), &mut machine.interface, &mut machine.sockets) {
                match event {
                    Event::Entries(_, entries) => self.listed.extend(entries.map(<[u8]>::to_vec)),
                    Event::Reply(id, reply) => {
                        assert_eq!(id, self.asked.remove(0));
                        let value = self.value(reply);
                        self.values.push(value);
                    }
                    Event::Lost(lost) => {
                        assert_eq!(lost.id, self.asked.remove(0));
                        is_lost = true;
                    }
                    Event::Disconnected(why) if is_lost => failure = Some(CallResult::Fails(because(why))),
                    Event::Disconnected(_) | Event::Connected | Event::Progress => {}
                }
            }
            // What is behind it is said now.
            machine.poll(context);
            let is_done = self.values.len() == self.requests();
            if is_done || failure.is_some() {
                self.values.extend(failure);
                return Some(match self.call {
                    Call::ReadMany(_) => CallResult::Many(std::mem::take(&mut self.values)),
                    _ => self.values.remove(0),
                });
            }
            let mut is_new = false;
            while self.values.len() + self.asked.len() < self.requests() && client.room() > 0 {
                let id = self.ask(client);
                self.asked.push(id);
                is_new = true;
            }
            if !is_new {
                return None;
            }
        }
    }

    /// Makes the next request.
    fn ask(&self, client: &mut SmoltcpClient<[u8; 512], [u8; STORAGE], 4>) -> RequestId {
        let now = now();
        let asked = match self.call {
            Call::Read(path) => client.read(path, now),
            Call::Write(path, data) => client.write(path, data, now),
            Call::Dir => client.request(&Request::dir("/").unwrap().with_flags(Flags::PERSISTENCE), now),
            Call::Dirall => client.dir("/", now),
            Call::Present(path) => client.present(path, now),
            Call::ReadMany(paths) => client.read(paths[self.values.len() + self.asked.len()], now),
        };
        asked.unwrap()
    }

    fn value(&mut self, reply: owproto_core::Reply<'_>) -> CallResult {
        match (self.call, reply.into_result()) {
            (Call::Present(_), Err(error)) if error.code().is_no_such_path() => CallResult::Present(false),
            (_, Err(_)) => CallResult::Fails(ErrorClass::Server),
            (Call::Read(_) | Call::ReadMany(_), Ok(reply)) => CallResult::Value(reply.data().to_vec()),
            (Call::Write(..), Ok(reply)) => {
                CallResult::Took(usize::try_from(reply.size()).unwrap_or_default())
            }
            (Call::Dir | Call::Dirall, Ok(_)) => CallResult::Entries(std::mem::take(&mut self.listed)),
            (Call::Present(_), Ok(_)) => CallResult::Present(true),
        }
    }
}

fn because(why: DisconnectReason) -> ErrorClass {
    match why {
        DisconnectReason::Reset => ErrorClass::Transport,
        DisconnectReason::Failed(error) => lost(error),
        _ => ErrorClass::Other,
    }
}

/// A device as smoltcp wants it, and who is told when there is something new.
struct Plugged<'d, 'c, 'w>(&'d mut Device, &'c mut Context<'w>);

impl phy::Device for Plugged<'_, '_, '_> {
    type RxToken<'t>
        = Received<<Device as Driver>::RxToken<'t>>
    where
        Self: 't;
    type TxToken<'t>
        = Sent<<Device as Driver>::TxToken<'t>>
    where
        Self: 't;

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = MTU;
        capabilities
    }

    fn receive(&mut self, _: Instant) -> Option<(Self::RxToken<'_>, Self::TxToken<'_>)> {
        let (received, sent) = self.0.receive(self.1)?;
        Some((Received(received), Sent(sent)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Self::TxToken<'_>> {
        self.0.transmit(self.1).map(Sent)
    }
}

struct Received<T>(T);

impl<T: RxToken> phy::RxToken for Received<T> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        self.0.consume(|bytes| f(bytes))
    }
}

struct Sent<T>(T);

impl<T: TxToken> phy::TxToken for Sent<T> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        self.0.consume(len, f)
    }
}
