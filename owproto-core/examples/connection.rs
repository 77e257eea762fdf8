//! Lists the root of an owserver: the loop of a driver for the client connection, over the standard library's sockets.
//!
//! Run it with `cargo run -p owproto-core --example connection [HOST:PORT]` while an owserver listens there.

#![allow(clippy::indexing_slicing)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use owproto_core::Request;
use owproto_core::client::{Connection, Event, Step};
use owproto_core::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = std::env::args().nth(1).unwrap_or_else(|| "localhost:4304".into());
    let mut socket = TcpStream::connect(server)?;
    let start = std::time::Instant::now();
    let now = || Instant::ZERO.saturating_add(start.elapsed().into());

    // 128 bytes for requests, 64 for an entry of the listing. The listing may have any length.
    let mut connection: Connection<_, _> = Connection::new([0; 128], [0; 64]);
    connection.request(&Request::dir("/")?, now())?;
    let mut buffer = [0; 256];
    loop {
        let wait = connection.poll_timeout().map(|(at, _)| Duration::from(at.saturating_since(now())));
        match connection.step() {
            Step::Write => {
                let n = socket.write(connection.poll_transmit())?;
                connection.handle_transmitted(n, now());
            }
            Step::Read => {
                socket.set_read_timeout(wait.map(|wait| wait.max(Duration::from_millis(1))))?;
                match socket.read(&mut buffer) {
                    Ok(0) => connection.handle_eof()?,
                    Ok(n) => {
                        let mut input = &buffer[..n];
                        loop {
                            match connection.handle_input(&mut input, now())? {
                                Event::NeedMore(_) => break,
                                Event::Keepalive => println!("(the server is still working)"),
                                Event::Entries(_, entries) => {
                                    for entry in entries {
                                        println!("{}", String::from_utf8_lossy(entry));
                                    }
                                }
                                Event::Reply(_, reply) => {
                                    reply.into_result()?;
                                }
                            }
                        }
                    }
                    // A timeout. The connection knows which one.
                    Err(_) => connection.handle_timeout(now())?,
                }
            }
            Step::Idle | Step::Close => return Ok(()),
        }
    }
}
