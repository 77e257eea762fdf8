//! Two machines with a network stack each, and a cable between them.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use embassy_net::{Config, Ipv4Cidr, Runner, Stack, StackResources, StaticConfigV4};
use embassy_net_driver_channel::driver::{HardwareAddress, LinkState};
use embassy_net_driver_channel::{self as channel, Device, RxRunner, State, TxRunner};

const MTU: usize = 1514;

pub(crate) const SERVER_IP: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
pub(crate) const SERVER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(SERVER_IP), 4304);

/// One machine: its stack, what runs it, and its end of the cable.
type Machine =
    (Stack<'static>, Runner<'static, Device<'static, MTU>>, RxRunner<'static, MTU>, TxRunner<'static, MTU>);

fn machine(number: u8) -> Machine {
    let state = Box::leak(Box::new(State::<MTU, 8, 8>::new()));
    let (runner, device) = channel::new(state, HardwareAddress::Ethernet([0x02, 0, 0, 0, 0, number]));
    let (link, receiving, sending) = runner.split();
    link.set_link_state(LinkState::Up);
    let address = Ipv4Cidr::new(Ipv4Addr::new(10, 0, 0, number), 24);
    let config = StaticConfigV4 { address, gateway: None, dns_servers: Default::default() };
    let resources = Box::leak(Box::new(StackResources::<8>::new()));
    let (stack, runner) = embassy_net::new(device, Config::ipv4_static(config), resources, number.into());
    (stack, runner, receiving, sending)
}

/// Carries packets, and loses one of `lost`, if that is not 0.
async fn cable(mut from: TxRunner<'static, MTU>, mut to: RxRunner<'static, MTU>, lost: u32) {
    // xorshift
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

/// Runs a program on both machines: the near one for clients, the far one for servers.
pub(crate) fn run(lost: u32, program: impl AsyncFnOnce(Stack<'static>, Stack<'static>)) {
    let (near, mut near_runner, near_in, near_out) = machine(1);
    let (far, mut far_runner, far_in, far_out) = machine(2);
    let network = async {
        tokio::join!(
            near_runner.run(),
            far_runner.run(),
            cable(near_out, far_in, lost),
            cable(far_out, near_in, lost)
        );
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        tokio::select! {
            () = network => {}
            done = tokio::time::timeout(Duration::from_secs(60), program(near, far)) => done.expect("in time"),
        }
    });
}
