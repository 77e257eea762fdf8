//! Lists the devices of an owserver with their temperatures, over a blocking transport:
//!
//!     cargo run -p owproto-embedded --example list -- localhost:4304
//!
//! On a board, replace transport and clock; the rest is the same.

use std::error::Error;
use std::net::TcpStream;

use embedded_io_adapters::std::FromStd;
use owproto_core::client::Connection;
use owproto_core::text::{Value, ValueType};
use owproto_core::time::Instant;
use owproto_embedded::blocking::Client;

fn main() -> Result<(), Box<dyn Error>> {
    let server = std::env::args().nth(1).unwrap_or_else(|| "localhost:4304".into());
    let socket = TcpStream::connect(server)?;
    socket.set_nodelay(true)?;

    let start = std::time::Instant::now();
    let clock = move || Instant::ZERO + start.elapsed().into();
    // Four requests in flight; 256 bytes for requests, 64 bytes for a value or an entry.
    let connection: Connection<_, _, 4> = Connection::new([0; 256], [0; 64]);
    let mut client = Client::new(FromStd::new(socket), clock, connection, [0; 256]);

    // A listing may be longer than this; further entries are ignored.
    let mut devices = [const { String::new() }; 32];
    let mut count = 0;
    client.dir("/", |entry| {
        if let Some(device) = devices.get_mut(count) {
            *device = String::from_utf8_lossy(entry).into_owned();
            count += 1;
        }
    })?;

    let paths = devices[..count].iter().map(|device| format!("{device}/temperature"));
    client.read_many(paths, |index, value| match value {
        Ok(bytes) => match Value::parse(ValueType::Temperature, bytes) {
            Ok(value) => println!("{} {value}", devices[index]),
            Err(error) => println!("{}: {error}", devices[index]),
        },
        Err(error) => println!("{}: {error}", devices[index]),
    })?;
    Ok(())
}
