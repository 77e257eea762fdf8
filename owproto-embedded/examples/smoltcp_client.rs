//! Reads all temperatures of an owserver every ten seconds, with smoltcp on a TAP device (Linux):
//!
//!     sudo ip tuntap add name tap0 mode tap user $USER
//!     sudo ip addr add 192.168.69.1/24 dev tap0
//!     sudo ip link set tap0 up
//!     cargo run -p owproto-embedded --example smoltcp_client --features smoltcp -- tap0 192.168.69.2/24 192.168.69.1:4304
//!
//! The owserver listens on the host, `owserver -p 192.168.69.1:4304` for example. On a board, replace the network device,
//! the clock, and how it sleeps; the rest is the same.

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    linux::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("this example needs a TAP device, which only Linux has");
}

#[cfg(target_os = "linux")]
mod linux {
    use std::error::Error;
    use std::os::fd::AsRawFd;

    use owproto_core::client::{Connection, RequestId};
    use owproto_core::text::ValueType;
    use owproto_core::wire::Flags;
    use owproto_embedded::smoltcp::{Client, Event};
    use owproto_embedded::{ReadError, Sensor};
    use smoltcp::iface::{Config, Interface, SocketSet};
    use smoltcp::phy::{self, Medium, TunTapInterface};
    use smoltcp::socket::tcp::{self, SocketBuffer};
    use smoltcp::time::{Duration, Instant};
    use smoltcp::wire::{EthernetAddress, IpCidr, IpEndpoint};

    /// The time between two rounds.
    const PAUSE: Duration = Duration::from_secs(10);

    /// What the program does.
    enum Task {
        Wait {
            until: Instant,
        },
        List(RequestId),
        /// Reads the temperatures: how many were requested, and how many have arrived.
        Read {
            requested: usize,
            answered: usize,
        },
    }

    pub(super) fn main() -> Result<(), Box<dyn Error>> {
        let [tap, address, server] =
            std::env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| USAGE)?;
        let address: IpCidr = address.parse().map_err(|()| USAGE)?;
        let server: IpEndpoint = server.parse().map_err(|()| USAGE)?;

        let mut device =
            TunTapInterface::new(&tap, Medium::Ethernet).map_err(|error| format!("{tap}: {error}"))?;
        let mut config = Config::new(EthernetAddress([0x02, 0, 0, 0, 0, 2]).into());
        config.random_seed = std::process::id().into();
        let mut interface = Interface::new(config, &mut device, Instant::now());
        interface.update_ip_addrs(|addresses| addresses.extend([address]));
        let (mut receive, mut transmit) = ([0; 512], [0; 256]);
        let mut storage = [const { smoltcp::iface::SocketStorage::EMPTY }; 1];
        let mut sockets = SocketSet::new(&mut storage[..]);
        let handle = sockets
            .add(tcp::Socket::new(SocketBuffer::new(&mut receive[..]), SocketBuffer::new(&mut transmit[..])));

        // Four requests in flight; 256 bytes for requests, 64 bytes for a value or an entry.
        let connection: Connection<_, _, 4> = Connection::new([0; 256], [0; 64]);
        // Another local port than before a restart.
        let mut client = Client::new(handle, connection, server).with_first_port(std::process::id() as u16);
        let mut devices: Vec<String> = Vec::new();
        let mut task = Task::Wait { until: Instant::ZERO };
        loop {
            let now = Instant::now();
            interface.poll(now, &mut device, &mut sockets);
            while let Some(event) = client.poll(now, &mut interface, &mut sockets) {
                match event {
                    Event::Progress => {}
                    Event::Connected => println!("connected"),
                    Event::Disconnected(reason) => println!("{reason}"),
                    Event::Entries(_, entries) => {
                        let entries = entries.map(String::from_utf8_lossy);
                        devices.extend(entries.filter(|entry| entry.get(3..4) == Some(".")).map(Into::into));
                    }
                    Event::Reply(id, reply) => match &mut task {
                        Task::List(listing) if *listing == id => match reply.into_result() {
                            Ok(_) => task = Task::Read { requested: 0, answered: 0 },
                            Err(error) => {
                                println!("cannot list the bus: {error}");
                                task = Task::Wait { until: now + PAUSE };
                            }
                        },
                        Task::Read { answered, .. } => {
                            let device = &devices[*answered];
                            let value = reply.into_result().map(|reply| reply.data());
                            let path = format!("{device}/temperature");
                            let sensor = Sensor::new(&path, ValueType::Temperature);
                            match sensor.reading(value.map_err(ReadError::Server), Flags::NONE) {
                                Ok(reading) => println!("{device} {} °C", reading.value),
                                Err(error) => println!("{device}: {error}"),
                            }
                            *answered += 1;
                        }
                        _ => {}
                    },
                    // Start again.
                    Event::Lost(_) => task = Task::Wait { until: now },
                }
            }
            match &mut task {
                Task::Wait { until } if now >= *until && client.in_flight() == 0 && client.room() > 0 => {
                    devices.clear();
                    task = Task::List(client.dir("/", now)?);
                }
                Task::Read { requested, answered } => {
                    while *requested < devices.len() && client.room() > 0 {
                        client.read(&format!("{}/temperature", devices[*requested]), now)?;
                        *requested += 1;
                    }
                    if *answered == devices.len() {
                        task = Task::Wait { until: now + PAUSE };
                    }
                }
                Task::Wait { .. } | Task::List(_) => {}
            }
            // Sleeps until there is something to do, or a packet arrives.
            let next_round = match task {
                Task::Wait { until } if client.in_flight() == 0 && client.room() > 0 => Some(until),
                _ => None,
            };
            let times = [interface.poll_at(now, &sockets), client.poll_at(), next_round];
            let until = times.into_iter().flatten().min();
            let longest = until.map(|at| if at > now { at - now } else { Duration::ZERO });
            phy::wait(device.as_raw_fd(), longest)?;
        }
    }

    const USAGE: &str = "usage: smoltcp_client TAP ADDRESS/PREFIX SERVER:PORT";
}
