use smoltcp::iface::{Config, Interface, PollIngressSingleResult, PollResult, SocketSet};
#[cfg(feature = "host")]
use smoltcp::phy::FaultInjector;
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, IpCidr, Ipv4Address, Ipv4Cidr};

use crate::{Clock, Lan9118};

/// Frames that are taken in one turn. While more come than can be looked at, TCP and the program go on all the same.
const FRAMES_IN_A_TURN: usize = 8;

#[cfg(feature = "host")]
type Link = FaultInjector<Lan9118>;
#[cfg(not(feature = "host"))]
type Link = Lan9118;

/// Who the board is in its network.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Address {
    /// Its own address, and how many bits of it are the network's.
    pub own: Ipv4Cidr,
    /// Who knows the way to other networks.
    pub gateway: Ipv4Address,
}

impl Address {
    /// What QEMU's network (`-nic user`) expects of its first guest.
    pub const QEMU: Self = Self {
        own: Ipv4Cidr::new(Ipv4Address::new(10, 0, 2, 15), 24),
        gateway: Ipv4Address::new(10, 0, 2, 2),
    };
}

/// smoltcp's interface on this board.
pub struct Network {
    /// The interface, for drivers that ask for it.
    pub interface: Interface,
    link: Link,
    clock: Clock,
}

impl Network {
    /// Starts it. `seed` should differ from one start to the next: TCP's sequence numbers begin there.
    #[must_use]
    pub fn new(ethernet: Lan9118, mut clock: Clock, address: Address, seed: u64) -> Self {
        let mut config = Config::new(EthernetAddress(ethernet.mac_address()).into());
        config.random_seed = seed;
        #[cfg(feature = "host")]
        let mut link = FaultInjector::new(ethernet, seed as u32 | 1);
        #[cfg(not(feature = "host"))]
        let mut link = ethernet;
        let mut interface = Interface::new(config, &mut link, now(&mut clock));
        // There is room for two of each.
        interface.update_ip_addrs(|addresses| {
            let _ = addresses.push(IpCidr::Ipv4(address.own));
        });
        let _ = interface.routes_mut().add_default_ipv4_route(address.gateway);
        Self { interface, link, clock }
    }

    /// Loses this many of a hundred frames, in each direction. What is above 100 counts as 100.
    #[cfg(feature = "host")]
    pub fn set_loss(&mut self, percent: u8) {
        self.link.set_drop_chance(percent.min(100));
    }

    /// The time of now.
    pub fn now(&mut self) -> Instant {
        now(&mut self.clock)
    }

    /// How many microseconds the processor slept since the start.
    #[cfg(feature = "host")]
    #[must_use]
    pub fn micros_asleep(&self) -> u64 {
        self.clock.micros_asleep()
    }

    /// Takes frames and sends frames, and gives the time at which it did.
    pub fn poll(&mut self, sockets: &mut SocketSet<'_>) -> Instant {
        let Self { interface, link, clock } = self;
        let now = now(clock);
        interface.poll_maintenance(now);
        for _ in 0..FRAMES_IN_A_TURN {
            if interface.poll_ingress_single(now, link, sockets) == PollIngressSingleResult::None {
                break;
            }
        }
        while interface.poll_egress(now, link, sockets) != PollResult::None {}
        now
    }

    /// Sleeps until `moment`, or until there is something to do for the network. Does not sleep if there is already.
    pub fn sleep_until(&mut self, moment: Option<Instant>, sockets: &SocketSet<'_>) {
        let now = self.now();
        let first = match (self.interface.poll_at(now, sockets), moment) {
            (Some(network), Some(moment)) => Some(network.min(moment)),
            (network, moment) => network.or(moment),
        };
        // What is before the start is over.
        self.clock.sleep_until(first.map(|first| first.total_micros().max(0).cast_unsigned()));
    }
}

fn now(clock: &mut Clock) -> Instant {
    Instant::from_micros(clock.micros().cast_signed())
}
