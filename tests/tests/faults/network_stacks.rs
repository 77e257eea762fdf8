//! The clients of `owproto-embedded` for embassy-net and smoltcp, on machines in memory with a relay to a real socket.

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
use crate::embedded::{BACKOFF, STORAGE, call_embedded, call_result, clock, memory, total_timeout};

const PORT: u16 = 4304;

/// The number of the machine with the relay.
const FAR: u8 = 2;

/// The most threads with such machines: embassy's timers have room for 128 wakers, and a thread uses up to three.
pub(crate) const THREADS: usize = 40;

thread_local! {
    /// The waker of the client, on embassy-net or smoltcp.
    static CLIENT: Arc<OwnWaker> = Arc::default();
}

/// The network of this thread, without the client's machine.
struct Network {
    runtime: Runtime,
    server: Rc<Cell<SocketAddr>>,
    /// The machines, the cable and the relay.
    network: Pin<Box<dyn Future<Output = ()>>>,
}

impl Network {
    /// With the future that must be polled for the client's machine, and its end of the cable.
    fn new(near: impl Future + 'static, near_plug: owproto_tests::machines::Plug) -> Self {
        let server = Rc::new(Cell::new(SocketAddr::from(([127, 0, 0, 1], 0))));
        let to = server.clone();
        let (far, mut far_runner, far_plug) = machine(FAR);
        let network = async move {
            let machines = async { tokio::join!(near, far_runner.run(), cable(near_plug, far_plug, 0)) };
            let relay = || poll_when_woken(Arc::default(), relay(far, PORT, &to));
            // Several relays, since a connection that the client has dropped may last for a while.
            tokio::join!(poll_when_woken(Arc::default(), machines), relay(), relay(), relay(), relay());
        };
        Self { runtime: runtime(), server, network: Box::pin(network) }
    }

    /// Runs the client and the network.
    fn run<T>(&mut self, client: impl Future<Output = T>) -> T {
        let Self { runtime, network, .. } = self;
        let client = poll_when_woken(CLIENT.with(Arc::clone), client);
        runtime.block_on(async {
            tokio::select! {
                biased;
                done = client => done,
                () = network => unreachable!("the network runs without end"),
            }
        })
    }
}

// embassy-net.

thread_local! {
    static EMBASSY_NET: RefCell<(Network, &'static Dialer<'static>)> = RefCell::new({
        let (stack, runner, plug) = machine(1);
        let runner = Box::leak(Box::new(runner));
        let buffer = || vec![0xa5; 512].leak();
        let dialer = Box::leak(Box::new(Dialer::new(TcpSocket::new(stack, buffer(), buffer()))));
        (Network::new(runner.run(), plug), dialer)
    });
}

/// A client on embassy-net. Each thread has one at a time.
pub(crate) struct OnEmbassyNet(EmbassyNetClient<'static, 'static, [u8; 512], [u8; STORAGE], [u8; 512], 4>);

impl OnEmbassyNet {
    pub(crate) fn new(server: SocketAddr) -> Self {
        EMBASSY_NET.with_borrow(|(network, dialer)| {
            network.server.set(server);
            let far = SocketAddr::from((address(FAR), PORT));
            Self(client(dialer, far, memory(), [0xa5; 512]).with_backoff(BACKOFF))
        })
    }
}

impl TestClient for OnEmbassyNet {
    fn call(&mut self, call: &Call, limit: Duration) -> CallResult {
        let Self(client) = self;
        EMBASSY_NET.with_borrow_mut(|(network, _)| {
            network.run(async { call_embedded!(call, client, limit, awaited) })
        })
    }
}

// smoltcp.

thread_local! {
    static SMOLTCP: RefCell<(Network, Machine)> = RefCell::new({
        let (device, plug) = device(1);
        (Network::new(std::future::ready(()), plug), Machine::new(device))
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
    /// Clients on it so far. Each uses other ports.
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

    /// Receives and sends packets.
    fn poll(&mut self, context: &mut Context<'_>) {
        self.interface.poll(now(), &mut Plugged(&mut self.device, context), &mut self.sockets);
    }
}

/// A client on smoltcp. Each thread has one at a time.
pub(crate) struct OnSmoltcp(SmoltcpClient<[u8; 512], [u8; STORAGE], 4>);

impl OnSmoltcp {
    pub(crate) fn new(server: SocketAddr) -> Self {
        SMOLTCP.with_borrow_mut(|(network, machine)| {
            network.server.set(server);
            // Resets the connection of the previous client.
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
        self.0.set_timeouts(total_timeout(limit));
        let mut progress = CallInProgress::new(call);
        let Self(client) = self;
        SMOLTCP.with_borrow_mut(|(network, machine)| {
            network.run(async {
                loop {
                    let result =
                        poll_fn(|context| Poll::Ready(progress.advance(client, machine, context))).await;
                    if let Some(result) = result {
                        return result;
                    }
                    let times = [machine.interface.poll_at(now(), &machine.sockets), client.poll_at()];
                    let (at, now) = (times.into_iter().flatten().min(), now());
                    let wait =
                        at.map_or(
                            Duration::MAX,
                            |at| if at > now { (at - now).into() } else { Duration::ZERO },
                        );
                    // Or until a packet arrives: the device wakes the task.
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

/// A call in progress.
struct CallInProgress<'c> {
    call: &'c Call,
    /// Requests that wait for their reply, in order.
    in_flight: Vec<RequestId>,
    values: Vec<CallResult>,
    listed: Vec<Vec<u8>>,
}

impl<'c> CallInProgress<'c> {
    fn new(call: &'c Call) -> Self {
        Self { call, in_flight: Vec::new(), values: Vec::new(), listed: Vec::new() }
    }

    fn requests(&self) -> usize {
        if let Call::ReadMany(paths) = self.call { paths.len() } else { 1 }
    }

    /// Advances the call. Returns its result as soon as it is known.
    fn advance(
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
                        assert_eq!(id, self.in_flight.remove(0));
                        let value = self.value(reply);
                        self.values.push(value);
                    }
                    Event::Lost(lost) => {
                        assert_eq!(lost.id, self.in_flight.remove(0));
                        is_lost = true;
                    }
                    Event::Disconnected(reason) if is_lost => {
                        failure = Some(CallResult::Fails(error_class(reason)))
                    }
                    Event::Disconnected(_) | Event::Connected | Event::Progress => {}
                }
            }
            // Sends what the events caused.
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
            while self.values.len() + self.in_flight.len() < self.requests() && client.room() > 0 {
                let id = self.request_next(client);
                self.in_flight.push(id);
                is_new = true;
            }
            if !is_new {
                return None;
            }
        }
    }

    /// Makes the next request.
    fn request_next(&self, client: &mut SmoltcpClient<[u8; 512], [u8; STORAGE], 4>) -> RequestId {
        let now = now();
        let id = match self.call {
            Call::Read(path) => client.read(path, now),
            Call::Write(path, data) => client.write(path, data, now),
            Call::Dir => client.request(&Request::dir("/").unwrap().with_flags(Flags::PERSISTENCE), now),
            Call::Dirall => client.dir("/", now),
            Call::Present(path) => client.present(path, now),
            Call::ReadMany(paths) => client.read(paths[self.values.len() + self.in_flight.len()], now),
        };
        id.unwrap()
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

fn error_class(reason: DisconnectReason) -> ErrorClass {
    match reason {
        DisconnectReason::Reset => ErrorClass::Transport,
        DisconnectReason::Failed(error) => lost(error),
        _ => ErrorClass::Other,
    }
}

/// A device with the interface of smoltcp, and the task to wake when a packet arrives.
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
