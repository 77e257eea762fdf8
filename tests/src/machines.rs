//! Machines in memory with a network interface each, and a cable between two of them.

use std::net::Ipv4Addr;

use embassy_net::{Config, Ipv4Cidr, Runner, Stack, StackResources, StaticConfigV4};
use embassy_net_driver_channel::driver::{HardwareAddress, LinkState};
use embassy_net_driver_channel::{self as channel, RxRunner, State, TxRunner};

/// The longest packet.
pub const MTU: usize = 1514;

/// The network device of a machine.
pub type Device = channel::Device<'static, MTU>;

/// The end of a cable in the device of a machine.
#[expect(missing_debug_implementations, reason = "the channel's halves have none")]
pub struct Plug {
    incoming: RxRunner<'static, MTU>,
    outgoing: TxRunner<'static, MTU>,
}

/// The Ethernet address of a machine.
#[must_use]
pub const fn hardware_address(number: u8) -> [u8; 6] {
    [0x02, 0, 0, 0, 0, number]
}

/// The address of a machine: 10.0.0.`number`, in a network of 256.
#[must_use]
pub const fn address(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, number)
}

/// The network device of a machine. Its memory is leaked.
#[must_use]
pub fn device(number: u8) -> (Device, Plug) {
    let state = Box::leak(Box::new(State::<MTU, 8, 8>::new()));
    let (runner, device) = channel::new(state, HardwareAddress::Ethernet(hardware_address(number)));
    let (link, incoming, outgoing) = runner.split();
    link.set_link_state(LinkState::Up);
    (device, Plug { incoming, outgoing })
}

/// A machine on which embassy-net runs: its stack, and the runner that must be polled for it.
#[must_use]
pub fn machine(number: u8) -> (Stack<'static>, Runner<'static, Device>, Plug) {
    let (device, plug) = device(number);
    let network = Ipv4Cidr::new(address(number), 24);
    let config = StaticConfigV4 { address: network, gateway: None, dns_servers: Default::default() };
    let resources = Box::leak(Box::new(StackResources::<8>::new()));
    let (stack, runner) = embassy_net::new(device, Config::ipv4_static(config), resources, number.into());
    (stack, runner, plug)
}

/// Carries packets both ways without end. Loses one packet of `lost`, if that is not 0.
pub async fn cable(one: Plug, other: Plug, lost: u32) {
    tokio::join!(carry(one.outgoing, other.incoming, lost), carry(other.outgoing, one.incoming, lost));
}

async fn carry(mut from: TxRunner<'static, MTU>, mut to: RxRunner<'static, MTU>, lost: u32) {
    // xorshift: the same losses in every run.
    let mut random = 0x9e37_79b9_u32;
    loop {
        let packet = from.tx_buf().await.to_vec();
        from.tx_done();
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        if lost == 0 || !random.is_multiple_of(lost) {
            to.rx_buf().await[..packet.len()].copy_from_slice(&packet);
            to.rx_done(packet.len());
        }
    }
}
