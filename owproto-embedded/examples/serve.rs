//! An owserver with two thermometers and a switch, for one client after the other, over a blocking transport:
//!
//!     cargo run -p owproto-embedded --example serve -- localhost:4304
//!
//! On a board, replace sockets, clock and sensors; the rest is the same.

use std::error::Error;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::task::{Context, Poll};
use std::thread::sleep;
use std::time::Duration;

use embedded_io::{ErrorType, Read, ReadReady, Write};
use owproto_core::ReturnCode;
use owproto_core::server::{Connection, Timeouts};
use owproto_core::text::{RomId, Value};
use owproto_core::time::{self, Instant};
use owproto_core::tree::{Access, Bus, Tree};
use owproto_embedded::blocking::{Polled, Server};

/// The sensors, with fixed values. A real bus returns `Pending` until a conversion has finished.
struct Cellar {
    devices: [RomId; 3],
    is_switched_on: bool,
}

impl Bus for Cellar {
    fn device(&mut self, _: u16, n: usize, _: &mut Context<'_>) -> Poll<Result<Option<RomId>, ReturnCode>> {
        Poll::Ready(Ok(self.devices.get(n).copied()))
    }

    fn read<'a>(
        &'a mut self,
        access: &Access<'_>,
        _: &'a mut [u8],
        _: &mut Context<'_>,
    ) -> Poll<Result<Value<'a>, ReturnCode>> {
        Poll::Ready(match access.property.name {
            "temperature" if access.device == self.devices[0] => Ok(Value::Float(12.5)),
            "temperature" => Ok(Value::Float(21.0625)),
            "PIO" => Ok(Value::YesNo(self.is_switched_on)),
            _ => Err(ReturnCode::IO),
        })
    }

    fn write(
        &mut self,
        access: &Access<'_>,
        value: Value<'_>,
        _: &mut Context<'_>,
    ) -> Poll<Result<(), ReturnCode>> {
        Poll::Ready(match (access.property.name, value.as_bool()) {
            ("PIO", Some(is_on)) => {
                self.is_switched_on = is_on;
                Ok(())
            }
            _ => Err(ReturnCode::OPERATION_NOT_SUPPORTED),
        })
    }
}

/// A socket that knows whether bytes are available, so that timeouts are kept.
struct Socket(TcpStream);

impl ErrorType for Socket {
    type Error = std::io::Error;
}

impl ReadReady for Socket {
    fn read_ready(&mut self) -> std::io::Result<bool> {
        self.0.set_nonblocking(true)?;
        let peeked = self.0.peek(&mut [0]);
        self.0.set_nonblocking(false)?;
        match peeked {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            // At the end of the stream a read returns, too.
            peeked => peeked.map(|_| true),
        }
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "localhost:4304".into());
    let listener = TcpListener::bind(address)?;
    println!("listening on {}", listener.local_addr()?);

    let devices = ["28.000028D70100", "28.4AEC29CDBAAB", "05.67C6697351FF"].map(str::parse);
    let [first, second, third] = devices;
    let mut tree = Tree::new(Cellar { devices: [first?, second?, third?], is_switched_on: false });

    let start = std::time::Instant::now();
    let clock = move || Instant::ZERO + start.elapsed().into();
    // After five seconds without a request the next client is served.
    let timeouts = Timeouts::DEFAULT.with_idle_high(time::Duration::from_secs(5));
    // 256 bytes for answers, which may be longer; 128 bytes for a request.
    let connection = Connection::new([0; 256], [0; 128]).with_timeouts(timeouts);
    let mut server = Server::new(clock, connection, [0; 128]);
    for client in listener.incoming() {
        let client = client?;
        client.set_nodelay(true)?;
        let peer = client.peer_addr()?;
        let mut transport = Polled::new(Socket(client), || sleep(Duration::from_millis(1)));
        match server.serve(&mut transport, &mut tree) {
            Ok(end) => println!("{peer}: {end}"),
            Err(error) => println!("{peer}: {error}"),
        }
    }
    Ok(())
}
