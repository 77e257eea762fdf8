use smoltcp::iface::{Config, Interface, PollIngressSingleResult, PollResult, SocketSet};
#[cfg(feature = "host")]
use smoltcp::phy::FaultInjector;
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, IpCidr, Ipv4Address, Ipv4Cidr};

use crate::{Clock, Lan9118};

/// The most frames that one poll handles, so that TCP and the program continue during a flood.
const FRAMES_PER_POLL: usize = 8;

#[cfg(feature = "host")]
type NetworkDevice = FaultInjector<Lan9118>;
#[cfg(not(feature = "host"))]
type NetworkDevice = Lan9118;

/// The addresses of the board.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Address {
    /// Its own address, with the length of the network prefix.
    pub own: Ipv4Cidr,
    /// The gateway to other networks.
    pub gateway: Ipv4Address,
}

impl Address {
    /// The addresses of the first guest in QEMU's user network (`-nic user`).
    pub const QEMU: Self = Self {
        own: Ipv4Cidr::new(Ipv4Address::new(10, 0, 2, 15), 24),
        gateway: Ipv4Address::new(10, 0, 2, 2),
    };
}

/// smoltcp's interface on this board.
pub struct Network {
    /// The interface, for drivers that need it.
    pub interface: Interface,
    device: NetworkDevice,
    clock: Clock,
}

impl Network {
    /// Starts the interface. `seed` should differ from one start to the next, because TCP derives its sequence numbers
    /// from it.
    #[must_use]
    pub fn new(ethernet: Lan9118, mut clock: Clock, address: Address, seed: u64) -> Self {
        let mut config = Config::new(EthernetAddress(ethernet.mac_address()).into());
        config.random_seed = seed;
        #[cfg(feature = "host")]
        let mut device = FaultInjector::new(ethernet, seed as u32 | 1);
        #[cfg(not(feature = "host"))]
        let mut device = ethernet;
        let mut interface = Interface::new(config, &mut device, now(&mut clock));
        // This cannot fail: smoltcp has room for two of each.
        interface.update_ip_addrs(|addresses| {
            let _ = addresses.push(IpCidr::Ipv4(address.own));
        });
        let _ = interface.routes_mut().add_default_ipv4_route(address.gateway);
        Self { interface, device, clock }
    }

    /// Drops this percentage of the frames in each direction; values above 100 count as 100.
    #[cfg(feature = "host")]
    pub fn set_loss(&mut self, percent: u8) {
        self.device.set_drop_chance(percent.min(100));
    }

    /// The current time.
    pub fn now(&mut self) -> Instant {
        now(&mut self.clock)
    }

    /// Microseconds since the start that the processor was asleep.
    #[cfg(feature = "host")]
    #[must_use]
    pub fn micros_asleep(&self) -> u64 {
        self.clock.micros_asleep()
    }

    /// Receives and sends frames, and returns the time at which it did.
    pub fn poll(&mut self, sockets: &mut SocketSet<'_>) -> Instant {
        let Self { interface, device, clock } = self;
        let now = now(clock);
        interface.poll_maintenance(now);
        for _ in 0..FRAMES_PER_POLL {
            if interface.poll_ingress_single(now, device, sockets) == PollIngressSingleResult::None {
                break;
            }
        }
        while interface.poll_egress(now, device, sockets) != PollResult::None {}
        now
    }

    /// Sleeps until `until`, or until the network has something to do. Returns immediately if it has already.
    pub fn sleep_until(&mut self, until: Option<Instant>, sockets: &SocketSet<'_>) {
        let now = self.now();
        let first = match (self.interface.poll_at(now, sockets), until) {
            (Some(network), Some(until)) => Some(network.min(until)),
            (network, until) => network.or(until),
        };
        // Times before the start are in the past.
        self.clock.sleep_until(first.map(|first| first.total_micros().max(0).cast_unsigned()));
    }
}

fn now(clock: &mut Clock) -> Instant {
    Instant::from_micros(clock.micros().cast_signed())
}
