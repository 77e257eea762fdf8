//! An owserver for a device with a family of its own, a sensor of carbon dioxide, over the standard library's sockets.
//!
//! `cargo run -p owproto-core --example own_family [HOST:PORT]`, and then for example
//! `cargo ow read /C0.010000000000/ppm`.

#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use owproto_core::ReturnCode;
use owproto_core::server::{Connection, Step};
use owproto_core::text::ValueType::{Text, Unsigned};
use owproto_core::text::{RomId, Value};
use owproto_core::time::Instant;
use owproto_core::tree::families::FAMILY_28;
use owproto_core::tree::{Access, Bus, Family, Job, Property, Tree};
use owproto_core::wire::DirectoryFlags;

/// The table of the sensor. If it is not sorted by name, it does not compile.
static CO2_SENSOR: Family =
    Family::new(0xC0, "CO2 sensor").with_flags(DirectoryFlags::ALARM).with_properties(&[
        Property::read_only("firmware", Text).with_len(8).fixed(),
        Property::read_only("ppm", Unsigned),
        Property::read_write("set_alarm/ppm_high", Unsigned).stable(),
    ]);

/// The families of this server. Devices of other families have an address only.
static FAMILIES: &[&Family] = &[&FAMILY_28, &CO2_SENSOR];

const SENSOR: RomId = RomId::new(0xC0, [1, 0, 0, 0, 0, 0]);

/// A bus with one sensor, whose air gets worse until somebody opens the window.
struct Office {
    start: std::time::Instant,
    ppm_high: u32,
}

impl Office {
    fn ppm(&self) -> u32 {
        let minutes = self.start.elapsed().as_secs() / 60;
        420 + u32::try_from(minutes % 60).unwrap_or_default() * 20
    }
}

impl Bus for Office {
    fn device(&mut self, _: u16, n: usize, _: &mut Context<'_>) -> Poll<Result<Option<RomId>, ReturnCode>> {
        Poll::Ready(Ok([SENSOR].get(n).copied()))
    }

    fn is_in_alarm(&mut self, _: RomId, _: &mut Context<'_>) -> Poll<Result<bool, ReturnCode>> {
        Poll::Ready(Ok(self.ppm() > self.ppm_high))
    }

    fn read<'a>(
        &'a mut self,
        access: &Access<'_>,
        _: &'a mut [u8],
        _: &mut Context<'_>,
    ) -> Poll<Result<Value<'a>, ReturnCode>> {
        Poll::Ready(match access.property.name {
            "firmware" => Ok(Value::Text(b"1.0")),
            "ppm" => Ok(Value::Unsigned(self.ppm())),
            "set_alarm/ppm_high" => Ok(Value::Unsigned(self.ppm_high)),
            _ => Err(ReturnCode::IO),
        })
    }

    /// Only called for a property that is writable, with a value of its type.
    fn write(
        &mut self,
        access: &Access<'_>,
        value: Value<'_>,
        _: &mut Context<'_>,
    ) -> Poll<Result<(), ReturnCode>> {
        Poll::Ready(match (access.property.name, value) {
            ("set_alarm/ppm_high", Value::Unsigned(ppm)) => {
                self.ppm_high = ppm;
                Ok(())
            }
            _ => Err(ReturnCode::OPERATION_NOT_SUPPORTED),
        })
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "localhost:4304".into());
    let listener = TcpListener::bind(address)?;
    println!("listening on {}", listener.local_addr()?);
    let office = Office { start: std::time::Instant::now(), ppm_high: 1000 };
    let mut tree = Tree::with_families(office, FAMILIES);
    for socket in listener.incoming() {
        if let Err(error) = serve(&mut tree, socket?) {
            println!("a client was lost: {error}");
        }
    }
    Ok(())
}

/// Serves one client until its connection ends.
fn serve(tree: &mut Tree<Office>, mut socket: TcpStream) -> std::io::Result<()> {
    let start = std::time::Instant::now();
    let now = || Instant::ZERO.saturating_add(start.elapsed().into());
    let (mut connection, mut job) = (Connection::new([0; 512], [0; 512]), Job::new());
    let (mut received, mut buffer) = (Vec::new(), [0; 512]);
    loop {
        match connection.step() {
            Step::Read if !received.is_empty() => {
                let mut input = &received[..];
                let _ = connection.handle_input(&mut input, now());
                let used = received.len() - input.len();
                received.drain(..used);
            }
            Step::Read => {
                let wait =
                    connection.poll_timeout().map(|(at, _)| Duration::from(at.saturating_since(now())));
                socket.set_read_timeout(wait.map(|wait| wait.max(Duration::from_millis(1))))?;
                match socket.read(&mut buffer) {
                    Ok(0) => connection.handle_eof(),
                    Ok(n) => received.extend_from_slice(&buffer[..n]),
                    // A timeout; the connection knows which one.
                    Err(_) => drop(connection.handle_timeout(now())),
                }
            }
            // This bus is always ready. Others return `Pending`, and the driver calls again.
            Step::Answer => {
                let mut context = Context::from_waker(Waker::noop());
                let _ = tree.serve(&mut connection, &mut job, now(), &mut context);
            }
            Step::Write => {
                let n = socket.write(connection.poll_transmit())?;
                connection.handle_transmitted(n, now());
            }
            Step::Close => return Ok(()),
        }
    }
}
