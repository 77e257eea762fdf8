//! Lists the devices of an owserver with their families, over an asynchronous transport with exact deadlines:
//!
//!     cargo run -p owproto-embedded --example list_async -- localhost:4304
//!
//! On a board, replace transport, clock and delay, with those of embassy for example; the rest is the same.

use std::error::Error;
use std::time::Duration;

use embedded_hal_async::delay::DelayNs;
use embedded_io_adapters::tokio_1::FromTokio;
use owproto_core::client::{Connection, Timeouts};
use owproto_core::time::{self, Instant};
use owproto_embedded::asynchronous::{Client, Timed};
use tokio::net::TcpStream;

/// A board implements this with a timer.
struct Delay;

impl DelayNs for Delay {
    async fn delay_ns(&mut self, ns: u32) {
        tokio::time::sleep(Duration::from_nanos(ns.into())).await;
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = std::env::args().nth(1).unwrap_or_else(|| "localhost:4304".into());
    let socket = TcpStream::connect(server).await?;
    socket.set_nodelay(true)?;

    let start = std::time::Instant::now();
    let clock = move || Instant::ZERO + start.elapsed().into();
    // At most three seconds of silence, and ten seconds in total.
    let timeouts = Timeouts::NONE
        .with_inactivity(time::Duration::from_secs(3))
        .with_total(time::Duration::from_secs(10));
    let connection: Connection<_, _> = Connection::new([0; 128], [0; 64]).with_timeouts(timeouts);
    let transport = Timed::new(FromTokio::new(socket), Delay);
    let mut client = Client::new(transport, clock, connection, [0; 256]);

    let mut devices = Vec::new();
    client.dir("/", |entry| devices.push(entry.to_vec())).await?;
    let mut buffer = [0; 32];
    for device in devices {
        let family = client.read(&[&device[..], b"/type"].concat(), &mut buffer).await?;
        println!("{} {}", String::from_utf8_lossy(&device), String::from_utf8_lossy(family));
    }
    Ok(())
}
