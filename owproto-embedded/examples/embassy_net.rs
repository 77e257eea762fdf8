//! An owserver with three sockets and a client that reads its thermometers, each on an embassy-net stack, with an in-memory
//! cable between them:
//!
//!     cargo run -p owproto-embedded --example embassy_net --features embassy-net
//!
//! A board is one of the two machines. Its network device is the driver of a chip, and statics hold what is leaked here;
//! the tasks are the same.

use std::cell::RefCell;
use std::net::Ipv4Addr;

use embassy_executor::Spawner;
use embassy_net::tcp::TcpSocket;
use embassy_net::{Config, Ipv4Cidr, Stack, StackResources, StaticConfigV4};
use embassy_net_driver_channel::driver::{HardwareAddress, LinkState};
use embassy_net_driver_channel::{self as channel, Device, RxRunner, State, TxRunner};
use embassy_time::Timer;
use owproto_core::client;
use owproto_core::server::Connection;
use owproto_core::tree::Tree;
use owproto_core::tree::tester::Tester;
use owproto_embedded::embassy_net::{Dialer, PersistentSlots, client, serve};
use owproto_embedded::{Plausibility, Sensor};

const MTU: usize = 1514;
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

const SENSORS: [Sensor<'_>; 3] = [
    Sensor::temperature("/10.000010EF0000/temperature"),
    Sensor::temperature("/28.000028D70100/temperature"),
    Sensor::temperature("/28.0000000000FF/temperature"), // does not exist
];

/// Thermometers with made-up values.
type Sensors = Tree<Tester<'static>>;

#[embassy_executor::task(pool_size = 2)]
async fn run_network(mut runner: embassy_net::Runner<'static, Device<'static, MTU>>) {
    runner.run().await;
}

#[embassy_executor::task(pool_size = 2)]
async fn run_cable(mut from: TxRunner<'static, MTU>, mut to: RxRunner<'static, MTU>) {
    loop {
        let packet = from.tx_buf().await.to_vec();
        from.tx_done();
        to.rx_buf().await[..packet.len()].copy_from_slice(&packet);
        to.rx_done(packet.len());
    }
}

/// Serves one client after the other. Three of these tasks serve three clients at the same time.
#[embassy_executor::task(pool_size = 3)]
async fn serve_clients(
    stack: Stack<'static>,
    sensors: &'static RefCell<Sensors>,
    slots: &'static PersistentSlots,
) {
    let (mut receive, mut transmit) = ([0; 512], [0; 512]);
    let mut socket = TcpSocket::new(stack, &mut receive, &mut transmit);
    // 256 bytes for answers, which may be longer; 128 bytes for a request.
    let connection = Connection::new([0; 256], [0; 128]);
    let Err(error) = serve(&mut socket, 4304, connection, [0; 128], sensors, slots).await;
    eprintln!("{error}");
}

/// Reads the sensors every second.
async fn watch(stack: Stack<'static>) {
    let (mut receive, mut transmit) = ([0; 512], [0; 256]);
    let dialer = Dialer::new(TcpSocket::new(stack, &mut receive, &mut transmit));
    // Three requests in flight.
    let connection: client::Connection<_, _, 3> = client::Connection::new([0; 256], [0; 32]);
    let mut client = client(&dialer, (SERVER, 4304).into(), connection, [0; 128]);
    for _ in 0..3 {
        let readings = client.read_sensors(&SENSORS, |index, reading| {
            let path = String::from_utf8_lossy(SENSORS[index].path);
            match reading {
                Ok(reading) if reading.plausibility == Plausibility::Measured => {
                    println!("{path} {} °C", reading.value);
                }
                Ok(_) => println!("{path}: not measured yet"),
                Err(error) => println!("{path}: {error}"),
            }
        });
        if let Err(error) = readings.await {
            println!("{error}");
        }
        Timer::after_secs(1).await;
    }
}

/// Starts a machine with a network stack. Returns the stack and the machine's end of the cable.
fn machine(spawner: Spawner, number: u8) -> (Stack<'static>, RxRunner<'static, MTU>, TxRunner<'static, MTU>) {
    let state = Box::leak(Box::new(State::<MTU, 4, 4>::new()));
    let (runner, device) = channel::new(state, HardwareAddress::Ethernet([0x02, 0, 0, 0, 0, number]));
    let (link, receiving, sending) = runner.split();
    link.set_link_state(LinkState::Up);
    let address = Ipv4Cidr::new(Ipv4Addr::new(10, 0, 0, number), 24);
    let config = StaticConfigV4 { address, gateway: None, dns_servers: Default::default() };
    let resources = Box::leak(Box::new(StackResources::<4>::new()));
    let (stack, runner) = embassy_net::new(device, Config::ipv4_static(config), resources, number.into());
    spawner.spawn(run_network(runner).expect("a task for each machine"));
    (stack, receiving, sending)
}

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    let (near, near_in, near_out) = machine(spawner, 1);
    let (far, far_in, far_out) = machine(spawner, 2);
    spawner.spawn(run_cable(near_out, far_in).expect("a task for each direction"));
    spawner.spawn(run_cable(far_out, near_in).expect("a task for each direction"));

    let sensors = Box::leak(Box::new(RefCell::new(Tree::new(Tester::new(&[0x10, 0x28])))));
    let slots = Box::leak(Box::new(PersistentSlots::new(2)));
    for _ in 0..3 {
        spawner.spawn(serve_clients(far, sensors, slots).expect("a task for each socket"));
    }
    watch(near).await;
    std::process::exit(0);
}
