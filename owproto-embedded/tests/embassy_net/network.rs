//! Two machines with one network stack each, and a cable between them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use embassy_net::Stack;
use owproto_tests::machines::{address, cable, machine};

pub(crate) const SERVER_IP: Ipv4Addr = address(2);
pub(crate) const SERVER: SocketAddr = SocketAddr::new(IpAddr::V4(SERVER_IP), 4304);

/// Runs a program on both machines: the near one is for clients, the far one for servers. Unless `lost` is 0, one of every
/// `lost` packets is lost.
pub(crate) fn run(lost: u32, program: impl AsyncFnOnce(Stack<'static>, Stack<'static>)) {
    let (near, mut near_runner, near_plug) = machine(1);
    let (far, mut far_runner, far_plug) = machine(2);
    let network = async {
        tokio::join!(near_runner.run(), far_runner.run(), cable(near_plug, far_plug, lost));
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        tokio::select! {
            () = network => {}
            done = tokio::time::timeout(Duration::from_secs(60), program(near, far)) => done.expect("in time"),
        }
    });
}
