//! An owserver with simulated devices, and a client of it, in one program. One thermometer is slow, and another fails.
//!
//! ```sh
//! cargo run -p owproto-std --features sim,server --example simulated
//! ```

use std::time::Duration;

use owproto_std::owproto_core::ReturnCode;
use owproto_std::{Client, sim};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = sim::Server::start("28=kitchen,10=garden,28=cellar,1D=rain".parse()?)?;
    println!("listening on {}", server.local_addr());
    if let Some(garden) = server.simulator().device("garden") {
        // Longer than a second, so the server sends a keepalive before the answer.
        garden.set_latency(Duration::from_millis(1500));
    }
    if let Some(cellar) = server.simulator().device("cellar") {
        cellar.set_errors(sim::Occurrence::Always, ReturnCode::IO);
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
