//! A simulated owserver, and a client that asks it.
//!
//! `cargo run -p owproto-std --features sim,server --example simulated [SPEC]`; with `--serve` in front of SPEC it goes
//! on until it is interrupted.

use std::time::Duration;

use owproto_std::{Client, sim};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let serves = arguments.first().is_some_and(|first| first == "--serve");
    arguments.drain(..usize::from(serves));
    let spec: sim::Spec = arguments.first().map_or(Ok(sim::Spec::default()), |spec| spec.parse())?;

    let server = sim::Server::start(spec)?;
    println!("listening on {}", server.local_addr());
    if serves {
        server.wait();
        return Ok(());
    }
    // The first device takes a second and a half: its answer comes behind a keepalive.
    if let Some(device) = server.simulator().devices().first() {
        device.set_latency(Duration::from_millis(1500));
    }
    let client = Client::new(&server.local_addr().to_string())?;
    for device in client.dir("/")?.iter() {
        let name = String::from_utf8_lossy(device);
        match client.read_number(&[device, b"/temperature"].concat()) {
            Ok(number) => println!("{name} {number}"),
            Err(error) => println!("{name} has no temperature ({error})"),
        }
    }
    Ok(())
}
