//! An owserver with two thermometers, for three clients at the same time, with smoltcp on a TAP device (Linux):
//!
//!     sudo ip tuntap add name tap0 mode tap user $USER
//!     sudo ip addr add 192.168.69.1/24 dev tap0
//!     sudo ip link set tap0 up
//!     cargo run -p owproto-embedded --example smoltcp_server --features smoltcp -- tap0 192.168.69.2/24
//!     cargo ow --server 192.168.69.2 tree --values
//!
//! On a board, replace the network device, the clock, how it sleeps, and the sensors; the rest is the same.

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
    use std::task::{Context, Poll};

    use owproto_core::ReturnCode;
    use owproto_core::server::{Connection, Timeouts};
    use owproto_core::text::{RomId, Value};
    use owproto_core::time;
    use owproto_core::tree::{Access, Bus, Operation, Tree};
    use owproto_embedded::smoltcp::Server;
    use smoltcp::iface::{Config, Interface, SocketSet};
    use smoltcp::phy::{self, Medium, TunTapInterface};
    use smoltcp::socket::tcp::{self, SocketBuffer};
    use smoltcp::time::{Duration, Instant};
    use smoltcp::wire::{EthernetAddress, IpCidr};

    /// The time of a conversion.
    const CONVERSION: time::Duration = time::Duration::from_millis(750);

    /// Thermometers that convert one request at a time.
    struct Cellar {
        thermometers: [RomId; 2],
        /// The operation that the conversion is for, and when it will be finished.
        converting: Option<(Operation, time::Instant)>,
    }

    impl Bus for Cellar {
        fn device(
            &mut self,
            _: u16,
            n: usize,
            _: &mut Context<'_>,
        ) -> Poll<Result<Option<RomId>, ReturnCode>> {
            Poll::Ready(Ok(self.thermometers.get(n).copied()))
        }

        fn read<'a>(
            &'a mut self,
            access: &Access<'_>,
            _: &'a mut [u8],
            _: &mut Context<'_>,
        ) -> Poll<Result<Value<'a>, ReturnCode>> {
            if access.property.name != "temperature" {
                return Poll::Ready(Err(ReturnCode::IO));
            }
            let finished = access.now.saturating_add(CONVERSION);
            match *self.converting.get_or_insert((access.operation, finished)) {
                (operation, at) if operation == access.operation && access.now >= at => {
                    self.converting = None;
                    Poll::Ready(Ok(Value::Float(12.5)))
                }
                // Other operations wait for their turn.
                _ => Poll::Pending,
            }
        }

        fn cancel(&mut self, operation: Operation) {
            self.converting = self.converting.filter(|(of, _)| *of != operation);
        }
    }

    pub(super) fn main() -> Result<(), Box<dyn Error>> {
        let [tap, address] = std::env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| USAGE)?;
        let address: IpCidr = address.parse().map_err(|()| USAGE)?;

        let mut device =
            TunTapInterface::new(&tap, Medium::Ethernet).map_err(|error| format!("{tap}: {error}"))?;
        let mut config = Config::new(EthernetAddress([0x02, 0, 0, 0, 0, 2]).into());
        config.random_seed = std::process::id().into();
        let mut interface = Interface::new(config, &mut device, Instant::now());
        interface.update_ip_addrs(|addresses| addresses.extend([address]));
        let mut storage = [const { smoltcp::iface::SocketStorage::EMPTY }; 3];
        let mut sockets = SocketSet::new(&mut storage[..]);
        let mut buffers = [[[0; 512]; 2]; 3];

        // Keepalives after half a second reach clients during each conversion of 750 ms. A client that was idle for ten
        // seconds is disconnected if another one needs its socket. 256 bytes for answers, which may be longer; 300 bytes
        // for a request.
        let timeouts = Timeouts::DEFAULT
            .with_keepalive(time::Duration::from_millis(500))
            .with_idle_low(time::Duration::from_secs(10));
        let mut server = Server::new(buffers.each_mut().map(|[receive, transmit]| {
            let (receive, transmit) =
                (SocketBuffer::new(&mut receive[..]), SocketBuffer::new(&mut transmit[..]));
            let connection = Connection::new([0; 256], [0; 300]).with_timeouts(timeouts);
            (sockets.add(tcp::Socket::new(receive, transmit)), connection)
        }));
        let thermometers = ["28.000028D70100", "10.67C6697351FF"];
        let [first, second] = thermometers.map(str::parse::<RomId>);
        let mut tree = Tree::new(Cellar { thermometers: [first?, second?], converting: None });
        println!("listening on {address}, port 4304");
        loop {
            let now = Instant::now();
            interface.poll(now, &mut device, &mut sockets);
            server.poll(now, &mut sockets, &mut tree);
            // Sleeps until there is something to do, or a packet arrives. If a client waits for a conversion that has not
            // started, that is now.
            let bus = tree.bus().converting.map_or(time::Instant::ZERO, |(_, finished)| finished);
            let times = [interface.poll_at(now, &sockets), server.poll_at(Some(bus))];
            let until = times.into_iter().flatten().min();
            let longest = until.map(|at| if at > now { at - now } else { Duration::ZERO });
            phy::wait(device.as_raw_fd(), longest)?;
        }
    }

    const USAGE: &str = "usage: smoltcp_server TAP ADDRESS/PREFIX";
}
