//! Reads all thermometers of an owserver in one round trip, over a blocking transport:
//!
//!     cargo run -p owproto-embedded --example sensors -- localhost:4304
//!
//! On a board, the paths are constants; replace transport and clock; the rest is the same.

use std::error::Error;
use std::net::TcpStream;

use embedded_io_adapters::std::FromStd;
use owproto_core::client::Connection;
use owproto_core::time::Instant;
use owproto_embedded::blocking::Client;
use owproto_embedded::{Plausibility, Sensor};

fn main() -> Result<(), Box<dyn Error>> {
    let server = std::env::args().nth(1).unwrap_or_else(|| "localhost:4304".into());
    let socket = TcpStream::connect(server)?;
    socket.set_nodelay(true)?;

    let start = std::time::Instant::now();
    let clock = move || Instant::ZERO + start.elapsed().into();
    // Sixteen requests in flight, and room for them; 32 bytes for a value or an entry.
    let connection: Connection<_, _, 16> = Connection::new([0; 16 * 60], [0; 32]);
    let mut client = Client::new(FromStd::new(socket), clock, connection, [0; 256]);

    let mut paths = Vec::new();
    client.dir("/", |entry| paths.push(format!("{}/temperature", String::from_utf8_lossy(entry))))?;
    let sensors: Vec<Sensor<'_>> = paths.iter().map(|path| Sensor::temperature(path)).collect();

    client.read_sensors(&sensors, |index, reading| match reading {
        Ok(reading) if reading.plausibility == Plausibility::Measured => {
            println!("{} {}", paths[index], reading.value);
        }
        Ok(reading) => println!("{} {} (not measured?)", paths[index], reading.value),
        Err(error) => println!("{}: {error}", paths[index]),
    })?;
    Ok(())
}
