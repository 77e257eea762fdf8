//! Two machines with network interfaces of their own, a cable between them, and time that jumps to where something
//! happens.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{self, Device, DeviceCapabilities, Medium};
use smoltcp::socket::tcp::{self, SocketBuffer};
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{EthernetAddress, IpCidr, IpEndpoint, Ipv4Address};

/// What the cable does to packets.
#[derive(Clone, Debug)]
pub(crate) struct Conditions {
    pub(crate) latency: Duration,
    /// Of a thousand packets.
    pub(crate) lost: u32,
    pub(crate) is_unplugged: bool,
    random: u32,
}

type Queue = Rc<RefCell<VecDeque<(Instant, Vec<u8>)>>>;

/// One end of the cable.
pub(crate) struct End {
    incoming: Queue,
    outgoing: Queue,
    conditions: Rc<RefCell<Conditions>>,
}

impl End {
    fn next_arrival(&self) -> Option<Instant> {
        self.incoming.borrow().front().map(|(at, _)| *at)
    }

    fn sender(&self, now: Instant) -> Sender {
        Sender { outgoing: self.outgoing.clone(), conditions: self.conditions.clone(), now }
    }
}

impl Device for End {
    type RxToken<'a> = Packet;
    type TxToken<'a> = Sender;

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = 1514;
        capabilities
    }

    fn receive(&mut self, now: Instant) -> Option<(Packet, Sender)> {
        if self.next_arrival()? > now {
            return None;
        }
        let (_, packet) = self.incoming.borrow_mut().pop_front()?;
        Some((Packet(packet), self.sender(now)))
    }

    fn transmit(&mut self, now: Instant) -> Option<Sender> {
        Some(self.sender(now))
    }
}

pub(crate) struct Packet(Vec<u8>);

impl phy::RxToken for Packet {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

pub(crate) struct Sender {
    outgoing: Queue,
    conditions: Rc<RefCell<Conditions>>,
    now: Instant,
}

impl phy::TxToken for Sender {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let mut packet = vec![0; len];
        let result = f(&mut packet);
        let mut conditions = self.conditions.borrow_mut();
        // xorshift: the same losses in every run.
        conditions.random ^= conditions.random << 13;
        conditions.random ^= conditions.random >> 17;
        conditions.random ^= conditions.random << 5;
        if !conditions.is_unplugged && conditions.random % 1000 >= conditions.lost {
            self.outgoing.borrow_mut().push_back((self.now + conditions.latency, packet));
        }
        result
    }
}

/// A machine.
pub(crate) struct Host {
    pub(crate) interface: Interface,
    device: End,
    pub(crate) sockets: SocketSet<'static>,
}

impl Host {
    fn new(mut device: End, number: u8) -> Self {
        let hardware = EthernetAddress([0x02, 0, 0, 0, 0, number]);
        let mut config = Config::new(hardware.into());
        config.random_seed = number.into();
        let mut interface = Interface::new(config, &mut device, Instant::ZERO);
        let address = Ipv4Address::new(10, 0, 0, number);
        interface.update_ip_addrs(|addresses| addresses.push(IpCidr::new(address.into(), 24)).unwrap());
        Self { interface, device, sockets: SocketSet::new(Vec::new()) }
    }

    /// A TCP socket with buffers of so many bytes each.
    pub(crate) fn socket(&mut self, buffer: usize) -> SocketHandle {
        let memory = || SocketBuffer::new(vec![0xa5; buffer]);
        self.sockets.add(tcp::Socket::new(memory(), memory()))
    }

    pub(crate) fn tcp(&mut self, handle: SocketHandle) -> &mut tcp::Socket<'static> {
        self.sockets.get_mut(handle)
    }
}

/// The address of the server's machine and the port of owservers.
pub(crate) fn server_endpoint() -> IpEndpoint {
    (Ipv4Address::new(10, 0, 0, 2), 4304).into()
}

/// What runs on a machine: called whenever something may have happened, says when it wants to be called again.
pub(crate) type Program<'p> = &'p mut (dyn FnMut(&mut Host, Instant) -> Option<Instant> + 'p);

/// Both machines.
pub(crate) struct World {
    pub(crate) now: Instant,
    /// Here the client runs.
    pub(crate) near: Host,
    /// Here the server runs.
    pub(crate) far: Host,
    pub(crate) conditions: Rc<RefCell<Conditions>>,
    /// How often programs were called.
    pub(crate) turns: u32,
}

impl World {
    pub(crate) fn new() -> Self {
        let conditions = Conditions {
            latency: Duration::from_micros(100),
            lost: 0,
            is_unplugged: false,
            random: 0x9e37_79b9,
        };
        let conditions = Rc::new(RefCell::new(conditions));
        let (here, there) = (Queue::default(), Queue::default());
        let end = |incoming: &Queue, outgoing: &Queue| End {
            incoming: incoming.clone(),
            outgoing: outgoing.clone(),
            conditions: conditions.clone(),
        };
        Self {
            now: Instant::from_secs(1),
            near: Host::new(end(&here, &there), 1),
            far: Host::new(end(&there, &here), 2),
            conditions,
            turns: 0,
        }
    }

    /// With so many of a thousand packets lost.
    pub(crate) fn with_loss(self, lost: u32) -> Self {
        self.conditions.borrow_mut().lost = lost;
        self
    }

    pub(crate) fn unplug(&self, is_unplugged: bool) {
        self.conditions.borrow_mut().is_unplugged = is_unplugged;
    }

    /// Lets both machines run until `is_done` or for that many milliseconds. Time stands still while something can be
    /// done, and then jumps to the next moment at which something happens.
    ///
    /// Whether it is done.
    pub(crate) fn run<'p>(
        &mut self,
        millis: u64,
        near: Program<'p>,
        far: Program<'p>,
        mut is_done: impl FnMut() -> bool,
    ) -> bool {
        let end = self.now + Duration::from_millis(millis);
        let mut spins = 0;
        loop {
            let mut next = None;
            for (host, program) in [(&mut self.near, &mut *near), (&mut self.far, &mut *far)] {
                host.interface.poll(self.now, &mut host.device, &mut host.sockets);
                let wanted = program(host, self.now);
                let times = [wanted, host.interface.poll_at(self.now, &host.sockets)];
                next = times.into_iter().flatten().chain(next).min();
            }
            self.turns += 1;
            if is_done() {
                return true;
            }
            let arrivals = [self.near.device.next_arrival(), self.far.device.next_arrival()];
            let next = arrivals.into_iter().flatten().chain(next).min().unwrap_or(end);
            if next <= self.now {
                spins += 1;
                assert!(spins < 10_000, "a busy loop at {}", self.now);
            } else if next >= end {
                self.now = end;
                return false;
            } else {
                spins = 0;
                self.now = next;
            }
        }
    }
}

/// A program that does nothing.
pub(crate) fn nothing(_: &mut Host, _: Instant) -> Option<Instant> {
    None
}
