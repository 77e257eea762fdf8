//! Reads a temperature every second, and connects again whenever the connection breaks:
//!
//!     cargo run -p owproto-embedded --features embedded-nal-async --example reconnecting -- \
//!         127.0.0.1:4304 /28.000028D70100/temperature
//!
//! On a board, replace the network, with `embassy_net::tcp::client::TcpClient` for example; the rest is the same. Delay
//! and clock are those of embassy here, too.

use std::error::Error;
use std::net::SocketAddr;

use embassy_time::{Delay, Timer};
use embedded_io_adapters::tokio_1::FromTokio;
use embedded_nal_async::TcpConnect;
use owproto_core::client::Connection;
use owproto_core::time::Instant;
use owproto_embedded::asynchronous::ReconnectingClient;
use owproto_embedded::{Plausibility, Sensor};
use tokio::net::TcpStream;

/// The network of this machine.
struct Network;

impl TcpConnect for Network {
    type Error = std::io::Error;
    type Connection<'a> = FromTokio<TcpStream>;

    async fn connect(&self, remote: SocketAddr) -> Result<FromTokio<TcpStream>, std::io::Error> {
        let socket = TcpStream::connect(remote).await?;
        socket.set_nodelay(true)?;
        Ok(FromTokio::new(socket))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let server = arguments.next().unwrap_or_else(|| "127.0.0.1:4304".into()).parse()?;
    let path = arguments.next().unwrap_or_else(|| "/28.000028D70100/temperature".into());

    let clock = || Instant::from_micros(embassy_time::Instant::now().as_micros());
    let connection: Connection<_, _> = Connection::new([0; 128], [0; 32]);
    let mut client = ReconnectingClient::new(&Network, server, Delay, clock, connection, [0; 64]);
    let sensors = [Sensor::temperature(&path)];
    loop {
        let read = client.read_sensors(&sensors, |_, reading| match reading {
            Ok(reading) if reading.plausibility == Plausibility::Measured => println!("{}", reading.value),
            Ok(reading) => println!("{} (not measured?)", reading.value),
            Err(error) => println!("{error}"),
        });
        if let Err(error) = read.await {
            println!("{error}");
        }
        Timer::after_secs(1).await;
    }
}
